"""Submissions 登记批: records that a department signs together, and the entry that they become.

Format: docs/formats/submission.md. The records stand in ascending order of leaf hash; their salts make that
order random, so positions tell nothing. One signature over the statement covers them all. It is for a window of
the log's sequences and for a short time, so that nobody anchors it again later
(docs/decisions/0019-an-entry-counts-once.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from ledger import limits
from ledger.crypto.keys import Signer, decode_signature, encode_signature
from ledger.crypto.suites import Suite
from ledger.crypto.trees import MerkleTree, hash_counted_leaf
from ledger.encoding import times
from ledger.encoding.canonical import MAX_INTEGER, Json, encode_canonical
from ledger.encoding.fields import Fields, parse_key_id
from ledger.errors import MalformedInput
from ledger.records.records import Record

STATEMENT_TYPE: Final = "shunzheng/submission/2"
#: Without a window: read for what was anchored before `VERSION_1_ENDS`, never signed any more.
STATEMENT_TYPE_1: Final = "shunzheng/submission/1"
ENTRY_TYPE: Final = "shunzheng/entry/1"

# Seconds from `time` to `expires`. What waits through a day without a chain has two more days to be anchored in, and
# nobody can anchor it again after them.
MAX_STATEMENT_SECONDS: Final = 72 * 3600
# The same of version 1, which had no window: seven days.
MAX_STATEMENT_SECONDS_1: Final = 7 * 86_400
# Sequences from the first to the last in which an entry may be anchored. The fastest log anchors once a block, so these
# are at least 256 blocks, and 42 hours of heartbeats; while there is no chain no sequence passes.
MAX_WINDOW: Final = 256
# Block time before which a statement of version 1 counts: 2027-01-01T00:00:00Z. No node has taken one since the release of
# November 2026, so by then each has been anchored or has expired.
VERSION_1_ENDS: Final = 1_798_761_600


@dataclass(frozen=True, slots=True)
class Window:
    """The first and the last sequence of the log in which an entry may be anchored."""

    first_sequence: int
    last_sequence: int

    def __post_init__(self) -> None:
        """Raises: MalformedInput when it is none, or too wide."""
        if (
            not 1
            <= self.first_sequence
            <= self.last_sequence
            <= min(self.first_sequence + MAX_WINDOW, MAX_INTEGER)
        ):
            raise MalformedInput(
                f"`last_sequence` is `first_sequence` or beyond, by at most {MAX_WINDOW}; the first is 1 or above"
            )

    def __contains__(self, sequence: int) -> bool:
        return self.first_sequence <= sequence <= self.last_sequence

    @classmethod
    def after(cls, sequence: int) -> Self:
        """Return the widest window of what is handed in when `sequence` is the newest anchor of the log."""
        return cls(sequence + 1, sequence + 1 + MAX_WINDOW)


@dataclass(frozen=True, slots=True)
class Statement:
    """What the department signs: `record_count` records under `root`, for one log of one registry, until `expires_at`.

    A statement without a `window` is of version 1.
    """

    registry: str
    log: str
    issuer: str
    key_id: bytes
    record_count: int
    suite: Suite
    root: bytes
    time: int
    expires_at: int
    window: Window | None

    def __post_init__(self) -> None:
        """Raises: MalformedInput when count or times do not fit."""
        if not 1 <= self.record_count <= limits.MAX_SUBMISSION_RECORDS:
            raise MalformedInput(f"a submission has 1 to {limits.MAX_SUBMISSION_RECORDS} records")
        max_seconds = MAX_STATEMENT_SECONDS if self.window else MAX_STATEMENT_SECONDS_1
        if not self.time < self.expires_at <= self.time + max_seconds:
            raise MalformedInput(f"`expires` lies after `time`, by at most {max_seconds // 3600} hours")

    def to_json(self) -> dict[str, Json]:
        body: dict[str, Json] = {
            "type": STATEMENT_TYPE if self.window else STATEMENT_TYPE_1,
            "registry": self.registry,
            "log": self.log,
            "issuer": self.issuer,
            "key": "0x" + self.key_id.hex(),
            "count": self.record_count,
            "root": self.suite.format(self.root),
            "time": times.format_time(self.time),
            "expires": times.format_time(self.expires_at),
        }
        if self.window:
            body |= {"first_sequence": self.window.first_sequence, "last_sequence": self.window.last_sequence}
        return body

    def encode(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return encode_canonical(self.to_json())


def decode_statement(value: Json) -> Statement:
    """Read a statement from decoded JSON. Raises: MalformedInput, NewerFormat."""
    fields = Fields(value, "statement")
    type_name = fields.take_type(STATEMENT_TYPE, STATEMENT_TYPE_1)
    suite, root = fields.take_digest("root")
    statement = Statement(
        registry=fields.take_text("registry"),
        log=fields.take_text("log"),
        issuer=fields.take_text("issuer"),
        key_id=fields.take_parsed("key", parse_key_id),
        record_count=fields.take_integer("count", 1, limits.MAX_SUBMISSION_RECORDS),
        suite=suite,
        root=root,
        time=fields.take_time("time"),
        expires_at=fields.take_time("expires"),
        window=_read_window(fields) if type_name == STATEMENT_TYPE else None,
    )
    fields.close()
    return statement


def _read_window(fields: Fields) -> Window:
    first_sequence, last_sequence = (
        fields.take_integer(name, 1, MAX_INTEGER) for name in ("first_sequence", "last_sequence")
    )
    return Window(first_sequence, last_sequence)


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission as the log accepted it. It holds nothing personal and is public."""

    statement: Statement
    signature: bytes
    accepted_at: int

    def to_json(self) -> dict[str, Json]:
        return {
            "type": ENTRY_TYPE,
            "statement": self.statement.to_json(),
            "signature": encode_signature(self.signature),
            "accepted": times.format_time(self.accepted_at),
        }

    def encode(self) -> bytes:
        """Return the canonical bytes, which are the data of a batch leaf."""
        return encode_canonical(self.to_json())

    def hash_leaf(self) -> tuple[int, bytes]:
        """Return (count, leaf hash) as the batch tree takes it."""
        record_count = self.statement.record_count
        return record_count, hash_counted_leaf(self.statement.suite, record_count, self.encode())


