"""Pauses of a node's loops: brief while all is well, longer each time while it is not."""

import random
from dataclasses import dataclass
from typing import Final, Protocol

# between two looks: half of the shortest block time, and a change of status waits no longer
POLL_SECONDS: Final = 0.5
_MAX_DOUBLINGS: Final = 60  # every longest pause is reached long before, and a float holds the number


class Stop(Protocol):
    """`threading.Event`, as far as a loop needs it."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to leave alone what fails: `first_seconds`, then twice as long each time, at most `longest_seconds`.

    With `is_spread` chance takes up to half of a pause away: many who failed at once do not all come back at once.
    """

    first_seconds: float
    longest_seconds: float
    is_spread: bool = True

    def choose_pause(self, failure_count: int) -> float:
        """Return the seconds until the next attempt, after so many failures in a row; at least one."""
        seconds = min(
            self.longest_seconds, self.first_seconds * 2.0 ** min(failure_count - 1, _MAX_DOUBLINGS)
        )
        return seconds * random.uniform(0.5, 1) if self.is_spread else seconds  # noqa: S311


#: Of a process that goes on by itself once the chain or the database is back: within half a minute.
LOOP_BACKOFF: Final = Backoff(first_seconds=1.0, longest_seconds=30.0)
