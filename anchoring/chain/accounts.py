"""Accounts that sign a chain's transactions, and read back what such a transaction says."""

import json
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import rlp
from eth_account import Account as EthAccount
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from anchoring.chain.protocol import Price, SignedTransaction
from anchoring.errors import KeystoreError
from ledger.crypto.keys import keccak256
from ledger.encoding.canonical import decode_foreign
from ledger.errors import MalformedInput

KEYSTORE_ROUNDS: Final = 262_144  # PBKDF2, the figure of the keystore format; about 0.1 s

# Levels of calls, as Python comes: py_ecc, which eth_account brings along, lifts it to 100,000 for the whole process. Then
# whatever goes down a hostile value by recursion ends the process instead of raising RecursionError.
_RECURSION_LIMIT: Final = 1_000
sys.setrecursionlimit(_RECURSION_LIMIT)

# the first byte of a transaction of type 2 (EIP-2718); a legacy one begins with an RLP list
_TYPED: Final = 2
_CHAIN_OFFSET: Final = 35  # of the recovery value that names the chain (EIP-155)


class Account:
    """A secp256k1 account of the chain, whose key lives in an encrypted keystore file."""

    def __init__(self, key: bytes) -> None:
        self._account = EthAccount.from_key(key)
        self.address = str(self._account.address).lower()

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = secrets.token_bytes) -> "Account":
        return cls(random(32))

    @classmethod
    def load(cls, path: Path, password: str) -> "Account":
        """Read a keystore. Raises: KeystoreError."""
        try:
            return cls(
                bytes(
                    EthAccount.decrypt(cast(dict[str, object], decode_foreign(path.read_bytes())), password)
                )
            )
        except FileNotFoundError as error:
            raise KeystoreError(f"there is no keystore at {path}") from error
        except (
            MalformedInput,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            NotImplementedError,
        ) as error:
            raise KeystoreError(
                f"the keystore {path} does not open: wrong password, or not a keystore"
            ) from error

    def save(self, path: Path, password: str, *, rounds: int = KEYSTORE_ROUNDS) -> None:
        """Write a keystore that only its owner may read; an existing file is never replaced."""
        keystore = EthAccount.encrypt(self._account.key, password, kdf="pbkdf2", iterations=rounds)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(keystore, file)

    def sign(
        self, *, chain_id: int, nonce: int, to: str | None, data: bytes, gas: int, price: Price
    ) -> SignedTransaction:
        """Sign a transaction bound to its chain; no `to` deploys.

        It is of type 2 (EIP-1559) where the price names a tip, else a legacy one (EIP-155).
        """
        fields: dict[str, object] = {
            "chainId": chain_id,
            "nonce": nonce,
            "gas": gas,
            "value": 0,
            "data": data,
            "to": "" if to is None else bytes.fromhex(to.removeprefix("0x")),
        }
        if price.tip_wei is None:
            fields["gasPrice"] = price.max_wei
        else:
            fields |= {"type": 2, "maxFeePerGas": price.max_wei, "maxPriorityFeePerGas": price.tip_wei}
        signed_transaction = self._account.sign_transaction(fields)
        return SignedTransaction(bytes(signed_transaction.hash), bytes(signed_transaction.raw_transaction))


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
        return self.gas * self.price.max_wei + self.value


def read_transaction(raw_bytes: bytes) -> TransactionFields:
    """Read a transaction that an account here signed. Raises: ValueError for other bytes."""
    sender = str(EthAccount.recover_transaction(raw_bytes)).lower()
    if raw_bytes[0] == _TYPED:
        _, nonce, tip, max_price, gas, _, value, *_ = _read_numbers(raw_bytes[1:])
        price = Price(max_price, tip)
    else:
        nonce, max_price, gas, _, value, *_ = _read_numbers(raw_bytes)
        price = Price(max_price)
    return TransactionFields(keccak256(raw_bytes), sender, nonce, gas, price, value)


def _read_numbers(encoded_numbers: bytes) -> list[int]:
    """Read the members of an RLP list, each as a number; a list inside of it is none."""
    return [int.from_bytes(item, "big") for item in rlp.decode(encoded_numbers) if isinstance(item, bytes)]


@dataclass(frozen=True, slots=True)
class AnchorCall:
    """What a signed transaction asks of a chain: who, on which chain, of which contract, with what data, at what price."""

    sender: str
    chain_id: int | None
    contract: str
    nonce: int
    price: Price
    data: bytes


def read_anchor_call(raw_bytes: bytes) -> AnchorCall:
    """Read a signed transaction, legacy (EIP-155) or of type 2 (EIP-1559). Raises: MalformedInput for other bytes."""
    try:
        return _read_call(raw_bytes)
    except (ValueError, TypeError, LookupError, RLPException, ValidationError, BadSignature) as error:
        raise MalformedInput("the bytes are no signed transaction") from error


def _read_call(raw_bytes: bytes) -> AnchorCall:
    fields = read_transaction(raw_bytes)
    is_typed = raw_bytes[0] == _TYPED
    members = rlp.decode(raw_bytes[1:] if is_typed else raw_bytes)
    number = int.from_bytes(members[0 if is_typed else 6], "big")
    chain_id = number if is_typed else _read_chain_id(number)
    contract, data = (members[5], members[7]) if is_typed else (members[3], members[5])
    return AnchorCall(fields.sender, chain_id, "0x" + contract.hex(), fields.nonce, fields.price, bytes(data))


def _read_chain_id(recovery: int) -> int | None:
    """Return the chain's number that the recovery value of a legacy signature holds; None before EIP-155."""
    return (recovery - _CHAIN_OFFSET) // 2 if recovery >= _CHAIN_OFFSET else None
