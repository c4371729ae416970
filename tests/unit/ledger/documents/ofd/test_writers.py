"""What other writers of OFD do: where it is only unusual it is read, or left open by name.

It is never a forgery.
"""

import base64
from collections.abc import Callable
from typing import Final

import pytest

from ledger.crypto.suites import SM3
from ledger.documents.ofd.archive import write_archive
from ledger.documents.ofd.sealing import LIST_PART, apply_seal, sign_document
from ledger.documents.openers import inspect
from ledger.verification.reasons import Verdict
from tests.papers import (
    DOCUMENT,
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
    trust,
    with_part,
)

PAGE_DIGEST: Final = base64.b64encode(SM3.hash(parts(DOCUMENT)[PAGE]))
ENCRYPTED: Final = {
    "Encryptions.xml": b'<ofd:Encryptions xmlns:ofd="http://www.ofdspec.org/2016"><ofd:EncryptInfo ID="1">'
    b"<ofd:EntriesMapLoc>/entriesmap.dat</ofd:EntriesMapLoc></ofd:EncryptInfo></ofd:Encryptions>",
    "decryptseed.dat": b"<ofd:DecyptSeed/>",
    "entriesmap.dat": bytes(16),
    "enc/0.dat": bytes(16),
}


def described(old: bytes, new: bytes) -> bytes:
    return resealed(sealed(), old, new)


def renamed(change: Callable[[str], str]) -> bytes:
    return write_archive({change(name): data for name, data in parts(sealed()).items()})


def relisted(old: str, new: str) -> bytes:
    return with_part(sealed(), LIST_PART, lambda data: data.replace(old.encode(), new.encode()))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(renamed(lambda name: name.replace("/", "\\")), id="parts with the slashes of Windows"),
        pytest.param(relisted(f"/{SIGN}", "Sign_1"), id="the description beside the list"),
        pytest.param(relisted('ID="1" Type="Seal"', 'ID="s001" Type="seal"'), id="another number"),
        pytest.param(described(f"/{VALUE}".encode(), b"./SignedValue.dat"), id="the value beside"),
        pytest.param(described(b"ofd:", b""), id="no prefix"),
        pytest.param(described(b"<?xml", b"\xef\xbb\xbf<?xml"), id="a byte order mark"),
        pytest.param(
            described(PAGE_DIGEST, b"\r\n " + PAGE_DIGEST[:9] + b"\n" + PAGE_DIGEST[9:]),
            id="a digest in lines",
        ),
        pytest.param(described(PAGE_DIGEST, b"<![CDATA[" + PAGE_DIGEST + b"]]>"), id="a digest in CDATA"),
    ],
)
def test_what_is_read(document: bytes) -> None:
    assert only(document).verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("document", "check", "reason"),
    [
        pytest.param(
            described(PAGE_DIGEST, SM3.hash(b"").hex().encode()), "references", "digest", id="a digest in hex"
        ),
        pytest.param(described(PAGE_DIGEST, PAGE_DIGEST[:16]), "references", "digest", id="half a digest"),
        pytest.param(described(PAGE_DIGEST, b""), "references", "digest", id="no digest"),
        pytest.param(
            described(b' CheckMethod="1.2.156.10197.1.401"', b""), "references", "digest", id="MD5 by default"
        ),
        pytest.param(described(b'FileRef="/Doc', b'FileRef="//Doc'), "references", "path", id="two slashes"),
        pytest.param(
            described(PAGE.encode(), PAGE.upper().encode()),
            "references",
            "path",
            id="a reference in another case",
        ),
        pytest.param(
            described(f"/{VALUE}".encode(), f"/{VALUE.lower()}".encode()),
            "references",
            "path",
            id="the value in another case",
        ),
        pytest.param(
            described(f"<ofd:BaseLoc>/{SIGN}".encode(), f"<ofd:BaseLoc>/{SIGN.lower()}".encode()),
            "references",
            "path",
            id="the seal in another case",
        ),
        pytest.param(
            relisted(f"/{SIGN}", f"/{SIGN.lower()}"),
            "references",
            "path",
            id="the description in another case",
        ),
        pytest.param(
            renamed(lambda name: name.replace(LIST_PART, LIST_PART.upper())),
            "references",
            "path",
            id="the list in another case",
        ),
        pytest.param(
            renamed(lambda name: name.replace(PAGE, PAGE.lower())),
            "references",
            "path",
            id="a part in another case",
        ),
        pytest.param(
            with_part(sealed(), VALUE, lambda data: data + b"\n"),
            "structure",
            "encoding",
            id="a line end behind",
        ),
        pytest.param(
            with_part(sealed(), VALUE, lambda data: b"\x30\x80" + data[4:] + b"\0\0"),
            "structure",
            "encoding",
            id="BER without lengths",
        ),
        pytest.param(with_part(sealed(), VALUE, base64.b64encode), "structure", "encoding", id="base64"),
        pytest.param(
            with_part(sealed(), VALUE, b"\x30\x03\x02\x01\x01"),
            "structure",
            "malformed",
            id="another structure",
        ),
        pytest.param(
            write_archive({"mimetype": b"application/ofd"} | parts(sealed())),
            "coverage",
            "partial",
            id="a mimetype",
        ),
        pytest.param(
            write_archive(parts(sealed()) | {"OFDEntries.xml": b"<a/>", "signedvalue.dat": b"\x30\x00"}),
            "coverage",
            "partial",
            id="protected as a whole by GM/T 0099",
        ),
    ],
)
def test_what_is_left_open(document: bytes, check: str, reason: str) -> None:
    report = only(document)
    assert outcome(report, check) == ("unknown", reason)
    assert report.verdict is Verdict.UNVERIFIABLE


