"""Records, statements, entries and acts: each has one way to be written, and comes back."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.crypto.suites import SHA256, SM3
from ledger.encoding.canonical import MAX_INTEGER, decode_canonical
from ledger.encoding.times import format_time, parse_time
from ledger.records.records import PRESENTABLE_ACTIONS, STATUS_ACTIONS, Link, Record, decode_record
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.records.submissions import Entry, Statement, Window, decode_entry
from ledger.registry import acts
from ledger.registry.acts import Act, decode_act
from tests.scenes import City, Registry

CITY = City(Registry(), "tianmen")
HASHES = st.binary(min_size=32, max_size=32)
MOMENTS = st.integers(0, 253402300799)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", max_size=18)
U64 = st.integers(0, 2**64 - 1)
ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda data: "0x" + data.hex())


@st.composite
def records(draw: st.DrawFn) -> Record:
    action = draw(st.sampled_from(sorted(PRESENTABLE_ACTIONS | STATUS_ACTIONS)))
    states = action in PRESENTABLE_ACTIONS
    start, end = sorted([draw(st.dates()), draw(st.dates())])
    kind = draw(st.sampled_from(["licence", "seal", "signature", "material"]))
    return Record(
        suite=draw(st.sampled_from([SM3, SHA256])),
        kind=kind,
        action=action,
        identifier=_identifier(kind, draw(st.integers(1, 10**9))),
        issuer=draw(TEXT),
        time=draw(MOMENTS),
        salt=draw(st.binary(min_size=16, max_size=16)),
        issued=draw(st.none() | st.dates()) if states else None,
        valid_from=draw(st.sampled_from([None, start])) if states else None,
        valid_until=draw(st.sampled_from([None, end])) if states else None,
        claims=draw(HASHES) if states else None,
        previous=None if action == "issue" else draw(HASHES),
        links=tuple(draw(st.lists(st.builds(Link, st.sampled_from(["sealed-by", "x"]), HASHES), max_size=3))),
        basis=draw(st.none() | TEXT) if states else draw(TEXT),
    )


def _identifier(kind: str, number: int) -> str:
    if kind in ("licence", "material"):
        return CITY.identifier(number)
    return SealingIdentifier.build(kind, CITY.issuer, f"S{number:010d}").text


WINDOWS = st.builds(
    lambda first, width: Window(first, first + width), st.integers(1, MAX_INTEGER - 256), st.integers(0, 256)
)
STATEMENTS = st.builds(
    lambda time, lasting, window, **members: Statement(
        time=time, expires_at=time + min(lasting, 3 * 86_400 if window else lasting), window=window, **members
    ),
    time=st.integers(0, 253402300799 - 7 * 86_400),
    lasting=st.integers(1, 7 * 86_400),
    window=st.none() | WINDOWS,
    registry=TEXT,
    log=TEXT,
    issuer=TEXT,
    key_id=HASHES,
    record_count=st.integers(1, 2**20),
    suite=st.sampled_from([SM3, SHA256]),
    root=HASHES,
)
ENTRIES = st.builds(Entry, STATEMENTS, st.binary(min_size=64, max_size=64), MOMENTS)
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(acts.OperatorSet, NAMES, ADDRESSES),
    st.builds(acts.IssuerAdded, NAMES, NAMES),
    st.builds(acts.DivisionAssigned, st.text("0123456789", min_size=6, max_size=6), NAMES),
    st.builds(acts.KeyRegistered, NAMES, st.integers(0, 255), st.binary(max_size=100)),
    st.builds(
        acts.KeyGranted,
        NAMES,
        HASHES,
        NAMES,
        st.integers(0, 255),
        st.lists(NAMES, max_size=3).map(tuple),
        U64,
        U64,
    ),
    st.builds(acts.Anchored, NAMES, U64, U64, HASHES, HASHES, st.binary(max_size=60)),
    st.builds(
        acts.LogAdmitted,
        NAMES,
        st.integers(0, 255),
        ADDRESSES,
        st.lists(st.text("0123456789", min_size=6, max_size=6), max_size=3).map(tuple),
        st.builds(acts.Predecessor, NAMES, NAMES, U64, HASHES, U64, HASHES),
    ),
    st.builds(acts.RegistryClosed, NAMES),
)


@given(records())
def test_records_come_back(record: Record) -> None:
    assert decode_record(decode_canonical(record.encode())) == record
    assert decode_record(record.to_json()).encode() == record.encode()


@given(records(), st.data())
def test_another_record_has_another_leaf(record: Record, data: st.DataObject) -> None:
    other = data.draw(records())
    assert (record.hash_leaf() == other.hash_leaf()) == (record == other)
    members: dict[str, Any] = {
        "salt": data.draw(st.binary(min_size=16, max_size=16)),
        "issuer": data.draw(TEXT),
    }
    altered = replace(record, **members)
    assert (altered.hash_leaf() == record.hash_leaf()) == (altered == record)


@given(ENTRIES)
def test_entries_come_back(entry: Entry) -> None:
    assert decode_entry(decode_canonical(entry.encode())) == entry


@given(ACTS)
def test_acts_come_back(act: Act) -> None:
    assert decode_act(act.KIND, act.encode()) == act
    assert decode_act(act.KIND, act.encode()).encode() == act.encode()


@given(MOMENTS, MOMENTS)
def test_moments_have_one_spelling_each(left: int, right: int) -> None:
    assert parse_time(format_time(left)) == left
    assert (format_time(left) < format_time(right)) == (left < right)
