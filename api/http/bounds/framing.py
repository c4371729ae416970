"""Read the head of a request in one way only.

No proxy before the node can read another request in it.

h11 is lenient where RFC 9112 lets a recipient be: a line feed alone ends a line (2.2), a folded line is joined (5.2), a
length beside a transfer coding is ignored (6.1), equal lengths count as one (6.3). Here each of them is an error.
"""

import re
from collections.abc import Sequence
from typing import Self

import h11
from h11._receivebuffer import ReceiveBuffer

from api.limits import FREE_CHUNKS, LEAST_CHUNK_BYTES, MAX_HEAD_LINES

_STRAY_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_FOLDED_LINE = re.compile(rb"\n[ \t]")


class StrictLines(ReceiveBuffer):
    """The bytes that h11 has not read yet; gives it the lines of a head, or of trailers, that have one meaning.

    A quarter of a megabyte of chunks of one byte would keep h11, and everybody, busy for half a second: chunks are counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self._brought_bytes = self._chunk_count = 0

    def __iadd__(self, chunk: bytes | bytearray) -> Self:
        self._brought_bytes += len(chunk)
        super().__iadd__(chunk)
        return self

    def maybe_extract_next_line(self) -> bytearray | None:
        """Return the head of a chunk; None while it is missing. Raises: LocalProtocolError, where chunks are crumbs."""
        line = super().maybe_extract_next_line()
        self._chunk_count += line is not None
        if self._chunk_count > FREE_CHUNKS and self._chunk_count * LEAST_CHUNK_BYTES > self._brought_bytes:
            raise h11.LocalProtocolError("the body comes in chunks that are too small")
        return line

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """Return the lines up to the blank one; None while it is missing. Raises: LocalProtocolError."""
        unread_bytes = bytes(self)
        lines = super().maybe_extract_lines()
        if lines:
            _check_ends(unread_bytes[: len(unread_bytes) - len(self)])
            _check_framing(lines)
            self._brought_bytes, self._chunk_count = len(self), 0
        return lines


def _check_ends(head_bytes: bytes) -> None:
    if _STRAY_LINE_END.search(head_bytes):
        raise h11.LocalProtocolError("a line ends in something else than CRLF")
    if _FOLDED_LINE.search(head_bytes):
        raise h11.LocalProtocolError("a header goes on in a second line")


def _check_framing(lines: Sequence[bytearray]) -> None:
    """Check that there are not too many headers, and that one at most says where the body ends."""
    if len(lines) > MAX_HEAD_LINES:
        raise h11.LocalProtocolError("the head has too many lines")
    fields = [(bytes(name).lower(), value) for name, _, value in (line.partition(b":") for line in lines)]
    framing_fields = [
        (name, value) for name, value in fields if name in (b"content-length", b"transfer-encoding")
    ]
    if len(framing_fields) > 1 or any(b"," in value for _, value in framing_fields):
        raise h11.LocalProtocolError("the head says more than once where the body ends")
    if framing_fields and framing_fields[0][0] == b"transfer-encoding" and lines[0].endswith(b"HTTP/1.0"):
        raise h11.LocalProtocolError("HTTP/1.0 has no transfer codings")
