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


def write_type_line(certificate_type: CertificateType) -> str:
    """Return a type in one line: identifier, code, how sure that is, name."""
    return (
        f"{certificate_type.id:<22} {certificate_type.code}  {_write(certificate_type.name)}  "
        f"[{_write(_CERTAINTY_WORDS[certificate_type.certainty])}]"
    )


def write_type(certificate_type: CertificateType, catalogue: Catalogue) -> Iterator[str]:
    """Yield the lines of a type or of a kind of seal: what it is, what it states, which errands need it."""
    yield f"{_write(certificate_type.name)} ({certificate_type.id})"
    yield f"  代码 code: {certificate_type.code}, {_write(_CERTAINTY_WORDS[certificate_type.certainty])}"
    yield from (f"  {label}: {text}" for label, text in _list_facts(certificate_type) if text)
    for group, group_words in _GROUP_WORDS.items():
        claims = [
            claim_field
            for claim_field in catalogue.list_claims(certificate_type)
            if claim_field.group is group
        ]
        if claims:
            yield f"  {_write(group_words)}"
            yield from (f"    {_write_claim(claim_field)}" for claim_field in claims)
    errands = [
        _write(errand.title) for errand in catalogue.errands.values() if _is_needed(certificate_type, errand)
    ]
    if errands:
        yield f"  办事事项 errands: {'; '.join(errands)}"


def _list_facts(certificate_type: CertificateType) -> Iterable[tuple[str, str]]:
    holders = "、".join(_HOLDER_WORDS[holder] for holder in certificate_type.holders)
    return (
        ("用途 use", _write(_USE_WORDS[certificate_type.use]) if certificate_type.use in _USE_WORDS else ""),
        ("以往代码 former codes", ", ".join(certificate_type.former_codes)),
        ("主管领域 authority", certificate_type.authority),
        ("持证主体 holders", holders + (" (可共有 joint)" if certificate_type.joint else "")),
        ("别名 also called", "、".join(certificate_type.aliases)),
        ("可替代材料 replaces", "、".join(certificate_type.papers)),
        ("标准 standard", certificate_type.standard or ""),
        (
            "编号规则 number",
            f"{certificate_type.number.pattern} {certificate_type.number.note}".rstrip()
            if certificate_type.number
            else "",
        ),
        ("有效期 validity", _write_validity(certificate_type.validity) if certificate_type.validity else ""),
        (
            "印章 seal",
            f"{certificate_type.seal.group}, {certificate_type.seal.basis}" if certificate_type.seal else "",
        ),
        ("来源 evidence", certificate_type.evidence.value),
        ("说明 note", certificate_type.note),
    )


def _write_validity(validity: Validity) -> str:
    if validity.term == "none":
        term_words = "长期 without end"
    elif validity.term == "stated":
        term_words = "以证载为准 as each one says"
    else:
        years = "/".join(map(str, validity.years))
        term_words = f"{years} 年 years" + (" 或长期 or without end" if validity.endless else "")
    return f"{term_words}. {validity.note}" if validity.note else term_words


def _write_claim(claim_field: ClaimField) -> str:
    remarks = ["必填 required" if claim_field.required else "选填 optional", claim_field.form.value]
    if claim_field.repeatable:
        remarks.append("多值 several")
    remarks.append(f"{claim_field.level} 级 {LEVELS[claim_field.level]}")
    if claim_field.mask is not Mask.NONE:
        remarks.append(_write(_MASK_WORDS[claim_field.mask]))
    values_text = f": {'、'.join(claim_field.values)}" if claim_field.form is Form.CHOICE else ""
    return f"{claim_field.name:<12} {_write(claim_field.label)} [{', '.join(remarks)}]{values_text}"


def _is_needed(certificate_type: CertificateType, errand: Errand) -> bool:
    return certificate_type.id in errand.seals or any(
        need.type == certificate_type.id for need in errand.needs
    )


def write_errand(errand: Errand, catalogue: Catalogue) -> Iterator[str]:
    """Yield the lines of an errand: licences with the papers that they replace, seals, signatures, what comes of it."""
    yield f"{_write(errand.title)} ({errand.id})"
    for need in errand.needs:
        need_name = _write(catalogue.types[need.type].name) if need.type else f"{need.paper} (纸质 paper)"
        replacement_words = f", 替代 replaces {need.replaces}" if need.replaces else ""
        yield f"  {'可选 optional' if need.optional else '需要 needs'}: {need_name}{replacement_words}"
    for section_label, texts in (
        ("印章 seals", [_write(catalogue.types[type_id].name) for type_id in errand.seals]),
        ("签名 signatures", errand.signatures),
        (
            "产生 produces",
            [*(_write(catalogue.types[type_id].name) for type_id in errand.produces), *errand.papers],
        ),
    ):
        if texts:
            yield f"  {section_label}: {'; '.join(texts)}"
    if errand.note:
        yield f"  说明 note: {errand.note}"


def _write(words: Words) -> str:
    return f"{words.zh} {words.en}"
