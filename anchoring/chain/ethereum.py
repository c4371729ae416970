"""The chain as Ethereum's JSON-RPC offers it, and the accounts that sign for it: the one module that imports web3.

Only what FISCO BCOS and Besu offer too is used: chain id, call, logs in ranges, transaction count, gas price, raw
transactions, receipts, blocks. web3 carries the requests; what comes back is read by `anchoring.chain.answers`.
"""

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests
from eth_account import Account as EthAccount
from urllib3.exceptions import HTTPError, ReadTimeoutError
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from anchoring.chain import answers, calls
from anchoring.chain.protocol import Block, ChainEvent, RegistryHead, SignedTransaction, TransactionReceipt
from anchoring.errors import (
    ChainMisbehaved,
    ChainUnavailable,
    KeystoreError,
    TransactionRejected,
)
from ledger.crypto.keys import keccak256

TIMEOUT_SECONDS: Final = 20.0  # one request, from connection to last byte
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024  # 20,000 blocks of events in one answer stay below half of this
KEYSTORE_ROUNDS: Final = 262_144  # PBKDF2, the figure of the keystore format; about 0.1 s
_PIECE_BYTES: Final = 64 * 1024


class RequestRefused(ChainUnavailable):
    """The endpoint answered with an error; `message` and `data` are its own."""

    def __init__(self, method: str, message: str, data: bytes) -> None:
        super().__init__(f"the chain endpoint refuses {method}: {message[:300]}")
        self.message = message
        self.data = data


class AnswerTooLarge(ChainMisbehaved):
    """The answer passes `MAX_ANSWER_BYTES`: less must be asked for at a time."""


class _BoundedProvider(HTTPProvider):
    """web3's HTTP provider with a bound on time and size, without redirects and without retries of its own."""

    def __init__(self, url: str, timeout: float, most: int) -> None:
        super().__init__(url, exception_retry_configuration=None)
        self._timeout, self._most = timeout, most
        self._session = requests.Session()
        self._session.trust_env = urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")

    def ask(self, method: str, parameters: Sequence[object]) -> Mapping[str, object]:
        """Return the decoded answer to one request."""
        request = self.encode_rpc_request(RPCEndpoint(method), parameters)
        answer: object = self.decode_rpc_response(self._post(method, request))
        if not isinstance(answer, dict) or answer.get("id") != json.loads(request)["id"]:
            raise ChainMisbehaved(f"the answer to {method} is not an answer to it")
        return answer

    def _post(self, method: str, request: bytes) -> bytes:
        deadline, body = time.monotonic() + self._timeout, bytearray()
        with self._session.post(
            str(self.endpoint_uri),
            data=request,
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            timeout=self._timeout,
            stream=True,
            allow_redirects=False,
        ) as response:
            while piece := response.raw.read1(_PIECE_BYTES):
                body += piece
                if len(body) > self._most:
                    raise AnswerTooLarge(f"the answer to {method} has more than {self._most} bytes")
                if time.monotonic() > deadline:
                    raise ChainUnavailable(f"the answer to {method} took too long")
            if response.status_code != 200 and not body.startswith(b"{"):
                raise ChainUnavailable(
                    f"the chain endpoint answers {method} with HTTP status {response.status_code}"
                )
        return bytes(body)


class Endpoint:
    """One JSON-RPC endpoint by its URL (http or https)."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS, most: int = MAX_ANSWER_BYTES) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"the chain's URL must begin with http:// or https://, not {url!r}")
        self.url = url
        self._provider = _BoundedProvider(url, timeout, most)

    def request(self, method: str, *parameters: object) -> object:
        """Return the result, unread. Raises: RequestRefused for an error answer, ChainUnavailable, ChainMisbehaved."""
        try:
            answer = self._provider.ask(method, parameters)
        except (requests.RequestException, HTTPError) as error:
            raise ChainUnavailable(
                f"no answer to {method} from the chain at {self.place}: {_cause(error)}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ChainMisbehaved(f"the answer to {method} is not JSON") from error
        refusal = answer.get("error")
        if refusal is not None:
            raise RequestRefused(method, *answers.error(refusal))
        if "result" not in answer:
            raise ChainMisbehaved(f"the answer to {method} holds neither result nor error")
        return answer["result"]

    @property
    def place(self) -> str:
        """The URL without user, password and path, which may be secrets."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _cause(error: Exception) -> str:
    late = isinstance(error, requests.Timeout | TimeoutError | ReadTimeoutError)
    return "it took too long" if late else type(error).__name__


