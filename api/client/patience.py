"""Ask a node again while it has no room, or while it cannot be reached after it was."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import note

T = TypeVar("T")
#: Seconds between two attempts at the most, whatever the node says.
_LONGEST_PAUSE_SECONDS: Final = 300
#: Seconds before the first attempt at a node that went out of reach; twice as long each time.
_FIRST_PAUSE_SECONDS: Final = 2


def ask_patiently(
    node: NodeClient,
    ask: Callable[[], T],
    patience_seconds: float,
    *,
    sleep: Callable[[float], None] = time.sleep,
    tell: Callable[[str], None] = note,
) -> T:
    """Return what `ask` returns, after waiting `patience_seconds` in all at the most; `tell` says of each attempt why.

    Raises: NodeError, the last one.
    """
    waited_seconds, next_pause_seconds = 0, _FIRST_PAUSE_SECONDS
    while True:
        try:
            return ask()
        except NodeError as error:
            pause_seconds = error.retry_after
            if pause_seconds is None and error.is_out_of_reach and node.was_reached:
                pause_seconds, next_pause_seconds = next_pause_seconds, 2 * next_pause_seconds
            if pause_seconds is None:
                raise
            pause_seconds = min(max(1, pause_seconds), _LONGEST_PAUSE_SECONDS)
            if waited_seconds + pause_seconds > patience_seconds:
                raise
            tell(f"{error}\nTrying again in {pause_seconds} s.")
        sleep(pause_seconds)
        waited_seconds += pause_seconds
