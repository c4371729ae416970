"""Read what a chain endpoint answers: types, lengths, spelling and ranges are checked first.

Every function raises `ChainMisbehaved` and nothing else for an answer that the Ethereum JSON-RPC does not allow.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError

from anchoring.chain.protocol import Block, ChainEvent, FeeTerms, TransactionReceipt
from anchoring.errors import ChainMisbehaved
from ledger.crypto.keys import keccak256
from ledger.registry.acts import Event

HEAD_EXTENDED: Final = keccak256(b"HeadExtended(uint64,uint8,uint64,uint64,bytes)")
MAX_NUMBER: Final = 2**63 - 1  # what both databases can hold; no honest height, time or count comes near
MAX_WEI: Final = 2**256 - 1  # an amount, or a price
# Why a range of blocks is too much for an endpoint: known words, matched here and nowhere else, and only to ask for less
# at once. An endpoint with other words is found out otherwise (`ethereum.EthereumChain.events`).
_RANGE_WORDS: Final = (
    "range",
    "too many blocks",
    "too many logs",
    "too many results",
    "more than 10000",
    "response size",
    "query timeout",
    "too large",
    "范围",
)
#: Codes of JSON-RPC 2.0 (section 5.1) for a request that is wrong in itself, and geth's for a revert.
_MEANT_CODES: Final = frozenset({-32700, -32600, -32601, -32602, 3})
#: Members under which endpoints give the data of a revert; some wrap it once or twice more.
_REVERT_MEMBERS: Final = ("data", "result", "return", "output")
_REVERT_DEPTH: Final = 3  # of such wrappings that are looked into
_MAX_MESSAGE_CHARS: Final = 1_000  # of an endpoint's words
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_EVENT_ABI: Final = ("uint64", "uint64", "bytes")


@dataclass(frozen=True, slots=True)
class EndpointError:
    """An error answer: its code (None where it has none), its words, and the data of a revert (empty where it has none)."""

    code: int | None
    message: str
    data: bytes


def read_quantity(value: object, maximum: int = MAX_NUMBER) -> int:
    """Read a number written `0x` and hexadecimal without leading zeros, at most `maximum`."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise ChainMisbehaved(f"expected a quantity, not {_show(value)}")
    number = int(value, 16)
    if number > maximum:
        raise ChainMisbehaved(f"{value} is out of range")
    return number


