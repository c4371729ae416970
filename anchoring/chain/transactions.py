"""A signed transaction read back from its bytes: who sends it, in which turn, what it pays.

Legacy transactions (EIP-155) and those of type 2 (EIP-1559), the two that accounts sign here.
"""

from dataclasses import dataclass
from typing import Final

import rlp
from eth_account import Account as EthAccount

from anchoring.chain.protocol import Price
from ledger.crypto.keys import keccak256

_TYPED: Final = (
    2  # the first byte of a transaction of type 2 (EIP-2718); a legacy one begins with an RLP list
)


@dataclass(frozen=True, slots=True)
class TransactionFields:
    """What of a signed transaction decides whether a chain takes it; `value` in wei."""

    hash: bytes
    sender: str
    nonce: int
    gas: int
    price: Price
    value: int

    @property
    def cost(self) -> int:
        """What the sender must hold, in wei."""
        return self.gas * self.price.most + self.value


def read_transaction(raw: bytes) -> TransactionFields:
    """Read a transaction that an account here signed. Raises: ValueError for other bytes."""
    sender = str(EthAccount.recover_transaction(raw)).lower()
    if raw[0] == _TYPED:
        _, nonce, tip, most, gas, _, value, *_ = _read_numbers(raw[1:])
        price = Price(most, tip)
    else:
        nonce, most, gas, _, value, *_ = _read_numbers(raw)
        price = Price(most)
    return TransactionFields(keccak256(raw), sender, nonce, gas, price, value)


def _read_numbers(encoded: bytes) -> list[int]:
    """Read the members of an RLP list, each as a number; a list inside of it is none."""
    return [int.from_bytes(item, "big") for item in rlp.decode(encoded) if isinstance(item, bytes)]
