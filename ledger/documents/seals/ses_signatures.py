"""Verify seals and their uses (GB/T 38540-2020, 7.3 and 8.3) without their document.

 2. the digest of the description is the one that was signed
 3. the signer's certificate made the signature
 5. the seal maker made the seal
 6. the signer is listed in the seal
 7. certificate and seal were in force when it was used: then, not now
 8. both certificates lead to authorities of the trust list
 9. a timestamp on the signature or on the seal holds (`timestamps`)

(1, the parts of the document, and 4, the seal beside the signature, are for `ofd.signatures`.)
"""

from ledger.crypto.suites import DIGEST_BYTES, SHA256, SM3
from ledger.documents.asn1.algorithms import find_suite, presume_suite, read_digest
from ledger.documents.certificates.certificates import Certificate, decode_if_readable
from ledger.documents.certificates.signers import check_chains, check_in_force, check_made_by
from ledger.documents.certificates.trust_list import SEAL_MAKERS, SIGNERS, TrustList
from ledger.documents.findings import Check, fail_check, leave_unknown, pass_check, pick_first_bad
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.seals.ses import Seal, SealSignature
from ledger.documents.signatures.timestamps import TimestampReport, check_timestamps, merge_checks
from ledger.verification.reasons import Outcome


def verify_seal(seal: Seal, trust_list: TrustList | None) -> SignatureReport:
    """Report on a seal alone: who made it and whether it is whole, as of its making."""
    maker, timestamp_report = (
        decode_if_readable(seal.maker_certificate),
        _check_seal_timestamps(seal, trust_list),
    )
    return SignatureReport(
        kind=Kind.SES,
        version=seal.version,
        checks=(
            pass_check("structure"),
            check_made_by("seal_signature", maker, seal.message_candidates, seal.signature, seal.algorithm),
            check_chains([(maker, SEAL_MAKERS, seal.created_at)], trust_list),
            *timestamp_report.checks,
        ),
        seal_id=seal.identifier,
        seal_name=seal.name,
        seal_maker=maker.name if maker else None,
        stamped_at=timestamp_report.moment,
    )


def verify_seal_signature(
    seal_signature: SealSignature, description: bytes | None, trust_list: TrustList | None
) -> SignatureReport:
    """Report on a use of a seal; `description` is the `Signature.xml` that should have been signed, where there is one."""
    seal = seal_signature.seal
    signer, maker = (
        decode_if_readable(seal_signature.signer_certificate),
        decode_if_readable(seal.maker_certificate),
    )
    timestamp_report = check_timestamps(
        _list_timestamp_tokens(seal_signature.timestamp),
        seal_signature.signature,
        seal_signature.time,
        trust_list,
    )
    return SignatureReport(
        kind=Kind.SES,
        version=seal_signature.version,
        checks=(
            pass_check("structure"),
            _check_data_hash(seal_signature, description),
            check_made_by(
                "signature",
                signer,
                (seal_signature.signed_bytes,),
                seal_signature.signature,
                seal_signature.algorithm,
            ),
            check_made_by("seal_signature", maker, seal.message_candidates, seal.signature, seal.algorithm),
            _check_listed(seal, seal_signature.signer_certificate),
            _check_validity(signer, seal_signature.time, seal),
            pick_first_bad(
                (
                    check_chains([(signer, SIGNERS, seal_signature.time)], trust_list),
                    _check_maker_chain(maker, seal_signature, trust_list),
                )
            ),
            *merge_checks(*timestamp_report.checks, *_check_seal_timestamps(seal, trust_list).checks),
        ),
        signer=signer.name if signer else None,
        issuer=signer.issuer_name if signer else None,
        seal_id=seal.identifier,
        seal_name=seal.name,
        seal_maker=maker.name if maker else None,
        signed_at=seal_signature.time,
        stamped_at=timestamp_report.moment,
    )


def _check_data_hash(seal_signature: SealSignature, description: bytes | None) -> Check:
    if description is None:
        return leave_unknown("data_hash", "no_document")
    if seal_signature.data_hash in (SM3.hash(description), SHA256.hash(description)):
        return pass_check("data_hash")
    if len(seal_signature.data_hash) != DIGEST_BYTES:
        return leave_unknown("data_hash", "digest")
    return fail_check("data_hash", "altered")


def _check_listed(seal: Seal, signer_certificate: bytes) -> Check:
    if signer_certificate in seal.user_certificates:
        return pass_check("signer_listed")
    digests = [(algorithm, read_digest(written_digest)) for algorithm, written_digest in seal.user_digests]
    for algorithm, digest in digests:
        suite = presume_suite(algorithm)
        if suite is not None and suite.hash(signer_certificate) == digest:
            return pass_check("signer_listed")
    if any(find_suite(algorithm) is None or digest is None for algorithm, digest in digests):
        return leave_unknown("signer_listed", "digest")
    if any(decode_if_readable(listed_certificate) is None for listed_certificate in seal.user_certificates):
        return leave_unknown("signer_listed", "unread")
    return fail_check("signer_listed", "not_listed")


def _check_maker_chain(
    maker: Certificate | None, seal_signature: SealSignature, trust_list: TrustList | None
) -> Check:
    """Follow the maker's certificate as of the making of the seal, or as of its use where the certificate began in between.

    Makers take new certificates into seals that they drew up some days before.
    """
    created_at, used_at = seal_signature.seal.created_at, seal_signature.time
    check_at_creation = check_chains([(maker, SEAL_MAKERS, created_at)], trust_list)
    if check_at_creation.outcome is Outcome.PASS or maker is None or created_at is None or used_at is None:
        return check_at_creation
    began_later = maker.not_before is not None and created_at < maker.not_before
    if not began_later or not maker.is_valid_at(used_at):
        return check_at_creation
    return check_chains([(maker, SEAL_MAKERS, used_at)], trust_list)


def _check_validity(signer: Certificate | None, moment: int | None, seal: Seal) -> Check:
    certificate_check = check_in_force(signer, moment)
    if certificate_check != pass_check("validity"):
        return certificate_check
    if moment is None or seal.valid_from is None or seal.valid_until is None:
        return leave_unknown("validity", "time")
    return (
        pass_check("validity")
        if seal.valid_from <= moment <= seal.valid_until
        else fail_check("validity", "seal")
    )


def _check_seal_timestamps(seal: Seal, trust_list: TrustList | None) -> TimestampReport:
    return check_timestamps(
        _list_timestamp_tokens(seal.timestamp), seal.signature, seal.created_at, trust_list
    )


def _list_timestamp_tokens(timestamp: bytes | None) -> list[bytes]:
    return [] if timestamp is None else [timestamp]
