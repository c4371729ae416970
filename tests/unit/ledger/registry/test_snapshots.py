"""A snapshot is believed for what it folds into, or refused with a reason of its own.

What was held before stays.
"""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ledger.errors import SnapshotRefused
from ledger.registry import acts, snapshots
from ledger.registry.acts import Event
from ledger.registry.checkpoints import MAX_TRUST_BYTES
from ledger.registry.snapshots import (
    REFUSAL_REASONS,
    HeldPoints,
    check_snapshot,
    read_events,
    read_header,
    replay,
)
from ledger.verification.verify import PresentedContent, verify
from tests.cosigning import NAMES, Seen, checkpoint_of, fold_of, node_key, snapshot, trust_file
from tests.scenes import City, Registry, readable, scene


@pytest.fixture(scope="module")
def city() -> City:
    return scene(3)[0]


@pytest.fixture(scope="module")
def registry(city: City) -> Registry:
    return city.registry


def reason(registry: Registry, file: bytes, history: HeldPoints | None = None, piece: int = 0) -> str:
    """Return why a file is refused; it is read in pieces of so many bytes."""
    with pytest.raises(SnapshotRefused) as caught:
        check_snapshot(lambda: pieces(file, piece), trust_file(registry), history)
    assert caught.value.reason in REFUSAL_REASONS
    assert str(caught.value)
    return caught.value.reason


def pieces(file: bytes, size: int = 0) -> Sequence[bytes]:
    return [file[start : start + size] for start in range(0, len(file), size)] if size else [file]


def split(file: bytes) -> tuple[bytes, bytes]:
    line, _, packed = file.partition(b"\n")
    return line, zlib.decompress(packed)


def join(line: bytes, inflated: bytes) -> bytes:
    return line + b"\n" + zlib.compress(inflated)


def header(file: bytes, **altered: Any) -> bytes:
    line, packed = file.split(b"\n", 1)
    body = json.loads(line) | altered
    return (
        json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" + packed
    )


def test_a_snapshot_says_what_its_events_say(city: City, registry: Registry) -> None:
    file = snapshot(registry)
    checked, names = check_snapshot(lambda: [file], trust_file(registry))
    assert (checked.checkpoint, set(names)) == (checkpoint_of(registry), set(NAMES))
    assert list(read_events([file])) == registry.events
    knowledge = replay([file])
    assert knowledge.source == "snapshot"
    assert knowledge.fold.head == registry.knowledge.fold.head
    assert knowledge.time == checked.checkpoint.time
    assert knowledge.list_logs() == registry.knowledge.list_logs()


def test_a_certificate_is_verified_with_a_snapshot_alone() -> None:
    city, (licence, *_) = scene(3)
    proof, now = city.proof(licence), city.registry.now
    known = replay([snapshot(city.registry)])
    city.register(city.follow("revoke", licence))
    then = replay([snapshot(city.registry)])
    presented = PresentedContent((), readable(proof))
    assert verify(presented, proof, known, now).verdict == "valid"
    report = verify(presented, proof, then, now + 10)
    assert (report.verdict, report.reason) == ("not_current", "revoked")
    assert report.to_json()["status"]["source"] == "snapshot"  # type: ignore[index, call-overload]


@pytest.mark.parametrize("piece", [1, 7, 64, 1000])
def test_it_is_read_in_pieces_of_any_size(registry: Registry, piece: int) -> None:
    file = snapshot(registry)
    check_snapshot(lambda: pieces(file, piece), trust_file(registry))
    assert list(read_events(pieces(file, piece))) == registry.events


def test_the_same_events_make_the_same_bytes(registry: Registry) -> None:
    line, packed = snapshot(registry).split(b"\n", 1)
    again_line, again = snapshot(registry).split(b"\n", 1)
    assert packed == again
    assert json.loads(line)["checkpoint"] == json.loads(again_line)["checkpoint"]


def test_a_delta_goes_on_from_what_is_held(registry: Registry) -> None:
    whole, half = snapshot(registry), len(registry.events) // 2
    first = snapshot(registry, half)
    delta = snapshot(registry, after=half)
    check_snapshot(lambda: [delta], trust_file(registry), Seen((fold_of(registry, half),)))
    knowledge = replay([delta], replay([first]))
    assert knowledge.list_logs() == replay([whole]).list_logs()
    assert knowledge.fold.head == checkpoint_of(registry).head


def test_a_delta_may_begin_before_what_was_seen(registry: Registry) -> None:
    seen = Seen((fold_of(registry, 2), fold_of(registry, 4)))
    delta = snapshot(registry, after=2)
    check_snapshot(lambda: [delta], trust_file(registry), seen)


