"""Values masked 脱敏, as they are shown where people look over shoulders."""

import re
from collections.abc import Mapping
from typing import Final

from ledger.catalogue.catalogue import Catalogue
from ledger.catalogue.fields import Mask
from ledger.encoding.canonical import Json
from ledger.records.identifiers import find_credit_code_fault

_STAR: Final = "*"
_HIDDEN: Final = _STAR * 3  # says nothing, not even how long the value is
# Of a number: the division that it begins with, and what tells it from its neighbours. A short one shows some half.
_FIRST_CHARS, _LAST_CHARS = 6, 4
_STREET: Final = re.compile(r".*?(?:街道|[路街巷镇乡])")
_MAX_STREET_CHARS: Final = 12  # of an address whose street is not found, half of it at most
_HOLDER_CODE: Final = "CZZTDM"
_SEPARATOR: Final = "、"


def show_claim(catalogue: Catalogue, values: Mapping[str, Json], name: str) -> str | None:
    """Return the claim `name` of a certificate as others see it; None where its claims `values` do not state it.

    Its holder is a person unless a credit code 统一社会信用代码 says that it is a body: who hides too much harms nobody.
    """
    value, claim = values.get(name), catalogue.find_field(name)
    if value is None:
        return None
    mask = Mask.ALL
    if claim is not None:
        mask = claim.mask if _is_of_bodies(values) else claim.grade_for_person().mask
    items = value if isinstance(value, list) else [value]
    return _SEPARATOR.join(mask_text(str(item), mask) for item in items)


def _is_of_bodies(values: Mapping[str, Json]) -> bool:
    """Tell whether every holder is a body by its credit code (GB 32100-2015)."""
    value = values.get(_HOLDER_CODE)
    codes = value if isinstance(value, list) else [value]
    return bool(codes) and all(
        isinstance(code, str) and find_credit_code_fault(code) is None for code in codes
    )


def mask_text(text: str, mask: Mask) -> str:
    """Return a text with what its mask hides as stars; the mask `none` hides nothing."""
    if mask is Mask.NONE or not text:
        return text
    if mask is Mask.NAME:
        return text[0] + _STAR * (len(text) - 1) if len(text) > 1 else _STAR
    if mask is Mask.NUMBER:
        return _mask_number(text)
    return _mask_address(text) if mask is Mask.ADDRESS else _HIDDEN


def _mask_number(text: str) -> str:
    first_count, last_count = min(_FIRST_CHARS, len(text) // 3), min(_LAST_CHARS, len(text) // 4)
    hidden_count = len(text) - first_count - last_count
    return text[:first_count] + _STAR * hidden_count + text[len(text) - last_count :]


def _mask_address(text: str) -> str:
    street_match = _STREET.match(text)
    shown_count = street_match.end() if street_match else min(_MAX_STREET_CHARS, len(text) // 2)
    return text[:shown_count] + (_HIDDEN if shown_count < len(text) else "")
