"""BER as authorities send it, written anew as DER.

Lengths and pieces change, contents and order do not.
"""

import pytest

from ledger.documents.asn1.ber import to_der
from ledger.encoding import der
from ledger.errors import MalformedInput

OCTETS = der.encode(der.OCTET_STRING, b"ab")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (OCTETS, OCTETS),
        (b"\x30\x80" + OCTETS + b"\x00\x00", der.encode(der.SEQUENCE, OCTETS)),
        (b"\x30\x81\x04" + OCTETS, der.encode(der.SEQUENCE, OCTETS)),
        (b"\x30\x84\x00\x00\x00\x04" + OCTETS, der.encode(der.SEQUENCE, OCTETS)),
        (b"\x24\x80\x04\x01a\x04\x01b\x00\x00", OCTETS),
        (b"\x24\x06\x04\x01a\x04\x01b", OCTETS),
        (b"\x24\x80\x24\x80\x04\x01a\x00\x00\x04\x01b\x00\x00", OCTETS),
        (b"\xa0\x80\xa1\x80\x00\x00\x00\x00", b"\xa0\x02\xa1\x00"),
        (b"\x31\x80\x02\x01\x05\x02\x01\x03\x00\x00", b"\x31\x06\x02\x01\x05\x02\x01\x03"),
        (OCTETS + bytes(40), OCTETS),
    ],
)
def test_lengths_and_pieces(written: bytes, expected: bytes) -> None:
    assert to_der(written) == expected
    assert to_der(expected) == expected


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x80" + OCTETS,
        b"\x04\x80ab\x00\x00",
        b"\x04\x05ab",
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"\x30\x82\x00",
        b"\x1f\x20\x00",
        b"\x24\x03\x02\x01a",
        b"\x23\x80\x03\x02\x00a\x00\x00",
        b"\x30\x80" * 30 + b"\x00\x00" * 30,
        b"\x30\x80" + b"\x05\x00" * 20_001 + b"\x00\x00",
    ],
)
def test_what_is_no_ber_or_too_much(written: bytes) -> None:
    with pytest.raises(MalformedInput):
        to_der(written)
