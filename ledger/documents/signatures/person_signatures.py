"""Verify signatures of persons: SM2 alone, or within a SignedData of GB/T 35275.

SM2 alone carries no certificate. Who signed is known only where a certificate of the trust list made it.
"""

from ledger.crypto.suites import SHA256, SM3
from ledger.documents.asn1.algorithms import find_suite, presume_suite, read_digest, verify_sm2
from ledger.documents.asn1.texts import parse_written_time
from ledger.documents.certificates.signers import check_chains, check_in_force, check_made_by
from ledger.documents.certificates.trust_list import SIGNERS, TrustList
from ledger.documents.findings import Check, fail_check, leave_unknown, pass_check, pick_first_bad
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.signatures.signed_data import SignedData, Signer, decode_signed_data
from ledger.documents.signatures.timestamps import check_timestamps, merge_checks


def verify_bare_signature(
    value: bytes, description: bytes, time_text: str, trust_list: TrustList | None
) -> SignatureReport:
    """Report on an SM2 signature of the description with nothing around it."""
    listed_certificates = (
        [authority.certificate for authority in trust_list.list_authorities(SIGNERS)] if trust_list else []
    )
    signing_certificates = (
        certificate
        for certificate in listed_certificates
        if certificate.key and verify_sm2(certificate.key, description, value)
    )
    signer = next(signing_certificates, None)
    moment = parse_written_time(time_text)
    checks = [pass_check("structure"), leave_unknown("signature", "no_certificate")]
    if signer is not None:
        chain_check = check_chains([(signer, SIGNERS, moment)], trust_list)
        checks = [
            pass_check("structure"),
            pass_check("signature"),
            check_in_force(signer, moment),
            chain_check,
        ]
    return SignatureReport(
        kind=Kind.OFD_SIGN,
        version=0,
        checks=tuple(checks),
        signer=signer.name if signer else None,
        issuer=signer.issuer_name if signer else None,
        signed_at=moment,
    )


def verify_signed_data(
    value: bytes, description: bytes, time_text: str, trust_list: TrustList | None
) -> SignatureReport:
    """Report on a SignedData over the description. Raises: MalformedInput, LimitExceeded."""
    signed_data = decode_signed_data(value)
    signer = signed_data.signers[0]
    stated_time = signer.time if signer.time is not None else parse_written_time(time_text)
    certificate_uses = [
        (person_signer.certificate, SIGNERS, stated_time) for person_signer in signed_data.signers
    ]
    timestamp_reports = [
        check_timestamps(person_signer.timestamps, person_signer.signature, stated_time, trust_list)
        for person_signer in signed_data.signers
    ]
    return SignatureReport(
        kind=Kind.OFD_SIGN,
        version=signed_data.version,
        checks=(
            pass_check("structure"),
            _check_content(signed_data, description),
            pick_first_bad(
                _check_signature(signed_data, person_signer, description)
                for person_signer in signed_data.signers
            ),
            pick_first_bad(
                check_in_force(person_signer.certificate, stated_time)
                for person_signer in signed_data.signers
            ),
            check_chains(certificate_uses, trust_list, signed_data.certificates),
            *merge_checks(
                *(check for timestamp_report in timestamp_reports for check in timestamp_report.checks)
            ),
        ),
        signer=signer.certificate.name if signer.certificate else None,
        issuer=signer.certificate.issuer_name if signer.certificate else None,
        signed_at=stated_time,
        stamped_at=timestamp_reports[0].moment,
    )


def _check_content(signed_data: SignedData, description: bytes) -> Check:
    """The content is the description or its digest; where it is absent, the signature itself must tell.

    It differs where it can be one of these and is not; what else writers put there cannot be compared.
    """
    if signed_data.content is None or signed_data.content == description:
        return pass_check("data_hash")
    digest = read_digest(signed_data.content)
    if digest in (SM3.hash(description), SHA256.hash(description)):
        return pass_check("data_hash")
    are_suites_known = all(find_suite(signer.digest_algorithm) for signer in signed_data.signers)
    is_comparable = len(signed_data.content) == len(description) if digest is None else are_suites_known
    return fail_check("data_hash", "altered") if is_comparable else leave_unknown("data_hash", "digest")


def _check_signature(signed_data: SignedData, signer: Signer, description: bytes) -> Check:
    """The signature is over the attributes, which name the digest of the content, or over the content."""
    suite = presume_suite(signer.digest_algorithm)
    if suite is None:
        return leave_unknown("signature", "algorithm")
    digest = suite.hash(description)
    contents = () if signed_data.content is None else (signed_data.content,)
    messages: tuple[bytes, ...] = (*contents, description, digest)
    if signer.signed_attributes is not None:
        if signer.message_digest not in (digest, *map(suite.hash, messages)):
            is_suite_named = find_suite(signer.digest_algorithm) is not None
            return (
                fail_check("signature", "wrong") if is_suite_named else leave_unknown("signature", "digest")
            )
        messages = (signer.signed_attributes,)
    return check_made_by("signature", signer.certificate, messages, signer.signature, signer.algorithm)
