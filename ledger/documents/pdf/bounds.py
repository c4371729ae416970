"""What a PDF may make its reader do, told before and while it reads.

pyHanko reads every entry of every cross-reference section before it gives its reader away, joins the digits of a number
anew for each sixteen of them, and looks for an object in an object stream from the front. A file of some kilobytes could
keep it busy for hours, so what the sections declare is counted here first, with the same primitives, strictly and without
storing an entry.
"""

# mypy: allow-untyped-calls
import re
from collections import Counter
from io import SEEK_CUR, SEEK_END, BytesIO
from typing import Final, NoReturn

from pyhanko.pdf_utils.decode_limits import (
    DEFAULT_PURPOSE_LIMITS,
    DecodeLimits,
    DecodePurpose,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    NumberObject,
    PdfObject,
    Reference,
    StreamObject,
    TrailerReference,
)
from pyhanko.pdf_utils.misc import skip_over_whitespace
from pyhanko.pdf_utils.reader import PdfFileReader, process_data_at_eof
from pyhanko.pdf_utils.xref import parse_xref_table, read_object_header

from ledger.encoding import der
from ledger.errors import LimitExceeded

_MIB: Final = 2**20
#: A signature, its validation data and a timestamp for each of thirty departments.
MAX_REVISIONS: Final = 100
#: Of all cross-reference sections: as many objects as are compared; a scanned licence has some hundred.
MAX_ENTRIES: Final = 200_000
#: Bytes of one field of an entry: offsets in a file of 2^64 bytes.
MAX_FIELD_BYTES: Final = 8
#: Of one number: those of coordinates have twenty.
MAX_DIGITS: Final = 1_024
#: Steps of the reader in a file, mostly of a byte: 64 signatures take five million, and as many seconds as two.
MAX_READS: Final = 20_000_000
#: Of these while the cross-reference sections are counted: one for each entry of a table, and as many for all trailers.
MAX_SECTION_READS: Final = 500_000
#: Headers passed on the way to objects in object streams: 25,000 objects, two hundred in a stream.
MAX_HEADERS: Final = 5_000_000
#: Of all signature values: 64 with their certificates and timestamps have a thousand each.
MAX_DER_ELEMENTS: Final = 64_000
#: Of the whole name of a form field, which repeats those of the fields above it: a tree of names grows with their square.
MAX_NAME_LETTERS: Final = 4_096
#: What streams may inflate to: of one object stream, and of all streams that are read, again and again or once.
MAX_OBJECT_STREAM_BYTES, MAX_INFLATED_BYTES = 16 * _MIB, 128 * _MIB
#: What pyHanko reads of a number at a time.
_NUMBER_CHUNK_BYTES: Final = 16
_TOO_MANY_ENTRIES: Final = f"a PDF has {MAX_ENTRIES} cross-reference entries at most"
_LONG_NUMBER: Final = re.compile(rb"(?<![0-9A-Fa-f<+.-])[0-9+.-]{%d}" % (MAX_DIGITS + _NUMBER_CHUNK_BYTES))

DECODE_LIMITS: Final = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=MAX_INFLATED_BYTES // 2),
    per_purpose={
        **DEFAULT_PURPOSE_LIMITS,
        DecodePurpose.OBJECT_STREAM: StreamDecodeLimits(
            max_ratio=100, ratio_floor=4 * _MIB, max_output_size=MAX_OBJECT_STREAM_BYTES
        ),
        DecodePurpose.XREF_STREAM: StreamDecodeLimits(
            max_output_size=MAX_ENTRIES * (3 * MAX_FIELD_BYTES + 1)
        ),
    },
    document_budget=DocumentDecodeBudget(base_allowance=MAX_INFLATED_BYTES, max_ratio=1),
)


class BoundedFile(BytesIO):
    """The bytes of a file, of which a parser reads so much and no more. Raises: LimitExceeded.

    A parser may take that for a fault of the file: `fault` still says what it was.
    """

    def __init__(self, data: bytes, max_reads: int = MAX_READS) -> None:
        super().__init__(data)
        self.max_reads = max_reads
        self.read_count = self.digit_count = self.read_end = self.element_count = 0
        self.fault: LimitExceeded | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        start = self.tell()
        self.digit_count = (
            self.digit_count + _NUMBER_CHUNK_BYTES
            if size == _NUMBER_CHUNK_BYTES and start == self.read_end
            else 0
        )
        self.read_count += 1
        if self.digit_count > MAX_DIGITS:
            self.refuse(f"a number in a PDF has {MAX_DIGITS} digits at most")
        if self.read_count > self.max_reads:
            self.refuse(f"reading a PDF takes {self.max_reads} steps at most")
        content = super().read(size)
        self.read_end = start + len(content)
        return content

    def count_elements(self, value: bytes) -> None:
        """Count the elements of one signature value, among those of all."""
        self.element_count += der.count_elements(value.rstrip(b"\0"))
        if self.element_count > MAX_DER_ELEMENTS:
            self.refuse(f"the signatures of a PDF have {MAX_DER_ELEMENTS} DER elements at most in all")

    def refuse(self, message: str) -> NoReturn:
        self.fault = LimitExceeded(message)
        raise self.fault


