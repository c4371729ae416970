"""Proofs, uses and lineages, for holders of a token: identifiers may lead to a person."""

from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response, Security

from anchoring.errors import NotFound
from anchoring.register.access.looks import SHOWN_OUTCOME, Purpose
from anchoring.register.histories import place_record
from anchoring.register.lineages import find_lineages
from anchoring.register.proofs import make_proof
from anchoring.register.records import StoredRecord, find_current_leaf, find_record
from anchoring.register.search.finding import describe_version
from anchoring.register.uses import find_uses
from api import limits
from api.http import openapi
from api.http.bounds import bodies
from api.http.errors import MalformedRequest, ScopeMissing, find_problem
from api.http.node import Node, NodeNeeded
from api.http.schemas.base import Time
from api.http.schemas.registry import IdentifiersShape, LineageShape, LineagesShape
from api.http.schemas.uses import UseShape, UsesShape
from api.http.schemas.verification import ProofShape
from api.http.tokens import Viewer, make_viewer_dependency
from api.problems import PROBLEMS
from ledger.crypto.suites import Suite, parse_digest
from ledger.encoding.fields import MAX_TEXT_CHARS, parse_hex
from ledger.encoding.times import parse_time
from ledger.limits import MAX_LOG_SIZE
from ledger.proof.proof import Proof
from ledger.records.lifecycle import Lineage

router = APIRouter(prefix="/v1", tags=["records"])

