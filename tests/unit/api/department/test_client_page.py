"""docs/client.md runs as it stands there, against a node."""

import re
from pathlib import Path
from typing import Final

import pytest
from fastapi.testclient import TestClient

from tests.fakes.department import ISSUER
from tests.unit.api.city import City
from tests.unit.api.department.changing import open_desk
from tests.unit.api.department.test_submitting import licence, registered

PAGE: Final = Path(__file__).parents[4] / "docs" / "client.md"


@pytest.fixture
def blocks() -> list[str]:
    """Return the Python of the page, in its order."""
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_runs(
    city: City,
    tianmen: TestClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    blocks: list[str],
) -> None:
    desk = open_desk(city, tianmen, tmp_path, monkeypatch)
    monkeypatch.setattr("api.department.client.NodeClient", desk.client)
    monkeypatch.setenv("SHUNZHENG_TOKEN", city.token("proofs", "claims"))
    names: dict[str, object] = {"IDENTIFIER": licence(1)["identifier"], "ISSUER": ISSUER}
    opening, handing_in, following, refusing = blocks
    for block in (opening, handing_in, handing_in):
        exec(block, names)
    assert registered(desk, licence(1))
    assert len([*tmp_path.glob("kept/*.submission")]) == 1
    city.anchor()
    exec(following.replace("seconds=60", "seconds=0"), names)
    assert [*tmp_path.glob("proofs/*.proof.json")]
    exec(refusing, names)
    captured = capsys.readouterr()
    assert "[(1, " in captured.out
    assert captured.err == "", "a library prints nothing by itself"
