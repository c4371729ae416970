"""The banner 结论行: verdict, type, holder, issuer and last day of a certificate in one line.

The page, the reports of a node and the command line open with it. Only what the department registered stands in it, and the
issuer's name is that of the verifier's own list or its code, never what a certificate says of itself.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.rendering.items import write_value
from api.rendering.visible import MAX_NAME_CHARS, make_visible
from api.words import choose_words, write_date
from ledger.proof.proof import Proof
from ledger.records.records import CERTIFICATE_KINDS, Record
from ledger.records.seal_claims import HOLDER_NAME
from ledger.verification.reasons import Outcome
from ledger.verification.report import ORIGIN_STEPS, Report
from ledger.words import Language, Words

SEPARATOR: Final = "｜"
#: A verifier without a list of issuers.
NO_NAMES: Final[Mapping[str, str]] = {}
_SEPARATOR_CODE: Final = f"⟨U+{ord(SEPARATOR):04X}⟩"
_KIND_WORDS: Final = {
    "seal": Words("电子印章", "electronic seal"),
    "signature": Words("电子签章", "sealing"),
}


def write_banner(report: Report, language: Language, issuer_names: Mapping[str, str] = NO_NAMES) -> str:
    """Return the banner as one line of text; `issuer_names`: names that the verifier vouches for, by credit code."""
    return SEPARATOR.join((report.words.in_(language), *list_particulars(report, language, issuer_names)))


def make_banner_words(report: Report, issuer_names: Mapping[str, str] = NO_NAMES) -> Words:
    """Return the banner in both languages."""
    return Words(write_banner(report, "zh", issuer_names), write_banner(report, "en", issuer_names))


def is_proven(report: Report) -> bool:
    """Tell whether what the proof says of the certificate is what the department registered, in force or not."""
    return all(report.get_step(step_number).outcome is Outcome.PASS for step_number in ORIGIN_STEPS)


def list_particulars(
    report: Report, language: Language, issuer_names: Mapping[str, str] = NO_NAMES
) -> tuple[str, ...]:
    """Return type, holder, issuer and last day; nothing where it is not proven that a department registered them."""
    if report.proof is None or not is_proven(report):
        return ()
    return list_stated_particulars(report.proof, language, issuer_names)


def list_stated_particulars(
    proof: Proof, language: Language, issuer_names: Mapping[str, str] = NO_NAMES
) -> tuple[str, ...]:
    """Return type, holder, issuer and last day as a proof states them, proven or not."""
    texts = _write_particulars(proof, language, issuer_names)
    return tuple(text.replace(SEPARATOR, _SEPARATOR_CODE) for text in texts)


def _write_particulars(proof: Proof, language: Language, issuer_names: Mapping[str, str]) -> Iterator[str]:
    record, labels = proof.record, choose_words(language)
    yield name_type(record, language)
    if holder_text := _write_holder(proof, language):
        yield holder_text
    yield issuer_names.get(record.issuer) or labels["issuer_code"].format(record.issuer)
    if record.valid_until is None:
        yield labels["no_end"]
    else:
        yield labels["until"].format(write_date(record.valid_until, language))


def name_type(record: Record, language: Language) -> str:
    """Return the type of a certificate as the catalogue calls it, or its code, or the kind of another record."""
    if record.kind not in CERTIFICATE_KINDS:
        return _KIND_WORDS[record.kind].in_(language)
    certificate_type = get_catalogue().find_type(record.certificate.type)
    if certificate_type is None:
        return choose_words(language)["type_code"].format(record.certificate.type)
    return certificate_type.name.in_(language)


def _write_holder(proof: Proof, language: Language) -> str:
    """Return the holder as it was registered, that it is withheld, or nothing where none was registered."""
    disclosure = proof.disclosure
    if disclosure is None or HOLDER_NAME in disclosure.withheld_names:
        return choose_words(language)["holder_withheld"]
    if HOLDER_NAME not in disclosure.values:
        return ""
    return make_visible(write_value(disclosure.values[HOLDER_NAME], None, language), MAX_NAME_CHARS)