def test_digests_in_hex_hide_no_alteration() -> None:
    strange = described(PAGE_DIGEST, SM3.hash(b"").hex().encode())
    report = only(with_part(strange, "OFD.xml", lambda data: data + b"\n"))
    assert (report.altered_parts, report.verdict) == (("OFD.xml",), Verdict.INVALID)


def test_a_later_signature_hides_no_reference_that_was_not_compared() -> None:
    """The first signature protects the list, which the second one changes, and a part outside of the document."""
    digest = base64.b64encode(SM3.hash(parts(sealed())[LIST_PART]))
    references = (
        b'<ofd:Reference FileRef="%s"><ofd:CheckValue>' + digest + b"</ofd:CheckValue></ofd:Reference>"
    )
    more = b"".join(references % part for part in (f"/{LIST_PART}".encode(), b"/../elsewhere"))
    first = described(b"</ofd:References>", more + b"</ofd:References>")
    report, _ = inspect(sign_document(first, department(), NOW), trust()).signatures
    assert outcome(report, "references") == ("unknown", "path")


def test_another_case_hides_no_alteration() -> None:
    held = {name.replace(PAGE, PAGE.lower()): data for name, data in parts(sealed()).items()}
    report = only(write_archive(held | {PAGE.lower(): b"<Page/>"}))
    assert (report.altered_parts, report.verdict) == ((PAGE.lower(),), Verdict.INVALID)


@pytest.mark.parametrize(
    ("signed", "shown"),
    [("ss", "\u00df"), ("final", "\ufb01nal"), ("s", "\u017f")],
    ids=["sharp s", "ligature", "long s"],
)
def test_a_part_under_a_name_that_is_folded_alike(signed: str, shown: str) -> None:
    """The picture that says `void` is there under another name, which no reader of the document looks for."""
    members = parts(DOCUMENT) | {f"Doc_0/{signed}.png": b"void"}
    document = parts(apply_seal(write_archive(members), seal(), department(), NOW))
    document[f"Doc_0/{shown}.png"] = document.pop(f"Doc_0/{signed}.png")
    report = only(write_archive(document))
    assert (report.altered_parts, report.verdict) == ((f"Doc_0/{signed}.png",), Verdict.INVALID)


def test_an_encrypted_page() -> None:
    """GM/T 0099: what was signed first and encrypted then is gone, and its name leads to a part that nobody can read."""
    held = {name: data for name, data in parts(sealed()).items() if name != PAGE}
    report = only(write_archive(held | ENCRYPTED))
    assert outcome(report, "references") == ("unknown", "encrypted")
    assert (report.altered_parts, report.verdict) == ((PAGE,), Verdict.UNVERIFIABLE), (
        "it is said what is gone"
    )


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"Encryptions.xml": b""}, id="nothing"),
        pytest.param({"Encryptions.xml": b"<Encryptions/>"}, id="no encryption"),
        pytest.param({"Encryptions.xml": ENCRYPTED["Encryptions.xml"]}, id="no map"),
        pytest.param({"Encryptions.xml": b"<Encryptions><EncryptInfo/></Encryptions>"}, id="no location"),
    ],
)
def test_a_page_that_is_gone_and_not_encrypted(said: dict[str, bytes]) -> None:
    held = {name: data for name, data in parts(sealed()).items() if name != PAGE}
    report = only(write_archive(held | said))
    assert (report.altered_parts, report.verdict) == ((PAGE,), Verdict.INVALID)


@pytest.mark.parametrize("gone", [{PAGE}, set()], ids=["beside one that is gone", "alone"])
def test_encryption_hides_no_alteration(gone: set[str]) -> None:
    held = {name: data for name, data in parts(sealed()).items() if name not in gone}
    report = only(write_archive(held | ENCRYPTED | {"OFD.xml": held["OFD.xml"] + b"\n"}))
    assert (set(report.altered_parts), report.verdict) == (gone | {"OFD.xml"}, Verdict.INVALID)


def test_a_document_that_is_encrypted_as_a_whole() -> None:
    inspection = inspect(write_archive(ENCRYPTED), trust())
    assert (inspection.problem, inspection.verdict) == (
        "the document is encrypted (GM/T 0099)",
        Verdict.UNVERIFIABLE,
    )
