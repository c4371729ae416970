"""Real documents, seals and signatures, against what an independent program found in them."""

import random
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.documents.asn1 import structures
from ledger.documents.certificates.certificates import decode_certificate
from ledger.documents.certificates.trust_list import ROLES, Authority, TrustList, decode_trust_list
from ledger.documents.findings import pick_worst
from ledger.documents.ofd.archive import open_archive, write_archive
from ledger.documents.ofd.references import describe, list_signatures
from ledger.documents.openers import inspect
from ledger.documents.seals.ses import decode_seal, decode_signature, is_signature
from ledger.encoding import der
from ledger.errors import MalformedInput
from ledger.verification.reasons import Verdict

CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus" / "ofd"
FOXIT: Final = CORPUS.parent / "field" / "ofd-foxit-deflate-trailer"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs the outside test data of {CORPUS}")

ALTERED: Final = ("OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml")
#: File: kind, version, seal, references, altered parts of each signature (corpus/README.md).
FINDINGS: Final[dict[str, list[tuple[str, int, str | None, int, tuple[str, ...]]]]] = {
    "1.ofd": [("ses", 4, "国家税务总局浙江省税务局", 13, ())],
    "signedFile.ofd": [("ses", 4, "国家税务总局江苏省税务局", 13, ())],
    "v4signed.ofd": [("ses", 4, "测试全国统一发票监制章国家税务总局重庆市税务局", 13, ())],
    "SESV4SignDoc.ofd": [("ses", 4, "OFD R&W 测试用印章", 5, ())],
    "V4RideRight.ofd": [("ses", 4, "OFD R&W 测试用印章", 9, ())],
    "allprotected.ofd": [("ses", 4, "OFD R&W 测试用印章", 6, ())],
    "DigitalSign.ofd": [("ofd-sign", 0, None, 4, ())],
    "keyword.ofd": [
        ("ses", 4, "淄博市周村区自然资源局(不动产登记专用章)", 7, ALTERED),
        ("ofd-sign", 1, None, 9, ALTERED),
    ],
}
WITH_SEAL_FILE: Final = {"SESV4SignDoc.ofd", "V4RideRight.ofd", "allprotected.ofd", "keyword.ofd"}
ALONE: Final = {
    "UserV1.esl": 1,
    "UserV4.esl": 4,
    "UserV5.esl": 5,
    "SignedValueV4.dat": 4,
    "SignedValueV5.dat": 5,
}


def read(name: str) -> bytes:
    return (CORPUS / name).read_bytes()


def structures_within() -> dict[str, bytes]:
    """Every seal and seal signature of the corpus."""
    contents = {name: read(name) for name in ALONE}
    for name in FINDINGS:
        archive = open_archive(read(name))
        for part in archive.names:
            if part.endswith((".esl", "SignedValue.dat")):
                contents[f"{name} {part}"] = archive.read(part)
    return {name: data for name, data in contents.items() if der.read_children(data)[0][0] == der.SEQUENCE}


@pytest.mark.parametrize("name", FINDINGS)
def test_documents(name: str) -> None:
    inspection = inspect(read(name))
    assert inspection.problem is None
    for report, (kind, version, seal_name, references, altered) in zip(
        inspection.signatures, FINDINGS[name], strict=True
    ):
        outcomes = {check.name: check.outcome.value for check in report.checks}
        assert (report.kind, report.version, report.seal_name) == (kind, version, seal_name)
        assert report.altered_parts == altered
        assert outcomes["references"] == ("fail" if altered else "pass")
        assert report.verdict is (
            Verdict.INVALID if altered else Verdict.UNVERIFIABLE
        )  # nobody is trusted here
        assert report.covers_all is not bool(altered)
        assert references == len(described(name)[report.kind])
        if name == "DigitalSign.ofd":
            assert outcomes["signature"] == "unknown"
            continue
        assert outcomes["data_hash"] == outcomes["signature"] == "pass"
        if report.kind == "ses":
            assert outcomes["seal_signature"] == outcomes["signer_listed"] == "pass"
            assert outcomes.get("seal_file") == ("pass" if name in WITH_SEAL_FILE else None)


def described(name: str) -> dict[str, Any]:
    archive = open_archive(read(name))
    return {
        "ofd-sign" if one.type == "Sign" else "ses": describe(archive, one.part or "").references
        for one in list_signatures(archive)
    }


