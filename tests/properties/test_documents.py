"""Damaged and made-up documents: read or refused, and nothing damaged becomes valid.

Every reader answers or raises `MalformedInput`.
"""

import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.documents.asn1.texts import decode_text, parse_asn1_time, parse_written_time
from ledger.documents.certificates.certificates import decode_certificate
from ledger.documents.certificates.trust_list import decode_trust_list
from ledger.documents.markup import parse
from ledger.documents.ofd.archive import open_archive, write_archive
from ledger.documents.openers import inspect
from ledger.documents.seals.ses import decode_seal, decode_signature
from ledger.documents.signatures.signed_data import decode_signed_data
from ledger.encoding import der
from ledger.errors import MalformedInput
from ledger.verification.reasons import Verdict
from tests.papers import deflated_part, trust

FOLDER: Final = Path(__file__).parents[1] / "vectors" / "documents"
SEEDS: Final = {
    path.name: path.read_bytes()
    for path in sorted(FOLDER.iterdir())
    if path.suffix in (".ofd", ".esl", ".dat", ".der")
}
STRUCTURES: Final = [data for name, data in SEEDS.items() if not name.endswith(".ofd")]
SEALED: Final = ("sealed-1.ofd", "sealed-4.ofd", "signed.ofd", "twice.ofd")
READERS: Final[list[Callable[[bytes], object]]] = [
    der.check,
    decode_seal,
    decode_signature,
    decode_certificate,
    decode_signed_data,
    open_archive,
    decode_trust_list,
    lambda data: parse(data, "Signature"),
]
PIECES: Final = st.sampled_from(
    [
        b"",
        b"\x00",
        b"\xff",
        b"\x80",
        b"\x30\x80",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x05\x00",
        b"\x1f\xff",
        b"PK\x05\x06",
        b"<a>",
        b"/../",
    ]
) | st.binary(max_size=6)


@st.composite
def damaged(draw: st.DrawFn, seed: bytes) -> bytes:
    """The seed with up to four places overwritten, cut out, repeated or filled with something else."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 8) | st.integers(0, len(data))))
        match draw(st.integers(0, 3)):
            case 0:
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case _:
                data[at:end] = draw(PIECES)
    return bytes(data[: 4 * len(seed)])


def total(read: Callable[[bytes], object], data: bytes) -> None:
    message = "read"
    try:
        read(data)
    except MalformedInput as error:
        message = str(error)
    assert message


@pytest.mark.parametrize("read", READERS)
@given(st.binary(max_size=200))
@settings(max_examples=40)
def test_of_bytes(read: Callable[[bytes], object], data: bytes) -> None:
    total(read, data)


@pytest.mark.parametrize("read", READERS[:5])
@given(st.data())
@settings(max_examples=100)
def test_of_damaged_structures(read: Callable[[bytes], object], data: st.DataObject) -> None:
    total(read, data.draw(damaged(data.draw(st.sampled_from(STRUCTURES)))))


@given(st.data())
@settings(max_examples=100)
def test_what_is_read_is_written_again_as_the_same_bytes(data: st.DataObject) -> None:
    given_ = data.draw(damaged(data.draw(st.sampled_from(STRUCTURES))))
    for read in (decode_seal, decode_signature, decode_certificate):
        try:
            found = read(given_)
        except MalformedInput:
            continue
        assert found.der == given_


@given(st.data())
@settings(max_examples=100)
def test_of_damaged_archives(data: st.DataObject) -> None:
    """The parts of what opens can be read or are reported, and nothing that the seal covers has changed if it is valid."""
    name = data.draw(st.sampled_from(SEALED))
    given_ = data.draw(damaged(SEEDS[name]))
    found = inspect(given_, trust())
    if found.verdict is Verdict.VALID:
        before, after = open_archive(SEEDS[name]), open_archive(given_)
        assert {part: after.read(part) for part in after.names} == {
            part: before.read(part) for part in before.names
        }


@pytest.mark.parametrize("name", SEALED)
@given(st.data())
@settings(max_examples=40)
def test_of_damaged_parts(name: str, data: st.DataObject) -> None:
    archive = open_archive(SEEDS[name])
    held = {part: archive.read(part) for part in archive.names}
    part = data.draw(st.sampled_from(sorted(held)))
    altered = held | {part: data.draw(damaged(held[part]))}
    found = inspect(write_archive(altered), trust())
    if altered[part] != held[part] and part != "Doc_0/Signs/Signatures.xml":
        assert found.verdict is not Verdict.VALID


@given(
    st.dictionaries(st.text("ab./\\:\x00é", min_size=1, max_size=8), st.binary(max_size=20), max_size=4),
    st.binary(max_size=8),
)
def test_archives_come_back(parts: dict[str, bytes], comment: bytes) -> None:
    data = write_archive(parts, comment)
    try:
        found = open_archive(data)
    except MalformedInput:
        return
    assert {name: found.read(name) for name in found.names} == {
        name.replace("\\", "/"): held for name, held in parts.items() if not name.endswith(("/", "\\"))
    }
    assert found.comment == comment


@given(st.binary(max_size=2000), st.integers(0, 3000))
def test_parts_inflate_to_what_is_declared_or_not_at_all(packed: bytes, size: int) -> None:
    try:
        held = open_archive(deflated_part(packed, size)).read("a")
    except MalformedInput:
        return
    assert held == zlib.decompress(packed, -zlib.MAX_WBITS)
    assert len(held) == size


@given(st.text())
def test_text_is_always_shown(text: str) -> None:
    latin = text.encode("utf-8", "replace").decode("latin-1")
    assert decode_text(latin).isprintable()
    for utc_time in (True, False):
        assert parse_asn1_time(latin, is_utc_time=utc_time) is None or latin.isascii()
    parse_written_time(text)


@given(st.integers(0, 4_000_000_000))
def test_moments_in_every_spelling(moment: int) -> None:
    utc = datetime.fromtimestamp(moment, UTC)
    local = utc + timedelta(hours=8)
    spellings = [
        utc.strftime("%Y%m%d%H%M%SZ"),
        utc.strftime("%Y%m%d%H%M%S.5Z"),
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        utc.strftime("%Y-%m-%d %H:%M:%S+00:00"),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        local.strftime("%Y/%m/%d %H:%M:%S"),
        local.strftime("%Y%m%d%H%M%S+0800"),
    ]
    assert {parse_written_time(spelling) for spelling in spellings} == {moment}
