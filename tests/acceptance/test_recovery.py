"""A city restores yesterday's backup and takes back the day since, on real nodes.

The commands are those of docs/operations.md.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import pytest

from anchoring.register.records import find_newest_leaf
from anchoring.register.store import Register
from api.node.settings import Settings
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from tests.acceptance.cities import Cities, eventually, write_rows

PAGE: Final = Path(__file__).parents[2] / "docs" / "operations.md"


def commands(name: str) -> str:
    block = re.search(rf"<!-- run: {name} -->\n *```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert block, name
    return block[1]


@pytest.mark.slow
def test_a_day_comes_back_by_the_book(cities: Cities, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NODE": str(cities.tianmen.directory),
        "BACKUP": str(tmp_path / "backup.db"),
        "OTHER": cities.wuhan.url,
        "FILES": str(files),
    }

    def run(name: str, expected: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-euc", commands(name)], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == expected, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def submit(name: str, *rows: Mapping[str, Json]) -> Any:
        answer = cities.submit(write_rows(files / f"{name}.ndjson", *rows), "--wait", "60")
        assert answer.code == 0, answer.err
        assert answer.json["state"] == "final"
        return answer.json

    first, second = cities.licence(), cities.licence()
    submit("before", first)
    run("backup")
    assert (tmp_path / "backup.db").stat().st_mode & 0o077 == 0
    suspend = change(cities, "suspend", first)
    since = submit("since", second, suspend)
    cities.wait_known()
    eventually(lambda: since["id"] in copied(cities))

    cities.tianmen.stop()
    run("restore")
    cities.tianmen.launch()
    refused = write_rows(files / "refused.ndjson", cities.licence())
    eventually(lambda: "shunzheng recover" in cities.submit(refused).err)
    for file in files.glob("refused*.submission"):
        file.unlink()

    assert "entries from http" in run("look", expected=1)
    beside = cities.shunzheng("recover", cities.tianmen.directory, "--from", cities.wuhan.url)
    assert (beside.code, "anchors tianmen, and this is not done beside it" in beside.err) == (1, True)
    cities.tianmen.stop()
    done = run("recover")
    assert "taken: since." in done
    assert "receipt kept: since." in done
    assert "核查无异" in run("audit")
    cities.tianmen.launch()
    cities.tianmen.wait_ready()
    assert submit("since", second, suspend)["first"] == since["first"]
    assert submit("after", change(cities, "resume", first))["sequence"] > since["sequence"]
    cities.export(second["identifier"], tmp_path / "proof.json")
    shown = cities.shunzheng(
        "verify", "--proof", tmp_path / "proof.json", "--node", cities.wuhan.url, "--json"
    )
    doubts = [
        step["reason"] for step in shown.json["steps"] if step["outcome"] not in ("pass", "not_applicable")
    ]
    assert doubts == ["nothing_presented"]  # no document was shown; everything else is proven
    assert "核查无异" in run("audit")


def change(cities: Cities, action: str, record: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the input record of a change of `record`'s certificate, after the newest that the register holds."""
    url = Settings.load(cities.tianmen.directory).register_url
    assert url
    with closing(Register(url)) as register, register.reading() as connection:
        previous = SM3.format(find_newest_leaf(connection, str(record["identifier"])))
    same = {name: record[name] for name in ("kind", "identifier", "issuer")}
    return same | {"action": action, "previous": previous, "basis": "行政许可法 第七十条"}


def copied(cities: Cities) -> str:
    """Return the roots of Tianmen's entries of which Wuhan has copies."""
    with urlopen(f"{cities.wuhan.url}/v1/logs/tianmen/entries?limit=1000", timeout=5) as answer:
        return json.dumps(json.load(answer))
