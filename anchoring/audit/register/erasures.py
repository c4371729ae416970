"""Audit of what records disclose no longer, or never did: signed for, or deleted.

A record that states claims discloses them here, or was erased on order under the node's signature and counted, or came
without them, which the node signed as well. Anything else was deleted.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson
from sqlalchemy import RowMapping, or_, select

from anchoring.audit.findings import Findings
from anchoring.audit.register.books import Books, walk_rows
from anchoring.audit.register.submissions import RunningRoot
from anchoring.register.access.tallies import ERASURES, read_tally
from anchoring.register.content.undisclosed import Undisclosed, read_undisclosed
from anchoring.register.tables import DISCLOSURE, ERASURE, RECORD, SUBMISSION, TALLY, UNDISCLOSED
from ledger.crypto.keys import PublicKey
from ledger.crypto.suites import Suite
from ledger.errors import MalformedInput
from ledger.records.erasures import SignedErasure, decode_signed_erasure

_ABSENT: Final = (
    select(
        RECORD.c.position,
        RECORD.c.body,
        RECORD.c.leaf,
        DISCLOSURE.c.position.label("disclosed"),
        ERASURE.c.number,
    )
    .select_from(
        RECORD.outerjoin(DISCLOSURE, RECORD.c.position == DISCLOSURE.c.position).outerjoin(
            ERASURE, RECORD.c.leaf == ERASURE.c.leaf
        )
    )
    .where(or_(DISCLOSURE.c.position.is_(None), ERASURE.c.leaf.is_not(None)))
    .order_by(RECORD.c.position)
)
_ERASURES: Final = select(ERASURE).order_by(ERASURE.c.number)
_SUBMISSIONS: Final = select(SUBMISSION.c.first, SUBMISSION.c.root).order_by(SUBMISSION.c.first)
_NOTES: Final = select(UNDISCLOSED).order_by(UNDISCLOSED.c.first)
_TALLY: Final = select(TALLY).where(TALLY.c.name == ERASURES)
_KEPT: Final = "in `erasures/` beside the register"
_AGAIN: Final = "run `shunzheng erase DIRECTORY --again`"


def audit_erasures(
    books: Books,
    keys: Mapping[bytes, PublicKey],
    kept_erasures: Iterable[SignedErasure],
    findings: Findings,
) -> None:
    """Check that the node signed for whatever is absent, under one of `keys`; `kept_erasures` lie beside the register.

    1. Every erasure is signed, of a record of this log, and counted. 2. What was erased is gone. 3. What is absent besides
    came so. 4. The erasures that are kept beside the register are known to it.
    """
    erased_leaves = _check_erasures(books, keys, findings)  # 1
    absences = _Absences(books)
    for row in walk_rows(books, _ABSENT):
        _check_absence(row, absences, findings)  # 2
    absences.compare(keys, findings)  # 3
    for signed_erasure in kept_erasures:  # 4
        findings.look("kept erasures")
        if signed_erasure.erasure.leaf not in erased_leaves:
            _report_unknown(signed_erasure, books, keys, findings)


def _check_erasures(books: Books, keys: Mapping[bytes, PublicKey], findings: Findings) -> set[bytes]:
    """Check the erasures, and return the leaf hashes of the records that they are of."""
    erased_leaves, last_number = set(), 0
    for row in walk_rows(books, _ERASURES):
        findings.look("erasures")
        place = f"erasure {row['number']}"
        if row["number"] != last_number + 1:
            findings.add("erasure-missing", place, "an erasure before it is not there: it was deleted")
        last_number = row["number"]
        erased_leaves.add(row["leaf"])
        _check_erasure(row, place, books, keys, findings)
    _compare_tally(books, last_number, findings)
    return erased_leaves


def _check_erasure(
    row: RowMapping, place: str, books: Books, keys: Mapping[bytes, PublicKey], findings: Findings
) -> None:
    try:
        signed_erasure = decode_signed_erasure(row["content"])
    except MalformedInput as error:
        findings.add("erasure-altered", place, f"it cannot be read: {error}")
        return
    if signed_erasure.erasure.leaf != row["leaf"] or not _is_of_log(signed_erasure, books):
        findings.add("erasure-altered", place, "it is of another record than its row says, or of another log")
    _check_signature(signed_erasure, place, keys, findings)


def _report_unknown(
    signed_erasure: SignedErasure, books: Books, keys: Mapping[bytes, PublicKey], findings: Findings
) -> None:
    """Report an erasure that is kept beside the register, and that the register does not know of."""
    place = f"record {signed_erasure.erasure.leaf.hex()}"
    if not _is_of_log(signed_erasure, books):
        findings.add(
            "erasure-altered", place, f"the file of its erasure {_KEPT} is of another log: take it away"
        )
    elif _check_signature(signed_erasure, place, keys, findings):
        text = (
            f"its erasure is kept {_KEPT}, and the register does not know of it, as after a restore: {_AGAIN}"
        )
        findings.add("erasure-missing", place, text)


def _is_of_log(signed_erasure: SignedErasure, books: Books) -> bool:
    erasure = signed_erasure.erasure
    return (erasure.registry, erasure.log) == (books.log.registry_name, books.log.name)


def _check_signature(
    signed_erasure: SignedErasure, place: str, keys: Mapping[bytes, PublicKey], findings: Findings
) -> bool:
    """Report a signature that no node of this city is known to have made; tell whether one may have."""
    erasure = signed_erasure.erasure
    if (key := keys.get(erasure.key_id)) is None:
        text = f"no node of this city is known to have the key 0x{erasure.key_id.hex()} that signed it"
        findings.leave("key-unknown", place, text)
    elif not key.verify(erasure.encode(), signed_erasure.signature):
        findings.add("erasure-altered", place, "no node signed it so: what it is of may have been deleted")
        return False
    return True


def _compare_tally(books: Books, last_number: int, findings: Findings) -> None:
    """Compare the last number with the count, whose signature is checked where those of tokens and looks are."""
    row = books.connection.execute(_TALLY).mappings().first()
    if row is None:
        if last_number:
            findings.add("tally-missing", "erasures", "nothing counts the erasures: that was deleted")
        return
    total = read_tally(row).total
    if total > last_number:
        text = (
            f"{total} erasures were counted, the last that is there is {last_number}: later ones were deleted"
        )
        findings.add("erasure-missing", "erasures", text)
    elif total < last_number:
        text = f"{total} erasures were counted, and there is one of the number {last_number}"
        findings.add("erasure-altered", "erasures", text)


def _check_absence(row: RowMapping, absences: "_Absences", findings: Findings) -> None:
    place = f"position {row['position']}"
    if row["number"] is not None:
        if row["disclosed"] is not None:
            text = f"what it discloses was erased on order, and is here again: {_AGAIN}"
            findings.add("erasure-undone", place, text)
    elif _states_claims(row["body"]):
        absences.add(row["position"], row["leaf"])


def _states_claims(body: bytes) -> bool:
    """Tell whether a record states claims; of one that cannot be read that is said elsewhere."""
    try:
        return "claims" in orjson.loads(body)
    except (orjson.JSONDecodeError, TypeError):
        return False


@dataclass(slots=True)
class _Absence:
    """The records of a submission that are here without what they claim: how many, the root over them, the first one."""

    first_position: int
    root: RunningRoot
    count: int = 0


@dataclass(slots=True)
class _Absences:
    """What is absent, by the submissions."""

    books: Books
    _roots_by_first: dict[int, bytes] = field(default_factory=dict)
    _absences: dict[int, _Absence] = field(default_factory=dict)
    _firsts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for row in walk_rows(self.books, _SUBMISSIONS):
            self._roots_by_first[row["first"]] = row["root"]
        self._firsts = list(self._roots_by_first)

    def add(self, position: int, leaf: bytes) -> None:
        """Note an absence; a record of no submission is a finding of its own."""
        index = bisect_right(self._firsts, position) - 1
        if index < 0:
            return
        absence = self._absences.setdefault(self._firsts[index], _Absence(position, RunningRoot(self._suite)))
        absence.root.add(leaf)
        absence.count += 1

    @property
    def _suite(self) -> Suite:
        return self.books.log.suite

    def compare(self, keys: Mapping[bytes, PublicKey], findings: Findings) -> None:
        """Compare what is absent with what the node signed that it came without."""
        notes = {row["first"]: read_undisclosed(row) for row in walk_rows(self.books, _NOTES)}
        for first, absence in self._absences.items():
            findings.look("undisclosed records", count=absence.count)
            self._judge(absence, notes.get(first), first, keys, findings)
        for first in self._list_stray(notes):
            text = "records are said to have come without their claims, and are here with them, or not here"
            findings.add("undisclosed-altered", f"position {first}", text)

    def _list_stray(self, notes: Mapping[int, Undisclosed]) -> Iterator[int]:
        yield from sorted(notes.keys() - self._absences.keys() - self.books.missing_by_position.keys())

    def _judge(
        self,
        absence: _Absence,
        note: Undisclosed | None,
        first: int,
        keys: Mapping[bytes, PublicKey],
        findings: Findings,
    ) -> None:
        place = f"position {absence.first_position}"
        if note is None:
            text = (
                f"it and {absence.count - 1} more records of its submission came with what they claim, which is "
                "not here any more: it was deleted, and not erased on order"
            )
            findings.add("disclosure-missing", place, text)
        elif note.signature is None or note.key is None:
            text = (
                f"nobody vouches that it and {absence.count - 1} more records of its submission came without what they "
                "claim: it may have been deleted"
            )
            findings.leave("undisclosed-unsigned", place, text)
        elif (key := keys.get(note.key)) is None:
            text = f"no node of this city is known to have the key 0x{note.key.hex()} that signed what it came without"
            findings.leave("key-unknown", place, text)
        elif not key.verify(note.encode(self._roots_by_first[first]), note.signature):
            text = "the node did not sign that its submission came without so many claims"
            findings.add("undisclosed-altered", f"position {first}", text)
        elif (note.count, note.root) != (absence.count, absence.root.compute_root()):
            text = (
                f"{note.count} records of its submission came without what they claim, {absence.count} are here so: "
                "what the others disclosed was deleted, and not erased on order"
            )
            findings.add("disclosure-missing", place, text)
