"""Selective disclosure: any part has the digest of the whole, and none can be changed."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.crypto.suites import SHA256, SM3, Suite
from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import MalformedInput
from ledger.records.claims import FullDisclosure, SelectiveDisclosure, decode_disclosure
from tests.mutations import JSON, mutated

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
SUITES = st.sampled_from([SM3, SHA256])
DISCLOSURES = st.builds(
    lambda master, claims: FullDisclosure(master, tuple(sorted(claims.items()))),
    st.binary(min_size=16, max_size=16),
    st.dictionaries(NAMES, JSON, max_size=8),
)


@st.composite
def selected(draw: st.DrawFn) -> tuple[Suite, FullDisclosure, SelectiveDisclosure]:
    suite, full = draw(SUITES), draw(DISCLOSURES)
    names = [name for name, _ in full.claims]
    return suite, full, full.select(suite, draw(st.sets(st.sampled_from(names))) if names else set())


@given(selected())
def test_any_part_has_the_digest_of_the_whole(
    drawn: tuple[Suite, FullDisclosure, SelectiveDisclosure],
) -> None:
    suite, full, part = drawn
    assert part.digest(suite) == full.digest(suite)
    assert decode_disclosure(part.to_json()) == part
    assert decode_disclosure(full.to_json()) == full
    assert full.values == part.values | {name: full.values[name] for name in part.withheld_names}


@given(selected(), st.data())
def test_any_change_changes_the_digest(
    drawn: tuple[Suite, FullDisclosure, SelectiveDisclosure], data: st.DataObject
) -> None:
    suite, full, part = drawn
    for disclosure in (full, part):
        forged = data.draw(mutated(disclosure.to_json()))
        assume(encode_canonical(forged) != encode_canonical(disclosure.to_json()))
        try:
            disclosure = decode_disclosure(forged)
        except MalformedInput:
            continue
        assume(
            disclosure.values or disclosure.withheld_names
        )  # of nothing at all, every master makes the same digest
        assert disclosure.digest(suite) != full.digest(suite)


@given(selected(), JSON)
def test_another_value_for_a_shown_claim(
    drawn: tuple[Suite, FullDisclosure, SelectiveDisclosure], value: Json
) -> None:
    suite, full, part = drawn
    for index, (name, salt, shown) in enumerate(part.shown_claims):
        assume(encode_canonical(value) != encode_canonical(shown))
        forged = (*part.shown_claims[:index], (name, salt, value), *part.shown_claims[index + 1 :])
        assert SelectiveDisclosure(forged, part.withheld_claims).digest(suite) != full.digest(suite)


@given(DISCLOSURES, DISCLOSURES, SUITES)
def test_digests_are_equal_only_for_equal_claims(
    left: FullDisclosure, right: FullDisclosure, suite: Suite
) -> None:
    same = encode_canonical(left.to_json()) == encode_canonical(right.to_json())
    assert (left.digest(suite) == right.digest(suite)) == (same or (not left.claims and not right.claims))


def test_names_are_never_joined_with_their_neighbours() -> None:
    first = FullDisclosure(bytes(16), (("a", "x"), ("b", "y")))
    other = FullDisclosure(bytes(16), (('a","x"],["b', "y"),))
    assert first.digest(SM3) != other.digest(SM3)
    with pytest.raises(MalformedInput):
        first.select(SM3, {"c"})
