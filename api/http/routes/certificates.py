"""Proofs and histories, for holders of a token: identifiers may lead to a person."""

from dataclasses import replace
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response, Security

from anchoring.errors import NotFound
from anchoring.register.lineages import find_lineages
from anchoring.register.proofs import make_proof
from anchoring.register.records import StoredRecord, find_current_leaf, find_records
from anchoring.register.tokens import Token
from anchoring.register.uses import find_uses
from anchoring.replica.reading import ReplicaView
from api import limits
from api.http import openapi
from api.http.bounds import bodies
from api.http.node import Node, NodeNeeded
from api.http.schemas.base import Time
from api.http.schemas.registry import HistoryShape, IdentifiersShape, LineageShape, LineagesShape
from api.http.schemas.uses import UseShape, UsesShape
from api.http.schemas.verification import ProofShape
from api.http.tokens import require_token
from ledger.crypto.suites import parse_digest
from ledger.encoding.fields import MAX_TEXT_CHARS, parse_hex
from ledger.encoding.times import parse_time
from ledger.limits import MAX_LOG_SIZE
from ledger.verification.history import PlacedRecord, judge_history

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
_LINEAGES = _HISTORY | openapi.problems("unsupported-media-type", "body-too-large")
_USES = _HISTORY | openapi.problems("malformed-input", "invalid-parameter")
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
ProofHolder = Annotated[Token, Security(require_token, scopes=["proofs"])]
HistoryHolder = Annotated[Token, Security(require_token, scopes=["history"])]


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
        leaf = find_current_leaf(connection, identifier)
    return _proof(node, leaf, token, show)


@router.get("/certificates/{identifier}/history", response_model_exclude_none=True, responses=_HISTORY)
def certificate_history(identifier: Identifier, _: HistoryHolder, node: NodeNeeded) -> HistoryShape:
    """Show every record of the certificate, oldest first, and whether they and the chain tell the same story."""
    with node.register.reading() as connection:
        stored = find_records(connection, identifier)
    with node.reading() as reading:
        history = judge_history(
            [_recorded(record, reading, node.log) for record in stored], reading, node.log
        )
    return HistoryShape.of(identifier, node.log, history, stored)


@router.get("/certificates/{identifier}/uses", response_model_exclude_none=True, responses=_USES)
def seal_uses(
    identifier: Identifier,
    _: HistoryHolder,
    node: NodeNeeded,
    after: Annotated[
        Time | None, Query(description="Only sealings anchored at this moment or later.")
    ] = None,
    before: Annotated[Time | None, Query(description="Only sealings anchored before this moment.")] = None,
    position: Annotated[
        int, Query(ge=0, le=MAX_LOG_SIZE, description="Only sealings at this position or beyond.")
    ] = 0,
    limit: Annotated[
        int, Query(ge=1, le=limits.MAX_PAGE_ITEMS, description="Items of one page.")
    ] = limits.PAGE_ITEMS,
) -> UsesShape:
    """List what was sealed with a seal of any version, in the order of the log.

    The anchor of the sealing counts, not the time that it states. A sealing that is not anchored yet comes after every
    moment.
    """
    first, end = position, MAX_LOG_SIZE
    with node.reading() as reading:
        if after is not None:
            first = max(first, reading.size_before(node.log, parse_time(after)))
        if before is not None:
            end = reading.size_before(node.log, parse_time(before))
        with node.register.reading() as connection:
            page = find_uses(connection, identifier, first=first, end=end, limit=limit)
        sealings = [_recorded(use.sealing, reading, node.log) for use in page]
    items = [UseShape.of_use(sealing, use) for sealing, use in zip(sealings, page, strict=True)]
    following = page[-1].sealing.position + 1 if len(page) == limit else None
    asked = {"after": after, "before": before, "position": following, "limit": limit}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    address = f"/v1/certificates/{quote(identifier, safe='')}/uses?{query}"
    return UsesShape(identifier=identifier, log=node.log, items=items, next=address if following else None)


async def _asked(request: Request, _: HistoryHolder) -> IdentifiersShape:
    """Read the body once the token is known to be good."""
    return await bodies.read_shape(request, IdentifiersShape, limits.MAX_SMALL_BYTES)


@router.post(
    "/certificates/lineages",
    responses=_LINEAGES,
    openapi_extra=openapi.request(json=IdentifiersShape),
)
def certificate_lineages(
    asked: Annotated[IdentifiersShape, Depends(_asked)], node: NodeNeeded
) -> LineagesShape:
    """Show where certificates stand, as far as this node has accepted records: what a change of them has to follow."""
    with node.reading() as reading:
        log = reading.log(node.log)
    if log is None:
        raise NotFound(f"the log {node.log} is not admitted: ask the province to admit it")
    with node.register.reading() as connection:
        known = find_lineages(connection, asked.identifiers)
    return LineagesShape(
        items=[LineageShape.of(lineage, log.suite) if lineage else None for lineage in known]
    )


def _proof(node: Node, leaf: bytes, token: Token, show: list[str] | None) -> Response:
    names = show if CLAIMS in token.scopes else []
    with node.reading() as reading:
        proof = make_proof(node.register, reading, node.trees, leaf, names=names)
    if CLAIMS not in token.scopes and proof.disclosure and proof.disclosure.values:
        proof = replace(proof, disclosure=None)  # the register holds a selection, which cannot be narrowed
    return Response(proof.encode(), media_type=bodies.JSON)


def _recorded(stored: StoredRecord, reading: ReplicaView, log: str) -> PlacedRecord:
    """Give a record its anchor where that is final; the chain decides, not the register."""
    sequence = stored.submission.sequence
    anchor = reading.anchor(log, sequence) if sequence is not None else None
    return PlacedRecord(stored.record, stored.leaf, stored.position if anchor else None, anchor)
