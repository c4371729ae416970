"""Write BER (ITU-T X.690) anew as DER, where the standard of a structure allows BER.

So does CMS (RFC 5652).

Lengths become definite and short, strings in pieces become whole. Everything else stays as it stands, also the order
of a SET: what was signed is not put in another order.
"""

from typing import Final

from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput

_CONSTRUCTED: Final = 0x20
_INDEFINITE_LENGTH: Final = 0x80
_END_OF_CONTENTS: Final = b"\x00\x00"
_FIRST_NON_UNIVERSAL_TAG: Final = 0x40
_STRUCTURE_TAGS: Final = frozenset({der.SEQUENCE, der.SET})
#: Octets of a length: 4 GiB.
_MAX_WIDTH: Final = 4


def to_der(data: bytes) -> bytes:
    """Return the first element of `data` in DER; what follows it is left. Raises: MalformedInput, LimitExceeded."""
    return _BerReader(data).read_element(0, len(data), 0)[0]


def sort_set(data: bytes) -> bytes:
    """Return a SET with its elements in the order of DER (11.6). Raises: MalformedInput."""
    return der.encode(der.SET, *sorted(element for _, element in der.read_children(data)))


class _BerReader:
    """Reads elements, and counts them."""

    def __init__(self, data: bytes) -> None:
        self._data, self._element_count = data, 0

    def read_element(self, start: int, end: int, depth: int) -> tuple[bytes, int]:
        """Return the element at `start` in DER, and where it ends."""
        self._element_count += 1
        if self._element_count > der.MAX_ELEMENTS or depth > der.MAX_DEPTH:
            raise LimitExceeded("the BER has too many elements, or nests too deep")
        if end - start < len(_END_OF_CONTENTS) or self._data[start] & 0x1F == 0x1F:
            raise MalformedInput(
                "the BER ends in the middle of an element, or has a tag that no signature uses"
            )
        tag = self._data[start]
        content_start, content_end = self._read_length(start + 1, end)
        if not tag & _CONSTRUCTED:
            if content_end is None:
                raise MalformedInput("a value without pieces has no length")
            return der.encode(tag, self._data[content_start:content_end]), content_end
        children, content_end = self._read_children(
            content_start,
            end if content_end is None else content_end,
            depth,
            is_open_ended=content_end is None,
        )
        if tag < _FIRST_NON_UNIVERSAL_TAG and tag not in _STRUCTURE_TAGS:
            return der.encode(tag & ~_CONSTRUCTED, _join_pieces(tag & ~_CONSTRUCTED, children)), content_end
        return der.encode(tag, *children), content_end

    def _read_length(self, start: int, end: int) -> tuple[int, int | None]:
        """Return where the content of an element starts and ends; it ends nowhere for an indefinite length."""
        first_octet = self._data[start]
        if first_octet == _INDEFINITE_LENGTH:
            return start + 1, None
        width = first_octet & 0x7F if first_octet & 0x80 else 0
        if width > _MAX_WIDTH or start + 1 + width > end:
            raise MalformedInput("the BER has an oversized length")
        content_start = start + 1 + width
        length = int.from_bytes(self._data[start + 1 : content_start], "big") if width else first_octet
        if content_start + length > end:
            raise MalformedInput("the BER ends in the middle of an element")
        return content_start, content_start + length

    def _read_children(
        self, start: int, end: int, depth: int, *, is_open_ended: bool
    ) -> tuple[list[bytes], int]:
        children: list[bytes] = []
        while start < end:
            if is_open_ended and self._data[start : start + len(_END_OF_CONTENTS)] == _END_OF_CONTENTS:
                return children, start + len(_END_OF_CONTENTS)
            child, start = self.read_element(start, end, depth + 1)
            children.append(child)
        if is_open_ended:
            raise MalformedInput("the BER has no end where it should")
        return children, end


def _join_pieces(tag: int, pieces: list[bytes]) -> bytes:
    """Return what the pieces of a string hold together (8.7.3.2)."""
    if tag == der.BIT_STRING or any(piece[:1] != bytes([tag]) for piece in pieces):
        raise MalformedInput("a string is in pieces of another kind")
    return b"".join(der.read_content(piece) for piece in pieces)
