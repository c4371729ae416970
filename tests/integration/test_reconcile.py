"""A replica and a real development chain: same, different, unreachable, an event concealed."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.cli import main
from tests.fakes.department import licence
from tests.fakes.doubles import Call, Double, Page
from tests.fakes.issuing import AnyCity
from tests.fakes.nets import AnvilNet

pytestmark = pytest.mark.enable_socket


@dataclass
class Concealing(Double):
    """An endpoint that shows no event of one block, and answers everything else as the chain does."""

    concealed_block: int = 0

    def answer(self, body: bytes, headers: dict[str, str]) -> Page:
        page, call = super().answer(body, headers), json.loads(body)
        if call["method"] != "eth_getLogs":
            return page
        answer: Call = json.loads(page.body)
        answer["result"] = [
            log for log in answer["result"] if int(log["blockNumber"], 16) != self.concealed_block
        ]
        return Page(200, json.dumps(answer).encode())


@dataclass
class Stage:
    """A replica's file that nobody works on any more, and the chain that it followed."""

    net: AnvilNet
    file: Path

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            assert connection.execute(statement).rowcount

    def read(self, query: str) -> int:
        with closing(sqlite3.connect(self.file)) as connection:
            return int(connection.execute(query).fetchone()[0])

    def reconcile(self, url: str, *options: str) -> int:
        return main(["reconcile", str(self.file), url, *options])


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    net = AnvilNet(tmp_path / "chain")
    city = AnyCity(tmp_path, net)
    city.submit(licence(1))
    city.settle(4)
    city.stop()
    yield Stage(net, tmp_path / "replica.db")
    net.stop()


def test_a_replica_and_its_chain_are_the_same(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert stage.reconcile(stage.net.devnet.url) == 0
    event_number = stage.read("SELECT n FROM state")
    assert f"the same up to event {event_number}, head 0x" in capsys.readouterr().out


def test_what_the_chain_has_beyond_is_no_difference(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.change("DELETE FROM event WHERE n = (SELECT max(n) FROM event)")
    assert stage.reconcile(stage.net.devnet.url) == 0
    assert "ends there; the other goes on" in capsys.readouterr().out


def test_the_first_difference_comes_with_what_each_says(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.change("UPDATE event SET time = time + 1 WHERE n >= 4")
    evidence_file = tmp_path / "evidence.json"
    assert stage.reconcile(stage.net.devnet.url, "-o", str(evidence_file)) == 1
    assert "DIFFERENT at event 4: the two differ in time" in capsys.readouterr().out
    first_side, second_side = json.loads(evidence_file.read_bytes())["difference"]["sides"]
    assert first_side["event"]["time"] != second_side["event"]["time"]
    assert first_side["event"]["block_hash"] == second_side["event"]["block_hash"]


def test_an_endpoint_that_cannot_be_reached_parts_nobody(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    url = stage.net.devnet.url
    stage.net.devnet.stop()
    assert stage.reconcile(url) == 12
    assert "cannot tell" in capsys.readouterr().err


def test_an_event_that_an_endpoint_conceals_parts_nobody(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contract's head counts it: nobody can tell by such an endpoint, and nobody is accused."""
    concealed_block = stage.read("SELECT block FROM event WHERE n = 4")
    double = Concealing(stage.net.devnet.url, None, concealed_block=concealed_block)
    try:
        assert stage.reconcile(double.url) == 12
    finally:
        double.close()
    assert "cannot tell" in capsys.readouterr().err
