"""Wait for what comes sooner or later, and tell that it is waited for."""

import time
from collections.abc import Callable
from typing import Final

#: Machines and chains differ in pace by a hundred times: a busy one takes minutes for what takes a second elsewhere.
PATIENCE_SECONDS: Final = 600.0
#: Between two words that something is waited for still.
TELL_SECONDS: Final = 20.0
_TICK_SECONDS: Final = 0.2


def wait_until(
    is_fulfilled: Callable[[], bool],
    description: str,
    tell: Callable[[str], None],
    *,
    wait: Callable[[float], object] = time.sleep,
) -> bool:
    """Wait until a condition is fulfilled, and tell that it is waited for; return False where patience ends."""
    start_seconds = told_seconds = time.monotonic()
    while not is_fulfilled():
        now_seconds = time.monotonic()
        if now_seconds - start_seconds > PATIENCE_SECONDS:
            return False
        if now_seconds - told_seconds > TELL_SECONDS:
            tell(f"   waiting for {description}, {now_seconds - start_seconds:.0f} s so far")
            told_seconds = now_seconds
        wait(_TICK_SECONDS)
    return True
