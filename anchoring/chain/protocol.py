"""The chain as anchoring asks it: plain data and one protocol.

The real adapter and the fake of the tests implement the protocol.
Addresses are text, `0x` and 40 lowercase hexadecimal digits, as registry events hold them; hashes are 32 bytes; times are
block times in seconds since 1970. Every method raises `ChainUnavailable` or a child where no usable answer came.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ledger.errors import MalformedInput
from ledger.registry.acts import Event

ZERO_ADDRESS: Final = "0x" + "0" * 40
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_REGISTRY = re.compile(r"eip155:(0|[1-9][0-9]{0,18}):(0x[0-9a-f]{40}):([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Block:
    """A block, as far as anchoring looks at it."""

    number: int
    hash: bytes
    parent_hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """A registry event, and where the chain holds it."""

    event: Event
    block_hash: bytes
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class RegistryHead:
    """The contract's own word for where it stands: acts so far, their head, block of the newest, closed or not."""

    event_number: int
    head: bytes
    last_block_number: int
    is_closed: bool


@dataclass(frozen=True, slots=True)
class TransactionReceipt:
    """What became of a mined transaction; `contract` is the address that a deployment made."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    has_succeeded: bool
    gas_used: int
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction as it is sent, and the hash that names it before anybody has seen it."""

    hash: bytes
    raw_bytes: bytes


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """What the chain asks of a transaction just now.

    A unit of gas costs `base_fee_wei` (0 where the chain knows none) and `tip_wei`; a block holds `block_gas_units` in all
    (0 where the chain does not say).
    """

    base_fee_wei: int
    tip_wei: int
    block_gas_units: int

    @property
    def price_wei(self) -> int:
        """What a unit of gas costs, in wei; 0 on chains without fees."""
        return self.base_fee_wei + self.tip_wei


@dataclass(frozen=True, slots=True)
class Price:
    """What a transaction pays for a unit of gas, in wei: `max_wei` at most, `tip_wei` of it to who makes the block.

    Without `tip_wei`, a legacy transaction: it pays all of `max_wei`, whatever is asked.
    """

    max_wei: int
    tip_wei: int | None = None


class Chain(Protocol):
    """One chain, through one endpoint or several."""

    def fetch_chain_id(self) -> int: ...

    def fetch_latest_block(self) -> Block: ...

    def is_synchronising(self) -> bool:
        """Tell whether the endpoint says that it knows of blocks which it does not have yet."""

    def fetch_final_block(self) -> Block:
        """Return the newest block that the chain will not give up."""

    def find_block(self, number: int) -> Block | None:
        """Return a block of the current branch; None beyond its end."""

    def fetch_events(self, contract: str, first_block: int, last_block: int) -> Sequence[ChainEvent]:
        """Return the registry's events in blocks `first_block` to `last_block`, both included, in the order of the chain.

        Some endpoints leave out, without a word, what lies beyond a number of blocks: compare with the contract.
        """

    def get_event_span(self) -> int:
        """Return how many blocks `fetch_events` asks for in one request."""

    def limit_event_span(self, block_count: int) -> None:
        """Note that the endpoint leaves events out of longer ranges than so many blocks."""

    def fetch_head(self, contract: str) -> RegistryHead:
        """Return what the contract says at the newest block."""

    def fetch_head_zero(self, contract: str) -> bytes: ...

    def fetch_code(self, contract: str) -> bytes:
        """Return the contract's code, empty where there is none."""

    def count_transactions(self, address: str, *, pending: bool = False) -> int:
        """Return the next nonce by the newest block, or counting the transactions that wait."""

    def fetch_fee_terms(self) -> FeeTerms:
        """Return what a transaction costs now."""

    def fetch_balance(self, address: str) -> int:
        """Return what an account holds at the newest block, in wei."""

    def simulate(self, sender: str, contract: str | None, data: bytes, *, gas: int | None = None) -> bytes:
        """Execute without sending and return the answer, with `gas` at most; no `contract` deploys.

        Raises: TransactionRejected with the contract's error.
        """

    def send(self, raw_bytes: bytes) -> bytes:
        """Hand in a signed transaction and return its hash; one that waits or is mined already is no error.

        Raises: TransactionRejected where the endpoint refuses it, for a reason that the chain gives and not its words.
        """

    def knows(self, transaction_hash: bytes) -> bool:
        """Tell whether a transaction waits or is mined, as far as the endpoint shows that."""

    def find_receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        """Return what became of a transaction; None while it is not mined."""


class AccountSigner(Protocol):
    """An account that signs; the key may be anywhere."""

    @property
    def address(self) -> str: ...

    def sign(
        self, *, chain_id: int, nonce: int, to: str | None, data: bytes, gas: int, price: Price
    ) -> SignedTransaction: ...


@dataclass(frozen=True, slots=True)
class RegistryName:
    """A registry's name taken apart: `eip155:<chain id>:<contract>:<16 hex of head 0>`."""

    chain_id: int
    contract: str
    head_prefix: bytes

    @classmethod
    def parse(cls, text: str) -> "RegistryName":
        """Raises: MalformedInput."""
        match = _REGISTRY.fullmatch(text)
        if not match:
            raise MalformedInput(
                f"a registry is named eip155:<chain id>:0x<address>:<16 hex digits of head 0>, not {text[:100]!r}"
            )
        return cls(int(match[1]), match[2], bytes.fromhex(match[3]))


def parse_address(text: str) -> str:
    """Return `text` when it is an address in lowercase. Raises: MalformedInput."""
    if not _ADDRESS.fullmatch(text):
        raise MalformedInput(f"an address is 0x and 40 lowercase hexadecimal digits, not {text[:60]!r}")
    return text
