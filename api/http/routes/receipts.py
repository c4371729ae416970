"""Judge receipts, from the replica and the public entries that this node holds.

Open to everybody: a receipt holds nothing personal.
"""

from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from anchoring.errors import NotFound
from anchoring.monitor.entries import EntriesByConnection
from api.http import openapi
from api.http.bounds import bodies
from api.http.node import NodeNeeded
from api.http.schemas.receipts import JudgementShape, SignedReceiptShape
from api.http.schemas.registry import KeyShape
from ledger.encoding.fields import parse_key_id
from ledger.verification.receipts import MAX_BYTES, decode_signed_receipt, judge_promise

router = APIRouter(prefix="/v1", tags=["registry"])


@router.post(
    "/receipts/check",
    responses=openapi.describe_problems(
        "malformed-input",
        "newer-format",
        "unsupported-media-type",
        "body-too-large",
        "not-ready",
        "quarantined",
    ),
    openapi_extra=openapi.describe_request(json=SignedReceiptShape),
)
def check_receipt(
    encoded_receipt: Annotated[bytes, Depends(bodies.make_json_reader(MAX_BYTES))], node: NodeNeeded
) -> JudgementShape:
    """Say what became of the promise of a receipt: kept, pending, broken, contradicted, or that it cannot be told here."""
    signed_receipt = decode_signed_receipt(encoded_receipt)
    with ExitStack() as stack:
        trust = stack.enter_context(node.reading())
        connection = stack.enter_context(node.issuing_register.reading()) if node.issuing_register else None
        trust.entries = entries = EntriesByConnection(node.settings.log or "", connection, node.entry_copies)
        return JudgementShape.of(judge_promise(signed_receipt, trust, entries, node.clock()))


@router.get(
    "/keys/{key}",
    response_model_exclude_none=True,
    responses=openapi.describe_problems("not-found", "invalid-parameter", "not-ready", "quarantined"),
)
def key(
    key: Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="Its identifier.")], node: NodeNeeded
) -> KeyShape:
    """Show what the registry holds of a key, of a department or a node."""
    with node.reading() as replica_view:
        key_state = replica_view.find_key(parse_key_id(key))
    if key_state is None:
        raise NotFound(f"the registry holds no key {key}")
    return KeyShape.of(key_state)
