"""Printed codes: the same proof in one form only, read in bounded work."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import base45
import cbor2
import pytest

from ledger.encoding.canonical import Json, decode
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat
from ledger.limits import MAX_NESTING
from ledger.proof.paper import (
    MAX_PAPER_BYTES,
    PREFIX,
    decode_paper,
    decode_presented,
    encode_paper,
    mend_code,
    pack,
    unpack,
)
from ledger.proof.proof import Proof
from ledger.verification.verify import PresentedContent, verify
from tests.scenes import CLAIMS, scene

CITY, ITEMS = scene()
PROOF = CITY.proof(ITEMS[0])


def code(packed: bytes) -> str:
    return f"{PREFIX}{base45.b45encode(zlib.compress(packed)).decode()}"


@pytest.mark.parametrize("proof", [PROOF, CITY.proof(ITEMS[0], ITEMS[1], shown={"ZZMC"})])
def test_a_proof_comes_back_from_paper(proof: Proof) -> None:
    printed = encode_paper(proof)
    assert decode_paper(printed) == proof
    assert encode_paper(decode_paper(printed)) == printed
    assert set(printed) <= set(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    )  # what a QR code packs tightly
    assert len(printed) < len(proof.encode())


def test_paper_verifies_as_the_file_does() -> None:
    report = verify(
        PresentedContent(claims=CLAIMS),
        decode_paper(encode_paper(PROOF)),
        CITY.registry.knowledge,
        CITY.registry.now,
    )
    assert report == CITY.verify(PROOF)


def test_a_proof_as_a_person_presents_it() -> None:
    printed = encode_paper(PROOF).encode()
    for text in (PROOF.encode(), printed, b" \n" + printed + b"\n", b"\n" + PROOF.encode()):
        assert decode_presented(text) == PROOF
        assert CITY.verify(text, claims=CLAIMS).verdict == "valid"
    for text in (printed + b"\xff", b"SZ1:", b"SZ2:" + printed[4:], b""):
        with pytest.raises(MalformedInput):
            decode_presented(text)


def test_packing_is_deterministic_cbor() -> None:
    """RFC 8949 section 4.2.1; another implementation reads it, and writes it the same."""
    packed = pack(decode(PROOF.encode()))
    assert cbor2.dumps(cbor2.loads(packed), canonical=True) == packed
    values: list[tuple[Json, str]] = [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (255, "18ff"),
        (256, "190100"),
        (65536, "1a00010000"),
        (2**53 - 1, "1b001fffffffffffff"),
        (False, "f4"),
        (True, "f5"),
        ("", "60"),
        ("天", "63e5a4a9"),
        ("00ff", "6430306666"),
        ("00ff" * 4, "d74800ff00ff00ff00ff"),
        ("00FF" * 4, "70" + b"00FF00FF00FF00FF".hex()),
        ("A" * 86, "d55840" + "00" * 64),
        ([1, []], "820180"),
        ({"bb": 1, "a": 2, "c": {}}, "a36161026163a062626201"),
    ]
    for value, written in values:
        assert pack(value).hex() == written
        assert unpack(bytes.fromhex(written)) == value


@pytest.mark.parametrize(
    "packed",
    [
        "",
        "1817",  # 23 in two bytes
        "190017",
        "20",  # -1
        "40",  # bytes without a tag
        "d74100",  # a tag that saves nothing
        "d7" + "60",  # a tag over text
        "d54100",
        "d81740" + "00",
        "c074323031332d30332d32315432303a30343a30305a",  # a date
        "c24101",  # a big number
        "d81c80",  # a shared value
        "d81d00",  # a reference to one
        "f6",  # null
        "f7",
        "f816",
        "f93c00",  # a float
        "9f01ff",  # an array without length
        "7f6161ff",
        "a1" + "0101",  # a member named by a number
        "a2616101616102",  # a member twice
        "a2616201616102",  # members out of order
        "6261",  # cut off
        "9bffffffffffffffff",
        "bbffffffffffffffff",
        "5bffffffffffffffff",
        "7bffffffffffffffff",
        "61ff",  # not UTF-8
        "0000",  # more than one
        "1c",
        "70" + b"00ff00ff00ff00ff".hex(),  # hexadecimal as text
    ],
)
def test_other_forms_are_refused(packed: str) -> None:
    with pytest.raises(MalformedInput):
        unpack(bytes.fromhex(packed))
    with pytest.raises(MalformedInput):
        decode_paper(code(bytes.fromhex(packed)))


def test_integers_beyond_the_profile_are_refused() -> None:
    with pytest.raises(MalformedInput):
        decode_paper(code(pack(2**53)))


def test_shared_values_do_not_explode() -> None:
    """A page of CBOR that names a list of lists over and over holds 2^30 items, to a library that follows references."""
    bomb = b"\x98\x1e\xd8\x1c\x82\x00\x00"
    for number in range(1, 30):
        reference = b"\xd8\x1d" + cbor2.dumps(number - 1)
        bomb += b"\xd8\x1c\x82" + reference + reference
    with pytest.raises(MalformedInput):
        decode_paper(code(bomb))


def test_nesting_is_limited() -> None:
    with pytest.raises(LimitExceeded):
        unpack(b"\x81" * (MAX_NESTING + 1) + b"\x00")
    with pytest.raises(LimitExceeded):
        decode_paper(code(b"\x81" * MAX_PAPER_BYTES))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SZ2:" + encode_paper(PROOF)[4:],
        encode_paper(PROOF)[4:],
        PREFIX,
        PREFIX + "A",
        PREFIX + "::::::",
        PREFIX + "天",
        PREFIX + "lower",
        encode_paper(PROOF)[:-3],
        encode_paper(PROOF) + "000",
        PREFIX + base45.b45encode(b"not compressed").decode(),
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        decode_paper(text)


@pytest.mark.parametrize(
    "altered",
    [lambda data: data + b"\0\0", lambda data: data[:-1], lambda data: data[:-4]],
    ids=["followed by more", "without its last byte", "without its checksum"],
)
def test_a_code_ends_where_its_compression_ends(altered: Callable[[bytes], bytes]) -> None:
    data = zlib.compress(pack(decode(PROOF.encode())))
    assert decode_paper(PREFIX + base45.b45encode(data).decode()) == PROOF
    with pytest.raises(MalformedInput, match="cut off or has data"):
        decode_paper(PREFIX + base45.b45encode(altered(data)).decode())


def test_sizes_are_limited() -> None:
    with pytest.raises(LimitExceeded):
        decode_paper(PREFIX + "0" * 2 * MAX_PAPER_BYTES)
    with pytest.raises(LimitExceeded):
        decode_paper(code(bytes(2**24)))  # 16 MB in 16 kB
    claims: Any = {f"{number:03d}": "字" * 1000 for number in range(30)}
    large = CITY.licence(claims=claims)
    with pytest.raises(LimitExceeded):
        encode_paper(replace(PROOF, disclosure=large.disclosure))


def test_a_newer_proof_on_paper() -> None:
    body = decode(PROOF.encode())
    assert isinstance(body, dict)
    with pytest.raises(NewerFormat):
        decode_paper(code(pack(body | {"type": "shunzheng/proof/2"})))


PRINTED = encode_paper(PROOF)
#: Where a blank of the code stands at the end of a line that somebody wrapped.
WRAPPED_AT = PRINTED.index(" ", 60)


@pytest.mark.parametrize(
    "spelling",
    [
        PRINTED.lower(),
        "".join(
            chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else "\u3000" for character in PRINTED
        ),
        PRINTED.replace(":", "：").replace("$", "￥").replace(".", "。").replace("/", "、").replace("*", "×"),
        "\n".join(PRINTED[start : start + 40] for start in range(0, len(PRINTED), 40)),
        "\r\n".join((PRINTED[:WRAPPED_AT], PRINTED[WRAPPED_AT + 1 :])),
        f"]Q1{PRINTED}\t\r\n",
    ],
    ids=["lower", "wide", "Chinese points", "hard lines", "wrapped at a blank", "as a scanner sends it"],
)
def test_a_code_is_mended(spelling: str) -> None:
    assert mend_code(spelling) == PRINTED


@pytest.mark.parametrize("text", ["", "sz2:x", "{}", "ｓｚ", "营业执照", "1.2.156.3005.2.x"])
def test_what_is_no_code_is_left_as_it_is(text: str) -> None:
    assert mend_code(text) == text


def test_what_is_missing_is_not_made_up() -> None:
    for length in (4, len(PRINTED) // 2, len(PRINTED) - 9, len(PRINTED) - 1):
        with pytest.raises(MalformedInput):
            decode_paper(mend_code(PRINTED[:length].lower()))
    with pytest.raises(MalformedInput):
        decode_paper(mend_code(PRINTED.replace("A", "B", 1)))
