"""DER (ITU-T X.690) in its one exact form, checked before anything is read from it.

The readers of ASN.1 at hand take much that is not DER: indefinite and padded lengths, trailing bytes, several
spellings of one number. What a signature covers must have one spelling, so everything is walked once here,
within bounds; contents of primitive elements (certificates in OCTET STRINGs) are for their own readers.
"""

from typing import Final

from ledger.errors import LimitExceeded, MalformedInput

MAX_DEPTH: Final = 24  # a signature with its seal and a certificate's extensions nest about ten deep
MAX_ELEMENTS: Final = 20_000  # a seal has about fifty, one for many signers some thousand

MAX_OID_BYTES: Final = 128  # those in use have ten; the time to read one grows with the square of its length

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET = 0x30, 0x31
_CONSTRUCTED = 0x20
_UNIVERSAL_CONSTRUCTED: Final = {SEQUENCE, SET}


def check(data: bytes) -> int:
    """Walk the whole of `data`, which must be one DER element, and return how many are in it.

    Raises: MalformedInput, LimitExceeded.
    """
    pending_ranges = [(0, len(data), 0)]
    element_count = 0
    while pending_ranges:
        start, end, depth = pending_ranges.pop()
        if depth > MAX_DEPTH:
            raise LimitExceeded(f"the DER nests deeper than {MAX_DEPTH}")
        while start < end:
            element_count += 1
            if element_count > MAX_ELEMENTS:
                raise LimitExceeded(f"the DER has more than {MAX_ELEMENTS} elements")
            tag, content_start, next_start = _read_element(data, start, end)
            if tag & _CONSTRUCTED:
                pending_ranges.append((content_start, next_start, depth + 1))
            else:
                _check_primitive(tag, data[content_start:next_start])
            start = next_start
            if depth == 0 and start != end:
                raise MalformedInput("the DER has data after its end")
    if not element_count:
        raise MalformedInput("there is no DER in an empty input")
    return element_count


def count_elements(data: bytes) -> int:
    """Return how many elements there seem to be, in BER too and without a judgement on the form; for limits."""
    element_count, offset = 0, 0
    while offset + 1 < len(data):
        element_count += 1
        tag, length, offset = data[offset], data[offset + 1], offset + 2
        length_width = length & 0x7F if length & 0x80 else 0
        if tag & _CONSTRUCTED:
            offset += length_width
        else:
            offset += length_width + (
                int.from_bytes(data[offset : offset + length_width], "big") if length_width else length
            )
    return element_count


def read_children(data: bytes) -> list[tuple[int, bytes]]:
    """Return tag and whole bytes of each element directly within the outermost one. Raises: MalformedInput."""
    tag, start, end = _read_element(data, 0, len(data))
    if end != len(data) or not tag & _CONSTRUCTED:
        raise MalformedInput("expected one constructed DER element")
    elements = []
    while start < end:
        tag, _, next_start = _read_element(data, start, end)
        elements.append((tag, data[start:next_start]))
        start = next_start
    return elements


def read_content(element: bytes) -> bytes:
    """Return what an element holds, without its tag and length. Raises: MalformedInput."""
    _, start, end = _read_element(element, 0, len(element))
    return element[start:end]


def read_integer(element: bytes) -> int:
    """Return the number of an INTEGER. Raises: MalformedInput for another element."""
    if element[:1] != bytes([INTEGER]):
        raise MalformedInput("expected an INTEGER")
    return int.from_bytes(read_content(element), "big", signed=True)


def encode(tag: int, *parts: bytes) -> bytes:
    """Return one element of that tag around the parts."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length_bytes = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length_bytes)]) + length_bytes + content


def encode_integer(number: int) -> bytes:
    """Return an INTEGER of a number that is not negative."""
    return encode(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _read_element(data: bytes, start: int, end: int) -> tuple[int, int, int]:
    """Return tag, start of the content and end of the element at `start`."""
    if end - start < 2:
        raise MalformedInput("the DER ends in the middle of an element")
    tag, length, content_start = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise MalformedInput("the DER has a tag number above 30, which no signed document uses")
    if length & 0x80:
        length_width = length & 0x7F
        if not 1 <= length_width <= 4:
            raise MalformedInput("the DER has an indefinite or an oversized length")
        length = int.from_bytes(data[content_start : min(content_start + length_width, end)], "big")
        content_start += length_width
        if length < 0x80 or length >> 8 * (length_width - 1) == 0:
            raise MalformedInput("the DER has a length that is not in its shortest form")
    if content_start + length > end:
        raise MalformedInput("the DER ends in the middle of an element")
    is_universal = tag < 0x40
    if is_universal and (tag | _CONSTRUCTED in _UNIVERSAL_CONSTRUCTED) != bool(tag & _CONSTRUCTED):
        raise MalformedInput("the DER builds a value from pieces, or lacks the pieces of a structure")
    return tag, content_start, content_start + length


def _check_primitive(tag: int, content: bytes) -> None:
    if tag == BOOLEAN and content not in (b"\x00", b"\xff"):
        raise MalformedInput("a BOOLEAN is 00 or ff in DER")
    if tag == INTEGER and not _is_shortest(content):
        raise MalformedInput("an INTEGER is not in its shortest form")
    if tag == BIT_STRING and not _has_whole_octets(content):
        raise MalformedInput("a BIT STRING has bits behind its end")
    if tag == NULL and content:
        raise MalformedInput("a NULL has content")
    if tag == OID and len(content) > MAX_OID_BYTES:
        raise LimitExceeded(f"an OBJECT IDENTIFIER has {MAX_OID_BYTES} bytes at most")
    if tag == OID and not _has_shortest_arcs(content):
        raise MalformedInput("an OBJECT IDENTIFIER is not in its shortest form")


def _is_shortest(content: bytes) -> bool:
    if len(content) < 2:
        return len(content) == 1
    return not (content[0] == 0x00 and content[1] < 0x80) and not (content[0] == 0xFF and content[1] >= 0x80)


def _has_whole_octets(content: bytes) -> bool:
    """Tell whether the unused bits are fewer than eight, present, and zero."""
    if not content or content[0] > 7 or (content[0] and len(content) == 1):
        return False
    return not content[0] or content[-1] & ((1 << content[0]) - 1) == 0


def _has_shortest_arcs(content: bytes) -> bool:
    if not content or content[-1] & 0x80:
        return False
    arc_starts = [0, *(index + 1 for index, octet in enumerate(content[:-1]) if not octet & 0x80)]
    return all(content[index] != 0x80 for index in arc_starts)
