"""Proofs on paper: `SZ1:` + base45(zlib(CBOR)), small enough for one printed code.

Format: docs/formats/proof.md, RFC 9285, RFC 8949. The CBOR is a bijection of the canonical JSON:
deterministic encoding (RFC 8949 section 4.2.1), in which text that is lowercase hexadecimal becomes tag 23
over its bytes and text that is unpadded base64url of 64 bytes becomes tag 21 over them. Whatever would not
come out the same again is refused. The few kinds of items that a proof needs are read here and not by a
library: the references and expansions of full CBOR would let a code of a page grow without end.
"""

import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

import base45

from ledger import limits
from ledger.crypto.keys import decode_signature, encode_signature
from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.canonical import decode as decode_json
from ledger.encoding.fields import parse_hex
from ledger.encoding.inflate import InflateFault, inflate_whole
from ledger.errors import LimitExceeded, MalformedInput
from ledger.proof.proof import Proof, decode_proof

PREFIX: Final = "SZ1:"

# A printed code after inflation; stops decompression bombs.
MAX_PAPER_BYTES: Final = 64 * 1024
_MIN_HEX_CHARS: Final = 16  # below, a tag would save nothing
# Major types of RFC 8949 section 3.1, the tags of section 3.4.5.2 and the simple values of section 3.3.
_INTEGER, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 0, 2, 3, 4, 5, 6, 7
_BASE64URL, _BASE16 = 21, 23
_FALSE, _TRUE = 20, 21
#: What keyboards and scanners in a Chinese input mode make of the characters of a code; nobody sees the last row.
_STRAIGHT_CHARACTERS: Final = str.maketrans(
    {chr(0xFF01 + offset): chr(0x21 + offset) for offset in range(94)}
    | {"\u3000": " ", "\xa0": " ", "。": ".", "、": "/", "￥": "$", "¥": "$", "×": "*", "—": "-"}
    | dict.fromkeys("\t\ufeff\u200b\u2060")
)
#: Scanners that are told to do so send the sort of the code before it (ISO/IEC 15424).
_SYMBOLOGY_MARK: Final = re.compile(r"\A\][A-Za-z][0-9]")
#: Line feeds, also as the page writes them into a field of one line.
_LINE_BREAKS: Final = re.compile(r"[\r\n\u2028\u2029\u2424]+")


def encode_paper(proof: Proof) -> str:
    """Return the text of the printed code, without the pocket. Raises: LimitExceeded when it is too large for paper."""
    cbor = pack(decode_json(replace(proof, pocket=None).encode()))
    if len(cbor) > MAX_PAPER_BYTES:
        raise LimitExceeded(f"the proof takes {len(cbor)} bytes, a printed code {MAX_PAPER_BYTES} at most")
    return f"{PREFIX}{base45.b45encode(zlib.compress(cbor, 9)).decode('ascii')}"


def decode_paper(code: str) -> Proof:
    """Read a printed code. Raises: MalformedInput, LimitExceeded, NewerFormat."""
    if not code.startswith(PREFIX):
        raise MalformedInput(f"a printed code begins with {PREFIX}")
    if len(code) > 2 * MAX_PAPER_BYTES:
        raise LimitExceeded(f"the code has {len(code)} characters, more than any printed code holds")
    try:
        compressed_bytes = base45.b45decode(code[len(PREFIX) :])
    except ValueError as error:
        raise MalformedInput(f"the code is not base45: {error}") from error
    return decode_proof(encode_canonical(unpack(_inflate(compressed_bytes))))


def mend_code(text: str) -> str:
    """Return the code that a scanner, a keyboard or a letter made this text of; any other text as it is.

    Width and capitals are put straight, and line breaks taken out: they were put between two characters, or in place of a
    blank.
    """
    straight_text = _SYMBOLOGY_MARK.sub("", text.translate(_STRAIGHT_CHARACTERS).strip()).upper()
    if not straight_text.startswith(PREFIX):
        return text
    lines = _LINE_BREAKS.split(straight_text)
    mended_codes = ["".join(lines), " ".join(lines)]
    for mended_code in mended_codes:
        with suppress(MalformedInput):
            decode_paper(mended_code)
            return mended_code
    return mended_codes[0]


def decode_presented(data: bytes) -> Proof:
    """Read a proof as a person presents it: the text of a file, or the code from paper.

    Raises: MalformedInput, LimitExceeded, NewerFormat.
    """
    if not data.lstrip().startswith(PREFIX.encode()):
        return decode_proof(data)
    try:
        return decode_paper(data.strip().decode("ascii"))
    except UnicodeDecodeError as error:
        raise MalformedInput("a printed code is ASCII") from error


