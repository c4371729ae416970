"""Small PDFs that would keep their reader busy for hours, or fill its memory.

Each is refused in no time.

Nothing is held against them: `problem` says which limit they pass.
"""

import signal
import time
import zlib
from collections.abc import Iterable, Iterator

import pytest

from examples.renderings import render_pdf
from ledger.documents.openers import inspect
from ledger.documents.pdf import bounds
from ledger.documents.pdf.bounds import BoundedFile, check_sections
from ledger.encoding import der
from ledger.errors import LimitExceeded
from ledger.verification.reasons import Verdict

HEAD = b"%PDF-1.7\n"
#: No limit but that of the test's own patience: what passes none takes minutes or gigabytes.
SECONDS = 5.0


def file_of(section: bytes, body: bytes = b"") -> bytes:
    """Return a PDF with one cross-reference section behind its body."""
    start = HEAD + body
    return start + section + b"\nstartxref\n%d\n%%%%EOF\n" % len(start)


def stream(dictionary: bytes, data: bytes, number: int = 1) -> bytes:
    packed = zlib.compress(data, 9)
    return (
        b"%d 0 obj\n<< /Length %d /Filter /FlateDecode %s >>\nstream\n" % (number, len(packed), dictionary)
        + packed
        + b"\nendstream\nendobj\n"
    )


def section(dictionary: bytes, data: bytes = b"", number: int = 1) -> bytes:
    return stream(b"/Type /XRef /Root 2 0 R " + dictionary, data, number)


def table(entries: int, trailer: bytes = b"") -> bytes:
    lines = b"0000000009 00000 n \n" * entries
    return (
        b"xref\n0 %d\n" % entries + lines + b"trailer\n<< /Size %d /Root 1 0 R %s >>" % (entries + 1, trailer)
    )


def chain(count: int) -> bytes:
    """Return a file of as many updates, each a table without entries."""
    data, before, at = HEAD, b"", 0
    for _ in range(count):
        at = len(data)
        data += b"xref\n0 0\ntrailer\n<< /Size 1 /Root 1 0 R %s>>\n" % before
        before = b"/Prev %d " % at
    return data + b"startxref\n%d\n%%%%EOF\n" % at


def objects(streams: Iterable[tuple[bytes, bytes]], used: int) -> bytes:
    """Return a file whose objects from 10 on lie in object streams, `used` in each."""
    body, entries = b"", b""
    places: list[int] = []
    for identifier, (dictionary, data) in enumerate(streams, 2):
        places.append(len(HEAD + body))
        body += stream(b"/Type /ObjStm " + dictionary, data, identifier)
    for place in places:
        entries += b"\x01" + place.to_bytes(4, "big") + b"\0\0"
    for number in range(len(places)):
        for index in range(used):
            entries += b"\x02" + (number + 2).to_bytes(4, "big") + index.to_bytes(2, "big")
    pairs = b"/Index [2 %d 100 %d]" % (len(places), used * len(places))
    return file_of(section(b"/Size %d /W [1 4 2] %s" % (100 + used * len(places), pairs), entries), body)


MANY = b" ".join(b"%d 0" % (100 + number) for number in range(4_000))

