"""Copies of other logs' public entries, and what became of the entries of each anchor.

They lie beside the replica, and the monitor alone writes them. They are copies of what anybody may have, checked
against the anchors; verification asks them whether an entry was anchored before, and nothing else. A log's anchors are
walked once, in order; each that let the log grow has a row from then on. That entries are withheld is stored nowhere:
it follows from when a node of their city was asked for them in vain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from anchoring import limits
from anchoring.database.engine import begin_transaction, hold_tables, insert_missing, open_snapshot
from anchoring.database.stored import reading_row
from anchoring.monitor import queries
from anchoring.monitor.queries import Query
from anchoring.monitor.tables import ANCHOR, ENTRY, LOG, METADATA, SCHEMA, SCHEMA_NUMBER, Publication
from anchoring.replica.reading import ReplicaView
from ledger.encoding.canonical import decode
from ledger.records.submissions import Entry, decode_entry
from ledger.registry.trust import MAX_OCCURRENCES, Anchor, Occurrence, Occurrences
from ledger.verification.entries import Fault

# no entries are put off for longer: a city that comes back is noticed in time
LONGEST_PAUSE_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Copy:
    """An entry of another log: its first position, the sequence of its anchor, and the node that it came from."""

    log: str
    first_position: int
    sequence: int
    source_name: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class AnchorEntries:
    """What is known of the entries of one anchor: `late_seconds`, seconds from the anchor, where they had been withheld.

    They are asked for next at `due_at`, None where that is settled. `asked_at`: when a node of their city was last asked for
    them in vain; `answered_at`: when one was reached and gave none; None where none ever was. In seconds since 1970.
    """

    state: Publication
    attempt_count: int
    due_at: int | None
    asked_at: int | None
    answered_at: int | None
    late_seconds: int
    findings: tuple[str, ...]


class EntryCopies:
    """The copies in the database of a replica. `grace_seconds` is how long after the anchor entries may come, in seconds."""

    def __init__(self, engine: Engine, grace_seconds: int = limits.WITHHELD_SECONDS) -> None:
        self._engine, self.grace_seconds = engine, grace_seconds
        self._has_tables = False

    def prepare(self) -> None:
        """Create the tables where they are missing or of another schema."""
        if self._has_tables:
            return
        with begin_transaction(self._engine) as connection:
            hold_tables(connection)
            if not _is_current(connection):
                METADATA.drop_all(connection)
                METADATA.create_all(connection)
                connection.execute(insert(SCHEMA_NUMBER), [{"number": SCHEMA}])
        self._has_tables = True

    # -- What pages, receipts and other cities ask; empty before the monitor has run. `now` in seconds since 1970 --

    def find_anchor_entries(self, log: str, sequence: int, now: int) -> AnchorEntries | None:
        """Return what is known of the entries of an anchor; None where it was not walked yet or did not let the log grow."""
        return self.list_anchor_entries(log, sequence, sequence, now).get(sequence)

    def list_anchor_entries(
        self, log: str, first_sequence: int, last_sequence: int, now: int
    ) -> dict[int, AnchorEntries]:
        """Return what is known of the entries of a log's anchors, by sequence."""
        rows = self._read_rows(
            queries.OF_ANCHORS,
            log=log,
            lowest=first_sequence,
            highest=last_sequence,
            now=now,
            grace=self.grace_seconds,
        )
        return {row["sequence"]: _read_anchor_entries(row) for row in rows}

    def count_states(self, now: int) -> dict[str, dict[Publication, int]]:
        """Return how many anchors are in each state, by log: figures for pages and metrics."""
        counts_by_log: dict[str, dict[Publication, int]] = {}
        for row in self._read_rows(queries.COUNTS, now=now, grace=self.grace_seconds):
            with reading_row(ANCHOR, f"log {row['log']}"):
                counts_by_log.setdefault(row["log"], {})[Publication(row["state"])] = row["number"]
        return counts_by_log

    def find_worst(self, logs: Iterable[str], now: int) -> dict[str, Publication]:
        """Return the worst state of any anchor of each of `logs`; those that were not walked yet are awaited."""
        counts_by_log = self.count_states(now)
        return {log: next((state for state in _WORST_FIRST if counts_by_log.get(log, {}).get(state)), Publication.AWAITED)
                for log in logs}  # fmt: skip

    def list_page(self, log: str, position: int, limit: int) -> list[Copy]:
        """Return copies that begin at `position` or beyond, in the order of positions."""
        return [
            _read_copy(row) for row in self._read_rows(queries.PAGE, log=log, position=position, limit=limit)
        ]

    def find_entry(self, log: str, position: int) -> tuple[int, Entry] | None:
        """Return the entry whose records include `position`, with its own first position; None where no copy is here."""
        rows = self._read_rows(queries.LAST_UP_TO, log=log, position=position)
        copy = _read_copy(rows[0]) if rows else None
        if copy is None or position >= copy.first_position + copy.entry.statement.record_count:
            return None
        return copy.first_position, copy.entry

    def find_occurrences(self, view: ReplicaView, log: str, root: bytes, sequence: int) -> Occurrences | None:
        """Return which copies state the root; None of a log that is not watched.

        An `EntrySource`: what it says is of the same state as the replica, in whose database the copies lie.
        """
        connection, limit = view.connection, MAX_OCCURRENCES + 1
        try:
            walked_rows = self._read_rows_in(connection, queries.WALKED_SEQUENCE, log=log)
            rows = self._read_rows_in(connection, queries.OCCURRENCES, log=log, root=root, limit=limit)
            lacking_rows = self._read_rows_in(connection, queries.MISSING_ENTRIES, log=log, sequence=sequence)
        except DBAPIError:  # verification does without copies that are damaged
            return None
        if not walked_rows:
            return None
        occurrences = (Occurrence(row["sequence"], row["first"], row["entry"]) for row in rows)
        return Occurrences(tuple(occurrences), walked_rows[0]["walked"] >= sequence and not lacking_rows)

    # -- What the monitor writes --

    def find_walked_sequence(self, log: str) -> int:
        """Return the newest sequence of the log that was walked."""
        rows = self._read_rows(queries.WALKED_SEQUENCE, log=log)
        return rows[0]["walked"] if rows else 0

    def walk(self, log: str, anchors: Sequence[Anchor], now: int) -> None:
        """Take in the next anchors of a log; the entries of those that let it grow are awaited from now on."""
        rows = [
            {"log": log, "sequence": anchor.sequence, "anchored": anchor.time, "state": Publication.AWAITED, "attempts": 0,
             "due": now, "late": 0, "findings": "[]"}
            for anchor in anchors
            if anchor.size > anchor.size_before
        ]  # fmt: skip
        with begin_transaction(self._engine) as connection:
            insert_missing(connection, ANCHOR, rows)
            connection.execute(delete(LOG).where(LOG.c.name == log))
            connection.execute(insert(LOG), [{"name": log, "walked": anchors[-1].sequence}])

    def list_due(self, log: str, now: int, limit: int) -> list[int]:
        """Return sequences whose entries are to be asked for now, in ascending order."""
        latest_due = now + LONGEST_PAUSE_SECONDS
        return sorted(
            row["sequence"]
            for row in self._read_rows(
                queries.DUE_SEQUENCES, log=log, now=now, latest_due=latest_due, limit=limit
            )
        )

    def keep(
        self, anchor: Anchor, entries: Sequence[Entry], source: str, faults: Sequence[Fault], now: int
    ) -> None:
        """Keep the entries of an anchor, which fold to its root; settled, whatever else is wrong with them."""
        known_entries = self.find_anchor_entries(anchor.log, anchor.sequence, now)
        # Whether a node out of reach did not publish or we were cut off, nobody can tell: nothing stays of that.
        was_refused = (
            known_entries is not None and (known_entries.answered_at or 0) >= anchor.time + self.grace_seconds
        )
        late_seconds = (
            now - anchor.time
            if known_entries and known_entries.state is Publication.WITHHELD and was_refused
            else 0
        )
        rows, position = [], anchor.size_before
        for entry in entries:
            row_start = {"log": anchor.log, "first": position, "sequence": anchor.sequence}
            rows.append(row_start | {"root": entry.statement.root, "source": source, "entry": entry.encode()})
            position += entry.statement.record_count
        state = Publication.FAULTY if faults else Publication.PUBLISHED
        texts = [
            f"position {fault.position}: {fault.text} ({fault.reason})" for fault in faults[:MAX_FINDINGS]
        ]
        with begin_transaction(self._engine) as connection:
            insert_missing(connection, ENTRY, rows)
            _set_columns(
                connection, anchor, state=state, due=None, late=late_seconds, findings=_encode_texts(texts)
            )

    def put_off(
        self,
        anchor: Anchor,
        findings: Sequence[str],
        attempt_count: int,
        due_at: int,
        *,
        asked_at: int | None = None,
        was_answered: bool = False,
        is_faulty: bool = False,
    ) -> None:
        """Note that the entries of an anchor were asked for in vain, why, and when to ask again.

        `asked_at`: when, where a node of their city was; `was_answered`: one was reached. Where none was, their state stays.
        """
        values: dict[str, object] = {
            "findings": _encode_texts(findings),
            "attempts": attempt_count,
            "due": due_at,
        }
        if asked_at is not None:
            values |= {"asked": asked_at}
        if was_answered:
            values |= {
                "state": Publication.FAULTY if is_faulty else Publication.AWAITED,
                "answered": asked_at,
            }
        with begin_transaction(self._engine) as connection:
            _set_columns(connection, anchor, **values)

    def _read_rows(self, query: Query, **parameters: object) -> Sequence[RowMapping]:
        with open_snapshot(self._engine) as connection:
            return self._read_rows_in(connection, query, **parameters)

    def _read_rows_in(
        self, connection: Connection, query: Query, **parameters: object
    ) -> Sequence[RowMapping]:
        if not self._has_tables and not _is_current(connection):
            return ()
        self._has_tables = True
        return connection.execute(query, parameters).mappings().all()


