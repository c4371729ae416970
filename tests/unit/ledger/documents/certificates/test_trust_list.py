"""Whom a city accepts, from when to when; what ends outside is unverifiable, never invalid."""

import json
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.certificates import trust_list
from ledger.documents.certificates.certificates import Certificate, decode_certificate
from ledger.documents.certificates.issuing import Holder
from ledger.documents.certificates.trust_list import (
    ROLES,
    SEAL_MAKERS,
    SIGNERS,
    TIMESTAMPERS,
    TrustList,
    check_chain,
    decode_trust_list,
)
from ledger.documents.findings import Check, leave_unknown, pass_check
from ledger.documents.ofd.sealing import apply_seal
from ledger.documents.openers import inspect
from ledger.documents.seals.making import make_seal
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat
from ledger.verification.reasons import Verdict
from tests import papers
from tests.papers import NOW, YEAR, department, maker, only, outcome, root, sealed, trust


def pem(certificate: Certificate) -> str:
    return x509.load_der_x509_certificate(certificate.der).public_bytes(Encoding.PEM).decode()


LISTED: Final[dict[str, Any]] = {
    "type": "shunzheng/trust-list/1",
    "name": "天门市",
    "issued": "2026-03-01T00:00:00Z",
    "authorities": [
        {
            "name": "示例根证书",
            "roles": ["signers", "seal-makers"],
            "certificate": pem(root().certificate),
            "from": "2025-01-01",
            "until": "2027-12-31",
        }
    ],
}


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def authority(**altered: Any) -> dict[str, Any]:
    return LISTED | {"authorities": [LISTED["authorities"][0] | altered]}


def test_a_list_in_json() -> None:
    trust_list = decode_trust_list(encoded(LISTED))
    assert (trust_list.name, trust_list.issued_at) == ("天门市", 1_772_323_200)
    (authority,) = trust_list.authorities
    assert (authority.certificate, authority.roles) == (root().certificate, frozenset({SIGNERS, SEAL_MAKERS}))
    assert (authority.first_day, authority.last_day) == (date(2025, 1, 1), date(2027, 12, 31))
    assert only(sealed(), trust_list).verdict is Verdict.VALID


def test_a_list_in_pem() -> None:
    trust_list = decode_trust_list((pem(root().certificate) + "\n" + pem(maker().certificate)).encode())
    assert [one.name for one in trust_list.authorities] == ["示例根证书", "示例制章单位"]
    assert [one.roles for one in trust_list.authorities] == [{SIGNERS, TIMESTAMPERS}, set(ROLES)]
    assert trust_list.issued_at is None
    assert only(sealed(), trust_list).verdict is Verdict.VALID


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="another shape"),
        pytest.param(encoded(LISTED | {"more": 1}), id="an unknown member"),
        pytest.param(encoded(LISTED | {"issued": "2026"}), id="no time"),
        pytest.param(encoded(authority(roles=[])), id="no role"),
        pytest.param(encoded(authority(roles=["kings"])), id="another role"),
        pytest.param(encoded(authority(certificate="")), id="no certificate"),
        pytest.param(encoded(authority(certificate=1)), id="a number"),
        pytest.param(encoded(authority(certificate=pem(root().certificate) * 2)), id="two certificates"),
        pytest.param(encoded(authority(**{"from": "2026-3-1"})), id="no date"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", id="no certificate in PEM"
        ),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nA=A\n-----END CERTIFICATE-----\n", id="no base64"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", id="another PEM"),
        pytest.param(pem(root().certificate).encode() + b"and more", id="text behind"),
        pytest.param(pem(root().certificate).encode() + "名".encode(), id="not ASCII"),
    ],
)
def test_other_lists_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        decode_trust_list(data)


def test_a_newer_list() -> None:
    with pytest.raises(NewerFormat):
        decode_trust_list(encoded(LISTED | {"type": "shunzheng/trust-list/2"}))


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_list, "MAX_AUTHORITIES", 0)
    with pytest.raises(LimitExceeded):
        decode_trust_list(pem(root().certificate).encode())
    monkeypatch.setattr(trust_list, "MAX_BYTES", 10)
    with pytest.raises(LimitExceeded):
        decode_trust_list(encoded(LISTED))


def test_no_list() -> None:
    report = inspect(sealed(), None).signatures[0]
    assert outcome(report, "chain") == ("unknown", "no_trust_list")
    assert report.verdict is Verdict.UNVERIFIABLE