@pytest.mark.parametrize("name", ALONE)
def test_seals_and_signatures_alone(name: str) -> None:
    (report,) = inspect(read(name)).signatures
    assert (report.kind, report.version) == ("ses", ALONE[name])
    outcomes = {check.name: check.outcome.value for check in report.checks}
    assert outcomes["seal_signature"] == "pass"
    assert outcomes.get("signature", "pass") == "pass"
    assert report.verdict is Verdict.UNVERIFIABLE


def test_every_structure_is_written_again_as_the_same_bytes() -> None:
    kinds = set()
    for name, data in structures_within().items():
        if is_signature(data):
            signature = decode_signature(data)
            kind: Any = structures.Signature1 if signature.version == 1 else structures.Signature4
            assert signature.der == data, name
        else:
            seal = decode_seal(data)
            kind = structures.Seal1 if seal.version == 1 else structures.Seal4
            assert seal.der == data, name
        assert kind.load(data, strict=True).dump(force=True) == data, name
        kinds.add(kind)
    assert len(kinds) == 3


def test_a_certificate_that_made_a_bare_signature() -> None:
    """DigitalSign.ofd names nobody: the signer of the other documents of that origin made it, if a city lists that one."""
    signer = decode_certificate(decode_signature(read("SignedValueV4.dat")).signer_certificate)
    trusted = TrustList("", None, (Authority("", signer, frozenset(ROLES)),))
    (report,) = inspect(read("DigitalSign.ofd"), trusted).signatures
    assert (report.signer, report.verdict) == ("Test Certificate", Verdict.VALID)


@cache
def everyone() -> TrustList:
    """A city that trusts whoever signed anything here, so that only the documents themselves decide."""
    signed = [decode_signature(data) for data in structures_within().values() if is_signature(data)]
    held = {
        certificate for one in signed for certificate in (one.signer_certificate, one.seal.maker_certificate)
    }
    listed = [decode_certificate(one) for one in sorted(held)]
    return TrustList("", None, tuple(Authority(one.name, one, frozenset(ROLES)) for one in listed))


@pytest.mark.parametrize("name", FINDINGS)
def test_a_bit_of_any_part(name: str) -> None:
    """Flipped anywhere but in a list of signatures, a document is not valid, and never better than it was."""
    archive = open_archive(read(name))
    held = {part: archive.read(part) for part in archive.names}
    lists = {one.list_part for one in list_signatures(archive)}
    before, draw = inspect(read(name), everyone()), random.Random(name)
    for part in [part for part in held if held[part] and part not in lists for _ in range(4)]:
        flipped = bytearray(held[part])
        flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
        after = inspect(write_archive(held | {part: bytes(flipped)}), everyone())
        assert after.verdict is not Verdict.VALID
        assert after.problem or pick_worst((before.verdict, after.verdict)) is after.verdict


@pytest.mark.parametrize("name", [*FINDINGS, *ALONE])
def test_cut_off(name: str) -> None:
    data = read(name)
    for end in range(0, len(data), max(1, len(data) // 50)):
        inspection = inspect(data[:end])
        assert inspection.problem
        assert inspection.verdict is Verdict.UNVERIFIABLE


def test_trust_on_the_city_list() -> None:
    """The test certificates of ofdrw, taken as trusted themselves: then nothing is left open."""
    signature = decode_signature(read("SignedValueV4.dat"))
    pinned = [
        decode_certificate(one) for one in (signature.signer_certificate, signature.seal.maker_certificate)
    ]
    trusted = TrustList("", None, tuple(Authority(one.name, one, frozenset(ROLES)) for one in pinned))
    for name, verdict in (("V4RideRight.ofd", Verdict.VALID), ("SESV4SignDoc.ofd", Verdict.UNVERIFIABLE)):
        (report,) = inspect(read(name), trusted).signatures
        assert report.verdict is verdict  # the second was sealed four years after its certificate had run out
    with pytest.raises(MalformedInput):
        decode_seal(read("SignedValueV4.dat"))


@pytest.mark.skipif(not FOXIT.is_dir(), reason=f"needs the outside test data of {FOXIT}")
@pytest.mark.parametrize("name", ["base.ofd", "foxit-adler.ofd"])
def test_a_checksum_behind_each_stream(name: str) -> None:
    """Packed plainly, and as a real writer packs it."""
    trusted = decode_trust_list((FOXIT / "trust.json").read_bytes())
    inspection = inspect((FOXIT / name).read_bytes(), trusted)
    assert (inspection.problem, inspection.verdict) == (None, Verdict.VALID)
