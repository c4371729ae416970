"""Register records: a streamed submission in, a receipt out. The department's signature is the authentication."""

from collections.abc import AsyncIterator, Iterator
from typing import IO, Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from anchoring.intake.intake import accept, admit
from anchoring.intake.rows import read_statement, split_lines
from anchoring.limits import MAX_ROW_BYTES
from anchoring.register import submissions
from anchoring.register.receipts import signed_receipt
from anchoring.register.store import Register
from anchoring.register.submissions import submission_of_root
from api import limits
from api.http import bodies, openapi
from api.http.node import NodeNeeded
from api.http.readiness import refuse_behind
from api.http.schemas.submissions import ReceiptShape, SubmissionShape

router = APIRouter(prefix="/v1", tags=["submissions"])

_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "Line 1 is the statement and its signature; every further line a record with its disclosure, if any.",
        "content": {bodies.NDJSON: {"schema": {"type": "string"}}},
    }
}
_REFUSED: Final = openapi.problems(
    "issues-nothing",
    "unsupported-media-type",
    "body-too-large",
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


async def _sent(request: Request, node: NodeNeeded) -> AsyncIterator[IO[bytes]]:
    """Give the body once it is here. Whose statement is refused, or finds no room, need not send the rest."""
    bodies.expect(request, bodies.NDJSON)
    register = node.register

    def check(line: bytes) -> None:
        with node.reading() as trust:
            refuse_behind(trust)
            admit(register, trust, line, node.clock(), node.intake)

    with node.uploads.one():
        spool = node.intake.spool_directory
        file = await bodies.spool(request, limits.MAX_SUBMISSION_BYTES, check, spool)
        try:
            yield file
        finally:
            file.close()


@router.post(
    "/submissions",
    status_code=201,
    response_model_exclude_none=True,
    responses=_REFUSED
    | {200: {"model": ReceiptShape, "description": "Accepted before; without its warnings."}},
    openapi_extra=_BODY,
)
def submit(node: NodeNeeded, sent: Annotated[IO[bytes], Depends(_sent)], response: Response) -> ReceiptShape:
    """Take a submission, all of it or nothing. Sent again, it gets the same receipt."""
    register = node.register
    repeated = _accepted_before(register, sent)
    with node.reading() as trust:
        receipt = accept(register, trust, split_lines(_chunks(sent)), node.clock(), node.intake)
    if repeated:
        response.status_code = 200
    signed = signed_receipt(register, receipt.id, node.node_key)
    return ReceiptShape.of(receipt, signed, warned=not repeated)


@router.get(
    "/submissions/{id}",
    response_model_exclude_none=True,
    responses=openapi.problems("issues-nothing", "not-found", "invalid-parameter"),
)
def submission(
    id: Annotated[str, Path(description="As in the receipt: the root in hexadecimal.")],
    node: NodeNeeded,
) -> SubmissionShape:
    """Say how far a submission has come: accepted, frozen, submitted, mined, final."""
    signed = signed_receipt(node.register, id, node.node_key)
    with node.register.reading() as connection:
        return SubmissionShape.at(submissions.submission(connection, id), signed)


def _accepted_before(register: Register, sent: IO[bytes]) -> bool:
    """Tell whether the submission is known, from its first line alone. Raises: SubmissionRefused."""
    statement, _ = read_statement(sent.readline(MAX_ROW_BYTES + 1))
    sent.seek(0)
    with register.reading() as connection:
        return submission_of_root(connection, statement.root) is not None


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(limits.CHUNK_BYTES):
        yield chunk
