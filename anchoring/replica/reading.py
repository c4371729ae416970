"""A replica as one read transaction sees it: the `Trust` of verification, and more.

Pages and processes ask for the rest. Every answer of one `ReplicaView` comes from the same state of the replica. Its
`Trust` answers exactly as `ledger.registry.knowledge.Knowledge` would after the same events; a test replays random
histories through both.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, cast

from sqlalchemy import Connection, CursorResult, RowMapping, Table, select

from anchoring.chain.protocol import ChainEvent
from anchoring.database.engine import find_file_faults, make_findable, open_snapshot
from anchoring.errors import NotFound, Quarantined
from anchoring.replica import queries, tables
from anchoring.replica.queries import Query
from anchoring.replica.rows import (
    Row,
    read_anchor,
    read_block,
    read_division,
    read_event,
    read_event_nodes,
    read_governance,
    read_grant,
    read_key,
    read_log,
    read_position,
)
from ledger.crypto.suites import Suite
from ledger.registry import acts
from ledger.registry.acts import decode_act
from ledger.registry.event_trees import EventNodes, EventTrees, prove_growth
from ledger.registry.status import StatusBlock
from ledger.registry.trust import (
    Anchor,
    Division,
    Governance,
    Grant,
    KeyState,
    LogState,
    Occurrences,
    PositionStatus,
)

_MAKE_ANEW: Final = "Stop the node, delete the replica and start again: it is followed anew"
_PAGE_ROWS: Final = 2_000  # rows fetched at a time where a caller walks through a table
# answers that a long reading keeps; far more than the keys and logs of a province
_MAX_REMEMBERED: Final = 10_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a replica is: the newest final event, its head, block and time, and the newest final block."""

    event_number: int
    head: bytes
    block_number: int
    time: int
    final_block_number: int
    final_hash: bytes
    final_time: int

    @property
    def event(self) -> tuple[int, bytes, int, int]:
        """Number, head, block and time of the newest final event."""
        return self.event_number, self.head, self.block_number, self.time


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where the chain holds an anchor: the act, the transaction's hash and block, and whether it is final."""

    act: acts.Anchored
    event_number: int
    block_number: int
    time: int
    transaction_hash: bytes
    is_final: bool


def make_cursor_row(cursor: Cursor) -> Row:
    """Return the columns of the one row of `state` that say how far the replica is."""
    return {
        "n": cursor.event_number,
        "head": cursor.head,
        "block": cursor.block_number,
        "time": cursor.time,
        "final_block": cursor.final_block_number,
        "final_hash": cursor.final_hash,
        "final_time": cursor.final_time,
    }


def read_cursor(row: RowMapping) -> Cursor:
    return Cursor(
        event_number=row["n"],
        head=row["head"],
        block_number=row["block"],
        time=row["time"],
        final_block_number=row["final_block"],
        final_hash=row["final_hash"],
        final_time=row["final_time"],
    )


class OccurrenceSource(Protocol):
    """Where entries are known: they lie beside the replica, or in a register."""

    def find_occurrences(
        self, view: "ReplicaView", log: str, root: bytes, sequence: int
    ) -> Occurrences | None:
        """Return what `Trust.find_occurrences` says, by this state of the replica."""


