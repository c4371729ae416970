"""One spelling of each DER element, walked in bounded time."""

import pytest

from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput

LONG = b"\x04\x81\x80" + bytes(128)


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("0500"),
        bytes.fromhex("3000"),
        bytes.fromhex("0101ff"),
        bytes.fromhex("020100"),
        bytes.fromhex("02020080"),
        bytes.fromhex("0201ff"),
        bytes.fromhex("0303070080"),
        bytes.fromhex("06082a811ccf55018375"),
        bytes.fromhex("3009020101a00205003100"),
        bytes.fromhex("4000"),
        bytes.fromhex("6000"),
        LONG,
        der.encode(der.SEQUENCE, LONG, der.encode(der.OCTET_STRING, bytes(70_000))),
    ],
    ids=lambda data: data[:12].hex(),
)
def test_der_is_accepted(data: bytes) -> None:
    der.check(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "empty"),
        ("05", "ends"),
        ("0201", "ends"),
        ("30030201", "ends"),
        ("3003020101ff", "after its end"),
        ("30800201010000", "indefinite"),
        ("0485000000000100", "oversized"),
        ("04810100", "shortest"),
        ("04820080" + "00" * 128, "shortest"),
        ("010101", "BOOLEAN"),
        ("0100", "BOOLEAN"),
        ("0200", "INTEGER"),
        ("02020001", "INTEGER"),
        ("0202ff80", "INTEGER"),
        ("0300", "BIT STRING"),
        ("030108", "BIT STRING"),
        ("03020800", "BIT STRING"),
        ("030101", "BIT STRING"),
        ("03020101", "BIT STRING"),
        ("050100", "NULL"),
        ("0600", "IDENTIFIER"),
        ("06028001", "IDENTIFIER"),
        ("06022a81", "IDENTIFIER"),
        ("06032a8001", "IDENTIFIER"),
        ("2403040100", "pieces"),
        ("1000", "pieces"),
        ("1f810100", "tag number"),
    ],
)
def test_other_spellings_are_refused(data: str, why: str) -> None:
    with pytest.raises(MalformedInput, match=why):
        der.check(bytes.fromhex(data))


def test_nesting_without_end() -> None:
    data = b""
    for _ in range(der.MAX_DEPTH):
        data = der.encode(der.SEQUENCE, data)
    der.check(data)
    with pytest.raises(LimitExceeded, match="nests"):
        der.check(der.encode(der.SEQUENCE, data))
    with pytest.raises(MalformedInput):
        der.check(b"\x30\x84\x7f\xff\xff\xff" * 100_000)


def test_elements_without_end() -> None:
    der.check(der.encode(der.SEQUENCE, b"\x05\x00" * (der.MAX_ELEMENTS - 1)))
    with pytest.raises(LimitExceeded, match="elements"):
        der.check(der.encode(der.SEQUENCE, b"\x05\x00" * der.MAX_ELEMENTS))


def test_children_and_their_content() -> None:
    elements = der.read_children(der.encode(der.SEQUENCE, b"\x02\x01\x05", b"\x04\x03abc"))
    assert elements == [(der.INTEGER, b"\x02\x01\x05"), (der.OCTET_STRING, b"\x04\x03abc")]
    assert der.read_integer(elements[0][1]) == 5
    assert der.read_content(elements[1][1]) == b"abc"
    with pytest.raises(MalformedInput, match="INTEGER"):
        der.read_integer(elements[1][1])
    with pytest.raises(MalformedInput, match="constructed"):
        der.read_children(b"\x02\x01\x05")
    with pytest.raises(MalformedInput, match="constructed"):
        der.read_children(b"\x30\x00\x00")


@pytest.mark.parametrize("length", [0, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_are_written_in_their_shortest_form(length: int) -> None:
    element = der.encode(der.OCTET_STRING, bytes(length))
    der.check(element)
    assert der.read_content(element) == bytes(length)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 2**255, 2**256 - 1])
def test_numbers_come_back(number: int) -> None:
    element = der.encode_integer(number)
    der.check(element)
    assert der.read_integer(element) == number


def test_an_object_identifier_has_a_length_that_can_be_read_in_time() -> None:
    assert der.check(der.encode(der.OID, b"\x81" * 127 + b"\x01")) == 1
    with pytest.raises(LimitExceeded):
        der.check(der.encode(der.OID, b"\x81" * 128 + b"\x01"))


@pytest.mark.parametrize(
    ("data", "elements"),
    [
        (b"", 0),
        (b"\x30", 0),
        (bytes.fromhex("3003020101"), 2),
        (bytes.fromhex("30800201010000"), 3),  # BER: what ends an element counts as one
        (bytes.fromhex("0484ffffffff00"), 1),
        (bytes.fromhex("30ff"), 1),
        (b"\x30\x80" * 1_000, 1_000),
    ],
)
def test_elements_are_counted_whatever_their_form(data: bytes, elements: int) -> None:
    assert der.count_elements(data) == elements
