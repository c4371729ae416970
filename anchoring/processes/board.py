"""A board on which the supervisor names children that keep dying, for the others to read.

It is a file without a name that the children inherit. A process without a supervisor finds no board, and it is empty.
"""

import os
import tempfile
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

VARIABLE: Final = "SHUNZHENG_BOARD"  # names the descriptor, for the children
_BYTES: Final = 1_024  # names of 64 processes; written and read whole, so that nobody reads half of it


class Board:
    """The supervisor's end of it."""

    def __init__(self) -> None:
        self.descriptor, path = tempfile.mkstemp()
        os.unlink(path)
        weakref.finalize(self, os.close, self.descriptor)
        self.write(())

    def environment(self) -> Mapping[str, str]:
        """Return the environment of a child that inherits the descriptor."""
        return os.environ | {VARIABLE: str(self.descriptor)}

    def write(self, names: Iterable[str]) -> None:
        """Put these names on the board in place of those that are there."""
        os.pwrite(self.descriptor, " ".join(names).encode()[:_BYTES].ljust(_BYTES), 0)


def read_board() -> Sequence[str]:
    """Return the names on the board of this process's supervisor."""
    descriptor = os.environ.get(VARIABLE, "")
    return os.pread(int(descriptor), _BYTES, 0).decode().split() if descriptor.isdigit() else ()
