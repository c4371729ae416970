"""Take in request bodies within their limits, whatever the client says of their length."""

from collections.abc import AsyncGenerator
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from api import limits
from api.http.errors import BodyTooLarge, MalformedRequest, UnsupportedMedia

JSON = "application/json"
MULTIPART = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
NDJSON = "application/x-ndjson"

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


def declared_length(request: Request) -> int:
    """Return how many bytes the headers promise; 0 where they promise nothing."""
    declared = request.headers.get("content-length", "")
    return int(declared[:20]) if declared.isascii() and declared.isdigit() else 0


async def stream(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """Give the body piece by piece. Raises: BodyTooLarge, as soon as it is known, beyond `most` bytes."""
    if declared_length(request) > most:
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


def _over(most: int) -> str:
    return f"the body may have {most:,} bytes at most"
