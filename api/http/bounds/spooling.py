"""Take in a submission's body: judge its first line, find it a place, put its rows aside.

All of it in time.

1. The first line is short and comes at once; until it is admitted nothing is held but that line.
2. What is known already is answered: nothing of the rest is read.
3. Of what is admitted a little is read ahead: a small submission is whole before it gets a place, and holds none by waiting.
4. The rest gets a place, and goes to a file as it comes.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from anchoring.errors import SubmissionRefused
from anchoring.intake.admission import Admission
from anchoring.register.submissions import Submission
from api import limits
from api.http.bounds import bodies
from api.http.bounds.uploads import Place, Uploads
from api.http.errors import BodyTooSlow


@dataclass(frozen=True, slots=True)
class Upload:
    """An admitted submission with its whole body, from the beginning; `is_urgent_only` as `Place` says."""

    admission: Admission
    body_file: IO[bytes]
    is_urgent_only: bool


@asynccontextmanager
async def take_in(
    request: Request,
    admit: Callable[[bytes], Submission | Admission],
    uploads: Uploads,
    directory: str | None = None,
) -> AsyncIterator[Submission | Upload]:
    """Give a submission that is known, or one that is here now. `admit` judges the first line, and may refuse by raising.

    Raises: BodyTooLarge, BodyTooSlow, TooManyUploads, SubmissionRefused.
    """
    chunks = bodies.stream(request, limits.MAX_SUBMISSION_BYTES)
    body_start = await _read_first_line(chunks)  # 1
    admission = await run_in_threadpool(admit, body_start.partition(b"\n")[0])
    if isinstance(admission, Submission):  # 2
        yield admission
        return
    body_start, is_whole = await _read_ahead(body_start, chunks)  # 3
    with (
        uploads.take_place(admission, is_whole=is_whole) as place,
        SpooledTemporaryFile(max_size=limits.SPOOL_BYTES, dir=directory) as spool_file,
    ):
        place.reserve(bodies.read_declared_length(request))  # 4
        await _spool(body_start, chunks, spool_file, place)
        spool_file.seek(0)
        yield Upload(admission, spool_file, place.is_urgent_only)


async def _read_first_line(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """Return the body up to the end of its first line, or a little more. Raises: BodyTooSlow, SubmissionRefused."""
    body_start = bytearray()
    try:
        async with asyncio.timeout(limits.FIRST_LINE_SECONDS):
            async for chunk in chunks:
                body_start += chunk
                if b"\n" in chunk or len(body_start) > limits.MAX_FIRST_LINE_BYTES:
                    break
    except TimeoutError as error:
        raise BodyTooSlow(
            f"the first line was not here after {limits.FIRST_LINE_SECONDS:.0f} s: send the statement at once"
        ) from error
    if len(body_start.partition(b"\n")[0]) > limits.MAX_FIRST_LINE_BYTES:
        raise SubmissionRefused(
            "malformed-statement",
            f"line 1, the statement, has at most {limits.MAX_FIRST_LINE_BYTES:,} bytes",
        )
    return bytes(body_start)


async def _read_ahead(body_start: bytes, chunks: AsyncGenerator[bytes, None]) -> tuple[bytes, bool]:
    """Return the body up to READ_AHEAD_BYTES or a little more, and whether that is all of it. Raises: BodyTooSlow."""
    first_bytes, pace = bytearray(body_start), _Pace(limits.URGENT_UPLOAD_SECONDS)
    while len(first_bytes) <= limits.READ_AHEAD_BYTES:
        chunk = await pace.read_next(chunks)
        if chunk is None:
            return bytes(first_bytes), True
        first_bytes += chunk
        pace.count(len(chunk))
    return bytes(first_bytes), False


async def _spool(
    body_start: bytes, chunks: AsyncGenerator[bytes, None], spool_file: IO[bytes], place: Place
) -> None:
    """Put the body into the file as it comes. Raises: BodyTooLarge, BodyTooSlow, TooManyUploads."""
    pace = _Pace(place.max_seconds)
    chunk: bytes | None = body_start
    while chunk is not None:
        place.add(len(chunk))
        await run_in_threadpool(spool_file.write, chunk)
        pace.count(len(chunk))
        chunk = await pace.read_next(chunks)


class _Pace:
    """How long an upload may still let the process wait: none may hold its place by sending next to nothing."""

    def __init__(self, max_seconds: float) -> None:
        self._deadline = time.monotonic() + max_seconds
        self._max_seconds = max_seconds
        self._patience_seconds = limits.UPLOAD_GRACE_SECONDS

    def count(self, byte_count: int) -> None:
        """What came earns time in which more may come."""
        self._patience_seconds += byte_count / limits.LEAST_UPLOAD_RATE

    async def read_next(self, chunks: AsyncGenerator[bytes, None]) -> bytes | None:
        """Return the next piece, None after the last. Raises: BodyTooSlow."""
        start = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(self._patience_seconds, self._deadline - start))):
                return await anext(chunks, None)
        except TimeoutError as error:
            raise BodyTooSlow(
                f"a submission comes at {limits.LEAST_UPLOAD_RATE:,} bytes a second at least, and is whole after "
                f"{self._max_seconds:,.0f} s: send it again, or in smaller parts"
            ) from error
        finally:
            self._patience_seconds -= time.monotonic() - start
