"""Which presented document belongs to which proof.

Two genuine licences dropped together are two verdicts.

A document belongs to the proofs that register its bytes, and to the one that travelled inside it; else to the proof that
bears its name. Where one proof was given, beside documents of which none is its own, all of them belong to it, so that an
altered document is compared with it. What then belongs to no proof is not checked, and is named.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from api.files import PROOF_SUFFIX
from ledger.documents.carriers import RestoredDocument, restore
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof
from ledger.records.claims import Disclosure, DocumentClaim, decode_document, is_document, is_registered


@dataclass(frozen=True, slots=True)
class ChosenFile:
    """A file as it was chosen: its name, which may be empty, and its content. `shows_code`: it is the picture of a proof."""

    name: str
    content: bytes
    shows_code: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A proof as it came, and the documents to be compared with it, with their names."""

    proof: bytes
    documents: tuple[RestoredDocument, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pairing:
    """A pair for every certificate, and the names of the documents that belong to none."""

    pairs: tuple[Pair, ...]
    unchecked: tuple[str, ...]


@dataclass(slots=True)
class _Certificate:
    """The proofs of one record: the first is what is judged."""

    proof: bytes
    decoded_proof: Proof | None
    is_beside: bool
    names: set[str] = field(default_factory=set)
    document_numbers: list[int] = field(default_factory=list)

    def registers(self, content: bytes) -> bool:
        """Tell whether the proof shows the registered document to be this one."""
        disclosure = self.decoded_proof.disclosure if self.decoded_proof else None
        return disclosure is not None and is_registered(content, _list_document_claims(disclosure))


def pair_documents(proofs: Sequence[ChosenFile], documents: Sequence[ChosenFile]) -> Pairing:
    """Bring proofs and documents together, in the order in which they were given."""
    restored_documents = [restore(chosen_file.content) for chosen_file in documents]
    certificates = _collect_certificates(proofs, restored_documents)
    unpaired_numbers = [
        index
        for index, chosen_file in enumerate(documents)
        if not _give(index, _find_owners(certificates, chosen_file.name, restored_documents[index]))
        and not chosen_file.shows_code
    ]
    if len(certificates) == 1:
        (only_certificate,) = certificates.values()
        if only_certificate.is_beside and not only_certificate.document_numbers:
            only_certificate.document_numbers, unpaired_numbers = unpaired_numbers, []
    pairs = (
        Pair(
            certificate.proof,
            tuple(restored_documents[index] for index in certificate.document_numbers),
            tuple(documents[index].name for index in certificate.document_numbers),
        )
        for certificate in certificates.values()
    )
    return Pairing(tuple(pairs), tuple(documents[index].name for index in unpaired_numbers))


def _give(index: int, owners: Sequence[_Certificate]) -> bool:
    """Note the document of this number with its owners, and tell whether it has any."""
    for owner in owners:
        owner.document_numbers.append(index)
    return bool(owners)


def _collect_certificates(
    proofs: Sequence[ChosenFile], restored_documents: Sequence[RestoredDocument]
) -> dict[bytes, _Certificate]:
    """Return what proofs there are, one for each record; of what is no proof, one for each text."""
    certificates: dict[bytes, _Certificate] = {}
    for chosen_file in proofs:
        decoded_proof = decode_or_none(chosen_file.content)
        certificate = _Certificate(chosen_file.content, decoded_proof, is_beside=True)
        certificates.setdefault(_make_key(decoded_proof, chosen_file.content), certificate).names.add(
            chosen_file.name.lower()
        )
    for restored_document in restored_documents:
        if restored_document.proof is not None:
            certificate = _Certificate(
                restored_document.proof.encode(), restored_document.proof, is_beside=False
            )
            certificates.setdefault(_make_key(restored_document.proof, b""), certificate)
    return certificates


def _find_owners(
    certificates: dict[bytes, _Certificate], file_name: str, restored_document: RestoredDocument
) -> list[_Certificate]:
    """Return the certificates of which this document is known by its bytes or its proof, or else by its name."""
    carried_key = _make_key(restored_document.proof, b"") if restored_document.proof else None
    owners = [
        certificate
        for certificate_key, certificate in certificates.items()
        if certificate_key == carried_key or certificate.registers(restored_document.document)
    ]
    if not owners and file_name:
        proof_name = file_name.lower() + PROOF_SUFFIX
        owners = [certificate for certificate in certificates.values() if proof_name in certificate.names]
    return owners


def _make_key(proof: Proof | None, text: bytes) -> bytes:
    return proof.record.hash_leaf() if proof else b"\0" + text


def decode_or_none(proof: bytes) -> Proof | None:
    """Return a proof as a person presents it, None for what is none."""
    try:
        return decode_presented(proof)
    except MalformedInput:
        return None


def _list_document_claims(disclosure: Disclosure) -> Iterator[DocumentClaim]:
    for name, value in disclosure.values.items():
        if is_document(name):
            with suppress(MalformedInput):
                yield decode_document(value)
