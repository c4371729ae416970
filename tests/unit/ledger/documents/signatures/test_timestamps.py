"""Timestamps: whose word counts and for what.

Whatever is wrong with one, an intact document is never called a forgery.
"""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import gmalg
import pytest
from asn1crypto import algos, cms, core, keys, tsp, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.timestamps import DummyTimeStamper

from ledger.crypto import sm2
from ledger.crypto.suites import SHA256, SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2, read_sm2_numbers
from ledger.documents.certificates.certificates import decode_certificate
from ledger.documents.certificates.issuing import TIMESTAMPING_PURPOSE, Holder
from ledger.documents.certificates.trust_list import SIGNERS, Authority, TrustList, decode_trust_list
from ledger.documents.findings import Check, failed, passed, unknown
from ledger.documents.seals.making import use_seal
from ledger.documents.seals.ses import decode_seal, decode_signature
from ledger.documents.seals.ses_signatures import verify_seal, verify_seal_signature
from ledger.documents.signatures.timestamps import (
    MAX_SIGNER_LEAD_SECONDS,
    MAX_TOKENS,
    PROMPT_SECONDS,
    TimestampReport,
    check_timestamps,
    decode_token,
    merge_checks,
)
from ledger.encoding import der
from ledger.errors import MalformedInput
from ledger.verification.reasons import Verdict
from tests import papers, stamping
from tests.papers import (
    NOW,
    PAGE,
    SIGN,
    YEAR,
    department,
    only,
    outcome,
    root,
    seal,
    sealed,
    trust,
    with_part,
)
from tests.stamping import LATER, TST_INFO, attributes, certified, info, names, pkcs8, stamper, token

VALUE: Final = b"the value of a signature"
DESCRIPTION: Final = b"<Signature/>"
OK: Final = passed("timestamp")
NO_SUCH: Final = {"algorithm": "1.2.3.4"}


def check(data: bytes, stated: int | None = NOW, trusted: TrustList | None = None) -> Check:
    """What becomes of one token on VALUE, in a city that trusts the fictional authority."""
    (stamps,) = check_timestamps([data], VALUE, stated, trusted or trust()).checks
    return stamps


def changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    """A token with its SignedData changed in place; what its authority signed is left as it was."""
    made = structures.SignedDataInfo.load(data, strict=True)
    change(made["content"])
    encoded: bytes = made.dump(force=True)
    return encoded


def with_signers(count: int) -> bytes:
    def change(body: Any) -> None:
        signer = structures.SignerInfo.load(body["signers"][0].dump())
        body["signers"] = structures.SignerInfos([signer] * count)

    return changed(token(VALUE), change)


def without_certificate() -> bytes:
    return changed(token(VALUE), lambda body: body.__setitem__("certificates", structures.AnySet([])))


def without_attributes() -> bytes:
    """The content itself is signed, as CMS allows for data and for nothing else."""
    content = info(VALUE)
    plain = encode_sm2(stamper().key.sign(content))
    return token(VALUE, content=content, signed_attributes=None, signature=plain)


def with_long_length(element: bytes) -> bytes:
    inner = der.read_content(element)
    return element[:1] + b"\x83" + len(inner).to_bytes(3, "big") + inner


def of(kind: str) -> bytes:
    """A SignedData over another kind of content, which is a TSTInfo all the same."""
    return changed(token(VALUE), lambda body: body["content"].__setitem__("type", kind))


def test_a_good_timestamp() -> None:
    decoded = decode_token(token(VALUE))
    assert decoded.time == LATER
    assert decoded.signer.certificate == stamper().certificate
    assert check_timestamps([token(VALUE)], VALUE, NOW, trust()) == TimestampReport((OK,), LATER)


HMAC_SM3: Final = "1.2.156.10197.1.401.2"
SIGNED_ATTRIBUTES: Final = der.encode(
    der.SET,
    der.read_content(
        structures.AttributeSets(attributes(info(VALUE), names(stamper().certificate.der))).dump()
    ),
)


