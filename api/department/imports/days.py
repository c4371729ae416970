"""Days as departments write them, each read in one way or in none."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from api.department.rows.days import read_serial
from ledger.encoding.normal_forms import to_nfkc
from ledger.records.contradictions import read_date

_MONTH: Final = re.compile(r"[0-9]{4}[-/.年][0-9]{1,2}月?")
_MIDNIGHT: Final = re.compile(r"(?<=[0-9])[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.0+)?)?$")


@dataclass(frozen=True, slots=True)
class ReadDay:
    """A day, or why there is none; `sort` says what was done to read it, or what is wrong."""

    day: date | None
    sort: str = ""
    message: str = ""
    suggestion: str = ""


@lru_cache(maxsize=65_536)  # the rows of a file share some thousand days
def read_day(text: str) -> ReadDay:
    """Return the civil day in Asia/Shanghai that a cell of a column of days means."""
    plain = to_nfkc(text).strip()
    try:
        if len(plain) == 10 and plain[4] == plain[7] == "-":
            return ReadDay(date.fromisoformat(plain), "" if plain == text else "date-form")
    except ValueError:
        pass
    day = read_date(plain) or read_date(_MIDNIGHT.sub("", plain))
    if day:
        return ReadDay(day, "date-form")
    if serial := read_serial(plain):
        return ReadDay(serial, "serial")
    if _MONTH.fullmatch(plain):
        return ReadDay(None, "date", "it names a month and no day, and none is made up", f"{plain[:4]}-MM-DD")
    return ReadDay(None, "date", "this is no day of the calendar", "YYYY-MM-DD")