HOSTILE = {
    "entries without bytes": file_of(section(b"/Size 1000000000 /W [0 0 0]")),
    "entries without bytes by index": file_of(section(b"/Size 9 /Index [0 9 9 1000000000] /W [0 0 0]")),
    "a section less than nothing long": file_of(
        section(b"/Size 9 /Index [0 1000000000 0 -1000000000] /W [0 0 0]")
    ),
    "fields of a megabyte": file_of(section(b"/Size 9 /W [1 1000000 1]", bytes(9_000_018))),
    "entries of a byte": file_of(section(b"/Size 9000000 /W [1 0 0]", b"\1" * 9_000_000)),
    "a long table": file_of(table(250_000)),
    "a hidden section beside a table": file_of(
        table(1, b"/XRefStm %d" % len(HEAD)), section(b"/Size 1000000000 /W [0 0 0]", number=3)
    ),
    "updates without end": chain(200),
    "a number without end in the trailer": file_of(table(1, b"/Number " + b"7" * 2_000_000)),
    "a number without end in an object": render_pdf("营业执照", []).replace(
        b"/Type /Catalog", b"/Type /Catalog /AcroForm << /Number " + b"7" * 2_000_000 + b" >>"
    ),
    "a fraction without end": file_of(table(1, b"/Number 0." + b"7" * 2_000_000)),
    "a trailer of trailers": file_of(table(1, b"/Names [" + b"/A " * 3_000_000 + b"]")),
    "objects far behind in object streams": objects([(b"/N 4000 /First 40000", MANY)], 4_000),
    "a number without end in an object stream": objects(
        [(b"/N 1 /First 8", b"100 0   " + b"7" * 3_000_000)], 1
    ),
    "an object stream of nothing": objects([(b"/N 1 /First 8", b"100 0   " + b" " * 60_000_000)], 1),
}


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """End a test that waits for a reader which does not come back."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(30)
    yield
    signal.alarm(0)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_no_time(name: str) -> None:
    document = HOSTILE[name]
    begun = time.process_time()
    inspection = inspect(document)
    assert time.process_time() - begun < SECONDS
    assert inspection.problem
    assert inspection.verdict is Verdict.UNVERIFIABLE


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if "object" not in name and "stream of" not in name]
)
def test_it_is_refused_before_the_library_reads_it(name: str) -> None:
    with pytest.raises(LimitExceeded, match="at most"):
        check_sections(HOSTILE[name])


def test_what_is_just_within_the_limits_is_read() -> None:
    entries = b"\0\0\0\0\0\0\xff" * bounds.MAX_ENTRIES
    check_sections(file_of(section(b"/Size %d /W [1 4 2]" % bounds.MAX_ENTRIES, entries)))
    check_sections(file_of(table(bounds.MAX_ENTRIES)))
    check_sections(chain(bounds.MAX_REVISIONS))
    check_sections(file_of(table(1, b"/Number " + b"7" * (bounds.MAX_DIGITS - 16))))
    with pytest.raises(LimitExceeded):
        check_sections(file_of(table(bounds.MAX_ENTRIES + 1)))
    with pytest.raises(LimitExceeded):
        check_sections(chain(bounds.MAX_REVISIONS + 1))


def test_a_parser_that_swallows_the_limit_does_not_hide_it() -> None:
    file = BoundedFile(b"x" * 100, 1)
    assert file.read(1)
    assert file.fault is None
    with pytest.raises(LimitExceeded):
        file.read(1)
    assert file.fault


def test_the_signatures_of_a_file_have_one_limit_of_elements() -> None:
    value = der.encode(der.SEQUENCE, *[der.encode_integer(1)] * 9_999) + bytes(100)
    file = BoundedFile(b"")
    for _ in range(6):
        file.count_elements(value)
    assert file.element_count == 60_000
    with pytest.raises(LimitExceeded, match="DER elements"):
        file.count_elements(value)
    assert file.fault


def test_names_of_form_fields_are_bounded() -> None:
    """A thousand fields, one below another, each with a long name: their names are as long as the file squared."""
    kids = b"<< /T (%s) >>" % (b"x" * 1_000)
    for _ in range(50):
        kids = b"<< /T (%s) /Kids [%s] >>" % (b"x" * 1_000, kids)
    form = b"/Type /Catalog /AcroForm << /Fields [%s] >>" % kids
    document = render_pdf("营业执照", [])
    assert document.count(b"/Type /Catalog") == 1
    written = document[: document.rindex(b"xref\n")].replace(b"/Type /Catalog", form)
    offsets = [written.index(b"\n%d 0 obj" % number) + 1 for number in range(1, written.count(b" 0 obj") + 1)]
    lines = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(offsets) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n" % count + lines
    end += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(written))
    assert "letters at most" in (inspect(written + end).problem or "")