def read_chain_id(value: object) -> int:
    """Read a chain id as `read_quantity` does, or in decimal, as some endpoints write it; a registry's name says which."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if _DECIMAL.fullmatch(text):
        return read_quantity(hex(int(text)))
    return read_quantity(value)


def read_data(value: object, byte_count: int | None = None) -> bytes:
    """Read bytes written `0x` and hexadecimal, `byte_count` of them where that is fixed."""
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise ChainMisbehaved(f"expected data, not {_show(value)}")
    if byte_count is not None and len(value) != 2 + 2 * byte_count:
        raise ChainMisbehaved(f"expected {byte_count} bytes, not {_show(value)}")
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
        parent_hash=read_data(fields.get("parentHash"), 32),
        time=read_quantity(fields.get("timestamp")),
    )


def read_terms(value: object, price_wei: int, tip_wei: int | None) -> FeeTerms:
    """Read what a transaction costs off the newest block, the price asked, and the tip alone if that was said."""
    fields = _read_members(value, "block")
    base_fee = read_quantity(fields.get("baseFeePerGas") or "0x0", MAX_WEI)
    block_gas = read_quantity(fields.get("gasLimit") or "0x0")
    if not base_fee:
        return FeeTerms(0, price_wei, block_gas)
    return FeeTerms(base_fee, max(0, price_wei - base_fee) if tip_wei is None else tip_wei, block_gas)


def read_receipt(value: object, transaction_hash: bytes) -> TransactionReceipt:
    """Read the receipt of `transaction_hash`."""
    fields = _read_members(value, "receipt")
    if read_data(fields.get("transactionHash"), 32) != transaction_hash:
        raise ChainMisbehaved("the receipt is of another transaction")
    contract = fields.get("contractAddress")
    return TransactionReceipt(
        transaction_hash=transaction_hash,
        block_number=read_quantity(fields.get("blockNumber")),
        block_hash=read_data(fields.get("blockHash"), 32),
        has_succeeded=read_quantity(fields.get("status"), 1) == 1,
        gas_used=read_quantity(fields.get("gasUsed")),
        contract=None if contract is None else read_address(contract),
    )


def read_events(value: object, contract: str, first_block: int, last_block: int) -> list[ChainEvent]:
    """Read the registry's events of blocks `first_block` to `last_block`; foreign logs and other blocks are refused.

    Logs of a branch that the chain left, as some endpoints show them beside the others, are none of the chain.
    """
    if value is None:  # as some endpoints write a list of none
        return []
    if not isinstance(value, list):
        raise ChainMisbehaved(f"expected a list of logs, not {_show(value)}")
    events = [_read_event(log, contract) for log in value if not _is_removed(log)]
    for event in events:
        if not first_block <= event.event.block_number <= last_block:
            raise ChainMisbehaved(
                f"asked for blocks {first_block} to {last_block}, got an event of block {event.event.block_number}"
            )
    return events


def name_blocks(value: object, ask_block_hash: Callable[[int], bytes]) -> object:
    """Return logs, unread, each with the hash of its block, which some gateways leave out. Raises: ChainMisbehaved."""
    if not isinstance(value, list):
        return value
    ask_once = cache(ask_block_hash)
    return [
        log | {"blockHash": "0x" + ask_once(read_quantity(log.get("blockNumber"))).hex()}
        if isinstance(log, dict) and log.get("blockHash") is None and not _is_removed(log)
        else log
        for log in value
    ]


def _is_removed(log: object) -> bool:
    return isinstance(log, dict) and bool(log.get("removed"))


def read_error(value: object) -> EndpointError:
    """Read an error answer; nothing is raised."""
    if not isinstance(value, dict):
        return EndpointError(None, str(value)[:_MAX_MESSAGE_CHARS], b"")
    code, message = value.get("code"), str(value.get("message", ""))[:_MAX_MESSAGE_CHARS]
    return EndpointError(
        code if isinstance(code, int) else None, message, _find_revert_data(value.get("data"))
    )


def _find_revert_data(value: object, depth: int = _REVERT_DEPTH) -> bytes:
    """Return the data of a revert, wherever in an error's `data` it stands; empty where there is none."""
    if isinstance(value, str):
        try:
            return read_data(value.removeprefix("Reverted "))
        except ChainMisbehaved:
            return b""
    if not isinstance(value, dict) or depth == 0:
        return b""
    members = [value.get(name) for name in _REVERT_MEMBERS] + [
        member for member in value.values() if isinstance(member, dict)
    ]
    return next((data for data in (_find_revert_data(member, depth - 1) for member in members) if data), b"")


def is_meant(method: str, error: EndpointError) -> bool:
    """Tell whether an endpoint would say the same again: of a revert, a wrong request, a range, a refused transaction."""
    return (
        method == "eth_sendRawTransaction"
        or error.code in _MEANT_CODES
        or says_revert(error)
        or (method == "eth_getLogs" and says_range(error.message))
    )


def says_revert(error: EndpointError) -> bool:
    """Tell whether an error is that of a contract."""
    return bool(error.data) or "revert" in error.message.lower()


def says_range(message: str) -> bool:
    """Tell whether an endpoint is known to say this of a range of blocks that is too large for it."""
    return any(words in message.lower() for words in _RANGE_WORDS)


def _read_event(value: object, contract: str) -> ChainEvent:
    fields = _read_members(value, "log")
    topics = fields.get("topics")
    if not isinstance(topics, list) or len(topics) != 3 or read_data(topics[0], 32) != HEAD_EXTENDED:
        raise ChainMisbehaved("a log is not the registry's event")
    if read_address(fields.get("address")) != contract:
        raise ChainMisbehaved("a log is of another contract")
    try:
        previous_block, time, payload = abi_decode(_EVENT_ABI, read_data(fields.get("data")))
    except (DecodingError, OverflowError) as error:
        raise ChainMisbehaved(f"the data of an event does not decode: {error}") from error
    event = Event(
        event_number=_read_number(topics[1], MAX_NUMBER),
        kind=_read_number(topics[2], 255),
        previous_block_number=_check_bound(previous_block),
        time=_check_bound(time),
        payload=payload,
        block_number=read_quantity(fields.get("blockNumber")),
    )
    return ChainEvent(
        event, read_data(fields.get("blockHash"), 32), read_data(fields.get("transactionHash"), 32)
    )


def _read_number(value: object, maximum: int) -> int:
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