def test_a_timestamp_under_a_neighbour_of_sm3() -> None:
    """It fits SM3, and so it is SM3."""
    imprint = {"hash_algorithm": {"algorithm": HMAC_SM3}, "hashed_message": SM3.hash(VALUE)}
    assert check(token(VALUE, content=info(VALUE, message_imprint=imprint))) == OK
    assert check(token(VALUE, digest_algorithm={"algorithm": HMAC_SM3})) == OK


#: What can be wrong with a timestamp, and what it comes to.
SPOILT: Final[dict[str, tuple[bytes, Check]]] = {
    "of something else": (token(b"other"), failed("timestamp", "other")),
    "another digest under a neighbour of SM3": (
        token(VALUE, content=info(VALUE, message_imprint={
            "hash_algorithm": {"algorithm": HMAC_SM3}, "hashed_message": SHA256.hash(VALUE),
        })),
        unknown("timestamp", "digest"),
    ),
    "an empty identity": (
        token(VALUE, signature=papers.sign_as("示例时间戳机构", SIGNED_ATTRIBUTES, b"")),
        unknown("timestamp", "identity"),
    ),
    "an imprint by SHA-1": (
        token(VALUE, content=info(VALUE, message_imprint={
            "hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20),
        })),
        unknown("timestamp", "digest"),
    ),
    "another signature": (
        token(VALUE, signature=encode_sm2(stamper().key.sign(b"other"))), failed("timestamp", "wrong"),
    ),
    "somebody else's signature": (
        token(VALUE, signature=encode_sm2(root().key.sign(info(VALUE)))), failed("timestamp", "wrong"),
    ),
    "somebody else's certificate": (
        changed(token(VALUE, by=papers.root("另一根证书")), lambda body: body.__setitem__(
            "certificates", [core.Any.load(stamper().certificate.der)],
        )),
        unknown("timestamp", "no_certificate"),
    ),
    "content altered": (
        changed(token(VALUE), lambda body: body["content"].__setitem__("content", info(VALUE, LATER - 9))),
        failed("timestamp", "wrong"),
    ),
    "attributes of another content": (
        token(VALUE, signed=attributes(b"other")), failed("timestamp", "wrong"),
    ),
    "attributes of another kind": (
        token(VALUE, signed=attributes(info(VALUE), kind="1.2.840.113549.1.7.1")), failed("timestamp", "wrong"),
    ),
    "attributes of no kind": (token(VALUE, signed=attributes(info(VALUE))[1:]), failed("timestamp", "wrong")),
    "attributes of no content": (token(VALUE, signed=attributes(info(VALUE))[:1]), failed("timestamp", "wrong")),
    "no attributes": (without_attributes(), failed("timestamp", "wrong")),
    "attributes digested by SHA-1": (
        token(VALUE, digest_algorithm={"algorithm": "1.3.14.3.2.26"}), unknown("timestamp", "digest"),
    ),
    "another certificate named": (
        token(VALUE, signed=attributes(info(VALUE), names(root().certificate.der))),
        failed("timestamp", "wrong"),
    ),
    "an unknown algorithm": (token(VALUE, signature_algorithm=NO_SUCH), unknown("timestamp", "algorithm")),
    "ECDSA by a key for SM2": (
        token(VALUE, signature_algorithm={"algorithm": "1.2.840.10045.4.3.2"}),
        unknown("timestamp", "algorithm"),
    ),
    "no certificate": (without_certificate(), unknown("timestamp", "no_certificate")),
    "a certificate for anything": (token(VALUE, by=department()), failed("timestamp", "purpose")),
    "a certificate for more": (
        token(VALUE, by=stamper(purposes=(TIMESTAMPING_PURPOSE, "1.3.6.1.5.5.7.3.4"))), failed("timestamp", "purpose"),
    ),
    "a certificate that had run out": (
        token(VALUE, by=stamper(until=LATER - 1)), failed("timestamp", "certificate"),
    ),
    "a certificate that was to come": (
        token(VALUE, by=stamper(since=LATER + 1)), failed("timestamp", "certificate"),
    ),
    "older than the stated time": (token(VALUE, NOW - MAX_SIGNER_LEAD_SECONDS - 1), failed("timestamp", "before")),
    "no DER": (b"token", unknown("timestamp", "malformed")),
    "nothing": (b"", unknown("timestamp", "malformed")),
    "huge": (bytes(2_000_000), unknown("timestamp", "malformed")),
    "a seal": (seal(), unknown("timestamp", "malformed")),
    "data signed": (of("1.2.840.113549.1.7.1"), unknown("timestamp", "malformed")),
    "another content": (token(VALUE, content=b"\x30\x00"), unknown("timestamp", "malformed")),
    "content that is no DER": (token(VALUE, content=with_long_length(info(VALUE))), unknown("timestamp", "malformed")),
    "no content": (
        changed(token(VALUE), lambda body: body.__setitem__("content", {"type": TST_INFO})),
        unknown("timestamp", "malformed"),
    ),
    "no signer": (with_signers(0), unknown("timestamp", "malformed")),
    "two signers": (with_signers(2), unknown("timestamp", "malformed")),
    "a later version": (token(VALUE, content=info(VALUE, version="v3")), unknown("timestamp", "malformed")),
    "an extension to be understood": (
        token(VALUE, content=info(VALUE, extensions=[
            {"extn_id": "1.2.3", "critical": True, "extn_value": b""},
        ])),
        unknown("timestamp", "malformed"),
    ),
    "no time": (
        token(VALUE, content=info(VALUE).replace(b"20260302", b"20261302")), unknown("timestamp", "malformed"),
    ),
    "nobody named": (
        token(VALUE, signed=attributes(
            info(VALUE), stamping.attribute(stamping.SIGNING_CERTIFICATE, tsp.SigningCertificateV2({"certs": []})),
        )),
        unknown("timestamp", "malformed"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), SPOILT.values(), ids=[*SPOILT])
def test_what_is_wrong_with_a_timestamp(data: bytes, expected: Check) -> None:
    assert check(data) == expected


def stamped(by: Callable[[bytes], bytes], *, of_seal: bool = False, version: int = 5) -> bytes:
    """A use of a seal with a timestamp on it, or on the seal in it: then it is signed over that."""
    body: Any = structures.Signature4.load(use(version), strict=True)
    stamped_part = body["to_sign"]["seal"] if of_seal else body
    stamped_part["timestamp"] = tagged(by(stamped_part["signature"].native))
    if of_seal:
        signature = department().key.sign(body["to_sign"].dump(force=True))
        body["signature"] = core.OctetBitString(encode_sm2(signature))
    made: bytes = body.dump(force=True)
    return made


def tagged(stamp: bytes) -> Any:
    return structures.Timestamp("tagged", core.OctetBitString(stamp, explicit=0))


def use(version: int = 5) -> bytes:
    return use_seal(seal(version), department(), DESCRIPTION, "/Signature.xml", NOW)


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("of_seal", [False, True], ids=["on the signature", "on the seal"])
def test_whatever_is_wrong_with_it_the_document_is_no_forgery(name: str, *, of_seal: bool) -> None:
    """Anybody can spoil a timestamp or put one there: that cannot be told from an authority's fault, and proves nothing."""
    data = decode_signature(stamped(lambda _: SPOILT[name][0], of_seal=of_seal))
    report = verify_seal_signature(data, DESCRIPTION, trust())
    assert outcome(report, "timestamp") != ("pass", "ok")
    assert {one.outcome for one in report.checks if one.name != "timestamp"} == {"pass"}
    assert report.verdict is Verdict.UNVERIFIABLE
    assert report.stamped_at is None or name == "older than the stated time"


@pytest.mark.parametrize("version", [4, 5])
def test_a_timestamp_on_a_use_of_a_seal(version: int) -> None:
    report = verify_seal_signature(decode_signature(stamped(token, version=version)), DESCRIPTION, trust())
    assert report.verdict is Verdict.VALID
    assert outcome(report, "timestamp") == ("pass", "ok")
    assert (report.signed_at, report.stamped_at) == (NOW, LATER)
    assert report.to_json()["stamped_at"] == "2026-03-02T01:00:05Z"


def test_a_timestamp_on_a_seal() -> None:
    signed = decode_signature(stamped(token, of_seal=True))
    report = verify_seal_signature(signed, DESCRIPTION, trust())
    assert (report.verdict, outcome(report, "timestamp")) == (Verdict.VALID, ("pass", "ok"))
    assert report.stamped_at is None, "the timestamp says when the seal was made, not when it was used"
    alone = verify_seal(decode_seal(signed.seal.der), trust())
    assert (alone.verdict, alone.stamped_at) == (Verdict.VALID, LATER)
    spoilt = decode_signature(stamped(lambda _: token(b"other"), of_seal=True)).seal
    alone = verify_seal(spoilt, trust())
    assert (alone.verdict, outcome(alone, "timestamp")) == (Verdict.UNVERIFIABLE, ("fail", "other"))


def test_a_good_timestamp_on_the_seal_and_a_bad_one_on_its_use() -> None:
    signed = decode_signature(stamped(token, of_seal=True))
    spoilt = replace(signed, timestamp=token(b"other"))
    report = verify_seal_signature(spoilt, DESCRIPTION, trust())
    assert (outcome(report, "timestamp"), report.stamped_at) == (("fail", "other"), None)


def test_a_timestamp_in_an_ofd() -> None:
    """Put there or taken away afterwards: no part that the seal protects."""

    def add(data: bytes) -> bytes:
        body: Any = structures.Signature4.load(data, strict=True)
        body["timestamp"] = tagged(token(body["signature"].native))
        made: bytes = body.dump(force=True)
        return made

    document = with_part(sealed(), f"{SIGN}/SignedValue.dat", add)
    report = only(document)
    assert (report.verdict, report.stamped_at) == (Verdict.VALID, LATER)
    altered = only(with_part(document, PAGE, b"<Page/>"))
    assert outcome(altered, "timestamp") == ("pass", "ok")
    assert altered.verdict is Verdict.INVALID, "a good timestamp mends nothing"
    assert only(sealed()).verdict is Verdict.VALID


@pytest.mark.parametrize("good", [True, False], ids=["good", "spoilt"])
def test_a_timestamp_on_a_signature_without_a_seal(*, good: bool) -> None:
    def add(data: bytes) -> bytes:
        made = structures.SignedDataInfo.load(data, strict=True)
        signer = made["content"]["signers"][0]
        stamp = token(signer["signature"].native if good else b"other")
        signer["unsigned_attributes"] = [
            {"type": "1.2.840.113549.1.9.16.2.14", "values": [core.Any.load(stamp)]}
        ]
        encoded: bytes = made.dump(force=True)
        return encoded

    report = only(with_part(papers.signed(), f"{SIGN}/SignedValue.dat", add))
    if good:
        assert (report.verdict, report.stamped_at) == (Verdict.VALID, LATER)
    else:
        assert outcome(report, "timestamp") == ("fail", "other")
        assert (report.verdict, report.stamped_at) == (Verdict.UNVERIFIABLE, None)


def test_several_timestamps() -> None:
    """The first that is not good decides what is said; the oldest good one until when the signature was made."""
    early, late, bad = token(VALUE, LATER), token(VALUE, LATER + 9), token(b"other")
    assert check_timestamps([late, early], VALUE, NOW, trust()) == TimestampReport((OK, OK), LATER)
    stamps = check_timestamps([late, bad], VALUE, NOW, trust())
    assert stamps == TimestampReport((OK, failed("timestamp", "other")), LATER + 9)
    too_many = check_timestamps([early] * (MAX_TOKENS + 1), VALUE, NOW, trust())
    assert too_many == TimestampReport((unknown("timestamp", "malformed"),), None)
    assert check_timestamps([], VALUE, NOW, trust()) == TimestampReport((), None)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (MAX_SIGNER_LEAD_SECONDS, OK),
        (MAX_SIGNER_LEAD_SECONDS + 1, failed("timestamp", "before")),
        (-PROMPT_SECONDS, OK),
        (-PROMPT_SECONDS - 1, passed("timestamp", "late")),
        (None, OK),
    ],
    ids=["clock ahead", "dated later", "within a day", "long after", "no time stated"],
)
def test_the_time_that_the_signer_states(ahead: int | None, expected: Check) -> None:
    stated = None if ahead is None else LATER + ahead
    assert check_timestamps([token(VALUE)], VALUE, stated, trust()) == TimestampReport((expected,), LATER)


