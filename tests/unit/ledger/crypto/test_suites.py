"""Hash suites: names, numbers, digests."""

import hashlib
import os

import pytest
from cryptography.hazmat.primitives import hashes

from ledger.crypto import suites
from ledger.crypto.suites import SHA256, SM3, Suite
from ledger.errors import MalformedInput

BOTH = pytest.mark.parametrize("suite", [SM3, SHA256], ids=lambda suite: suite.name)
LENGTHS = [0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 119, 120, 1000, 100_000]


def test_sm3_agrees_with_a_second_implementation() -> None:
    for length in LENGTHS:
        data = os.urandom(length)
        other = hashes.Hash(hashes.SM3())
        other.update(data)
        assert SM3.hash(data) == other.finalize()


def test_sha256_agrees_with_hashlib() -> None:
    for length in LENGTHS:
        data = os.urandom(length)
        assert SHA256.hash(data) == hashlib.sha256(data).digest()


def test_names_and_numbers_are_those_of_the_contract() -> None:
    assert [(suite.name, suite.number) for suite in (SM3, SHA256)] == [("sm3", 1), ("sha256", 2)]


@BOTH
def test_found_by_name_and_number(suite: Suite) -> None:
    assert suites.get_suite(suite.name) is suite
    assert suites.get_suite_by_number(suite.number) is suite


@pytest.mark.parametrize("name", ["", "SM3", "md5", "sha-256"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(MalformedInput, match="the suite is sm3 or sha256"):
        suites.get_suite(name)


@pytest.mark.parametrize("number", [0, 3, -1])
def test_unknown_numbers_are_refused(number: int) -> None:
    with pytest.raises(MalformedInput, match=f"not {number}"):
        suites.get_suite_by_number(number)


@BOTH
def test_digest_text_and_back(suite: Suite) -> None:
    digest = suite.hash(b"abc")
    text = suite.format(digest)
    assert text == f"{suite.name}:{digest.hex()}"
    assert suites.parse_digest(text) == (suite, digest)


@pytest.mark.parametrize("length", [0, 20, 31, 33, 64])
def test_a_digest_that_is_not_32_bytes_has_no_text(length: int) -> None:
    with pytest.raises(MalformedInput, match=f"32 bytes, not {length}"):
        SM3.format(bytes(length))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sm3",
        "sm3:",
        "sm3:" + "0" * 63,
        "sm3:" + "0" * 65,
        "sm3:" + "A" * 64,
        "sm3:" + "g" * 64,
        "sm3:" + "0" * 64 + "\n",
        "sm3:0x" + "0" * 62,
        "sm3:" + "\uff10" * 64,
        "SM3:" + "0" * 64,
        "sha512:" + "0" * 64,
        ":" + "0" * 64,
        "sm3::" + "0" * 64,
        " sm3:" + "0" * 64,
    ],
)
def test_other_digest_texts_are_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        suites.parse_digest(text)
