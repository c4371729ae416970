"""Snapshots 离线核验包: files of the registry's events up to a cosigned checkpoint.

Their events are believed for what they fold into. A file is read twice. `check_snapshot` believes nothing:
it goes through every byte in bounded memory and compares the head that the events make with the one that
enough cosigners of the trust file signed. Only then are the events replayed, with the same code as
everywhere. A delta is the same with the events after one that is held. Format: docs/formats/snapshot.md.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol

from ledger.encoding.canonical import Json, decode_canonical
from ledger.encoding.canonical import encode as canonical
from ledger.encoding.fields import Fields, parse_key_id
from ledger.encoding.inflate import InflateFault, inflate
from ledger.errors import BrokenHead, MalformedInput, NewerFormat, SnapshotRefused
from ledger.registry.acts import Event
from ledger.registry.checkpoints import (
    MAX_COSIGNERS,
    MAX_TRUST_BYTES,
    Checkpoint,
    Cosigned,
    decode_checkpoint,
    decode_cosignatures,
)
from ledger.registry.knowledge import Fold, Knowledge
from ledger.registry.trust_files import TrustFile

TYPE: Final = "shunzheng/snapshot/1"
# Of zlib: level 9 saves a twentieth and takes ten times as long.
LEVEL: Final = 6

# Payload of one event: more than a block holds; an anchor has 60 kB at most.
MAX_EVENT_BYTES: Final = 4 * 2**20
# Events of a snapshot, inflated: some decades of a province; read as a stream.
MAX_SNAPSHOT_BYTES: Final = 16 * 2**30

#: Why a snapshot is not taken, in the order in which it is looked for; docs/formats/snapshot.md explains each.
REASONS: Final = (
    "malformed",
    "newer_format",
    "other_registry",
    "cosignature_bad",
    "below_threshold",
    "older",
    "not_held",
    "damaged",
    "truncated",
    "event_missing",
    "event_order",
    "surplus",
    "head_mismatch",
    "fork",
    "not_understood",
)

_EVENT: Final = struct.Struct(">QQQBI")  # n, block, time, kind, bytes of the payload that follows
Chunks = Callable[[], Iterable[bytes]]  # opens the file from its beginning


class Point(Protocol):
    """Where a history stands: number, head, block and time of an event. A `Checkpoint` is one, and so is a fold."""

    @property
    def n(self) -> int: ...
    @property
    def head(self) -> bytes: ...
    @property
    def block(self) -> int: ...
    @property
    def time(self) -> int: ...


class History(Protocol):
    """The points of the registry that the reader of a snapshot holds already, and still holds when it is refused."""

    def newest(self) -> Point | None:
        """Return the highest point that was ever seen; None at first."""

    def point(self, n: int) -> Point | None:
        """Return the point at event `n`, from which a delta may go on; None where it is not held."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: the checkpoint with its cosignatures, and the event after which the events of the file begin.

    Of that event: number, head (32 bytes) and block; 0, head 0 and 0 where the file begins at the beginning.
    """

    cosigned: Cosigned
    after: int
    after_head: bytes
    after_block: int

    @property
    def checkpoint(self) -> Checkpoint:
        return self.cosigned.checkpoint

    def encode(self) -> bytes:
        after: Json = {"n": self.after, "head": "0x" + self.after_head.hex(), "block": self.after_block}
        return canonical(self.cosigned.to_json() | {"type": TYPE, "after": after}) + b"\n"


def write_snapshot(header: Header, events: Iterable[Event]) -> Iterator[bytes]:
    """Yield the file: header and compressed events, which are those after `header.after` up to its checkpoint."""
    yield header.encode()
    deflate = zlib.compressobj(LEVEL)
    for event in events:
        head = _EVENT.pack(event.n, event.block, event.time, event.kind, len(event.payload))
        if piece := deflate.compress(head + event.payload):
            yield piece
    yield deflate.flush()


def read_header(chunks: Iterable[bytes]) -> Header:
    """Read the first line of a snapshot. Raises: SnapshotRefused with `malformed` or `newer_format`."""
    return _split(chunks)[0]


def check_snapshot(
    chunks: Chunks, trust: TrustFile, history: History | None = None
) -> tuple[Header, tuple[str, ...]]:
    """Check all that can be checked before an event is believed; return the header and who vouches for it.

     1  the first line is a header
     2  it is of the registry of the trust file, cosigned by enough of its cosigners
     3  its checkpoint is not older than the newest that was seen, and does not contradict it
     4  it begins at the beginning, or after an event that is held
     5  the rest inflates into whole events, each following the one before
     6  nothing is left when the event of the checkpoint is reached
     7  number, head, block and time are then those of the checkpoint
     8  on the way it passed the heads that are held

    Raises: SnapshotRefused.
    """
    header, rest = _split(chunks())  # 1
    checkpoint = header.checkpoint
    names = trust.check(header.cosigned)  # 2
    seen = history.newest() if history else None
    if seen:
        _check_age(checkpoint, seen)  # 3
    start = _start(header, history)  # 4
    fold = Fold(header.after_head, header.after, header.after_block, start.time if start else 0)
    agrees = start is None or start.head == fold.head
    for event in _decoded(rest, header):  # 5, 6
        try:
            fold.extend(event)
        except BrokenHead as error:
            raise SnapshotRefused("event_order", str(error)) from error
        agrees = agrees and (seen is None or seen.n != fold.n or seen.head == fold.head)
    stated = (checkpoint.n, checkpoint.head, checkpoint.block, checkpoint.time)
    if (fold.n, fold.head, fold.block, fold.time) != stated:  # 7
        raise SnapshotRefused(
            "head_mismatch", "the events are not those of the checkpoint: some are altered, left out or moved"
        )
    if not agrees:  # 8
        raise SnapshotRefused(
            "fork", "its history is not a continuation of what was seen before: the registry forked"
        )
    return header, names


def read_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of a file that was checked. Raises: SnapshotRefused."""
    header, rest = _split(chunks)
    return _decoded(rest, header)


