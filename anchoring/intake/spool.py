"""The rows of one submission between reading and writing, in bounded memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Final, NamedTuple, Self

import cbor2

from anchoring.errors import SubmissionRefused
from anchoring.intake.rows import Row
from anchoring.register.search.facets import make_facets
from ledger.limits import MAX_STATUS_RECORDS

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
    search_terms: Sequence[int]

    @classmethod
    def of_row(cls, row: Row) -> Self:
        record = row.record
        return cls(
            row.index,
            row.leaf,
            record.lineage,
            record.kind,
            record.identifier,
            row.body,
            row.disclosure,
            [(link.rel, link.record) for link in record.links],
            make_facets(record),
            row.search_terms,
        )


def encode_issues(issues: Sequence[SpooledIssue]) -> bytes:
    """Return records that begin a lineage as a spool takes them, all together; nothing for none."""
    return cbor2.dumps(issues) if issues else b""


class Spool:
    """The checked rows of one submission: issues lie on disk in chunks, the few that follow other records in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._chunk_lengths: list[int] = []
        self.following_rows: list[Row] = []
        self._following_bytes = 0

    @property
    def is_urgent(self) -> bool:
        """Every record changes a status."""
        return not self._chunk_lengths

    def add(self, encoded_issues: bytes, following_rows: Iterable[Row]) -> None:
        """Take the rows of a chunk. Raises: SubmissionRefused past the limit of status-changing records."""
        if encoded_issues:
            self._file.write(encoded_issues)
            self._chunk_lengths.append(len(encoded_issues))
        for row in following_rows:
            self._add_following(row)

    def _add_following(self, row: Row) -> None:
        self.following_rows.append(row)
        self._following_bytes += len(row.body) + len(row.disclosure or b"")
        if len(self.following_rows) > MAX_STATUS_RECORDS or self._following_bytes > MAX_CHANGES_BYTES:
            raise SubmissionRefused(
                "too-many-changes",
                f"more than {MAX_STATUS_RECORDS} records, or {MAX_CHANGES_BYTES:,} bytes of them, do not begin a "
                "lineage: split them into several submissions",
            )

    def read_issues(self) -> Iterator[list[SpooledIssue]]:
        """Return the issues in chunks, as `RecordWriter.issue` takes them."""
        self._file.seek(0)
        for chunk_length in self._chunk_lengths:  # read at once: a decoder reads the file in pieces of 4 kB
            yield [SpooledIssue(*members) for members in cbor2.loads(self._file.read(chunk_length))]
