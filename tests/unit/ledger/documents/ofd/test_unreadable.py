"""Signatures and lists of signatures that cannot be read, or are more than is read."""

import time
from functools import cache

import pytest

from ledger.documents.inspection import Kind
from ledger.documents.ofd import references, signatures
from ledger.documents.ofd.archive import write_archive
from ledger.documents.ofd.sealing import LIST_PART, sign_document
from ledger.encoding import der
from ledger.verification.reasons import Verdict
from tests.papers import (
    DESCRIPTION,
    NOW,
    SIGN,
    VALUE,
    department,
    inspected,
    only,
    outcome,
    parts,
    sealed,
    with_part,
    without_part,
)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/../Signature.xml", "malformed"),
        ("", "malformed"),
        ("http://host/Signature.xml", "malformed"),
        ("/nowhere.xml", "missing"),
    ],
)
def test_a_list_that_leads_elsewhere(location: str, reason: str) -> None:
    listed = with_part(
        sealed(), LIST_PART, lambda data: data.replace(f"/{DESCRIPTION}".encode(), location.encode())
    )
    report = only(listed)
    assert outcome(report, "structure") == ("unknown", reason)
    assert (report.version, report.verdict) == (0, Verdict.UNVERIFIABLE)


@pytest.mark.parametrize("name", [DESCRIPTION, VALUE])
@pytest.mark.parametrize("data", [b"", b"<a>", b"\x30\x80\x00\x00", b"\x30\x84\x7f\xff\xff\xff" * 1000])
def test_files_of_a_signature_that_cannot_be_read(name: str, data: bytes) -> None:
    """One of two. The other still says that nothing was altered, and does not vouch for what it cannot place."""
    twice = sign_document(sealed(), department(), NOW)
    other = name.replace("Sign_1", "Sign_2")
    first, second = inspected(with_part(twice, other, data)).signatures
    assert (first.altered_parts, first.verdict) == ((), Verdict.UNVERIFIABLE)
    assert other in first.uncovered_parts
    assert outcome(first, "references") == ("pass", "ok")
    assert outcome(second, "structure") == ("unknown", "encoding" if name == VALUE else "malformed")
    assert second.kind is Kind.OFD_SIGN
    assert second.verdict is Verdict.UNVERIFIABLE


def test_a_signature_value_that_is_missing() -> None:
    report = only(without_part(sealed(), VALUE))
    assert outcome(report, "structure") == ("unknown", "missing")
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda data: data.replace(b"</ofd:SignedInfo>", b"<ofd:Seal/><ofd:Seal/></ofd:SignedInfo>"),
            id="twice",
        ),
        pytest.param(lambda data: data.replace(b"SignedInfo", b"Info"), id="no SignedInfo"),
        pytest.param(lambda data: data.replace(b"SignedValue", b"Value"), id="no SignedValue"),
        pytest.param(lambda data: data.replace(b"CheckValue>", b"CheckValue>*", 1), id="no base64"),
        pytest.param(lambda data: data.replace(b"CheckValue", b"Check"), id="no digest"),
        pytest.param(lambda data: b"<!DOCTYPE x>" + data[data.index(b"\n") + 1 :], id="a document type"),
    ],
)
def test_descriptions_that_cannot_be_read(change: object) -> None:
    assert callable(change)
    report = only(with_part(sealed(), DESCRIPTION, change))
    assert outcome(report, "structure") == ("unknown", "malformed")


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(write_archive({}), id="empty"),
        pytest.param(without_part(sealed(), "OFD.xml"), id="no OFD.xml"),
        pytest.param(without_part(sealed(), LIST_PART), id="no list"),
        pytest.param(with_part(sealed(), LIST_PART, b"<a"), id="a list that is no XML"),
        pytest.param(with_part(sealed(), "OFD.xml", b"<OFD/>" * 2), id="an OFD.xml that is none"),
        pytest.param(
            with_part(
                sealed(),
                "OFD.xml",
                lambda data: data.replace(LIST_PART.encode(), b"../" + LIST_PART.encode()),
            ),
            id="a list elsewhere",
        ),
        pytest.param(
            with_part(
                sealed(),
                "OFD.xml",
                lambda data: data.replace(
                    b"</ofd:OFD>",
                    f"<DocBody><Signatures>{LIST_PART}</Signatures></DocBody></ofd:OFD>".encode(),
                ),
            ),
            id="one list for two bodies",
        ),
    ],
)
def test_documents_whose_list_cannot_be_read(document: bytes) -> None:
    inspection = inspected(document)
    assert inspection.problem
    assert inspection.verdict is Verdict.UNVERIFIABLE


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MAX_REFERENCES", 1)
    assert outcome(only(sealed()), "structure") == ("unknown", "malformed")
    monkeypatch.setattr(references, "MAX_REFERENCES", 100)
    count = parts(sealed())[DESCRIPTION].count(b"<ofd:Reference ")
    monkeypatch.setattr(signatures, "MAX_REFERENCES", count)
    assert only(sealed()).verdict is Verdict.VALID
    monkeypatch.setattr(signatures, "MAX_REFERENCES", count - 1)
    assert "in all" in (inspected(sealed()).problem or "")
    monkeypatch.setattr(references, "MAX_SIGNATURES", 0)
    assert "signatures at most" in (inspected(sealed()).problem or "")


def repeated(members: dict[str, bytes], description: bytes, count: int = 64) -> bytes:
    """A document with so many signatures of one description."""
    listed = "".join(f'<Signature BaseLoc="/{number}.xml"/>' for number in range(count))
    parts = members | {f"{number}.xml": description for number in range(count)}
    return write_archive(parts | {LIST_PART: f"<Signatures>{listed}</Signatures>".encode()})


@cache
def hostile() -> dict[str, bytes]:
    """Documents of which each part is within its limit, and the whole is not meant to end."""
    members = parts(sealed())
    large = members | {"Doc_0/large": bytes(8_000_000)}
    reference = (
        b'<Reference FileRef="/Doc_0/large"><CheckValue>AAAA</CheckValue></Reference></ofd:References>'
    )
    many = members[DESCRIPTION].replace(b"</ofd:References>", reference[:-17] * 5_000 + reference[-17:])
    tiny = b"<Signature>" + b"<a/>" * 20_000 + b"</Signature>"
    value = members | {"value": der.encode(der.SEQUENCE, der.encode(der.OCTET_STRING, bytes(4_000_000)))}
    named = (
        members[DESCRIPTION]
        .replace(f"/{VALUE}".encode(), b"/value")
        .replace(f"/{SIGN}/Seal.esl".encode(), b"/value")
    )
    return {
        "one part named many times": write_archive(large | {DESCRIPTION: many}),
        "a damaged part named many times": write_archive(large | {DESCRIPTION: many}).replace(
            bytes(100), b"x" * 100, 1
        ),
        "many descriptions": repeated(members, many, 16),
        "many descriptions of nothing": repeated(members, tiny, 6),
        "one value many times": repeated(value, named),
    }


@pytest.mark.parametrize(
    "name",
    [
        "one part named many times",
        "a damaged part named many times",
        "many descriptions",
        "many descriptions of nothing",
        "one value many times",
    ],
)
def test_bounded_time(name: str) -> None:
    started = time.process_time()
    assert inspected(hostile()[name]).verdict is not Verdict.VALID
    assert time.process_time() - started < 5
