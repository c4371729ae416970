"""The acts of the registry contract 登记簿合约, and the head that binds its events.

Format: docs/formats/registry-events.md.

    head_n = keccak256(abi.encode(head_(n-1), n, time, previousBlock, kind, keccak256(payload)))
    head_0 = keccak256(abi.encode("shunzheng/registry/1", chainId, contract, blockhash before deployment))

The payload is the ABI encoding of the fields of the act, in the order in which they stand in the classes
below. Nothing here judges an act: the contract did, and `ledger.registry.knowledge` folds the acts into
what is known.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError

from ledger.crypto.keys import keccak256
from ledger.errors import MalformedInput, NewerFormat

FORMAT: Final = "shunzheng/registry/1"
NO_END: Final = 10**11 - 1  # the last second that the contract takes; milliseconds for seconds lie beyond it

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: number from 1, kind, block of the event before (0 at first), block time, payload, block."""

    event_number: int
    kind: int
    previous_block_number: int
    time: int
    payload: bytes
    block_number: int


def compute_head_zero(chain_id: int, contract: bytes, block_hash: bytes) -> bytes:
    """Return head 0 of the registry at `contract` (20 bytes), deployed after the block of `block_hash`."""
    return keccak256(
        abi_encode(("string", "uint256", "address", "bytes32"), (FORMAT, chain_id, contract, block_hash))
    )


def extend_head(head: bytes, event: Event) -> bytes:
    """Return the head after `event`."""
    numbers = (event.event_number, event.time, event.previous_block_number, event.kind)
    words = b"".join(number.to_bytes(32, "big") for number in numbers)
    return keccak256(head + words + keccak256(event.payload))


def build_registry_name(chain_id: int, contract: bytes, head: bytes) -> str:
    """Return `eip155:<chain id>:0x<address>:<16 hex of head 0>`, which no other deployment can have."""
    return f"eip155:{chain_id}:0x{contract.hex()}:{head.hex()[:16]}"


# How a field crosses the ABI: its ABI type, from the ABI's value, to the ABI's value.
@dataclass(frozen=True, slots=True)
class _Codec:
    abi_type: str
    read: Callable[[Any], object]
    write: Callable[[Any], object]


def _pass_through(value: T) -> T:
    return value


def _read_text(padded_text: bytes) -> str:
    """Read text padded with zero bytes; bytes that no name has are spelled out.

    The contract does not look at everything (at certificate types, say): what one city writes there must not stop
    the replicas of all.
    """
    return padded_text.rstrip(b"\0").decode("ascii", "backslashreplace").replace("\0", r"\x00")


def _write_text(text: str) -> bytes:
    return text.encode("ascii")


def _make_text_codec(byte_count: int) -> _Codec:
    return _Codec(f"bytes{byte_count}", _read_text, _write_text)


def _make_texts_codec(byte_count: int) -> _Codec:
    return _Codec(
        f"bytes{byte_count}[]",
        lambda values: tuple(_read_text(value) for value in values),
        lambda texts: [_write_text(text) for text in texts],
    )