def test_a_signer_who_makes_seals() -> None:
    """Certified as a signer, it makes itself a seal in the department's name: nobody listed it for that."""
    signer = papers.holder("某公司")
    false = make_seal(papers.draft(user_certificates=(signer.certificate.der,)), signer)
    document = apply_seal(papers.DOCUMENT, false, signer, NOW)
    report = only(document, decode_trust_list((pem(root().certificate) + pem(maker().certificate)).encode()))
    assert report.seal_name == papers.draft().name
    assert outcome(report, "chain") == ("unknown", "seal_maker")
    assert report.verdict is Verdict.UNVERIFIABLE


def test_an_issuer_that_is_not_on_the_list() -> None:
    """Intact, and by somebody whom this city does not know: never called a forgery."""
    report = only(sealed(), trust("另一根证书"))
    assert outcome(report, "chain") == ("unknown", "signer")
    assert report.verdict is Verdict.UNVERIFIABLE
    assert report.covers_all
    assert report.altered_parts == ()


def test_a_namesake_of_a_listed_authority() -> None:
    """The name is on the list, the key is not."""
    false = Holder.make_root("示例根证书", papers.key("somebody else"), NOW - YEAR, NOW + YEAR)
    check = check_chain(department().certificate, [], of(false.certificate), SIGNERS, NOW)
    assert check == leave_unknown("chain", "signer")


def of(*certificates: Certificate, roles: frozenset[str] = frozenset(ROLES)) -> TrustList:
    return TrustList("", None, tuple(trust_list.Authority(one.name, one, roles) for one in certificates))


@pytest.mark.parametrize(
    ("role", "reason"), [(SIGNERS, "seal_maker"), (SEAL_MAKERS, "signer")], ids=["for signers", "for makers"]
)
def test_an_authority_for_something_else(role: str, reason: str) -> None:
    report = only(sealed(), of(root().certificate, roles=frozenset({role})))
    assert outcome(report, "chain") == ("unknown", reason)


@pytest.mark.parametrize(
    ("since", "until", "accepted"),
    [
        (None, None, True),
        (date(2026, 3, 2), date(2026, 3, 2), True),
        (date(2026, 3, 3), None, False),
        (None, date(2026, 3, 1), False),
    ],
)
def test_an_authority_is_accepted_from_day_to_day(
    since: date | None, until: date | None, accepted: bool
) -> None:
    (authority,) = trust().authorities
    listed = TrustList("", None, (replace(authority, first_day=since, last_day=until),))
    check = check_chain(department().certificate, [], listed, SIGNERS, NOW)
    assert check == (pass_check("chain") if accepted else leave_unknown("chain", "period"))


@pytest.mark.parametrize("moment", [None, NOW - 2 * YEAR, NOW + 30 * YEAR])
def test_an_authority_that_was_not_in_force(moment: int | None) -> None:
    assert check_chain(department().certificate, [], trust(), SIGNERS, moment) == leave_unknown(
        "chain", "period"
    )


def test_certificates_in_between() -> None:
    middle = root().issue(
        "示例中级", papers.key("middle"), serial=9, not_before=NOW - 10, not_after=NOW + 10, is_authority=True
    )
    last = middle.issue("科员", papers.key("last"), serial=10, not_before=NOW - 10, not_after=NOW + 10)
    assert check_chain(last.certificate, [middle.certificate], trust(), SIGNERS, NOW) == pass_check("chain")
    assert check_chain(last.certificate, [], trust(), SIGNERS, NOW) == leave_unknown("chain", "signer")
    expired = check_chain(last.certificate, [middle.certificate], trust(), SIGNERS, NOW + 11)
    assert expired == leave_unknown("chain", "signer")


def test_who_is_no_authority_vouches_for_nobody() -> None:
    """The department's own certificate is good; what it issues with it is not."""
    clerk = department().issue("科员", papers.key("clerk"), serial=9, not_before=NOW, not_after=NOW + 10)
    check = check_chain(clerk.certificate, [department().certificate], trust(), SIGNERS, NOW)
    assert check == leave_unknown("chain", "signer")
    check = check_chain(clerk.certificate, [], of(department().certificate), SIGNERS, NOW)
    assert check == leave_unknown("chain", "signer")
    assert check_chain(
        department().certificate, [], of(department().certificate), SIGNERS, NOW
    ) == pass_check("chain")


