"""Withheld claims cannot be guessed, though Tianmen has few resident numbers.

A sample is computed, with the true number in it, and the rate is shown: with the salt the whole space takes minutes, so it
is the salt that withholds, and nothing else.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice
from random import Random

import pytest

from ledger.crypto.suites import SM3
from ledger.encoding.canonical import encode_canonical
from ledger.records.claims import FullDisclosure, SelectiveDisclosure
from ledger.records.identifiers import compute_resident_check

DIVISION = "429006"
FIRST_DAY, DAYS, SEQUENCES = date(1926, 1, 1), 36_525, 1_000  # a hundred years, a thousand numbers a day
SPACE = DAYS * SEQUENCES
SAMPLE = 20_000
PERSON = "429006199001010012"


def make_number(day: date, sequence: int) -> str:
    """Return a resident number (GB 11643-1999) with its check character."""
    body = f"{DIVISION}{day:%Y%m%d}{sequence:03d}"
    return body + compute_resident_check(body)


def list_numbers(first: date) -> Iterator[str]:
    for day in range(DAYS):
        for sequence in range(SEQUENCES):
            yield make_number(first + timedelta(day), sequence)


def find(commitment: bytes, salts: list[bytes], numbers: Iterator[str]) -> str | None:
    """Return the number that one of the salts commits to; the attack, as short as it gets."""
    for number in numbers:
        content = encode_canonical(number)
        for salt in salts:
            if SM3.hash(b"\x02" + salt + content) == commitment:
                return number
    return None


@pytest.fixture
def full() -> FullDisclosure:
    claims = (("CZZT", "张三"), ("CZZTDM", PERSON), ("ZZMC", "营业执照"))
    return FullDisclosure(Random(1).randbytes(16), claims)


@pytest.fixture
def shown(full: FullDisclosure) -> SelectiveDisclosure:
    """What a verifier is shown: the holder's code is withheld."""
    return full.select(SM3, ["CZZT", "ZZMC"])


def sample() -> Iterator[str]:
    """Numbers from ten days before the person's birth on."""
    return islice(list_numbers(date(1989, 12, 22)), SAMPLE)


def test_the_sample_has_the_number_and_the_space_is_tianmens() -> None:
    assert PERSON in sample()
    assert 3.6e7 < SPACE < 3.7e7


def test_without_the_salt_nothing_matches(shown: SelectiveDisclosure) -> None:
    """Everything is tried for a salt that the proof shows: none, zeros, those of other claims, the commitment itself."""
    (commitment,) = [value for name, value in shown.withheld_claims if name == "CZZTDM"]
    salts = [b"", bytes(16), commitment[:16], *(salt for _, salt, _ in shown.shown_claims)]
    for place in range(3):  # as if another claim's salt were the master
        salts += [SM3.hash(b"\x03" + salt + place.to_bytes(4, "big"))[:16] for salt in salts[3:5]]
    assert find(commitment, salts, islice(sample(), 9_000, 12_000)) is None
    assert PERSON in islice(sample(), 9_000, 12_000)
    assert PERSON not in json.dumps(shown.to_json())


def test_with_the_salt_the_whole_space_is_a_matter_of_minutes(
    full: FullDisclosure, shown: SelectiveDisclosure, record_property: Callable[[str, object], None]
) -> None:
    """The control of the attack: with the salt it succeeds. So a test that finds nothing tells of the salt."""
    (commitment,) = [value for name, value in shown.withheld_claims if name == "CZZTDM"]
    salt = SM3.hash(b"\x03" + full.master + (1).to_bytes(4, "big"))[:16]
    began = time.perf_counter()
    assert find(commitment, [salt], sample()) == PERSON
    assert find(commitment, [bytes(16)], sample()) is None
    rate = 1.5 * SAMPLE / (time.perf_counter() - began)
    record_property("numbers_a_second", round(rate))
    record_property("seconds_for_tianmen_with_the_salt", round(SPACE / rate))
    record_property("years_for_tianmen_without_it", f"{SPACE * 2.0**128 / rate / 3.15e7:.1e}")
    print(f"{rate:,.0f} numbers/s: {SPACE / rate:,.0f} s with the salt, times 2**128 without it")
    assert SPACE / rate < 86_400
    assert (
        SPACE * 2.0**128 / (rate * 1e12) > 3.15e7 * 1e9
    )  # a million million times as fast: a thousand million years
