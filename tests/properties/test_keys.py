"""Keys and signatures for any bytes."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.crypto.keys import (
    Algorithm,
    PrivateKey,
    decode_private_key,
    decode_public_key,
    decode_signature,
    encode_signature,
    generate_key,
)
from ledger.errors import MalformedInput

ALGORITHMS: list[Algorithm] = ["sm2", "p256"]
KEYS = [
    generate_key(algorithm, lambda count: hashlib.sha256(b"key").digest()[:count]) for algorithm in ALGORITHMS
]
EITHER = st.sampled_from(KEYS)


@given(EITHER, st.binary(max_size=200))
@settings(max_examples=50)
def test_every_signature_verifies(key: PrivateKey, message: bytes) -> None:
    assert key.public.verify(message, key.sign(message))


@given(EITHER, st.integers(0, 511), st.integers(0, 10_000))
@settings(max_examples=60)
def test_any_changed_bit_of_signature_or_message_fails(key: PrivateKey, bit: int, place: int) -> None:
    message = b"shunzheng/submission/1"
    signature = key.sign(message)
    assert not key.public.verify(message, flipped(signature, bit))
    assert not key.public.verify(flipped(message, place % (8 * len(message))), signature)


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


@given(EITHER, st.binary(max_size=70) | st.binary(min_size=64, max_size=64), st.binary(max_size=20))
def test_no_bytes_make_verifying_raise(key: PrivateKey, signature: bytes, message: bytes) -> None:
    assert key.public.verify(message, signature) is False


POINTS = st.binary(min_size=64, max_size=64)


@given(st.binary(max_size=100) | st.builds(lambda key, point: key.public.spki[:27] + point, EITHER, POINTS))
def test_public_keys_raise_only_malformed_input(spki: bytes) -> None:
    with pytest.raises(MalformedInput):
        decode_public_key(spki)


@given(EITHER, st.integers(0, 91 * 8 - 1))
def test_a_changed_bit_of_a_public_key_is_refused(key: PrivateKey, bit: int) -> None:
    with pytest.raises(MalformedInput):
        decode_public_key(flipped(key.public.spki, bit))


LABELS = st.sampled_from(["PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])


@given(st.binary(max_size=300), LABELS, st.none() | st.binary(max_size=5))
def test_key_files_raise_only_malformed_input(der: bytes, label: str, password: bytes | None) -> None:
    text = f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n"
    for pem in (der, text.encode()):
        with pytest.raises(MalformedInput):
            decode_private_key(pem, password)


@given(st.binary(min_size=64, max_size=64))
def test_signature_text_is_a_bijection(signature: bytes) -> None:
    text = encode_signature(signature)
    assert decode_signature(text) == signature


@given(st.text(max_size=90) | st.from_regex(r"[A-Za-z0-9_-]{86}", fullmatch=True))
def test_signature_texts_have_one_spelling(text: str) -> None:
    try:
        signature = decode_signature(text)
    except MalformedInput:
        return
    assert encode_signature(signature) == text
