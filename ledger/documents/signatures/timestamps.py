"""Timestamps (RFC 3161, GB/T 20520): by an authority's word, a signature existed then.

What is stamped is the value of a signature 对签名值的时间戳: in seals and their uses the octets of the BIT STRING
(GB/T 38540-2020 for uses, GM/T 0031-2025 for seals too), in a SignedData those of the SignerInfo (RFC 3161, appendix A).

A timestamp lies outside of what the signer signed: anybody can spoil it, remove it or put one there. So it never
makes a document invalid, and a good one mends nothing: it says of a signature until when it was made, not whether.

 1. the token is a SignedData of one signer over a TSTInfo
 2. its imprint is the digest of the signature value
 3. its signer signed it, over attributes that name its content and, where they do, the signer's certificate
 4. that certificate is for timestamps alone and was in force when it was made
 5. it leads to an authority for timestamps on the trust list
 6. the signer does not claim to have signed later than that
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from asn1crypto import core, tsp

from ledger.documents.asn1.algorithms import compute_digest, presume_suite
from ledger.documents.asn1.ber import sort_set
from ledger.documents.asn1.texts import parse_asn1_time
from ledger.documents.certificates.certificates import Certificate, SignatureResult
from ledger.documents.certificates.trust_list import TIMESTAMPERS, TrustList, check_chain
from ledger.documents.findings import Check, fail_check, leave_unknown, pass_check, pick_first_bad
from ledger.documents.signatures.signed_data import SignedData, Signer, decode_signed_data
from ledger.encoding import der
from ledger.errors import MalformedInput
from ledger.verification.reasons import Outcome

#: On one signature; one in every file that was seen.
MAX_TOKENS: Final = 4
#: Seconds by which a signer's clock may be ahead of the authority's.
MAX_SIGNER_LEAD_SECONDS: Final = 300
#: Seconds within which a signature is stamped where that belongs to signing.
PROMPT_SECONDS: Final = 86_400
_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _SIGNING_CERTIFICATE = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.16.2.47"
_TIMESTAMPING_PURPOSES: Final = frozenset({"1.3.6.1.5.5.7.3.8"})
#: Of RFC 3161 and of GB/T 20520-2025.
_KNOWN_VERSIONS: Final = frozenset({"v1", "v2"})


@dataclass(frozen=True, slots=True)
class TimestampToken:
    """One timestamp: `imprint` of what it stamps by `algorithm`, at `time` (seconds since 1970).

    `certificate_digest` is algorithm and digest of the certificate that its signer names, where that is by ESSCertIDv2.
    """

    time: int
    algorithm: str
    imprint: bytes
    certificate_digest: tuple[str, bytes] | None
    signed_data: SignedData

    @property
    def signer(self) -> Signer:
        return self.signed_data.signers[0]


@dataclass(frozen=True, slots=True)
class TimestampReport:
    """What the timestamps on a signature come to; `moment`: the first by which it existed, as an authority vouches."""

    checks: tuple[Check, ...]
    moment: int | None


def check_timestamps(
    tokens_der: Iterable[bytes], value: bytes, stated_time: int | None, trust_list: TrustList | None
) -> TimestampReport:
    """Check the timestamps on a signature of that value, whose signer states when it was made."""
    token_bytes = list(tokens_der)
    if len(token_bytes) > MAX_TOKENS:
        return TimestampReport((leave_unknown("timestamp", "malformed"),), None)
    checks_and_moments = [_verify_token(token, value, stated_time, trust_list) for token in token_bytes]
    first_moment = min((moment for _, moment in checks_and_moments if moment is not None), default=None)
    is_late = (
        first_moment is not None and stated_time is not None and first_moment > stated_time + PROMPT_SECONDS
    )
    good_check = pass_check("timestamp", "late") if is_late else pass_check("timestamp")
    return TimestampReport(
        tuple(good_check if check.outcome is Outcome.PASS else check for check, _ in checks_and_moments),
        first_moment,
    )


def merge_checks(*checks: Check) -> tuple[Check, ...]:
    """Return one check for several timestamps: the first that is not good, else the first with something to say."""
    if not checks:
        return ()
    return (min(checks, key=lambda check: (check.outcome is Outcome.PASS, check.reason == "ok")),)


def decode_token(data: bytes) -> TimestampToken:
    """Read a TimeStampToken from DER. Raises: MalformedInput, LimitExceeded."""
    signed_data = decode_signed_data(data)
    if signed_data.content_type != _TST_INFO or signed_data.content is None:
        raise MalformedInput("the SignedData holds no TSTInfo")
    if len(signed_data.signers) != 1:
        raise MalformedInput("a timestamp has one signer")
    der.check(signed_data.content)
    try:
        return _read_token(signed_data, tsp.TSTInfo.load(signed_data.content, strict=True))
    except (ValueError, TypeError, IndexError) as error:  # whatever asn1crypto finds wrong
        raise MalformedInput(f"not a timestamp: {str(error)[:200]}") from error


def _read_token(signed_data: SignedData, info: tsp.TSTInfo) -> TimestampToken:
    moment = parse_asn1_time(info["gen_time"].contents.decode("latin-1"), is_utc_time=False)
    if info["version"].native not in _KNOWN_VERSIONS or moment is None:
        raise MalformedInput("a timestamp of another version, or without a time")
    if any(extension["critical"].native for extension in info["extensions"]):
        raise MalformedInput("a timestamp has an extension that must be understood")
    imprint = info["message_imprint"]
    return TimestampToken(
        time=moment,
        algorithm=imprint["hash_algorithm"]["algorithm"].dotted,
        imprint=imprint["hashed_message"].native,
        certificate_digest=_read_certificate_digest(
            signed_data.signers[0].values_by_attribute.get(_SIGNING_CERTIFICATE)
        ),
        signed_data=signed_data,
    )


def _read_certificate_digest(attribute: bytes | None) -> tuple[str, bytes] | None:
    if attribute is None:
        return None
    certificate_id = tsp.SigningCertificateV2.load(attribute, strict=True)["certs"][0]
    return certificate_id["hash_algorithm"]["algorithm"].dotted, certificate_id["cert_hash"].native


def _verify_token(
    data: bytes, value: bytes, stated_time: int | None, trust_list: TrustList | None
) -> tuple[Check, int | None]:
    """Return the check of one token and, where its authority's word holds, its time."""
    try:
        token = decode_token(data)  # 1
    except MalformedInput:
        return leave_unknown("timestamp", "malformed"), None
    check = pick_first_bad(_check_token(token, value, trust_list))
    if check.outcome is not Outcome.PASS:
        return check, None
    return _compare_with_stated(token.time, stated_time), token.time


