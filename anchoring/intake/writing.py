"""Write the records of one submission, each after what its lineage says.

Records may follow one another within a submission, so the order is that of `previous`, not that of positions. Issues come
first and in any number; the others, which are few, are put in order lineage by lineage.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from anchoring.database.bulk import insert_many
from anchoring.intake.continuations import Continuations
from anchoring.intake.faults import FIRST_ROW, Faults
from anchoring.intake.notes import Notes
from anchoring.intake.rows import Row
from anchoring.intake.sealings import Sealings
from anchoring.intake.spool import SpooledIssue
from anchoring.register.content.erasing import drop_erased
from anchoring.register.content.undisclosed import note_undisclosed
from anchoring.register.lineages import StoredLineage, find_lineages_named, set_lineages
from anchoring.register.search.facets import make_facets
from anchoring.register.tables import CHANGE, DISCLOSURE, FACET, LINEAGE, LINK, RECORD, TERM
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import Suite
from ledger.encoding.canonical import decode
from ledger.errors import TransitionRefused
from ledger.records.lifecycle import Lineage, follow
from ledger.records.records import decode_record
from ledger.records.submissions import Statement
from ledger.registry.status import Status

_LinkRow = tuple[bytes, int, str]
_TermRow = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _PlacedRecord:
    """A record that follows another: its position, its lineage, and the position to which it gives a status."""

    row: Row
    position: int
    lineage_first_position: int
    target_position: int
    status: Status


class RecordWriter:
    """Writes the records of a statement whose positions begin at `first`; faults are collected, not raised.

    Records that are `is_anchored` were accepted before and come back, whatever rules are stricter now.
    """

    def __init__(
        self,
        connection: Connection,
        suite: Suite,
        statement: Statement,
        first_position: int,
        *,
        is_anchored: bool = False,
    ) -> None:
        self._connection, self._suite, self._first_position = connection, suite, first_position
        self._statement = statement
        self._issuer, self._key_id = statement.issuer, statement.key_id
        self._is_anchored = is_anchored
        self._sealings, self._notes = Sealings(), Notes(statement.issuer)
        self._continuations = Continuations()
        self._changed_positions: set[int] = set()
        self._undisclosed_leaves: dict[int, bytes] = {}  # by position
        self.faults = Faults()

    @property
    def change_count(self) -> int:
        """How many positions change their status."""
        return len(self._changed_positions)

    def check_links(self, now: int) -> None:
        """Check what the records link to, once all are written. Raises: SubmissionRefused."""
        self._sealings.check(self._connection, now)
        self._notes.check(self._connection)
        self._continuations.check(self._connection)

    def write_issues(self, chunk: Sequence[SpooledIssue]) -> None:
        """Write records that begin a lineage each."""
        if self.faults.is_full:
            return
        known_lineages = find_lineages_named(self._connection, [issue.lineage for issue in chunk])
        record_rows, disclosure_rows, lineage_rows, facet_rows = [], [], [], []
        term_rows: list[_TermRow] = []
        link_rows: list[_LinkRow] = []
        for issue in chunk:
            name, leaf, position = issue.lineage, issue.leaf, self._first_position + issue.row_index
            if name in known_lineages:
                self._refuse(issue.row_index, known_lineages[name], issue.body, leaf)
                continue
            lineage = Lineage(issue.kind, self._issuer, issue.identifier, leaf, leaf, Status.VALID)
            known_lineages[name] = StoredLineage(lineage, name, position, position)
            record_rows.append((position, leaf, position, issue.body))
            facet_rows.append((position, position, self._first_position, self._key_id, *issue.facets))
            term_rows += [(term, position) for term in issue.search_terms]
            lineage_rows.append(
                (
                    position,
                    name,
                    issue.kind,
                    self._issuer,
                    issue.identifier,
                    leaf,
                    leaf,
                    position,
                    int(Status.VALID),
                )
            )
            if issue.disclosure is not None:
                disclosure_rows.append((position, issue.disclosure))
            else:
                self._undisclosed_leaves[position] = leaf
            if issue.links:
                link_rows += _make_link_rows(position, issue.links)
                self._note_links(issue.row_index, issue.kind, issue.links, issue.disclosure)
        insert_many(self._connection, RECORD, record_rows)
        insert_many(self._connection, LINEAGE, lineage_rows)
        insert_many(self._connection, DISCLOSURE, disclosure_rows)
        insert_many(self._connection, LINK, link_rows)
        self._write_search(facet_rows, term_rows)

    def write_following(self, rows: Sequence[Row]) -> None:
        """Write records that follow others, each lineage in the order of its chain. All issues must be written before."""
        rows_by_lineage: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            rows_by_lineage[row.record.lineage].append(row)
        known_lineages = find_lineages_named(self._connection, list(rows_by_lineage))
        placed_records: list[_PlacedRecord] = []
        for name, lineage_rows in rows_by_lineage.items():
            for row in _order_rows(known_lineages.get(name), lineage_rows):
                if lineage_and_record := self._place_following(known_lineages.get(name), row):
                    known_lineages[name], placed_record = lineage_and_record
                    placed_records.append(placed_record)
        if placed_records and not self.faults:
            self._write(placed_records)
            set_lineages(self._connection, (known_lineages[name] for name in rows_by_lineage))

    def note_undisclosed(self, key: PrivateKey | None) -> None:
        """Destroy again what was erased before and came back; let the node sign which records came without their claims."""
        first_position = self._first_position
        erased_positions = drop_erased(
            self._connection, first_position, first_position + self._statement.record_count
        )
        leaves = [
            leaf
            for position, leaf in sorted(self._undisclosed_leaves.items())
            if position not in erased_positions
        ]
        note_undisclosed(self._connection, first_position, self._statement.root, self._suite, leaves, key)

    def _place_following(
        self, lineage_before: StoredLineage | None, row: Row
    ) -> tuple[StoredLineage, _PlacedRecord] | None:
        """Return the lineage after a record, and the record with its place; None where it may not follow."""
        try:
            lineage, change = follow(
                lineage_before.lineage if lineage_before else None,
                row.record,
                row.leaf,
                is_anchored=self._is_anchored,
            )
        except TransitionRefused as error:
            self.faults.add(row.index + FIRST_ROW, "transition-refused", str(error))
            return None
        assert lineage_before is not None
        assert change is not None  # only an issue changes nothing
        target_position, position = lineage_before.current_position, self._first_position + row.index
        if target_position in self._changed_positions:
            description = f"{lineage_before.lineage.identifier} changes its status twice in this submission"
            self.faults.add(
                row.index + FIRST_ROW,
                "changed-twice",
                f"{description}: send the later change in another submission",
            )
            return None
        self._changed_positions.add(target_position)
        current_position = position if lineage.current_leaf == row.leaf else target_position
        lineage_after = StoredLineage(
            lineage, lineage_before.name, lineage_before.first_position, current_position
        )
        return lineage_after, _PlacedRecord(
            row, position, lineage_before.first_position, target_position, change.status
        )

    def _note_links(
        self, index: int, kind: str, links: Sequence[tuple[str, bytes]], disclosure_bytes: bytes | None
    ) -> None:
        self._sealings.add(index, kind, links)
        self._notes.add(index, links, disclosure_bytes)
        self._continuations.add(index, links)

    def _write(self, placed_records: list[_PlacedRecord]) -> None:
        record_rows, change_rows, disclosure_rows, facet_rows = [], [], [], []
        term_rows: list[_TermRow] = []
        link_rows: list[_LinkRow] = []
        for placed_record in placed_records:
            row, position, lineage_first_position = (
                placed_record.row,
                placed_record.position,
                placed_record.lineage_first_position,
            )
            record_rows.append((position, row.leaf, lineage_first_position, row.body))
            facets = make_facets(row.record)
            facet_rows.append((position, lineage_first_position, self._first_position, self._key_id, *facets))
            term_rows += [(term, position) for term in row.search_terms]
            change_rows.append((position, placed_record.target_position, int(placed_record.status)))
            if row.disclosure is not None:
                disclosure_rows.append((position, row.disclosure))
            elif row.record.claims is not None:
                self._undisclosed_leaves[position] = row.leaf
            links = [(link.rel, link.record) for link in row.record.links]
            link_rows += _make_link_rows(position, links)
            self._note_links(row.index, row.record.kind, links, row.disclosure)
        insert_many(self._connection, RECORD, record_rows)
        insert_many(self._connection, CHANGE, change_rows)
        insert_many(self._connection, DISCLOSURE, disclosure_rows)
        insert_many(self._connection, LINK, link_rows)
        self._write_search(facet_rows, term_rows)

    def _write_search(self, facet_rows: Sequence[tuple[object, ...]], term_rows: Sequence[_TermRow]) -> None:
        """Write by what the records are found: the terms in the order of their table, where each has its place."""
        insert_many(self._connection, FACET, facet_rows)
        insert_many(self._connection, TERM, sorted(term_rows))

    def _refuse(self, index: int, stored_lineage: StoredLineage, body: bytes, leaf: bytes) -> None:
        if (
            stored_lineage.first_position >= self._first_position
        ):  # nothing was registered before: the same stands twice here
            description = f"{stored_lineage.lineage.identifier} is issued twice in this submission: take one of them out"
            self.faults.add(index + FIRST_ROW, "transition-refused", description)
            return
        try:
            follow(stored_lineage.lineage, decode_record(decode(body)), leaf)
        except TransitionRefused as error:
            self.faults.add(index + FIRST_ROW, "transition-refused", str(error))


def _make_link_rows(position: int, links: Iterable[tuple[str, bytes]]) -> Iterable[_LinkRow]:
    """Return the rows of a record's links, once each: a record may say the same twice."""
    return dict.fromkeys((target, position, rel) for rel, target in links)


def _order_rows(stored_lineage: StoredLineage | None, rows: list[Row]) -> list[Row]:
    """Order the rows of one lineage by their chain; those that are not on it come last and will be refused."""
    rows_by_previous = {row.record.previous: row for row in rows}
    ordered_rows: list[Row] = []
    newest_leaf = stored_lineage.lineage.newest_leaf if stored_lineage else None
    while newest_leaf in rows_by_previous:
        ordered_rows.append(rows_by_previous.pop(newest_leaf))
        newest_leaf = ordered_rows[-1].leaf
    ordered_indexes = {row.index for row in ordered_rows}
    return ordered_rows + [row for row in rows if row.index not in ordered_indexes]
