"""Audit of the lineages: each is replayed, and compared with its row and the chain.

Here they are read, with all that the replay needs; `anchoring.audit.register.replay` replays them, in several processes
where there are many, and says the same as in one.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from sqlalchemy import Row, Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from anchoring.audit.findings import Findings
from anchoring.audit.places import REGISTER
from anchoring.audit.register.books import BRING_BACK, Books, fetch_rows, select_numbered
from anchoring.audit.register.origins import Origins
from anchoring.audit.register.records import AuditedRecord, RecordOutcome, StatusDifference
from anchoring.audit.register.replay import AuditedLineage, Chunk, StoredRow, replay_chunk
from anchoring.processes.workers import map_in_order
from anchoring.register.missing import is_complete
from anchoring.register.tables import CHANGE, DISCLOSURE, LINEAGE, RECORD
from ledger.registry.status import Status, StatusTree

_RECORDS: Final = (
    select(RECORD.c.lineage, RECORD.c.position, RECORD.c.leaf, RECORD.c.body, DISCLOSURE.c.content)
    .select_from(RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position))
    .order_by(RECORD.c.lineage, RECORD.c.position)
)
_RECORD_COUNT: Final = select(func.count()).select_from(RECORD)
_LINEAGES: Final = select(LINEAGE).order_by(LINEAGE.c.first)
_CHANGES: Final = select(CHANGE.c.record, CHANGE.c.position, CHANGE.c.status)
_CHANGE_COUNT: Final = select(func.count()).select_from(CHANGE)
_STRAY_DISCLOSURES: Final = select(DISCLOSURE.c.position).where(
    DISCLOSURE.c.position.not_in(select(RECORD.c.position))
)
_STRAY_CHANGES: Final = select(CHANGE.c.record).where(CHANGE.c.record.not_in(select(RECORD.c.position)))
_CHUNK_RECORDS: Final = 1_000  # about a megabyte, and a twentieth of a second of one process
#: Fewer are replayed in less time than other processes take to start.
MIN_PARALLEL_RECORDS: Final = 20_000


def audit_lineages(
    books: Books, trees: Mapping[str, StatusTree], findings: Findings, *, processes: int = 1
) -> None:
    """Replay every lineage and compare it with its stored row and with the status tree that the chain's events make."""
    record_count = books.connection.execute(_RECORD_COUNT).scalar_one()
    if record_count < MIN_PARALLEL_RECORDS:
        processes = 1
    chunks = _Gathering(books, trees.get(books.log.name)).gather()
    change_count = 0
    for outcome in map_in_order(replay_chunk, chunks, processes):
        change_count += outcome.change_count
        _take_outcome(books, outcome, record_count, findings)
    _check_change_count(books, change_count, findings)
    for position in _walk_positions(books, _STRAY_DISCLOSURES):
        findings.add(
            "disclosure-stray", f"position {position}", "something is disclosed where there is no record"
        )
    for position in _walk_positions(books, _STRAY_CHANGES):
        findings.add(
            "change-stray", f"position {position}", "a change of status names a record that is not there"
        )


def _take_outcome(books: Books, outcome: RecordOutcome, record_count: int, findings: Findings) -> None:
    for sort, count in outcome.checked_counts.items():
        findings.look(sort, record_count if sort == "records replayed" else 0, count=count)
    for fault in outcome.faults:
        if isinstance(fault, StatusDifference):
            _report_difference(books, fault, findings)
        else:
            database = REGISTER if fault.table else ""
            findings.add(fault.slug, fault.place, fault.text, database=database, table=fault.table)


def _report_difference(books: Books, difference: StatusDifference, findings: Findings) -> None:
    position = difference.position
    if books.missing_by_position and not is_complete(books.connection, books.view, books.log.name, position):
        findings.leave(
            "records-missing", difference.place, f"its newest records are not back yet: {BRING_BACK}"
        )
    else:
        findings.add("status-differs", f"position {position}", difference.text)


def _check_change_count(books: Books, change_count: int, findings: Findings) -> None:
    """Check that no change is stored but those that were found to follow."""
    stored_count = books.connection.execute(_CHANGE_COUNT).scalar_one()
    if stored_count > change_count:
        text = f"{stored_count} changes of status are stored, the records make {change_count}"
        findings.add("change-stray", f"log {books.log.name}", text)


