"""Wycheproof, ECDSA over P-256 with SHA-256: signatures in DER, read strictly.

They are given in our form then.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ledger.crypto import p256
from ledger.crypto.keys import decode_public_key

CORPUS: Final = (
    Path(__file__).parents[3] / "shared" / "corpus" / "wycheproof" / "ecdsa_secp256r1_sha256_test.json"
)

pytestmark = pytest.mark.skipif(not CORPUS.is_file(), reason=f"needs the outside test data of {CORPUS}")


def groups() -> list[dict[str, Any]]:
    return json.loads(CORPUS.read_bytes())["testGroups"] if CORPUS.is_file() else []


def read_der(signature: bytes) -> tuple[int, int] | None:
    """The two numbers of a signature in DER, or None where there is another spelling of them."""
    try:
        body = signature[2:]
        r_end = 2 + body[1]
        s_end = r_end + 2 + body[r_end + 1]
        r = int.from_bytes(body[2:r_end], "big", signed=True)
        s = int.from_bytes(body[r_end + 2 : s_end], "big", signed=True)
        return (r, s) if encode_dss_signature(r, s) == signature else None
    except (IndexError, ValueError):
        return None


def in_our_form(r: int, s: int) -> bytes | None:
    """r‖s where it fits into 64 bytes: many an invalid signature has no form at all here."""
    try:
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except OverflowError:
        return None


@pytest.mark.parametrize("group", groups(), ids=lambda group: f"from-{group['tests'][0]['tcId']}")
def test_group(group: dict[str, Any]) -> None:
    key = decode_public_key(bytes.fromhex(group["publicKeyDer"]))
    for case in group["tests"]:
        message, pair = bytes.fromhex(case["msg"]), read_der(bytes.fromhex(case["sig"]))
        if case["result"] == "valid":
            assert pair is not None, case
            r, s = pair
            low, high = sorted((s, p256.ORDER - s))
            accepted, refused = in_our_form(r, low), in_our_form(r, high)
            assert accepted is not None
            assert refused is not None
            assert key.verify(message, accepted), case
            assert not key.verify(message, refused), case
        elif pair is not None and (signature := in_our_form(*pair)) is not None:
            assert not key.verify(message, signature), case


def test_a_number_plus_the_order_is_another_spelling() -> None:
    """The cases with small numbers leave room for r + n and s + n in 32 bytes: equal modulo n, and refused."""
    tried = 0
    for group in groups():
        key = decode_public_key(bytes.fromhex(group["publicKeyDer"]))
        for case in group["tests"]:
            pair = read_der(bytes.fromhex(case["sig"]))
            if case["result"] != "valid" or pair is None:
                continue
            r, s = pair[0], min(pair[1], p256.ORDER - pair[1])
            for other in (in_our_form(r + p256.ORDER, s), in_our_form(r, s + p256.ORDER)):
                if other is not None:
                    tried += 1
                    assert not key.verify(bytes.fromhex(case["msg"]), other), case
    assert tried > 10


def test_invalid_signatures_reach_the_key() -> None:
    """Not all of the invalid ones fall to the form alone: some must be refused by the range checks and the curve."""
    reached = [
        case["tcId"]
        for group in groups()
        for case in group["tests"]
        if case["result"] == "invalid"
        and (pair := read_der(bytes.fromhex(case["sig"]))) is not None
        and in_our_form(*pair) is not None
    ]
    assert len(reached) > 40
