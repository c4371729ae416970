"""Holders 持证主体 of a row: names and codes that belong together, and the type of each code."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.judging.claims import say_oddities
from api.department.imports.judging.codes import fold_code, is_code, is_resident_number
from api.department.imports.judging.reading import RowReading
from api.department.rows.forms import put_in_form
from ledger.catalogue.fields import ClaimField
from ledger.catalogue.types import CertificateType
from ledger.encoding.canonical import Json
from ledger.errors import InvalidIdentifier
from ledger.records.identifiers import check_resident_number, find_credit_code_fault

CREDIT_TYPE: Final = "001"
OTHER_BODY_TYPE: Final = "099"
RESIDENT_TYPE: Final = "111"
OTHER_PAPER_TYPE: Final = "999"
_CODE_CHARS: Final = 18  # of a credit code, and of a resident number
_OLD_CODE: Final = re.compile(r"[0-9A-Z]{8}-?[0-9X]|[0-9]{13}|[0-9]{15}")
_OLD_RESIDENT: Final = re.compile(r"[1-9][0-9]{5}[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}")
_RESIDENT_FORM: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
#: Letters that credit codes (GB 32100) do not have, with what is read as them.
_LOOKALIKES: Final = str.maketrans({"I": "1", "O": "0", "S": "5", "Z": "2"})
#: Signs inside a number that people and spreadsheets write for the eye.
_EYE_SIGNS: Final = re.compile("[-\u2010-\u2015,，.]")
#: What hides a part of a name.
_NAME_MASK: Final = re.compile("[*＊×]|某")
_HAN_NAME: Final = re.compile("[\u3400-\u9fff].*[\u3400-\u9fff]")
#: What says that a holder's code and the type of code do not fit each other.
_HOLDER_SORTS: Final = frozenset({"holder-type", "holder-code", "person-in-company-column"})


def split_holders(text: str, separators: Sequence[str]) -> list[str]:
    """Return the parts of a cell that one of the separators parts; a company's brackets and the like stay whole."""
    parts = [text]
    for separator in separators:
        parts = [piece for part in parts for piece in part.split(separator)]
    return [part.strip() for part in parts if part.strip()]


def judge_code(code: str, holder_type: str, *, is_personal: bool) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong or odd about a holder's code of a type: sort, message, suggestion. None repeats the code."""
    type_names = get_catalogue().conventions.holder_codes
    if "*" in code or "＊" in code:
        yield "holder-code", "it is masked 脱敏 and names nobody: enter it whole", ""
    elif not code.strip("0X"):
        yield "holder-code", "it is made of zeros and names nobody 占位代码: enter the holder's own", ""
    elif holder_type == CREDIT_TYPE:
        yield from _judge_credit(code)
    elif holder_type == RESIDENT_TYPE:
        yield from _judge_resident(code)
    elif holder_type and holder_type not in type_names:
        return
    elif holder_type and is_resident_number(code):
        yield (
            "holder-type",
            f"the type is {holder_type} {type_names[holder_type]}, and the code is a resident number",
            RESIDENT_TYPE,
        )
    elif not holder_type:
        yield from _judge_unnamed(code, is_personal=is_personal)


def guess_type(code: str) -> str:
    """Return the type of a holder's code that states none, by what fits its check digits."""
    if not find_credit_code_fault(code):
        return CREDIT_TYPE
    if is_resident_number(code):
        return RESIDENT_TYPE
    return OTHER_PAPER_TYPE if _OLD_RESIDENT.fullmatch(code) else OTHER_BODY_TYPE


