"""What people get wrong: each is told what to do, and nothing is lost or half accepted."""

import http.server
import json
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
import pytest

from ledger.records.identifiers import CertificateIdentifier
from tests.acceptance.cities import ISSUER, Cities, new_key, register_key, write_rows

Alter = Callable[[list[bytes]], list[bytes]]
OTHER_TYPE = "11100000MB0143028R999"


def submission_of(records: Path) -> Path:
    """Return the signed submission that was kept beside the records."""
    (kept,) = records.parent.glob(f"{records.name}.*.submission")
    return kept


def problem(cities: Cities, content: bytes) -> str:
    """Hand a submission in over HTTP and return the name of the problem."""
    headers = {"Content-Type": "application/x-ndjson"}
    answer = httpx.post(cities.tianmen.url + "/v1/submissions", content=content, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).rpartition("/")[2]


def with_other_check_character(line: bytes) -> bytes:
    member = re.search(rb'"identifier":"([^"]+)"', line)
    assert member
    good = member[1].decode()
    return line.replace(member[1], (good[:-1] + ("0" if good[-1] != "0" else "1")).encode())


# What the command line finds before anything is signed.


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param(b'{"kind": "licence", "action"', "row 2: ", id="no JSON"),
        pytest.param(b'{"kind": "licence", "action": "issue"}', "row 2: ", id="no record"),
    ],
)
def test_a_line_that_is_no_record(cities: Cities, tmp_path: Path, line: bytes, words: str) -> None:
    records = write_rows(tmp_path / "records.ndjson", cities.licence())
    records.write_bytes(records.read_bytes() + line + b"\n")
    before = cities.held()
    answer = cities.submit(records)
    assert answer.code == 1
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert list(tmp_path.iterdir()) == [records], "nothing is signed"
    assert cities.held() == before


def test_a_wrong_check_character(cities: Cities, tmp_path: Path) -> None:
    row = cities.licence()
    identifier = str(row["identifier"])
    row["identifier"] = identifier[:-1] + ("0" if identifier[-1] != "0" else "1")
    answer = cities.submit(write_rows(tmp_path / "records.ndjson", cities.licence(), row))
    assert answer.code == 1
    assert f"row 2: {row['identifier']}" in answer.err
    assert "check" in answer.err


# What the node finds in a submission that was signed.


ALTERED: Final[dict[str, tuple[str, Alter]]] = {
    "a line cut off": ("malformed-row", lambda lines: [*lines[:2], lines[2][:-9]]),
    "another check character": (
        "invalid-identifier",
        lambda lines: [*lines[:2], with_other_check_character(lines[2])],
    ),
    "a record left out": ("wrong-count", lambda lines: lines[:2]),
    "a record more": ("wrong-count", lambda lines: [*lines, lines[2]]),
    "another order": ("wrong-order", lambda lines: [lines[0], lines[2], lines[1]]),
    "another statement": (
        "bad-signature",
        lambda lines: [lines[0].replace(b'"count":2', b'"count":1'), *lines[1:]],
    ),
    "no statement": ("malformed-statement", lambda lines: lines[1:]),
}


@pytest.mark.parametrize("change", ALTERED)
def test_a_submission_that_was_altered(cities: Cities, tmp_path: Path, signed: Path, change: str) -> None:
    expected, alter = ALTERED[change]
    records = shutil.copytree(signed.parent, tmp_path, dirs_exist_ok=True) / signed.name
    kept = submission_of(records)
    content = b"\n".join(alter(kept.read_bytes().splitlines())) + b"\n"
    kept.write_bytes(content)
    before = cities.held()
    assert problem(cities, content) == expected
    answer = cities.submit(records)
    assert (answer.code, answer.json["reason"]) == (1, expected)
    assert "Nothing was accepted" in answer.err
    assert cities.held() == before


def sign(cities: Cities, folder: Path) -> Path:
    """Write two records, with their signed submission beside them, which is handed in nowhere."""
    records = write_rows(folder / "records.ndjson", cities.licence(), cities.licence())
    with deaf_node(cities) as url:
        answer = cities.shunzheng(
            "submit", records, "--key", cities.key_file, "--node", url, "--patience", "0"
        )
    assert answer.code == 1
    return records


