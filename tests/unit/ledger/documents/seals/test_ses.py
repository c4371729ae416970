"""Seals and their signatures of every version.

Read, written again as the same bytes, and verified by others too.
"""

import base64
from typing import Any, Final

import gmalg
import pytest
from asn1crypto import core

from ledger.crypto import sm2
from ledger.crypto.suites import SHA256, SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2, read_sm2_numbers
from ledger.documents.certificates.certificates import Certificate, decode_certificate
from ledger.documents.certificates.trust_list import SEAL_MAKERS, SIGNERS, Authority, TrustList
from ledger.documents.openers import inspect
from ledger.documents.seals import ses
from ledger.documents.seals.making import make_seal, use_seal
from ledger.documents.seals.ses import decode_seal, decode_signature, is_signature
from ledger.documents.seals.ses_signatures import verify_seal, verify_seal_signature
from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.reasons import Verdict
from tests import papers
from tests.papers import NOW, YEAR, department, draft, maker, outcome, seal, trust

VERSIONS = pytest.mark.parametrize("version", [1, 4, 5])
DESCRIPTION = b"<Signature/>"
DAY: Final = 86_400


def used(version: int = 4, of: bytes | None = None, time: int = NOW) -> bytes:
    return use_seal(of or seal(version), department(), DESCRIPTION, "/Signature.xml", time)


def structure(version: int, data: bytes, *, of_seal: bool = False) -> Any:
    first, later = (
        (structures.Seal1, structures.Seal4) if of_seal else (structures.Signature1, structures.Signature4)
    )
    return (first if version == 1 else later).load(data, strict=True)


def oracle(certificate: Certificate, message: bytes, signature: bytes) -> bool:
    assert certificate.key
    other = gmalg.SM2(pk=b"\x04" + certificate.key.spki[-64:], uid=sm2.IDENTITY)
    numbers = read_sm2_numbers(signature)
    assert numbers
    return bool(other.verify(message, numbers[:32], numbers[32:]))


@VERSIONS
def test_a_seal_says_what_was_put_into_it(version: int) -> None:
    decoded = decode_seal(seal(version))
    assert decoded.version == version
    assert (decoded.identifier, decoded.name, decoded.kind) == ("42900600000001", draft().name, 1)
    assert (decoded.created, decoded.valid_from, decoded.valid_until) == (NOW - 1000, NOW - 1000, NOW + YEAR)
    assert decoded.certificates == (department().certificate.der,)
    assert decoded.picture == draft().picture
    assert decoded.der == seal(version) == structure(version, seal(version), of_seal=True).dump(force=True)
    assert not is_signature(seal(version))


@VERSIONS
def test_a_signature_says_what_was_put_into_it(version: int) -> None:
    decoded = decode_signature(used(version))
    assert (decoded.version, decoded.time) == (version, NOW)
    assert decoded.seal == decode_seal(seal(version))
    assert decoded.property_info == "/Signature.xml"
    assert decoded.certificate == department().certificate.der
    assert decoded.der == used(version) == structure(version, used(version)).dump(force=True)
    assert is_signature(used(version))


@VERSIONS
def test_another_implementation_verifies_what_we_sign(version: int) -> None:
    decoded = decode_signature(used(version))
    assert oracle(department().certificate, decoded.signed_bytes, decoded.signature)
    assert oracle(maker().certificate, decoded.seal.signed_candidates[0], decoded.seal.signature)
    assert not oracle(maker().certificate, decoded.seal.signed_candidates[1], decoded.seal.signature)
    assert not oracle(maker().certificate, decoded.signed_bytes, decoded.signature)


@VERSIONS
def test_we_verify_what_another_implementation_signs(version: int) -> None:
    body = structure(version, used(version))
    secret = papers.key("天门市示例局")._secret
    other = gmalg.SM2(sk=secret, uid=sm2.IDENTITY, rnd_fn=lambda _: 0x1234567)
    made = other.sign(body["to_sign"].dump())
    r, s = (half.rjust(32, b"\0") for half in made)  # it leaves leading zeros out
    for signature in (encode_sm2(r + s), r + s):
        body["signature"] = core.OctetBitString(signature)
        report = verify_seal_signature(decode_signature(body.dump()), DESCRIPTION, trust())
        assert report.verdict is Verdict.VALID


