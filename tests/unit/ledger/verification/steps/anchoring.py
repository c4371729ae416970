"""Steps 6 and 7: batch and anchor."""

from dataclasses import replace
from datetime import date

from ledger.records.submissions import VERSION_1_ENDS, Window
from ledger.verification.report import Report
from tests.scenes import DAY, City, Registry
from tests.unit.ledger.verification.steps.cases import (
    FAIL,
    INVALID,
    NOT_CURRENT,
    PASS,
    UNKNOWN,
    UNVERIFIABLE,
    VALID,
    case,
    one_licence,
)


@case(6, FAIL, "not_in_batch", INVALID)
def an_entry_of_another_batch() -> Report:
    city, _, proof = one_licence()
    city.register(city.licence())
    return city.verify(replace(proof, sequence=2))


@case(6, FAIL, "not_in_batch", INVALID)
def a_batch_path_with_impossible_counts() -> Report:
    city, _, proof = one_licence()
    city.register(city.licence(), city.licence())
    first, second = city.licence(), city.licence()
    city.anchor(city.submit(first), city.submit(second))
    proof = city.proof(first)
    return city.verify(replace(proof, batch_path=(replace(proof.batch_path[0], record_count=2**41),)))


@case(6, FAIL, "count_mismatch", INVALID)
def a_batch_that_counts_more_than_the_log_grew() -> Report:
    city, _, _ = one_licence()
    licence, other = city.licence(), city.licence()
    city.anchor(city.submit(licence, other), size=4)
    return city.verify(city.proof(licence))


@case(6, UNKNOWN, "anchor_unknown", UNVERIFIABLE)
def an_anchor_that_has_not_arrived() -> Report:
    _, _, proof = one_licence()
    behind = City(Registry(), "tianmen")  # of the same seed: the same keys, and no anchor yet
    return behind.verify(proof)


@case(7, FAIL, "statement_expired", INVALID)
def a_statement_anchored_after_it_expired() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    late = city.submit(licence)
    city.registry.wait(DAY + 1)
    city.anchor(late)
    return city.verify(city.proof(licence))


@case(7, UNKNOWN, "statement_postdated", UNVERIFIABLE)
def a_statement_dated_after_its_anchor() -> Report:
    city, _, _ = one_licence()
    licence, later = city.licence(), city.registry.now + 3600
    city.anchor(city.submit(licence, time=later, expires_at=later + DAY))
    return city.verify(city.proof(licence))


@case(7, UNKNOWN, "outside_window", UNVERIFIABLE)
def a_statement_anchored_after_its_window() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    late = city.submit(licence, window=Window(1, 2))
    city.anchor()
    city.anchor(late)
    return city.verify(city.proof(licence))


@case(7, UNKNOWN, "outside_window", UNVERIFIABLE)
def a_statement_anchored_before_its_window() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    city.anchor(city.submit(licence, window=Window(3, 4)))
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_statement_anchored_with_the_last_sequence_of_its_window() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    late = city.submit(licence, window=Window(1, 3))
    city.anchor()
    city.anchor(late)
    return city.verify(city.proof(licence))


@case(7, UNKNOWN, "older_format", UNVERIFIABLE)
def a_statement_of_version_1_anchored_when_it_no_longer_counts() -> Report:
    return _of_version_1(VERSION_1_ENDS)


@case(10, FAIL, "expired", NOT_CURRENT)
def a_statement_of_version_1_that_counts_although_it_is_verified_later() -> Report:
    city, _, _ = one_licence()
    licence = city.licence(valid_until=date(2026, 12, 1))
    city.anchor(city.submit(licence, window=None))
    city.registry.wait(VERSION_1_ENDS - city.registry.now)
    city.anchor()
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_statement_of_version_1_anchored_in_the_last_second_that_counts() -> Report:
    return _of_version_1(VERSION_1_ENDS - 1)


def _of_version_1(anchored: int) -> Report:
    """Return the report on a licence stated by version 1 and anchored at that time."""
    city, _, _ = one_licence()
    city.registry.wait(anchored - 1 - city.registry.now)
    licence = city.licence()
    city.anchor(city.submit(licence, window=None))
    anchor = city.registry.knowledge.find_anchor(city.name, city.sequence)
    assert anchor
    assert anchor.time == anchored
    return city.verify(city.proof(licence))


@case(7, UNKNOWN, "entry_repeated", UNVERIFIABLE)
def a_submission_that_was_anchored_before() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    submission = city.submit(licence)
    city.anchor(submission)
    city.anchor(submission)
    city.publish()
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_statement_anchored_in_its_last_second() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    city.anchor(city.submit(licence, expires_at=city.registry.now + 1))
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_statement_of_a_clock_that_is_ten_minutes_ahead() -> Report:
    city, _, _ = one_licence()
    licence, later = city.licence(), city.registry.now + 601
    city.anchor(city.submit(licence, time=later, expires_at=later + DAY))
    return city.verify(city.proof(licence))


@case(7, UNKNOWN, "anchor_void", UNVERIFIABLE)
def an_anchor_whose_status_root_does_not_follow() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    city.anchor(city.submit(licence), status_root=b"\x07" * 32)
    city.anchor()
    return city.verify(city.proof(licence))
