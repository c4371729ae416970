"""Ask an endpoint for what is newest; nothing is concluded from what is older.

Behind one address there may be several nodes that take turns, and some are behind. What such a node lacks (a contract, a
receipt, an act) may well be there. So the state is asked for at the newest block that was shown, by its number, which a node
that is behind refuses.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from anchoring.chain import answers
from anchoring.chain.jsonrpc import RETRY_BACKOFF, Endpoint, RequestRefused
from anchoring.chain.protocol import ZERO_ADDRESS, Block
from anchoring.errors import ChainUnavailable

#: For which a block that is not shown any more keeps older answers from being believed. Nodes behind one address differ by
#: seconds; a chain that was set back, or left for a shorter branch, stays so.
GIVEN_UP_AFTER_SECONDS: Final = 60.0
#: First looks for the newest block: of two nodes that take turns at random, all of them are old in 1 of 32.
_FIRST_LOOKS: Final = 5
#: Looks at what is absent before that is believed: 1 of 4,000 misses the node that has it.
ABSENCE_LOOKS: Final = 12
#: How often the same is asked while the answer is older than one before: then 1 of 4,000 questions stays unanswered.
_ATTEMPTS: Final = 12
#: … where each of them is six requests already, as `Endpoint` makes them of what an endpoint refuses.
_ROUNDS: Final = 2
#: Below the newest block: nodes behind one address keep closer together, and nodes that prune keep the state of so many.
NEAR_BLOCKS: Final = 64

T = TypeVar("T")


class NewestBlock:
    """The newest block that an endpoint has shown, and questions that only a node which has come so far may answer."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._wait, self._clock = endpoint.request, endpoint.wait, clock
        self._number, self._shown_at = 0, clock()
        self._looks = _FIRST_LOOKS
        self._keeps_states = True  # until the state of a block was refused by its number, whichever it was

    @property
    def number(self) -> int:
        """Its number; 0 before one was shown, and where it has been given up."""
        is_given_up = self._clock() - self._shown_at > GIVEN_UP_AFTER_SECONDS
        return 0 if is_given_up else self._number

    def note(self, number: int) -> None:
        """Learn that the endpoint has come to a block."""
        if number >= self.number:
            self._number, self._shown_at = number, self._clock()

    def look_around(self) -> None:
        """Have the next question about the state begin with several looks, since absence is about to be believed."""
        self._looks = ABSENCE_LOOKS

    def ask(self) -> Block:
        """Return the newest block. Raises: as `Endpoint.request`; ChainUnavailable where it is older than one before."""
        return self._ask_until(self._look, lambda block: block.number >= self.number)

    def ask_block(self, number: int) -> object:
        """Return a block unread, None where there is none: not yet, or pruned. Raises: as `ask`."""

        def is_current(answer: object) -> bool:
            return answer is not None or not self.number - NEAR_BLOCKS < number <= self.number

        return self._ask_until(lambda: self._ask("eth_getBlockByNumber", hex(number), False), is_current)

    def ask_state(self, method: str, *parameters: object) -> object:
        """Return what the state says at the newest block; an endpoint that keeps no other one is asked for what it has.

        Raises: as `ask`.
        """
        refusal: RequestRefused | None = None
        for attempt in range(1, _ATTEMPTS + 1):
            number = self._find_number()
            if number is None:
                return self._ask(method, *parameters, "latest")
            try:
                answer = self._ask(method, *parameters, hex(number))
            except RequestRefused as error:
                if answers.says_revert(error.error):
                    raise
                refusal = error
                if attempt >= _ROUNDS and not answers.is_meant(method, error.error):
                    break
            else:
                if answer is not None:
                    return answer
            self._pause(attempt)
        if refusal and self._keeps_state(self.number):
            raise refusal
        if self._keeps_state(max(0, self.number - NEAR_BLOCKS)):
            raise self._make_outdated_error() from refusal
        self._keeps_states = False
        return self._ask(method, *parameters, "latest")

    def _look(self) -> Block:
        block = answers.read_block(self._ask("eth_getBlockByNumber", "latest", False))
        self.note(block.number)
        return block

    def _find_number(self) -> int | None:
        """Return the number whose state is asked for; None where only the newest one can be, whichever it is."""
        looks, self._looks = self._looks, 1
        if not self._keeps_states:
            return None
        with suppress(RequestRefused):
            for _ in range(looks):
                self._look()
            return self.number
        return None

    def _keeps_state(self, number: int) -> bool:
        with suppress(RequestRefused):
            return self._ask("eth_getBalance", ZERO_ADDRESS, hex(number)) is not None
        return False

    def _ask_until(self, question: Callable[[], T], is_current: Callable[[T], bool]) -> T:
        for attempt in range(1, _ATTEMPTS + 1):
            answer = question()
            if is_current(answer):
                return answer
            self._pause(attempt)
        raise self._make_outdated_error()

    def _pause(self, attempt: int) -> None:
        """Wait between two attempts, but for the first two: of two nodes that take turns the other one answers."""
        if 1 < attempt < _ATTEMPTS:
            self._wait(RETRY_BACKOFF.choose_pause(attempt - 1))

    def _make_outdated_error(self) -> ChainUnavailable:
        return ChainUnavailable(
            f"the chain endpoint has shown block {self.number}, and answers as if it had not come so far: of several nodes "
            "behind it one is behind 节点落后, or the chain was set back. If that stays so, ask who runs it"
        )