@VERSIONS
def test_every_check_passes(version: int) -> None:
    report = verify_seal_signature(decode_signature(used(version)), DESCRIPTION, trust())
    assert {check.name: check.outcome.value for check in report.checks} == dict.fromkeys(
        ("structure", "data_hash", "signature", "seal_signature", "signer_listed", "validity", "chain"),
        "pass",
    )
    assert report.verdict is Verdict.VALID
    assert (report.signer, report.seal_maker) == ("天门市示例局", "示例制章单位")


@VERSIONS
@pytest.mark.parametrize("part", ["description", "seal", "to_sign"])
def test_any_change_is_seen(version: int, part: str) -> None:
    description, data = DESCRIPTION, used(version)
    expected = {"description": "data_hash", "seal": "seal_signature", "to_sign": "signature"}[part]
    if part == "description":
        description += b" "
    else:
        old, new = {"seal": (b"PNG\r\n", b"PNG\n\n"), "to_sign": (b"/Signature.xml", b"/Signature.xmk")}[part]
        data = data.replace(old, new)
        assert data != used(version)
    report = verify_seal_signature(decode_signature(data), description, trust())
    assert outcome(report, expected) in (("fail", "wrong"), ("fail", "altered"))
    assert report.verdict is Verdict.INVALID


def test_a_signer_who_is_not_listed() -> None:
    """Known to the authority and honestly signed: but the seal is somebody else's."""
    stranger = papers.holder("另一示例局")
    data = use_seal(seal(), stranger, DESCRIPTION, "/Signature.xml", NOW)
    report = verify_seal_signature(decode_signature(data), DESCRIPTION, trust())
    assert outcome(report, "signature") == ("pass", "ok")
    assert outcome(report, "signer_listed") == ("fail", "not_listed")
    assert report.verdict is Verdict.INVALID


@pytest.mark.parametrize("version", [4, 5])
def test_signers_listed_by_digest(version: int) -> None:
    listed = make_seal(draft(version, lists_digests=True), maker())
    decoded = decode_seal(listed)
    assert (decoded.certificates, len(decoded.digests)) == ((), 1)
    report = verify_seal_signature(decode_signature(used(version, listed)), DESCRIPTION, trust())
    assert outcome(report, "signer_listed") == ("pass", "ok")
    other = make_seal(draft(version, lists_digests=True, users=(maker().certificate.der,)), maker())
    report = verify_seal_signature(decode_signature(used(version, other)), DESCRIPTION, trust())
    assert outcome(report, "signer_listed") == ("fail", "not_listed")
    unknown = decode_signature(used(version, other)).der.replace(b"\x13\x03SM3", b"\x13\x03MD5")
    report = verify_seal_signature(decode_signature(unknown), DESCRIPTION, trust())
    assert outcome(report, "signer_listed") == ("unknown", "digest")


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (NOW - 1000, ("pass", "ok")),
        (NOW - 1001, ("fail", "seal")),
        (NOW + YEAR, ("pass", "ok")),
        (NOW + YEAR + 1, ("fail", "certificate")),
    ],
)
def test_in_force_when_it_was_used_and_not_now(time: int, expected: tuple[str, str]) -> None:
    report = verify_seal_signature(decode_signature(used(time=time)), DESCRIPTION, trust())
    assert outcome(report, "validity") == expected
    assert report.signed_at == time
    assert report.verdict is (Verdict.VALID if expected[0] == "pass" else Verdict.UNVERIFIABLE)