class EthereumChain:
    """`anchoring.chain.protocol.Chain` over one endpoint.

    `final_depth` None asks the chain for its `finalized` block; a number takes the block so many below the newest (0 where a
    block is final as soon as it exists, as in FISCO BCOS).
    """

    def __init__(self, endpoint: Endpoint, *, final_depth: int | None = None) -> None:
        self._ask = endpoint.request
        self._final_depth = final_depth

    def chain_id(self) -> int:
        return answers.quantity(self._ask("eth_chainId"))

    def latest(self) -> Block:
        return answers.block(self._ask("eth_getBlockByNumber", "latest", False))

    def final(self) -> Block:
        if self._final_depth is None:
            return self._finalized()
        latest = self.latest()
        number = max(0, latest.number - self._final_depth)
        found = latest if number == latest.number else self.block(number)
        if found is None:
            raise ChainMisbehaved(f"the chain has block {latest.number}, but not block {number}")
        return found

    def _finalized(self) -> Block:
        try:
            found = self._ask("eth_getBlockByNumber", "finalized", False)
        except RequestRefused as refusal:
            raise ChainUnavailable(
                f"the chain names no finalized block ({refusal}): set final_depth"
            ) from refusal
        if found is None:
            raise ChainUnavailable(
                "the chain has no finalized block yet; if it never has one, set final_depth"
            )
        return answers.block(found)

    def block(self, number: int) -> Block | None:
        found = self._ask("eth_getBlockByNumber", hex(number), False)
        if found is None:
            return None
        block = answers.block(found)
        if block.number != number:
            raise ChainMisbehaved(f"asked for block {number}, got block {block.number}")
        return block

    def events(self, contract: str, first: int, last: int) -> list[ChainEvent]:
        """Return the events of a range; a range that the endpoint refuses is halved until it answers."""
        wanted = {
            "address": contract,
            "topics": ["0x" + answers.HEAD_EXTENDED.hex()],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        try:
            return answers.events(self._ask("eth_getLogs", wanted), contract, first, last)
        except (RequestRefused, AnswerTooLarge):
            if first == last:
                raise
            middle = (first + last) // 2
            return self.events(contract, first, middle) + self.events(contract, middle + 1, last)

    def registry_head(self, contract: str) -> RegistryHead:
        return calls.decode_head(self._call(contract, calls.head()))

    def head_zero(self, contract: str) -> bytes:
        return calls.decode_head_zero(self._call(contract, calls.head_zero()))

    def code(self, contract: str) -> bytes:
        return answers.data(self._ask("eth_getCode", contract, "latest"))

    def transaction_count(self, address: str, *, pending: bool = False) -> int:
        return answers.quantity(
            self._ask("eth_getTransactionCount", address, "pending" if pending else "latest")
        )

    def gas_price(self) -> int:
        return answers.quantity(self._ask("eth_gasPrice"), 2**256 - 1)

    def simulate(self, sender: str, contract: str, data: bytes) -> bytes:
        return self._call(contract, data, {"from": sender})

    def send(self, raw: bytes) -> bytes:
        own = keccak256(raw)
        try:
            answered = answers.data(self._ask("eth_sendRawTransaction", "0x" + raw.hex()), 32)
        except RequestRefused as refusal:
            if answers.says_known_already(refusal.message):
                return own
            message = f"the chain endpoint refuses the transaction: {refusal.message}"
            raise TransactionRejected(answers.refusal_name(refusal.message), (), message) from refusal
        if answered != own:
            raise ChainMisbehaved("the endpoint names another hash than the transaction's")
        return own

    def receipt(self, transaction: bytes) -> TransactionReceipt | None:
        found = self._ask("eth_getTransactionReceipt", "0x" + transaction.hex())
        return None if found is None else answers.receipt(found, transaction)

    def _call(self, contract: str, data: bytes, extra: dict[str, str] | None = None) -> bytes:
        request = {"to": contract, "data": "0x" + data.hex(), **(extra or {})}
        try:
            return answers.data(self._ask("eth_call", request, "latest"))
        except RequestRefused as refusal:
            if not refusal.data and "revert" not in refusal.message.lower():
                raise
            raise calls.rejection(refusal.data, str(refusal)) from refusal


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
        self, *, chain_id: int, nonce: int, to: str | None, data: bytes, gas: int, gas_price: int
    ) -> SignedTransaction:
        """Sign a legacy transaction bound to its chain (EIP-155); no `to` deploys."""
        fields: dict[str, object] = {
            "chainId": chain_id,
            "nonce": nonce,
            "gas": gas,
            "gasPrice": gas_price,
            "value": 0,
            "data": data,
            "to": "" if to is None else bytes.fromhex(to.removeprefix("0x")),
        }
        signed = self._account.sign_transaction(fields)
        return SignedTransaction(bytes(signed.hash), bytes(signed.raw_transaction))
