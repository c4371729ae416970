"""Take in request bodies within their limits, whatever the client says of their length."""

from collections.abc import AsyncGenerator, Awaitable, Callable
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


def read_media_type(request: Request) -> str:
    """Return the content type without its parameters, in lowercase."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def expect_media_type(request: Request, *accepted_types: str) -> str:
    """Return the content type when it is one of `accepted_types`. Raises: UnsupportedMedia."""
    media_type = read_media_type(request)
    if len(request.headers.get("content-type", "")) > limits.MAX_MEDIA_TYPE_CHARS:
        raise UnsupportedMedia(f"the Content-Type may have {limits.MAX_MEDIA_TYPE_CHARS} characters")
    if media_type not in accepted_types:
        raise UnsupportedMedia(f"the Content-Type must be {' or '.join(accepted_types)}")
    return media_type


def read_declared_length(request: Request) -> int:
    """Return how many bytes the headers promise; 0 where they promise nothing."""
    declared_length = request.headers.get("content-length", "")
    return int(declared_length[:20]) if declared_length.isascii() and declared_length.isdigit() else 0


async def stream(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """Give the body piece by piece. Raises: BodyTooLarge, as soon as it is known, beyond `max_bytes`."""
    if read_declared_length(request) > max_bytes:
        raise BodyTooLarge(_describe_limit(max_bytes))
    byte_count = 0
    async for chunk in request.stream():
        byte_count += len(chunk)
        if byte_count > max_bytes:
            raise BodyTooLarge(_describe_limit(max_bytes))
        yield chunk


async def read(request: Request, max_bytes: int) -> bytes:
    """Return the whole body. Raises: BodyTooLarge."""
    body_bytes = bytearray()  # a list of pieces would take forty bytes for each that has one
    async for chunk in stream(request, max_bytes):
        body_bytes += chunk
    return bytes(body_bytes)


def make_json_reader(max_bytes: int) -> Callable[[Request], Awaitable[bytes]]:
    """Return a dependency that gives the whole JSON body, unread. It raises: UnsupportedMedia, BodyTooLarge."""

    async def read_body(request: Request) -> bytes:
        expect_media_type(request, JSON)
        return await read(request, max_bytes)

    return read_body


async def read_shape(request: Request, shape: type[S], max_bytes: int) -> S:
    """Return a JSON body in its shape. Raises: UnsupportedMedia, BodyTooLarge, RequestValidationError.

    For what FastAPI would read by itself: that would be before the token, and without a limit.
    """
    expect_media_type(request, JSON)
    body_bytes = await read(request, max_bytes)
    try:
        return shape.model_validate_json(body_bytes)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**fault, "loc": ("body", *fault["loc"])} for fault in faults]
        ) from None


async def read_form(request: Request, max_bytes: int, max_files: int = limits.MAX_DOCUMENTS + 1) -> FormData:
    """Return the fields and files of a form. Raises: BodyTooLarge, MalformedRequest. Close it after use."""
    chunks = stream(request, max_bytes)
    try:
        if read_media_type(request) == FORM:
            return await FormParser(
                request.headers,
                _count_fields(chunks),
                max_fields=limits.MAX_FORM_FIELDS,
                max_part_size=limits.MAX_FIELD_BYTES,
            ).parse()
        return await MultiPartParser(
            request.headers,
            chunks,
            max_files=max_files,
            max_fields=limits.MAX_FORM_FIELDS,
            max_part_size=limits.MAX_FIELD_BYTES,
        ).parse()
    except (MultiPartException, KeyError, UnicodeDecodeError) as error:
        detail = error.message if isinstance(error, MultiPartException) else "it cannot be read"
        raise MalformedRequest(f"the form is malformed: {detail}") from error


async def _count_fields(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Pass a form on, with no more empty fields than full ones: the parser does not count them. Raises: MalformedRequest."""
    separator_count = 0
    async for chunk in chunks:
        separator_count += chunk.count(b"&")
        if separator_count > limits.MAX_FORM_FIELDS:
            raise MalformedRequest(f"a form has {limits.MAX_FORM_FIELDS} fields at most")
        yield chunk


def _describe_limit(max_bytes: int) -> str:
    return f"the body may have {max_bytes:,} bytes at most"
