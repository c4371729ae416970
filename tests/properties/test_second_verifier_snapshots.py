"""Snapshots and trust files damaged and forged: both verifiers take or refuse them alike.

They take a file for the same facts, or name the same reason.

Where a file has several faults, docs/formats/snapshot.md lets a reader name another one of the reasons of its stream.
"""

import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any, Final

from ledger.crypto.keys import encode_signature
from ledger.encoding.canonical import MAX_INTEGER, encode_canonical
from ledger.errors import MalformedInput, SnapshotRefused
from ledger.registry import acts
from ledger.registry.acts import Event, extend_head
from ledger.registry.checkpoints import Checkpoint
from ledger.registry.knowledge import Knowledge
from ledger.registry.snapshots import Header, check_snapshot, replay, write_snapshot
from ledger.registry.trust_files import read_trust_file
from tests.cosigning import NAMES, ROOTS, checkpoint_of, cosigned, fold_of, node_key, snapshot, trust_file
from tests.properties.damage import draw_bytes, draw_edit, write
from tests.properties.second_verifier import MUTATIONS, SEED, same_facts, second
from tests.scenes import ADDRESS, City, Registry

STREAM: Final = {"damaged", "truncated", "event_missing", "event_order", "surplus", "head_mismatch"}


@cache
def lived() -> tuple[Registry, City]:
    """A registry in which something of every kind happened."""
    city = City(Registry())
    first, second_, third = (city.licence() for _ in range(3))
    city.register(first, second_, third)
    city.register(city.follow("suspend", first), city.follow("revoke", second_))
    city.register(city.follow("resume", first))
    city.anchor(changes=[(1, 3)])  # revoked already: contradictory
    city.anchor(status_root=b"\1" * 32)  # void
    for act in (
        acts.AdminTransferStarted(city.name, ADDRESS),
        acts.AdminTransferred(city.name, ADDRESS),
        acts.AdminReplaced(city.name, ADDRESS),
        acts.ProvinceTransferStarted(ADDRESS),
        acts.DivisionAssigned("429006", ""),
        acts.IssuerAssigned(city.name, "12429006000000001X"),
        acts.KeyRetired(city.key.public.id, city.registry.now + 100),
        acts.KeyCompromised(city.key.public.id, city.registry.now + 100),
        acts.KeyCompromised(city.key.public.id, city.registry.now + 50),
        acts.RegistryClosed("eip155:2:0x00:00"),
    ):
        city.registry.act(act)
    return city.registry, city


def ours(file: bytes, trust: bytes) -> Knowledge | str:
    """Return what our verifier knows from a snapshot, or why it refuses it."""
    try:
        pinned = read_trust_file(trust)
    except MalformedInput:
        return "trust_file"
    try:
        check_snapshot(lambda: [file], pinned)
        return replay([file])
    except SnapshotRefused as error:
        return error.reason


def theirs(file: bytes, trust: bytes) -> Any:
    """Return the same of the second verifier."""
    try:
        return second.take_snapshot(file, trust)
    except second.Unreadable as error:
        return str(error)


@dataclass
class Tally:
    """How often which reason was given, and the files of which the two verifiers say different things."""

    reasons: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)

    def ask(self, file: bytes, trust: bytes, what: str, faults: int = 1) -> None:
        here, there = ours(file, trust), theirs(file, trust)
        if isinstance(here, Knowledge):
            self.reasons["taken"] += 1
            if isinstance(there, str):
                self.different.append(f"{what}: ours takes it, theirs: {there}")
            elif difference := same_facts(here, there):
                self.different.append(f"{what}: {difference}")
            return
        self.reasons[here] += 1
        alike = here == there or (faults > 1 and {here, there} <= STREAM)
        if not alike:
            said = there if isinstance(there, str) else "taken"
            self.different.append(f"{what}: ours {here}, theirs {said}")

    def check(self, *reasons: str) -> None:
        """Demand that nothing differs, and that these reasons were given."""
        examples = "\n".join(self.different[:8])
        assert not self.different, (
            f"seed {SEED}, {len(self.different)} of {self.reasons.total()} differ:\n{examples}"
        )
        assert set(reasons) <= self.reasons.keys(), self.reasons