ENCIPHERS, SIGNS, CERTIFIES = (bytes.fromhex(usage) for usage in ("03020430", "030206c0", "03020106"))


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (ENCIPHERS, leave_unknown("chain", "usage")),
        (CERTIFIES, leave_unknown("chain", "usage")),
        (bytes.fromhex("030100"), leave_unknown("chain", "usage")),
        (SIGNS, pass_check("chain")),
        (bytes.fromhex("03020780"), pass_check("chain")),
        (bytes.fromhex("03020640"), pass_check("chain")),
    ],
    ids=["encryption", "certificates", "nothing", "both", "digitalSignature", "nonRepudiation"],
)
def test_what_the_key_of_a_certificate_is_for(usage: bytes, expected: Check) -> None:
    """Whoever holds a pair for signing and another for encryption must have signed with the first."""
    signer = root().issue(
        "天门市示例局", papers.key("pair"), serial=5, not_before=NOW, not_after=NOW + 9, usage=usage
    )
    assert check_chain(signer.certificate, [], trust(), SIGNERS, NOW) == expected
    assert check_chain(signer.certificate, [], of(signer.certificate), SIGNERS, NOW) == expected
    seal = make_seal(papers.draft(user_certificates=(signer.certificate.der,)), maker())
    report = only(apply_seal(papers.DOCUMENT, seal, signer, NOW))
    assert outcome(report, "chain") == (expected.outcome.value, expected.reason)
    assert report.verdict is (Verdict.VALID if expected == pass_check("chain") else Verdict.UNVERIFIABLE)


@pytest.mark.parametrize(
    ("authority_", "usage", "accepted"),
    [(True, CERTIFIES, True), (True, SIGNS, False), (False, CERTIFIES, False)],
    ids=["an authority", "whose key may not certify", "which is none"],
)
def test_who_may_certify(authority_: bool, usage: bytes, accepted: bool) -> None:
    """Both the constraints and the key usage say so, of an authority on the list and of one in between."""
    middle = root().issue(
        "示例中级", papers.key("middle"), serial=9, not_before=NOW, not_after=NOW + 9,
        is_authority=authority_, usage=usage,
    )  # fmt: skip
    last = middle.issue("科员", papers.key("last"), serial=10, not_before=NOW, not_after=NOW + 9).certificate
    expected = pass_check("chain") if accepted else leave_unknown("chain", "signer")
    assert check_chain(last, [middle.certificate], trust(), SIGNERS, NOW) == expected
    assert check_chain(last, [], of(middle.certificate), SIGNERS, NOW) == expected


def test_a_certificate_in_between_that_does_not_say_what_it_is() -> None:
    """As certificates were before version 3: one on the list is what the city says, one in between is nobody."""
    made = structures.X509Certificate.load(
        root()
        .issue("示例中级", papers.key("middle"), serial=9, not_before=NOW, not_after=NOW + 9)
        .certificate.der
    )
    del made["to_be_signed"]["extensions"]
    made["signature"] = encode_sm2(root().key.sign(made["to_be_signed"].dump(force=True)))
    middle = Holder(decode_certificate(made.dump(force=True)), papers.key("middle"))
    last = middle.issue("科员", papers.key("last"), serial=10, not_before=NOW, not_after=NOW + 9).certificate
    assert check_chain(middle.certificate, [], trust(), SIGNERS, NOW) == pass_check("chain")
    assert check_chain(last, [middle.certificate], trust(), SIGNERS, NOW) == leave_unknown("chain", "signer")
    assert check_chain(last, [], of(middle.certificate), SIGNERS, NOW) == pass_check("chain")


def test_a_chain_without_end() -> None:
    """Two certificates that vouch for each other."""
    first, second = papers.key("first"), papers.key("second")
    first_root = Holder.make_root("一", first, NOW, NOW + 10)
    two = Holder.make_root("二", second, NOW, NOW + 10)
    first_by_second = two.issue("一", first, serial=3, not_before=NOW, not_after=NOW + 10, is_authority=True)
    second_by_first = first_root.issue(
        "二", second, serial=3, not_before=NOW, not_after=NOW + 10, is_authority=True
    )
    between = [first_by_second.certificate, second_by_first.certificate]
    last = first_root.issue(
        "科员", papers.key("last"), serial=4, not_before=NOW, not_after=NOW + 10
    ).certificate
    assert check_chain(last, between, trust(), SIGNERS, NOW) == leave_unknown("chain", "signer")
