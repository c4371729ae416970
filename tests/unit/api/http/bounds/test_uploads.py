"""Submissions under way: only the admitted hold anything, and no issuer keeps others out."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request

from anchoring.errors import SubmissionRefused
from anchoring.intake.admission import Admission
from anchoring.intake.rows import read_statement
from anchoring.register.submissions import ACCEPTED, Acceptance, Submission
from api import limits
from api.http.bounds.spooling import Upload, take_in
from api.http.bounds.uploads import Uploads
from api.http.errors import BodyTooLarge, BodyTooSlow, TooManyUploads
from ledger.records.submissions import Entry
from tests.unit.api.city import City

SENT = b'{"statement"}\n{"record"}\n'
ISSUERS = [f"{number:018d}" for number in range(20)]


@pytest.fixture
def statement(city: City) -> Admission:
    line = city.draft(city.licence("TM2022A0000000000001", {"ZZMC": "营业执照"})).partition(b"\n")[0]
    return Admission(*read_statement(line))


def of(admitted: Admission, issuer: str, count: int = 1, *, anchored: bool = False) -> Admission:
    return Admission(
        replace(admitted.statement, issuer=issuer, record_count=count),
        admitted.signature,
        is_anchored=anchored,
    )


class Sender:
    """A client that sends `pieces`, and after them nothing unless `ends`; `asked` counts how often it was asked."""

    def __init__(self, pieces: Sequence[bytes], *, ends: bool = False, pause: float = 0.0) -> None:
        self._pieces, self._ends, self._pause = iter(pieces), ends, pause
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(self._pause)
        piece = next(self._pieces, None)
        if piece is None and not self._ends:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}


def take(
    sender: Sender,
    admission: Submission | Admission,
    uploads: Uploads,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> tuple[Submission | Upload, bytes]:
    """Return what a body was found to be, and what was put aside of it."""

    async def run() -> tuple[Submission | Upload, bytes]:
        request = Request({"type": "http", "headers": headers}, sender.receive)
        async with take_in(request, lambda line: admission, uploads) as upload:
            return upload, upload.body_file.read() if isinstance(upload, Upload) else b""

    return asyncio.run(run())


def test_a_known_statement_is_answered_after_its_first_line(statement: Admission) -> None:
    """Attack: a published statement, and two gigabytes of anything behind it."""
    acceptance = Acceptance("00", "tianmen", ISSUERS[0], 1, 0, 0, (), None)
    known = Submission(acceptance, Entry(statement.statement, statement.signature, 0), ACCEPTED, None)
    sender, uploads = Sender([SENT, b"x" * 2**20, b"x" * 2**20]), Uploads(1)
    with uploads.take_place(statement):
        assert take(sender, known, uploads) == (known, b"")
    assert sender.asked == 1, "nothing behind the first line is read"


def test_an_admitted_body_is_put_aside_whole(statement: Admission) -> None:
    uploads = Uploads(1)
    upload, body = take(Sender([SENT[:5], SENT[5:], b"more"], ends=True), statement, uploads)
    assert isinstance(upload, Upload)
    assert (body, upload.is_urgent_only, uploads.under_way_count) == (SENT + b"more", False, 0)


def test_what_is_refused_is_not_read(statement: Admission) -> None:
    sender = Sender([b'{"state', b'ment"}\n{"record', b"never asked for"])
    seen = []

    def refuse(line: bytes) -> Admission:
        seen.append(line)
        raise SubmissionRefused("unknown-key", "not registered")

    async def run() -> None:
        async with take_in(Request({"type": "http", "headers": []}, sender.receive), refuse, Uploads(1)):
            pass

    with pytest.raises(SubmissionRefused):
        asyncio.run(run())
    assert seen == [b'{"statement"}']
    assert sender.asked == 2


@pytest.mark.parametrize("pieces", [[], [b"{"], [b"{"] * 30])
def test_a_first_line_that_does_not_come_ends_and_holds_no_place(
    statement: Admission, monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
) -> None:
    """Attack: sixteen connections that say nothing, or a byte now and then."""
    monkeypatch.setattr(limits, "FIRST_LINE_SECONDS", 0.1)
    uploads = Uploads(1)
    began = time.monotonic()
    with pytest.raises(BodyTooSlow, match="send the statement at once"):
        take(Sender(pieces, pause=0.01), statement, uploads)
    assert time.monotonic() - began < 5
    assert uploads.under_way_count == 0


@pytest.mark.parametrize("sent", [b" " * 70_000, b" " * 70_000 + b"\n"])
def test_a_first_line_is_short(statement: Admission, sent: bytes) -> None:
    with pytest.raises(SubmissionRefused, match="line 1, the statement, has at most 65,536 bytes"):
        take(Sender([sent]), statement, Uploads(1))


def test_an_upload_that_stalls_ends_and_frees_its_place(
    statement: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_GRACE_SECONDS", 0.1)
    uploads = Uploads(1)
    with pytest.raises(BodyTooSlow, match="32,768 bytes a second"):
        take(Sender([SENT, b"x" * 2**16]), statement, uploads)
    assert uploads.under_way_count == 0
    with uploads.take_place(statement):
        pass


def test_an_upload_that_drips_ends(statement: Admission, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOAD_GRACE_SECONDS", 0.1)
    with pytest.raises(BodyTooSlow):
        take(Sender([SENT, *[b"x"] * 500], pause=0.01), statement, Uploads(1))


def test_an_upload_ends_in_time_however_fast_it_is(
    statement: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_SECONDS", 0.1)
    pieces = [SENT, b"x" * 2**16, *[b"x" * 1000] * 100]
    with pytest.raises(BodyTooSlow):
        take(Sender(pieces, pause=0.01), statement, Uploads(1))


def test_a_statement_of_one_record_is_not_followed_by_gigabytes(statement: Admission) -> None:
    most = 4 * (192 * 1024 + 1)
    with pytest.raises(BodyTooLarge, match=f"{most:,}"):
        take(Sender([SENT, *[b"x" * 2**18] * 4]), statement, Uploads(1))
    with pytest.raises(BodyTooLarge):
        take(Sender([SENT, b"x" * 2**16]), statement, Uploads(1), [(b"content-length", b"%d" % (most + 1))])


def test_no_issuer_gets_more_places_than_it_leaves_free(statement: Admission) -> None:
    """Attack: one department opens as many uploads as there are places."""
    uploads = Uploads(16)
    with ExitStack() as stack:
        for issuer, most in zip(ISSUERS, (8, 4, 2, 1, 1), strict=False):
            for _ in range(most):
                stack.enter_context(uploads.take_place(of(statement, issuer, 5_000)))
            with pytest.raises(TooManyUploads, match="more places than it leaves free"):
                stack.enter_context(uploads.take_place(of(statement, issuer, 5_000)))
    with uploads.take_place(statement):
        assert uploads.under_way_count == 1


def test_small_places_are_kept_for_changes_of_status(
    statement: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "URGENT_UPLOAD_BYTES", 1_000)
    uploads = Uploads(1)
    with uploads.take_place(statement), uploads.take_place(of(statement, ISSUERS[1], 5)) as place:
        assert place.is_urgent_only
        assert place.max_seconds == limits.URGENT_UPLOAD_SECONDS
        place.add(1_000)
        with pytest.raises(TooManyUploads, match="only submissions of up to 1,000 bytes find a place now"):
            place.add(1)
        with pytest.raises(TooManyUploads), uploads.take_place(of(statement, ISSUERS[1], 5)):
            pass
        with uploads.take_place(of(statement, ISSUERS[2], 5)) as other:
            assert other.is_urgent_only


def test_what_is_whole_and_small_finds_a_place_beside_idle_uploads_of_its_issuer(
    statement: Admission,
) -> None:
    """Attack: a thief of a department's key opens uploads and lets them idle, so that nothing of hers is revoked."""
    uploads = Uploads(1)
    with uploads.take_place(statement), uploads.take_place(statement):
        with pytest.raises(TooManyUploads), uploads.take_place(statement):
            pass
        with uploads.take_place(statement, is_whole=True) as place:
            assert place.is_urgent_only
        upload, body = take(Sender([SENT, b"more"], ends=True), statement, uploads)
        assert isinstance(upload, Upload)
        assert (upload.is_urgent_only, body) == (True, SENT + b"more")


