"""Every write between acceptance and finality, failed or failed but persisted, then tried again or started anew.

Afterwards the full check runs: every accepted record is anchored once, proves itself, and the chain tells the
register's story.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from anchoring.batches import open_batches
from anchoring.errors import ChainUnavailable
from anchoring.intake import accept
from anchoring.proofs import proof_of
from anchoring.reading import Cursor, Reading
from anchoring.refold import refold
from anchoring.register import Register, batch_entries, record
from anchoring.register_tables import RECORD
from anchoring.replica import Taken
from ledger.history import Recorded, history
from ledger.records import PRESENTABLE
from ledger.verification import Presented, verify
from tests.fakes.department import LOG, SETTINGS, change, licence
from tests.fakes.issuing import City


class Killed(Exception):
    """The process ended here."""


class FaultyRegister(Register):
    """A register that is killed around the commit of the first transaction with a statement as planned (a pattern)."""

    planned = ""
    persisted = False

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._met = False

        @event.listens_for(self.engine, "before_cursor_execute")
        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            self._met = self._met or bool(self.planned and re.match(self.planned, statement))

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            self._met = False
            yield connection
            if self._met and not self.persisted:
                self._kill()
        if self._met:
            self._kill()

    def _kill(self) -> None:
        self._met, type(self).planned = False, ""
        raise Killed


def plan_register(statement: str) -> Callable[[City, bool], None]:
    def plan(city: City, persisted: bool) -> None:
        FaultyRegister.planned, FaultyRegister.persisted = statement, persisted

    return plan


def plan_send(city: City, persisted: bool) -> None:
    city.chain.refuse("send", ChainUnavailable("the connection broke"), persisted=persisted)


def plan_replica(city: City, persisted: bool) -> None:
    """The follower's write of the block with the anchor, at whatever step it comes."""
    store, replica = city.replica.store, city.replica

    def faulty(before: Cursor, after: Cursor, taken: Sequence[Taken], pending: Sequence[Taken]) -> None:
        if persisted or not (taken or pending):
            store(before, after, taken, pending)
        if taken or pending:
            vars(replica).pop("store")
            raise Killed

    vars(replica)["store"] = faulty


#: Every write, in the order of design.md section 7.
WRITES: Mapping[str, Callable[[City, bool], None]] = {
    "accept": plan_register("INSERT INTO submission"),
    "freeze": plan_register("INSERT INTO batch"),
    "store-transaction": plan_register("INSERT INTO signed_transaction"),
    "broadcast": plan_send,
    "note-broadcast": plan_register("UPDATE signed_transaction"),
    "see-in-replica": plan_replica,
    "note-mined-or-final": plan_register(r"UPDATE batch SET state=\S+ WHERE batch\.sequence = \S+$"),
}


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path, register_type=FaultyRegister)
    yield made
    FaultyRegister.planned = ""
    made.stop()


class Story:
    """Two submissions that depend on each other, carried through whatever happens."""

    def __init__(self, city: City, recover: Callable[[], None]) -> None:
        self.city, self.recover = city, recover
        self.failures = 0

    def insist(self, do: Callable[[], object]) -> None:
        while True:
            try:
                do()
                return
            except (Killed, ChainUnavailable):
                self.failures += 1
                assert self.failures < 5, "one fault was planned"
                self.recover()

    def submit(self, rows: list[dict[str, Any]]) -> None:
        """Send the same bytes until there is a receipt, as a department does."""
        now = self.city.chain.now
        lines = self.city.department.lines(rows, now, newest=self.city.newest)
        receipts = []

        def send() -> None:
            with self.city.replica.reading() as trust:
                receipts.append(accept(self.city.register, trust, lines, now, SETTINGS))

        self.insist(send)
        self.insist(send)
        assert receipts[0] == receipts[-1]

    def work(self, rounds: int) -> None:
        for _ in range(rounds):
            self.insist(self.city.anchorer.step)
            self.city.chain.mine()
            self.insist(self.city.follow)


@pytest.mark.parametrize("recovery", ["retry", "restart"])
@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed-but-persisted"])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("write", WRITES)
def test_a_fault_loses_nothing_and_doubles_nothing(
    city: City, write: str, batch: int, persisted: bool, recovery: str
) -> None:
    story = Story(city, restart(city) if recovery == "restart" else lambda: None)
    for number, rows in enumerate(([licence(n) for n in range(5)], SECOND), 1):
        if number == batch:
            WRITES[write](city, persisted)
        story.submit(rows)
        story.work(20)
    assert story.failures == 1, "the planned fault happened"
    check_everything(city, records=5 + len(SECOND), batches=2)


SECOND = [change("suspend", 1), change("renew", 2, 2), licence(10), change("revoke", 10)]


def restart(city: City) -> Callable[[], None]:
    def recover() -> None:
        city.stop()
        city.start()

    return recover


def check_everything(city: City, *, records: int, batches: int) -> None:
    """Every accepted record is anchored exactly once, and register, replica and chain agree in everything."""
    anchors = city.anchors()
    assert [anchor.sequence for anchor in anchors] == list(range(1, batches + 1))
    assert anchors[-1].size == records
    with city.register.reading() as connection, city.replica.reading() as reading:
        assert open_batches(connection) == []
        entries = [entry for number in range(1, batches + 1) for entry in batch_entries(connection, number)]
        assert [first for first, _, _ in entries] == [0, *(first + count for first, count, _ in entries)][:-1]
        leaves = list(connection.execute(select(RECORD.c.leaf).order_by(RECORD.c.position)).scalars())
        assert len(leaves) == records
        lineages: dict[str, list[Recorded]] = {}
        for leaf in leaves:
            held = record(connection, leaf)
            anchor = reading.anchor(LOG, held.submission.sequence or 0)
            lineages.setdefault(held.record.lineage, []).append(
                Recorded(held.record, leaf, held.position, anchor)
            )
            if held.record.action in PRESENTABLE:
                check_proof(city, reading, leaf)
        for lineage in lineages.values():
            assert history(lineage, reading, LOG).findings == ()
        refold(reading)


def check_proof(city: City, reading: Reading, leaf: bytes) -> None:
    proof = proof_of(city.register, reading, city.trees, leaf)
    assert proof.disclosure
    report = verify(Presented(claims=proof.disclosure.values), proof, reading, city.chain.now)
    assert report.verdict.value == ("not_current" if proof.linked else "valid"), report.deciding
