"""A registry that grows, a replica that follows it, and a chain that can lie."""

from typing import Any

from anchoring.follower.follower import Follower
from anchoring.replica.store import Replica
from tests.databases import NewDatabase
from tests.fakes.histories import History


class Town:
    """A history, a replica and a follower with a clock of its own."""

    def __init__(self, new_database: NewDatabase, seed: int = 3) -> None:
        self.history = History(seed)
        self.chain = self.history.chain
        self.url = new_database("replica")
        self.replica = Replica(self.url)
        self.now = 0.0
        self.follower = self.another()

    def another(self, chain: Any = None, **options: Any) -> Follower:
        return Follower(
            chain or self.chain, self.replica, self.history.name, clock=lambda: self.now, **options
        )

    def n(self) -> int:
        with self.replica.reading(quarantined=True) as reading:
            return reading.cursor.event_number

    def final_n(self) -> int:
        return len(self.chain.fetch_events(self.history.contract, 0, self.chain.fetch_final_block().number))


class Lying:
    """A chain of which one method answers otherwise."""

    def __init__(self, chain: Any, **answers: Any) -> None:
        self._chain, self._answers = chain, answers

    def __getattr__(self, name: str) -> Any:
        return self._answers.get(name) or getattr(self._chain, name)
