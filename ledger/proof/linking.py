"""Attach the proofs of linked records to the proof that links to them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ledger.errors import LimitExceeded, MalformedInput
from ledger.proof.proof import MAX_LINK_DEPTH, Proof
from ledger.records.claims import FullDisclosure, is_document
from ledger.records.notes import is_note
from ledger.records.records import Link
from ledger.records.seal_claims import CLAIMS_SHOWN_WHEN_LINKED
from ledger.records.transfers import TRANSFER


def collect_linked_leaves(proof: Proof) -> frozenset[bytes]:
    """Return the leaf hashes of the records to which the record of `proof` links."""
    return frozenset(link.record for link in proof.record.links)


def find_missing_links(proof: Proof) -> Iterator[Link]:
    """Yield the links, of the proof and of those that it links to, of which no proof is attached."""
    proofs_by_leaf = {linked_proof.record.hash_leaf(): linked_proof for linked_proof in proof.linked_proofs}
    for link in proof.record.links:
        if link.record in proofs_by_leaf:
            yield from find_missing_links(proofs_by_leaf[link.record])
        else:
            yield link


def attach_proofs(proof: Proof, *other_proofs: Proof) -> Proof:
    """Return the proof with each of the `other_proofs`, in any order, attached wherever a link names its record.

    So a proof of what another city registered comes along. It takes the place of an earlier proof of the same record, and
    keeps what that one led to where it lacks that itself. Of a certificate that was transferred, the transfer that its
    proof carries is attached.

    Raises: MalformedInput where nothing links to that very record; LimitExceeded.
    """
    carried_proofs = [
        inner_proof for other_proof in other_proofs for inner_proof in other_proof.linked_proofs
    ]
    trimmed_proofs = [trim_linked(given_proof) for given_proof in (*carried_proofs, *other_proofs)]
    inner_proofs = [
        linked_proof for other_proof in trimmed_proofs for linked_proof in other_proof.linked_proofs
    ]
    proofs_by_leaf = _index_by_leaf(map(trim_linked, proof.linked_proofs)) | _index_by_leaf(inner_proofs)
    proofs_by_leaf |= {trimmed_proof.record.hash_leaf(): trimmed_proof for trimmed_proof in trimmed_proofs}
    attached_proof = _attach_linked(proof, proofs_by_leaf)
    for other_proof in other_proofs:
        named_proofs = (other_proof, *_list_transfers(other_proof))
        if not any(_leads_to(attached_proof, named_proof.record.hash_leaf()) for named_proof in named_proofs):
            raise MalformedInput(
                f"nothing in the proof links to this record of {other_proof.record.identifier}: is it another version?"
            )
    return attached_proof


def _list_transfers(proof: Proof) -> list[Proof]:
    """Return the proofs of transfers 转出 that the proof of a certificate carries."""
    return [linked_proof for linked_proof in proof.linked_proofs if linked_proof.record.action == TRANSFER]


def trim_linked(proof: Proof) -> Proof:
    """Return a proof as it travels inside another: whose and for what it is, and only what it links to; a note whole."""
    if is_note(proof.record):
        return replace(proof, staple=None, linked_proofs=())
    disclosure = proof.disclosure
    if isinstance(disclosure, FullDisclosure):
        names = {name for name in disclosure.values if name in CLAIMS_SHOWN_WHEN_LINKED or is_document(name)}
        disclosure = disclosure.select(proof.record.suite, names)
    leaves = collect_linked_leaves(proof)
    linked_proofs = tuple(
        trim_linked(linked_proof)
        for linked_proof in proof.linked_proofs
        if linked_proof.record.hash_leaf() in leaves
    )
    return replace(proof, disclosure=disclosure, staple=None, linked_proofs=linked_proofs, erasure=None)


def _leads_to(proof: Proof, leaf: bytes) -> bool:
    leaves = collect_linked_leaves(proof)
    return leaf in leaves or any(
        _leads_to(linked_proof, leaf)
        for linked_proof in proof.linked_proofs
        if linked_proof.record.hash_leaf() in leaves
    )


def _index_by_leaf(proofs: Iterable[Proof]) -> dict[bytes, Proof]:
    """Return the proofs, and all that are attached to them at any level, by the leaf hash of the record."""
    proofs_by_leaf: dict[bytes, Proof] = {}
    for proof in proofs:
        proofs_by_leaf |= _index_by_leaf(proof.linked_proofs) | {proof.record.hash_leaf(): proof}
    return proofs_by_leaf


def _attach_linked(proof: Proof, proofs_by_leaf: Mapping[bytes, Proof], depth: int = 0) -> Proof:
    """Return the proof with what its links name, and with what else was attached to it."""
    linked_leaves_in_order = dict.fromkeys(link.record for link in proof.record.links)
    named_proofs = [proofs_by_leaf[leaf] for leaf in linked_leaves_in_order if leaf in proofs_by_leaf]
    if named_proofs and depth == MAX_LINK_DEPTH:
        raise LimitExceeded(f"proofs are linked more than {MAX_LINK_DEPTH} deep")
    other_proofs = (
        other for other in proof.linked_proofs if other.record.hash_leaf() not in linked_leaves_in_order
    )
    return replace(
        proof,
        linked_proofs=(
            *(_attach_linked(named_proof, proofs_by_leaf, depth + 1) for named_proof in named_proofs),
            *other_proofs,
        ),
    )