class _ObjectlessReader:
    """Stands for the reader while there is none: a cross-reference section must be readable without any object."""

    strict = True

    def get_object(self, *_: object, **__: object) -> NoReturn:
        raise ValueError("a cross-reference section refers to an object")


def check_sections(data: bytes) -> None:
    """Count what the cross-reference sections of a file declare. Raises: LimitExceeded, and what pyHanko does."""
    file = BoundedFile(data, MAX_SECTION_READS)
    try:
        _count_sections(file)
    except Exception as error:
        if file.fault is not None:
            raise file.fault from error
        raise


def _count_sections(file: BoundedFile) -> None:
    """Go from section to section as the reader does: from the end of the file along `/Prev`."""
    file.seek(-1, SEEK_END)
    section_start: int | None = process_data_at_eof(file)
    entry_count, seen_starts = 0, set[int]()
    while section_start is not None and section_start not in seen_starts:
        seen_starts.add(section_start)
        if len(seen_starts) > MAX_REVISIONS:
            raise LimitExceeded(f"a PDF has {MAX_REVISIONS} updates at most")
        file.seek(section_start)
        skip_over_whitespace(file)
        is_table = file.read(1) == b"x"
        file.seek(-1, SEEK_CUR)
        if is_table:
            entry_count += _count_table(file, MAX_ENTRIES - entry_count)
            trailer = _read_dictionary(file)
            if isinstance(hybrid_start := trailer.get("/XRefStm"), NumberObject):
                file.seek(hybrid_start)
                entry_count += _count_stream(file)[0]
        else:
            stream_entry_count, trailer = _count_stream(file)
            entry_count += stream_entry_count
        if entry_count > MAX_ENTRIES:
            raise LimitExceeded(_TOO_MANY_ENTRIES)
        section_start = trailer.get("/Prev")


def _count_table(file: BoundedFile, max_entries: int) -> int:
    file.read(len(b"xref"))
    entry_count = 0
    for _ in parse_xref_table(file, strict=True):
        entry_count += 1
        if entry_count > max_entries:
            raise LimitExceeded(_TOO_MANY_ENTRIES)
    return entry_count


def _count_stream(file: BoundedFile) -> tuple[int, DictionaryObject]:
    """Return how many entries a cross-reference stream declares, and its dictionary."""
    read_object_header(file, strict=True)
    section = _read_dictionary(file)
    if any(width > MAX_FIELD_BYTES for width in _read_numbers(section["/W"])):
        raise LimitExceeded(f"a field of a cross-reference entry has {MAX_FIELD_BYTES} bytes at most")
    sizes = _read_numbers(section["/Index"])[1::2] if "/Index" in section else [int(section["/Size"])]
    return sum(max(0, size) for size in sizes), section


def _read_numbers(array: PdfObject) -> list[int]:
    """Return the members of an array of numbers, with 0 for what is none: the reader says so when it comes to it."""
    members = array if isinstance(array, ArrayObject) else ()
    return [member if isinstance(member, NumberObject) else 0 for member in members]


def _read_dictionary(file: BoundedFile) -> DictionaryObject:
    dictionary: DictionaryObject = DictionaryObject.read_from_stream(
        file, TrailerReference(_ObjectlessReader())
    )
    return dictionary


def check_object_streams(reader: PdfFileReader) -> None:
    """Look at the object streams that a file uses before an object is taken from one. Raises: LimitExceeded."""
    header_count = 0
    for stream_number, object_count in _count_objects_by_stream(reader).items():
        object_stream = Reference(stream_number, 0, reader).get_object()
        if not isinstance(object_stream, StreamObject):
            continue  # the reader says so when it comes to it
        data = object_stream.read_data(DecodePurpose.OBJECT_STREAM)
        if _LONG_NUMBER.search(data):
            raise LimitExceeded(f"a number in a PDF has {MAX_DIGITS} digits at most")
        header_count += object_count * min(object_stream["/N"], len(data))
        if header_count > MAX_HEADERS:
            raise LimitExceeded(f"taking objects from object streams takes {MAX_HEADERS} steps at most")


def _count_objects_by_stream(reader: PdfFileReader) -> Counter[int]:
    """Return how many objects the cross-reference sections place in each object stream, by its number."""
    object_counts = Counter[int]()
    for revision in range(reader.total_revisions):
        section = reader.xrefs.get_xref_data(revision)
        for section_part in (section, section.hybrid.xref_data if section.hybrid else None):
            object_counts.update(
                object_place.obj_stream_id
                for object_place in (section_part.xrefs_in_objstm.values() if section_part else ())
            )
    return object_counts
