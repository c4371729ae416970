"""Hand a signed submission in, and again where the node asks for it: it is taken once, however often it is sent."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from api.client import NodeClient
from api.console import note, progress
from api.node_error import NodeError

PATIENCE_SECONDS: Final = 600  # in all; then a person decides
_LONGEST_WAIT: Final = 300  # seconds between two attempts, whatever the node says


def hand_in(
    node: NodeClient,
    submission: Path,
    patience: int = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Any:
    """Return the receipt of the submission in a file, after waiting `patience` seconds in all where the node has no room.

    Raises: NodeError, the last one.
    """
    with submission.open("rb") as lines:
        total, waited = sum(1 for _ in lines), 0
        while True:
            lines.seek(0)
            try:
                return node.submit(progress(lines, "handing in", total))
            except NodeError as error:
                if error.retry_after is None:
                    raise
                pause = min(max(1, error.retry_after), _LONGEST_WAIT)
                if waited + pause > patience:
                    raise
                note(f"{error}\nTrying again in {pause} s.")
            sleep(pause)
            waited += pause
