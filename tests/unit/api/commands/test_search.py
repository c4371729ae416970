"""`search`, `figures` and `trace` by number, holder and document, as people type them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.cli import main
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import client_of

FIRST, SECOND = (identifier(f"TM2022A000000000000{number}") for number in (1, 2))
DOCUMENT = b"a document"
Run = Callable[..., int]


@pytest.fixture
def run(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    claims = {"ZZMC": "营业执照", "CZZT": "张三"}
    city.submit(
        city.licence("TM2022A0000000000001", claims | {"ZZBH": "JY1"}, DOCUMENT),
        city.licence("TM2022A0000000000002", claims | {"ZZBH": "JY2"}),
    )
    city.anchor()
    monkeypatch.setattr("api.client.client.NodeClient", client_of(tianmen))
    monkeypatch.setenv("SHUNZHENG_TOKEN", city.token("history", "search"))
    monkeypatch.chdir(tmp_path)
    Path("licence.bin").write_bytes(DOCUMENT)
    at_node = ("--node", "http://tianmen.example", "--lang", "en", "--reason", "case 17")
    return lambda *arguments: main([*arguments, *at_node])


@pytest.mark.parametrize("named", [("--number", "jy1"), ("licence.bin",)])
def test_one_certificate_is_traced(
    run: Run, named: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("trace", *named) == 0
    assert FIRST in capsys.readouterr().out


def test_several_are_told_apart(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("trace", "--holder", "张 三") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in sorted(lines)] == [FIRST, SECOND]
    assert [line.split()[-3] for line in lines] == ["J**", "J**"], "numbers of a person's certificates"


def test_what_nobody_states_is_not_found(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("trace", "--number", "JY3") == 12
    assert "Nothing was found" in capsys.readouterr().out


def test_a_search_at_a_node_becomes_a_table(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "--holder", "张三", "--json") == 0
    assert sorted(row["identifier"] for row in json.loads(capsys.readouterr().out)) == [FIRST, SECOND]
    assert run("search", "-o", "found.xlsx") == 0
    assert run("figures", "-o", "figures.csv") == 0
    assert Path("figures.csv").read_text("utf-8-sig").splitlines()[1].endswith(",issue,2")


def test_a_node_is_not_asked_without_a_reason(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--node", "http://tianmen.example"]) == 1
    assert main(["trace", "--holder", "张三", "--node", "http://tianmen.example"]) == 1
    assert capsys.readouterr().err.count("--reason") == 2