LATE: Final = passed("timestamp", "late")


def test_late_is_what_the_first_of_several_is() -> None:
    late, later, prompt = (token(VALUE, NOW + after) for after in (PROMPT_SECONDS + 1, PROMPT_SECONDS + 9, 5))
    for tokens in ([late, later], [later, late]):
        assert check_timestamps(tokens, VALUE, NOW, trust()) == TimestampReport(
            (LATE, LATE), NOW + PROMPT_SECONDS + 1
        )
    for tokens in ([late, prompt], [prompt, late]):
        assert check_timestamps(tokens, VALUE, NOW, trust()) == TimestampReport((OK, OK), LATER)


def test_what_is_said_of_several_timestamps() -> None:
    bad = failed("timestamp", "other")
    assert merge_checks() == ()
    assert merge_checks(OK, OK) == (OK,)
    assert merge_checks(LATE, OK) == merge_checks(OK, LATE) == (LATE,)
    assert merge_checks(LATE, bad, OK) == merge_checks(OK, bad, unknown("timestamp", "malformed")) == (bad,)


def test_a_prompt_timestamp_on_the_seal_hides_no_late_one_on_its_use() -> None:
    signed = decode_signature(stamped(token, of_seal=True))
    late = replace(signed, timestamp=token(signed.signature, NOW + PROMPT_SECONDS + 1))
    report = verify_seal_signature(late, DESCRIPTION, trust())
    assert (outcome(report, "timestamp"), report.verdict) == (("pass", "late"), Verdict.VALID)