_WORST_FIRST: Final = (Publication.FAULTY, Publication.WITHHELD, Publication.AWAITED, Publication.PUBLISHED)
MAX_FINDINGS: Final = 20  # kept of one anchor: the first show what is going on


def _is_current(connection: Connection) -> bool:
    has_table = inspect(connection).has_table(SCHEMA_NUMBER.name)
    return has_table and connection.execute(select(SCHEMA_NUMBER.c.number)).scalar_one_or_none() == SCHEMA


def _set_columns(connection: Connection, anchor: Anchor, **values: object) -> None:
    anchor_update = update(ANCHOR).where(*queries.SAME_ANCHOR).values(**values)
    connection.execute(anchor_update, {"of_log": anchor.log, "of_sequence": anchor.sequence})


def _encode_texts(texts: Sequence[str]) -> str:
    return orjson.dumps(list(texts)).decode()


def _read_anchor_entries(row: RowMapping) -> AnchorEntries:
    with reading_row(ANCHOR, f"anchor {row['sequence']} of {row['log']}"):
        return AnchorEntries(
            state=Publication(row["state"]),
            attempt_count=row["attempts"],
            due_at=row["due"],
            asked_at=row["asked"],
            answered_at=row["answered"],
            late_seconds=row["late"],
            findings=tuple(orjson.loads(row["findings"])),
        )


def _read_copy(row: RowMapping) -> Copy:
    with reading_row(ENTRY, f"log {row['log']}, first {row['first']}"):
        return Copy(
            log=row["log"],
            first_position=row["first"],
            sequence=row["sequence"],
            source_name=row["source"],
            entry=decode_entry(decode(row["entry"])),
        )
