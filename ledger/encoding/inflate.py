"""Inflate compressed bytes in bounded memory up to a limit, and name each way to fail."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from ledger.errors import MalformedInput

# Bytes inflated at a time, and read at a time: zlib hands back a copy of what it did not read yet.
PIECE_BYTES: Final = 64 * 1024

InflateReason: TypeAlias = Literal["damaged", "too_long", "truncated", "surplus"]


class InflateFault(MalformedInput):
    """The bytes are not one whole stream within the limit; `reason` says which way they fail."""

    def __init__(self, reason: InflateReason, message: str) -> None:
        super().__init__(message)
        self.reason: Final[InflateReason] = reason


def inflate(chunks: Iterable[bytes], most: int, *, raw: bool = False) -> Iterator[bytes]:
    """Yield what one stream holds, in pieces; `raw` is deflate without zlib's header (RFC 1951 rather than 1950).

    Raises: InflateFault when the stream is damaged, holds more than `most` bytes, ends in the middle, or has bytes
    after its end. Pieces that came before the fault was met have been yielded by then.
    """
    stream, left = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS), most
    for packed in _sliced(chunks):
        if stream.eof:
            raise _surplus()
        full = True
        while full and not stream.eof:
            # A byte more than is left is asked for, to see whether there is one; zlib takes 0 for "no limit".
            room = min(PIECE_BYTES, left + 1)
            try:
                piece = stream.decompress(packed, room)
            except zlib.error as error:
                raise InflateFault("damaged", str(error)) from error
            if len(piece) > left:
                raise InflateFault("too_long", "the compressed bytes hold more than is allowed")
            if piece:
                yield piece
            left, packed, full = left - len(piece), stream.unconsumed_tail, len(piece) == room
        if stream.unused_data:
            raise _surplus()
    if not stream.eof:
        raise InflateFault("truncated", "the compressed bytes end in the middle")


def inflate_whole(packed: bytes, most: int, *, raw: bool = False) -> bytes:
    """Return all that one stream holds. Raises: InflateFault, as `inflate` does."""
    return b"".join(inflate([packed], most, raw=raw))


def _sliced(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE_BYTES):
            yield chunk[start : start + PIECE_BYTES]


def _surplus() -> InflateFault:
    return InflateFault("surplus", "something follows the end of the compressed bytes")
