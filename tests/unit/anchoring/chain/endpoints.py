"""Endpoints of one chain that fail, lag and lie, and the failover between two of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from anchoring.chain.endpoints import ENDPOINT_BACKOFF
from anchoring.chain.failover import Failover
from anchoring.chain.protocol import Block
from anchoring.errors import (
    ChainUnavailable,
)
from tests.fakes.fake_chain import CHAIN_ID, FakeChain

DOWN = ChainUnavailable("connection refused")


class View:
    """One endpoint of a chain: `error` makes it fail, `lag` hides the newest blocks, `lies` replaces block hashes."""

    def __init__(self, chain: FakeChain) -> None:
        self.chain = chain
        self.id = CHAIN_ID
        self.lag = 0
        self.lies: set[int] = set()
        self.error: Callable[[str], Exception | None] = lambda method: None
        self.asked: list[str] = []

    def fail(self, error: Exception | None = DOWN) -> None:
        self.error = lambda method: error

    def fetch_chain_id(self) -> int:
        self._ask("fetch_chain_id")
        return self.id

    def fetch_latest_block(self) -> Block:
        self._ask("fetch_latest_block")
        return self._seen(self.chain.mined[-1 - self.lag].block)

    def fetch_final_block(self) -> Block:
        self._ask("fetch_final_block")
        return self._seen(self.chain.mined[max(0, len(self.chain.mined) - 3 - self.lag)].block)

    def find_block(self, number: int) -> Block | None:
        self._ask("find_block")
        found = self.chain.find_block(number) if number < len(self.chain.mined) - self.lag else None
        return found and self._seen(found)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def ask(*arguments: Any, **options: Any) -> Any:
            self._ask(method)
            return getattr(self.chain, method)(*arguments, **options)

        return ask

    def _ask(self, method: str) -> None:
        self.asked.append(method)
        if error := self.error(method):
            raise error

    def _seen(self, block: Block) -> Block:
        return replace(block, hash=bytes(32)) if block.number in self.lies else block


class Pair:
    """Two endpoints of one chain of twenty blocks, and a clock."""

    def __init__(self, chain: FakeChain | None = None) -> None:
        self.chain = chain or FakeChain()
        self.chain.mine(20)
        self.a, self.b = View(self.chain), View(self.chain)
        self.now = 0.0
        self.both = Failover([("a", self.a), ("b", self.b)], CHAIN_ID, clock=lambda: self.now)

    def later(self) -> None:
        self.now += ENDPOINT_BACKOFF.longest_seconds
