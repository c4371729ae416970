"""A chain in memory, an `anchoring.chain.protocol.Chain`.

It mines on demand, delays, drops, reorganises and refuses.

It takes the same signed transactions as a real chain and fails the test (AssertionError) where production code asks for what
no correct program asks for. `tests/fakes/chain_behaviour.py` holds it and anvil to the same behaviour.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import rlp

from anchoring.chain import calls
from anchoring.chain.accounts import read_transaction
from anchoring.chain.protocol import Block, ChainEvent, FeeTerms, RegistryHead, TransactionReceipt
from anchoring.errors import NONCE_TOO_LOW, UNDERPRICED, TransactionRejected
from ledger.crypto.keys import keccak256
from tests.fakes.fake_registry import FakeRegistry

T = TypeVar("T")

CHAIN_ID = 31337
GENESIS_TIME = 1_700_000_000


@dataclass(frozen=True)
class Transaction:
    hash: bytes
    raw: bytes
    sender: str
    nonce: int
    price: int
    to: str | None
    data: bytes

    @classmethod
    def decode(cls, raw: bytes) -> "Transaction":
        fields = read_transaction(raw)
        typed = raw[0] == 2
        members = rlp.decode(raw[1:] if typed else raw)
        to, data = (members[5], members[7]) if typed else (members[3], members[5])
        return cls(
            hash=fields.hash,
            raw=raw,
            sender=fields.sender,
            nonce=fields.nonce,
            price=fields.price.max_wei,
            to="0x" + to.hex() if to else None,
            data=data,
        )


@dataclass
class State:
    """What a block leaves behind."""

    registries: dict[str, FakeRegistry] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)


@dataclass
class Mined:
    block: Block
    state: State
    transactions: list[Transaction] = field(default_factory=list)
    events: list[tuple[str, ChainEvent]] = field(default_factory=list)
    receipts: dict[bytes, TransactionReceipt] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """An error that a call raises, before or after it took effect."""

    error: Exception
    persisted: bool


class FakeChain:
    """`final_depth` blocks after it, a block is final; `seconds` lie between two blocks."""

    def __init__(self, *, final_depth: int = 2, seconds: int = 1, time: int = GENESIS_TIME) -> None:
        self.final_depth, self.seconds = final_depth, seconds
        self.now = time
        self.span = 1_000
        self.terms_asked = FeeTerms(base_fee_wei=8, tip_wei=2, block_gas_units=30_000_000)
        self.balances: dict[str, int] = {}
        self.branch = 0
        self.waiting: dict[bytes, Transaction] = {}
        self.delayed: dict[bytes, int] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.synchronising = False  # what the endpoint says of itself
        genesis = Block(0, keccak256(b"genesis%d" % time), bytes(32), time)
        self.mined = [Mined(genesis, State())]

    # -- What tests do to the chain --

    def mine(self, blocks: int = 1) -> None:
        """Make blocks; each takes every waiting transaction whose turn it is."""
        for _ in range(blocks):
            self._mine()

    def submit(self, sender: str, to: str, data: bytes) -> bytes:
        """Let a call wait that nobody signed; its hash."""
        nonce = self._next_nonce(sender, pending=True)
        named = keccak256(rlp.encode([sender.encode(), nonce, to.encode(), data]))
        self.waiting[named] = Transaction(named, b"", sender, nonce, 1, to, data)
        return named

    def registry(self, contract: str) -> FakeRegistry:
        """Return the contract at the newest block, to be read."""
        return self.mined[-1].state.registries[contract]

    def delay(self, transaction: bytes, blocks: int) -> None:
        """Let a waiting transaction wait for so many blocks more."""
        self.delayed[transaction] = self.mined[-1].block.number + blocks

    def drop(self, transaction: bytes) -> None:
        """Lose a waiting transaction."""
        del self.waiting[transaction]

    def reorg(self, depth: int, *, keep: bool = True, past_finality: bool = False) -> None:
        """Replace the newest `depth` blocks by empty ones; their transactions wait again, or are lost."""
        assert past_finality or depth <= self.final_depth, "no chain gives up a final block"
        gone, self.mined = self.mined[-depth:], self.mined[:-depth]
        self.branch += 1
        waiting, self.waiting = self.waiting, {}
        for _ in range(depth):
            self._mine()
        self.waiting = waiting
        if keep:
            self.waiting |= {tx.hash: tx for block in gone for tx in block.transactions}

    def rewind(self, depth: int) -> None:
        """Lose the newest blocks, as a chain does that is restored from a backup."""
        del self.mined[-depth:]
        self.branch += 1

    def refuse(self, method: str, error: Exception, *, times: int = 1, persisted: bool = False) -> None:
        """Have the next calls of `method` fail; `persisted` lets them take effect before they fail."""
        self.faults.setdefault(method, []).extend([Fault(error, persisted)] * times)

    # -- Chain --

    def fetch_chain_id(self) -> int:
        return self._answer("fetch_chain_id", lambda: CHAIN_ID)

    def fetch_latest_block(self) -> Block:
        return self._answer("fetch_latest_block", lambda: self.mined[-1].block)

    def is_synchronising(self) -> bool:
        return self._answer("is_synchronising", lambda: self.synchronising)

    def fetch_final_block(self) -> Block:
        return self._answer(
            "fetch_final_block", lambda: self.mined[max(0, len(self.mined) - 1 - self.final_depth)].block
        )

    def find_block(self, number: int) -> Block | None:
        assert number >= 0
        return self._answer(
            "find_block", lambda: self.mined[number].block if number < len(self.mined) else None
        )

    def fetch_events(self, contract: str, first: int, last: int) -> Sequence[ChainEvent]:
        assert 0 <= first <= last
        return self._answer("fetch_events", lambda: self._events(contract, first, last))

    def fetch_head(self, contract: str) -> RegistryHead:
        return self._answer("fetch_head", lambda: self._registry(contract).stated())

    def fetch_head_zero(self, contract: str) -> bytes:
        return self._answer("fetch_head_zero", lambda: self._registry(contract).head_zero)

    def fetch_code(self, contract: str) -> bytes:
        return self._answer(
            "fetch_code", lambda: b"\x01" if contract in self.mined[-1].state.registries else b""
        )

    def count_transactions(self, address: str, *, pending: bool = False) -> int:
        return self._answer("count_transactions", lambda: self._next_nonce(address, pending))

    def get_event_span(self) -> int:
        return self.span

    def limit_event_span(self, blocks: int) -> None:
        self.span = min(self.span, blocks)

    def fetch_fee_terms(self) -> FeeTerms:
        return self._answer("fetch_fee_terms", lambda: self.terms_asked)

    def fetch_balance(self, address: str) -> int:
        return self._answer("fetch_balance", lambda: self.balances.get(address, 10**24))

    def knows(self, transaction: bytes) -> bool:
        return self._answer(
            "knows", lambda: transaction in self.waiting or self._receipt(transaction) is not None
        )

    def simulate(self, sender: str, contract: str | None, data: bytes, *, gas: int | None = None) -> bytes:
        return self._answer("simulate", lambda: self._simulate(sender, contract, data))

    def send(self, raw: bytes) -> bytes:
        return self._answer("send", lambda: self._send(Transaction.decode(raw)))

    def find_receipt(self, transaction: bytes) -> TransactionReceipt | None:
        assert len(transaction) == 32
        return self._answer("find_receipt", lambda: self._receipt(transaction))

    # -- Inside --

    def _answer(self, method: str, ask: Callable[[], T]) -> T:
        faults = self.faults.get(method)
        if faults:
            fault = faults.pop(0)
            if fault.persisted:
                ask()
            raise fault.error
        return ask()

    def _registry(self, contract: str) -> FakeRegistry:
        registry = self.mined[-1].state.registries.get(contract)
        assert registry is not None, "nobody asks an address without code"
        return registry

    def _events(self, contract: str, first: int, last: int) -> list[ChainEvent]:
        return [
            event for mined in self.mined[first : last + 1] for at, event in mined.events if at == contract
        ]

    def _next_nonce(self, address: str, pending: bool) -> int:
        nonce = self.mined[-1].state.nonces.get(address, 0)
        waiting = {tx.nonce for tx in self.waiting.values() if tx.sender == address} if pending else set()
        while nonce in waiting:
            nonce += 1
        return nonce

    def _simulate(self, sender: str, contract: str | None, data: bytes) -> bytes:
        if contract is None:
            return b""
        if (answer := self._registry(contract).answer(data)) is not None:
            return answer
        trial = copy.deepcopy(self._registry(contract))
        latest = self.mined[-1].block
        trial.execute(sender, data, time=latest.time, block=latest.number)
        return b""

    def _send(self, tx: Transaction) -> bytes:
        if tx.hash in self.waiting or self._receipt(tx.hash):
            return tx.hash
        if tx.nonce < self._next_nonce(tx.sender, pending=False):
            raise TransactionRejected(NONCE_TOO_LOW)
        rival = next((w for w in self.waiting.values() if (w.sender, w.nonce) == (tx.sender, tx.nonce)), None)
        if rival:
            if tx.price * 10 < rival.price * 11:
                raise TransactionRejected(UNDERPRICED)
            del self.waiting[rival.hash]
        self.waiting[tx.hash] = tx
        return tx.hash

    def _receipt(self, transaction: bytes) -> TransactionReceipt | None:
        receipts = (mined.receipts[transaction] for mined in self.mined if transaction in mined.receipts)
        return next(receipts, None)

    def _mine(self) -> None:
        parent = self.mined[-1]
        self.now += self.seconds
        number = parent.block.number + 1
        content = parent.block.hash + b"%d:%d:%d" % (number, self.now, self.branch)
        block = Block(number, keccak256(content), parent.block.hash, self.now)
        mined = Mined(block, parent.state)
        ready = self._ready(number)
        if ready:
            mined.state = copy.deepcopy(parent.state)
        for tx in ready:
            self._execute(mined, tx)
            del self.waiting[tx.hash]
        self.mined.append(mined)

    def _ready(self, number: int) -> list[Transaction]:
        ready, nonces = [], dict(self.mined[-1].state.nonces)
        for tx in sorted(self.waiting.values(), key=lambda tx: tx.nonce):
            if tx.nonce == nonces.get(tx.sender, 0) and self.delayed.get(tx.hash, 0) < number:
                nonces[tx.sender] = tx.nonce + 1
                ready.append(tx)
        return ready

    def _execute(self, mined: Mined, tx: Transaction) -> None:
        state, block = mined.state, mined.block
        state.nonces[tx.sender] = tx.nonce + 1
        mined.transactions.append(tx)
        at = tx.to or contract_address(tx.sender, tx.nonce)
        succeeded = True
        try:
            if tx.to is None:
                registry = FakeRegistry(CHAIN_ID, at, block.parent_hash)
                event = registry.deploy(_province(tx.data), time=block.time, block=block.number)
                state.registries[at] = registry
            else:
                event = state.registries[at].execute(tx.sender, tx.data, time=block.time, block=block.number)
            mined.events.append((at, ChainEvent(event, block.hash, tx.hash)))
        except TransactionRejected:
            succeeded = False
        contract = at if tx.to is None and succeeded else None
        gas = 21_000 + 16 * len(tx.data)
        mined.receipts[tx.hash] = TransactionReceipt(
            tx.hash, block.number, block.hash, succeeded, gas, contract
        )


def contract_address(sender: str, nonce: int) -> str:
    return "0x" + keccak256(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:].hex()


def _province(data: bytes) -> str:
    assert data[:-32] == calls.encode_deployment("0x" + "0" * 40)[:-32], "only the registry is deployed"
    return "0x" + data[-20:].hex()
