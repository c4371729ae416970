"""Proofs and history, for holders of a token: what is asked by record or identifier may lead to a person."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, Security

from anchoring import register as registered
from anchoring.errors import NotFound
from anchoring.lineages import lineages
from anchoring.proofs import proof_of
from anchoring.reading import Reading
from anchoring.register import Held
from anchoring.tokens import Token
from api import bodies, openapi
from api.node import Node, NodeNeeded
from api.schemas.registry import HistoryShape, IdentifiersShape, LineageShape, LineagesShape
from api.schemas.verification import ProofShape
from api.tokens import holder
from ledger.fields import parse_hex
from ledger.history import Recorded, history
from ledger.limits import MAX_TEXT_CHARS
from ledger.suites import parse_digest

router = APIRouter(prefix="/v1", tags=["records"])

CLAIMS = "claims"
_HISTORY = openapi.problems(
    "token-required",
    "scope-missing",
    "issues-nothing",
    "not-found",
    "not-ready",
    "quarantined",
    "invalid-parameter",
)
_LINEAGES = openapi.problems(
    "token-required",
    "scope-missing",
    "issues-nothing",
    "not-found",
    "not-ready",
    "quarantined",
    "invalid-parameter",
)
_PROOF = openapi.answer(ProofShape, "The proof, in canonical form.") | openapi.problems(
    "token-required",
    "scope-missing",
    "not-found",
    "issues-nothing",
    "not-final",
    "invalid-parameter",
    "malformed-input",
)

Identifier = Annotated[str, Path(max_length=MAX_TEXT_CHARS, description="Of any version of the certificate.")]
Show = Annotated[
    list[str] | None,
    Query(
        max_length=256,
        description="Claims to show, the others withheld; left out, all. Only with the scope `claims`.",
    ),
]
ProofHolder = Annotated[Token, Security(holder, scopes=["proofs"])]
HistoryHolder = Annotated[Token, Security(holder, scopes=["history"])]


@router.get("/records/{leaf}/proof", response_class=Response, responses=_PROOF)
def record_proof(
    leaf: Annotated[str, Path(max_length=80, description="The record's leaf hash, `sm3:<hex>` or bare.")],
    token: ProofHolder,
    node: NodeNeeded,
    show: Show = None,
) -> Response:
    """Export the proof of a record. A token without the scope `claims` gets it with every claim withheld."""
    digest = parse_digest(leaf)[1] if ":" in leaf else parse_hex(leaf, 32)
    return _proof(node, digest, token, show)


@router.get("/certificates/{identifier}/proof", response_class=Response, responses=_PROOF)
def certificate_proof(
    identifier: Identifier, token: ProofHolder, node: NodeNeeded, show: Show = None
) -> Response:
    """Export the proof of the record that is current in the certificate's lineage."""
    with node.register.reading() as connection:
        leaf = registered.current_leaf(connection, identifier)
    return _proof(node, leaf, token, show)


@router.get("/certificates/{identifier}/history", response_model_exclude_none=True, responses=_HISTORY)
def certificate_history(identifier: Identifier, _: HistoryHolder, node: NodeNeeded) -> HistoryShape:
    """Show every record of the certificate, oldest first, and whether they and the chain tell the same story."""
    with node.register.reading() as connection:
        held = registered.records_of(connection, identifier)
    with node.reading() as reading:
        found = history([_recorded(item, reading, node.log) for item in held], reading, node.log)
    return HistoryShape.of(identifier, node.log, found, held)


@router.post("/certificates/lineages", responses=_LINEAGES)
def certificate_lineages(asked: IdentifiersShape, _: HistoryHolder, node: NodeNeeded) -> LineagesShape:
    """Show where certificates stand, as far as this node has accepted records: what a change of them has to follow."""
    with node.reading() as reading:
        log = reading.log(node.log)
    if log is None:
        raise NotFound(f"the log {node.log} is not admitted: ask the province to admit it")
    with node.register.reading() as connection:
        found = lineages(connection, asked.identifiers)
    return LineagesShape(items=[LineageShape.of(one, log.suite) if one else None for one in found])


def _proof(node: Node, leaf: bytes, token: Token, show: list[str] | None) -> Response:
    names = show if CLAIMS in token.scopes else []
    with node.reading() as reading:
        proof = proof_of(node.register, reading, node.trees, leaf, names=names)
    if CLAIMS not in token.scopes and proof.disclosure and proof.disclosure.values:
        proof = replace(proof, disclosure=None)  # the register holds a selection, which cannot be narrowed
    return Response(proof.encode(), media_type=bodies.JSON)


def _recorded(held: Held, reading: Reading, log: str) -> Recorded:
    """Give a record its anchor where that is final; the chain decides, not the register."""
    sequence = held.submission.sequence
    anchor = reading.anchor(log, sequence) if sequence is not None else None
    return Recorded(held.record, held.leaf, held.position if anchor else None, anchor)
