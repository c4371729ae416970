"""Step 10: civil dates."""

from datetime import date
from typing import Any

from ledger.encoding.times import parse_time
from ledger.verification.report import Report
from tests.scenes import DAY, START
from tests.unit.ledger.verification.steps.cases import (
    FAIL,
    NOT_CURRENT,
    PASS,
    UNKNOWN,
    UNVERIFIABLE,
    VALID,
    case,
    one_licence,
)


def dated(**members: Any) -> Report:
    city, _, _ = one_licence()
    licence = city.licence(**members)
    city.register(licence)
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_licence_without_end() -> Report:
    return dated(valid_until=None)


@case(9, PASS, "status_valid", VALID)
def the_last_day_of_a_licence() -> Report:
    return dated(valid_until=date(2026, 3, 2))


@case(10, FAIL, "expired", NOT_CURRENT)
def the_day_after_the_last() -> Report:
    return dated(valid_from=date(2026, 3, 1), valid_until=date(2026, 3, 1))


@case(12, UNKNOWN, "knowledge_stale", UNVERIFIABLE)
def a_clock_at_the_end_of_the_calendar_is_cut_off() -> Report:
    """In Shanghai the year 10000 has begun, which has no dates."""
    city, _, _ = one_licence()
    licence = city.licence(valid_until=date(6000, 1, 1))
    city.register(licence)
    return city.verify(city.proof(licence), now=parse_time("9999-12-31T23:59:59Z"))


@case(10, FAIL, "not_yet_valid", NOT_CURRENT)
def the_day_before_the_first() -> Report:
    return dated(valid_from=date(2026, 3, 3))


@case(10, UNKNOWN, "clock_behind", UNVERIFIABLE)
def a_clock_so_wrong_that_the_licence_seems_to_lie_ahead() -> Report:
    city, _, _ = one_licence()
    licence = city.licence(valid_from=date(2026, 3, 3))
    city.register(licence)
    return city.verify(city.proof(licence), now=START - DAY)
