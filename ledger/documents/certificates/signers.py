"""The checks of the certificates around a signature: period, maker, trusted authority."""

from collections.abc import Iterable
from typing import Final

from ledger.documents.asn1.algorithms import SM2_ALGORITHMS, read_sm2_numbers
from ledger.documents.certificates.certificates import Certificate, Signed
from ledger.documents.certificates.trust_list import UNKNOWN, TrustList, check_chain
from ledger.documents.findings import Check, failed, passed, unknown
from ledger.verification.reasons import Outcome

#: What no other message changes.
_SETTLED: Final = frozenset({Signed.YES, Signed.UNKNOWN})


def check_made_by(
    name: str, certificate: Certificate | None, messages: Iterable[bytes], signature: bytes, algorithm: str
) -> Check:
    """Check that the certificate's key signed one of the messages: writers differ in what they sign."""
    if certificate is None:
        return unknown(name, "certificate")
    if algorithm in SM2_ALGORITHMS and read_sm2_numbers(signature) is None:
        return unknown(name, "form")
    signed = Signed.NO
    for message in messages:
        result = certificate.verify(message, signature, algorithm)
        signed = signed if result is Signed.NO else result
        if signed in _SETTLED:
            break
    return {
        Signed.YES: passed(name),
        Signed.NO: failed(name, "wrong"),
        Signed.WITHOUT_IDENTITY: unknown(name, "identity"),
        Signed.UNKNOWN: unknown(name, "algorithm"),
    }[signed]


def check_in_force(certificate: Certificate | None, moment: int | None) -> Check:
    """Check that the certificate was in force at the moment that the signer states."""
    within = certificate.valid_at(moment) if certificate is not None and moment is not None else None
    if within is None:
        return unknown("validity", "time")
    return passed("validity") if within else failed("validity", "certificate")


def check_chains(
    used: Iterable[tuple[Certificate | None, str, int | None]],
    trust: TrustList | None,
    others: Iterable[Certificate] = (),
) -> Check:
    """Follow each certificate in its role as of its moment; return the first that does not end on the list."""
    between = tuple(others)
    for certificate, role, moment in used:
        if certificate is None:
            return unknown("chain", UNKNOWN[role])
        check = check_chain(certificate, between, trust, role, moment)
        if check.outcome is not Outcome.PASS:
            return check
    return passed("chain")
