"""Two accounts of one registry: the same, or parted at the first event that differs."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from anchoring.audit.reconciliation import ChainAccount, ReplicaAccount, reconcile
from anchoring.chain.protocol import Chain, ChainEvent
from anchoring.errors import ChainMisbehaved
from anchoring.replica.store import Replica
from api.cli import main
from tests.fakes.department import licence
from tests.fakes.issuing import City

Damage = Callable[[sqlite3.Connection], object]


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    (tmp_path / "city").mkdir()
    made = City(tmp_path / "city")
    for number in range(3):
        made.submit(licence(number))
        made.settle()
    yield made
    made.stop()


def copy(city: City, file: Path, *statements: str) -> Replica:
    """Return a copy of the city's replica, in which statements of SQL were run."""
    source = city.urls[1].removeprefix("sqlite:///")
    with closing(sqlite3.connect(source)) as connection, closing(sqlite3.connect(file)) as target:
        connection.backup(target)
    with closing(sqlite3.connect(file)) as target, target:
        for statement in statements:
            assert target.execute(statement).rowcount
    return Replica(f"sqlite:///{file}")


def outcome(city: City, replica: Replica) -> tuple[int, str, str]:
    """Return up to where both agree, which ends there, and what differs behind it."""
    with city.replica.reading() as first, replica.reading() as second:
        account = ReplicaAccount("B", second)
        outcomes = [
            reconcile(ReplicaAccount("A", first), account, first.head_zero),
            reconcile(account, ReplicaAccount("A", first), first.head_zero),
        ]
    replica.close()
    assert outcomes[0].common_head == outcomes[1].common_head
    difference = outcomes[0].difference
    return (
        outcomes[0].common_head.event_number,
        outcomes[0].shorter_name or "",
        difference.words if difference else "",
    )


def test_a_copy_is_the_same(city: City, tmp_path: Path) -> None:
    n, shorter, words = outcome(city, copy(city, tmp_path / "copy.db"))
    with city.replica.reading() as view:
        assert (n, shorter, words) == (view.cursor.event_number, "", "")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE event SET payload = zeroblob(9) WHERE n = 4", "differ in payload"),
        ("UPDATE event SET time = time + 1 WHERE n = 4", "differ in time"),
        ("UPDATE event SET kind = 99 WHERE n = 4", "differ in kind"),
        ("UPDATE event SET block = block + 1 WHERE n = 4", "differ in block"),
        ("UPDATE event SET block_hash = zeroblob(32) WHERE n = 4", "differ in block_hash"),
        ("UPDATE event SET transaction_hash = zeroblob(32) WHERE n = 4", "differ in transaction"),
        ("UPDATE event SET head = zeroblob(32) WHERE n = 4", "head stated beside it does not follow"),
        ("DELETE FROM event WHERE n = 4", "does not have this event"),
        ("UPDATE event SET n = 99 WHERE n = 4", "does not have this event"),
    ],
)
def test_the_first_difference_is_named(city: City, tmp_path: Path, statement: str, words: str) -> None:
    n, shorter, difference = outcome(city, copy(city, tmp_path / "copy.db", statement))
    assert (n, shorter) == (3, "")
    assert words in difference


def test_one_that_ends_earlier_is_no_difference(city: City, tmp_path: Path) -> None:
    assert outcome(city, copy(city, tmp_path / "copy.db", "DELETE FROM event WHERE n > 5")) == (5, "B", "")


def test_a_chain_tells_what_the_replica_holds(city: City) -> None:
    with city.replica.reading() as view:
        account = ChainAccount("chain", city.chain, view.registry)
        reconciliation = reconcile(ReplicaAccount("A", view), account, view.head_zero)
        assert reconciliation.difference is None
        assert reconciliation.common_head.event_number >= view.cursor.event_number


class HidingChain:
    """The chain as an endpoint shows it that leaves some events out."""

    def __init__(self, city: City, hidden_numbers: range) -> None:
        self._chain, self._hidden_numbers = city.chain, hidden_numbers
        self.get_event_span, self.fetch_head = self._chain.get_event_span, self._chain.fetch_head

    def fetch_events(self, contract: str, first: int, last: int) -> list[ChainEvent]:
        events = self._chain.fetch_events(contract, first, last)
        return [event for event in events if event.event.event_number not in self._hidden_numbers]


