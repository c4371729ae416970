"""Inflate the events of a snapshot piece by piece: bounded memory, a bounded total, and every way to end named."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from ledger import limits
from ledger.errors import SnapshotRefused

CHUNK_BYTES: Final = 64 * 1024  # inflated at a time


class Inflated:
    """The bytes behind the header, inflated piece by piece."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._pieces = _inflate(chunks)
        self._waiting = bytearray()

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end."""
        while len(self._waiting) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._waiting += piece
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken


def _inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflater, total = zlib.decompressobj(), 0
    try:
        for chunk in chunks:
            while chunk and not inflater.eof:
                piece = inflater.decompress(chunk, CHUNK_BYTES)
                total += len(piece)
                if total > limits.MAX_SNAPSHOT_BYTES:
                    raise SnapshotRefused("damaged", f"it inflates beyond {limits.MAX_SNAPSHOT_BYTES} bytes")
                if piece:
                    yield piece
                chunk = inflater.unconsumed_tail
            if inflater.unused_data or (chunk and inflater.eof):
                raise SnapshotRefused("surplus", "something follows the compressed events")
        yield inflater.flush()
    except zlib.error as error:
        raise SnapshotRefused("damaged", f"the compressed events are damaged: {error}") from error
    if not inflater.eof:
        raise SnapshotRefused("truncated", "it ends in the middle: it was not copied whole")