def test_a_certificate_whose_period_cannot_be_read() -> None:
    made = structures.X509Certificate.load(stamper().certificate.der, strict=True)
    never = structures.Time("generalized", structures.GeneralizedTimeText("never"))
    made["to_be_signed"]["validity"]["not_after"] = never
    body = made["to_be_signed"].dump(force=True)
    made["signature"] = core.OctetBitString(encode_sm2(root().key.sign(body)))
    by = Holder(decode_certificate(made.dump(force=True)), stamper().key)
    assert check(token(VALUE, by=by)) == unknown("timestamp", "time")


def test_who_is_on_the_list_for_what() -> None:
    (authority,) = trust().authorities
    for_signers = TrustList("", None, (Authority("", authority.certificate, frozenset({SIGNERS})),))
    assert check(token(VALUE), trusted=for_signers) == unknown("timestamp", "timestamper")
    assert check(token(VALUE), trusted=trust("另一根证书")) == unknown("timestamp", "timestamper")
    (unlisted,) = check_timestamps([token(VALUE)], VALUE, NOW, None).checks
    assert unlisted == unknown("timestamp", "no_trust_list")
    pem = certificates.load_der_x509_certificate(authority.certificate.der).public_bytes(Encoding.PEM)
    assert check(token(VALUE), trusted=decode_trust_list(pem)) == OK


