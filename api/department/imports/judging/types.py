"""Which type of certificate a row means, by its code or its name."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final

from anchoring.catalogue.chosen import find_city_folder, get_catalogue
from api.department.imports.judging.codes import fold_code
from api.department.imports.judging.reading import RowReading
from api.department.imports.profiles import fold_heading
from ledger.records.identifiers import find_credit_code_fault

#: Claim of a certificate of the past: the code of who issued it, where an authority was merged since.
ISSUER_OF_THEN: Final = "KZ_YBFJGDM"  # 原颁发机构代码
_MIN_LIKENESS: Final = 0.8  # of two names, from 0 to 1: one wrong character in five
_MIN_PREFIX_LIKENESS: Final = (
    0.85  # of two bodies' codes: two wrong characters; those of other ministries differ by more
)
_CODE_CHARS: Final = 21
_CREDIT_CHARS: Final = 18


@dataclass(frozen=True, slots=True)
class RowType:
    """The code of a type, empty where none was found, and what is to be said about it; `sort` is empty where nothing is."""

    code: str
    name: str = ""
    sort: str = ""
    message: str = ""
    suggestion: str = ""


def find_type(code: str, name: str) -> RowType:
    """Return the type that a row names by its code of 21 characters, else by its name."""
    return _find_once(find_city_folder(), code, name)


@lru_cache(maxsize=4096)  # the rows of a file are of few types
def _find_once(_: Path | None, code: str, name: str) -> RowType:
    """Find a type in the catalogue of a city's folder: what is remembered is of that one."""
    return _find_by_code(code) if code else _find_by_name(name)


def _find_by_code(code: str) -> RowType:
    if catalogue_type := get_catalogue().find_type(code):
        return RowType(code, catalogue_type.name.zh)
    fault = (
        None
        if len(code) == _CODE_CHARS and code[_CREDIT_CHARS:].isdecimal()
        else "it has 18 characters and three digits"
    )
    fault = fault or find_credit_code_fault(code[:_CREDIT_CHARS])
    if fault:
        close_codes = get_close_matches(code, [*get_catalogue().types_by_code], 1, _MIN_LIKENESS)
        return RowType(
            "", "", "type-code", f"this is no code of a type: {fault}", close_codes[0] if close_codes else ""
        )
    prefixes = {catalogue_type.code[:_CREDIT_CHARS] for catalogue_type in get_catalogue().certificates}
    if code[:_CREDIT_CHARS] not in prefixes and (
        close_codes := get_close_matches(code[:_CREDIT_CHARS], [*prefixes], 1, _MIN_PREFIX_LIKENESS)
    ):
        return RowType(
            "",
            "",
            "type-code",
            "no body of the catalogue has it, one nearly",
            close_codes[0] + code[_CREDIT_CHARS:],
        )
    return RowType(code, "", "type", "the catalogue has no such type")


def _find_by_name(name: str) -> RowType:
    codes_by_name = _map_codes_by_name()
    folded_name = fold_heading(name)
    if folded_name in codes_by_name:
        return RowType(codes_by_name[folded_name], name)
    close_names = get_close_matches(folded_name, [*codes_by_name], 1, _MIN_LIKENESS)
    if not close_names:
        return RowType(
            "",
            "",
            "type-code",
            "the catalogue has no type of this name: give its code, or `type` in the profile",
        )
    catalogue_type = get_catalogue().find_type(codes_by_name[close_names[0]])
    official_name = catalogue_type.name.zh if catalogue_type else ""
    return RowType(
        codes_by_name[close_names[0]],
        name,
        "type-name",
        f"the catalogue calls the nearest type {official_name}: both are kept",
        official_name,
    )


def _map_codes_by_name() -> dict[str, str]:
    return {
        fold_heading(name): catalogue_type.code
        for catalogue_type in get_catalogue().certificates
        for name in (catalogue_type.name.zh, *catalogue_type.aliases)
    }


def read_type(reading: RowReading) -> RowType:
    """Return the type that a row names, or its profile."""
    code = fold_code(reading.texts.get("ZZLXDM", ""))
    name = reading.texts.get("ZZMC", "")
    if not code and reading.profile.type:
        code = (
            reading.profile.type
            if get_catalogue().find_type(reading.profile.type)
            else find_type("", reading.profile.type).code
        )
    if not code and not name and _is_name_of_type(reading.sheet):
        name = reading.sheet
        reading.say(
            "type-of-sheet", "ZZMC", "", f"the type is that of the sheet’s name 工作表名: {name}", name
        )
    if not code and not name:
        reading.say(
            "missing",
            "ZZMC",
            "",
            "neither name nor code of the type of certificate is there: give `type` in the profile, or name the "
            "sheet 工作表 as the type is called",
        )
        return RowType("")
    row_type = find_type(code, name)
    if row_type.sort:
        target = "ZZLXDM" if code else "ZZMC"
        reading.say(row_type.sort, target, code or name, row_type.message, row_type.suggestion)
    elif code and name:
        _compare_name(reading, code, name)
    return RowType(row_type.code, name or row_type.name)


def _is_name_of_type(sheet_name: str) -> bool:
    """Tell whether a sheet is called as a type is, as in the templates."""
    return bool(sheet_name) and not find_type("", sheet_name).sort


def _compare_name(reading: RowReading, code: str, name: str) -> None:
    """Say whether the name of a type is that of another type than its code."""
    catalogue = get_catalogue()
    type_of_code, type_of_name = catalogue.find_type(code), catalogue.find_type(find_type("", name).code)
    if type_of_code and type_of_name and type_of_code is not type_of_name:
        official_name = type_of_code.name.zh
        reading.say(
            "type-name", "ZZMC", name, f"the code is that of {official_name}: which is meant?", official_name
        )


def read_issuer_of_then(reading: RowReading) -> str:
    """Return the code of the authority that issued a certificate of the past, where another one registers it now."""
    code = fold_code(reading.texts.get("ZZBFJGDM", ""))
    return code if reading.profile.backfill and reading.issuer and code != reading.issuer else ""


def read_issuer(reading: RowReading) -> str:
    """Return the credit code of the issuer that a row names, or else the one that was given; in a backfill, this one."""
    code = fold_code(reading.texts.get("ZZBFJGDM", ""))
    if code_of_then := read_issuer_of_then(reading):
        reading.say(
            "issuer-of-then",
            "ZZBFJGDM",
            code_of_then,
            f"it is stated as {ISSUER_OF_THEN}; {reading.issuer} registers the certificate now",
            reading.issuer,
        )
        code = ""
    issuer = code or reading.issuer
    if not issuer:
        reading.say("missing", "ZZBFJGDM", "", "the credit code of the issuer is missing: give --issuer")
    elif fault := _find_issuer_fault(issuer):
        reading.say("issuer-code", "ZZBFJGDM", issuer, fault, reading.issuer)
    return issuer


@lru_cache(maxsize=1024)
def _find_issuer_fault(issuer: str) -> str:
    if not issuer.strip("0X"):
        return "it is a placeholder 占位代码: give the issuer's own credit code"
    fault = find_credit_code_fault(issuer)
    return f"it is no credit code 统一社会信用代码: {fault}" if fault else ""
