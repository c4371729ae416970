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
from ledger.documents.findings import Check, failed, passed, pick_first_bad, unknown
from ledger.documents.inspection import Kind, SignatureReport
from ledger.documents.seals.ses import Seal, SealSignature
from ledger.documents.signatures.timestamps import Stamps, check_timestamps, merge_checks
from ledger.verification.reasons import Outcome


def verify_seal(seal: Seal, trust: TrustList | None) -> SignatureReport:
    """Report on a seal alone: who made it and whether it is whole, as of its making."""
    maker, stamps = decode_if_readable(seal.certificate), _seal_stamps(seal, trust)
    return SignatureReport(
        kind=Kind.SES,
        version=seal.version,
        checks=(
            passed("structure"),
            check_made_by("seal_signature", maker, seal.signed, seal.signature, seal.algorithm),
            check_chains([(maker, SEAL_MAKERS, seal.created)], trust),
            *stamps.checks,
        ),
        seal_id=seal.identifier,
        seal_name=seal.name,
        seal_maker=maker.name if maker else None,
        stamped_at=stamps.moment,
    )


def verify_seal_signature(
    signed: SealSignature, description: bytes | None, trust: TrustList | None
) -> SignatureReport:
    """Report on a use of a seal; `description` is the `Signature.xml` that should have been signed, where there is one."""
    seal = signed.seal
    signer, maker = decode_if_readable(signed.certificate), decode_if_readable(seal.certificate)
    stamps = check_timestamps(_as_list(signed.timestamp), signed.signature, signed.time, trust)
    return SignatureReport(
        kind=Kind.SES,
        version=signed.version,
        checks=(
            passed("structure"),
            _data_hash(signed, description),
            check_made_by("signature", signer, (signed.signed,), signed.signature, signed.algorithm),
            check_made_by("seal_signature", maker, seal.signed, seal.signature, seal.algorithm),
            _listed(seal, signed.certificate),
            _validity(signer, signed.time, seal),
            pick_first_bad(
                (check_chains([(signer, SIGNERS, signed.time)], trust), _maker_chain(maker, signed, trust))
            ),
            *merge_checks(*stamps.checks, *_seal_stamps(seal, trust).checks),
        ),
        signer=signer.name if signer else None,
        issuer=signer.issuer_name if signer else None,
        seal_id=seal.identifier,
        seal_name=seal.name,
        seal_maker=maker.name if maker else None,
        signed_at=signed.time,
        stamped_at=stamps.moment,
    )


def _data_hash(signed: SealSignature, description: bytes | None) -> Check:
    if description is None:
        return unknown("data_hash", "no_document")
    if signed.data_hash in (SM3.hash(description), SHA256.hash(description)):
        return passed("data_hash")
    if len(signed.data_hash) != DIGEST_BYTES:
        return unknown("data_hash", "digest")
    return failed("data_hash", "altered")


def _listed(seal: Seal, certificate: bytes) -> Check:
    if certificate in seal.certificates:
        return passed("signer_listed")
    digests = [(algorithm, read_digest(written)) for algorithm, written in seal.digests]
    for algorithm, digest in digests:
        suite = presume_suite(algorithm)
        if suite is not None and suite.hash(certificate) == digest:
            return passed("signer_listed")
    if any(find_suite(algorithm) is None or digest is None for algorithm, digest in digests):
        return unknown("signer_listed", "digest")
    if any(decode_if_readable(listed) is None for listed in seal.certificates):
        return unknown("signer_listed", "unread")
    return failed("signer_listed", "not_listed")


def _maker_chain(maker: Certificate | None, signed: SealSignature, trust: TrustList | None) -> Check:
    """Follow the maker's certificate as of the making of the seal, or as of its use where the certificate began in between.

    Makers take new certificates into seals that they drew up some days before.
    """
    created, used = signed.seal.created, signed.time
    made = check_chains([(maker, SEAL_MAKERS, created)], trust)
    if made.outcome is Outcome.PASS or maker is None or created is None or used is None:
        return made
    began_later = maker.not_before is not None and created < maker.not_before
    if not began_later or not maker.valid_at(used):
        return made
    return check_chains([(maker, SEAL_MAKERS, used)], trust)


def _validity(signer: Certificate | None, moment: int | None, seal: Seal) -> Check:
    certificate = check_in_force(signer, moment)
    if certificate != passed("validity"):
        return certificate
    if moment is None or seal.valid_from is None or seal.valid_until is None:
        return unknown("validity", "time")
    return passed("validity") if seal.valid_from <= moment <= seal.valid_until else failed("validity", "seal")


def _seal_stamps(seal: Seal, trust: TrustList | None) -> Stamps:
    return check_timestamps(_as_list(seal.timestamp), seal.signature, seal.created, trust)


def _as_list(timestamp: bytes | None) -> list[bytes]:
    return [] if timestamp is None else [timestamp]
