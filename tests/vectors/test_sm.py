"""SM2 and SM3 as GB/T 32918.5 (the signature example) and GB/T 32905 (appendix A) show them."""

from typing import Final

import pytest

from ledger.crypto import sm2
from ledger.crypto.keys import decode_public_key
from ledger.crypto.suites import SM3

SECRET: Final = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
POINT: Final = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
MESSAGE: Final = b"message digest"
R: Final = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S: Final = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004") + POINT


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3(message: bytes, digest: str) -> None:
    assert SM3.hash(message).hex() == digest


def test_public_point_of_the_secret() -> None:
    assert sm2.is_point(POINT)
    assert sm2.point_of(SECRET) == POINT


def test_z_and_e() -> None:
    assert (
        sm2.z_value(POINT).hex().upper() == "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"
    )
    e = sm2.message_digest(POINT, MESSAGE)
    assert e.hex().upper() == "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"


def test_the_signature_of_the_standard_verifies() -> None:
    key = decode_public_key(SPKI)
    signature = R.to_bytes(32, "big") + S.to_bytes(32, "big")
    assert key.algorithm == "sm2"
    assert key.verify(MESSAGE, signature)
    assert not key.verify(b"message digesT", signature)
    assert not key.verify(MESSAGE, R.to_bytes(32, "big") + (sm2.ORDER - S).to_bytes(32, "big"))


def test_the_nonce_of_the_standard_gives_its_signature() -> None:
    """r = e + x1, s = (k - r d) / (1 + d), with (x1, y1) = kG (GB/T 32918.2 section 6.1)."""
    k = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
    d, e = int.from_bytes(SECRET, "big"), int.from_bytes(sm2.message_digest(POINT, MESSAGE), "big")
    x1 = int.from_bytes(sm2.point_of(k.to_bytes(32, "big"))[:32], "big")
    r = (e + x1) % sm2.ORDER
    s = (k - r * d) * pow(1 + d, -1, sm2.ORDER) % sm2.ORDER
    assert (r, s) == (R, S)
