"""Ranges of a log's statuses, from which a holder takes the new staple of a proof.

Format: docs/formats/status-range.md. A node that is asked for one chunk learns which 64 certificates
somebody looks at; of a range it learns one of 262,144. Nothing here is trusted: a range proves only that it
leads to some status root, and a staple made of it is judged by whoever verifies the proof, against the
anchors that he knows himself.
"""

import base64
import zlib
from dataclasses import dataclass, replace
from typing import Final

from ledger.crypto import suites
from ledger.crypto.suites import Suite
from ledger.crypto.trees import MerkleTree
from ledger.encoding import times
from ledger.encoding.canonical import MAX_INTEGER, Json, decode, encode_canonical
from ledger.encoding.fields import Fields
from ledger.encoding.inflate import InflateFault, inflate_whole
from ledger.errors import LimitExceeded, MalformedInput
from ledger.limits import MAX_LOG_SIZE
from ledger.proof.proof import CountMismatch, OutsideBatch, Proof, Staple, compute_position
from ledger.registry.status import CHUNK_BYTES, CHUNK_POSITIONS, compute_staple_root, count_chunks, hash_chunk
from ledger.registry.trust import Anchor

TYPE: Final = "shunzheng/status-range/1"

# A range is 128 kB in base64, if its chunks do not deflate at all, and its path.
MAX_RANGE_BYTES: Final = 256 * 1024
RANGE_CHUNKS: Final = 4096  # 128 kB before they are deflated; a power of two, so that a range is a subtree
RANGE_POSITIONS: Final = RANGE_CHUNKS * CHUNK_POSITIONS


@dataclass(frozen=True, slots=True)
class StatusRange:
    """The chunks from `first_position` on, up to 4,096 of 32 bytes, and the path from their subtree to the status root.

    `time` and `size` are those of anchor `sequence`, as whoever made the range says.
    """

    suite: Suite
    log: str
    sequence: int
    time: int
    size: int
    first_position: int
    chunks: bytes
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Raises: MalformedInput when the chunks are not those of such a range."""
        chunks_left = count_chunks(self.size) - self.first_position // CHUNK_POSITIONS
        if self.first_position % RANGE_POSITIONS or chunks_left < 1:
            raise MalformedInput(f"no range begins at position {self.first_position} of {self.size}")
        if len(self.chunks) != min(chunks_left, RANGE_CHUNKS) * CHUNK_BYTES:
            raise MalformedInput(
                f"{len(self.chunks)} bytes are not the chunks of the range at {self.first_position}"
            )

    def compute_root(self) -> bytes:
        """Return the status root to which the range leads. Raises: MalformedInput when the path does not fit."""
        staple = self.make_staple(self.first_position)
        return compute_staple_root(self.suite, self.size, self.first_position, staple.chunk, staple.path)

    def make_staple(self, position: int) -> Staple:
        """Return the staple of a position of the range. Raises: MalformedInput for any other."""
        if not self.first_position <= position < min(self.size, self.first_position + RANGE_POSITIONS):
            raise MalformedInput(f"position {position} lies outside the range at {self.first_position}")
        starts = range(0, len(self.chunks), CHUNK_BYTES)
        chunks = [self.chunks[start : start + CHUNK_BYTES] for start in starts]
        first_chunk, index = (
            self.first_position // CHUNK_POSITIONS,
            (position - self.first_position) // CHUNK_POSITIONS,
        )
        tree = MerkleTree(
            self.suite,
            [
                hash_chunk(self.suite, first_chunk + chunk_index, chunk)
                for chunk_index, chunk in enumerate(chunks)
            ],
        )
        return Staple(self.sequence, chunks[index], (*tree.find_path(index), *self.path))

    def encode(self) -> bytes:
        """Return the canonical JSON text."""
        packed_chunks = base64.urlsafe_b64encode(zlib.compress(self.chunks)).rstrip(b"=").decode()
        body: dict[str, Json] = {
            "type": TYPE,
            "log": self.log,
            "suite": self.suite.name,
            "sequence": self.sequence,
            "time": times.format_time(self.time),
            "size": self.size,
            "position": self.first_position,
            "chunks": packed_chunks,
            "path": [node.hex() for node in self.path],
        }
        return encode_canonical(body)


def decode_range(data: bytes) -> StatusRange:
    """Read a range from its JSON text. Raises: MalformedInput, LimitExceeded, NewerFormat."""
    if len(data) > MAX_RANGE_BYTES:
        raise LimitExceeded(f"the range has {len(data)} bytes, at most {MAX_RANGE_BYTES} are allowed")
    fields = Fields(decode(data), "range")
    fields.take_type(TYPE)
    status_range = StatusRange(
        suite=suites.get_suite(fields.take_text("suite")),
        log=fields.take_text("log"),
        sequence=fields.take_integer("sequence", 1, MAX_INTEGER),
        time=fields.take_time("time"),
        size=fields.take_integer("size", 1, MAX_LOG_SIZE),
        first_position=fields.take_integer("position", 0, MAX_LOG_SIZE),
        chunks=_inflate(fields.take("chunks")),
        path=fields.take_hashes("path"),
    )
    fields.close()
    status_range.compute_root()  # the path fits the size
    return status_range


def _inflate(chunks_text: Json) -> bytes:
    if not isinstance(chunks_text, str):
        raise MalformedInput("the chunks are text in base64url")
    try:
        packed_chunks = base64.b64decode(
            chunks_text + "=" * (-len(chunks_text) % 4), altchars=b"-_", validate=True
        )
    except ValueError as error:
        raise MalformedInput(f"the chunks do not inflate: {error}") from error
    try:
        return inflate_whole(packed_chunks, RANGE_CHUNKS * CHUNK_BYTES)
    except InflateFault as fault:
        if fault.reason == "damaged":
            raise MalformedInput(f"the chunks do not inflate: {fault}") from fault
        raise MalformedInput("the chunks are cut off, too many, or have data after their end") from fault


def find_position(proof: Proof, anchor: Anchor) -> int:
    """Return the position of the record at its anchor. Raises: MalformedInput when proof and anchor do not fit.

    Step 6 of a verification, for whoever knows the anchor from hearsay.
    """
    statement = proof.entry.statement
    if (anchor.log, anchor.sequence) != (statement.log, proof.sequence):
        raise MalformedInput(f"anchor {anchor.sequence} of {anchor.log} is not that of the proof")
    try:
        return compute_position(proof, anchor)
    except (OutsideBatch, CountMismatch) as error:
        raise MalformedInput(f"the proof does not fit anchor {anchor.sequence} of {anchor.log}") from error


def refresh_staple(proof: Proof, status_range: StatusRange, position: int) -> Proof:
    """Return the proof with its staple from `status_range`. Raises: MalformedInput when that is another log or not newer."""
    statement = proof.entry.statement
    if (status_range.log, status_range.suite) != (statement.log, statement.suite):
        raise MalformedInput(f"the range is of the log {status_range.log}, the proof of {statement.log}")
    if status_range.sequence < max(proof.sequence, proof.staple.sequence if proof.staple else 0):
        raise MalformedInput(
            f"the range is of anchor {status_range.sequence}, older than what the proof carries"
        )
    return replace(proof, staple=status_range.make_staple(position))
