"""RFC 8785 vectors: inside our profile the exact output, outside it a refusal that says why."""

import re
from pathlib import Path
from typing import Final

import pytest

from ledger.encoding.canonical import decode, decode_canonical, encode_canonical
from ledger.errors import MalformedInput

CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus" / "jcs"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs the outside test data of {CORPUS}")

REFUSED: Final = {
    "arrays": "$[1].10: null is not allowed",
    "french": "$: member names are ASCII text, not 'péché'",
    "structures": "$.1.\n: this number is not an integer from 0 to 2^53-1",
    "values": "$.numbers[0]: this number is not an integer from 0 to 2^53-1",
    "weird": "$: member names are ASCII text, not '€'",
}
# What lies outside the profile, and what to put in its place to have the rest of the case
REPLACED: Final = {
    "arrays": [("null", "false")],
    "french": [("péché", "pez"), ("pêche", "pfz")],
    "structures": [("56.0", "56")],
    "values": [
        ("[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]", "[ 4503599627370496 ]"),
        ("[333333333.3333333,1e+30,4.5,0.002,1e-27]", "[4503599627370496]"),
        ("null", "false"),
    ],
}


def texts(name: str) -> tuple[str, str]:
    written, expected = CORPUS / "input" / f"{name}.json", CORPUS / "output" / f"{name}.json"
    return written.read_text("utf-8"), expected.read_text("utf-8").strip()


def test_every_case_is_named_here() -> None:
    assert {file.stem for file in (CORPUS / "input").iterdir()} == {"unicode", *REFUSED}


def test_inside_the_profile() -> None:
    written, expected = texts("unicode")
    assert encode_canonical(decode(written.encode())) == expected.encode()
    assert encode_canonical(decode(written.encode())) == bytes.fromhex(
        (CORPUS / "outhex" / "unicode.txt").read_text()
    )


@pytest.mark.parametrize("name", REFUSED)
def test_outside_the_profile(name: str) -> None:
    written, _ = texts(name)
    with pytest.raises(MalformedInput, match=re.escape(REFUSED[name])):
        decode(written.encode())


@pytest.mark.parametrize("name", REPLACED)
def test_the_rest_of_a_case_outside_the_profile(name: str) -> None:
    written, expected = texts(name)
    for outside, inside in REPLACED[name]:
        written, expected = written.replace(outside, inside), expected.replace(outside, inside)
    assert encode_canonical(decode(written.encode())) == expected.encode()
    assert encode_canonical(decode_canonical(expected.encode())) == expected.encode()


def test_numbers_of_the_readme() -> None:
    """The sample lines `hex-ieee,expected`: the two zeros are integers, all others lie outside the profile."""
    lines = re.findall(r"^[0-9a-f]{1,16},(\S+)$", (CORPUS / "README.md").read_text("utf-8"), re.MULTILINE)
    assert "9.999999999999997e-7" in lines
    for number in lines:
        if number == "0":
            assert encode_canonical(decode(number.encode())) == b"0"
        else:
            with pytest.raises(MalformedInput, match=r"integer .*0 to 2\^53-1"):
                decode(number.encode())
