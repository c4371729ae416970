"""Moments and dates: one spelling each, nothing guessed."""

from datetime import date

import pytest

from ledger.encoding.times import find_civil_date, format_time, parse_date, parse_time
from ledger.errors import MalformedInput
from ledger.limits import MAX_BLOCK_TIME


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2022-03-28T08:00:00Z", 1648454400),
        ("2024-02-29T23:59:59Z", 1709251199),
        ("9999-12-31T23:59:59Z", 253402300799),
    ],
)
def test_a_moment_has_one_spelling(text: str, moment: int) -> None:
    assert parse_time(text) == moment
    assert format_time(moment) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2022-03-28",
        "2022-03-28T08:00:00",
        "2022-03-28T08:00:00z",
        "2022-03-28t08:00:00Z",
        "2022-03-28 08:00:00Z",
        "2022-03-28T08:00:00.0Z",
        "2022-03-28T08:00:00+00:00",
        "2022-03-28T08:00:00Z\n",
        "2022-3-28T8:00:00Z",
        "２０２２-03-28T08:00:00Z",
        "2022-02-29T08:00:00Z",
        "2022-03-28T24:00:00Z",
        "2022-03-28T08:00:60Z",
        "2022-03-28T08:00:61Z",
        "0000-03-28T08:00:00Z",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_other_spellings_of_a_moment_are_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_time(text)


@pytest.mark.parametrize("moment", [-1, 253402300800, 1_700_000_000_000])
def test_a_moment_beyond_the_spelling_is_refused(moment: int) -> None:
    with pytest.raises(MalformedInput):
        format_time(moment)


def test_a_date_has_one_spelling() -> None:
    assert parse_date("2024-02-29") == date(2024, 2, 29)
    for text in (
        "2023-02-29",
        "2024-2-29",
        "20240229",
        "2024-02-29T00:00:00Z",
        "2024-060",
        "2024-W09-4",
        "0000-01-01",
        "",
    ):
        with pytest.raises(MalformedInput):
            parse_date(text)


def test_the_civil_date_is_that_of_shanghai() -> None:
    assert find_civil_date(parse_time("2026-03-02T15:59:59Z")) == date(2026, 3, 2)
    assert find_civil_date(parse_time("2026-03-02T16:00:00Z")) == date(2026, 3, 3)
    assert find_civil_date(parse_time("9999-12-31T23:59:59Z")) == find_civil_date(MAX_BLOCK_TIME), (
        "no year has five digits"
    )
    assert find_civil_date(parse_time("1988-07-01T15:59:59Z")) == date(
        1988, 7, 1
    )  # summers of 1986 to 1991 do not count
