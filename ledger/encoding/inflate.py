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


def inflate(chunks: Iterable[bytes], max_bytes: int, *, is_raw: bool = False) -> Iterator[bytes]:
    """Yield what one stream holds, in pieces; `is_raw` is deflate without zlib's header (RFC 1951 rather than 1950).

    Raises: InflateFault when the stream is damaged, holds more than `max_bytes` bytes, ends in the middle, or has bytes
    after its end. Pieces that came before the fault was met have been yielded by then.
    """
    decompressor, bytes_left = zlib.decompressobj(-zlib.MAX_WBITS if is_raw else zlib.MAX_WBITS), max_bytes
    for packed_piece in _slice_chunks(chunks):
        if decompressor.eof:
            raise _make_surplus_fault()
        may_hold_more = True
        while may_hold_more and not decompressor.eof:
            # A byte more than is left is asked for, to see whether there is one; zlib takes 0 for "no limit".
            piece_limit = min(PIECE_BYTES, bytes_left + 1)
            try:
                piece = decompressor.decompress(packed_piece, piece_limit)
            except zlib.error as error:
                raise InflateFault("damaged", str(error)) from error
            if len(piece) > bytes_left:
                raise InflateFault("too_long", "the compressed bytes hold more than is allowed")
            if piece:
                yield piece
            bytes_left, packed_piece, may_hold_more = (
                bytes_left - len(piece),
                decompressor.unconsumed_tail,
                len(piece) == piece_limit,
            )
        if decompressor.unused_data:
            raise _make_surplus_fault()
    if not decompressor.eof:
        raise InflateFault("truncated", "the compressed bytes end in the middle")


def inflate_whole(packed_bytes: bytes, max_bytes: int, *, is_raw: bool = False) -> bytes:
    """Return all that one stream holds. Raises: InflateFault, as `inflate` does."""
    return b"".join(inflate([packed_bytes], max_bytes, is_raw=is_raw))


def _slice_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE_BYTES):
            yield chunk[start : start + PIECE_BYTES]


def _make_surplus_fault() -> InflateFault:
    return InflateFault("surplus", "something follows the end of the compressed bytes")
