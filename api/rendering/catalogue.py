"""Entries of the catalogue in words, for people at a terminal."""

from collections.abc import Iterable, Iterator
from typing import Final

from ledger.catalogue.catalogue import Catalogue
from ledger.catalogue.errands import Errand
from ledger.catalogue.fields import LEVELS, ClaimField, Form, Group, Mask
from ledger.catalogue.types import Certainty, CertificateType, Use, Validity
from ledger.words import Words

_CERTAINTY_WORDS: Final = {
    Certainty.VERIFIED: Words("已核实", "verified"),
    Certainty.PRESUMED: Words("推定", "presumed"),
    Certainty.LOCAL: Words("本地编码", "local, made up"),
}
_GROUP_WORDS: Final = {
    Group.BASE: Words("基础信息", "base"),
    Group.HOLDER: Words("持证主体信息", "holder"),
    Group.PERMIT: Words("许可信息", "permit"),
    Group.MANAGEMENT: Words("管理信息", "management"),
}
_MASK_WORDS: Final = {
    Mask.NONE: Words("不脱敏", "not masked"),
    Mask.NAME: Words("姓名留姓", "surname stays"),
    Mask.NUMBER: Words("留前六后四", "first 6 and last 4 stay"),
    Mask.ADDRESS: Words("地址到街道", "up to the street"),
    Mask.ALL: Words("全部隐去", "hidden"),
}
_USE_WORDS: Final = {
    Use.RELY: Words("仅核验", "relied on only, issued by others"),
    Use.UNNAMED: Words("名称未知", "only the code was seen"),
}
_HOLDER_WORDS: Final = {"body": "法人 body", "person": "自然人 person"}


def write_type_line(type_: CertificateType) -> str:
    """Return a type in one line: identifier, code, how sure that is, name."""
    return f"{type_.id:<22} {type_.code}  {_write(type_.name)}  [{_write(_CERTAINTY_WORDS[type_.certainty])}]"


def write_type(type_: CertificateType, catalogue: Catalogue) -> Iterator[str]:
    """Yield the lines of a type or of a kind of seal: what it is, what it states, which errands need it."""
    yield f"{_write(type_.name)} ({type_.id})"
    yield f"  代码 code: {type_.code}, {_write(_CERTAINTY_WORDS[type_.certainty])}"
    yield from (f"  {label}: {text}" for label, text in _list_facts(type_) if text)
    for group, words in _GROUP_WORDS.items():
        claims = [claim for claim in catalogue.list_claims(type_) if claim.group is group]
        if claims:
            yield f"  {_write(words)}"
            yield from (f"    {_write_claim(claim)}" for claim in claims)
    errands = [_write(errand.title) for errand in catalogue.errands.values() if _is_needed(type_, errand)]
    if errands:
        yield f"  办事事项 errands: {'; '.join(errands)}"


def _list_facts(type_: CertificateType) -> Iterable[tuple[str, str]]:
    holders = "、".join(_HOLDER_WORDS[holder] for holder in type_.holders)
    return (
        ("用途 use", _write(_USE_WORDS[type_.use]) if type_.use in _USE_WORDS else ""),
        ("以往代码 former codes", ", ".join(type_.former_codes)),
        ("主管领域 authority", type_.authority),
        ("持证主体 holders", holders + (" (可共有 joint)" if type_.joint else "")),
        ("别名 also called", "、".join(type_.aliases)),
        ("可替代材料 replaces", "、".join(type_.papers)),
        ("标准 standard", type_.standard or ""),
        ("编号规则 number", f"{type_.number.pattern} {type_.number.note}".rstrip() if type_.number else ""),
        ("有效期 validity", _write_validity(type_.validity) if type_.validity else ""),
        ("印章 seal", f"{type_.seal.group}, {type_.seal.basis}" if type_.seal else ""),
        ("来源 evidence", type_.evidence.value),
        ("说明 note", type_.note),
    )


def _write_validity(validity: Validity) -> str:
    if validity.term == "none":
        term = "长期 without end"
    elif validity.term == "stated":
        term = "以证载为准 as each one says"
    else:
        years = "/".join(map(str, validity.years))
        term = f"{years} 年 years" + (" 或长期 or without end" if validity.endless else "")
    return f"{term}. {validity.note}" if validity.note else term


def _write_claim(claim: ClaimField) -> str:
    marks = ["必填 required" if claim.required else "选填 optional", claim.form.value]
    if claim.repeatable:
        marks.append("多值 several")
    marks.append(f"{claim.level} 级 {LEVELS[claim.level]}")
    if claim.mask is not Mask.NONE:
        marks.append(_write(_MASK_WORDS[claim.mask]))
    values = f": {'、'.join(claim.values)}" if claim.form is Form.CHOICE else ""
    return f"{claim.name:<12} {_write(claim.label)} [{', '.join(marks)}]{values}"


def _is_needed(type_: CertificateType, errand: Errand) -> bool:
    return type_.id in errand.seals or any(need.type == type_.id for need in errand.needs)


def write_errand(errand: Errand, catalogue: Catalogue) -> Iterator[str]:
    """Yield the lines of an errand: licences with the papers that they replace, seals, signatures, what comes of it."""
    yield f"{_write(errand.title)} ({errand.id})"
    for need in errand.needs:
        name = _write(catalogue.types[need.type].name) if need.type else f"{need.paper} (纸质 paper)"
        replaced_paper = f", 替代 replaces {need.replaces}" if need.replaces else ""
        yield f"  {'可选 optional' if need.optional else '需要 needs'}: {name}{replaced_paper}"
    for label, texts in (
        ("印章 seals", [_write(catalogue.types[key].name) for key in errand.seals]),
        ("签名 signatures", errand.signatures),
        ("产生 produces", [*(_write(catalogue.types[key].name) for key in errand.produces), *errand.papers]),
    ):
        if texts:
            yield f"  {label}: {'; '.join(texts)}"
    if errand.note:
        yield f"  说明 note: {errand.note}"


def _write(words: Words) -> str:
    return f"{words.zh} {words.en}"