@pytest.mark.parametrize(
    ("kind", "octets", "moment"),
    [
        ("utc", b"260302010000Z", NOW),
        ("generalized", b"20260302010000Z", NOW),
        ("generalized", b"20260302010000.763Z", NOW),
        ("generalized", b"20260302090000", NOW),
        ("generalized", b"20260302090000+0800", NOW),
        ("bits", b"20260302010000Z", NOW),
        ("octets", b"2026-03-02 09:00:00", NOW),
        ("bits", bytes.fromhex("170d") + b"260302010000Z", NOW),
        ("bits", bytes.fromhex("180f") + b"20260302010000Z", NOW),
        ("bits", b"\x30\x00", None),
        ("bits", b"", None),
        ("generalized", b"20261302010000Z", None),
        ("generalized", b"yesterday", None),
        ("utc", b"\xff\xff", None),
        ("utc", b"600101000000Z", None),
        ("generalized", b"19691231235959Z", None),
        ("generalized", b"00010101000000+0800", None),
        ("generalized", b"00000000000000Z", None),
        ("octets", b"1960-01-01 00:00:00", None),
        ("generalized", b"99991231235959Z", 253_402_300_799),
        ("generalized", b"99991231235959-0800", None),
        ("generalized", b"20260302010000+9999", None),
    ],
)
def test_times_as_writers_put_them(kind: str, octets: bytes, moment: int | None) -> None:
    body = structure(4, used())
    text = octets.decode("latin-1")
    held_as: dict[str, Any] = {
        "utc": structures.UTCTimeText,
        "generalized": structures.GeneralizedTimeText,
        "bits": core.OctetBitString,
        "octets": core.OctetString,
    }
    made = held_as[kind](text if kind in ("utc", "generalized") else octets)
    body["to_sign"]["time"] = structures.TimeInfo(kind, made)
    body["signature"] = core.OctetBitString(encode_sm2(department().key.sign(body["to_sign"].dump())))
    decoded = decode_signature(body.dump(force=True))
    assert decoded.time == moment
    report = verify_seal_signature(decoded, DESCRIPTION, trust())
    assert outcome(report, "signature") == ("pass", "ok")
    expected = {NOW: ("pass", "ok"), None: ("unknown", "time")}.get(moment, ("fail", "certificate"))
    assert outcome(report, "validity") == expected
    assert (report.to_json()["signed_at"] is None) == (moment is None)


def test_an_extension_with_its_default_written_out() -> None:
    """Against the letter of DER, and in real seals: what the maker signed is what is read."""
    info = structure(4, seal(), of_seal=True)["info"]
    info["extensions"] = structures.Extensions([{"extension": "1.2.3", "critical": False, "value": b"2.1"}])
    made = structure(4, seal(), of_seal=True)
    made["info"] = info
    made["signature"] = core.OctetBitString(encode_sm2(maker().key.sign(info.dump(force=True))))
    report = verify_seal(decode_seal(made.dump(force=True)), trust())
    assert report.verdict is Verdict.VALID


@pytest.mark.parametrize("tagged", ["tagged", "bare"])
@VERSIONS
def test_data_of_the_makers_own(version: int, tagged: str) -> None:
    """The standards, and writers, differ in whether there is a tag around it."""
    body = structure(version, used(version))
    extensions = structures.Extensions([{"extension": "1.2.3", "value": b"2.1"}])
    seal_within = body["to_sign"]["seal"]
    seal_within["info"]["extensions"] = structures.OwnData(tagged, extensions)
    if version != 1:
        body["to_sign"]["extensions"] = structures.OwnData(tagged, extensions)
    decoded = decode_signature(body.dump(force=True))
    covered = decoded.seal.signed_candidates[0]
    (seal_within["signed"] if version == 1 else seal_within)["signature"] = core.OctetBitString(
        encode_sm2(maker().key.sign(covered))
    )
    body["signature"] = core.OctetBitString(
        encode_sm2(department().key.sign(body["to_sign"].dump(force=True)))
    )
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert report.verdict is Verdict.VALID


@pytest.mark.parametrize("kind", ["tagged", "bare"])
def test_where_a_timestamp_stands(kind: str) -> None:
    body = structure(5, used(5))
    body["timestamp"] = structures.Timestamp(kind, core.OctetBitString(b"token"))
    decoded = decode_signature(body.dump(force=True))
    assert (decoded.timestamp, decoded.der) == (b"token", body.dump(force=True))


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        (SHA256.hash(DESCRIPTION), ("pass", "ok")),
        (SM3.hash(b""), ("fail", "altered")),
        (SM3.hash(DESCRIPTION).hex().encode(), ("unknown", "digest")),
        (SM3.hash(DESCRIPTION)[:-1], ("unknown", "digest")),
        (b"", ("unknown", "digest")),
    ],
    ids=["SHA-256", "of something else", "in hex", "cut off", "none"],
)
def test_digests_of_the_description(digest: bytes, expected: tuple[str, str]) -> None:
    body = structure(4, used())
    body["to_sign"]["data_hash"] = structures.Bits("bits", core.OctetBitString(digest))
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "data_hash") == expected


