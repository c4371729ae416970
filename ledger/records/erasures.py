"""Erasures 内容删除: a node states that it destroyed on order what a record disclosed.

The statement names the record by its leaf hash, so it says nothing of what was destroyed. The node's key signs it, which
tells an erasure from a deletion. Format: docs/formats/erasure.md.
"""

from dataclasses import dataclass
from typing import Final

from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import Suite
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.encoding.fields import Fields, parse_key_id
from ledger.encoding.signed_files import check_size, join_signature, split_signature
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput

TYPE: Final = "shunzheng/erasure/1"
#: Bytes of the file of a signed erasure; one has some 700.
MAX_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Erasure:
    """What the record of leaf hash `leaf` disclosed was destroyed at `time`, in seconds since 1970.

    `order` is the number of the order 删除决定文号, `basis` the provision that it rests on; `key_id` the identifier of the
    node's key, 32 bytes.
    """

    registry: str
    log: str
    suite: Suite
    leaf: bytes
    order: str
    basis: str
    time: int
    key_id: bytes

    def to_json(self) -> dict[str, Json]:
        return {
            "type": TYPE,
            "registry": self.registry,
            "log": self.log,
            "record": self.suite.format(self.leaf),
            "order": self.order,
            "basis": self.basis,
            "time": format_time(self.time),
            "key": "0x" + self.key_id.hex(),
        }

    def encode(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return encode_canonical(self.to_json())


@dataclass(frozen=True, slots=True)
class SignedErasure:
    """An erasure and the signature (64 bytes r‖s) of the node's key over its canonical bytes."""

    erasure: Erasure
    signature: bytes

    def to_json(self) -> dict[str, Json]:
        return join_signature("erasure", self.erasure.to_json(), self.signature)

    def encode(self) -> bytes:
        return encode_canonical(self.to_json())


def sign_erasure(key: PrivateKey, erasure: Erasure) -> SignedErasure:
    """Sign an erasure that names this key. Raises: MalformedInput where it names another."""
    if erasure.key_id != key.public.id:
        raise MalformedInput("the erasure names another key than the one that is to sign it")
    return SignedErasure(erasure, key.sign(erasure.encode()))


def decode_signed_erasure(data: bytes) -> SignedErasure:
    """Read a signed erasure from its JSON text. Raises: MalformedInput, NewerFormat, LimitExceeded."""
    check_size(data, "an erasure", MAX_BYTES)
    return read_signed_erasure(decode(data))


def read_signed_erasure(value: Json) -> SignedErasure:
    """Read a signed erasure from decoded JSON. Raises: MalformedInput, NewerFormat, LimitExceeded."""
    return SignedErasure(*split_signature(value, "erasure", "erasure", _read_erasure))


def _read_erasure(value: Json) -> Erasure:
    fields = Fields(value, "erasure")
    fields.take_type(TYPE)
    suite, leaf = fields.take_digest("record")
    erasure = Erasure(
        registry=fields.take_text("registry"),
        log=fields.take_text("log"),
        suite=suite,
        leaf=leaf,
        order=fields.take_text("order"),
        basis=fields.take_text("basis"),
        time=fields.take_time("time"),
        key_id=fields.take_parsed("key", parse_key_id),
    )
    fields.close()
    return erasure