@pytest.fixture(scope="module")
def signed(running: Cities, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sign(running, tmp_path_factory.mktemp("signed"))


def test_an_unknown_certificate_type_is_warned_of(cities: Cities, tmp_path: Path) -> None:
    """The catalogue grows slower than the departments' work: the department decides."""
    row = cities.licence()
    good = CertificateIdentifier.parse(str(row["identifier"]))
    row["identifier"] = CertificateIdentifier.build(OTHER_TYPE, ISSUER, good.serial, 1).text
    records = write_rows(tmp_path / "records.ndjson", row)
    stopped = cities.submit(records)
    assert stopped.code == 1
    assert OTHER_TYPE in stopped.err
    assert not list(tmp_path.glob("*.submission"))
    answer = cities.submit(records, "--accept", "type")
    assert answer.code == 0, answer.err


def test_a_key_that_nobody_knows_yet(cities: Cities, tmp_path: Path) -> None:
    """Refused until the city's admin registers it; then the same command, with the same submission, goes through."""
    records = write_rows(tmp_path / "records.ndjson", cities.licence())
    key = new_key(tmp_path / "new.pem")
    another = replace(cities, key_file=tmp_path / "new.pem")
    before = cities.held()
    answer = another.submit(records)
    assert answer.code == 1
    assert "ask the city's administrator to register it" in answer.err
    assert problem(cities, submission_of(records).read_bytes()) == "unknown-key"
    assert cities.held() == before
    register_key(cities.stage, key)
    cities.wait_key(key.public.id)
    answer = another.submit(records)
    assert answer.code == 0, answer.err
    assert cities.held() == (before[0] + 1, before[1] + 1)


def test_handed_in_twice(cities: Cities, tmp_path: Path) -> None:
    records = write_rows(tmp_path / "records.ndjson", cities.licence())
    first = cities.submit(records)
    after_the_first = cities.held()
    again = cities.submit(records)
    assert (first.code, again.code) == (0, 0)
    same = first.json.keys() & again.json.keys() - {"state"}
    assert {"id", "first", "count", "accepted"} <= same
    assert [first.json[name] for name in same] == [again.json[name] for name in same]
    assert "signed before" in again.err
    assert cities.held() == after_the_first


# What breaks on the way.


def test_the_node_is_down(cities: Cities, tmp_path: Path) -> None:
    records = write_rows(tmp_path / "records.ndjson", cities.licence())
    cities.tianmen.stop()
    answer = cities.submit(records)
    assert answer.code == 1
    assert "cannot be reached" in answer.err
    assert "check that it runs" in answer.err
    cities.tianmen.launch()
    cities.tianmen.wait_ready()
    assert cities.submit(records).code == 0


def test_the_line_is_cut_while_handing_in(cities: Cities, tmp_path: Path) -> None:
    """What was signed is kept; the same command hands exactly that in."""
    records = sign(cities, tmp_path)
    before = cities.held()
    answer = cities.submit(records)
    assert answer.code == 0, answer.err
    root = json.loads(submission_of(records).read_bytes().splitlines()[0])["statement"]["root"]
    assert root.endswith(answer.json["id"])
    assert cities.held() == (before[0] + 1, before[1] + 2)


def test_the_chain_is_down(cities: Cities, tmp_path: Path) -> None:
    """Accepted all the same, and anchored once the chain is back."""
    records = write_rows(tmp_path / "records.ndjson", cities.licence())
    devnet = cities.stage.devnet
    assert devnet
    devnet.stop()
    try:
        answer = cities.submit(records)
        assert answer.code == 0, answer.err
        assert answer.json["state"] in ("accepted", "frozen")
        assert cities.submit(records, "--wait", "3").json["state"] in ("accepted", "frozen")
    finally:
        devnet.start()
    anchored = cities.submit(records, "--wait", "90")
    assert (anchored.code, anchored.json["state"]) == (0, "final")


@contextmanager
def deaf_node(cities: Cities) -> Iterator[str]:
    """Give the URL of a node that tells about itself as Tianmen does and hangs up on whoever hands something in."""
    logs = httpx.get(cities.tianmen.url + "/v1/logs").content

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(logs)))
            self.end_headers()
            self.wfile.write(logs)

        def do_POST(self) -> None:
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
