"""Reports as the command line prints them: verifications, past statuses, inspections.

Verifications and past statuses come as JSON, which a node gives as well. Moments are those of a clock in China, as on the
page; JSON keeps UTC.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NotRequired, TypedDict

from api.rendering.items import write_label
from api.rendering.sentences import (
    MARKS,
    SCRIPTS_LABEL,
    SCRIPTS_WORDS,
    say_contradictions,
    say_note,
    say_predecessors,
    say_signature,
    say_since,
)
from api.rendering.visible import MAX_NAME_CHARS, make_visible
from api.words import choose_words, write_moment
from ledger.documents.findings import CHECKS, Check
from ledger.documents.inspection import SIGNATURE_WORDS, Inspection, Kind, SignatureReport
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.verification.past import PastStanding
from ledger.verification.reasons import Outcome, Verdict
from ledger.words import Language, Words

_STATUS_STEP: Final = 9
_LINKS_STEP: Final = 11
_TO_WORDS: Final = Words("至", "to")
_INTERRUPTED_WORDS: Final = Words("当日有 {}未处于有效状态", "Not in force for {} of that day")
_DURATION_WORDS: Final = Words("{} 小时 {} 分", "{} h {} min")
_STALE_WORDS: Final = Words("现已无法判断；所知止于", "Cannot tell any more; known until")
_NEWEST_WORDS: Final = Words("本地所知截至", "known up to")
_UNREAD_WORDS: Final = Words("文件无法读取", "The file cannot be read")
_CARRIES_PROOF_WORDS: Final = Words(
    "附有存证凭据（请用 shunzheng verify 核验）", "It carries a proof (check it with shunzheng verify)"
)
_KIND_WORDS: Final = {
    Kind.SES: Words("电子签章", "electronic seal"),
    Kind.OFD_SIGN: Words("数字签名", "signature"),
    Kind.PADES: Words("PDF 签名", "PDF"),
    Kind.PDF_TIMESTAMP: Words("PDF 文档时间戳", "timestamp of the PDF"),
}
_BOUND_WORDS: Final[Sequence[tuple[Literal["since", "known", "until"], Words]]] = (
    ("since", Words("自锚定", "set by anchor")),
    ("known", Words("截至锚定", "as of anchor")),
    ("until", Words("其后改变于锚定", "changed by anchor")),
)


class WordsJson(TypedDict):
    """Words as JSON."""

    zh: str
    en: str


class StepJson(TypedDict):
    """A step of a verification."""

    step: int
    name: WordsJson
    outcome: str
    reason: str
    words: WordsJson
    evidence: NotRequired[dict[str, Json]]


class StatusJson(TypedDict):
    """The status that a verification found, and until when it is known; of a superseded one, its successor."""

    status: str
    source: str
    known_at: str
    since: NotRequired[str]
    identifier: NotRequired[str]
    moved_to: NotRequired[str]


class NoteJson(TypedDict):
    """A note on a certificate, as a report shows it."""

    state: str
    words: WordsJson
    relation: str
    title: str
    text: NotRequired[str | None]
    identifier: str
    of: str
    this_version: bool
    anchored: str
    until: NotRequired[str | None]
    basis: NotRequired[str | None]


class SignatureLineJson(TypedDict):
    """A seal or signature inside a presented document."""

    kind: str
    signer: str | None
    seal_name: str | None
    verdict: str
    words: WordsJson
    reason_words: WordsJson


class DocumentJson(TypedDict):
    """What a presented document shows by itself."""

    problem: str | None
    scripts: NotRequired[bool]
    signatures: list[SignatureLineJson]


class VerificationJson(TypedDict):
    """The report of a verification (docs/formats/verification.md)."""

    verdict: str
    words: WordsJson
    reason: str
    reason_words: WordsJson
    advice: WordsJson
    banner: WordsJson
    steps: list[StepJson]
    status: NotRequired[StatusJson]
    entries_words: NotRequired[WordsJson]
    notes: NotRequired[list[NoteJson]]
    notes_words: NotRequired[WordsJson]
    documents: NotRequired[list[DocumentJson]]


class AnchorJson(TypedDict):
    """An anchor that bounds a status of the past."""

    sequence: int
    n: int
    block: int
    time: str


class PastJson(TypedDict):
    """The status at one moment of the past (docs/formats/past-status.md)."""

    at: str
    then: str
    words: WordsJson
    reason_words: WordsJson
    since: NotRequired[AnchorJson]
    known: NotRequired[AnchorJson]
    until: NotRequired[AnchorJson]
    newest: NotRequired[str]


class PastDayJson(TypedDict):
    """The statuses at both ends of a day, and those during it, each as of the moment at which its stretch begins."""

    start: PastJson
    end: PastJson
    during: list[PastJson]


def describe_verification(report: VerificationJson, language: Language) -> str:
    """Return the report of a verification in words, the banner first."""
    lines = [report["banner"][language], "  " + report["reason_words"][language]]
    if report["advice"][language]:
        lines.append("  " + report["advice"][language])
    lines += _describe_contradictions(report, language)
    lines += _describe_status(report, language)
    for predecessor_text in say_predecessors(report["steps"][_LINKS_STEP - 1].get("evidence"), language):
        lines.append(f"  {choose_words(language)['continues']}: {predecessor_text}")
    lines += [f"  {describe_note(note, language)}" for note in report.get("notes", ())]
    lines += _describe_documents(report, language)
    if notes_words := report.get("notes_words"):
        lines.append("  " + notes_words[language])
    if entries_words := report.get("entries_words"):
        lines.append("  " + entries_words[language])
    lines.append("")
    for step in report["steps"]:
        step_line = f"{step['name'][language]}: {step['words'][language]}"
        lines.append(f"  {MARKS[Outcome(step['outcome'])]} {step['step']:>2}  {step_line}")
    return "\n".join(lines)


def describe_note(note: NoteJson, language: Language) -> str:
    """Return a note in a line."""
    return say_note(
        note["words"][language],
        note["title"],
        note.get("text"),
        note.get("until"),
        None if note["this_version"] else note["of"],
        language,
    )


def _describe_contradictions(report: VerificationJson, language: Language) -> Iterator[str]:
    for step in report["steps"]:
        for claim_name, value_text in say_contradictions(step.get("evidence"), language):
            yield f"  {write_label(claim_name, language)}: {value_text}"


def _describe_status(report: VerificationJson, language: Language) -> Iterator[str]:
    status = report.get("status")
    if status is None:
        return
    known_at = write_moment(status["known_at"], language)
    yield f"  {choose_words(language)['known']} {known_at} ({status['source']})"
    if report["reason"] == "knowledge_stale":
        yield f"  {_STALE_WORDS.in_(language)} {known_at}"
    if "since" in status:
        state_text = report["steps"][_STATUS_STEP - 1]["words"][language]
        yield f"  {say_since(state_text, write_moment(status['since'], language), language)}"
    if status["status"] == "superseded" and "identifier" in status:
        yield f"  {choose_words(language)['successor']}: {make_visible(status['identifier'])}"
    if "moved_to" in status:
        yield f"  {choose_words(language)['moved_to']}: {make_visible(status['moved_to'])}"


def _describe_documents(report: VerificationJson, language: Language) -> Iterator[str]:
    """Say what the seals and signatures inside the presented documents come to."""
    for document in report.get("documents", ()):
        if document["problem"]:
            yield f"  {_UNREAD_WORDS.in_(language)}: {make_visible(document['problem'])}"
        if document.get("scripts"):
            yield f"  {SCRIPTS_LABEL.in_(language)}: {SCRIPTS_WORDS.in_(language)}"
        for signature in document["signatures"]:
            signer_name = make_visible(
                signature["seal_name"] or signature["signer"] or signature["kind"], MAX_NAME_CHARS
            )
            reason_text = signature["reason_words"][language]
            yield f"  {signer_name}: {say_signature(Verdict(signature['verdict']), reason_text, language)}"


def describe_past_day(past_day: PastDayJson, language: Language) -> str:
    """Return what was the case during a day, stretch by stretch, or at a moment."""
    end_moments = [past["at"] for past in past_day["during"][1:]] + [past_day["end"]["at"]]
    seconds_out_of_force = sum(
        _count_seconds(past["at"], end_moment)
        for past, end_moment in zip(past_day["during"], end_moments, strict=True)
        if past["then"] == PastStanding.NOT_IN_FORCE
    )
    lines = []
    if seconds_out_of_force and any(past["then"] == PastStanding.IN_FORCE for past in past_day["during"]):
        lines.append(_INTERRUPTED_WORDS.in_(language).format(_write_duration(seconds_out_of_force, language)))
    for past, end_moment in zip(past_day["during"], end_moments, strict=True):
        lines += _describe_past(past, end_moment, language)
    return "\n".join(lines)


def _describe_past(past: PastJson, end_moment: str, language: Language) -> Iterator[str]:
    span_text = write_moment(past["at"], language)
    if end_moment != past["at"]:
        span_text = f"{span_text} {_TO_WORDS.in_(language)} {write_moment(end_moment, language)}"
    yield f"{past['words'][language]} ({span_text})"
    yield f"  {past['reason_words'][language]}"
    for bound, bound_label in _BOUND_WORDS:
        anchor = past.get(bound)
        if anchor:
            anchored_at = write_moment(anchor["time"], language)
            anchor_words = f"{anchor['sequence']}, n {anchor['n']}, block {anchor['block']}, {anchored_at}"
            yield f"  {bound_label.in_(language)} {anchor_words}"
    if "newest" in past:
        yield f"  {_NEWEST_WORDS.in_(language)} {write_moment(past['newest'], language)}"


def _count_seconds(start_moment: str, end_moment: str) -> int:
    return times.parse_time(end_moment) - times.parse_time(start_moment)


def _write_duration(seconds: int, language: Language) -> str:
    """Write how long something was, to the minute; the last second of a day counts as its end."""
    hours, minutes = divmod((seconds + 1) // 60, 60)
    return _DURATION_WORDS.in_(language).format(hours, minutes)


def describe_inspection(inspection: Inspection, language: Language) -> str:
    """Return what a document shows by itself in words, the verdict first."""
    lines = [inspection.words.in_(language)]
    if inspection.problem is not None:
        lines.append(f"  {_UNREAD_WORDS.in_(language)}: {make_visible(inspection.problem)}")
    if inspection.has_scripts:
        lines.append(f"  {SCRIPTS_WORDS.in_(language)}")
    for signature_number, signature in enumerate(inspection.signatures, 1):
        lines += ["", *_describe_signature(signature_number, signature, language)]
    if inspection.proof is not None:
        lines += ["", f"{_CARRIES_PROOF_WORDS.in_(language)}: {inspection.proof.record.identifier}"]
    return "\n".join(lines)


def _describe_signature(
    signature_number: int, signature: SignatureReport, language: Language
) -> Iterator[str]:
    verdict_words = SIGNATURE_WORDS[signature.verdict].in_(language)
    yield f"{signature_number}  {_KIND_WORDS[signature.kind].in_(language)} — {verdict_words}"
    for fact_label, value in _list_signature_facts(signature, language):
        if value:
            yield f"   {fact_label.in_(language)}: {make_visible(value)}"
    for check in signature.checks:
        yield f"   {_describe_check(check, language)}"


def _list_signature_facts(
    signature: SignatureReport, language: Language
) -> Iterator[tuple[Words, str | None]]:
    seal_text = signature.seal_name and f"{signature.seal_name} ({signature.seal_id})"
    yield Words("结论", "Because"), signature.reason.in_(language)
    yield Words("印章", "Seal"), seal_text
    yield Words("制章机构", "Made by"), signature.seal_maker
    yield Words("签章人", "Signer"), signature.signer
    yield Words("自称时间", "Stated time"), _write_moment(signature.signed_at, language)
    yield Words("时间戳", "Timestamp"), _write_moment(signature.stamped_at, language)
    yield Words("被改动的文件", "Altered"), ", ".join(signature.altered_parts)
    yield Words("未受保护的文件", "Not covered"), ", ".join(signature.uncovered_parts)


def _write_moment(moment: int | None, language: Language) -> str | None:
    return None if moment is None else write_moment(times.format_time(moment), language)


def _describe_check(check: Check, language: Language) -> str:
    return f"{MARKS[check.outcome]} {CHECKS[check.name].in_(language)}: {check.row.words.in_(language)}"