def test_an_authority_that_was_not_in_force() -> None:
    long_lived = stamper(until=NOW + 40 * YEAR)
    late = token(VALUE, NOW + 30 * YEAR, by=long_lived)
    assert check(late) == unknown("timestamp", "period")


def test_certificates_that_ran_out_afterwards() -> None:
    """Those of the signer and of the authority were good when they were used; what a clock says now is asked nowhere."""
    assert check(token(VALUE, by=stamper(until=LATER))) == OK


def test_an_authority_in_between() -> None:
    middle = root().issue(
        "示例中级", papers.key("middle"), serial=9, not_before=NOW, not_after=NOW + 99, authority=True
    )
    last = middle.issue(
        "时间戳",
        papers.key("last"),
        serial=10,
        not_before=NOW,
        not_after=NOW + 99,
        purposes=(TIMESTAMPING_PURPOSE,),
    )
    alone = token(VALUE, by=last)
    assert check(alone) == unknown("timestamp", "timestamper")
    assert (
        check(changed(alone, lambda body: body["certificates"].append(core.Any.load(middle.certificate.der))))
        == OK
    )


def test_cut_off_at_every_byte() -> None:
    data = token(VALUE)
    for end in range(len(data)):
        with pytest.raises(MalformedInput):
            decode_token(data[:end])