def test_an_endpoint_that_cuts_ranges_short_tells_the_whole_chain(city: City) -> None:
    class CuttingChain(HidingChain):
        def fetch_events(self, contract: str, first: int, last: int) -> list[ChainEvent]:
            return super().fetch_events(contract, first, min(last, first + 1))

    with city.replica.reading() as view:
        account = ChainAccount("chain", cast(Chain, CuttingChain(city, range(0))), view.registry)
        reconciliation = reconcile(ReplicaAccount("A", view), account, view.head_zero)
        assert reconciliation.difference is None
        assert reconciliation.common_head.event_number >= view.cursor.event_number


@pytest.mark.parametrize("hidden_numbers", [range(4, 5), range(5, 99), range(1, 99)])
def test_an_endpoint_that_leaves_events_out_tells_nothing(city: City, hidden_numbers: range) -> None:
    chain = cast(Chain, HidingChain(city, hidden_numbers))
    with city.replica.reading() as view:
        account = ChainAccount("chain", chain, view.registry)
        with pytest.raises(ChainMisbehaved, match=f"up to event {hidden_numbers[0] - 1} without"):
            reconcile(ReplicaAccount("A", view), account, view.head_zero)


def test_what_differs_before_the_events_that_are_left_out_is_told(city: City, tmp_path: Path) -> None:
    replica = copy(city, tmp_path / "copy.db", "UPDATE event SET kind = 99 WHERE n = 4")
    with replica.reading() as view:
        account = ChainAccount("chain", cast(Chain, HidingChain(city, range(5, 99))), view.registry)
        difference = reconcile(ReplicaAccount("A", view), account, view.head_zero).difference
    replica.close()
    assert difference is not None
    assert (difference.event_number, difference.words) == (4, "the two differ in kind")


def test_a_damaged_replica_and_its_chain_differ(city: City, tmp_path: Path) -> None:
    replica = copy(city, tmp_path / "copy.db", "DELETE FROM event WHERE n = 4")
    with replica.reading() as view:
        account = ChainAccount("chain", city.chain, view.registry)
        difference = reconcile(ReplicaAccount("A", view), account, view.head_zero).difference
    replica.close()
    assert difference is not None
    assert (difference.event_number, difference.first_statement) == (4, None)
    assert difference.second_statement is not None


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("UPDATE event SET payload = 'text' WHERE n = 4", 1, "payload"),
        ("UPDATE event SET time = 'noon' WHERE n = 4", 1, "time"),
        ("UPDATE event SET time = time + 1 WHERE n = 4", 1, "time"),
        ("UPDATE state SET registry_name = 'other'", 1, "two registries"),
        ("DELETE FROM state", 12, "holds no replica"),
        ("UPDATE state SET schema_number = 1", 12, "of schema 1"),
        ("DELETE FROM event", 12, "up to event 0"),
        ("DELETE FROM event WHERE n > 4", 0, "ends there"),
    ],
)
def test_the_command_says_what_differs(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str, code: int, words: str
) -> None:
    own_file, file = city.urls[1].removeprefix("sqlite:///"), tmp_path / "copy.db"
    copy(city, file, statement).close()
    content = file.read_bytes()
    city.replica.close()
    assert main(["reconcile", own_file, str(file), "-o", str(tmp_path / "evidence.json")]) == code
    printed = capsys.readouterr()
    assert words in printed.out + printed.err
    assert file.read_bytes() == content, "nothing is changed"
    assert (tmp_path / "evidence.json").exists() == ("n = 4" in statement)


def test_what_is_not_there_parts_nobody(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 is for two that part: no file, no replica and no directory of a node say nothing of that."""
    own_file, other_file = city.urls[1].removeprefix("sqlite:///"), tmp_path / "other.db"
    city.replica.close()
    other_file.write_bytes(b"no database at all" * 100)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "node.toml").write_text("registry = [")
    for name in ("gone.db", "other.db", "broken", "."):
        assert main(["reconcile", own_file, str(tmp_path / name), "--json"]) == 12, name
        printed = capsys.readouterr()
        assert "无法判断 cannot tell" in printed.err
        assert json.loads(printed.out)["error"] == printed.err.strip()