def test_a_delta_of_nothing_is_taken(registry: Registry) -> None:
    delta = snapshot(registry, after=len(registry.events))
    check_snapshot(lambda: [delta], trust_file(registry), Seen((fold_of(registry),)))


def test_a_delta_after_something_else_is_refused(registry: Registry) -> None:
    delta = snapshot(registry, after=3)
    assert reason(registry, delta) == "not_held"
    assert reason(registry, delta, Seen((fold_of(registry, 2),))) == "not_held"


def test_what_is_not_a_snapshot_is_malformed(registry: Registry) -> None:
    file = snapshot(registry)
    for wrong in (
        b"",
        b"{}",
        b"\n" + file,
        b"{}\n",
        b" " * (2 * MAX_TRUST_BYTES),
        b" " * MAX_TRUST_BYTES + b" \n" + file,
        b" " + file,
        header(file, more=1),
        header(file, after={"n": 0, "head": "0x" + "00" * 32, "block": 0}),
        header(file, after={"n": 0, "head": "0x" + registry.head_zero.hex(), "block": 1}),
        header(file, after={"n": 999, "head": "0x" + "00" * 32, "block": 0}),
    ):
        assert reason(registry, wrong) == "malformed", wrong[:60]
        with pytest.raises(SnapshotRefused):
            read_header([wrong])


def test_another_version_is_newer(registry: Registry) -> None:
    file = snapshot(registry)
    assert reason(registry, header(file, type="shunzheng/snapshot/2")) == "newer_format"


def test_another_registry_is_refused(registry: Registry) -> None:
    assert reason(registry, snapshot(Registry(before=b"\x07" * 32))) == "other_registry"


def test_below_the_threshold_it_is_refused(registry: Registry) -> None:
    assert reason(registry, snapshot(registry, names=NAMES[:1])) == "below_threshold"
    assert reason(registry, snapshot(registry, names=[])) == "below_threshold"


def test_keys_that_vouch_for_themselves_are_refused(registry: Registry) -> None:
    assert reason(registry, snapshot(registry, names=["mallory", "trudy", "oscar"])) == "below_threshold"


def test_a_history_forged_by_one_city_is_refused(registry: Registry) -> None:
    key = acts.KeyRegistered("tianmen", 1, node_key("mallory").public.spki)
    more = [registry.event(key)]
    file = snapshot(
        registry,
        names=NAMES[:1],
        events=[*registry.events, *more],
        checkpoint=checkpoint_of(registry, more=more),
    )
    assert reason(registry, file) == "below_threshold"


def test_truncated_anywhere_it_is_refused(registry: Registry) -> None:
    file = snapshot(registry)
    start = file.index(b"\n") + 1
    for end in range(start, len(file)):
        assert reason(registry, file[:end]) == "truncated"
    for end in range(0, start, 50):
        assert reason(registry, file[:end]) == "malformed"


def test_what_follows_the_checkpoint_is_refused(registry: Registry) -> None:
    file = snapshot(registry)
    line, inflated = split(file)
    assert reason(registry, file + b"\n") == "surplus"
    assert reason(registry, file + b"\n", piece=len(file)) == "surplus"
    assert reason(registry, join(line, inflated + b"\0")) == "surplus"
    assert reason(registry, snapshot(registry, len(registry.events) - 1, events=registry.events)) == "surplus"


def without(number: int) -> Callable[[list[Event]], list[Event]]:
    return lambda events: events[: number - 1] + events[number:]


def renumbered(events: list[Event]) -> list[Event]:
    return [replace(event, event_number=number) for number, event in enumerate(events, 1)]


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (without(2), "event_missing"),
        (lambda events: events[:-1], "event_missing"),
        (lambda events: [events[0], *events], "event_order"),
        (lambda events: [events[1], events[0], *events[2:]], "event_missing"),
        (lambda events: [events[0], events[2], events[1], *events[3:]], "event_missing"),
        (lambda events: renumbered([events[0], events[2], events[1], *events[3:]]), "event_order"),
        (lambda events: [*renumbered(without(2)(events)), replace(events[-1], event_number=len(events))], "head_mismatch"),
        (lambda events: [replace(events[0], time=events[0].time - 1), *events[1:]], "head_mismatch"),
        (lambda events: [replace(events[0], payload=b"\0" * 32), *events[1:]], "head_mismatch"),
        (lambda events: [replace(events[0], kind=16), *events[1:]], "head_mismatch"),
        (lambda events: [*events[:-1], replace(events[-1], block_number=events[-1].block_number + 1)], "head_mismatch"),
        (lambda events: [*events[:-1], replace(events[-1], time=10**11)], "event_order"),
        (lambda events: [*events[:-1], replace(events[-1], payload=bytes(2**22 + 1))], "damaged"),
    ],
    ids=["left out", "last left out", "repeated", "first two swapped", "two swapped", "swapped and renumbered",
         "left out and renumbered", "time", "payload", "kind", "block", "milliseconds", "huge"],
)  # fmt: skip
def test_other_events_are_refused(
    registry: Registry, alter: Callable[[list[Event]], list[Event]], expected: str
) -> None:
    assert reason(registry, snapshot(registry, events=alter(registry.events))) == expected


