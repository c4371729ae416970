"""The rows of one submission between reading and writing, in bounded memory."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Final, NamedTuple

import cbor2

from anchoring import limits
from anchoring.errors import SubmissionRefused
from anchoring.intake.faults import FIRST_ROW, Faults, RowFault
from anchoring.intake.rows import Row, RowReader
from anchoring.register.search.facets import make_facets
from ledger.limits import MAX_STATUS_RECORDS
from ledger.records.submissions import Statement

# Of the records of a submission that do not begin a lineage: they are put in order in memory.
MAX_CHANGES_BYTES: Final = 32 * 2**20


class SpooledIssue(NamedTuple):
    """A record that begins a lineage, as it is spooled: its place in the submission, what is stored and found of it.

    `body` and `disclosure` are canonical bytes, each of `links` the relation and the leaf hash that it names; `facets`
    are `Facets`.
    """

    row_index: int
    leaf: bytes
    lineage: str
    kind: str
    identifier: str
    body: bytes
    disclosure: bytes | None
    links: Sequence[tuple[str, bytes]]
    facets: Sequence[str | None]
    terms: Sequence[int]


class Spool:
    """The checked rows of one submission: issues lie on disk in chunks, the few that follow other records in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._chunk: list[SpooledIssue] = []
        self._chunk_bytes = 0
        self._chunk_lengths: list[int] = []
        self.following_rows: list[Row] = []
        self._following_bytes = 0

    @property
    def is_urgent(self) -> bool:
        """Every record changes a status."""
        return not self._chunk_lengths and not self._chunk

    def add(self, row: Row) -> None:
        """Take a row. Raises: SubmissionRefused past the limit of status-changing records."""
        record = row.record
        if record.action != "issue":
            self._add_following(row)
            return
        self._chunk.append(
            SpooledIssue(
                row.index,
                row.leaf,
                record.lineage,
                record.kind,
                record.identifier,
                row.body,
                row.disclosure,
                [(link.rel, link.record) for link in record.links],
                make_facets(record),
                row.terms,
            )
        )
        self._chunk_bytes += _measure_row(row)
        if len(self._chunk) == limits.CHUNK_ROWS or self._chunk_bytes >= limits.CHUNK_BYTES:
            self._flush()

    def _add_following(self, row: Row) -> None:
        self.following_rows.append(row)
        self._following_bytes += _measure_row(row)
        if len(self.following_rows) > MAX_STATUS_RECORDS or self._following_bytes > MAX_CHANGES_BYTES:
            raise SubmissionRefused(
                "too-many-changes",
                f"more than {MAX_STATUS_RECORDS} records, or {MAX_CHANGES_BYTES:,} bytes of them, do not begin a "
                "lineage: split them into several submissions",
            )

    def issues(self) -> Iterator[list[SpooledIssue]]:
        """Return the issues in chunks, as `RecordWriter.issue` takes them."""
        self._flush()
        self._file.seek(0)
        for length in self._chunk_lengths:  # read at once: a decoder reads the file in pieces of 4 kB
            yield [SpooledIssue(*members) for members in cbor2.loads(self._file.read(length))]

    def _flush(self) -> None:
        if self._chunk:
            encoded_chunk = cbor2.dumps(self._chunk)
            self._file.write(encoded_chunk)
            self._chunk_lengths.append(len(encoded_chunk))
            self._chunk, self._chunk_bytes = [], 0


_REUSE_TEXT: Final = "has the same salt or master: draw one for each record, and another for its claims"


def _measure_row(row: Row) -> int:
    return len(row.body) + len(row.disclosure or b"")


def read_rows(reader: RowReader, lines: Iterator[bytes], statement: Statement, spool: Spool) -> list[bytes]:
    """Spool every row and return the leaf hashes in order. Raises: SubmissionRefused."""
    leaves: list[bytes] = []
    faults = Faults()
    line_count = 0
    for index, line in enumerate(islice(lines, statement.count + 1)):
        line_count += 1
        if faults.is_full or line_count > statement.count:
            break
        try:
            row = reader.read(index, line)
        except RowFault as fault:
            faults.add(index + FIRST_ROW, fault.problem, str(fault))
            continue
        leaves.append(row.leaf)
        spool.add(row)
    if not faults:
        for first_index, second_index in reader.drawn_values.find_repeats():
            faults.add(
                second_index + FIRST_ROW, "salt-reused", f"row {first_index + FIRST_ROW} {_REUSE_TEXT}"
            )
    faults.refuse()
    if line_count != statement.count:
        count_text = "more" if line_count > statement.count else f"only {line_count}"
        raise SubmissionRefused(
            "wrong-count",
            f"the statement speaks of {statement.count} records, {count_text} came: send exactly those that were signed",
        )
    return leaves