def _walk_positions(books: Books, query: Select[int]) -> Iterator[int]:
    return iter(books.connection.execute(query).scalars())


class _Gathering:
    """Reads lineages in the order of their first positions, and makes chunks of them."""

    def __init__(self, books: Books, tree: StatusTree | None) -> None:
        self._books, self._tree = books, tree
        self._origins = Origins(books)
        self._final_size = books.log_state.size if books.is_chain_known else 0
        self._contradictory_positions = {
            change.position for change in books.view.walk_statuses(books.log.name) if change.is_contradictory
        }

    def gather(self) -> Iterator[Chunk]:
        """Yield the chunks; where a row cannot be read, what was read before it, and then its error."""
        stored_lineages: list[AuditedLineage] = []
        record_count = 0
        try:
            for stored_lineage in self._read_lineages():
                stored_lineages.append(stored_lineage)
                record_count += len(stored_lineage.stored_records) or 1
                if record_count >= _CHUNK_RECORDS:
                    yield self._make_chunk(stored_lineages)
                    stored_lineages, record_count = [], 0
        except SQLAlchemyError:
            yield self._make_chunk(stored_lineages)
            raise
        yield self._make_chunk(stored_lineages)

    def _read_lineages(self) -> Iterator[AuditedLineage]:
        """Walk through rows and records of lineages side by side."""
        stored_rows = fetch_rows(self._books, _LINEAGES)
        row = next(stored_rows, None)
        for first_position, record_rows in groupby(
            fetch_rows(self._books, _RECORDS), key=attrgetter("lineage")
        ):
            while row is not None and row.first < first_position:
                yield AuditedLineage(row.first, _make_row(row), ())
                row = next(stored_rows, None)
            records = [self._make_record(record_row) for record_row in record_rows]
            if row is not None and row.first == first_position:
                yield AuditedLineage(first_position, _make_row(row), records)
                row = next(stored_rows, None)
            else:
                yield AuditedLineage(first_position, None, records)
        while row is not None:
            yield AuditedLineage(row.first, _make_row(row), ())
            row = next(stored_rows, None)

    def _make_record(self, row: Row[int, int, bytes, bytes, bytes | None]) -> AuditedRecord:
        _, position, leaf, record_bytes, disclosure_bytes = row
        return AuditedRecord(
            position, leaf, record_bytes, disclosure_bytes, self._origins.find_first(position)
        )

    def _make_chunk(self, stored_lineages: Sequence[AuditedLineage]) -> Chunk:
        """Add what the replay of these lineages needs of submissions, changes and the chain."""
        stored_records = [
            record for stored_lineage in stored_lineages for record in stored_lineage.stored_records
        ]
        changing_positions = [
            record.position
            for stored_lineage in stored_lineages
            if len(stored_lineage.stored_records) > 1
            for record in stored_lineage.stored_records
        ]
        changes: dict[int, list[tuple[int, int]]] = {}
        for record, position, status in select_numbered(
            self._books, _CHANGES, CHANGE.c.record, changing_positions
        ):
            changes.setdefault(record, []).append((position, status))
        positions = [record.position for record in stored_records if record.position < self._final_size]
        submissions = {
            record.submission_position for record in stored_records if record.submission_position is not None
        }
        return Chunk(
            stored_lineages,
            self._origins.read(submissions),
            changes,
            dict(self._find_chain_statuses(positions)),
            frozenset(self._contradictory_positions.intersection(positions)),
            self._final_size,
        )

    def _find_chain_statuses(self, positions: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Yield the positions that are not valid on the chain, with their statuses."""
        log_state = self._books.log_state
        for position in positions:
            if self._tree is not None:
                status = self._tree.get(position)
            else:
                newest_status = self._books.view.find_status(log_state.name, position, log_state.sequence)
                status = newest_status.status if newest_status else Status.VALID
            if status != Status.VALID:
                yield position, int(status)


def _make_row(row: Row[int, str, str, str, str, bytes, bytes, int, int]) -> StoredRow:
    first_position, name, kind, issuer, identifier, newest_leaf, current_leaf, position, status = row
    return first_position, name, kind, issuer, identifier, newest_leaf, current_leaf, position, status
