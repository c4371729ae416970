"""Rows of departments' tables, made from the types of the catalogue.

Every claim that a type has stands in them, in its form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from ledger.catalogue.fields import ClaimField, Form
from ledger.catalogue.types import CertificateType
from ledger.records.identifiers import (
    compute_credit_check,
    compute_organisation_check,
    compute_resident_check,
)
from tests.fakes.department import ISSUER

#: Claims that an import states by itself, and those of a sealing.
_LEFT_OUT: Final = frozenset({"ZZBS", "ZZQZR", "ZZQZSJ", "ZZQZMC", "CZZTDMLX"})
_ISSUED, _FIRST_DAY = "2026-03-09", "2026-03-10"
#: Numbers as the catalogue has those of a type that is not numbered by its holder's code, with six digits of their own.
_NUMBERS: Final[Mapping[str, str]] = {
    "association": "51{code:.16}",
    "bdc-proof": "鄂（2026）天门市不动产证明第0{:06d}号",
    "bdc-title": "鄂（2026）天门市不动产权第0{:06d}号",
    "birth": "U420{:06d}",
    "build-plan": "建字第4290062026A0{:06d}号",
    "disability": "{code}11",
    "discharge": "{code}001P",
    "enterprise-qualification": "D342{:06d}",
    "food-trade": "JY24290060{:06d}",
    "land-use": "地字第4290062026A0{:06d}号",
    "marriage": "J429006-2026-{:06d}",
    "nurse": "202642{:06d}",
    "pharmacy": "鄂DA027{:06d}",
    "physician": "110429006{:06d}",
    "physician-qual": "202642110429006199{:06d}",
    "private-body": "52{code:.16}",
    "road-worker": "4290062026001{:06d}",
    "safety-officer": "鄂建安A(2026)0{:06d}",
    "safety-permit": "（鄂）JZ安许证字〔2026〕{:06d}",
    "school": "1429006{:06d}",
    "teacher": "20264290061{:06d}",
    "tobacco": "429006{:06d}",
    "water": "D429006S2026-{:04d}",
    "work-permit": "429006202603{:06d}",
}
_VALUES: Final[Mapping[Form, Callable[[ClaimField, str], str]]] = {
    Form.TEXT: lambda field, name: field.values[0] if field.values else f"{name}的{field.label.zh}",
    Form.DATE: lambda *_: "1990-05-06",
    Form.TIME: lambda *_: "2020-05-06T08:00:00Z",
    Form.INTEGER: lambda *_: "1200",
    Form.CHOICE: lambda field, _: field.values[0],
    Form.DIGEST: lambda *_: "sm3:" + "ab" * 32,
}


@dataclass(frozen=True)
class Holder:
    """Somebody who holds certificates: name, code, and the type of that code."""

    number: int
    name: str
    code: str
    code_type: str


def make_body(number: int) -> Holder:
    organisation = f"{number:08d}"
    body = f"91429006{organisation}{compute_organisation_check(organisation)}"
    return Holder(number, f"天门示例第{number}公司", body + compute_credit_check(body), "001")


def make_person(number: int) -> Holder:
    body = f"42900619900101{number:03d}"
    return Holder(number, f"张示例{_count(number)}", body + compute_resident_check(body), "111")


def _count(number: int) -> str:
    return "".join("零一二三四五六七八九"[int(digit)] for digit in str(number))


def make_row(type_: CertificateType, holders: list[Holder]) -> dict[str, str]:
    """Return the cells of a certificate of a type, by the names of claims; several holders where there may be."""
    first = holders[0]
    years = type_.validity.years[0] if type_.validity and type_.validity.years else 0
    end = f"{2026 + years}-03-09" if years else "长期"
    if type_.validity and type_.validity.term == "stated":
        end = "2036-03-09"
    standard = {
        "ZZMC": type_.name.zh, "ZZLXDM": type_.code, "ZZBH": make_number(type_, first), "ZZBFJG": "天门市示例局",
        "ZZBFJGDM": ISSUER, "ZZBFRQ": _ISSUED, "CZZT": "、".join(holder.name for holder in holders),
        "CZZTDM": "、".join(holder.code for holder in holders), "CZZTDMLXDM": first.code_type,
        "ZZYXQQSRQ": _FIRST_DAY, "ZZYXQJZRQ": end,
    }  # fmt: skip
    cells: dict[str, str] = {}
    for field in get_catalogue().list_claims(type_):
        if field.name not in _LEFT_OUT:
            cells[field.name] = standard.get(field.name) or _VALUES[field.form](field, first.name)
    return cells


def make_number(type_: CertificateType, holder: Holder) -> str:
    """Return a number as the catalogue has those of a type: the holder's own code where that fits."""
    rule = type_.number
    if rule is None:
        return f"天示例{type_.id}字〔2026〕{holder.number}号"
    if rule.fits(holder.code):
        return holder.code
    number = _NUMBERS[type_.id].format(holder.number, code=holder.code)
    assert rule.fits(number), (type_.id, number)
    return number