def _judge_unnamed(code: str, *, is_personal: bool) -> Iterator[tuple[str, str, str]]:
    bare_code = _EYE_SIGNS.sub("", code)
    if not find_credit_code_fault(code):
        return
    if is_resident_number(code):
        if not is_personal:
            yield (
                "person-in-company-column",
                "it is a person's number: the type is 111, and it is graded as personal",
                RESIDENT_TYPE,
            )
    elif len(code) == _CODE_CHARS:
        yield from _judge_resident(code) if _RESIDENT_FORM.fullmatch(code) else _judge_credit(code)
    elif _OLD_RESIDENT.fullmatch(code) and is_personal:
        yield (
            "old-resident-number",
            "it is a resident number of 15 digits: kept as given under 999, never made longer",
            "",
        )
    elif _OLD_CODE.fullmatch(code):
        yield (
            "old-organisation-code",
            "it is a code from before 2015: kept as given under 099, no credit code is made of it",
            "",
        )
    elif bare_code != code and len(bare_code) == _CODE_CHARS:
        suggestion = bare_code if is_code(bare_code) else ""
        yield "holder-code", "it has signs inside that belong to no code: take them out", suggestion
    elif len(code) in (_CODE_CHARS - 1, _CODE_CHARS + 1) and code.isalnum() and code.isascii():
        yield (
            "holder-code",
            f"it has {len(code)} characters, and a credit code or resident number {_CODE_CHARS}",
            "",
        )
    else:
        yield "unknown-code", "nothing tells what it is: state its type 证件类型, such as 414 or 999", ""


def _judge_credit(code: str) -> Iterator[tuple[str, str, str]]:
    fault = find_credit_code_fault(code)
    if not fault:
        return
    if is_resident_number(code):
        yield (
            "person-in-company-column",
            "it is a person's number and no credit code: the type is 111",
            RESIDENT_TYPE,
        )
        return
    meant_code = code.translate(_LOOKALIKES)
    suggestion = meant_code if meant_code != code and not find_credit_code_fault(meant_code) else ""
    sort = "old-organisation-code" if _OLD_CODE.fullmatch(code) else "holder-code"
    yield sort, f"it is no credit code 统一社会信用代码: {_shorten(fault)}", suggestion


def _judge_resident(code: str) -> Iterator[tuple[str, str, str]]:
    if is_resident_number(code):
        return
    if _OLD_RESIDENT.fullmatch(code):
        yield (
            "old-resident-number",
            "it is a resident number of 15 digits: kept as given, never made longer",
            "",
        )
        return
    try:
        check_resident_number(code)
    except InvalidIdentifier as error:
        yield "holder-code", str(error), ""


def _shorten(fault: str) -> str:
    return fault if len(fault) <= 120 else fault[:120] + "…"


def read_holders(
    reading: RowReading, fields: Mapping[str, ClaimField], catalogue_type: CertificateType | None
) -> dict[str, Json]:
    """Return what a row states of its holders: names, codes, types of codes."""
    name_text, code_text = reading.texts.get("CZZT", ""), reading.texts.get("CZZTDM", "")
    if not name_text:
        reading.say("missing", "CZZT", "", "the holder 持证主体 is missing")
        return {}
    holder_names, codes = [name_text], [code_text] if code_text else []
    if (field := fields.get("CZZT")) is not None and field.repeatable:
        holder_names = split_holders(name_text, reading.profile.holder_separators)
        codes = split_holders(code_text, reading.profile.holder_separators)
        if codes and len(codes) != len(holder_names):
            reading.say(
                "holders",
                "CZZTDM",
                code_text,
                f"there are {len(holder_names)} holders and {len(codes)} codes",
            )
            return {}
    elif not _is_single(reading, name_text, code_text):
        return {}
    for holder_name in holder_names:
        _judge_name(reading, holder_name)
    claims: dict[str, Json] = {
        "CZZT": put_in_form(holder_names[0], None, field) if len(holder_names) == 1 else [*holder_names]
    }
    if not codes:
        reading.say("no-holder-code", "CZZTDM", "", "the holder has no code 持证主体代码")
        return claims
    holder_type, is_personal = _read_holder_type(reading), bool(catalogue_type and catalogue_type.is_personal)
    plain_codes = [_read_code(reading, code, holder_type, is_personal=is_personal) for code in codes]
    holder_types = [holder_type or guess_type(code) for code in plain_codes]
    if catalogue_type:
        _judge_kinds(reading, holder_types, catalogue_type)
    for name, claim_values in (("CZZTDM", plain_codes), ("CZZTDMLXDM", holder_types)):
        claims[name] = (
            [*claim_values] if len(claim_values) > 1 else put_in_form(claim_values[0], None, fields.get(name))
        )
    labels = [get_catalogue().conventions.holder_codes.get(holder_type, "") for holder_type in holder_types]
    claims["CZZTDMLX"] = (
        [*labels] if len(labels) > 1 else put_in_form(labels[0], None, fields.get("CZZTDMLX"))
    )
    return claims