CLAIMS_SCOPE: Final = "claims"
_UNKNOWN_OUTCOME: Final = PROBLEMS["not-found"].slug
_HISTORY_PROBLEMS = openapi.describe_problems(
    "token-required",
    "scope-missing",
    "too-many-looks",
    "issues-nothing",
    "not-found",
    "not-ready",
    "quarantined",
    "invalid-parameter",
)
_LINEAGES_PROBLEMS = _HISTORY_PROBLEMS | openapi.describe_problems(
    "unsupported-media-type", "body-too-large", "malformed-request"
)
_USES_PROBLEMS = _HISTORY_PROBLEMS | openapi.describe_problems("malformed-input", "invalid-parameter")
_PROOF_RESPONSES = openapi.describe_answer(
    ProofShape, "The proof, in canonical form."
) | openapi.describe_problems(
    "token-required",
    "scope-missing",
    "too-many-looks",
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
ProofViewer = Annotated[Viewer, Security(make_viewer_dependency(Purpose.PROOF), scopes=["proofs"])]
UsesViewer = Annotated[Viewer, Security(make_viewer_dependency(Purpose.USES), scopes=["history"])]
LineageViewer = Annotated[Viewer, Security(make_viewer_dependency(Purpose.LINEAGE), scopes=["history"])]


@router.get("/records/{leaf}/proof", response_class=Response, responses=_PROOF_RESPONSES)
def record_proof(
    leaf: Annotated[str, Path(max_length=80, description="The record's leaf hash, `sm3:<hex>` or bare.")],
    viewer: ProofViewer,
    node: NodeNeeded,
    show: Show = None,
) -> Response:
    """Export the proof of a record. A token without the scope `claims` gets it with every claim withheld."""
    purpose, claim_names = _choose_claims(viewer, show)
    with viewer.looking(leaf, purpose) as outcomes:
        proof = _make_proof(node, parse_digest(leaf)[1] if ":" in leaf else parse_hex(leaf, 32), claim_names)
        outcomes[proof.record.identifier] = outcomes.pop(leaf)
    return Response(proof.encode(), media_type=bodies.JSON)


@router.get("/certificates/{identifier}/proof", response_class=Response, responses=_PROOF_RESPONSES)
def certificate_proof(
    identifier: Identifier, viewer: ProofViewer, node: NodeNeeded, show: Show = None
) -> Response:
    """Export the proof of the record that is current in the certificate's lineage."""
    purpose, claim_names = _choose_claims(viewer, show)
    with viewer.looking(identifier, purpose) as outcomes:
        with node.register.reading() as connection:
            leaf = find_current_leaf(connection, identifier)
        proof = _make_proof(node, leaf, claim_names)
        outcomes[proof.record.identifier] = outcomes.pop(identifier)
    return Response(proof.encode(), media_type=bodies.JSON)


@router.get("/certificates/{identifier}/uses", response_model_exclude_none=True, responses=_USES_PROBLEMS)
def seal_uses(
    identifier: Identifier,
    viewer: UsesViewer,
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
    first_position, end_position = position, MAX_LOG_SIZE
    with viewer.looking(identifier) as outcomes, node.reading() as replica_view:
        if after is not None:
            first_position = max(first_position, replica_view.find_size_before(node.log, parse_time(after)))
        if before is not None:
            end_position = replica_view.find_size_before(node.log, parse_time(before))
        with node.register.reading() as connection:
            uses = find_uses(
                connection, identifier, first_position=first_position, end_position=end_position, limit=limit
            )
        sealings = [place_record(use.sealing, replica_view) for use in uses]
        outcomes |= {certificate: SHOWN_OUTCOME for use in uses for certificate in use.certificates}
    items = [UseShape.of_use(sealing, use) for sealing, use in zip(sealings, uses, strict=True)]
    next_position = uses[-1].sealing.position + 1 if len(uses) == limit else None
    parameters = {"after": after, "before": before, "position": next_position, "limit": limit}
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    address = f"/v1/certificates/{quote(identifier, safe='')}/uses?{query}"
    return UsesShape(
        identifier=identifier, log=node.log, items=items, next=address if next_position else None
    )


async def _read_identifiers(request: Request, _: LineageViewer) -> IdentifiersShape:
    """Read the body once the token is known to be good."""
    return await bodies.read_shape(request, IdentifiersShape, limits.MAX_SMALL_BYTES)


@router.post(
    "/certificates/lineages",
    response_model_exclude_none=True,
    responses=_LINEAGES_PROBLEMS,
    openapi_extra=openapi.describe_request(json=IdentifiersShape),
)
def certificate_lineages(
    identifiers_shape: Annotated[IdentifiersShape, Depends(_read_identifiers)],
    viewer: LineageViewer,
    node: NodeNeeded,
) -> LineagesShape:
    """Show where certificates stand, as far as this node has accepted records: what a change of them has to follow.

    With `described`, also which certificates they are: type, number and holder, masked 脱敏 where that is a person.
    With `content`, and a token with the scope `claims`, also what the current versions state, which a change carries over.
    """
    if identifiers_shape.content:
        _check_content(identifiers_shape, viewer)
    with node.reading() as replica_view:
        log = replica_view.find_log(node.log)
    if log is None:
        raise NotFound(f"the log {node.log} is not admitted: ask the province to admit it")
    with node.register.reading() as connection:
        lineages = find_lineages(connection, identifiers_shape.identifiers)
        is_read = identifiers_shape.content or identifiers_shape.described
        versions = {
            lineage.current_leaf: find_record(connection, lineage.current_leaf)
            for lineage in lineages
            if lineage and is_read
        }
    pairs = zip(identifiers_shape.identifiers, lineages, strict=True)
    outcomes = {identifier: SHOWN_OUTCOME if lineage else _UNKNOWN_OUTCOME for identifier, lineage in pairs}
    viewer.log(outcomes, Purpose.CLAIMS if identifiers_shape.content else None)
    return LineagesShape(
        items=[
            _make_lineage_shape(identifiers_shape, lineage, log.suite, versions.get(lineage.current_leaf))
            if lineage
            else None
            for lineage in lineages
        ]
    )


def _make_lineage_shape(
    identifiers_shape: IdentifiersShape, lineage: Lineage, suite: Suite, version: StoredRecord | None
) -> LineageShape:
    """Return of a certificate what was asked for."""
    return LineageShape.of(
        lineage,
        suite,
        version if identifiers_shape.content else None,
        describe_version(lineage, version) if version and identifiers_shape.described else None,
    )


def _check_content(identifiers_shape: IdentifiersShape, viewer: Viewer) -> None:
    """Check that the content of so many certificates may be shown. Raises: MalformedRequest, ScopeMissing, TooManyLooks."""
    if len(identifiers_shape.identifiers) > limits.MAX_CONTENT_ITEMS:
        raise MalformedRequest(
            f"the content of {len(identifiers_shape.identifiers)} certificates is asked for, at most "
            f"{limits.MAX_CONTENT_ITEMS} are shown at a time: ask in several requests"
        )
    if CLAIMS_SCOPE not in viewer.token.scopes:
        refusal = ScopeMissing(f"the token lacks the scope {CLAIMS_SCOPE}, without which no content is shown")
        viewer.log(dict.fromkeys(identifiers_shape.identifiers, find_problem(refusal).slug), Purpose.CLAIMS)
        raise refusal


def _choose_claims(viewer: Viewer, show: list[str] | None) -> tuple[Purpose, list[str] | None]:
    """Return what a token looks at, and the claims that it is shown: none without the scope, all where it names none."""
    if CLAIMS_SCOPE not in viewer.token.scopes:
        return Purpose.PROOF, []
    return Purpose.CLAIMS, show


def _make_proof(node: Node, leaf: bytes, claim_names: list[str] | None) -> Proof:
    with node.reading() as replica_view:
        proof = make_proof(node.register, replica_view, node.status_trees, leaf, names=claim_names)
    if claim_names == [] and proof.disclosure and proof.disclosure.values:
        return replace(proof, disclosure=None)  # the register holds a selection, which cannot be narrowed
    return proof
