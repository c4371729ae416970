"""Read what a chain endpoint answers: types, lengths, spelling and ranges are checked first.

Every function raises `ChainMisbehaved` and nothing else for an answer that the Ethereum JSON-RPC does not allow.
"""

import re
from collections.abc import Mapping
from typing import Final

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError

from anchoring.chain.protocol import Block, ChainEvent, TransactionReceipt
from anchoring.errors import NO_FUNDS, NONCE_TOO_LOW, REFUSED, UNDERPRICED, ChainMisbehaved
from ledger.crypto.keys import keccak256
from ledger.registry.acts import Event

HEAD_EXTENDED: Final = keccak256(b"HeadExtended(uint64,uint8,uint64,uint64,bytes)")
MAX_NUMBER: Final = 2**63 - 1  # what both databases can hold; no honest height, time or count comes near
# What endpoints say when they refuse a transaction, in the words of geth, anvil, Besu and FISCO BCOS. Messages are
# matched here and nowhere else: JSON-RPC has one code for all of these.
_KNOWN_TRANSACTION_WORDS: Final = (
    "already known",
    "already imported",
    "known transaction",
    "alreadyintxpool",
)
_REFUSAL_WORDS: Final = (
    ("nonce too low", NONCE_TOO_LOW),
    ("invalid nonce", NONCE_TOO_LOW),
    ("noncecheckfail", NONCE_TOO_LOW),
    ("underpriced", UNDERPRICED),
    ("max fee per gas less than block base fee", UNDERPRICED),
    ("gas price below configured minimum", UNDERPRICED),
    ("insufficient funds", NO_FUNDS),
    ("upfront cost exceeds", NO_FUNDS),
)
_MAX_MESSAGE_CHARS: Final = 1_000  # of an endpoint's words
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_EVENT_ABI: Final = ("uint64", "uint64", "bytes")


def read_quantity(value: object, maximum: int = MAX_NUMBER) -> int:
    """Read a number written `0x` and hexadecimal without leading zeros, at most `most`."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise ChainMisbehaved(f"expected a quantity, not {_show(value)}")
    number = int(value, 16)
    if number > maximum:
        raise ChainMisbehaved(f"{value} is out of range")
    return number


def read_data(value: object, length: int | None = None) -> bytes:
    """Read bytes written `0x` and hexadecimal, `length` of them where that is fixed."""
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise ChainMisbehaved(f"expected data, not {_show(value)}")
    if length is not None and len(value) != 2 + 2 * length:
        raise ChainMisbehaved(f"expected {length} bytes, not {_show(value)}")
    return bytes.fromhex(value[2:])


def read_address(value: object) -> str:
    """Read a 20-byte address into lowercase text."""
    return "0x" + read_data(value, 20).hex()


def read_block(value: object) -> Block:
    """Read a block header; a block that is still being made has no hash and is refused."""
    fields = _read_members(value, "block")
    return Block(
        number=read_quantity(fields.get("number")),
        hash=read_data(fields.get("hash"), 32),
        parent=read_data(fields.get("parentHash"), 32),
        time=read_quantity(fields.get("timestamp")),
    )


def read_receipt(value: object, transaction: bytes) -> TransactionReceipt:
    """Read the receipt of `transaction`."""
    fields = _read_members(value, "receipt")
    if read_data(fields.get("transactionHash"), 32) != transaction:
        raise ChainMisbehaved("the receipt is of another transaction")
    contract = fields.get("contractAddress")
    return TransactionReceipt(
        transaction=transaction,
        block=read_quantity(fields.get("blockNumber")),
        block_hash=read_data(fields.get("blockHash"), 32),
        succeeded=read_quantity(fields.get("status"), 1) == 1,
        gas_used=read_quantity(fields.get("gasUsed")),
        contract=None if contract is None else read_address(contract),
    )


def read_events(value: object, contract: str, first: int, last: int) -> list[ChainEvent]:
    """Read the registry's events of blocks `first` to `last`; foreign logs and other blocks are refused."""
    if not isinstance(value, list):
        raise ChainMisbehaved(f"expected a list of logs, not {_show(value)}")
    events = [_event_of(log, contract) for log in value]
    for event in events:
        if not first <= event.event.block <= last:
            raise ChainMisbehaved(
                f"asked for blocks {first} to {last}, got an event of block {event.event.block}"
            )
    return events


def read_error(value: object) -> tuple[str, bytes]:
    """Read an error answer into its message and the data of a revert, empty where it has none; nothing is raised."""
    if not isinstance(value, dict):
        return str(value)[:_MAX_MESSAGE_CHARS], b""
    message, revert_data = str(value.get("message", ""))[:_MAX_MESSAGE_CHARS], value.get("data")
    if isinstance(revert_data, dict):  # some endpoints wrap the data of a revert once more
        revert_data = revert_data.get("data") or revert_data.get("result")
    try:
        if isinstance(revert_data, str):
            return message, read_data(revert_data.removeprefix("Reverted "))
        return message, b""
    except ChainMisbehaved:
        return message, b""


def says_known_already(message: str) -> bool:
    """Tell whether an endpoint refuses a transaction because it has it."""
    return any(words in message.lower() for words in _KNOWN_TRANSACTION_WORDS)


def name_refusal(message: str) -> str:
    """Return the name in `anchoring.errors` of an endpoint's reason to refuse a transaction."""
    return next((name for words, name in _REFUSAL_WORDS if words in message.lower()), REFUSED)


def _event_of(value: object, contract: str) -> ChainEvent:
    fields = _read_members(value, "log")
    topics = fields.get("topics")
    if not isinstance(topics, list) or len(topics) != 3 or read_data(topics[0], 32) != HEAD_EXTENDED:
        raise ChainMisbehaved("a log is not the registry's event")
    if read_address(fields.get("address")) != contract:
        raise ChainMisbehaved("a log is of another contract")
    if fields.get("removed"):
        raise ChainMisbehaved("a log is of a branch that the chain left")
    try:
        previous_block, time, payload = abi_decode(_EVENT_ABI, read_data(fields.get("data")))
    except (DecodingError, OverflowError) as error:
        raise ChainMisbehaved(f"the data of an event does not decode: {error}") from error
    event = Event(
        n=_number_of(topics[1], MAX_NUMBER),
        kind=_number_of(topics[2], 255),
        previous_block=_check_bound(previous_block),
        time=_check_bound(time),
        payload=payload,
        block=read_quantity(fields.get("blockNumber")),
    )
    return ChainEvent(
        event, read_data(fields.get("blockHash"), 32), read_data(fields.get("transactionHash"), 32)
    )


def _number_of(value: object, maximum: int) -> int:
    """Read a number from a word of 32 bytes."""
    return _check_bound(int.from_bytes(read_data(value, 32), "big"), maximum)


def _check_bound(number: int, maximum: int = MAX_NUMBER) -> int:
    if number > maximum:
        raise ChainMisbehaved(f"{number} is out of range")
    return number


def _read_members(value: object, kind: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ChainMisbehaved(f"expected a {kind}, not {_show(value)}")
    return value


def _show(value: object) -> str:
    return repr(value)[:80]
