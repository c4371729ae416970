"""Register records: a streamed submission in, a receipt out.

The department's signature is the authentication.
"""

from collections.abc import AsyncIterator, Iterator
from typing import IO, Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from anchoring.intake.admission import Admission, admit
from anchoring.intake.intake import take
from anchoring.intake.rows import split_lines
from anchoring.register import submissions
from anchoring.register.receipts import find_or_sign_receipt
from anchoring.register.submissions import Submission
from api import limits
from api.http import openapi
from api.http.bounds import bodies
from api.http.bounds.spooling import Upload, take_in
from api.http.node import Node, NodeNeeded
from api.http.readiness import refuse_behind
from api.http.schemas.submissions import ReceiptShape, SubmissionShape

router = APIRouter(prefix="/v1", tags=["submissions"])

_BODY_DESCRIPTION: Final = {
    "requestBody": {
        "required": True,
        "description": "Line 1 is the statement and its signature; every further line a record with its disclosure, if any.",
        "content": {bodies.NDJSON: {"schema": {"type": "string"}}},
    }
}
_REFUSAL_RESPONSES: Final = openapi.describe_problems(
    "issues-nothing",
    "unsupported-media-type",
    "body-too-large",
    "body-too-slow",
    "rows-refused",
    "not-granted",
    "root-registered",
    "not-ready",
    "register-behind",
    "entries-missing",
    "records-missing",
    "too-much-waiting",
    "too-many-uploads",
    "no-space",
)


async def _receive_upload(request: Request, node: NodeNeeded) -> AsyncIterator[Submission | Upload]:
    """Give the body once it is here. Whose statement is known or refused, or finds no room, need not send the rest."""
    bodies.expect_media_type(request, bodies.NDJSON)
    register = node.register

    def check(line: bytes) -> Submission | Admission:
        with node.reading() as trust:
            refuse_behind(trust)
            return admit(register, trust, line, node.clock(), node.intake_rules)

    async with take_in(request, check, node.uploads, node.intake_rules.spool_directory) as upload:
        yield upload


@router.post(
    "/submissions",
    status_code=201,
    response_model_exclude_none=True,
    responses=_REFUSAL_RESPONSES
    | {200: {"model": ReceiptShape, "description": "Accepted before; without its warnings."}},
    openapi_extra=_BODY_DESCRIPTION,
)
def submit(
    node: NodeNeeded, upload: Annotated[Submission | Upload, Depends(_receive_upload)], response: Response
) -> ReceiptShape:
    """Take a submission, all of it or nothing. Sent again, it gets the same receipt as soon as its first line is here."""
    submission, is_new = _take_in(node, upload)
    if not is_new:
        response.status_code = 200
    if isinstance(upload, Submission):
        response.headers["Connection"] = "close"  # what else the client sends is not read
    signed_receipt = find_or_sign_receipt(node.register, submission, node.node_key)
    return ReceiptShape.of(submission.acceptance, signed_receipt, shows_warnings=is_new)


@router.get(
    "/submissions/{id}",
    response_model_exclude_none=True,
    responses=openapi.describe_problems("issues-nothing", "not-found", "invalid-parameter"),
)
def submission(
    id: Annotated[str, Path(description="As in the receipt: the root in hexadecimal.")],
    node: NodeNeeded,
) -> SubmissionShape:
    """Say how far a submission has come: accepted, frozen, submitted, mined, final."""
    with node.register.reading() as connection:
        stored_submission = submissions.find_submission(connection, id)
    return SubmissionShape.at(
        stored_submission, find_or_sign_receipt(node.register, stored_submission, node.node_key)
    )


def _take_in(node: Node, upload: Submission | Upload) -> tuple[Submission, bool]:
    """Return the submission as the register holds it now, and whether it is new there."""
    if isinstance(upload, Submission):
        return upload, False
    lines = split_lines(_read_chunks(upload.body_file))
    next(lines)  # the statement, which was admitted
    with node.reading() as trust:
        return take(
            node.register,
            trust,
            upload.admission,
            lines,
            node.clock(),
            node.intake_rules,
            is_urgent_only=upload.is_urgent_only,
        )


def _read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(limits.CHUNK_BYTES):
        yield chunk