def _check_token(token: TimestampToken, value: bytes, trust_list: TrustList | None) -> Iterator[Check]:
    yield _compare_digest(token.algorithm, value, token.imprint, "other")  # 2
    certificate = token.signer.certificate
    if certificate is None:
        yield leave_unknown("timestamp", "no_certificate")
        return
    yield from _check_signature(token, certificate)  # 3
    if certificate.purposes != _TIMESTAMPING_PURPOSES:  # 4
        yield fail_check("timestamp", "purpose")
    is_in_force = certificate.is_valid_at(token.time)
    if is_in_force is None:
        yield leave_unknown("timestamp", "time")
    elif not is_in_force:
        yield fail_check("timestamp", "certificate")
    chain_check = check_chain(
        certificate, token.signed_data.certificates, trust_list, TIMESTAMPERS, token.time
    )  # 5
    yield replace(chain_check, name="timestamp")


def _check_signature(token: TimestampToken, certificate: Certificate) -> Iterator[Check]:
    signer, content = token.signer, token.signed_data.content
    has_content_type = (
        signer.values_by_attribute.get(_CONTENT_TYPE) == core.ObjectIdentifier(_TST_INFO).dump()
    )
    if signer.signed_attributes is None or content is None or not has_content_type:
        yield fail_check("timestamp", "wrong")
        return
    yield _compare_digest(signer.digest_algorithm, content, signer.message_digest, "wrong")
    if token.certificate_digest is not None:
        algorithm, expected_digest = token.certificate_digest
        yield _compare_digest(algorithm, certificate.der, expected_digest, "wrong")
    result = SignatureResult.NO
    attributes_in_der = sort_set(signer.signed_attributes)  # RFC 5652, 5.4: in DER, however sent
    for attributes in (signer.signed_attributes, attributes_in_der):
        if result is SignatureResult.NO:
            result = certificate.verify_any(
                attributes, signer.signature, signer.algorithm, signer.digest_algorithm
            )
    yield {
        SignatureResult.YES: pass_check("timestamp"),
        SignatureResult.NO: fail_check("timestamp", "wrong"),
        SignatureResult.WITHOUT_IDENTITY: leave_unknown("timestamp", "identity"),
        SignatureResult.UNKNOWN: leave_unknown("timestamp", "algorithm"),
    }[result]


def _compare_digest(algorithm: str, data: bytes, stated_digest: bytes | None, reason: str) -> Check:
    """Compare a digest with that of the data; by an algorithm that is only presumed, it can fit and not differ."""
    computed_digest = compute_digest(algorithm, data)
    if computed_digest is None:
        presumed_suite = presume_suite(algorithm)
        fits = presumed_suite is not None and presumed_suite.hash(data) == stated_digest
        return pass_check("timestamp") if fits else leave_unknown("timestamp", "digest")
    return pass_check("timestamp") if computed_digest == stated_digest else fail_check("timestamp", reason)


def _compare_with_stated(moment: int, stated_time: int | None) -> Check:
    """Compare with the signer's own word (6): what existed already was not signed later."""
    if stated_time is not None and stated_time > moment + MAX_SIGNER_LEAD_SECONDS:
        return fail_check("timestamp", "before")
    return pass_check("timestamp")
