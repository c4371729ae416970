"""How long the loops of a node rest: briefly while all is well, longer each time while something is wrong."""

import random
from typing import Final, Protocol

POLL_SECONDS: Final = (
    0.5  # between two looks: half of the shortest block time, and a change of status waits no longer
)
LONGEST_PAUSE_SECONDS: Final = 30.0  # between two attempts at what fails


class Stop(Protocol):
    """`threading.Event`, as far as a loop needs it."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


def pause(failures: int) -> float:
    """Return the seconds until the next attempt: twice as long each time, and never at the same moment as everybody else."""
    longest = min(LONGEST_PAUSE_SECONDS, POLL_SECONDS * (1 << min(failures, 10)))
    return longest * random.uniform(0.5, 1)  # noqa: S311
