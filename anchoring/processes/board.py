"""A board of a supervisor and its children: who keeps dying, and when each showed life.

It is a file without a name that the children inherit. A process without a supervisor finds no board, and it is empty.
"""

import os
import tempfile
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

VARIABLE: Final = "SHUNZHENG_BOARD"  # names the descriptor, for the children
_PLACE_VARIABLE: Final = "SHUNZHENG_BOARD_PLACE"  # the number of the child, whose sign has a place of its own
_BYTES: Final = 1_024  # names of 64 processes; written and read whole, so that nobody reads half of it
_SIGN_BYTES: Final = 24  # a moment of the steady clock in digits; all processes of a machine share that clock


class Board:
    """The supervisor's end of it."""

    def __init__(self) -> None:
        self.descriptor, path = tempfile.mkstemp()
        os.unlink(path)
        weakref.finalize(self, os.close, self.descriptor)
        self.write(())

    def make_environment(self, child_number: int) -> Mapping[str, str]:
        """Return the environment of the child with this number, which inherits the descriptor."""
        return os.environ | {VARIABLE: str(self.descriptor), _PLACE_VARIABLE: str(child_number)}

    def write(self, names: Iterable[str]) -> None:
        """Put these names on the board in place of those that are there."""
        os.pwrite(self.descriptor, " ".join(names).encode()[:_BYTES].ljust(_BYTES), 0)

    def clear_sign(self, child_number: int) -> None:
        """Forget the sign of the child that had this place before."""
        os.pwrite(self.descriptor, bytes(_SIGN_BYTES), _locate_sign(child_number))

    def read_sign(self, child_number: int) -> float | None:
        """Return when the child last showed that it lives, by the steady clock; None where it never did."""
        digits = os.pread(self.descriptor, _SIGN_BYTES, _locate_sign(child_number)).strip(b"\0 ")
        return float(digits) if digits else None


def _locate_sign(child_number: int) -> int:
    return _BYTES + child_number * _SIGN_BYTES


def read_board() -> Sequence[str]:
    """Return the names on the board of this process's supervisor."""
    descriptor = os.environ.get(VARIABLE, "")
    return os.pread(int(descriptor), _BYTES, 0).decode().split() if descriptor.isdigit() else ()


def show_life() -> None:
    """Tell this process's supervisor, where it has one, that its work goes on."""
    descriptor, number_text = os.environ.get(VARIABLE, ""), os.environ.get(_PLACE_VARIABLE, "")
    if descriptor.isdigit() and number_text.isdigit():
        os.pwrite(
            int(descriptor),
            f"{time.monotonic():.3f}".encode().ljust(_SIGN_BYTES),
            _locate_sign(int(number_text)),
        )
