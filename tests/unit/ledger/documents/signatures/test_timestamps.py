"""Timestamps: whose word counts and for what."""

from typing import Final

import pytest
from asn1crypto import core
from cryptography import x509 as certificates
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.crypto.suites import SM3
from ledger.documents.asn1 import structures
from ledger.documents.asn1.algorithms import encode_sm2
from ledger.documents.certificates.certificates import decode_certificate
from ledger.documents.certificates.issuing import TIMESTAMPING_PURPOSE, Holder
from ledger.documents.certificates.trust_list import SIGNERS, Authority, TrustList, decode_trust_list
from ledger.documents.findings import Check, fail_check, leave_unknown, pass_check
from ledger.documents.signatures.timestamps import (
    MAX_SIGNER_LEAD_SECONDS,
    MAX_TOKENS,
    PROMPT_SECONDS,
    TimestampReport,
    check_timestamps,
    decode_token,
    merge_checks,
)
from ledger.errors import MalformedInput
from tests import papers
from tests.papers import NOW, YEAR, root, trust
from tests.stamping import LATER, info, stamper, token
from tests.unit.ledger.documents.signatures.spoilt import HMAC_SM3, OK, SPOILT, VALUE, changed


def check(data: bytes, stated: int | None = NOW, trusted: TrustList | None = None) -> Check:
    """What becomes of one token on VALUE, in a city that trusts the fictional authority."""
    (stamps,) = check_timestamps([data], VALUE, stated, trusted or trust()).checks
    return stamps


def test_a_good_timestamp() -> None:
    decoded = decode_token(token(VALUE))
    assert decoded.time == LATER
    assert decoded.signer.certificate == stamper().certificate
    assert check_timestamps([token(VALUE)], VALUE, NOW, trust()) == TimestampReport((OK,), LATER)


def test_a_timestamp_under_a_neighbour_of_sm3() -> None:
    """It fits SM3, and so it is SM3."""
    imprint = {"hash_algorithm": {"algorithm": HMAC_SM3}, "hashed_message": SM3.hash(VALUE)}
    assert check(token(VALUE, content=info(VALUE, message_imprint=imprint))) == OK
    assert check(token(VALUE, digest_algorithm={"algorithm": HMAC_SM3})) == OK


@pytest.mark.parametrize(("data", "expected"), SPOILT.values(), ids=[*SPOILT])
def test_what_is_wrong_with_a_timestamp(data: bytes, expected: Check) -> None:
    assert check(data) == expected


def test_several_timestamps() -> None:
    """The first that is not good decides what is said; the oldest good one until when the signature was made."""
    early, late, bad = token(VALUE, LATER), token(VALUE, LATER + 9), token(b"other")
    assert check_timestamps([late, early], VALUE, NOW, trust()) == TimestampReport((OK, OK), LATER)
    stamps = check_timestamps([late, bad], VALUE, NOW, trust())
    assert stamps == TimestampReport((OK, fail_check("timestamp", "other")), LATER + 9)
    too_many = check_timestamps([early] * (MAX_TOKENS + 1), VALUE, NOW, trust())
    assert too_many == TimestampReport((leave_unknown("timestamp", "malformed"),), None)
    assert check_timestamps([], VALUE, NOW, trust()) == TimestampReport((), None)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (MAX_SIGNER_LEAD_SECONDS, OK),
        (MAX_SIGNER_LEAD_SECONDS + 1, fail_check("timestamp", "before")),
        (-PROMPT_SECONDS, OK),
        (-PROMPT_SECONDS - 1, pass_check("timestamp", "late")),
        (None, OK),
    ],
    ids=["clock ahead", "dated later", "within a day", "long after", "no time stated"],
)
def test_the_time_that_the_signer_states(ahead: int | None, expected: Check) -> None:
    stated = None if ahead is None else LATER + ahead
    assert check_timestamps([token(VALUE)], VALUE, stated, trust()) == TimestampReport((expected,), LATER)


LATE: Final = pass_check("timestamp", "late")


def test_late_is_what_the_first_of_several_is() -> None:
    late, later, prompt = (token(VALUE, NOW + after) for after in (PROMPT_SECONDS + 1, PROMPT_SECONDS + 9, 5))
    for tokens in ([late, later], [later, late]):
        assert check_timestamps(tokens, VALUE, NOW, trust()) == TimestampReport(
            (LATE, LATE), NOW + PROMPT_SECONDS + 1
        )
    for tokens in ([late, prompt], [prompt, late]):
        assert check_timestamps(tokens, VALUE, NOW, trust()) == TimestampReport((OK, OK), LATER)


def test_what_is_said_of_several_timestamps() -> None:
    bad = fail_check("timestamp", "other")
    assert merge_checks() == ()
    assert merge_checks(OK, OK) == (OK,)
    assert merge_checks(LATE, OK) == merge_checks(OK, LATE) == (LATE,)
    assert (
        merge_checks(LATE, bad, OK)
        == merge_checks(OK, bad, leave_unknown("timestamp", "malformed"))
        == (bad,)
    )


def test_a_certificate_whose_period_cannot_be_read() -> None:
    made = structures.X509Certificate.load(stamper().certificate.der, strict=True)
    never = structures.Time("generalized", structures.GeneralizedTimeText("never"))
    made["to_be_signed"]["validity"]["not_after"] = never
    body = made["to_be_signed"].dump(force=True)
    made["signature"] = core.OctetBitString(encode_sm2(root().key.sign(body)))
    by = Holder(decode_certificate(made.dump(force=True)), stamper().key)
    assert check(token(VALUE, by=by)) == leave_unknown("timestamp", "time")


def test_who_is_on_the_list_for_what() -> None:
    (authority,) = trust().authorities
    for_signers = TrustList("", None, (Authority("", authority.certificate, frozenset({SIGNERS})),))
    assert check(token(VALUE), trusted=for_signers) == leave_unknown("timestamp", "timestamper")
    assert check(token(VALUE), trusted=trust("另一根证书")) == leave_unknown("timestamp", "timestamper")
    (unlisted,) = check_timestamps([token(VALUE)], VALUE, NOW, None).checks
    assert unlisted == leave_unknown("timestamp", "no_trust_list")
    pem = certificates.load_der_x509_certificate(authority.certificate.der).public_bytes(Encoding.PEM)
    assert check(token(VALUE), trusted=decode_trust_list(pem)) == OK


def test_an_authority_that_was_not_in_force() -> None:
    long_lived = stamper(until=NOW + 40 * YEAR)
    late = token(VALUE, NOW + 30 * YEAR, by=long_lived)
    assert check(late) == leave_unknown("timestamp", "period")


def test_certificates_that_ran_out_afterwards() -> None:
    """Those of the signer and of the authority were good when they were used; what a clock says now is asked nowhere."""
    assert check(token(VALUE, by=stamper(until=LATER))) == OK


def test_an_authority_in_between() -> None:
    middle = root().issue(
        "示例中级", papers.key("middle"), serial=9, not_before=NOW, not_after=NOW + 99, is_authority=True
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
    assert check(alone) == leave_unknown("timestamp", "timestamper")
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
