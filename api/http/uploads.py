"""Bound the submissions that one process takes in at once.

Each may fill memory and disk, and holds a thread while it is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from api.http.errors import TooManyUploads


class Uploads:
    """Counts the submissions under way, up to `most`; for the one thread of the event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.under_way = 0

    @contextmanager
    def count(self) -> Iterator[None]:
        """Count one submission while the block runs. Raises: TooManyUploads."""
        if self.under_way >= self._most:
            raise TooManyUploads(f"{self._most} submissions are being taken in already")
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1