def test_every_byte_counts_or_does_not_matter() -> None:
    """No altered byte makes a timestamp say another time."""
    data = token(VALUE)
    for place in range(0, len(data), 3):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert check_timestamps([altered], VALUE, NOW, trust()).moment in (None, LATER)


def test_another_implementation_reads_and_verifies_ours() -> None:
    signed_data = cms.ContentInfo.load(token(VALUE), strict=True)["content"]
    content = signed_data["encap_content_info"]["content"].parsed
    assert content["gen_time"].native == datetime.fromtimestamp(LATER, UTC)
    signer = signed_data["signer_infos"][0]
    attributes_signed = signer["signed_attrs"].untag().dump()
    numbers = read_sm2_numbers(signer["signature"].native)
    key = stamper().certificate.key
    assert key
    assert numbers
    other = gmalg.SM2(pk=b"\x04" + key.spki[-64:], uid=sm2.IDENTITY)
    assert other.verify(attributes_signed, numbers[:32], numbers[32:])


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_timestamp_with_rsa_of_another_maker(digest: str, rsa_key: rsa.RSAPrivateKey) -> None:
    key = rsa_key
    above = ec.generate_private_key(ec.SECP256R1())
    listed = decode_trust_list(certified("示例根", above, above, authority=True).public_bytes(Encoding.PEM))
    certificate = x509.Certificate.load(
        certified("时间戳", key, above, purposes=(TIMESTAMPING_PURPOSE,)).public_bytes(Encoding.DER)
    )
    maker = DummyTimeStamper(
        certificate, keys.PrivateKeyInfo.load(pkcs8(key)), fixed_dt=datetime.fromtimestamp(LATER, UTC)
    )
    imprint = hashes.Hash(getattr(hashes, digest.upper())())
    imprint.update(VALUE)
    request = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
                "hashed_message": imprint.finalize(),
            },
            "cert_req": True,
        }
    )
    made = maker.request_tsa_response(request)["time_stamp_token"].dump()
    assert check_timestamps([made], VALUE, NOW, listed) == TimestampReport((OK,), LATER)
    assert check_timestamps([made], b"other", NOW, listed).checks == (failed("timestamp", "other"),)
    spoilt = made[:-1] + bytes([made[-1] ^ 1])
    assert check_timestamps([spoilt], VALUE, NOW, listed).checks == (failed("timestamp", "wrong"),)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_a_timestamp_with_ecdsa_of_openssl(tmp_path: Path) -> None:
    lower, above = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    top = certified("示例根", above, above, authority=True).public_bytes(Encoding.PEM)
    (tmp_path / "authority.pem").write_bytes(
        certified("时间戳", lower, above, purposes=(TIMESTAMPING_PURPOSE,)).public_bytes(Encoding.PEM)
    )
    (tmp_path / "key.der").write_bytes(pkcs8(lower))
    (tmp_path / "value").write_bytes(VALUE)
    (tmp_path / "settings").write_text(
        "[t]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3\ndigests = sha256, sha512\n"
        "ess_cert_id_alg = sha256\n"
    )
    for command in (
        "ts -query -data value -sha512 -cert -out query",
        "pkey -inform DER -in key.der -out key.pem",
        "ts -reply -config settings -section t -queryfile query -signer authority.pem -inkey key.pem -token_out -out token",
    ):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, capture_output=True, check=True)
    data = (tmp_path / "token").read_bytes()
    assert decode_token(data).certificate_digest is not None
    trust_list = check_timestamps([data], VALUE, None, decode_trust_list(top))
    assert trust_list == TimestampReport((OK,), decode_token(data).time)
    assert check_timestamps([data], b"other", None, decode_trust_list(top)).moment is None
