"""Days as input rows state them, and the word for a certificate without end.

A day is written YYYY-MM-DD and nothing else is taken for one; another spelling is refused with how to write it.
"""

from datetime import date, timedelta
from typing import Final

from ledger.encoding.times import parse_date
from ledger.errors import MalformedInput
from ledger.records.contradictions import ENDLESS_SPELLINGS, read_date

#: What a row says whose certificate has no end, where several words would do.
NO_END: Final = "长期"
#: Day 0 of the numbers that spreadsheets keep for dates, and of those in workbooks of the 1904 date system.
_SPREADSHEET_EPOCH: Final = date(1899, 12, 30)
MAC_EPOCH: Final = date(1904, 1, 1)
# Days that such numbers mean: no text of another meaning looks like them in the column of a date.
_FIRST_DAY, _LAST_DAY = date(1950, 1, 1), date(2199, 12, 31)
_MAX_SERIAL_CHARS: Final = 6


def parse_day(text: str) -> date:
    """Return the day that a cell states. Raises: MalformedInput, which says how to write another spelling of one."""
    try:
        return parse_date(text)
    except MalformedInput as error:
        if (serial_day := read_serial(text)) is not None:
            raise MalformedInput(
                f"{text} is how a spreadsheet counts days, there {serial_day.isoformat()}: format the column as text, and "
                "write YYYY-MM-DD"
            ) from error
        day = read_date(text)
        raise MalformedInput(f"{error}: write {day.isoformat()}" if day else str(error)) from error


def parse_last_day(text: str) -> date | None:
    """Return the last day that a cell states, None where it says that there is no end. Raises: MalformedInput."""
    if is_endless(text):
        return None
    try:
        return parse_day(text)
    except MalformedInput as error:
        raise MalformedInput(f"{error}; or {NO_END} for a certificate without end") from error


def is_endless(text: str) -> bool:
    """Tell whether a cell says in words that there is no end."""
    return "".join(text.lower().split()) in ENDLESS_SPELLINGS and not text.strip().isdecimal()


def read_serial(text: str, epoch: date = _SPREADSHEET_EPOCH) -> date | None:
    """Return the day that a spreadsheet means by a number, or None for text that is no such number; `epoch` is its day 0."""
    digits = text.removesuffix(".0")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_SERIAL_CHARS):
        return None
    day = epoch + timedelta(days=int(digits))
    return day if _FIRST_DAY <= day <= _LAST_DAY else None