def numbers_as(*heads: bytes) -> bytes:
    """A signature whose numbers have those octets in front."""
    signature = papers.key("天门市示例局").sign(structure(4, used())["to_sign"].dump())
    halves = (head + signature[start : start + 32] for head, start in zip(heads, (0, 32), strict=True))
    return der.encode(der.SEQUENCE, *(der.encode(der.INTEGER, half) for half in halves))


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        (numbers_as(b"", b""), ("pass", "ok")),
        (numbers_as(b"\0", b"\0"), ("pass", "ok")),
        (numbers_as(b"\0\0", b"\0"), ("pass", "ok")),
        (numbers_as(b"\1", b""), ("unknown", "form")),
        (b"\4" + bytes(64), ("unknown", "form")),
        (b"", ("unknown", "form")),
        (bytes(64), ("fail", "wrong")),
    ],
    ids=["no zeros", "a zero", "two zeros", "too large", "65 bytes", "nothing", "zeros"],
)
def test_numbers_as_writers_put_them(signature: bytes, expected: tuple[str, str]) -> None:
    body = structure(4, used())
    body["signature"] = core.OctetBitString(signature)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == expected


IDENTITIES = pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (sm2.IDENTITY, ("pass", "ok")),
        (b"", ("unknown", "identity")),
        (None, ("unknown", "identity")),
        (b"ALICE123@YAHOO.COM", ("fail", "wrong")),
    ],
    ids=["as prescribed", "empty", "no Z", "somebody's"],
)


@IDENTITIES
@VERSIONS
def test_a_use_under_another_identity(
    version: int, identity: bytes | None, expected: tuple[str, str]
) -> None:
    """Whoever leaves the identity empty holds the key and signed; what is not prescribed is not confirmed."""
    body = structure(version, used(version))
    signature = papers.sign_as("天门市示例局", body["to_sign"].dump(), identity)
    body["signature"] = core.OctetBitString(signature)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == expected
    altered = report.verdict is Verdict.INVALID
    assert (altered, report.verdict is Verdict.VALID) == (expected[0] == "fail", expected[0] == "pass")


@IDENTITIES
def test_a_seal_under_another_identity(identity: bytes | None, expected: tuple[str, str]) -> None:
    made = structure(4, seal(), of_seal=True)
    made["signature"] = core.OctetBitString(papers.sign_as("示例制章单位", made["info"].dump(), identity))
    report = verify_seal(decode_seal(made.dump(force=True)), trust())
    assert outcome(report, "seal_signature") == expected


def test_an_empty_identity_hides_no_alteration() -> None:
    body = structure(4, used())
    signature = papers.sign_as("天门市示例局", body["to_sign"].dump() + b"more", b"")
    body["signature"] = core.OctetBitString(signature)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == ("fail", "wrong")


def listing(version: int, *elements: core.Asn1Value) -> bytes:
    """A seal that lists those elements in the place of certificates, honestly made."""
    made = structure(version, make_seal(draft(version), maker()), of_seal=True)
    made["info"]["property"]["certificates"] = structures.ListedUsers([core.Any(one) for one in elements])
    covered = made["info"].dump(force=True)
    signing = made["signed"] if version == 1 else made
    if version == 1:
        covered = der.encode(
            der.SEQUENCE, covered, signing["certificate"].dump(), signing["algorithm"].dump()
        )
    signing["signature"] = core.OctetBitString(encode_sm2(maker().key.sign(covered)))
    encoded: bytes = made.dump(force=True)
    return encoded