def _is_single(reading: RowReading, name_text: str, code_text: str) -> bool:
    """Say whether a certificate of one holder names several, and tell whether it has one code."""
    separators = reading.profile.holder_separators
    codes = split_holders(code_text, separators)
    if len(codes) > 1 and not is_code(_EYE_SIGNS.sub("", fold_code(code_text))):
        message = f"there are {len(codes)} codes, and such certificates have one holder: give each a row"
        reading.say("holders", "CZZTDM", code_text, message)
        return False
    names = split_holders(name_text, separators)
    if len(names) > 1 and "\n" in name_text:
        message = f"there are {len(names)} names, and such certificates have one holder: give each a row"
        reading.say("holders", "CZZT", name_text, message)
        return False
    if len(names) > 1 and all(_HAN_NAME.search(name) for name in names):
        reading.say("several-holders", "CZZT", name_text, "it looks like several holders, and there is one")
    return True


def _judge_name(reading: RowReading, name: str) -> None:
    if _NAME_MASK.search(name):
        reading.say("masked-name", "CZZT", name, "a part of it is hidden 脱敏: enter it whole")
    say_oddities(reading, "CZZT", name)


def _judge_kinds(reading: RowReading, holder_types: Sequence[str], catalogue_type: CertificateType) -> None:
    """Say whether a person holds what the catalogue gives to bodies alone, or a body what it gives to persons."""
    if any(finding.sort in _HOLDER_SORTS for finding in reading.findings):
        return  # the code and its type do not fit each other: which kind of holder it is cannot be told
    for holder_type in dict.fromkeys(holder_types):
        kind = _find_kind(holder_type)
        if kind and kind not in catalogue_type.holders:
            usual_holders = "persons 自然人" if kind == "body" else "bodies 法人和其他组织"
            reading.say(
                "holder-kind",
                "CZZTDM",
                reading.texts.get("CZZTDM", ""),
                f"{catalogue_type.name.zh} is held by {usual_holders}, and the code is of another kind",
            )


def _find_kind(holder_type: str) -> str:
    """Return which kind of holder has codes of a type, empty where either may."""
    if holder_type in (CREDIT_TYPE, OTHER_BODY_TYPE):
        return "body"
    is_known = holder_type != OTHER_PAPER_TYPE and holder_type in get_catalogue().conventions.holder_codes
    return "person" if is_known else ""


def _read_holder_type(reading: RowReading) -> str:
    """Return the code for the type of a holder's code that a row states, by code or in words; empty where it states none."""
    target = "CZZTDMLXDM" if "CZZTDMLXDM" in reading.texts else "CZZTDMLX"
    text = reading.texts.get(target, "")
    mapped_type = reading.profile.holder_types.get(text, text)
    if not text or (mapped_type == text and text in get_catalogue().conventions.holder_codes):
        return text
    if mapped_type != text:
        reading.say("holder-type-map", target, text, f"{text[:20]} is {mapped_type}", mapped_type)
        return mapped_type
    if text.zfill(3) in get_catalogue().conventions.holder_codes:
        reading.say(
            "lost-zeros",
            target,
            text,
            "zeros at its beginning are missing, which Excel takes away",
            text.zfill(3),
        )
    else:
        reading.say(
            "holder-type-word",
            target,
            text,
            "the profile does not say what it means: add it to [holder_types]",
        )
    return ""


def _read_code(reading: RowReading, text: str, holder_type: str, *, is_personal: bool) -> str:
    code = fold_code(text)
    if code != text:
        reading.say(
            "code-width",
            "CZZTDM",
            text,
            "full-width characters, blanks and small letters are written plainly",
            code,
        )
    for sort, message, suggestion in judge_code(code, holder_type, is_personal=is_personal):
        reading.say(sort, "CZZTDM", text, message, suggestion)
    return code