_ADDRESS = _Codec("address", str.lower, _pass_through)
_NAME = _make_text_codec(32)
_ISSUER = _make_text_codec(18)
_DIVISION = _make_text_codec(6)
_HASH = _Codec("bytes32", _pass_through, _pass_through)
_BYTES = _Codec("bytes", _pass_through, _pass_through)
_STRING = _Codec("bytes", _read_text, _write_text)  # `string` of the ABI, which is laid out as `bytes`
_UINT8 = _Codec("uint8", _pass_through, _pass_through)
_UINT64 = _Codec("uint64", _pass_through, _pass_through)


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The log of another registry that a log continues: an empty registry name when there is none."""

    registry: str = ""
    log: str = ""
    n: int = 0
    head: bytes = bytes(32)
    size: int = 0
    status_root: bytes = bytes(32)


# Registry, log, n, head, size and status root as the ABI has them.
_PredecessorWords: TypeAlias = tuple[bytes, bytes, int, bytes, int, bytes]


def _read_predecessor(words: _PredecessorWords) -> Predecessor:
    registry, log, n, head, size, status_root = words
    return Predecessor(_read_text(registry), _read_text(log), n, head, size, status_root)


def _write_predecessor(predecessor: Predecessor) -> _PredecessorWords:
    registry, log = _write_text(predecessor.registry), _write_text(predecessor.log)
    return (registry, log, predecessor.n, predecessor.head, predecessor.size, predecessor.status_root)


_PREDECESSOR = _Codec("(bytes,bytes32,uint64,bytes32,uint64,bytes32)", _read_predecessor, _write_predecessor)


@dataclass(frozen=True, slots=True)
class Act:
    """An act of the registry; a child's fields are its payload, in ABI order."""

    KIND: ClassVar[int]
    ABI: ClassVar[tuple[_Codec, ...]]

    def encode(self) -> bytes:
        """Return the payload. Raises: MalformedInput for a value that its field cannot hold."""
        field_values = [getattr(self, field.name) for field in fields(self)]
        try:
            abi_values = [codec.write(value) for codec, value in zip(self.ABI, field_values, strict=True)]
            return abi_encode([codec.abi_type for codec in self.ABI], abi_values)
        except (EncodingError, UnicodeEncodeError) as error:
            raise MalformedInput(f"{type(self).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class ProvinceTransferStarted(Act):
    """The province named who shall be the province after it accepts."""

    KIND = 1
    ABI = (_ADDRESS,)
    to: str


@dataclass(frozen=True, slots=True)
class ProvinceTransferred(Act):
    """The province is another account; the first act of every registry."""

    KIND = 2
    ABI = (_ADDRESS,)
    province: str


@dataclass(frozen=True, slots=True)
class LogAdmitted(Act):
    """The province admitted a city's log with its suite, its admin and its administrative divisions."""

    KIND = 3
    ABI = (_NAME, _UINT8, _ADDRESS, _make_texts_codec(6), _PREDECESSOR)
    log: str
    suite: int
    admin: str
    divisions: tuple[str, ...]
    predecessor: Predecessor


@dataclass(frozen=True, slots=True)
class DivisionAssigned(Act):
    """The province gave a division to a log, or took it from all (empty log)."""

    KIND = 4
    ABI = (_DIVISION, _NAME)
    division: str
    log: str


@dataclass(frozen=True, slots=True)
class AdminTransferStarted(Act):
    """A log's admin named its successor."""

    KIND = 5
    ABI = (_NAME, _ADDRESS)
    log: str
    to: str


@dataclass(frozen=True, slots=True)
class AdminTransferred(Act):
    """The named successor accepted."""

    KIND = 6
    ABI = (_NAME, _ADDRESS)
    log: str
    admin: str


@dataclass(frozen=True, slots=True)
class AdminReplaced(Act):
    """The province replaced a log's admin."""

    KIND = 7
    ABI = (_NAME, _ADDRESS)
    log: str
    admin: str


@dataclass(frozen=True, slots=True)
class OperatorSet(Act):
    """The account that anchors a log."""

    KIND = 8
    ABI = (_NAME, _ADDRESS)
    log: str
    operator: str


@dataclass(frozen=True, slots=True)
class IssuerAdded(Act):
    """A city added an issuer of its own divisions."""

    KIND = 9
    ABI = (_NAME, _ISSUER)
    log: str
    issuer: str


@dataclass(frozen=True, slots=True)
class IssuerAssigned(Act):
    """The province assigned or moved an issuer."""

    KIND = 10
    ABI = (_NAME, _ISSUER)
    log: str
    issuer: str


@dataclass(frozen=True, slots=True)
class KeyRegistered(Act):
    """A key, by its SubjectPublicKeyInfo; purpose 1 department, 2 node."""

    KIND = 11
    ABI = (_NAME, _UINT8, _BYTES)
    log: str
    purpose: int
    spki: bytes


@dataclass(frozen=True, slots=True)
class KeyGranted(Act):
    """A key may speak for an issuer: kinds by bits, certificate types (none: all), from and to in seconds."""

    KIND = 12
    ABI = (_NAME, _HASH, _ISSUER, _UINT8, _make_texts_codec(21), _UINT64, _UINT64)
    log: str
    key: bytes
    issuer: str
    kinds: int
    types: tuple[str, ...]
    not_before: int
    not_after: int


@dataclass(frozen=True, slots=True)
class KeyRetired(Act):
    """A key stops at a moment that was not past when it was said."""

    KIND = 13
    ABI = (_HASH, _UINT64)
    key: bytes
    at: int


@dataclass(frozen=True, slots=True)
class KeyCompromised(Act):
    """What the key signed and was anchored at `since` or later cannot be relied on."""

    KIND = 14
    ABI = (_HASH, _UINT64)
    key: bytes
    since: int


@dataclass(frozen=True, slots=True)
class Anchored(Act):
    """A batch of a log, or a heartbeat when the size did not grow."""

    KIND = 15
    ABI = (_NAME, _UINT64, _UINT64, _HASH, _HASH, _BYTES)
    log: str
    sequence: int
    size: int
    root: bytes
    status_root: bytes
    status_changes: bytes


@dataclass(frozen=True, slots=True)
class RegistryClosed(Act):
    """The province closed the registry and named its successor."""

    KIND = 16
    ABI = (_STRING,)
    successor: str


ACTS: Final[dict[int, type[Act]]] = {
    act.KIND: act
    for act in (
        ProvinceTransferStarted,
        ProvinceTransferred,
        LogAdmitted,
        DivisionAssigned,
        AdminTransferStarted,
        AdminTransferred,
        AdminReplaced,
        OperatorSet,
        IssuerAdded,
        IssuerAssigned,
        KeyRegistered,
        KeyGranted,
        KeyRetired,
        KeyCompromised,
        Anchored,
        RegistryClosed,
    )
}


def decode_act(kind: int, payload: bytes) -> Act:
    """Read the payload of an event.

    Raises: MalformedInput; NewerFormat for a kind that this program does not know.
    """
    act_class = ACTS.get(kind)
    if act_class is None:
        raise NewerFormat(
            f"an act of the registry is of kind {kind}, unknown to this program: update the program"
        )
    try:
        abi_values = abi_decode([codec.abi_type for codec in act_class.ABI], payload)
    except (DecodingError, ValueError, OverflowError) as error:
        raise MalformedInput(f"the payload of {act_class.__name__} does not decode: {error}") from error
    return act_class(*(codec.read(value) for codec, value in zip(act_class.ABI, abi_values, strict=True)))
