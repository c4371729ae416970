"""What must agree inside a catalogue, beyond the shape of each entry."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import Final

from ledger.catalogue.catalogue import Catalogue
from ledger.catalogue.errands import Errand
from ledger.catalogue.fields import ClaimField, Form, Sensitivity
from ledger.catalogue.types import CertificateType
from ledger.errors import InvalidIdentifier, MalformedInput
from ledger.records.identifiers import check_credit_code

# Repeats of unknown number in a pattern: each multiplies the ways to match a long text.
MAX_OPEN_REPEATS: Final = 4
_OPEN_REPEAT: Final = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\d*\})")
_REPEATED_GROUP: Final = re.compile(r"(?<!\\)\)[*+{]|\(\?[^:]|\\\d")
_CREDIT_CODE_CHARS: Final = 18


def check_catalogue(catalogue: Catalogue, places: Mapping[str, str]) -> None:
    """Check what the shapes leave open; `places`: where each entry stands, by its key. Raises: MalformedInput.

    The entries of a city stand last and are looked at first: of two that contradict each other, the city mends its own.
    """
    for name, field in reversed(catalogue.fields.items()):
        _raise_first_fault(places[name], _find_field_faults(field, catalogue))
    codes = [code for type_ in catalogue.types.values() for code in (type_.code, *type_.former_codes)]
    repeated_codes = {code for code, count in Counter(codes).items() if count > 1}
    for key, type_ in reversed(catalogue.types.items()):
        _raise_first_fault(places[key], _find_type_faults(type_, catalogue, repeated_codes))
    for key, errand in reversed(catalogue.errands.items()):
        _raise_first_fault(places[key], _find_errand_faults(errand, catalogue))


def _raise_first_fault(place: str, faults: Iterator[str]) -> None:
    for fault in faults:
        raise MalformedInput(f"{place}: {fault}")


def _find_field_faults(field: ClaimField, catalogue: Catalogue) -> Iterator[str]:
    if field.form is Form.CHOICE and not field.values:
        yield "a `choice` needs its `values`"
    if field.sensitivity is Sensitivity.SENSITIVE and field.level != 4:
        yield "what is `sensitive` has `level` 4"
    if field.sensitivity is Sensitivity.NONE and field.level > 2:
        yield "what is not personal has `level` 1 or 2: state `sensitivity`"
    for name in field.former:
        if name in catalogue.fields or catalogue.fields_by_name[name] is not field:
            yield f"the former name {name} is the name of another claim"


def _find_type_faults(
    type_: CertificateType, catalogue: Catalogue, repeated_codes: Set[str]
) -> Iterator[str]:
    try:
        check_credit_code(type_.code[:_CREDIT_CODE_CHARS])
    except InvalidIdentifier as error:
        yield f"`code` does not begin with the credit code of a ministry: {error}"
    for code in repeated_codes & {type_.code, *type_.former_codes}:
        other_ids = [
            other.id for other in catalogue.types.values() if code in (other.code, *other.former_codes)
        ]
        yield f"the code {code} is that of {', '.join(other_ids)[:200]}: take one out"
    for name in (type_.name.zh, *type_.aliases):
        other_ids = [other.id for other in catalogue.search_types(name) if other is not type_]
        if other_ids:
            yield f"the name {name} is that of {other_ids[0]} too: a table that states it would mean either"
    names = (*type_.required, *type_.optional)
    for name in names:
        if name not in catalogue.fields:
            yield f"no `fields` entry describes the claim {name}"
        elif names.count(name) > 1:
            yield f"the claim {name} stands twice"
        elif catalogue.fields[name].standard != "extension":
            yield f"the claim {name} is on every certificate: leave it out"
    if (type_.kind == "seal") != (type_.seal is not None):
        yield "a type of kind `seal` has a `seal` with its group, and no other type has one"
    if type_.number and (fault := find_pattern_fault(type_.number.pattern)):
        yield f"`number.pattern` {fault}"
    if type_.validity and (type_.validity.term == "years") != bool(type_.validity.years):
        yield "`validity.years` belong to the term `years`, which needs them"


def find_pattern_fault(pattern: str) -> str | None:
    """Say why a pattern for numbers is not taken: it does not compile, or may take for ever on some text."""
    if _REPEATED_GROUP.search(pattern) or len(_OPEN_REPEAT.findall(pattern)) > MAX_OPEN_REPEATS:
        return (
            f"repeats groups, looks around, or has more than {MAX_OPEN_REPEATS} repeats of open number, which takes "
            "for ever on some texts: repeat single characters, as in [0-9]{4}"
        )
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as error:
        return f"is no regular expression: {error}"
    return None


def _find_errand_faults(errand: Errand, catalogue: Catalogue) -> Iterator[str]:
    for need in errand.needs:
        if (need.type is None) == (need.paper is None):
            yield "a need has either a `type` or a `paper`"
    needed_types = tuple(need.type for need in errand.needs if need.type)
    for type_id in (*needed_types, *errand.seals, *errand.produces):
        if type_id not in catalogue.types:
            yield f"no type or seal has the id {type_id!r}"
    for type_id in errand.seals:
        if type_id in catalogue.types and catalogue.types[type_id].kind != "seal":
            yield f"{type_id!r} is no seal"