def test_an_omitted_compromise_is_noticed() -> None:
    city = City(Registry())
    city.registry.act(acts.KeyCompromised(city.key.public.id, city.registry.now))
    kept = city.registry.events[:-1]
    city.registry.act(acts.OperatorSet(city.name, "0x" + "44" * 20))
    last = city.registry.events[-1]
    hidden = replace(last, event_number=last.event_number - 1, previous_block_number=kept[-1].block_number)
    assert reason(city.registry, snapshot(city.registry, events=[*kept, hidden])) == "event_missing"
    assert (
        reason(city.registry, snapshot(city.registry, last.event_number - 1, events=[*kept, hidden]))
        == "head_mismatch"
    )


def test_damage_is_noticed(registry: Registry) -> None:
    line, inflated = split(snapshot(registry))
    assert reason(registry, line + b"\nthis is not zlib") == "damaged"
    assert reason(registry, join(line, inflated[:-1])) == "damaged"
    assert reason(registry, join(line, inflated[:10])) == "damaged"
    packed = bytearray(zlib.compress(inflated))
    packed[-1] ^= 1
    assert reason(registry, line + b"\n" + packed) == "damaged"


def test_a_bomb_is_refused_in_bounded_memory(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MAX_SNAPSHOT_BYTES", 2**20)
    line, inflated = split(snapshot(registry))
    n, rest = inflated[:25], bytes(2**22 - 1)
    bomb = join(line, n + (2**22 - 1).to_bytes(4, "big") + rest)
    assert len(bomb) < 20_000
    assert reason(registry, bomb) == "damaged"


def test_older_than_seen_it_is_refused(registry: Registry) -> None:
    assert reason(registry, snapshot(registry, 3), Seen((fold_of(registry, 4),))) == "older"


def test_the_same_again_is_taken(registry: Registry) -> None:
    file = snapshot(registry)
    check_snapshot(lambda: [file], trust_file(registry), Seen((fold_of(registry),)))


def test_another_head_than_the_one_seen_is_a_fork(registry: Registry) -> None:
    branch = Registry()
    branch.act(acts.ProvinceTransferStarted("0x" + "99" * 20))
    for n in (2, len(registry.events)):
        seen = fold_of(registry, n)
        seen.head = bytes(32)
        assert reason(registry, snapshot(registry), Seen((seen,))) == "fork"
        assert reason(registry, snapshot(registry, after=n), Seen((seen,))) == "fork"
    assert reason(registry, snapshot(registry), Seen((fold_of(branch),))) == "fork"


def test_a_forged_snapshot_is_no_evidence_of_a_fork(registry: Registry) -> None:
    """Whoever alters events makes no fork: the events must make the head that was signed."""
    seen = Seen((fold_of(registry, 2),))
    altered = [registry.events[0], replace(registry.events[1], payload=b""), *registry.events[2:]]
    assert reason(registry, snapshot(registry, events=altered), seen) == "head_mismatch"


@pytest.mark.parametrize(("kind", "expected"), [(8, "not_understood"), (200, "newer_format")])
def test_events_that_make_no_sense_are_refused_when_replayed(kind: int, expected: str) -> None:
    registry = Registry()
    nobody = replace(registry.event(acts.OperatorSet("nobody", "0x" + "11" * 20)), kind=kind)
    checkpoint = checkpoint_of(registry, more=[nobody])
    file = snapshot(registry, events=[*registry.events, nobody], checkpoint=checkpoint)
    check_snapshot(lambda: [file], trust_file(registry))
    with pytest.raises(SnapshotRefused) as caught:
        replay([file])
    assert caught.value.reason == expected


def test_a_file_that_changed_after_the_check_is_noticed(registry: Registry) -> None:
    file = snapshot(registry, events=[replace(event, time=event.time + 1) for event in registry.events])
    with pytest.raises(SnapshotRefused) as caught:
        replay([file])
    assert caught.value.reason == "head_mismatch"