def _inflate(data: bytes) -> bytes:
    try:
        return inflate_whole(data, MAX_PAPER_BYTES)
    except InflateFault as fault:
        if fault.reason == "too_long":
            raise LimitExceeded(f"the code inflates beyond {MAX_PAPER_BYTES} bytes") from fault
        if fault.reason == "damaged":
            raise MalformedInput(f"the code does not inflate: {fault}") from fault
        raise MalformedInput("the code is cut off or has data after its end") from fault


def pack(value: Json) -> bytes:
    """Return the deterministic CBOR of canonical JSON."""
    if isinstance(value, bool):
        return _encode_head(_SIMPLE, _TRUE if value else _FALSE)
    if isinstance(value, int):
        return _encode_head(_INTEGER, value)
    if isinstance(value, str):
        return _pack_text(value)
    if isinstance(value, list):
        return _encode_head(_ARRAY, len(value)) + b"".join(map(pack, value))
    packed_members = sorted(
        (_encode_head(_TEXT, len(name)) + name.encode(), pack(member)) for name, member in value.items()
    )
    return _encode_head(_MAP, len(packed_members)) + b"".join(
        name + packed for name, packed in packed_members
    )


def _pack_text(text: str) -> bytes:
    for tag, read_tagged in _TAGGED_READERS:
        try:
            data = read_tagged(text)
        except MalformedInput:
            continue
        return _encode_head(_TAG, tag) + _encode_head(_BYTES, len(data)) + data
    text_bytes = text.encode()
    return _encode_head(_TEXT, len(text_bytes)) + text_bytes


def _read_hex(text: str) -> bytes:
    if len(text) < _MIN_HEX_CHARS:
        raise MalformedInput("too short to save anything")
    return parse_hex(text)


_TAGGED_READERS: Final[tuple[tuple[int, Callable[[str], bytes]], ...]] = (
    (_BASE16, _read_hex),
    (_BASE64URL, decode_signature),
)


def _encode_head(major_type: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major_type << 5 | argument])
    byte_count = next(byte_count for byte_count in (1, 2, 4, 8) if argument < 1 << 8 * byte_count)
    return bytes([major_type << 5 | 23 + byte_count.bit_length()]) + argument.to_bytes(byte_count, "big")


def unpack(cbor: bytes) -> Json:
    """Return the JSON of deterministic CBOR. Raises: MalformedInput for any other form, LimitExceeded."""
    reader = _CborReader(cbor)
    value = reader.read_item(0)
    if pack(value) != cbor:
        raise MalformedInput("the code is not in the one exact form of its proof")
    return value


class _CborReader:
    """Reads item after item; each takes at least a byte, so no input can ask for more than it has."""

    def __init__(self, data: bytes) -> None:
        self._data, self._offset = data, 0

    def read_item(self, depth: int) -> Json:
        if depth > limits.MAX_NESTING:
            raise LimitExceeded(f"the code nests deeper than {limits.MAX_NESTING}")
        major_type, argument = self._read_head()
        if major_type == _INTEGER:
            return argument
        if major_type == _TEXT:
            return self._read_text(argument)
        if major_type == _ARRAY:
            return [self.read_item(depth + 1) for _ in range(argument)]
        if major_type == _MAP:
            return dict(self._read_member(depth + 1) for _ in range(argument))
        if major_type == _SIMPLE and argument in (_FALSE, _TRUE):
            return argument == _TRUE
        if major_type == _TAG and argument in (_BASE64URL, _BASE16):
            inner_type, length = self._read_head()
            if inner_type == _BYTES:
                data = self._take(length)
                return data.hex() if argument == _BASE16 else encode_signature(data)
        raise MalformedInput("the code holds an item that no proof has")

    def _read_member(self, depth: int) -> tuple[str, Json]:
        major_type, length = self._read_head()
        if major_type != _TEXT:
            raise MalformedInput("the code has a member name that is not text")
        return self._read_text(length), self.read_item(depth)

    def _read_head(self) -> tuple[int, int]:
        major_type, argument = divmod(self._take(1)[0], 32)
        if argument < 24:
            return major_type, argument
        if argument > 27:
            raise MalformedInput("the code holds an item of indefinite length")
        return major_type, int.from_bytes(self._take(1 << argument - 24), "big")

    def _read_text(self, length: int) -> str:
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise MalformedInput("the code holds text that is not UTF-8") from error

    def _take(self, length: int) -> bytes:
        data = self._data[self._offset : self._offset + length]
        if len(data) < length:
            raise MalformedInput("the code ends in the middle of an item")
        self._offset += length
        return data
