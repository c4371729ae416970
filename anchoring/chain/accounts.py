"""Accounts that sign a chain's transactions, their keys in encrypted keystore files."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from eth_account import Account as EthAccount

from anchoring.chain.protocol import Price, SignedTransaction
from anchoring.errors import KeystoreError

KEYSTORE_ROUNDS: Final = 262_144  # PBKDF2, the figure of the keystore format; about 0.1 s


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
            return cls(bytes(EthAccount.decrypt(json.loads(path.read_text()), password)))
        except FileNotFoundError as error:
            raise KeystoreError(f"there is no keystore at {path}") from error
        except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
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
        if price.tip is None:
            fields["gasPrice"] = price.most
        else:
            fields |= {"type": 2, "maxFeePerGas": price.most, "maxPriorityFeePerGas": price.tip}
        signed_transaction = self._account.sign_transaction(fields)
        return SignedTransaction(bytes(signed_transaction.hash), bytes(signed_transaction.raw_transaction))
