"""One node a directory: a lock that is held for as long as the process lives.

The kernel holds it, not the file: what a killed process leaves behind stops nobody.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from api.node.errors import SettingsError

LOCK_FILE: Final = (
    "node.lock"  # in the directory of the node; it holds the process number of the node that runs there
)
_MAX_NUMBER_BYTES: Final = 20  # a process number has 7 digits at most


def lock_directory(directory: Path) -> int:
    """Take the lock of a node's directory and return its descriptor, which holds it until it is closed.

    Children do not inherit it. Raises: SettingsError where another node runs there, or nothing can be written there.
    """
    try:
        lock_descriptor = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(
            f"{directory} cannot be written to ({error.strerror}): the node keeps files there"
        ) from error
    try:
        fcntl.flock(lock_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder_bytes = os.read(lock_descriptor, _MAX_NUMBER_BYTES)
        os.close(lock_descriptor)
        holder_text = holder_bytes.decode() if holder_bytes.isdigit() else "unknown"
        raise SettingsError(
            f"another node runs in {directory} (process {holder_text}): stop that one first "
            "该目录已有节点在运行，请先停止它"
        ) from error
    os.ftruncate(lock_descriptor, 0)
    os.write(lock_descriptor, str(os.getpid()).encode())
    return lock_descriptor
