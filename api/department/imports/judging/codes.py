"""Codes of bodies and persons as tables have them, and what tells that one of them is right."""

import re
from functools import lru_cache
from typing import Final

from ledger.encoding.normal_forms import to_nfkc
from ledger.errors import InvalidIdentifier
from ledger.records.identifiers import check_resident_number, find_credit_code_fault

_BLANKS: Final = re.compile(r"[\s\u200b\ufeff]+")


def fold_code(text: str) -> str:
    """Return a code without what its spellings differ by: width, blanks, case."""
    return _BLANKS.sub("", to_nfkc(text)).upper()


@lru_cache(maxsize=65_536)
def is_resident_number(code: str) -> bool:
    """Tell whether a code is a resident number of 18 characters whose check digit fits."""
    try:
        check_resident_number(code)
    except InvalidIdentifier:
        return False
    return True


def is_code(code: str) -> bool:
    """Tell whether a code is a credit code or a resident number, by its check digits."""
    return not find_credit_code_fault(code) or is_resident_number(code)
