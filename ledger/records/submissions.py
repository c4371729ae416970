"""Submissions 登记批: records that a department signs together, and the entry that they become.

Format: docs/formats/submission.md. The records stand in ascending order of leaf hash; their salts make that
order random, so positions tell nothing. One signature over the statement covers them all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ledger import limits
from ledger.crypto.keys import PrivateKey, decode_signature, encode_signature
from ledger.crypto.suites import Suite
from ledger.crypto.trees import MerkleTree, counted_leaf
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import encode as canonical
from ledger.encoding.fields import Fields, parse_key_id
from ledger.errors import MalformedInput
from ledger.records.records import Record

STATEMENT_TYPE: Final = "shunzheng/submission/1"
ENTRY_TYPE: Final = "shunzheng/entry/1"

# From `time` to `expires`: an old statement cannot be anchored years later.
MAX_STATEMENT_DAYS: Final = 7
_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Statement:
    """What the department signs: `count` records under `root`, for one log of one registry, until `expires`."""

    registry: str
    log: str
    issuer: str
    key: bytes
    count: int
    suite: Suite
    root: bytes
    time: int
    expires: int

    def __post_init__(self) -> None:
        """Raises: MalformedInput when count or times do not fit."""
        if not 1 <= self.count <= limits.MAX_SUBMISSION_RECORDS:
            raise MalformedInput(f"a submission has 1 to {limits.MAX_SUBMISSION_RECORDS} records")
        if not self.time < self.expires <= self.time + MAX_STATEMENT_DAYS * _SECONDS_A_DAY:
            raise MalformedInput(f"`expires` lies after `time`, by at most {MAX_STATEMENT_DAYS} days")

    def to_json(self) -> dict[str, Json]:
        return {
            "type": STATEMENT_TYPE,
            "registry": self.registry,
            "log": self.log,
            "issuer": self.issuer,
            "key": "0x" + self.key.hex(),
            "count": self.count,
            "root": self.suite.format(self.root),
            "time": times.format_time(self.time),
            "expires": times.format_time(self.expires),
        }

    def encode(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return canonical(self.to_json())


def decode_statement(value: Json) -> Statement:
    """Read a statement from decoded JSON. Raises: MalformedInput, NewerFormat."""
    fields = Fields(value, "statement")
    fields.type(STATEMENT_TYPE)
    suite, root = fields.digest("root")
    statement = Statement(
        registry=fields.text("registry"),
        log=fields.text("log"),
        issuer=fields.text("issuer"),
        key=fields.parsed("key", parse_key_id),
        count=fields.integer("count", 1, limits.MAX_SUBMISSION_RECORDS),
        suite=suite,
        root=root,
        time=fields.time("time"),
        expires=fields.time("expires"),
    )
    fields.close()
    return statement


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission as the log accepted it. It holds nothing personal and is public."""

    statement: Statement
    signature: bytes
    accepted: int

    def to_json(self) -> dict[str, Json]:
        return {
            "type": ENTRY_TYPE,
            "statement": self.statement.to_json(),
            "signature": encode_signature(self.signature),
            "accepted": times.format_time(self.accepted),
        }

    def encode(self) -> bytes:
        """Return the canonical bytes, which are the data of a batch leaf."""
        return canonical(self.to_json())

    def leaf(self) -> tuple[int, bytes]:
        """Return (count, leaf hash) as the batch tree takes it."""
        count = self.statement.count
        return count, counted_leaf(self.statement.suite, count, self.encode())


def decode_entry(value: Json) -> Entry:
    """Read an entry from decoded JSON. Raises: MalformedInput, NewerFormat."""
    fields = Fields(value, "entry")
    fields.type(ENTRY_TYPE)
    entry = Entry(
        statement=decode_statement(fields.take("statement")),
        signature=fields.parsed("signature", decode_signature),
        accepted=fields.time("accepted"),
    )
    fields.close()
    return entry


def order_by_leaf(records: Iterable[Record]) -> list[tuple[bytes, Record]]:
    """Return (leaf hash, record) in ascending order of leaf hash.

    Raises: MalformedInput for two equal leaves.
    """
    leaves = sorted(((record.leaf(), record) for record in records), key=lambda pair: pair[0])
    for (before, _), (after, record) in pairwise(leaves):
        if before == after:
            raise MalformedInput(f"the same record of {record.identifier} stands twice: draw a salt for each")
    return leaves


def sign_statement(
    key: PrivateKey,
    registry: str,
    log: str,
    issuer: str,
    tree: MerkleTree,
    *,
    count: int,
    time: int,
    expires: int,
) -> tuple[Statement, bytes]:
    """State `count` records under the root of `tree` and sign the statement (64 bytes r‖s)."""
    statement = Statement(registry, log, issuer, key.public.id, count, tree.suite, tree.root, time, expires)
    return statement, key.sign(statement.encode())