def decode_entry(value: Json) -> Entry:
    """Read an entry from decoded JSON. Raises: MalformedInput, NewerFormat."""
    fields = Fields(value, "entry")
    fields.take_type(ENTRY_TYPE)
    entry = Entry(
        statement=decode_statement(fields.take("statement")),
        signature=fields.take_parsed("signature", decode_signature),
        accepted_at=fields.take_time("accepted"),
    )
    fields.close()
    return entry


def order_by_leaf(records: Iterable[Record]) -> list[tuple[bytes, Record]]:
    """Return (leaf hash, record) in ascending order of leaf hash.

    Raises: MalformedInput for two equal leaves.
    """
    leaves_and_records = sorted(
        ((record.hash_leaf(), record) for record in records), key=lambda pair: pair[0]
    )
    for (leaf, _), (next_leaf, record) in pairwise(leaves_and_records):
        if leaf == next_leaf:
            raise MalformedInput(f"the same record of {record.identifier} stands twice: draw a salt for each")
    return leaves_and_records


def sign_statement(
    key: Signer,
    registry: str,
    log: str,
    issuer: str,
    tree: MerkleTree,
    *,
    record_count: int,
    time: int,
    expires_at: int,
    window: Window,
) -> tuple[Statement, bytes]:
    """State `record_count` records under the root of `tree` and sign the statement (64 bytes r‖s)."""
    statement = Statement(
        registry, log, issuer, key.public.id, record_count, tree.suite, tree.root, time, expires_at, window
    )
    return statement, key.sign(statement.encode())
