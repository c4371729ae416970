"""The report on a signed document: each of its signatures, and the proof that it carries.

The shape that `shunzheng inspect --json` prints, whatever kind of file it was. Verdicts are those of the whole
product; a document is as good as the worst of its signatures and timestamps, and without a signature it proves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NotRequired, TypedDict

from ledger.documents.findings import CHECKS, Check, decide, pass_check, pick_worst
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.proof.proof import Proof
from ledger.verification.reasons import Verdict
from ledger.words import Words


class Kind(StrEnum):
    """How something was signed: with an electronic seal, by a person in an OFD, or in a PDF.

    The timestamp of a PDF as a whole is reported like a signature, and is nobody's.
    """

    SES = "ses"
    OFD_SIGN = "ofd-sign"
    PADES = "pades"
    PDF_TIMESTAMP = "pdf-timestamp"


class FindingJson(TypedDict):
    """A check of which there is something to say (docs/formats/inspection.md)."""

    check: str
    name: dict[str, str]
    outcome: str
    reason: str
    words: dict[str, str]


class SignatureJson(TypedDict):
    """One signature in the report for programs (docs/formats/inspection.md)."""

    kind: str
    version: int
    signer: str | None
    issuer: str | None
    seal_id: str | None
    seal_name: str | None
    seal_maker: str | None
    signed_at: str | None
    stamped_at: str | None
    checks: dict[str, str]
    findings: list[FindingJson]
    covers_all: bool
    altered: list[str]
    uncovered: list[str]
    verdict: str
    words: dict[str, str]
    reason_words: dict[str, str]


class InspectionJson(TypedDict):
    """The whole report for programs (docs/formats/inspection.md)."""

    type: str
    signatures: list[SignatureJson]
    scripts: NotRequired[bool]
    proof: dict[str, Json] | None
    problem: str | None
    verdict: str
    words: dict[str, str]


#: Names of parts in all reports of a document together, and in each at least; characters of one.
MAX_NAMES, _MIN_NAMES, MAX_NAME_CHARS = 200, 3, 200
_INTACT_CHECKS: Final = (pass_check("references"), pass_check("coverage"), pass_check("signature"))
_INTACT_BUT_WORDS: Final = Words("内容未改动，但", "Intact, but: ")
#: What a seal or signature inside a document comes to. It is no verdict on a certificate, and says what was looked at.
SIGNATURE_WORDS: Final = {
    Verdict.VALID: Words(
        "签章完好，签发证书的机构在本市可信名单内",
        "intact, and vouched for by an authority on this city's list",
    ),
    Verdict.INVALID: Words("签章核验不通过", "the seal or signature fails"),
    Verdict.UNVERIFIABLE: Words("签章未能全部核对", "not all of the seal or signature could be looked at"),
}
_UNREAD_WORDS: Final = Words(
    "文件未能读取，其中的签章未核对",
    "the file could not be read: its seals and signatures were not looked at",
)
_UNSIGNED_WORDS: Final = Words("文件未加盖签章，也没有签名", "the document carries no seal and no signature")
_ALL_PASSED_WORDS: Final = Words("全部检查通过", "Every check passed")


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """One signature (or one seal alone). Members are None where nothing says so.

    `signed_at` is the signer's word, `stamped_at` that of an authority for timestamps whose word holds.

    `altered_parts` and `uncovered_parts` are parts of the document: changed or removed since, and never protected.
    """

    kind: Kind
    version: int
    checks: tuple[Check, ...]
    signer: str | None = None
    issuer: str | None = None
    seal_id: str | None = None
    seal_name: str | None = None
    seal_maker: str | None = None
    signed_at: int | None = None
    stamped_at: int | None = None
    covers_all: bool = False
    altered_parts: tuple[str, ...] = ()
    uncovered_parts: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return decide(self.checks)

    @property
    def reason(self) -> Words:
        """What the verdict comes from; that the content is intact is said first where it is."""
        deciding_row = next((check.row for check in self.checks if check.row.verdict is self.verdict), None)
        if deciding_row is None or self.verdict is Verdict.VALID:
            return _ALL_PASSED_WORDS
        if not all(check in self.checks for check in _INTACT_CHECKS):
            return deciding_row.words
        return Words(
            _INTACT_BUT_WORDS.zh + deciding_row.words.zh, _INTACT_BUT_WORDS.en + deciding_row.words.en
        )

    def find_check(self, name: str) -> Check | None:
        return next((check for check in self.checks if check.name == name), None)

    def to_json(self) -> SignatureJson:
        return {
            "kind": self.kind.value,
            "version": self.version,
            "signer": self.signer,
            "issuer": self.issuer,
            "seal_id": self.seal_id,
            "seal_name": self.seal_name,
            "seal_maker": self.seal_maker,
            "signed_at": _encode_time(self.signed_at),
            "stamped_at": _encode_time(self.stamped_at),
            "checks": {check.name: check.outcome.value for check in self.checks},
            "findings": [_encode_finding(check) for check in self.checks if check.reason != "ok"],
            "covers_all": self.covers_all,
            "altered": [*self.altered_parts],
            "uncovered": [*self.uncovered_parts],
            "verdict": self.verdict.value,
            "words": SIGNATURE_WORDS[self.verdict].to_json(),
            "reason_words": self.reason.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything found in one file. `problem` says why it could not be read, where it could not.

    `has_scripts`: the file carries some (JavaScript in a PDF), which may change what is shown. That is no verdict.
    """

    type: str
    signatures: tuple[SignatureReport, ...] = ()
    proof: Proof | None = None
    problem: str | None = None
    has_scripts: bool = False

    @property
    def verdict(self) -> Verdict:
        if self.problem is not None or not self._is_signed:
            return Verdict.UNVERIFIABLE
        return pick_worst(report.verdict for report in self.signatures)

    @property
    def words(self) -> Words:
        """What was looked at and what came of it: a document without a seal is not called doubtful."""
        if self.problem is not None:
            return _UNREAD_WORDS
        return SIGNATURE_WORDS[self.verdict] if self._is_signed else _UNSIGNED_WORDS

    @property
    def _is_signed(self) -> bool:
        return any(report.kind is not Kind.PDF_TIMESTAMP for report in self.signatures)

    def to_json(self) -> InspectionJson:
        report: InspectionJson = {
            "type": self.type,
            "signatures": [report.to_json() for report in self.signatures],
            "proof": None if self.proof is None else self.proof.to_json(),
            "problem": self.problem,
            "verdict": self.verdict.value,
            "words": self.words.to_json(),
        }
        if self.has_scripts:
            report["scripts"] = True
        return report


def limit_names(reports: Sequence[SignatureReport]) -> tuple[SignatureReport, ...]:
    """Return the reports of a document with as many names of its parts as a person reads; what is left out is counted."""
    max_names = max(_MIN_NAMES, MAX_NAMES // max(1, len(reports)))
    return tuple(
        replace(
            report,
            altered_parts=_cut_names(report.altered_parts, max_names),
            uncovered_parts=_cut_names(report.uncovered_parts, max_names),
        )
        for report in reports
    )


def _cut_names(parts: tuple[str, ...], max_names: int) -> tuple[str, ...]:
    names = tuple(
        name if len(name) <= MAX_NAME_CHARS else f"{name[:MAX_NAME_CHARS]}…" for name in parts[:max_names]
    )
    left_out_count = len(parts) - max_names
    return (*names, f"…另有 {left_out_count} 项 (and {left_out_count} more)") if left_out_count > 0 else names


def _encode_finding(check: Check) -> FindingJson:
    return {
        "check": check.name,
        "name": CHECKS[check.name].to_json(),
        "outcome": check.outcome.value,
        "reason": check.reason,
        "words": check.row.words.to_json(),
    }


def _encode_time(moment: int | None) -> str | None:
    return None if moment is None else times.format_time(moment)
