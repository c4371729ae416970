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
    """An admitted submission with its whole body, from the beginning; `urgent_only` as `Place` says."""

    admitted: Admission
    body: IO[bytes]
    urgent_only: bool


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
    pieces = bodies.stream(request, limits.MAX_SUBMISSION_BYTES)
    begun = await _first_line(pieces)  # 1
    admission = await run_in_threadpool(admit, begun.partition(b"\n")[0])
    if isinstance(admission, Submission):  # 2
        yield admission
        return
    begun, is_whole = await _read_ahead(begun, pieces)  # 3
    with (
        uploads.place(admission, is_whole=is_whole) as place,
        SpooledTemporaryFile(max_size=limits.SPOOL_BYTES, dir=directory) as file,
    ):
        place.reserve(bodies.declared_length(request))  # 4
        await _spool(begun, pieces, file, place)
        file.seek(0)
        yield Upload(admission, file, place.urgent_only)


async def _first_line(pieces: AsyncGenerator[bytes, None]) -> bytes:
    """Return the body up to the end of its first line, or a little more. Raises: BodyTooSlow, SubmissionRefused."""
    begun = bytearray()
    try:
        async with asyncio.timeout(limits.FIRST_LINE_SECONDS):
            async for piece in pieces:
                begun += piece
                if b"\n" in piece or len(begun) > limits.MAX_FIRST_LINE_BYTES:
                    break
    except TimeoutError as error:
        raise BodyTooSlow(
            f"the first line was not here after {limits.FIRST_LINE_SECONDS:.0f} s: send the statement at once"
        ) from error
    if len(begun.partition(b"\n")[0]) > limits.MAX_FIRST_LINE_BYTES:
        raise SubmissionRefused(
            "malformed-statement",
            f"line 1, the statement, has at most {limits.MAX_FIRST_LINE_BYTES:,} bytes",
        )
    return bytes(begun)


async def _read_ahead(begun: bytes, pieces: AsyncGenerator[bytes, None]) -> tuple[bytes, bool]:
    """Return the body up to READ_AHEAD_BYTES or a little more, and whether that is all of it. Raises: BodyTooSlow."""
    ahead, pace = bytearray(begun), _Pace(limits.URGENT_UPLOAD_SECONDS)
    while len(ahead) <= limits.READ_AHEAD_BYTES:
        piece = await pace.next(pieces)
        if piece is None:
            return bytes(ahead), True
        ahead += piece
        pace.count(len(piece))
    return bytes(ahead), False


async def _spool(begun: bytes, pieces: AsyncGenerator[bytes, None], file: IO[bytes], place: Place) -> None:
    """Put the body into the file as it comes. Raises: BodyTooLarge, BodyTooSlow, TooManyUploads."""
    pace = _Pace(place.seconds)
    piece: bytes | None = begun
    while piece is not None:
        place.add(len(piece))
        await run_in_threadpool(file.write, piece)
        pace.count(len(piece))
        piece = await pace.next(pieces)


class _Pace:
    """How long an upload may still let the process wait: none may hold its place by sending next to nothing."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._seconds = seconds
        self._patience = limits.UPLOAD_GRACE_SECONDS

    def count(self, size: int) -> None:
        """What came earns time in which more may come."""
        self._patience += size / limits.LEAST_UPLOAD_RATE

    async def next(self, pieces: AsyncGenerator[bytes, None]) -> bytes | None:
        """Return the next piece, None after the last. Raises: BodyTooSlow."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(self._patience, self._end - begun))):
                return await anext(pieces, None)
        except TimeoutError as error:
            raise BodyTooSlow(
                f"a submission comes at {limits.LEAST_UPLOAD_RATE:,} bytes a second at least, and is whole after "
                f"{self._seconds:,.0f} s: send it again, or in smaller parts"
            ) from error
        finally:
            self._patience -= time.monotonic() - begun