class ReplicaView:
    """One consistent state of a replica; usable until the transaction that it came from ends.

    Entries are no part of a replica: a view knows of them what its `entries` know.
    """

    entries: OccurrenceSource | None = None

    def __init__(self, connection: Connection, source: str = "replica") -> None:
        self._connection, self.source = connection, source
        state_row = connection.execute(queries.STATE).mappings().one()
        #: For what lies beside the replica in its database.
        self.connection: Final = connection
        self.registry: Final[str] = state_row["registry_name"]
        self.head_zero: Final[bytes] = state_row["head_zero"]
        self.quarantine: Final[str] = state_row["quarantine"]
        #: Whether the replica has once known all that its endpoint called final.
        self.is_caught_up: Final[bool] = state_row["caught_up"]
        self.cursor: Final = read_cursor(state_row)
        self.has_trees: Final[bool] = state_row["schema_number"] == tables.SCHEMA
        self.time: Final[int] = max(self.cursor.final_time, self.cursor.time)
        self._known_answers: dict[tuple[object, ...], object] = {}
        self._open_results: set[CursorResult[tuple[object, ...]]] = set()

    # -- Trust: what verification asks --

    def find_log(self, name: str) -> LogState | None:
        return self._recall(
            ("log", name), lambda: self._find_one(read_log, queries.LOG, name=make_findable(name))
        )

    def find_anchor(self, log: str, sequence: int) -> Anchor | None:
        parameters = {"log": make_findable(log), "sequence": sequence}
        return self._recall(
            ("anchor", log, sequence), lambda: self._find_one(read_anchor, queries.ANCHOR, **parameters)
        )

    def find_issuer_log(self, issuer: str, n: int) -> str | None:
        parameters = {"issuer": make_findable(issuer), "n": n}
        return self._recall(
            ("issuer", issuer, n),
            lambda: self._connection.execute(queries.ISSUER_LOG, parameters).scalar_one_or_none(),
        )

    def find_key(self, key: bytes) -> KeyState | None:
        return self._recall(("key", key), lambda: self._find_one(read_key, queries.KEY, id=key))

    def list_grants(self, key: bytes, issuer: str) -> Sequence[Grant]:
        parameters = {"key": key, "issuer": make_findable(issuer)}
        return self._recall(
            ("grants", key, issuer), lambda: tuple(self._read_all(read_grant, queries.GRANTS, **parameters))
        )

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None:
        return self._find_one(
            read_position, queries.STATUS, log=make_findable(log), position=position, sequence=sequence
        )

    def find_occurrences(self, log: str, root: bytes, sequence: int) -> Occurrences | None:
        if (source := self.entries) is None:
            return None
        return self._recall(
            ("occurrences", log, root, sequence), lambda: source.find_occurrences(self, log, root, sequence)
        )

    @contextmanager
    def use_entries(self, entries: OccurrenceSource) -> Iterator[None]:
        """Have `entries` say where entries stand, for as long as the block runs: its connection may close then."""
        entries_before, self.entries = self.entries, entries
        try:
            yield
        finally:
            self.entries = entries_before
            for question in [recalled for recalled in self._known_answers if recalled[0] == "occurrences"]:
                del self._known_answers[question]

    # -- Views: what pages, the batcher and the submitter ask --

    def find_governance(self) -> Governance | None:
        return self._find_one(read_governance, queries.GOVERNANCE)

    def list_logs(self) -> list[LogState]:
        """Return every log, in the order of admission."""
        return list(self._read_all(read_log, queries.LOGS))

    def list_divisions(self) -> list[Division]:
        return list(self._read_all(read_division, queries.DIVISIONS))

    def list_keys(self) -> list[KeyState]:
        """Return every key that was ever registered."""
        return list(self._read_all(read_key, queries.KEYS))

    def list_anchors(self, log: str, *, below_sequence: int | None = None, limit: int = 100) -> list[Anchor]:
        """Return final anchors of a log, the newest first; `below_sequence` a sequence for the next page."""
        query = (
            queries.ANCHORS
            if below_sequence is None
            else queries.ANCHORS.where(tables.ANCHOR.c.sequence < below_sequence)
        )
        return list(self._read_all(read_anchor, query.limit(limit), log=log))

    def walk_anchors(self, log: str, *, after: int = 0, last: int) -> Iterator[Anchor]:
        """Walk through the final anchors of a log after sequence `after`, up to `last` and with it, in their order."""
        for row in self._walk_rows(queries.ANCHORS_BETWEEN, log=make_findable(log), after=after, last=last):
            yield read_anchor(row)

    def find_size_before(self, log: str, time: int) -> int:
        """Return how many positions of a log the anchors of blocks before `time` made."""
        parameters = {"log": make_findable(log), "time": time}
        return self._connection.execute(queries.SIZE_BEFORE, parameters).scalar_one_or_none() or 0

    def count_void_anchors(self) -> dict[str, int]:
        """Return how many anchors of each log are void; logs without one are left out."""
        return {row[0]: row[1] for row in self._connection.execute(queries.VOID_ANCHORS)}

    def walk_events(self, after_number: int = 0, *, limit: int | None = None) -> Iterator[ChainEvent]:
        """Walk through the final events after event `after_number`, in order."""
        query = queries.EVENTS if limit is None else queries.EVENTS.limit(limit)
        for row in self._walk_rows(query, after=after_number):
            yield read_event(row)

    def walk_headed_events(self) -> Iterator[tuple[ChainEvent, bytes]]:
        """Walk through all final events, each with the head that is stored beside it, also one before the first."""
        for row in self._walk_rows(queries.EVENTS, after=-1):
            yield read_event(row), row["head"]

    def walk_rows(self, table: Table) -> Iterator[RowMapping]:
        """Walk through a table of facts, in no order."""
        return self._walk_rows(select(table))

    def find_head(self, n: int) -> bytes | None:
        """Return the registry's head after a final event; head 0 for 0."""
        if n == 0:
            return self.head_zero
        return self._connection.execute(queries.HEAD, {"n": n}).scalar_one_or_none()

    def event_nodes(self, n: int) -> EventNodes:
        """Return what final event `n` completes in the trees over the events.

        Raises: Quarantined where it is missing, or other than so many hashes.
        """
        nodes = self._find_one(read_event_nodes, queries.EVENT_NODES, n=n)
        if nodes is None or not nodes.is_whole:
            raise Quarantined(
                f"the replica is damaged: it holds no whole tree nodes of event {n}. {_MAKE_ANEW}"
            )
        return nodes

    def walk_event_nodes(self) -> Iterator[EventNodes]:
        """Walk through the tree nodes of all final events, in their order."""
        for row in self._walk_rows(queries.ALL_EVENT_NODES):
            yield read_event_nodes(row)

    def event_root(self, suite: Suite, n: int) -> bytes:
        """Return the 32-byte root of the tree over the first `n` events. Raises: NotFound, Quarantined."""
        self._require_event(n)
        return EventTrees(n, self.event_nodes).root(suite)

    def prove_growth(self, suite: Suite, old_n: int, n: int) -> list[bytes]:
        """Prove that the tree over the first `n` events begins with that over `old_n`. Raises: NotFound, Quarantined."""
        self._require_event(old_n)
        self._require_event(n)
        if old_n > n:
            raise NotFound(f"event {old_n} comes after event {n}: name the earlier one as --since")
        return prove_growth(suite, old_n, n, self.event_nodes)

    def fact_root(self, n: int) -> bytes:
        """Return the 32-byte root of the tree over the facts after event `n`. Raises: NotFound, Quarantined."""
        self._require_event(n)
        root = self._connection.execute(queries.FACT_ROOT, {"n": n}).scalar_one_or_none()
        if root is None:
            raise Quarantined(
                f"the replica is damaged: it holds no root of the facts after event {n}. {_MAKE_ANEW}"
            )
        return cast(bytes, root)

    def find_time(self, n: int) -> int:
        """Return the block time of final event `n`. Raises: NotFound, Quarantined."""
        self._require_event(n)
        event = self._find_one(read_event, queries.EVENT, n=n)
        if event is None:
            raise Quarantined(f"the replica is damaged: it does not hold event {n}. {_MAKE_ANEW}")
        return event.event.time

    def walk_fact_pages(self) -> Iterator[tuple[str, bytes]]:
        """Walk through the pages of the tree over the facts, those below others first."""
        for row in self._walk_rows(queries.FACT_PAGES):
            yield row["prefix"], row["content"]

    def _require_event(self, n: int) -> None:
        if not self.has_trees:
            raise NotFound(
                "this replica is from before the trees over events and facts: start its node once, which makes them"
            )
        if not 0 < n <= self.cursor.event_number:
            raise NotFound(
                f"event {n} is not final here: the replica holds {self.cursor.event_number} events"
            )

    def find_newest_before(self, time: int) -> int:
        """Return the number of the newest final event of a block before `time`; 0 where there is none."""
        return self._connection.execute(queries.NEWEST_BEFORE, {"time": time}).scalar_one_or_none() or 0

    def list_pending(self) -> list[ChainEvent]:
        """Return the events that the chain holds and may still give up."""
        return [read_event(row) for row in self._connection.execute(queries.PENDING).mappings()]

    def explain_absence(self, log: str) -> str:
        """Say why a log is not there, and who can do what: it is not admitted, or that is not final."""
        for event in self.list_pending():
            act = decode_act(event.event.kind, event.event.payload)
            if isinstance(act, acts.LogAdmitted) and act.log == log:
                return (
                    f"the log {log!r} is admitted in block {event.event.block_number}, and the newest final one is "
                    f"block {self.cursor.final_block_number}: wait. A chain that makes blocks only when something is "
                    "sent 按需出块 never comes so far: set `final_depth = 0` if it gives no block up, else have its "
                    "operator make empty blocks"
                )
        return f"the log {log!r} is not admitted: ask the province to admit it"

    def walk_headed_pending(self) -> Iterator[tuple[ChainEvent, bytes]]:
        """Walk through the pending events, each with the head that is stored beside it."""
        for row in self._walk_rows(queries.PENDING):
            yield read_event(row), row["head"]

    def find_sighting(self, log: str, sequence: int) -> Sighting | None:
        """Return where the chain holds an anchor, final or not; None where it was not seen."""
        anchor = self.find_anchor(log, sequence)
        if anchor is not None:
            row = self._connection.execute(queries.EVENT, {"n": anchor.event_number}).mappings().one()
            return _make_sighting(read_event(row), is_final=True)
        for event in self.list_pending():
            sighting = _make_sighting(event, is_final=False)
            if sighting and (sighting.act.log, sighting.act.sequence) == (log, sequence):
                return sighting
        return None

    def walk_statuses(self, log: str, *, after_sequence: int = 0) -> Iterator[PositionStatus]:
        """Walk through every status that an anchor of the log after `after_sequence` set, in the order of the anchors."""
        for row in self._walk_rows(queries.STATUSES, log=log, after=after_sequence):
            yield read_position(row)

    def walk_status_blocks(self, log: str) -> Iterator[StatusBlock]:
        """Walk through the stored blocks of the log's status tree, which is as of its newest final anchor."""
        for row in self._walk_rows(queries.BLOCKS, log=log):
            yield read_block(row)

    @contextmanager
    def open_newer(self) -> Iterator["ReplicaView"]:
        """Give the state that the replica is in now."""
        with open_snapshot(self._connection.engine) as connection:
            yield ReplicaView(connection)

    def list_file_faults(self) -> list[str]:
        """Return what the database says is wrong with the replica's own file."""
        return find_file_faults(self._connection)

    def _find_one(self, read_row: Callable[[RowMapping], T], query: Query, **parameters: object) -> T | None:
        row = self._connection.execute(query, parameters).mappings().first()
        return None if row is None else read_row(row)

    def _read_all(
        self, read_row: Callable[[RowMapping], T], query: Query, **parameters: object
    ) -> Iterator[T]:
        return (read_row(row) for row in self._connection.execute(query, parameters).mappings())

    def _walk_rows(self, query: Query, **parameters: object) -> Iterator[RowMapping]:
        options = {"yield_per": _PAGE_ROWS}
        result = self._connection.execute(query, parameters, execution_options=options)
        self._open_results.add(result)
        try:
            yield from result.mappings()
        finally:
            self._open_results.discard(result)
            result.close()

    def close_results(self) -> None:
        """Close what a caller walked through in part only; to be called before the transaction ends."""
        for result in tuple(self._open_results):
            result.close()

    def _recall(self, question: tuple[object, ...], ask: Callable[[], T]) -> T:
        """Answer a question once: within one state of the replica an answer never changes."""
        if question not in self._known_answers:
            if len(self._known_answers) >= _MAX_REMEMBERED:
                self._known_answers.clear()
            self._known_answers[question] = ask()
        return cast(T, self._known_answers[question])


def _make_sighting(event: ChainEvent, *, is_final: bool) -> Sighting | None:
    if event.event.kind != acts.Anchored.KIND:
        return None
    act = decode_act(event.event.kind, event.event.payload)
    assert isinstance(act, acts.Anchored)
    return Sighting(
        act,
        event.event.event_number,
        event.event.block_number,
        event.event.time,
        event.transaction_hash,
        is_final,
    )
