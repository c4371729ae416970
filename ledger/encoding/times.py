"""Moments and civil dates in their one exact spelling (docs/formats/README.md).

A moment is an `int` of seconds since 1970 inside and `YYYY-MM-DDTHH:MM:SSZ` at the edges. Dates of
certificates are civil dates in Asia/Shanghai, which has kept UTC+8 without daylight saving since 1991; no
time-zone database is consulted.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from ledger.errors import MalformedInput
from ledger.limits import MAX_BLOCK_TIME

_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SHANGHAI = timezone(timedelta(hours=8))
_LAST_MOMENT = 253402300799  # 9999-12-31T23:59:59Z, the last that the spelling can hold


@lru_cache(maxsize=1024)  # the records of a submission share a few moments
def parse_time(text: str) -> int:
    """Return the seconds since 1970 of `YYYY-MM-DDTHH:MM:SSZ`.

    Raises: MalformedInput for any other spelling.
    """
    time_match = _TIME.fullmatch(text)
    if not time_match:
        raise MalformedInput(f"a time must be written YYYY-MM-DDTHH:MM:SSZ, not {text[:40]!r}")
    year, month, day, hour, minute, second = map(int, time_match.groups())
    try:
        moment = int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError as error:
        raise MalformedInput(f"{text!r} is not a moment of the calendar") from error
    if moment < 0:
        raise MalformedInput(f"{text!r} lies before 1970")
    return moment


@lru_cache(maxsize=1024)
def format_time(moment: int) -> str:
    """Write seconds since 1970 as `YYYY-MM-DDTHH:MM:SSZ`. Raises: MalformedInput beyond the year 9999."""
    if not 0 <= moment <= _LAST_MOMENT:
        raise MalformedInput(f"the moment {moment} lies outside the years 1970 to 9999")
    return datetime.fromtimestamp(moment, UTC).isoformat()[:19] + "Z"


def parse_date(text: str) -> date:
    """Return the civil date of `YYYY-MM-DD`. Raises: MalformedInput for any other spelling."""
    if not _DATE.fullmatch(text):
        raise MalformedInput(f"a date must be written YYYY-MM-DD, not {text[:40]!r}")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MalformedInput(f"{text!r} is not a date of the calendar") from error


def find_day_bounds(day: date) -> tuple[int, int]:
    """Return the first and the last second of a civil date in Asia/Shanghai. Raises: MalformedInput before 1970."""
    first_second = int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp())
    if first_second < 0:
        raise MalformedInput(f"{day.isoformat()} lies before 1970")
    return first_second, first_second + 86_399


def find_civil_date(moment: int) -> date:
    """Return the date that a calendar in Asia/Shanghai shows at `moment` (seconds since 1970), cut off at 10^11."""
    return datetime.fromtimestamp(min(moment, MAX_BLOCK_TIME), SHANGHAI).date()