def replay(chunks: Iterable[bytes], base: Knowledge | None = None) -> Knowledge:
    """Return what a checked file says; a delta is replayed on top of `base`, which it changes. Raises: SnapshotRefused."""
    header, rest = _split(chunks)
    knowledge = base or Knowledge(header.checkpoint.registry, header.after_head, source="snapshot")
    for event in _decoded(rest, header):
        with understanding():
            knowledge.apply(event)
    if knowledge.fold.head != header.checkpoint.head:
        raise SnapshotRefused("head_mismatch", "the file changed after it was checked")
    return knowledge


@contextmanager
def understanding() -> Iterator[None]:
    """Let an event that makes no sense refuse the snapshot. Raises: SnapshotRefused."""
    try:
        yield
    except NewerFormat as error:
        raise SnapshotRefused("newer_format", str(error)) from error
    except (BrokenHead, MalformedInput) as error:
        raise SnapshotRefused("not_understood", f"its events do not make sense: {error}") from error


def _check_age(checkpoint: Checkpoint, seen: Point) -> None:
    if checkpoint.n < seen.n:
        raise SnapshotRefused(
            "older",
            f"it ends at event {checkpoint.n}, and event {seen.n} was seen before: ask for a newer one",
        )
    if checkpoint.n == seen.n and checkpoint.head != seen.head:
        raise SnapshotRefused(
            "fork", f"event {seen.n} has another head than the one that was seen before: the registry forked"
        )


def _start(header: Header, history: History | None) -> Point | None:
    """Return the point that is held where the file begins; None at the beginning of the registry."""
    if not header.after:
        return None
    start = history.point(header.after) if history else None
    if start is None:
        raise SnapshotRefused(
            "not_held",
            f"it holds the events after event {header.after}, which is not held here: ask for a whole one",
        )
    return start


