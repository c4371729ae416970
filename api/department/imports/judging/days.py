"""Days as departments write them, each read in one way or in none."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from api.department.imports.judging.reading import RowReading
from api.department.rows.days import NO_END, read_serial
from ledger.encoding.canonical import Json
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


def read_days(reading: RowReading) -> dict[str, Json]:
    """Return the days that a row states, as members of its record."""
    days: dict[str, Json] = {}
    issued = read_first_day(reading, "ZZBFRQ", reading.texts.get("ZZBFRQ", ""))
    if issued is None and not any(f.sort in ("date", "never-date") for f in reading.findings):
        reading.say("missing", "ZZBFRQ", "", "the day of issue 颁发日期 is missing")
    if issued and issued > reading.today:
        reading.say("future", "ZZBFRQ", reading.texts["ZZBFRQ"], "the day of issue lies in the future")
    start = read_first_day(reading, "ZZYXQQSRQ", reading.texts.get("ZZYXQQSRQ", ""))
    end = _read_last_day(reading)
    if isinstance(end, date) and (first := start or issued) and end < first:
        reading.say(
            "end-before-start",
            "ZZYXQJZRQ",
            reading.texts["ZZYXQJZRQ"],
            "the last day lies before the first",
        )
    for member, day in (("issued", issued), ("valid_from", start), ("valid_until", end)):
        if day is not None:
            days[member] = day if isinstance(day, str) else day.isoformat()
    return days


def read_first_day(reading: RowReading, target: str, text: str) -> date | None:
    """Return the day that a cell means, None where it means none."""
    if not text:
        return None
    day_reading = _read_day(reading, target, text)
    if day_reading.day is None:
        return None
    if day_reading.day.isoformat() in reading.profile.never_dates:
        sort = "never-date" if target == "ZZBFRQ" else "no-date"
        reading.say(sort, target, text, "it stands for a day that is not known")
        return None
    return day_reading.day


def _read_day(reading: RowReading, target: str, text: str) -> ReadDay:
    if text.startswith(("0000", "0001")):
        day_reading = ReadDay(
            None,
            "never-date" if target == "ZZBFRQ" else "no-date",
            "it stands for a day that is not known",
        )
    else:
        day_reading = read_day(text)
    if day_reading.sort:
        suggestion = day_reading.day.isoformat() if day_reading.day else day_reading.suggestion
        message = day_reading.message or f"it is read as {suggestion}"
        reading.say(day_reading.sort, target, text, message, suggestion)
    return day_reading


def _read_last_day(reading: RowReading) -> date | str | None:
    text = reading.texts.get("ZZYXQJZRQ", "")
    if not text:
        if reading.profile.empty_end == "endless":
            return NO_END
        sort = "empty-end" if reading.profile.empty_end == "ask" else "false-end"
        reading.say(
            sort,
            "ZZYXQJZRQ",
            "",
            "the last day is empty: 长期, or not known? Say `empty_end` in the profile",
            NO_END,
        )
        return NO_END
    if text in reading.profile.endless:
        if text != NO_END:
            reading.say("endless", "ZZYXQJZRQ", text, "it says that there is no end", NO_END)
        return NO_END
    day_reading = read_day(text)
    day_text = day_reading.day.isoformat() if day_reading.day else ""
    if day_text in reading.profile.false_ends:
        reading.say(
            "false-end",
            "ZZYXQJZRQ",
            text,
            "it stands for a last day that is not known: look it up; it is never registered as 长期",
        )
        return day_reading.day
    if day_text in reading.profile.endless:
        reading.say("endless", "ZZYXQJZRQ", text, "it says that there is no end", NO_END)
        return NO_END
    if day_text in reading.profile.never_dates:
        reading.say("never-date", "ZZYXQJZRQ", text, "it stands for a day that is not known")
        return None
    return _read_day(reading, "ZZYXQJZRQ", text).day