def test_a_small_upload_that_idles_holds_no_place(
    statement: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UPLOAD_GRACE_SECONDS", 0.1)
    monkeypatch.setattr(Uploads, "take_place", None)
    with pytest.raises(BodyTooSlow):
        take(Sender([SENT, b"x" * 1000]), statement, Uploads(1))


def test_bytes_on_disk_are_shared_and_bounded(statement: Admission) -> None:
    uploads = Uploads(16, spool_bytes=1_000)
    first, second = of(statement, ISSUERS[0], 10), of(statement, ISSUERS[1], 10)
    with uploads.take_place(first) as one, uploads.take_place(second) as other:
        one.add(500)
        with pytest.raises(TooManyUploads, match="leave this one no room on disk"):
            one.add(1)
        other.reserve(250)
        other.add(100)
        other.add(150)
        with pytest.raises(TooManyUploads):
            other.add(1)
    with uploads.take_place(first) as one:
        one.add(500)


def test_whoever_brings_back_records_keeps_out_no_department(statement: Admission) -> None:
    """Attack: the published statement of records that a restored register misses, and anything behind it."""
    uploads = Uploads(1, spool_bytes=1_000)
    with ExitStack() as stack:
        places = [
            stack.enter_context(uploads.take_place(of(statement, issuer, 5_000, anchored=True)))
            for issuer in ISSUERS[:3]
        ]
        places[0].add(250)
        places[1].add(250)
        with pytest.raises(TooManyUploads):
            places[2].add(1)
        stack.enter_context(uploads.take_place(of(statement, ISSUERS[0], 5_000))).add(250)
