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
from ledger.records.records import lineage_of
from ledger.records.submissions import MAX_STATEMENT_SECONDS

#: Returns the leaf hash of the newest record of an identifier's lineage, as far as the department knows it.
FindNewestLeaf = Callable[[str], bytes | None]


def draft(
    lines: Iterable[bytes],
    target: Target,
    key: Signer,
    random: Callable[[int], bytes],
    now: int,
    *,
    read_file: Callable[[str], bytes] | None = None,
    find_newest_leaf: FindNewestLeaf | None = None,
    lifetime: int = MAX_STATEMENT_SECONDS,
    processes: int = 1,
) -> Draft:
    """Make a signed submission of input records of one issuer, as `prepare` judges them; rows are counted as lines from 1.

    `lifetime`: seconds until the statement expires. Raises: SubmissionRefused with the rows at fault.
    """
    unsigned_draft = prepare(
        enumerate(lines, 1),
        target,
        random,
        now,
        read_file=read_file,
        find_newest_leaf=find_newest_leaf,
        processes=processes,
    )
    return unsigned_draft.sign(key, lifetime)


def prepare(
    rows: Iterable[tuple[int, bytes]],
    target: Target,
    random: Callable[[int], bytes],
    now: int,
    *,
    read_file: Callable[[str], bytes] | None = None,
    find_newest_leaf: FindNewestLeaf | None = None,
    today: date | None = None,
    processes: int = 1,
) -> UnsignedDraft:
    """Judge input records of one issuer, each with the number by which a person knows it, and make all but the signature.

    `random` returns so many random bytes; `read_file` returns the content of a document by its path;
    `find_newest_leaf` finds `previous` where a row leaves it out and no row before it is of the same certificate.
    With `today`, the civil date, what is odd in what rows state is among the warnings. With more than one of
    `processes`, `random` and `read_file` go to each of them, and many rows are drafted there.
    Raises: SubmissionRefused with the rows at fault.
    """
    with ExitStack() as stack:
        spool = stack.enter_context(tempfile.SpooledTemporaryFile(limits.SPOOL_MEMORY_BYTES))
        row_drafter = RowDrafter(target, random, now, read_file, today)
        gathering = _Gathering(row_drafter, find_newest_leaf or (lambda _: None), spool)
        filled_rows = ((number, line) for number, line in rows if line.strip())
        for number, line, outcome in draft_rows(row_drafter, filled_rows, processes):
            gathering.add(number, line, outcome)
        unsigned_draft = gathering.finish()
        stack.pop_all()  # the draft closes the file from now on
        return unsigned_draft


class _Gathering:
    """The rows of a submission in the order of the input, and what only all of them together tell."""

    def __init__(
        self, row_drafter: RowDrafter, find_newest_leaf: FindNewestLeaf, spool_file: IO[bytes]
    ) -> None:
        self._row_drafter, self._spool_file = row_drafter, spool_file
        self._find_newest_leaf = find_newest_leaf
        self._newest_leaves: dict[str, bytes] = {}
        self._rows: list[SpooledRow] = []
        self._faults = Faults()
        self._warnings: list[RowWarning] = []
        self._warning_counts: Counter[str] = Counter()
        self._first_rows: dict[str, int] = {}
        self._issuer = ""
        self._change_count = 0
        self._offset = 0

    def add(self, number: int, line: bytes, outcome: Outcome) -> None:
        """Add the row on line `number`, which is drafted now where it was not; a fault is noted."""
        if self._faults.is_full:
            return
        outcome = outcome or self._row_drafter.draft(line, self)
        if isinstance(outcome, DraftedRow):
            outcome = self._check_others(number, outcome) or outcome
        if isinstance(outcome, RefusedRow):
            self._faults.add(number, outcome.problem, outcome.message)
        else:
            self._keep(number, outcome)

    def find_above(self, identifier: str) -> bytes | None:
        """Return the leaf hash of the newest record above of a certificate, None where no row is of it."""
        return self._newest_leaves.get(lineage_of(identifier))

    def find_newest(self, identifier: str) -> bytes | None:
        """Return the same, or else that of the newest record that the department knows."""
        return self.find_above(identifier) or self._find_newest_leaf(identifier)

    def finish(self) -> UnsignedDraft:
        """Order the rows. Raises: SubmissionRefused."""
        self._faults.refuse()
        count = len(self._rows)
        if not count:
            raise SubmissionRefused("wrong-count", "there is no record in the input")
        if count > MAX_SUBMISSION_RECORDS or self._change_count > MAX_STATUS_RECORDS:
            raise SubmissionRefused(
                "too-many-records",
                f"a submission has at most {MAX_SUBMISSION_RECORDS} records, of which {MAX_STATUS_RECORDS} may be "
                f"other than issue; here are {count} and {self._change_count}: split the input",
            )
        self._rows.sort(key=lambda row: row.leaf)
        target, now = self._row_drafter.target, self._row_drafter.now
        return UnsignedDraft(target, self._issuer, self._rows, self._spool_file, self._warnings, now)

    def _check_others(self, number: int, row: DraftedRow) -> RefusedRow | None:
        """Return what is wrong with a row beside those above it: another issuer, or the same certificate begun twice."""
        self._issuer = self._issuer or row.issuer
        if row.issuer != self._issuer:
            return RefusedRow(
                "issuer-mismatch",
                f"a submission is of one issuer, so far {self._issuer}, and this row is of {row.issuer}: "
                "sort the input by issuer",
            )
        first_row = self._first_rows.setdefault(row.lineage, number) if row.action == "issue" else number
        if first_row != number:
            return RefusedRow(
                "row-twice", f"{row.identifier} stands in row {first_row} already: take one of them out"
            )
        return None

    def _keep(self, number: int, row: DraftedRow) -> None:
        for oddity in row.oddities:
            self._warning_counts[oddity.name] += 1
            if self._warning_counts[oddity.name] <= MAX_ROW_ERRORS:
                self._warnings.append(RowWarning(number, oddity.name, oddity.message))
        self._spool_file.write(row.line)
        self._rows.append(SpooledRow(row.leaf, self._offset, len(row.line)))
        self._offset += len(row.line)
        self._newest_leaves[row.lineage] = row.leaf
        self._change_count += row.action != "issue"
