"""Take in request bodies within their limits, whatever the client says of their length."""

from collections.abc import AsyncGenerator, Callable
from tempfile import SpooledTemporaryFile
from typing import IO, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from anchoring.limits import MAX_ROW_BYTES
from api import limits
from api.http.errors import BodyTooLarge, MalformedRequest, UnsupportedMedia

JSON = "application/json"
MULTIPART = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
NDJSON = "application/x-ndjson"

T = TypeVar("T")
S = TypeVar("S", bound=BaseModel)


def media_type(request: Request) -> str:
    """Return the content type without its parameters, in lowercase."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def expect(request: Request, *accepted: str) -> str:
    """Return the content type when it is one of `accepted`. Raises: UnsupportedMedia."""
    sent_type = media_type(request)
    if sent_type not in accepted:
        raise UnsupportedMedia(f"the Content-Type must be {' or '.join(accepted)}")
    return sent_type


async def stream(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """Give the body piece by piece. Raises: BodyTooLarge, as soon as it is known, beyond `most` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > most:
        raise BodyTooLarge(_over(most))
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        if taken > most:
            raise BodyTooLarge(_over(most))
        yield piece


async def read(request: Request, most: int) -> bytes:
    """Return the whole body. Raises: BodyTooLarge."""
    body = bytearray()  # a list of pieces would take forty bytes for each that has one
    async for piece in stream(request, most):
        body += piece
    return bytes(body)


async def read_shape(request: Request, shape: type[S], most: int) -> S:
    """Return a JSON body in its shape. Raises: UnsupportedMedia, BodyTooLarge, RequestValidationError.

    For what FastAPI would read by itself: that would be before the token, and without a limit.
    """
    expect(request, JSON)
    body = await read(request, most)
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**fault, "loc": ("body", *fault["loc"])} for fault in faults]
        ) from None


async def read_form(request: Request, most: int) -> FormData:
    """Return the fields and files of a form. Raises: BodyTooLarge, MalformedRequest. Close it after use."""
    pieces = stream(request, most)
    try:
        if media_type(request) == FORM:
            return await FormParser(
                request.headers,
                pieces,
                max_fields=limits.MAX_FORM_FIELDS,
                max_part_size=limits.MAX_FIELD_BYTES,
            ).parse()
        return await MultiPartParser(
            request.headers,
            pieces,
            max_files=limits.MAX_DOCUMENTS + 1,
            max_fields=limits.MAX_FORM_FIELDS,
            max_part_size=limits.MAX_FIELD_BYTES,
        ).parse()
    except (MultiPartException, KeyError, UnicodeDecodeError) as error:
        detail = error.message if isinstance(error, MultiPartException) else "it cannot be read"
        raise MalformedRequest(f"the form is malformed: {detail}") from error


async def spool(
    request: Request, most: int, first_line: Callable[[bytes], T], directory: str | None = None
) -> tuple[IO[bytes], T]:
    """Put the body aside, in a file when it is large, and return it from its beginning, with what `first_line` said.

    `first_line` gets the first line as soon as it is there, without its end, and may refuse what follows by raising.
    Raises: BodyTooLarge.
    """
    file = SpooledTemporaryFile(max_size=limits.SPOOL_BYTES, dir=directory)  # noqa: SIM115
    begun = b""
    judged: list[T] = []
    try:
        async for piece in stream(request, most):
            if not judged:
                begun += piece
                if b"\n" in piece or len(begun) > MAX_ROW_BYTES:
                    judged.append(await run_in_threadpool(first_line, begun.partition(b"\n")[0]))
            await run_in_threadpool(file.write, piece)
        if not judged:  # it has no second line
            judged.append(await run_in_threadpool(first_line, begun))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file, judged[0]


def _over(most: int) -> str:
    return f"the body may have {most:,} bytes at most"