def pinned(registry: Registry, **altered: Any) -> bytes:
    return encode_canonical(trust_file(registry, **altered).to_json())


def forged(registry: Registry, events: Sequence[Event], checkpoint: Checkpoint | None = None) -> bytes:
    """Return a snapshot of these events whose checkpoint the cities signed, whatever the events are."""
    head, last = registry.head_zero, 0
    for event in events:
        head, last = extend_head(head, replace(event, previous_block_number=last)), event.block_number
    if checkpoint is None:
        end = events[-1]
        checkpoint = Checkpoint(
            registry.name,
            max(1, min(end.event_number, MAX_INTEGER)),
            head,
            min(end.block_number, MAX_INTEGER),
            bytes(32),
            min(end.time, 10**11),
            ROOTS,
        )
    begin = fold_of(registry, 0)
    return b"".join(write_snapshot(Header(cosigned(checkpoint), 0, begin.head, 0), events))


def test_damaged_bytes() -> None:
    random, tally = Random(SEED), Tally()
    registry, _ = lived()
    whole, trust = snapshot(registry), pinned(registry)
    header = whole.index(b"\n") + 1
    for _ in range(MUTATIONS // 10):
        file = (
            draw_bytes(random, whole[:header]) + whole[header:]
            if random.random() < 0.3
            else draw_bytes(random, whole)
        )
        tally.ask(file, trust, repr(file), faults=2)
    stream = zlib.decompress(whole[header:])
    for _ in range(MUTATIONS // 20):
        altered = draw_bytes(random, stream)
        tally.ask(whole[:header] + zlib.compress(altered), trust, repr(altered), faults=2)
    tally.check("malformed", "damaged", "truncated", "event_missing")


def test_altered_headers() -> None:
    random, tally = Random(SEED), Tally()
    registry, _ = lived()
    whole, trust = snapshot(registry), pinned(registry)
    other = Registry(chain_id=5)
    line, _, rest = whole.partition(b"\n")
    header, foreign = json.loads(line), json.loads(snapshot(other).partition(b"\n")[0])
    shorter = json.loads(snapshot(registry, 5).partition(b"\n")[0])
    delta = json.loads(snapshot(registry, after=5).partition(b"\n")[0])
    for _ in range(MUTATIONS // 8):
        edits = [draw_edit(random, header, [foreign, shorter, delta])]
        altered = edits[0].apply(header)
        if random.random() < 0.5:
            altered = _signed_again(altered)
        text = json.dumps(altered, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
            errors="surrogatepass"
        )
        tally.ask(text + b"\n" + rest, trust, str(edits[0]))
    tally.check("malformed", "newer_format", "other_registry", "cosignature_bad", "not_held")


def _signed_again(header: Any) -> Any:
    """Let the cities sign whatever the checkpoint of a header says."""
    try:
        message = encode_canonical(header["checkpoint"])
        signed = [
            {"key": one["key"], "signature": sign(one["key"], message)} for one in header["cosignatures"]
        ]
    except (MalformedInput, KeyError, TypeError):
        return header
    return header | {"cosignatures": signed}


def sign(key: str, message: bytes) -> str:
    keys = {"0x" + node_key(name).public.id.hex(): node_key(name) for name in NAMES}
    return encode_signature(keys[key].sign(message))


def test_events_left_out_doubled_moved_and_altered() -> None:
    random, tally = Random(SEED), Tally()
    registry, _ = lived()
    trust, honest = pinned(registry), checkpoint_of(registry)
    for _ in range(MUTATIONS // 8):
        events = _altered(random, registry.events)
        new = [event for event in events if event not in registry.events]
        what = f"{new or [event.event_number for event in events]}"
        tally.ask(forged(registry, events, honest if random.random() < 0.3 else None), trust, what)
    tally.check(
        "event_missing", "event_order", "surplus", "head_mismatch", "not_understood", "newer_format", "taken"
    )


def _altered(random: Random, events: Sequence[Event]) -> list[Event]:
    place, other = random.randrange(len(events)), random.randrange(len(events))
    event, altered = events[place], [*events]
    match random.randrange(9):
        case 0:
            del altered[place]
        case 1:
            altered.insert(other, event)
        case 2:
            altered[place], altered[other] = altered[other], altered[place]
        case 3:
            altered = altered[: place + 1]
        case 4:
            member = random.choice(("event_number", "block_number", "time"))
            value = random.choice(
                (
                    getattr(event, member) + random.choice((-1, 1, 2)),
                    0,
                    10**11 - 1,
                    10**11,
                    2**53 - 1,
                    2**64 - 1,
                )
            )
            altered[place] = replace(event, **dict[str, Any]({member: max(0, value)}))
        case 5:
            altered[place] = replace(event, kind=random.choice((0, *range(1, 18), 255)))
        case 6:
            altered[place] = replace(event, payload=events[other].payload, kind=events[other].kind)
        case _:
            altered[place] = replace(event, payload=_payload(random, event.payload))
    if random.random() < 0.8:
        altered = [replace(event, event_number=number) for number, event in enumerate(altered, start=1)]
    if random.random() < 0.6:
        last, time, ordered = 0, 0, []
        for event in altered:
            last, time = max(last, event.block_number), max(time, event.time)
            ordered.append(replace(event, block_number=last, time=time))
        altered = ordered
    return altered or list(events)


def _payload(random: Random, payload: bytes) -> bytes:
    """Draw another payload: a word of it, its end, or a bit."""
    words = [payload[start : start + 32] for start in range(0, len(payload), 32)]
    place = random.randrange(len(words))
    match random.randrange(5):
        case 0:
            words[place] = random.choice(
                (0, 1, 2, 3, 7, 31, 32, 64, 96, 2**20, 2**40, 2**64 - 1, 2**64, 2**256 - 1)
            ).to_bytes(32, "big")
        case 1:
            words[place] = random.choice(words)
        case 2:
            return payload[: random.randrange(len(payload))]
        case 3:
            return payload + random.choice((b"\0", bytes(32)))
        case _:
            changed = bytearray(payload)
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
            return bytes(changed)
    return b"".join(words)


def test_altered_trust_files() -> None:
    random, tally = Random(SEED), Tally()
    registry, _ = lived()
    other = json.loads(pinned(Registry(chain_id=5), names=NAMES[1:]))
    for _ in range(MUTATIONS // 8):
        signers = random.sample(NAMES, random.randrange(4))
        file = snapshot(registry, random.choice((None, 3, 8)), names=signers)
        trust = json.loads(
            pinned(
                registry,
                names=random.sample(NAMES, random.choice((2, 3, 3))),
                threshold=random.choice((2, 2, 3)),
            )
        )
        edit = draw_edit(random, trust, [other])
        altered = edit.apply(trust) if random.random() < 0.8 else trust
        tally.ask(file, write(random, altered), f"signed by {signers}: {edit}")
    tally.check("trust_file", "below_threshold", "taken")


def test_both_count_cities_and_not_keys() -> None:
    """Attack: a city that stands in the trust file with two keys, and signs a snapshot with both."""
    registry, _ = lived()
    body: Any = trust_file(registry).to_json()
    body["cosigners"][1]["name"] = NAMES[0]
    pinned = encode_canonical(body)
    both, all_three = snapshot(registry, names=NAMES[:2]), snapshot(registry)
    assert ours(both, pinned) == theirs(both, pinned) == "below_threshold"
    assert not isinstance(ours(all_three, pinned), str)
    assert not isinstance(theirs(all_three, pinned), str)
    for altered in ({"threshold": 3}, {"cosigners": body["cosigners"][:2]}):
        refused = encode_canonical(body | altered)
        assert ours(all_three, refused) == theirs(all_three, refused) == "trust_file"
