"""The checks of the certificates around a signature: period, maker, trusted authority."""

from collections.abc import Iterable
from typing import Final

from ledger.documents.asn1.algorithms import SM2_ALGORITHMS, read_sm2_numbers
from ledger.documents.certificates.certificates import Certificate, SignatureResult
from ledger.documents.certificates.trust_list import UNKNOWN_REASONS, TrustList, check_chain
from ledger.documents.findings import Check, fail_check, leave_unknown, pass_check
from ledger.verification.reasons import Outcome

#: What no other message changes.
_FINAL_RESULTS: Final = frozenset({SignatureResult.YES, SignatureResult.UNKNOWN})


def check_made_by(
    name: str, certificate: Certificate | None, messages: Iterable[bytes], signature: bytes, algorithm: str
) -> Check:
    """Check that the certificate's key signed one of the messages: writers differ in what they sign."""
    if certificate is None:
        return leave_unknown(name, "certificate")
    if algorithm in SM2_ALGORITHMS and read_sm2_numbers(signature) is None:
        return leave_unknown(name, "form")
    best_result = SignatureResult.NO
    for message in messages:
        result = certificate.verify(message, signature, algorithm)
        best_result = best_result if result is SignatureResult.NO else result
        if best_result in _FINAL_RESULTS:
            break
    return {
        SignatureResult.YES: pass_check(name),
        SignatureResult.NO: fail_check(name, "wrong"),
        SignatureResult.WITHOUT_IDENTITY: leave_unknown(name, "identity"),
        SignatureResult.UNKNOWN: leave_unknown(name, "algorithm"),
    }[best_result]


def check_in_force(certificate: Certificate | None, moment: int | None) -> Check:
    """Check that the certificate was in force at the moment that the signer states."""
    is_in_force = certificate.is_valid_at(moment) if certificate is not None and moment is not None else None
    if is_in_force is None:
        return leave_unknown("validity", "time")
    return pass_check("validity") if is_in_force else fail_check("validity", "certificate")


def check_chains(
    certificate_uses: Iterable[tuple[Certificate | None, str, int | None]],
    trust_list: TrustList | None,
    other_certificates: Iterable[Certificate] = (),
) -> Check:
    """Follow each certificate in its role as of its moment; return the first that does not end on the list."""
    intermediate_certificates = tuple(other_certificates)
    for certificate, role, moment in certificate_uses:
        if certificate is None:
            return leave_unknown("chain", UNKNOWN_REASONS[role])
        check = check_chain(certificate, intermediate_certificates, trust_list, role, moment)
        if check.outcome is not Outcome.PASS:
            return check
    return pass_check("chain")