OWN = department().certificate.der
OTHERS = maker().certificate.der
PEM = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(OWN) + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([core.OctetString(OWN)], ("pass", "ok")),
        ([core.OctetString(base64.b64encode(OWN))], ("pass", "ok")),
        ([core.OctetString(base64.encodebytes(OWN))], ("pass", "ok")),
        ([core.OctetString(OWN.hex().encode())], ("pass", "ok")),
        ([core.OctetString(PEM)], ("pass", "ok")),
        ([core.UTF8String(base64.b64encode(OWN).decode())], ("pass", "ok")),
        ([core.PrintableString(base64.b64encode(OWN).decode())], ("pass", "ok")),
        ([core.IA5String(OWN.hex().upper())], ("pass", "ok")),
        ([core.Any.load(OWN)], ("pass", "ok")),
        ([core.UTF8String("张三"), core.OctetString(OWN)], ("pass", "ok")),
        ([core.UTF8String("天门市示例局")], ("unknown", "unread")),
        ([core.OctetString("CN=天门市示例局,C=CN".encode())], ("unknown", "unread")),
        ([core.OctetString(b"0123456789")], ("unknown", "unread")),
        ([core.OctetString(b"")], ("unknown", "unread")),
        ([core.Null()], ("unknown", "unread")),
        ([core.OctetString(OTHERS), core.UTF8String("张三")], ("unknown", "unread")),
        ([core.UTF8String(base64.b64encode(OTHERS).decode())], ("fail", "not_listed")),
        ([core.OctetString(OTHERS)], ("fail", "not_listed")),
        ([], ("fail", "not_listed")),
    ],
)
@pytest.mark.parametrize("version", [1, 4])
def test_what_a_list_of_certificates_holds(
    version: int, elements: list[Any], expected: tuple[str, str]
) -> None:
    """Text that is a certificate is read as one; other text names nobody that could be compared."""
    data = listing(version, *elements)
    assert decode_seal(data).der == data
    report = verify_seal_signature(decode_signature(used(version, data)), DESCRIPTION, trust())
    assert outcome(report, "seal_signature") == ("pass", "ok")
    assert outcome(report, "signer_listed") == expected
    verdicts = {"pass": Verdict.VALID, "unknown": Verdict.UNVERIFIABLE, "fail": Verdict.INVALID}
    assert report.verdict is verdicts[expected[0]]


@pytest.mark.parametrize(
    ("algorithm", "value", "expected"),
    [
        ("SM3", SM3.hash(OWN).hex().encode(), ("pass", "ok")),
        ("SM3", base64.b64encode(SM3.hash(OWN)), ("pass", "ok")),
        ("1.2.156.10197.1.401.2", SM3.hash(OWN), ("pass", "ok")),
        ("1.2.156.10197.1.401.2", SM3.hash(OTHERS), ("unknown", "digest")),
        ("SM3", SM3.hash(OWN)[:20], ("unknown", "digest")),
        ("SM3", SM3.hash(OTHERS).hex().encode(), ("fail", "not_listed")),
    ],
)
def test_what_a_list_of_digests_holds(algorithm: str, value: bytes, expected: tuple[str, str]) -> None:
    made = structure(4, make_seal(draft(4, lists_digests=True), maker()), of_seal=True)
    made["info"]["property"]["certificates"] = core.Any(
        structures.CertificateDigests([{"type": algorithm, "value": value}])
    )
    covered = made["info"].dump(force=True)
    made["signature"] = core.OctetBitString(encode_sm2(maker().key.sign(covered)))
    data = used(4, made.dump(force=True))
    report = verify_seal_signature(decode_signature(data), DESCRIPTION, trust())
    assert outcome(report, "signer_listed") == expected


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (NOW - 100 * DAY, NOW + YEAR, ("pass", "ok")),
        (NOW - 3 * DAY, NOW + YEAR, ("pass", "ok")),
        (NOW - DAY, NOW - 1, ("unknown", "period")),
        (NOW + 1, NOW + YEAR, ("unknown", "period")),
        (NOW - YEAR, NOW - 6 * DAY, ("unknown", "period")),
    ],
    ids=["at both", "at its use", "over before its use", "not yet at its use", "over before it was made"],
)
def test_a_seal_made_before_its_makers_certificate(since: int, until: int, expected: tuple[str, str]) -> None:
    """Made five days before it was used, by a maker whom the city lists itself."""
    of_maker = papers.root().issue("制章", papers.key("制章"), serial=9, not_before=since, not_after=until)
    made = make_seal(draft(created=NOW - 5 * DAY, valid_from=NOW - 5 * DAY), of_maker)
    (authority,) = trust().authorities
    signers = Authority("", authority.certificate, frozenset({SIGNERS}))
    listed = Authority("", of_maker.certificate, frozenset({SEAL_MAKERS}))
    city = TrustList("", None, (signers, listed))
    report = verify_seal_signature(decode_signature(used(4, made)), DESCRIPTION, city)
    assert outcome(report, "chain") == expected
    alone = verify_seal(decode_seal(made), city)
    assert outcome(alone, "chain") == (
        ("pass", "ok") if since < NOW - 5 * DAY < until else ("unknown", "period")
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_in_either_encoding(encoding: str) -> None:
    made = structure(4, seal(), of_seal=True)
    made["info"]["property"]["name"] = "天门".encode(encoding).decode("latin-1")
    made["info"]["identifier"] = "编号\x1b[31m".encode(encoding).decode("latin-1")
    decoded = decode_seal(made.dump(force=True))
    assert decoded.name == "天门"
    assert decoded.identifier == "编号\ufffd[31m"


@pytest.mark.parametrize("oid", ["1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11", "1.2.3"])
def test_other_algorithms_are_left_open(oid: str) -> None:
    body = structure(4, used())
    body["algorithm"] = core.ObjectIdentifier(oid)
    body["to_sign"]["seal"]["algorithm"] = core.ObjectIdentifier(oid)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == outcome(report, "seal_signature") == ("unknown", "algorithm")
    assert report.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize("oid", ["1.2.156.10197.1.301", "1.2.156.10197.1.301.1", "1.2.156.10197.1.501"])
def test_the_names_of_sm2(oid: str) -> None:
    body = structure(4, used())
    body["algorithm"] = core.ObjectIdentifier(oid)
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert report.verdict is Verdict.VALID


@pytest.mark.parametrize("member", ["valid_from", "valid_until"])
def test_a_seal_whose_dates_cannot_be_read(member: str) -> None:
    body = structure(4, used())
    body["to_sign"]["seal"]["info"]["property"][member] = structures.Time(
        "generalized", structures.GeneralizedTimeText("always")
    )
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "validity") == ("unknown", "time")


