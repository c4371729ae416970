"""Histories of certificates: shown and signed for holders of a token, judged for everybody.

A history names a certificate, which may lead to a person; whoever hands one in has it already.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Security

from anchoring.register.access.looks import Purpose
from anchoring.register.histories import make_history, place_record
from anchoring.register.proofs import make_bare_proof, make_note_proofs
from anchoring.register.records import StoredRecord, find_records
from anchoring.replica.reading import ReplicaView
from api import limits
from api.http import openapi
from api.http.bounds import bodies
from api.http.node import Node, NodeNeeded
from api.http.presentation import read_proof_alone
from api.http.routes.certificates import Identifier
from api.http.schemas.base import Words
from api.http.schemas.histories import (
    HistoryShape,
    JudgedHistoryShape,
    OutlineShape,
    ProofAloneShape,
    RecordedShape,
    SignedHistoryShape,
    list_findings,
    status_name,
)
from api.http.schemas.verification import NoteShape
from api.http.tokens import Viewer, make_viewer_dependency
from ledger.encoding import times
from ledger.proof.histories import MAX_BYTES, decode_signed_history
from ledger.records.records import PRESENTABLE_ACTIONS
from ledger.verification.completeness import COMPLETENESS_WORDS
from ledger.verification.history import PlacedRecord, judge_history, judge_signed_history, outline_history
from ledger.verification.notes import find_notes

router = APIRouter(prefix="/v1", tags=["records"])
HistoryViewer = Annotated[Viewer, Security(make_viewer_dependency(Purpose.HISTORY), scopes=["history"])]


@router.get(
    "/certificates/{identifier}/history",
    response_model_exclude_none=True,
    responses=openapi.describe_problems(
        "token-required",
        "scope-missing",
        "too-many-looks",
        "issues-nothing",
        "not-found",
        "not-ready",
        "quarantined",
        "invalid-parameter",
        "limit-exceeded",
    ),
)
def certificate_history(identifier: Identifier, viewer: HistoryViewer, node: NodeNeeded) -> HistoryShape:
    """Show every record of the certificate, oldest first, whether that is all by the chain, and the evidence."""
    with (
        viewer.looking(identifier),
        node.reading() as replica_view,  # first: what is anchored by then must be registered
        node.register.reading() as connection,
    ):
        stored_records = find_records(connection, identifier)
        placed_records = [place_record(stored_record, replica_view) for stored_record in stored_records]
        judged_history = judge_history(placed_records, replica_view, node.log)
        signed_history = node.node_key and make_history(
            node.register, connection, replica_view, stored_records, node.node_key, node.clock()
        )
        notes = _list_notes(node, replica_view, stored_records, placed_records)
        cursor, known_at = replica_view.cursor, replica_view.time
    stored_records_by_leaf = {stored_record.leaf: stored_record for stored_record in stored_records}
    return HistoryShape(
        identifier=identifier,
        log=node.log,
        status=status_name(judged_history),
        completeness=judged_history.completeness,
        words=Words.of(COMPLETENESS_WORDS[judged_history.completeness]),
        n=cursor.event_number,
        head="0x" + cursor.head.hex(),
        known_at=times.format_time(known_at),
        records=[
            RecordedShape.of(placed_record, stored_records_by_leaf[placed_record.leaf])
            for placed_record in judged_history.records
        ],
        notes=notes,
        findings=list_findings(judged_history.findings),
        signed=SignedHistoryShape.of(signed_history) if signed_history else None,
    )


def _list_notes(
    node: Node,
    replica_view: ReplicaView,
    stored_records: Sequence[StoredRecord],
    placed_records: Sequence[PlacedRecord],
) -> list[NoteShape]:
    """Return the notes on the certificate of these records, as its newest version that is anchored shows them."""
    versions = [
        stored_record
        for stored_record, placed_record in zip(stored_records, placed_records, strict=True)
        if placed_record.anchor and stored_record.record.action in PRESENTABLE_ACTIONS
    ]
    if not versions:
        return []
    with node.register.reading() as connection:
        proof = make_bare_proof(node.register, connection, replica_view, versions[-1])
    note_proofs = make_note_proofs(node.register, replica_view, versions[-1].leaf, with_settled=True) or ()
    reports = find_notes(proof, note_proofs, replica_view, node.clock())
    return [NoteShape.model_validate(report.to_json()) for report in reports]


@router.post(
    "/histories/check",
    response_model_exclude_none=True,
    responses=openapi.describe_problems(
        "malformed-input",
        "newer-format",
        "unsupported-media-type",
        "body-too-large",
        "not-ready",
        "quarantined",
    ),
    openapi_extra=openapi.describe_request(json=SignedHistoryShape),
)
def check_history(
    encoded_history: Annotated[bytes, Depends(bodies.make_json_reader(MAX_BYTES))], node: NodeNeeded
) -> JudgedHistoryShape:
    """Say whether a signed history of any city is complete, by the chain that this node follows."""
    signed_history = decode_signed_history(encoded_history)
    with node.reading() as trust:
        return JudgedHistoryShape.of(judge_signed_history(signed_history, trust), trust.time)


@router.post(
    "/histories/outline",
    response_model_exclude_none=True,
    responses=openapi.describe_problems(
        "malformed-request",
        "proof-missing",
        "malformed-input",
        "newer-format",
        "limit-exceeded",
        "unsupported-media-type",
        "body-too-large",
        "not-ready",
        "quarantined",
    ),
    openapi_extra=openapi.describe_request(json=ProofAloneShape),
)
def outline(
    body: Annotated[bytes, Depends(bodies.make_json_reader(limits.MAX_FIELD_BYTES))], node: NodeNeeded
) -> OutlineShape:
    """Tell how the status of a certificate of any city changed, by its proof, and how far that reaches."""
    proof = read_proof_alone(body)
    with node.reading() as trust:
        return OutlineShape.model_validate(outline_history(proof, trust).to_json())
