"""Both verifiers find the same claims to contradict their record.

However days and codes are spelled.
"""

import json
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding.canonical import encode_canonical
from ledger.records.contradictions import COMPARED_CLAIMS, ENDLESS_SPELLINGS, find_contradictions
from ledger.records.records import Record
from tests.properties.second_verifier import second
from tests.scenes import City, Registry

DATED: Final = replace(
    City(Registry()).licence().record, valid_from=date(2022, 3, 8), valid_until=date(2031, 12, 10)
)
ENDLESSLY: Final = replace(DATED, issued=None, valid_from=None, valid_until=None)
RECORDS: Final = (DATED, ENDLESSLY)
CODES: Final = (DATED.identifier, DATED.certificate.type, DATED.issuer, DATED.issuer[8:17])

PIECES: Final = st.sampled_from(
    [
        *"0123456789年月日-/. ：T:Z十〇零○一二三八元０２３",
        "2022",
        "2031",
        "03",
        "08",
        "12",
        "10",
        "+08:00",
        "二〇二二",
    ]
)
SPELLED: Final = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.sampled_from(
        [*sorted(ENDLESS_SPELLINGS), *CODES, "2022-03-08", "二〇三一年十二月十日", "9999-12-31T00:00:00Z"]
    ),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", " ", "1.2.156.3005.2."]),
        st.sampled_from(CODES),
        st.text(max_size=1),
    ),
    st.dates().map(lambda day: f"{day.year:04}年{day.month}月{day.day}日"),
    st.datetimes().map(lambda moment: moment.isoformat(sep=" ", timespec="seconds") + "Z"),
    st.text(max_size=220),
)
VALUES: Final = st.one_of(
    SPELLED,
    st.lists(SPELLED, max_size=3),
    st.integers(0, 99999999),
    st.booleans(),
    st.just({}),
    st.just([[]]),
)


def both(record: Record, values: dict[str, Any]) -> tuple[list[str], list[str]]:
    read = second.read_record(json.loads(encode_canonical(record.to_json())))
    theirs = [
        claim
        for claim in sorted(second.REPEATED_CLAIMS)
        if not all(second.agrees(read, claim, item) for item in second.list_items(values.get(claim)))
    ]
    return sorted(found.name for found in find_contradictions(record, values)), theirs


@pytest.mark.parametrize("record", RECORDS, ids=["dated", "endless"])
@given(claim=st.sampled_from(sorted(COMPARED_CLAIMS)), value=VALUES)
def test_both_find_the_same(record: Record, claim: str, value: Any) -> None:
    ours, theirs = both(record, {claim: value})
    assert ours == theirs


def test_both_compare_the_same_claims() -> None:
    assert second.REPEATED_CLAIMS == COMPARED_CLAIMS
    assert second.ENDLESS_SPELLINGS == ENDLESS_SPELLINGS
