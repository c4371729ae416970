"""Seals and their signatures of every version.

Read, written again as the same bytes, and verified by others too.
"""

from typing import Final

import gmalg
import pytest
from asn1crypto import core

from ledger.crypto import sm2
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.certificates.certificates import decode_certificate
from ledger.documents.certificates.trust_list import SEAL_MAKERS, SIGNERS, Authority, TrustList
from ledger.documents.openers import inspect
from ledger.documents.seals import ses
from ledger.documents.seals.making import make_seal
from ledger.documents.seals.ses import decode_seal, decode_signature, is_signature
from ledger.documents.seals.ses_signatures import verify_seal, verify_seal_signature
from ledger.encoding import der
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.reasons import Verdict
from tests import papers
from tests.papers import NOW, YEAR, department, draft, maker, outcome, seal, trust, verifies_elsewhere
from tests.unit.ledger.documents.seals.uses import DESCRIPTION, VERSIONS, structure, used

DAY: Final = 86_400


@VERSIONS
def test_a_seal_says_what_was_put_into_it(version: int) -> None:
    decoded = decode_seal(seal(version))
    assert decoded.version == version
    assert (decoded.identifier, decoded.name, decoded.seal_kind) == ("42900600000001", draft().name, 1)
    assert (decoded.created_at, decoded.valid_from, decoded.valid_until) == (
        NOW - 1000,
        NOW - 1000,
        NOW + YEAR,
    )
    assert decoded.user_certificates == (department().certificate.der,)
    assert decoded.picture == draft().picture
    assert decoded.der == seal(version) == structure(version, seal(version), of_seal=True).dump(force=True)
    assert not is_signature(seal(version))


@VERSIONS
def test_a_signature_says_what_was_put_into_it(version: int) -> None:
    decoded = decode_signature(used(version))
    assert (decoded.version, decoded.time) == (version, NOW)
    assert decoded.seal == decode_seal(seal(version))
    assert decoded.property_info == "/Signature.xml"
    assert decoded.signer_certificate == department().certificate.der
    assert decoded.der == used(version) == structure(version, used(version)).dump(force=True)
    assert is_signature(used(version))


@VERSIONS
def test_another_implementation_verifies_what_we_sign(version: int) -> None:
    decoded = decode_signature(used(version))
    assert verifies_elsewhere(department().certificate, decoded.signed_bytes, decoded.signature)
    assert verifies_elsewhere(maker().certificate, decoded.seal.message_candidates[0], decoded.seal.signature)
    assert not verifies_elsewhere(
        maker().certificate, decoded.seal.message_candidates[1], decoded.seal.signature
    )
    assert not verifies_elsewhere(maker().certificate, decoded.signed_bytes, decoded.signature)


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
    made = make_seal(draft(created_at=NOW - 5 * DAY, valid_from=NOW - 5 * DAY), of_maker)
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
        make_seal(draft(user_certificates=(b"",) * (ses.MAX_LISTED_USERS + 1)), maker())
    monkeypatch.setattr(ses, "MAX_BYTES", 100)
    with pytest.raises(LimitExceeded, match="bytes"):
        decode_seal(seal())


def test_a_seal_alone() -> None:
    report = verify_seal(decode_seal(seal(5)), trust())
    assert report.verdict is Verdict.VALID
    assert (report.signer, report.signed_at, report.seal_name) == (None, None, draft().name)
    altered = verify_seal(decode_seal(seal(5).replace(b"PNG\r\n", b"PNG\n\n")), trust())
    assert outcome(altered, "seal_signature") == ("fail", "wrong")
    assert decode_certificate(decode_seal(seal(5)).maker_certificate) == maker().certificate


def test_a_signature_without_its_document() -> None:
    (report,) = inspect(used(), trust()).signatures
    assert outcome(report, "data_hash") == ("unknown", "no_document")
    assert outcome(report, "signature") == ("pass", "ok")
    assert report.verdict is Verdict.UNVERIFIABLE
