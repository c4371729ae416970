"""Draft a signed submission 登记批 of plain input records, one JSON object a line.

    {"kind": "licence", "action": "issue", "identifier": "…", "issuer": "…", "claims": {"ZZMC": "营业执照"},
     "documents"?: ["licence.ofd" or {"media_type", "size", "digest"}], "time"?, "issued"?, "valid_from"?,
     "valid_until"?: "2030-12-31" or "长期", "basis"?, "previous"?,
     "links"?: [{"rel": "sealed-by", "record": "sm3:…" or "identifier": that of a row above}]}

Masters and salts are drawn here and the private key is used here; the network is somebody else's business.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import date
from typing import IO

from anchoring import limits
from anchoring.errors import SubmissionRefused
from anchoring.intake.faults import MAX_ROW_ERRORS, Faults
from api.department.drafting_processes import Outcome, draft_rows
from api.department.drafts import Draft, SpooledRow, Target, UnsignedDraft
from api.department.row_drafts import DraftedRow, RefusedRow, RowDrafter
from api.department.rows.oddities import RowWarning
from ledger.crypto.keys import Signer
from ledger.limits import MAX_STATUS_RECORDS, MAX_SUBMISSION_RECORDS
from ledger.records.records import read_lineage
from ledger.records.submissions import MAX_STATEMENT_SECONDS

#: Returns the leaf hash of the newest record of an identifier's lineage, as far as the department knows it.
FindNewestLeaf = Callable[[str], bytes | None]


def draft(
    lines: Iterable[bytes],
    target: Target,
    signer: Signer,
    draw_bytes: Callable[[int], bytes],
    now: int,
    *,
    read_file: Callable[[str], bytes] | None = None,
    find_newest_leaf: FindNewestLeaf | None = None,
    lifetime_seconds: int = MAX_STATEMENT_SECONDS,
    process_count: int = 1,
) -> Draft:
    """Make a signed submission of input records of one issuer, as `prepare` judges them; rows are counted as lines from 1.

    `lifetime_seconds`: seconds until the statement expires. Raises: SubmissionRefused with the rows at fault.
    """
    unsigned_draft = prepare(
        enumerate(lines, 1),
        target,
        draw_bytes,
        now,
        read_file=read_file,
        find_newest_leaf=find_newest_leaf,
        process_count=process_count,
    )
    return unsigned_draft.sign(signer, lifetime_seconds)


def prepare(
    rows: Iterable[tuple[int, bytes]],
    target: Target,
    draw_bytes: Callable[[int], bytes],
    now: int,
    *,
    read_file: Callable[[str], bytes] | None = None,
    find_newest_leaf: FindNewestLeaf | None = None,
    today: date | None = None,
    process_count: int = 1,
) -> UnsignedDraft:
    """Judge input records of one issuer, each with the number by which a person knows it, and make all but the signature.

    `draw_bytes` returns so many random bytes; `read_file` returns the content of a document by its path;
    `find_newest_leaf` finds `previous` where a row leaves it out and no row before it is of the same certificate.
    With `today`, the civil date, what is odd in what rows state is among the warnings. With more than one of
    `process_count`, `draw_bytes` and `read_file` go to each of them, and many rows are drafted there.
    Raises: SubmissionRefused with the rows at fault.
    """
    with ExitStack() as spool_stack:
        spool_file = spool_stack.enter_context(tempfile.SpooledTemporaryFile(limits.SPOOL_MEMORY_BYTES))
        row_drafter = RowDrafter(target, draw_bytes, now, read_file, today)
        gathering = _Gathering(row_drafter, find_newest_leaf or (lambda _: None), spool_file)
        filled_rows = ((row_number, line) for row_number, line in rows if line.strip())
        for row_number, line, outcome in draft_rows(row_drafter, filled_rows, process_count):
            gathering.add(row_number, line, outcome)
        unsigned_draft = gathering.finish()
        spool_stack.pop_all()  # the draft closes the file from now on
        return unsigned_draft


class _Gathering:
    """The rows of a submission in the order of the input, and what only all of them together tell."""

    def __init__(
        self, row_drafter: RowDrafter, find_newest_leaf: FindNewestLeaf, spool_file: IO[bytes]
    ) -> None:
        self._row_drafter, self._spool_file = row_drafter, spool_file
        self._find_newest_leaf = find_newest_leaf
        self._newest_leaves: dict[str, bytes] = {}
        self._spooled_rows: list[SpooledRow] = []
        self._faults = Faults()
        self._warnings: list[RowWarning] = []
        self._warning_counts: Counter[str] = Counter()
        self._first_row_numbers: dict[str, int] = {}
        self._issuer = ""
        self._change_count = 0
        self._offset = 0

    def add(self, row_number: int, line: bytes, outcome: Outcome) -> None:
        """Add the row on line `row_number`, which is drafted now where it was not; a fault is noted."""
        if self._faults.is_full:
            return
        outcome = outcome or self._row_drafter.draft(line, self)
        if isinstance(outcome, DraftedRow):
            outcome = self._compare_with_rows_above(row_number, outcome) or outcome
        if isinstance(outcome, RefusedRow):
            self._faults.add(row_number, outcome.problem, outcome.message)
        else:
            self._keep(row_number, outcome)

    def find_above(self, identifier: str) -> bytes | None:
        """Return the leaf hash of the newest record above of a certificate, None where no row is of it."""
        return self._newest_leaves.get(read_lineage(identifier))

    def find_newest(self, identifier: str) -> bytes | None:
        """Return the same, or else that of the newest record that the department knows."""
        return self.find_above(identifier) or self._find_newest_leaf(identifier)

    def finish(self) -> UnsignedDraft:
        """Order the rows. Raises: SubmissionRefused."""
        self._faults.refuse()
        record_count = len(self._spooled_rows)
        if not record_count:
            raise SubmissionRefused("wrong-count", "there is no record in the input")
        if record_count > MAX_SUBMISSION_RECORDS or self._change_count > MAX_STATUS_RECORDS:
            raise SubmissionRefused(
                "too-many-records",
                f"a submission has at most {MAX_SUBMISSION_RECORDS} records, of which {MAX_STATUS_RECORDS} may be "
                f"other than issue; here are {record_count} and {self._change_count}: split the input",
            )
        self._spooled_rows.sort(key=lambda row: row.leaf)
        target, now = self._row_drafter.target, self._row_drafter.now
        return UnsignedDraft(target, self._issuer, self._spooled_rows, self._spool_file, self._warnings, now)

    def _compare_with_rows_above(self, row_number: int, drafted_row: DraftedRow) -> RefusedRow | None:
        """Return what is wrong with a row beside those above it: another issuer, or the same certificate begun twice."""
        self._issuer = self._issuer or drafted_row.issuer
        if drafted_row.issuer != self._issuer:
            return RefusedRow(
                "issuer-mismatch",
                f"a submission is of one issuer, so far {self._issuer}, and this row is of {drafted_row.issuer}: "
                "sort the input by issuer",
            )
        first_row_number = (
            self._first_row_numbers.setdefault(drafted_row.lineage, row_number)
            if drafted_row.action == "issue"
            else row_number
        )
        if first_row_number != row_number:
            return RefusedRow(
                "row-twice",
                f"{drafted_row.identifier} stands in row {first_row_number} already: take one of them out",
            )
        return None

    def _keep(self, row_number: int, drafted_row: DraftedRow) -> None:
        for oddity in drafted_row.oddities:
            self._warning_counts[oddity.name] += 1
            if self._warning_counts[oddity.name] <= MAX_ROW_ERRORS:
                self._warnings.append(RowWarning(row_number, oddity.name, oddity.message))
        self._spool_file.write(drafted_row.line)
        self._spooled_rows.append(SpooledRow(drafted_row.leaf, self._offset, len(drafted_row.line)))
        self._offset += len(drafted_row.line)
        self._newest_leaves[drafted_row.lineage] = drafted_row.leaf
        self._change_count += drafted_row.action != "issue"
