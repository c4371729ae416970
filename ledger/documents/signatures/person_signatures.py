"""Verify signatures of persons: SM2 alone, or within a SignedData of GB/T 35275.

SM2 alone carries no certificate. Who signed is known only where a certificate of the trust list made it.
"""

from ledger.crypto.suites import SHA256, SM3
from ledger.documents.asn1.algorithms import find_suite, presume_suite, read_digest, verify_sm2
from ledger.documents.asn1.texts import parse_written_time
from ledger.documents.certificates.signers import check_chains, check_in_force, check_made_by
from ledger.documents.certificates.trust_list import SIGNERS, TrustList
from ledger.documents.findings import Check, failed, passed, pick_first_bad, unknown
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.signatures.signed_data import SignedData, Signer, decode_signed_data
from ledger.documents.signatures.timestamps import check_timestamps, merge_checks


def verify_bare_signature(
    value: bytes, description: bytes, date_time: str, trust: TrustList | None
) -> SignatureReport:
    """Report on an SM2 signature of the description with nothing around it."""
    listed = [authority.certificate for authority in trust.of(SIGNERS)] if trust else []
    made = (each for each in listed if each.key and verify_sm2(each.key, description, value))
    signer = next(made, None)
    moment = parse_written_time(date_time)
    checks = [passed("structure"), unknown("signature", "no_certificate")]
    if signer is not None:
        chain = check_chains([(signer, SIGNERS, moment)], trust)
        checks = [passed("structure"), passed("signature"), check_in_force(signer, moment), chain]
    return SignatureReport(
        kind=Kind.OFD_SIGN,
        version=0,
        checks=tuple(checks),
        signer=signer.name if signer else None,
        issuer=signer.issuer_name if signer else None,
        signed_at=moment,
    )


def verify_signed_data(
    value: bytes, description: bytes, date_time: str, trust: TrustList | None
) -> SignatureReport:
    """Report on a SignedData over the description. Raises: MalformedInput, LimitExceeded."""
    data = decode_signed_data(value)
    signer = data.signers[0]
    stated = signer.time if signer.time is not None else parse_written_time(date_time)
    used = [(each.certificate, SIGNERS, stated) for each in data.signers]
    stamps = [check_timestamps(each.timestamps, each.signature, stated, trust) for each in data.signers]
    return SignatureReport(
        kind=Kind.OFD_SIGN,
        version=data.version,
        checks=(
            passed("structure"),
            _content(data, description),
            pick_first_bad(_signature(data, each, description) for each in data.signers),
            pick_first_bad(check_in_force(each.certificate, stated) for each in data.signers),
            check_chains(used, trust, data.certificates),
            *merge_checks(*(check for checked in stamps for check in checked.checks)),
        ),
        signer=signer.certificate.name if signer.certificate else None,
        issuer=signer.certificate.issuer_name if signer.certificate else None,
        signed_at=stated,
        stamped_at=stamps[0].moment,
    )


def _content(data: SignedData, description: bytes) -> Check:
    """The content is the description or its digest; where it is absent, the signature itself must tell.

    It differs where it can be one of these and is not; what else writers put there cannot be compared.
    """
    if data.content is None or data.content == description:
        return passed("data_hash")
    digest = read_digest(data.content)
    if digest in (SM3.hash(description), SHA256.hash(description)):
        return passed("data_hash")
    known = all(find_suite(signer.digest_algorithm) for signer in data.signers)
    comparable = len(data.content) == len(description) if digest is None else known
    return failed("data_hash", "altered") if comparable else unknown("data_hash", "digest")


def _signature(data: SignedData, signer: Signer, description: bytes) -> Check:
    """The signature is over the attributes, which name the digest of the content, or over the content."""
    suite = presume_suite(signer.digest_algorithm)
    if suite is None:
        return unknown("signature", "algorithm")
    digest = suite.hash(description)
    contents = () if data.content is None else (data.content,)
    messages: tuple[bytes, ...] = (*contents, description, digest)
    if signer.attributes is not None:
        if signer.message_digest not in (digest, *map(suite.hash, messages)):
            named = find_suite(signer.digest_algorithm) is not None
            return failed("signature", "wrong") if named else unknown("signature", "digest")
        messages = (signer.attributes,)
    return check_made_by("signature", signer.certificate, messages, signer.signature, signer.algorithm)
