"""The row of a certificate that continues 承接 one which another city transferred here 转入."""

from collections.abc import Mapping
from typing import Final

from api.department.rows.versions import Version, carry_over
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof
from ledger.records.claims import is_document
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.records import CERTIFICATE_KINDS
from ledger.records.transfers import CONTINUES, TRANSFER, find_destination

_SERIAL_DIGITS: Final = 24  # of a digest of the transfer: 96 bits, the same whenever it is received
#: Claims that say who issued the old certificate, or which it is: the new one has its own.
_CLAIMS_OF_THE_OLD: Final = frozenset({"ZZBS", "ZZBFJG", "ZZBFJGDM"})
#: Documents and links of the old certificate were made and sealed by who issued it.
_MEMBERS_OF_THE_OLD: Final = frozenset({"documents", "links"})


def find_transfer(proof: Proof, log: str) -> Proof:
    """Return the proof of the transfer that the proof of a certificate carries, into this log. Raises: MalformedInput."""
    if proof.record.kind not in CERTIFICATE_KINDS:
        raise MalformedInput(
            f"{proof.record.identifier} is no certificate, and only certificates are transferred"
        )
    transfer_proofs = [
        linked_proof for linked_proof in proof.linked_proofs if linked_proof.record.action == TRANSFER
    ]
    if len(transfer_proofs) != 1:
        raise MalformedInput(
            f"the proof of {proof.record.identifier} carries {'several transfers' if transfer_proofs else 'no transfer'} "
            "转出, and is to carry one: have it exported anew once the transfer is anchored"
        )
    (transfer_proof,) = transfer_proofs
    destination = find_destination(transfer_proof.record)
    if destination != log:
        raise MalformedInput(
            f"the transfer of {proof.record.identifier} goes to {destination or 'no log that it names'}, and this node "
            f"issues into {log}: ask the city that transferred it"
        )
    return transfer_proof


def make_received_row(
    proof: Proof, transfer_proof: Proof, issuer: str, stated_members: Mapping[str, Json]
) -> dict[str, Json]:
    """Return the row of the new certificate: what is stated, and else what the old one states, but for who issued it.

    Raises: MalformedInput where the proof does not disclose everything.
    """
    record, disclosure = proof.record, proof.disclosure
    if disclosure is None or any(not is_document(name) for name in disclosure.withheld_names):
        raise MalformedInput(
            f"the proof of {record.identifier} withholds claims, which would be lost: have it exported with all of them"
        )
    transfer_leaf = transfer_proof.record.hash_leaf()
    serial = SM3.hash(transfer_leaf).hex()[:_SERIAL_DIGITS].upper()
    identifier = CertificateIdentifier.build(record.certificate.type, issuer, serial, 1).text
    values = {name: value for name, value in disclosure.values.items() if name not in _CLAIMS_OF_THE_OLD}
    old_row = carry_over(stated_members, Version(record, values), identifier)
    kept_members = {
        name: value
        for name, value in old_row.items()
        if name not in _MEMBERS_OF_THE_OLD or name in stated_members
    }
    link: Json = {"rel": CONTINUES, "record": transfer_proof.record.suite.format(transfer_leaf)}
    return kept_members | {"kind": record.kind, "action": "issue", "issuer": issuer, "links": [link]}
