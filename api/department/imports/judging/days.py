"""Days as departments write them, each read in one way or in none."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from api.department.imports.judging.reading import RowReading
from api.department.rows.days import NO_END, read_serial
from ledger.catalogue.types import CertificateType, Validity
from ledger.encoding.canonical import Json
from ledger.encoding.normal_forms import to_nfkc
from ledger.records.contradictions import read_date

_MAX_YEAR_DAYS: Final = 365.25  # on the average, with leap days
_TERM_SLACK_DAYS: Final = 31  # terms that are counted from the next day or month
_MONTH: Final = re.compile(r"[0-9]{4}[-/.年][0-9]{1,2}月?")
#: What follows the second of a time, and the day of a number by which spreadsheets count days.
_FRACTION: Final = re.compile(r"(?<=:[0-9]{2})\.[0-9]+(?=$|Z|[+-])|(?<=^[0-9]{5})\.[0-9]+$")
_REPUBLIC_YEAR: Final = re.compile(r"民国([0-9]{1,3})年(.+)")
_REPUBLIC_EPOCH: Final = 1911  # the year before the first of that count
#: Days whose year has two digits, or which may begin with the day or the month.
_OPEN_ORDER: Final = re.compile(
    r"[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}|[0-9]{6}"
)
_MIDNIGHT: Final = re.compile(r"(?<=[0-9])[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.0+)?)?$")


@dataclass(frozen=True, slots=True)
class DayReading:
    """A day, or why there is none; `sort` says what was done to read it, or what is wrong."""

    day: date | None
    sort: str = ""
    message: str = ""
    suggestion: str = ""


@lru_cache(maxsize=65_536)  # the rows of a file share some thousand days
def read_day(text: str) -> DayReading:
    """Return the civil day in Asia/Shanghai that a cell of a column of days means."""
    plain_text = _FRACTION.sub("", to_nfkc(text).strip()).replace("号", "日")
    try:
        if len(plain_text) == 10 and plain_text[4] == plain_text[7] == "-":
            return DayReading(date.fromisoformat(plain_text), "" if plain_text == text else "date-form")
    except ValueError:
        pass
    day = read_date(plain_text) or read_date(_MIDNIGHT.sub("", plain_text))
    if day:
        return DayReading(day, "date-form")
    if serial_day := read_serial(plain_text):
        return DayReading(serial_day, "serial")
    if _MONTH.fullmatch(plain_text):
        return DayReading(
            None, "date", "it names a month and no day, and none is made up", f"{plain_text[:4]}-MM-DD"
        )
    return _explain(plain_text)


def _explain(text: str) -> DayReading:
    """Say why a text is not read as a day, with what it may mean."""
    if year_match := _REPUBLIC_YEAR.fullmatch(text):
        day = read_date(f"{int(year_match[1]) + _REPUBLIC_EPOCH}年{year_match[2]}")
        message = "its year is counted from 1912 民国纪年: write the year of the common era"
        return DayReading(None, "date", message, day.isoformat() if day else "YYYY-MM-DD")
    if _OPEN_ORDER.fullmatch(text):
        message = "its year has two digits, or its order is open: write year, month and day"
        return DayReading(None, "date", message, "YYYY-MM-DD")
    return DayReading(None, "date", "this is no day of the calendar", "YYYY-MM-DD")


def read_days(reading: RowReading, catalogue_type: CertificateType | None) -> dict[str, Json]:
    """Return the days that a row states, as members of its record."""
    day_members: dict[str, Json] = {}
    issue_day = read_known_day(reading, "ZZBFRQ", reading.texts.get("ZZBFRQ", ""))
    if issue_day is None and not any(finding.sort in ("date", "never-date") for finding in reading.findings):
        reading.say("missing", "ZZBFRQ", "", "the day of issue 颁发日期 is missing")
    if issue_day and issue_day > reading.today:
        reading.say("future", "ZZBFRQ", reading.texts["ZZBFRQ"], "the day of issue lies in the future")
    first_day = read_known_day(reading, "ZZYXQQSRQ", reading.texts.get("ZZYXQQSRQ", ""))
    last_day = _read_last_day(reading)
    if isinstance(last_day, date) and (start_day := first_day or issue_day) and last_day < start_day:
        reading.say(
            "end-before-start",
            "ZZYXQJZRQ",
            reading.texts["ZZYXQJZRQ"],
            "the last day lies before the first",
        )
    if catalogue_type and catalogue_type.validity:
        _judge_term(reading, catalogue_type.validity, first_day or issue_day, last_day)
    for member, day in (("issued", issue_day), ("valid_from", first_day), ("valid_until", last_day)):
        if day is not None:
            day_members[member] = day if isinstance(day, str) else day.isoformat()
    return day_members


def _judge_term(
    reading: RowReading, validity: Validity, start_day: date | None, last_day: date | str | None
) -> None:
    """Say whether a certificate is valid for longer than those of its type; shorter ones are those that were changed."""
    text = reading.texts.get("ZZYXQJZRQ", "")
    years = max(validity.years, default=0)
    if any(finding.sort in ("false-end", "empty-end") for finding in reading.findings):
        return
    if last_day == NO_END and years and not validity.endless:
        reading.say(
            "term", "ZZYXQJZRQ", text, f"such certificates usually end after {years} years: look it up"
        )
    elif isinstance(last_day, date) and validity.term == "none":
        reading.say("term", "ZZYXQJZRQ", text, "such certificates usually have no end", NO_END)
    elif isinstance(last_day, date) and start_day and years:
        longest_term = timedelta(days=years * _MAX_YEAR_DAYS + _TERM_SLACK_DAYS)
        if last_day - start_day > longest_term:
            reading.say("term", "ZZYXQJZRQ", text, f"such certificates usually end after {years} years")


def read_known_day(reading: RowReading, target: str, text: str) -> date | None:
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


def _read_day(reading: RowReading, target: str, text: str) -> DayReading:
    if text.startswith(("0000", "0001")):
        day_reading = DayReading(
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
    if "".join(to_nfkc(text).split()) in reading.profile.endless:
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
