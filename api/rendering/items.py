"""The registered items 证照信息项 of a certificate as a page shows them, and who states them.

Names of items that the standards do not know are shown as the certificate's own, so that none can pass for a label of the
page. What only the certificate states about its issuer and its kind is marked so: the verdict rests on the codes.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.rendering.sentences import Line
from api.rendering.visible import MAX_NAME_CHARS, is_cut, make_visible
from api.words import choose_words, write_date, write_time
from ledger.catalogue.fields import ClaimField, Form
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof
from ledger.records.claims import is_document
from ledger.records.records import CERTIFICATE_KINDS, Record
from ledger.words import Language, Words

_SEPARATOR: Final = Words("；", "; ")
_ISSUER_CLAIM: Final = "ZZBFJG"
_NAME_CLAIM: Final = "ZZMC"


def list_readable_claims(proof: Proof) -> dict[str, Json]:
    """Return the disclosed claims that a person can read against the paper: all but the documents' fingerprints."""
    claim_values = proof.disclosure.values if proof.disclosure else {}
    return {name: value for name, value in claim_values.items() if not is_document(name)}


def are_comparable(proof: Proof) -> bool:
    """Tell whether there are items, each shown whole, so that a person can compare them with the paper."""
    claim_values = list_readable_claims(proof)
    return bool(claim_values) and not any(
        is_cut(write_value(value, None, "zh")) for value in claim_values.values()
    )


def write_items(proof: Proof, language: Language, issuer_names: Mapping[str, str]) -> Iterator[Line]:
    """Yield the disclosed items in the order of the standard; `issuer_names`: names that the node vouches for, by code."""
    catalogue = get_catalogue()
    index_by_name = {name: index for index, name in enumerate(catalogue.fields_by_name)}
    for name, value in sorted(
        list_readable_claims(proof).items(),
        key=lambda name_and_value: index_by_name.get(name_and_value[0], len(index_by_name)),
    ):
        field = catalogue.find_field(name)
        label = _write_label(field, name, language)
        remark_name = _choose_remark(name, value, proof.record, issuer_names)
        yield Line(
            choose_words(language)[remark_name].format(label) if remark_name else label,
            make_visible(write_value(value, field, language)),
        )


def write_withheld(proof: Proof, language: Language) -> Iterator[str]:
    """Yield the names of the items that the holder withholds."""
    withheld_names = proof.disclosure.withheld_names if proof.disclosure else ()
    for name in sorted(withheld_names):
        yield _write_label(get_catalogue().find_field(name), name, language)


def write_label(name: str, language: Language) -> str:
    """Return what an item is called."""
    return _write_label(get_catalogue().find_field(name), name, language)


def _write_label(field: ClaimField | None, name: str, language: Language) -> str:
    if is_document(name):
        return choose_words(language)["registered_document"].format(name.partition("/")[2])
    if field is None:
        return choose_words(language)["own_item"].format(make_visible(name, MAX_NAME_CHARS))
    return field.label.in_(language)


def write_value(value: Json, field: ClaimField | None, language: Language) -> str:
    """Return a registered value as people write it; `field` is what the standard says of its form."""
    if isinstance(value, bool):
        return choose_words(language)["yes" if value else "no"]
    if isinstance(value, list):
        return _SEPARATOR.in_(language).join(write_value(element, field, language) for element in value)
    if isinstance(value, dict):
        return _SEPARATOR.in_(language).join(
            f"{name}: {write_value(element, None, language)}" for name, element in value.items()
        )
    if isinstance(value, str) and field:
        try:
            if field.form is Form.DATE:
                return write_date(times.parse_date(value), language)
            if field.form is Form.TIME:
                return write_time(times.parse_time(value), language)
        except MalformedInput:
            pass
    return str(value)


def _choose_remark(name: str, value: Json, record: Record, issuer_names: Mapping[str, str]) -> str:
    """Return the words for what the certificate alone states of itself, none where the node knows the same."""
    if name == _ISSUER_CLAIM:
        vouched_name = issuer_names.get(record.issuer)
        if vouched_name is None:
            return "self_stated"
        return "" if value == vouched_name else "self_stated_other"
    if name == _NAME_CLAIM and record.kind in CERTIFICATE_KINDS:
        certificate_type = get_catalogue().find_type(record.certificate.type)
        type_names = (certificate_type.name.zh, *certificate_type.aliases) if certificate_type else ()
        return "" if value in type_names else "self_stated"
    return ""
