"""Histories 证照履历: the proofs of all records of one certificate, signed by its node.

Nothing is judged here; `ledger.verification.history` judges. Format: docs/formats/history.md.
"""

from dataclasses import dataclass
from typing import Final

from ledger.crypto.keys import PrivateKey
from ledger.encoding import times
from ledger.encoding.canonical import MAX_INTEGER, Json, decode, encode_canonical
from ledger.encoding.fields import Fields, parse_key_id
from ledger.encoding.signed_files import check_size, join_signature, split_signature
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof, read_proof
from ledger.records.records import Record, decode_record

TYPE: Final = "shunzheng/history/1"
#: Records of one certificate: it has some ten in its life, and each is a signature to check.
MAX_RECORDS: Final = 256
#: Bytes of a history file: a bare proof has some 4 kB.
MAX_BYTES: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class History:
    """All records of one certificate, as far as the log's node knows them.

    `proofs` are bare, of the records that were anchored up to event `event_number`, after which the registry's head was
    `head` (32 bytes); `waiting_records` are the accepted records that were not. Both stand in the order of the lineage,
    each record after its `previous`. `key_id` is the identifier of the node's key, `time` when it signed, in seconds
    since 1970.
    """

    registry: str
    log: str
    event_number: int
    head: bytes
    proofs: tuple[Proof, ...]
    waiting_records: tuple[Record, ...]
    time: int
    key_id: bytes

    @property
    def records(self) -> tuple[Record, ...]:
        """All records, oldest first."""
        return (*(proof.record for proof in self.proofs), *self.waiting_records)

    def to_json(self) -> dict[str, Json]:
        return {
            "type": TYPE,
            "registry": self.registry,
            "log": self.log,
            "n": self.event_number,
            "head": "0x" + self.head.hex(),
            "proofs": [proof.to_json() for proof in self.proofs],
            "waiting": [record.to_json() for record in self.waiting_records],
            "time": times.format_time(self.time),
            "key": "0x" + self.key_id.hex(),
        }

    def encode(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return encode_canonical(self.to_json())


@dataclass(frozen=True, slots=True)
class SignedHistory:
    """A history and the signature (64 bytes r‖s) of the node's key over its canonical bytes."""

    history: History
    signature: bytes

    def to_json(self) -> dict[str, Json]:
        return join_signature("history", self.history.to_json(), self.signature)

    def encode(self) -> bytes:
        return encode_canonical(self.to_json())


def sign_history(key: PrivateKey, history: History) -> SignedHistory:
    """Sign a history that names this key. Raises: MalformedInput where it names another."""
    if history.key_id != key.public.id:
        raise MalformedInput("the history names another key than the one that is to sign it")
    return SignedHistory(history, key.sign(history.encode()))


def is_signed_history(value: Json) -> bool:
    """Tell whether a JSON value says that it is a history of whichever version."""
    history = value.get("history") if isinstance(value, dict) else None
    type_name = history.get("type") if isinstance(history, dict) else None
    return isinstance(type_name, str) and type_name.rpartition("/")[0] == TYPE.rpartition("/")[0]


def decode_signed_history(data: bytes) -> SignedHistory:
    """Read a history file. Raises: MalformedInput, NewerFormat, LimitExceeded."""
    check_size(data, "a history", MAX_BYTES)
    return SignedHistory(*split_signature(decode(data), "history file", "history", _decode_history))


def _decode_history(value: Json) -> History:
    fields = Fields(value, "history")
    fields.take_type(TYPE)
    history = History(
        registry=fields.take_text("registry"),
        log=fields.take_text("log"),
        event_number=fields.take_integer("n", 1, MAX_INTEGER),
        head=fields.take_parsed("head", parse_key_id),
        proofs=tuple(read_proof(proof) for proof in fields.take_array("proofs", MAX_RECORDS)),
        waiting_records=tuple(decode_record(record) for record in fields.take_array("waiting", MAX_RECORDS)),
        time=fields.take_time("time"),
        key_id=fields.take_parsed("key", parse_key_id),
    )
    fields.close()
    if not 0 < len(history.records) <= MAX_RECORDS:
        raise MalformedInput(f"a history has 1 to {MAX_RECORDS} records, not {len(history.records)}")
    if any(proof.disclosure or proof.staple or proof.linked_proofs for proof in history.proofs):
        raise MalformedInput("the proofs of a history are bare: without disclosure, staple or linked proofs")
    return history
