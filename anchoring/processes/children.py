"""Child processes that do not outlive their parent, however it ends."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


def make_dying_with(parent_pid: int) -> Callable[[], None] | None:
    """Return the `preexec_fn` of a child that shall die with the process `parent_pid` (Linux; None elsewhere).

    The signal follows the thread that forks: start such children from the main thread.
    """
    return (lambda: die_with(parent_pid)) if sys.platform == "linux" else None


def die_with(parent_pid: int) -> None:
    """Let this process be killed when its `parent_pid` ends; end it where that has happened already. Linux only."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)
