"""Whatever happens to a snapshot on its way: it is refused, or it says what it said before."""

from functools import lru_cache

from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import SnapshotRefused
from ledger.registry.acts import Event
from ledger.registry.snapshots import check_snapshot, read_events
from ledger.registry.trust_files import TrustFile
from tests.cosigning import checkpoint_of, snapshot, trust_file
from tests.scenes import Registry, scene


@lru_cache
def exported() -> tuple[Registry, bytes, TrustFile]:
    registry = scene(3)[0].registry
    return registry, snapshot(registry), trust_file(registry)


def taken(file: bytes) -> list[Event] | None:
    """Return the events that are believed of a file; None where it is refused."""
    registry, _, trust = exported()
    try:
        header, _ = check_snapshot(lambda: [file], trust)
    except SnapshotRefused:
        return None
    assert header.checkpoint == checkpoint_of(registry)
    return list(read_events([file]))


@given(st.data())
def test_one_bit_anywhere(data: st.DataObject) -> None:
    registry, whole, _ = exported()
    file = bytearray(whole)
    file[data.draw(st.integers(0, len(file) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert taken(bytes(file)) in (None, registry.events)


@given(st.data())
def test_a_piece_lost_repeated_or_replaced(data: st.DataObject) -> None:
    registry, whole, _ = exported()
    first, second = sorted(data.draw(st.integers(0, len(whole))) for _ in range(2))
    instead = data.draw(st.one_of(st.just(b""), st.just(whole[first:second] * 2), st.binary(max_size=64)))
    assert taken(whole[:first] + instead + whole[second:]) in (None, registry.events)


@given(st.binary(max_size=500))
def test_anything_behind_a_good_header(rest: bytes) -> None:
    registry, whole, _ = exported()
    assert taken(whole[: whole.index(b"\n") + 1] + rest) in (None, registry.events)
    assert taken(rest) is None
