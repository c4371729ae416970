"""A proof on paper: `SZ1:` + base45(zlib(CBOR)), small enough for one printed code (design: proof; RFC 9285, RFC 8949).

The CBOR is a bijection of the canonical JSON: deterministic encoding (RFC 8949 section 4.2.1), in which text that is lowercase
hexadecimal becomes tag 23 over its bytes and text that is unpadded base64url of 64 bytes becomes tag 21 over them. Whatever
would not come out the same again is refused.
"""

import io
import zlib
from typing import Any, Final, cast

import base45
import cbor2

from ledger import limits
from ledger.canonical import Json
from ledger.canonical import decode as decode_json
from ledger.canonical import encode as canonical
from ledger.errors import LimitExceeded, MalformedInput
from ledger.fields import parse_hex
from ledger.keys import decode_signature, encode_signature
from ledger.proof import Proof, decode_proof

PREFIX: Final = "SZ1:"
_HEX_TAG: Final = 23  # RFC 8949 section 3.4.5.2: expected conversion to base16
_BASE64URL_TAG: Final = 21
_MIN_HEX_CHARS: Final = 16  # below, a tag would save nothing


def encode_paper(proof: Proof) -> str:
    """Return the text of the printed code. Raises: LimitExceeded when the proof is too large for paper."""
    packed = cbor2.dumps(_to_cbor(decode_json(proof.encode())), canonical=True)
    if len(packed) > limits.MAX_PAPER_BYTES:
        raise LimitExceeded(f"the proof takes {len(packed)} bytes, a printed code {limits.MAX_PAPER_BYTES} at most")
    return PREFIX + base45.b45encode(zlib.compress(packed, 9)).decode("ascii")


def decode_paper(code: str) -> Proof:
    """Read a printed code. Raises: MalformedInput, LimitExceeded, NewerFormat."""
    if not code.startswith(PREFIX):
        raise MalformedInput(f"a printed code begins with {PREFIX}")
    if len(code) > 2 * limits.MAX_PAPER_BYTES:
        raise LimitExceeded(f"the code has {len(code)} characters, more than any printed code holds")
    try:
        compressed = base45.b45decode(code[len(PREFIX) :])
    except ValueError as error:
        raise MalformedInput(f"the code is not base45: {error}") from error
    packed = _inflate(compressed)
    value = _from_cbor(_load(packed), 0)
    if cbor2.dumps(_to_cbor(value), canonical=True) != packed:
        raise MalformedInput("the code is not in the one exact form of its proof")
    return decode_proof(canonical(value))


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(data, limits.MAX_PAPER_BYTES + 1)
    except zlib.error as error:
        raise MalformedInput(f"the code does not inflate: {error}") from error
    if len(packed) > limits.MAX_PAPER_BYTES:
        raise LimitExceeded(f"the code inflates beyond {limits.MAX_PAPER_BYTES} bytes")
    if not inflater.eof or inflater.unused_data:
        raise MalformedInput("the code is cut off or has data after its end")
    return packed


def _load(packed: bytes) -> Any:
    stream = io.BytesIO(packed)
    try:
        value = cbor2.CBORDecoder(stream, tag_hook=lambda tag, _immutable: tag).decode()
    except (cbor2.CBORDecodeError, ValueError, OverflowError, RecursionError, TypeError, MemoryError) as error:
        raise MalformedInput(f"the code holds no CBOR: {type(error).__name__}") from error
    if stream.read(1):
        raise MalformedInput("the code has data after its CBOR")
    return value


def _to_cbor(value: Json) -> Any:
    if isinstance(value, str):
        return _compact(value)
    if isinstance(value, list):
        return [_to_cbor(item) for item in value]
    if isinstance(value, dict):
        return {name: _to_cbor(item) for name, item in value.items()}
    return value


def _compact(text: str) -> Any:
    try:
        if len(text) >= _MIN_HEX_CHARS:
            return cbor2.CBORTag(_HEX_TAG, parse_hex(text))
    except MalformedInput:
        pass
    try:
        return cbor2.CBORTag(_BASE64URL_TAG, decode_signature(text))
    except MalformedInput:
        return text


def _from_cbor(value: Any, depth: int) -> Json:
    if depth > limits.MAX_NESTING:
        raise LimitExceeded(f"the code nests deeper than {limits.MAX_NESTING}")
    if isinstance(value, cbor2.CBORTag) and isinstance(value.value, bytes):
        if value.tag == _HEX_TAG:
            return value.value.hex()
        if value.tag == _BASE64URL_TAG and len(value.value) == 64:
            return encode_signature(value.value)
    if isinstance(value, list):
        return [_from_cbor(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise MalformedInput("the code has a member name that is not text")
        return {name: _from_cbor(item, depth + 1) for name, item in value.items()}
    if isinstance(value, (str, bool, int)):
        return cast(Json, value)
    raise MalformedInput("the code holds a value that no proof has")