def test_certificates_that_cannot_be_read() -> None:
    body = structure(4, used())
    body["certificate"] = core.OctetString(b"\x30\x00")
    body["to_sign"]["seal"]["certificate"] = core.OctetString(b"")
    report = verify_seal_signature(decode_signature(body.dump(force=True)), DESCRIPTION, trust())
    assert outcome(report, "signature") == outcome(report, "seal_signature") == ("unknown", "certificate")
    assert outcome(report, "chain") == ("unknown", "signer")
    assert outcome(report, "validity") == ("unknown", "time")
    assert (report.signer, report.seal_maker) == (None, None)


@VERSIONS
def test_cut_off(version: int) -> None:
    for data, decode in ((seal(version), decode_seal), (used(version), decode_signature)):
        for end in range(0, len(data), 7):
            with pytest.raises(MalformedInput):
                decode(data[:end])
            assert inspect(data[:end], trust()).verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x30\x00", id="empty"),
        pytest.param(bytes.fromhex("30040201000500")[:6] + b"", id="not a seal"),
        pytest.param(seal() + b"\x00", id="data behind"),
        pytest.param(seal().replace(b"\x16\x02ES", b"\x16\x02SE"), id="another header"),
        pytest.param(seal().replace(b"\x02\x01\x01\x30", b"\x02\x01\x03\x30"), id="another kind of list"),
        pytest.param(der.encode(der.SEQUENCE, *[bytes.fromhex("0500")] * 4), id="nothing in it"),
    ],
)
def test_other_structures_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        decode_seal(data)
    assert inspect(data, trust()).verdict is Verdict.UNVERIFIABLE


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LimitExceeded, match="lists"):
        make_seal(draft(users=(b"",) * (ses.MAX_LISTED_USERS + 1)), maker())
    monkeypatch.setattr(ses, "MAX_BYTES", 100)
    with pytest.raises(LimitExceeded, match="bytes"):
        decode_seal(seal())


def test_a_seal_alone() -> None:
    report = verify_seal(decode_seal(seal(5)), trust())
    assert report.verdict is Verdict.VALID
    assert (report.signer, report.signed_at, report.seal_name) == (None, None, draft().name)
    altered = verify_seal(decode_seal(seal(5).replace(b"PNG\r\n", b"PNG\n\n")), trust())
    assert outcome(altered, "seal_signature") == ("fail", "wrong")
    assert decode_certificate(decode_seal(seal(5)).certificate) == maker().certificate


def test_a_signature_without_its_document() -> None:
    (report,) = inspect(used(), trust()).signatures
    assert outcome(report, "data_hash") == ("unknown", "no_document")
    assert outcome(report, "signature") == ("pass", "ok")
    assert report.verdict is Verdict.UNVERIFIABLE
