"""What the references of a signature name, and by which digests."""

import base64
from typing import Final

import pytest

from ledger.crypto.suites import SHA256, SM3
from ledger.documents.ofd.archive import write_archive
from ledger.documents.seals.making import use_seal
from ledger.verification.reasons import Verdict
from tests.papers import (
    DESCRIPTION,
    NOW,
    PAGE,
    SIGN,
    VALUE,
    department,
    only,
    outcome,
    parts,
    resealed,
    seal,
    sealed,
    with_part,
)


def test_a_signature_that_covers_nothing() -> None:
    data = parts(sealed())[DESCRIPTION]
    start, end = data.index(b"<ofd:References"), data.index(b"</ofd:References>") + 17
    for nothing in (b"", b'<ofd:References CheckMethod="SM3"/>'):
        report = only(resealed(sealed(), data[start:end], nothing))
        assert outcome(report, "references") == ("unknown", "nothing")
        assert not report.covers_all
        assert PAGE in report.uncovered_parts
        assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("method", [b"MD5", b"SHA1", b"", b"sm4"])
def test_digests_that_prove_nothing(method: bytes) -> None:
    report = only(resealed(sealed(), b'CheckMethod="1.2.156.10197.1.401"', b'CheckMethod="%s"' % method))
    assert outcome(report, "references") == ("unknown", "digest")
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("method", ["SM3", "sm3", "1.2.156.10197.1.401", " 1.2.156.10197.1.401.1 "])
def test_the_names_of_sm3(method: str) -> None:
    report = only(
        resealed(sealed(), b'CheckMethod="1.2.156.10197.1.401"', f'CheckMethod="{method}"'.encode())
    )
    assert report.verdict is Verdict.VALID


NEIGHBOURS: Final = [
    "1.2.156.10197.1.401.2",
    "1.2.156.10197.1.401.3",
    "1.2.156.10197.1.400",
    "1.2.156.10197.1.301",
]


def named(method: str) -> bytes:
    return resealed(sealed(), b'CheckMethod="1.2.156.10197.1.401"', f'CheckMethod="{method}"'.encode())


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_the_neighbours_of_sm3(method: str) -> None:
    """What fits SM3 is SM3, whatever the writer called it; then a part that does not was altered."""
    assert only(named(method)).verdict is Verdict.VALID
    report = only(with_part(named(method), PAGE, lambda data: data + b"<!-- -->"))
    assert (outcome(report, "references"), report.altered_parts) == (("fail", "altered"), (PAGE,))


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_a_neighbour_of_sm3_that_is_not_meant(method: str) -> None:
    members = parts(named(method))
    for data in members.values():
        old, new = base64.b64encode(SM3.hash(data)), base64.b64encode(SHA256.hash(data))
        members[DESCRIPTION] = members[DESCRIPTION].replace(old, new)
    members[VALUE] = use_seal(seal(), department(), members[DESCRIPTION], "", NOW)
    report = only(write_archive(members))
    assert (outcome(report, "references"), report.altered_parts) == (("unknown", "digest"), ())


@pytest.mark.parametrize("method", ["1.2.156.10197.1.410", "1.2.156.10197.1.410.1", "1.3.14.3.2.26"])
def test_sha_1_by_its_national_name(method: str) -> None:
    assert outcome(only(named(method)), "references") == ("unknown", "digest")


def test_other_suites() -> None:
    members = parts(sealed())
    members[DESCRIPTION] = members[DESCRIPTION].replace(
        b'CheckMethod="1.2.156.10197.1.401"', b'CheckMethod="SHA256"'
    )
    for data in members.values():
        old, new = (base64.b64encode(suite.hash(data)) for suite in (SM3, SHA256))
        members[DESCRIPTION] = members[DESCRIPTION].replace(old, new)
    members[VALUE] = use_seal(seal(), department(), members[DESCRIPTION], "", NOW)
    assert only(write_archive(members)).verdict is Verdict.VALID


@pytest.mark.parametrize(
    "location",
    [
        "../../../../../etc/passwd",
        "/../OFD.xml",
        "file:///etc/passwd",
        "C:\\OFD.xml",
        "//host/OFD.xml",
        "",
        "/",
    ],
)
def test_references_that_lead_elsewhere(location: str) -> None:
    report = only(resealed(sealed(), f'FileRef="/{PAGE}"'.encode(), f'FileRef="{location}"'.encode()))
    assert outcome(report, "references") == ("unknown", "path")
    assert PAGE in report.uncovered_parts
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize(
    "location",
    [
        PAGE,
        "../../Pages/Page_0/Content.xml",
        "\\Doc_0\\Pages\\Page_0\\Content.xml",
        "/Doc_0/./Pages/Page_0/Content.xml",
    ],
)
def test_references_in_other_spellings(location: str) -> None:
    """Relative to the description, from the root without its slash, with the slashes of another system."""
    report = only(resealed(sealed(), f'FileRef="/{PAGE}"'.encode(), f'FileRef="{location}"'.encode()))
    assert report.verdict is Verdict.VALID


def test_a_copy_where_a_relative_reference_finds_it_first() -> None:
    """The copy satisfies the digest; the page that is shown is altered, and nothing covers it."""
    strange = resealed(sealed(), f'FileRef="/{PAGE}"'.encode(), f'FileRef="{PAGE}"'.encode())
    members = parts(strange)
    members[f"{SIGN}/{PAGE}"] = members[PAGE]
    members[PAGE] += b"<!-- -->"
    report = only(write_archive(members))
    assert report.uncovered_parts == (PAGE,)
    assert report.verdict is Verdict.UNVERIFIABLE