def _split(chunks: Iterable[bytes]) -> tuple[Header, Iterator[bytes]]:
    """Return the header and what follows its line."""
    pieces, line = iter(chunks), b""
    for piece in pieces:
        line += piece
        end = line.find(b"\n", 0, MAX_TRUST_BYTES + 1)
        if end >= 0:
            return _header(line[:end]), chain([line[end + 1 :]], pieces)
        if len(line) > MAX_TRUST_BYTES:
            break
    raise SnapshotRefused("malformed", "it does not begin with the line of a snapshot: is it the right file?")


def _header(line: bytes) -> Header:
    try:
        fields = Fields(decode_canonical(line), "snapshot")
        fields.type(TYPE)
        checkpoint = decode_checkpoint(fields.take("checkpoint"))
        cosignatures = decode_cosignatures(fields.array("cosignatures", MAX_COSIGNERS))
        after = Fields(fields.take("after"), "after")
        header = Header(
            Cosigned(checkpoint, cosignatures),
            after.integer("n", 0, checkpoint.n),
            after.parsed("head", parse_key_id),
            after.integer("block", 0, checkpoint.block),
        )
        after.close()
        fields.close()
    except NewerFormat as error:
        raise SnapshotRefused("newer_format", str(error)) from error
    except MalformedInput as error:
        raise SnapshotRefused("malformed", f"its first line is not that of a snapshot: {error}") from error
    if not header.after and (
        header.after_block or header.after_head.hex()[:16] != checkpoint.registry.rpartition(":")[2]
    ):
        raise SnapshotRefused("malformed", "it does not begin with head 0 of its registry")
    return header


def _decoded(chunks: Iterator[bytes], header: Header) -> Iterator[Event]:
    """Yield the events, which must be exactly those up to the checkpoint."""
    inflated, block = _Inflated(chunks), header.after_block
    for n in range(header.after + 1, header.checkpoint.n + 1):
        head = inflated.take(_EVENT.size)
        if not head:
            raise SnapshotRefused("event_missing", f"it ends before event {n} of {header.checkpoint.n}")
        if len(head) < _EVENT.size:
            raise SnapshotRefused("damaged", f"it ends within event {n}")
        number, event_block, time, kind, length = _EVENT.unpack(head)
        if number != n:
            reason = "event_missing" if number > n else "event_order"
            raise SnapshotRefused(reason, f"event {number} stands where event {n} belongs")
        if length > MAX_EVENT_BYTES:
            raise SnapshotRefused("damaged", f"event {n} has more than {MAX_EVENT_BYTES} bytes")
        payload = inflated.take(length)
        if len(payload) < length:
            raise SnapshotRefused("damaged", f"it ends within event {n}")
        yield Event(n, kind, block, time, payload, event_block)
        block = event_block
    if inflated.take(1):
        raise SnapshotRefused("surplus", "something follows the event of its checkpoint")


class _Inflated:
    """The bytes behind the header, inflated piece by piece."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._pieces = inflate(chunks, MAX_SNAPSHOT_BYTES)
        self._waiting = bytearray()

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end. Raises: SnapshotRefused."""
        while len(self._waiting) < size:
            try:
                piece = next(self._pieces, None)
            except InflateFault as fault:
                raise _refusal(fault) from fault
            if piece is None:
                break
            self._waiting += piece
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken


def _refusal(fault: InflateFault) -> SnapshotRefused:
    match fault.reason:
        case "damaged":
            return SnapshotRefused("damaged", f"the compressed events are damaged: {fault}")
        case "too_long":
            return SnapshotRefused("damaged", f"it inflates beyond {MAX_SNAPSHOT_BYTES} bytes")
        case "truncated":
            return SnapshotRefused("truncated", "it ends in the middle: it was not copied whole")
        case "surplus":
            return SnapshotRefused("surplus", "something follows the compressed events")
