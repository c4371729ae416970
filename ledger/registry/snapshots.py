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

from ledger.encoding.canonical import Json, decode_canonical, encode_canonical
from ledger.encoding.fields import Fields, parse_key_id
from ledger.encoding.inflate import InflateFault, inflate
from ledger.errors import BrokenHead, MalformedInput, NewerFormat, SnapshotRefused
from ledger.registry.acts import Event
from ledger.registry.checkpoints import (
    MAX_COSIGNERS,
    MAX_TRUST_BYTES,
    Checkpoint,
    CosignedCheckpoint,
    decode_checkpoint,
    decode_cosignatures,
)
from ledger.registry.knowledge import Fold, Knowledge
from ledger.registry.trust_files import TrustFile

TYPE: Final = "shunzheng/snapshot/1"
# Of zlib: level 9 saves a twentieth and takes ten times as long.
COMPRESSION_LEVEL: Final = 6

# Payload of one event: more than a block holds; an anchor has 60 kB at most.
MAX_EVENT_BYTES: Final = 4 * 2**20
# Events of a snapshot, inflated: some decades of a province; read as a stream.
MAX_SNAPSHOT_BYTES: Final = 16 * 2**30

#: Why a snapshot is not taken, in the order in which it is looked for; docs/formats/snapshot.md explains each.
REFUSAL_REASONS: Final = (
    "malformed",
    "newer_format",
    "older_format",
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

_EVENT_HEADER: Final = struct.Struct(">QQQBI")  # n, block, time, kind, bytes of the payload that follows
OpenChunks = Callable[[], Iterable[bytes]]  # opens the file from its beginning


class Point(Protocol):
    """Where a history stands: number, head, block and time of an event. A `Checkpoint` is one, and so is a fold."""

    @property
    def event_number(self) -> int: ...
    @property
    def head(self) -> bytes: ...
    @property
    def block_number(self) -> int: ...
    @property
    def time(self) -> int: ...


class HeldPoints(Protocol):
    """The points of the registry that the reader of a snapshot holds already, and still holds when it is refused."""

    def find_newest(self) -> Point | None:
        """Return the highest point that was ever seen; None at first."""

    def find_point(self, event_number: int) -> Point | None:
        """Return the point at event `event_number`, from which a delta may go on; None where it is not held."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: the checkpoint with its cosignatures, and the event after which the events of the file begin.

    Of that event: number, head (32 bytes) and block; 0, head 0 and 0 where the file begins at the beginning.
    """

    cosigned_checkpoint: CosignedCheckpoint
    after_event_number: int
    after_head: bytes
    after_block_number: int

    @property
    def checkpoint(self) -> Checkpoint:
        return self.cosigned_checkpoint.checkpoint

    def encode(self) -> bytes:
        after_json: Json = {
            "n": self.after_event_number,
            "head": "0x" + self.after_head.hex(),
            "block": self.after_block_number,
        }
        return (
            encode_canonical(self.cosigned_checkpoint.to_json() | {"type": TYPE, "after": after_json}) + b"\n"
        )


def write_snapshot(header: Header, events: Iterable[Event]) -> Iterator[bytes]:
    """Yield the file: header and compressed events, those after `header.after_event_number` up to its checkpoint."""
    yield header.encode()
    compressor = zlib.compressobj(COMPRESSION_LEVEL)
    for event in events:
        if piece := compressor.compress(encode_event(event)):
            yield piece
    yield compressor.flush()


def encode_event(event: Event) -> bytes:
    """Return the bytes of an event in a snapshot, which are those of its leaf in the trees over events too."""
    return (
        _EVENT_HEADER.pack(event.event_number, event.block_number, event.time, event.kind, len(event.payload))
        + event.payload
    )


def read_header(chunks: Iterable[bytes]) -> Header:
    """Read the first line of a snapshot. Raises: SnapshotRefused with `malformed` or `newer_format`."""
    return _split_header(chunks)[0]


def check_snapshot(
    open_chunks: OpenChunks, trust_file: TrustFile, held_points: HeldPoints | None = None
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
    header, deflated_chunks = _split_header(open_chunks())  # 1
    checkpoint = header.checkpoint
    city_names = trust_file.check(header.cosigned_checkpoint)  # 2
    newest_point = held_points.find_newest() if held_points else None
    if newest_point:
        _check_age(checkpoint, newest_point)  # 3
    start_point = _find_start(header, held_points)  # 4
    fold = Fold(
        header.after_head,
        header.after_event_number,
        header.after_block_number,
        start_point.time if start_point else 0,
    )
    agrees_with_held = start_point is None or start_point.head == fold.head
    for event in _decode_events(deflated_chunks, header):  # 5, 6
        try:
            fold.extend(event)
        except BrokenHead as error:
            raise SnapshotRefused("event_order", str(error)) from error
        agrees_with_held = agrees_with_held and (
            newest_point is None
            or newest_point.event_number != fold.event_number
            or newest_point.head == fold.head
        )
    checkpoint_state = (checkpoint.event_number, checkpoint.head, checkpoint.block_number, checkpoint.time)
    if (fold.event_number, fold.head, fold.block_number, fold.time) != checkpoint_state:  # 7
        raise SnapshotRefused(
            "head_mismatch", "the events are not those of the checkpoint: some are altered, left out or moved"
        )
    if not agrees_with_held:  # 8
        raise SnapshotRefused(
            "fork", "its history is not a continuation of what was seen before: the registry forked"
        )
    return header, city_names


def read_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of a file that was checked. Raises: SnapshotRefused."""
    header, deflated_chunks = _split_header(chunks)
    return _decode_events(deflated_chunks, header)


def replay(chunks: Iterable[bytes], base: Knowledge | None = None) -> Knowledge:
    """Return what a checked file says; a delta is replayed on top of `base`, which it changes. Raises: SnapshotRefused."""
    header, deflated_chunks = _split_header(chunks)
    knowledge = base or Knowledge(header.checkpoint.registry, header.after_head, source="snapshot")
    for event in _decode_events(deflated_chunks, header):
        with refuse_nonsense():
            knowledge.apply(event)
    if knowledge.fold.head != header.checkpoint.head:
        raise SnapshotRefused("head_mismatch", "the file changed after it was checked")
    return knowledge


@contextmanager
def refuse_nonsense() -> Iterator[None]:
    """Let an event that makes no sense refuse the snapshot. Raises: SnapshotRefused."""
    try:
        yield
    except NewerFormat as error:
        raise SnapshotRefused("newer_format", str(error)) from error
    except (BrokenHead, MalformedInput) as error:
        raise SnapshotRefused("not_understood", f"its events do not make sense: {error}") from error


def _check_age(checkpoint: Checkpoint, newest_point: Point) -> None:
    if checkpoint.event_number < newest_point.event_number:
        raise SnapshotRefused(
            "older",
            f"it ends at event {checkpoint.event_number}, and event {newest_point.event_number} was seen before: "
            "ask for a newer one",
        )
    if checkpoint.event_number == newest_point.event_number and checkpoint.head != newest_point.head:
        raise SnapshotRefused(
            "fork",
            f"event {newest_point.event_number} has another head than the one that was seen before: the registry forked",
        )


def _find_start(header: Header, held_points: HeldPoints | None) -> Point | None:
    """Return the point that is held where the file begins; None at the beginning of the registry."""
    if not header.after_event_number:
        return None
    start_point = held_points.find_point(header.after_event_number) if held_points else None
    if start_point is None:
        raise SnapshotRefused(
            "not_held",
            f"it holds the events after event {header.after_event_number}, which is not held here: ask for a whole one",
        )
    return start_point


def _split_header(chunks: Iterable[bytes]) -> tuple[Header, Iterator[bytes]]:
    """Return the header and what follows its line."""
    pieces, line = iter(chunks), b""
    for piece in pieces:
        line += piece
        line_end = line.find(b"\n", 0, MAX_TRUST_BYTES + 1)
        if line_end >= 0:
            return _read_header(line[:line_end]), chain([line[line_end + 1 :]], pieces)
        if len(line) > MAX_TRUST_BYTES:
            break
    raise SnapshotRefused("malformed", "it does not begin with the line of a snapshot: is it the right file?")


def _read_header(line: bytes) -> Header:
    try:
        fields = Fields(decode_canonical(line), "snapshot")
        fields.take_type(TYPE)
        checkpoint = decode_checkpoint(fields.take("checkpoint"))
        cosignatures = decode_cosignatures(fields.take_array("cosignatures", MAX_COSIGNERS))
        after_fields = Fields(fields.take("after"), "after")
        header = Header(
            CosignedCheckpoint(checkpoint, cosignatures),
            after_fields.take_integer("n", 0, checkpoint.event_number),
            after_fields.take_parsed("head", parse_key_id),
            after_fields.take_integer("block", 0, checkpoint.block_number),
        )
        after_fields.close()
        fields.close()
    except NewerFormat as error:
        raise SnapshotRefused("newer_format", str(error)) from error
    except MalformedInput as error:
        raise SnapshotRefused("malformed", f"its first line is not that of a snapshot: {error}") from error
    if not header.after_event_number and (
        header.after_block_number or header.after_head.hex()[:16] != checkpoint.registry.rpartition(":")[2]
    ):
        raise SnapshotRefused("malformed", "it does not begin with head 0 of its registry")
    return header


def _decode_events(chunks: Iterator[bytes], header: Header) -> Iterator[Event]:
    """Yield the events, which must be exactly those up to the checkpoint."""
    stream, previous_block = _InflatedStream(chunks), header.after_block_number
    for expected_number in range(header.after_event_number + 1, header.checkpoint.event_number + 1):
        header_bytes = stream.take(_EVENT_HEADER.size)
        if not header_bytes:
            raise SnapshotRefused(
                "event_missing", f"it ends before event {expected_number} of {header.checkpoint.event_number}"
            )
        if len(header_bytes) < _EVENT_HEADER.size:
            raise SnapshotRefused("damaged", f"it ends within event {expected_number}")
        event_number, event_block, time, kind, payload_length = _EVENT_HEADER.unpack(header_bytes)
        if event_number != expected_number:
            reason = "event_missing" if event_number > expected_number else "event_order"
            raise SnapshotRefused(
                reason, f"event {event_number} stands where event {expected_number} belongs"
            )
        if payload_length > MAX_EVENT_BYTES:
            raise SnapshotRefused("damaged", f"event {expected_number} has more than {MAX_EVENT_BYTES} bytes")
        payload = stream.take(payload_length)
        if len(payload) < payload_length:
            raise SnapshotRefused("damaged", f"it ends within event {expected_number}")
        yield Event(expected_number, kind, previous_block, time, payload, event_block)
        previous_block = event_block
    if stream.take(1):
        raise SnapshotRefused("surplus", "something follows the event of its checkpoint")


class _InflatedStream:
    """The bytes behind the header, inflated piece by piece."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._pieces = inflate(chunks, MAX_SNAPSHOT_BYTES)
        self._buffer = bytearray()

    def take(self, byte_count: int) -> bytes:
        """Return the next `byte_count` bytes, fewer at the end. Raises: SnapshotRefused."""
        while len(self._buffer) < byte_count:
            try:
                piece = next(self._pieces, None)
            except InflateFault as fault:
                raise _refuse_fault(fault) from fault
            if piece is None:
                break
            self._buffer += piece
        content = bytes(self._buffer[:byte_count])
        del self._buffer[:byte_count]
        return content


def _refuse_fault(fault: InflateFault) -> SnapshotRefused:
    match fault.reason:
        case "damaged":
            return SnapshotRefused("damaged", f"the compressed events are damaged: {fault}")
        case "too_long":
            return SnapshotRefused("damaged", f"it inflates beyond {MAX_SNAPSHOT_BYTES} bytes")
        case "truncated":
            return SnapshotRefused("truncated", "it ends in the middle: it was not copied whole")
        case "surplus":
            return SnapshotRefused("surplus", "something follows the compressed events")
