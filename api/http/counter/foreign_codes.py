"""Recognise codes of other systems, so that a clerk is told what was scanned.

Nothing is looked up, opened, kept or repeated, but for the host of a link: each sort is told by its form and its check
digits alone. The forms are those that running systems use or accept; none is a standard, so what is said is a hint.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from api.http.counter.foreign_words import SORTS
from api.rendering.visible import MAX_NAME_CHARS, make_visible
from ledger.errors import InvalidIdentifier
from ledger.proof.paper import PREFIX
from ledger.records.identifiers import (
    ROOT,
    VENDOR_ROOT,
    CertificateIdentifier,
    check_resident_number,
    find_credit_code_fault,
)
from ledger.words import Words


@dataclass(frozen=True, slots=True)
class ForeignCode:
    """What a code is, and what to do; `host` is where a link leads, made visible."""

    sort: str
    title: Words
    advice: Words
    host: str = ""


#: Of a resident number, behind its first two digits: division, birth date, sequence and check character.
_BIRTH_FORM: Final = "[0-9]{4}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])[0-9]{3}[0-9Xx]"
#: Sorts that are told by their form, in the order in which they are asked for.
_PATTERNS: Final = tuple(
    (sort, re.compile(pattern, re.DOTALL))
    for sort, pattern in (
        ("health_insurance", r"424[0-9]{25}|opc[0-9]{25}"),
        ("resident_or_payment", f"1[0-5]{_BIRTH_FORM}"),
        ("resident", f"[2-8][0-9]{_BIRTH_FORM}"),
        ("payment", r"1[0-5][0-9]{16}|(?:2[5-9]|30)[0-9]{14,22}|62[0-9]{17}"),
        ("payment", r"(?:wxp|weixin|alipays?|upwallet)://.*"),
        ("health_card", r"[^:/\s]{32,}:[01](?::.*)?"),
        ("use_code", r"(?:19|20)[0-9]{15}[A-Za-z]{2}[0-9A-Za-z]*(?:_[0-9A-Za-z]{18})?"),
        ("licence_code", r"(?=.*[A-Za-z])[1-8][0-9]{5}(?:19|20)[0-9]{2}[0-9A-Za-z]{8}"),
        ("invoice", r"01,[0-9]{2},.*"),
        ("property", r"(?!https?:)[^&]*(?:&[^&]*){3,}"),
        ("receipt", r"\s*\{.*shunzheng/receipt/.*"),
        ("shandong", r"[0-9]{10}"),
        ("anhui", r"(?!https?:)\S+[0-9A-Fa-f]{32}"),
    )
)
_PAYMENT_HOSTS: Final = ("qr.alipay.com", "qr.95516.com", "wx.tenpay.com", "payapp.weixin.qq.com")
_HOST_SORTS: Final = (
    ("zzapp.gsxt.gov.cn", "e_business_licence"),
    ("gsxt.gov.cn", "company_publicity"),
    ("mohurd.gov.cn", "mohurd"),
)


def recognise(text: str) -> ForeignCode | None:
    """Return what a code of another system is; None for what may be a code or a proof of ours."""
    straight_text = text.strip()
    if not straight_text or straight_text.startswith(PREFIX):
        return None
    for find_sort in (_tell_person, _tell_identifier, _tell_company, _tell_form):
        if sort := find_sort(straight_text):
            return ForeignCode(sort, *SORTS[sort])
    if straight_text.lower().startswith(("http://", "https://")):
        return _tell_link(straight_text)
    if straight_text.startswith(
        ("{", "[")
    ):  # a proof, or what is left of one: the verdict says what is wrong with it
        return None
    return ForeignCode("unknown", *SORTS["unknown"])


def _tell_person(text: str) -> str:
    """Tell a resident number, which some codes for payments look like: their first digits are 10 to 15."""
    if not _passes(check_resident_number, text.upper()):
        return ""
    return "resident_or_payment" if re.match("1[0-5]", text) else "resident"


def _tell_identifier(text: str) -> str:
    if not text.startswith((f"{ROOT}.", f"{VENDOR_ROOT}.")):
        return ""
    return "identifier" if _passes(CertificateIdentifier.parse, text.upper()) else "identifier_wrong"


def _tell_company(text: str) -> str:
    return "company" if find_credit_code_fault(text.upper()) is None else ""


def _tell_form(text: str) -> str:
    return next((sort for sort, pattern in _PATTERNS if pattern.fullmatch(text)), "")


def _passes(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except InvalidIdentifier:
        return False
    return True


def _tell_link(text: str) -> ForeignCode:
    try:
        address = urlsplit(text)
        host = (address.hostname or "").lower()
    except ValueError:
        return ForeignCode("link", *SORTS["link"])
    if _belongs(host, _PAYMENT_HOSTS):
        return ForeignCode("payment", *SORTS["payment"])
    sort = next((sort for name, sort in _HOST_SORTS if _belongs(host, (name,))), "link")
    if sort == "link" and (address.scheme == "http" and _is_address(host)):
        sort = "bare_link"
    return ForeignCode(sort, *SORTS[sort], make_visible(host, MAX_NAME_CHARS))


def _belongs(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
