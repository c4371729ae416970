"""The slip 核验单: a report as the page shows and prints it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.rendering.banner import NO_NAMES, is_proven, list_particulars
from api.rendering.items import are_comparable, list_readable_claims, write_items, write_label, write_withheld
from api.rendering.sentences import (
    SCRIPTS_LABEL,
    SCRIPTS_WORDS,
    Line,
    say_contradictions,
    say_note,
    say_predecessors,
    say_signature,
    say_since,
)
from api.rendering.visible import MAX_NAME_CHARS, make_visible
from api.words import STATUS_WORDS, choose_words, write_age, write_date, write_time
from ledger.documents.inspection import Inspection
from ledger.encoding import times
from ledger.proof.proof import Proof
from ledger.records.records import CERTIFICATE_KINDS, Record
from ledger.records.transfers import find_destination
from ledger.verification.occurrences import ENTRIES_WORDS
from ledger.verification.reasons import REASON_TABLE, STEP_WORDS, UNCOMPARED_REASONS, Outcome, Verdict
from ledger.verification.report import NOTES_WORDS, Compared, NoteReport, Report
from ledger.words import Language, Words

_REASONS_TO_CONFIRM: Final = UNCOMPARED_REASONS.keys() | {"document_not_registered"}
#: Lines of a page: a person reads no more, and sixteen documents could have a thousand.
_MAX_SIGNATURES: Final = 100
_UNREAD_WORDS: Final = Words("文件无法读取", "The document cannot be read")
_MORE_SIGNATURES_WORDS: Final = Words("未列出的签章", "Signatures that are not listed")


@dataclass(frozen=True, slots=True)
class StepLine:
    number: int
    name: str
    outcome: str
    outcome_words: str
    words: str


@dataclass(frozen=True, slots=True)
class Slip:
    """All that the page shows of one verification, in one language.

    `facts` stand under the verdict; `circumstances` and all behind them unfold on demand.
    `confirm` is the proof to confirm item by item, if that is what is left to do; `too_long`: an item is not shown whole.
    `proven`: what the proof says of the certificate is what the department registered, whether or not it was presented and
    is in force.
    """

    verdict: str
    headline: str
    headline_other: str
    particulars: tuple[str, ...]
    reason: str
    advice: str
    facts: tuple[Line, ...]
    circumstances: tuple[Line, ...]
    certificate: tuple[Line, ...]
    seals: tuple[Line, ...]
    claims: tuple[Line, ...]
    withheld: tuple[str, ...]
    steps: tuple[StepLine, ...]
    confirm: str
    too_long: bool
    place: str
    proven: bool


def write_slip(
    report: Report,
    language: Language,
    presented_inspections: Sequence[Inspection | None] = (),
    issuer_names: Mapping[str, str] = NO_NAMES,
) -> Slip:
    """Put a report into words, with what the presented documents show by themselves.

    `issuer_names`: names that the node vouches for, by credit code.
    """
    reason_row, headline = REASON_TABLE[report.deciding_step.key], report.words
    proof = report.proof
    return Slip(
        verdict=report.verdict.value,
        headline=headline.in_(language),
        headline_other=headline.in_("en" if language == "zh" else "zh"),
        particulars=list_particulars(report, language, issuer_names),
        reason=reason_row.words.in_(language),
        advice=reason_row.advice.in_(language),
        facts=tuple(_list_facts(report, language, issuer_names)),
        circumstances=tuple(_list_circumstances(report, language)),
        certificate=tuple(_list_certificate_lines(report, proof, language, issuer_names)) if proof else (),
        seals=(*_list_linked_seals(report, language), *_list_signatures(presented_inspections, language)),
        claims=tuple(write_items(proof, language, issuer_names)) if proof else (),
        withheld=tuple(write_withheld(proof, language)) if proof else (),
        steps=tuple(_list_steps(report, language)),
        confirm=proof.encode().decode() if proof and _can_confirm(report, proof) else "",
        too_long=bool(proof and list_readable_claims(proof) and not are_comparable(proof)),
        place=_describe_place(report),
        proven=is_proven(report),
    )


def _can_confirm(report: Report, proof: Proof) -> bool:
    return (
        report.get_step(2).reason in _REASONS_TO_CONFIRM
        and report.get_step(3).outcome is Outcome.PASS
        and are_comparable(proof)
    )


def _list_facts(report: Report, language: Language, issuer_names: Mapping[str, str]) -> Iterator[Line]:
    labels = choose_words(language)
    for claim_name, value_text in say_contradictions(report.get_step(3).evidence, language):
        yield Line(write_label(claim_name, language), value_text)
    status = report.status if report.verdict is not Verdict.INVALID else None
    if status:
        state_text = STATUS_WORDS[status.status.name.lower()].in_(language)
        if status.since is not None:
            state_text = say_since(state_text, write_time(status.since, language), language)
        yield Line(labels["status"], state_text)
        if status.cause_proof:
            record = status.cause_proof.record
            yield Line(labels["authority"], _add_issuer_name(record.issuer, issuer_names))
            if record.basis:
                yield Line(labels["basis"], make_visible(record.basis))
            if destination := find_destination(record):
                yield Line(labels["moved_to"], make_visible(destination))
            if report.proof and record.identifier != report.proof.record.identifier:
                yield Line(labels["successor"], record.identifier)
        age_text = write_age(max(0, report.checked_at - status.known_at), language)
        yield Line(labels["known"], f"{write_time(status.known_at, language)} ({age_text})")
    elif report.status is None:
        yield Line(labels["known"], labels["known_never"])
    if report.tells_notes:
        yield from (Line(labels["note"], _describe_note(note, language)) for note in report.notes)


def _list_circumstances(report: Report, language: Language) -> Iterator[Line]:
    labels = choose_words(language)
    yield Line(labels["compared"], _describe_comparison(report, language))
    if report.tells_notes:
        yield Line(labels["notes"], NOTES_WORDS[report.notes_known].in_(language))
    if report.anchor:
        yield Line(labels["entries"], ENTRIES_WORDS[report.entries_check].in_(language))
    yield Line(labels["checked"], write_time(report.checked_at, language))


def _describe_note(note_report: NoteReport, language: Language) -> str:
    note, last_day = note_report.note, note_report.record.valid_until
    return say_note(
        note_report.words.in_(language),
        note.title,
        note.text,
        write_date(last_day, language) if last_day else None,
        None if note_report.is_of_this_version else note.identifier,
        language,
    )


def _add_issuer_name(issuer_code: str, issuer_names: Mapping[str, str]) -> str:
    return f"{issuer_names[issuer_code]} ({issuer_code})" if issuer_code in issuer_names else issuer_code


def _describe_comparison(report: Report, language: Language) -> str:
    """Say what was compared and agreed, or else what step 2 found instead."""
    if report.compared is not Compared.NOTHING:
        return choose_words(language)[f"compared_{report.compared.value}"]
    return REASON_TABLE[report.get_step(2).key].words.in_(language)


def _list_certificate_lines(
    report: Report, proof: Proof, language: Language, issuer_names: Mapping[str, str]
) -> Iterator[Line]:
    labels, record = choose_words(language), proof.record
    licence_type = (
        get_catalogue().find_type(record.certificate.type) if record.kind in CERTIFICATE_KINDS else None
    )
    if licence_type:
        yield Line(labels["type"], licence_type.name.in_(language))
    yield Line(labels["identifier"], record.identifier)
    yield Line(labels["issuer"], record.issuer)
    if record.issuer in issuer_names:
        yield Line(labels["issuer_name"], issuer_names[record.issuer])
    yield Line(labels["validity"], _describe_validity(record, language))
    for predecessor_text in say_predecessors(report.get_step(11).evidence, language):
        yield Line(labels["continues"], predecessor_text)
    if report.anchor:
        yield Line(labels["anchored"], write_time(report.anchor.time, language))


def _list_linked_seals(report: Report, language: Language) -> Iterator[Line]:
    """Say with which registered seals the certificate was sealed, and when that was anchored."""
    step = report.get_step(11)
    seal_evidences = step.evidence["seals"] if step.outcome is Outcome.PASS and step.evidence else ()
    for seal_evidence in seal_evidences if isinstance(seal_evidences, list) else ():
        if isinstance(seal_evidence, dict):
            sealed_at_text = write_time(times.parse_time(str(seal_evidence["sealed_at"])), language)
            seal_name = make_visible(
                str(seal_evidence.get("name", seal_evidence["identifier"])), MAX_NAME_CHARS
            )
            yield Line(choose_words(language)["sealed_with"], f"{seal_name} ({sealed_at_text})")


def _list_signatures(
    presented_inspections: Sequence[Inspection | None], language: Language
) -> Iterator[Line]:
    """Say what each seal and signature inside a document comes to, or why the document could not be read."""
    inspections = [inspection for inspection in presented_inspections if inspection is not None]
    for inspection in inspections:
        if inspection.problem is not None:
            yield Line(_UNREAD_WORDS.in_(language), make_visible(inspection.problem))
        if inspection.has_scripts:
            yield Line(SCRIPTS_LABEL.in_(language), SCRIPTS_WORDS.in_(language))
    signatures = [signature for inspection in inspections for signature in inspection.signatures]
    for signature in signatures[:_MAX_SIGNATURES]:
        signature_name = signature.seal_name or signature.signer or signature.kind.value
        signature_words = say_signature(signature.verdict, signature.reason.in_(language), language)
        yield Line(make_visible(signature_name, MAX_NAME_CHARS), signature_words)
    if len(signatures) > _MAX_SIGNATURES:
        yield Line(_MORE_SIGNATURES_WORDS.in_(language), str(len(signatures) - _MAX_SIGNATURES))


def _describe_validity(record: Record, language: Language) -> str:
    labels = choose_words(language)
    first_day = write_date(record.valid_from, language) if record.valid_from else ""
    last_day = write_date(record.valid_until, language) if record.valid_until else ""
    if first_day and last_day:
        return labels["from_until"].format(first_day, last_day)
    if first_day:
        return labels["from_on"].format(first_day)
    return labels["until"].format(last_day) if last_day else labels["no_end"]


def _list_steps(report: Report, language: Language) -> Iterator[StepLine]:
    labels = choose_words(language)
    for step in report.steps:
        outcome_name, step_name = step.outcome.value, STEP_WORDS[step.number].in_(language)
        yield StepLine(
            step.number,
            step_name,
            outcome_name,
            labels[outcome_name],
            REASON_TABLE[step.key].words.in_(language),
        )


def _describe_place(report: Report) -> str:
    place_parts = [report.registry]
    if report.proof:
        place_parts.append(report.proof.entry.statement.log)
    if report.position is not None:
        place_parts.append(f"#{report.position}")
    return make_visible(" · ".join(place_parts))
