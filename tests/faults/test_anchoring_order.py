"""Every write between acceptance and finality, failed or failed but persisted.

Then it is tried again, or everything starts anew.

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

from anchoring.errors import ChainUnavailable
from anchoring.intake.intake import accept
from anchoring.register.proofs import make_proof
from anchoring.register.records import find_record
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, list_submissions
from anchoring.register.tables import RECORD
from anchoring.replica.reading import Cursor, ReplicaView
from anchoring.replica.store import FoldedEvent
from ledger.records.records import PRESENTABLE_ACTIONS
from ledger.registry.status import StatusTree
from ledger.verification.verify import PresentedContent, verify
from tests.auditing import audit
from tests.databases import POSTGRESQL, SQLITE, new_databases
from tests.fakes.department import SETTINGS, change, licence
from tests.fakes.issuing import AnyCity
from tests.fakes.nets import AnvilNet, FakeNet, Net


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


def plan_register(statement: str) -> Callable[[AnyCity, bool], None]:
    def plan(city: AnyCity, persisted: bool) -> None:
        FaultyRegister.planned, FaultyRegister.persisted = statement, persisted

    return plan


def plan_send(city: AnyCity, persisted: bool) -> None:
    """The connection breaks once, before the chain has the transaction or before the answer."""
    chain, send = city.chain, city.chain.send

    def faulty(raw: bytes) -> bytes:
        vars(chain).pop("send")
        if persisted:
            send(raw)
        raise ChainUnavailable("the connection broke")

    vars(chain)["send"] = faulty


def plan_replica(city: AnyCity, persisted: bool) -> None:
    """The follower's write of the block with the anchor, at whatever step it comes."""
    store, replica = city.replica.store, city.replica

    def faulty(
        before: Cursor,
        after: Cursor,
        taken: Sequence[FoldedEvent],
        pending: Sequence[FoldedEvent],
        trees: Mapping[str, StatusTree],
        **named: bool,
    ) -> None:
        if persisted or not (taken or pending):
            store(before, after, taken, pending, trees, **named)
        if taken or pending:
            vars(replica).pop("store")
            raise Killed

    vars(replica)["store"] = faulty


#: Every write of a submission's way onto the chain, in the order in which they are made.
WRITES: Mapping[str, Callable[[AnyCity, bool], None]] = {
    "accept": plan_register("INSERT INTO submission"),
    "freeze": plan_register("INSERT INTO batch"),
    "store-transaction": plan_register("INSERT INTO signed_transaction"),
    "broadcast": plan_send,
    "note-broadcast": plan_register("UPDATE signed_transaction"),
    "see-in-replica": plan_replica,
    "note-mined-or-final": plan_register(r"UPDATE batch SET state=\S+ WHERE batch\.sequence = \S+$"),
}


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnvilNet]:
    net = AnvilNet(tmp_path_factory.mktemp("devnet"))
    yield net
    net.stop()


SOCKETS = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
#: Chain, database and the batch that the fault meets; in the second more is at stake.
PLACES = [
    pytest.param((chain, kind), batch, marks=SOCKETS if chain == "anvil" else [])
    for chain, kind, batch in (
        ("fake", SQLITE, 1),
        ("fake", SQLITE, 2),
        ("fake", POSTGRESQL, 2),
        ("anvil", SQLITE, 1),
        ("anvil", SQLITE, 2),
    )
]


def place_name(value: object) -> str:
    return "-".join(value) if isinstance(value, tuple) else str(value)


@pytest.fixture
def city(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AnyCity]:
    chain, kind = request.param
    net: Net = FakeNet() if chain == "fake" else request.getfixturevalue("anvil")
    with new_databases(kind, tmp_path) as new_database:
        made = AnyCity(tmp_path, net, register_type=FaultyRegister, new_database=new_database)
        yield made
        FaultyRegister.planned = ""
        made.stop()


class Story:
    """Two submissions that depend on each other, carried through whatever happens."""

    def __init__(self, city: AnyCity, recover: Callable[[], None]) -> None:
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
        now = self.city.net.now
        lines = self.city.department.lines(rows, now, find_newest_leaf=self.city.newest)
        acceptances = []

        def send() -> None:
            with self.city.replica.reading() as trust:
                acceptances.append(accept(self.city.register, trust, lines, now, SETTINGS))

        self.insist(send)
        self.insist(send)
        assert acceptances[0] == acceptances[-1]

    def work(self) -> None:
        """Let everybody work until all that was accepted is final."""
        for _ in range(20):
            self.insist(self.city.anchorer.step)
            self.city.net.mine()
            self.insist(self.city.follow)
            if self._is_at_rest():
                return

    def _is_at_rest(self) -> bool:
        with self.city.register.reading() as connection:
            return all(found.state == FINAL for found in list_submissions(connection))


@pytest.mark.parametrize("recovery", ["retry", "restart"])
@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed-but-persisted"])
@pytest.mark.parametrize(("city", "batch"), PLACES, ids=place_name, indirect=["city"])
@pytest.mark.parametrize("write", WRITES)
def test_a_fault_loses_nothing_and_doubles_nothing(
    city: AnyCity, write: str, batch: int, persisted: bool, recovery: str
) -> None:
    story = Story(city, restart(city) if recovery == "restart" else lambda: None)
    for number, rows in enumerate(([licence(n) for n in range(5)], SECOND), 1):
        if number == batch:
            WRITES[write](city, persisted)
        story.submit(rows)
        story.work()
    assert story.failures == 1, "the planned fault happened"
    check_everything(city, records=5 + len(SECOND), batches=2)


SECOND = [change("suspend", 1), change("renew", 2, 2), licence(10), change("revoke", 10)]


def restart(city: AnyCity) -> Callable[[], None]:
    def recover() -> None:
        city.stop()
        city.start()

    return recover


def check_everything(city: AnyCity, *, records: int, batches: int) -> None:
    """Every accepted record is anchored exactly once, and register, replica and chain agree in everything."""
    with city.replica.reading() as reading:
        report = audit(reading, city.register, now=city.net.now)
        assert (report.findings, report.remarks) == ((), ())
        assert (report.checked_counts["records replayed"], report.checked_counts["anchors"]) == (
            records,
            batches,
        )
        with city.register.reading() as connection:
            leaves = list(connection.execute(select(RECORD.c.leaf).order_by(RECORD.c.position)).scalars())
            held = [find_record(connection, leaf) for leaf in leaves]
        for one in held:
            if one.record.action in PRESENTABLE_ACTIONS:
                check_proof(city, reading, one.leaf)
    anchors = city.anchors()
    assert [anchor.sequence for anchor in anchors] == list(range(1, batches + 1))


def check_proof(city: AnyCity, reading: ReplicaView, leaf: bytes) -> None:
    proof = make_proof(city.register, reading, city.trees, leaf)
    assert proof.disclosure
    report = verify(PresentedContent(claims=proof.disclosure.values), proof, reading, city.net.now)
    assert report.verdict.value == ("not_current" if proof.linked_proofs else "valid"), report.deciding_step
