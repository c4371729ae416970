"""Start again what ends during the demo, and ask again what was not answered.

The devnet is saved while it runs, so that it comes back with every block that was final. Sending a submission again is safe:
a node that has it answers with the same receipt.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

import httpx

from anchoring.chain.devnet import SAVE_SECONDS
from anchoring.errors import AnchoringError, ChainUnavailable
from api.client.client import NodeClient, Question
from api.client.node_error import NodeError
from api.demo.stage import City, Stage
from api.demo.waiting import PATIENCE_SECONDS

_TICK_SECONDS: Final = 0.3
_PASSING_STATUSES: Final = frozenset({0, 502, 503})  # no answer, or not ready yet

T = TypeVar("T")


class Watch:
    """Looks after the stage and its nodes from a thread of its own, whose end would be theirs."""

    def __init__(self, stage: Stage, cities: list[City], tell: Callable[[str], None]) -> None:
        self._stage, self._cities, self._tell = stage, cities, tell
        self._stop_event, self._saved_at = threading.Event(), 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let everything end from now on."""
        self._stop_event.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop_event.wait(_TICK_SECONDS):
            with suppress(AnchoringError, OSError):  # tried again at the next tick
                self._look()

    def _look(self) -> None:
        devnet = self._stage.devnet
        if devnet and not devnet.is_running:
            self._tell("   The chain was stopped. It is started again.")
            devnet.stop()
            devnet.start()
        for city in self._cities:
            if city.launch_again():
                self._tell(f"   The node of {city.title} was stopped. It is started again.")
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self._stage.save()
            self._saved_at = time.monotonic()


def insist(ask: Callable[[], T], tell: Callable[[str], None]) -> T:
    """Do something until it is answered. Raises: NodeError, ChainUnavailable, when patience ends or it is refused."""
    deadline, was_told = time.monotonic() + PATIENCE_SECONDS, False
    while True:
        try:
            return ask()
        except (NodeError, ChainUnavailable) as error:
            # a node that was started again may not have followed the chain to the key yet
            is_refused = (
                isinstance(error, NodeError)
                and error.status not in _PASSING_STATUSES
                and error.problem != "unknown-key"
            )
            if is_refused or time.monotonic() > deadline:
                raise
            if not was_told:
                tell(f"   {str(error).splitlines()[0]}; asking again")
                was_told = True
        time.sleep(_TICK_SECONDS)


class InsistentClient(NodeClient):
    """A node that is asked again while it does not answer. What is sent must be readable more than once."""

    def __init__(self, url: str, tell: Callable[[str], None], token: str | None = None) -> None:
        super().__init__(url, token)
        self._tell = tell

    def _ask(self, question: Question) -> httpx.Response:
        ask = super()._ask
        return insist(lambda: ask(question), self._tell)
