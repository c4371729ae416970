"""Open a PDF strictly where a file could be read in two ways, and as it stands elsewhere.

Each cross-reference section is read as the standard has it. Not held against a file: references to nothing (they are null,
ISO 32000-2, 7.3.10), a number that is given out again after its first object is gone, and names in the bytes of another
encoding than UTF-8 (7.3.5 names none).
"""

# mypy: allow-untyped-calls
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.crypt import AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.crypt.api import PdfMacStatus
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import (
    ObjStreamRef,
    XRefEntry,
    XRefSectionData,
    parse_xref_stream,
    parse_xref_table,
    read_object_header,
)

from ledger.documents.pdf.bounds import DECODE_LIMITS, BoundedFile, check_object_streams, check_sections
from ledger.errors import LimitExceeded, MalformedInput

if TYPE_CHECKING:
    from ledger.documents.pdf.revisions import Revision

#: Pairs of values looked at, of all comparisons of a file, some seconds: real files with 25 signatures take 150,000.
MAX_STEPS: Final = 1_000_000
#: Generations of an object number (7.5.4).
_MAX_GENERATION: Final = 65_535
_ESCAPE: Final = ord("#")
_LAST_CONTROL_BYTE: Final = 0x20
_DELETE_BYTE: Final = 0x7F
ObjectKey = tuple[int, int]
#: What a section says of an object number: its generation, or that it is free.
_FREE_GENERATION: Final = -1


def _read_name(stream: BytesIO) -> generic.NameObject:
    """Read a name: bytes above ASCII may stand as they are (GBK, as printers and converters write names of fonts).

    Bytes that are not UTF-8 are kept apart from every other name.
    """
    if stream.read(1) != b"/":
        raise misc.PdfReadError("a name starts with a slash")
    name_bytes = misc.read_until_delimiter(stream)
    if any(byte <= _LAST_CONTROL_BYTE or byte == _DELETE_BYTE for byte in name_bytes):
        raise misc.PdfReadError("a control character in a name")
    plain_part, *escaped_parts = name_bytes.split(b"#")
    try:
        name = plain_part + b"".join(
            bytes([_parse_hexadecimal(escaped_part[:2])]) + escaped_part[2:] for escaped_part in escaped_parts
        )
    except ValueError as error:
        raise misc.PdfReadError("an escape in a name is not two hexadecimal digits") from error
    return generic.NameObject("/" + name.decode("utf-8", "surrogateescape"))


def _parse_hexadecimal(digits: bytes) -> int:
    if len(digits) != 2 or not digits.isalnum():
        raise ValueError(digits)
    return int(digits, 16)


# The library refuses the whole file for one such name, and calls this by its public name wherever it reads one.
generic.NameObject.read_from_stream = staticmethod(_read_name)  # type: ignore[method-assign]


class Reader(PdfFileReader):
    """A PDF of which each object can be read as each update left it; an object that is not there is null."""

    def __init__(self, data: bytes) -> None:
        # Lenient while sections are put together: what the library holds against them (a number given out again) is
        # no fault. What can be read in two ways is refused below, and every object is read strictly.
        check_sections(data)
        self.file = BoundedFile(data)
        super().__init__(self.file, strict=False, decode_limits=DECODE_LIMITS)
        self.strict = True
        self.sections_by_number: dict[int, list[tuple[int, int]]] = {}
        self.object_by_version: dict[tuple[ObjectKey, int, int | None], generic.PdfObject] = {}
        self.revision_by_number: dict[int, Revision] = {}
        self.viewed_revision_number: int | None = None
        self.step_count = 0
        for number in range(self.total_revisions):
            _read_history(self.sections_by_number, number, self.xrefs.get_xref_data(number))
        _check_sections(self)

    def find_section(self, key: ObjectKey, revision_number: int) -> int | None:
        """Return the number of the update that gave an object what it is in a revision; None where it is nothing.

        The last update that names the number decides, whatever the generation: readers disagree about older ones.
        """
        for section, generation in reversed(self.sections_by_number.get(key[0], [])):
            if section <= revision_number:
                return section if generation == key[1] else None
        return None

    def read(self, key: ObjectKey, revision_number: int) -> generic.PdfObject | None:
        """Return an object as a revision has it, with the stream of objects that it stands in; None for nothing."""
        section = self.find_section(key, revision_number)
        if section is None:
            return None
        reference = generic.Reference(key[0], key[1], self)
        entry = self.xrefs.get_historical_ref(reference, section)
        stream_section = (
            self.find_section((entry.obj_stream_id, 0), revision_number)
            if isinstance(entry, ObjStreamRef)
            else None
        )
        object_version = key, section, stream_section
        if object_version not in self.object_by_version:
            viewed_number_before, self.viewed_revision_number = self.viewed_revision_number, revision_number
            try:
                # What is still so is kept by the library, too, and read once.
                is_unchanged = (
                    self.find_section(key, self.total_revisions - 1) == section and stream_section is None
                )
                self.object_by_version[object_version] = super().get_object(
                    reference, revision=None if is_unchanged else section
                )
            finally:
                self.viewed_revision_number = viewed_number_before
        return self.object_by_version[object_version]

    def get_object(  # type: ignore[override]  # the library's two definitions of it differ
        self, ref: generic.Reference, revision: int | None = None, *arguments: Any, **options: Any
    ) -> Any:
        """Return an object as the library does, and null for one that is not there, which it refuses."""
        # Options say how the file is encrypted.
        if revision is None and self.viewed_revision_number is not None and not options:
            pdf_object = self.read((ref.idnum, ref.generation), self.viewed_revision_number)
        else:
            wanted_number = self.total_revisions - 1 if revision is None else revision
            exists = self.find_section((ref.idnum, ref.generation), wanted_number) is not None
            pdf_object = super().get_object(ref, revision, *arguments, **options) if exists else None
        if pdf_object is None:
            pdf_object = generic.NullObject()
            pdf_object.container_ref = ref
        return pdf_object

    def count_step(self) -> None:
        """Raises: LimitExceeded for more comparisons than are made for one file."""
        self.step_count += 1
        if self.step_count > MAX_STEPS:
            raise LimitExceeded(f"what came after the signatures takes more than {MAX_STEPS} comparisons")


def open_reader(data: bytes) -> Reader:
    """Read the structure of a PDF. Raises: MalformedInput, LimitExceeded, and what pyHanko makes of hostile bytes."""
    reader = Reader(data)
    if reader.encrypted:
        _decrypt(reader)
    check_object_streams(reader)
    return reader


def _decrypt(reader: Reader) -> None:
    """Open a file that is encrypted only to say what may be done with it: anybody reads it, without a password."""
    numbers = {reference.idnum for reference in reader.xrefs.xref_stream_refs}
    if any(
        len(reader.sections_by_number[number]) > 1
        for number in numbers
        if number in reader.sections_by_number
    ):
        raise MalformedInput(
            "an encrypted PDF gives the number of a cross-reference stream to something else"
        )
    result = reader.decrypt("") if isinstance(reader.security_handler, StandardSecurityHandler) else None
    if result is not None and result.mac_status is PdfMacStatus.FAILED:
        raise MalformedInput("the PDF is encrypted, and the code of integrity that it carries is not its own")
    if result is None or result.status is AuthStatus.FAILED:
        raise MalformedInput("the PDF is encrypted, and does not open without a password")


def _read_history(
    sections_by_number: dict[int, list[tuple[int, int]]], section_number: int, section_data: XRefSectionData
) -> None:
    hybrid_data = XRefSectionData() if section_data.hybrid is None else section_data.hybrid.xref_data
    generation_by_number = dict.fromkeys(hybrid_data.freed, _FREE_GENERATION) | dict.fromkeys(
        section_data.freed, _FREE_GENERATION
    )
    for section in (
        hybrid_data,
        section_data,
    ):  # an entry beside the table stands where the table has none (7.5.8.4)
        generation_by_number |= {
            object_number: generation for object_number, (generation, _) in section.standard_xrefs.items()
        }
        generation_by_number |= dict.fromkeys(section.xrefs_in_objstm, 0)
    for object_number, generation in generation_by_number.items():
        sections_by_number.setdefault(object_number, []).append((section_number, generation))


def _check_sections(reader: Reader) -> None:
    """Read each section again where it is said to be, strictly. Raises: MalformedInput, what pyHanko raises."""
    size_before = 0
    for revision_number in range(reader.total_revisions):
        section = reader.xrefs.get_xref_container_info(revision_number)
        _check_section(reader, section.declared_startxref)
        hybrid = reader.xrefs.get_xref_data(revision_number).hybrid
        if hybrid is not None:
            _check_section(reader, hybrid.meta_info.declared_startxref)
        if section.size < size_before:
            raise MalformedInput("an update has room for fewer objects than there were")
        size_before = section.size


def _check_section(reader: Reader, section_start: int) -> None:
    stream = reader.stream
    stream.seek(section_start)
    misc.skip_over_whitespace(stream)
    first_bytes = stream.read(4)
    if first_bytes == b"xref":
        highest_number = _check_entries(parse_xref_table(stream, strict=True))
        trailer = generic.DictionaryObject.read_from_stream(stream, generic.TrailerReference(reader))
        if highest_number >= int(trailer.raw_get("/Size")):
            raise MalformedInput("a cross-reference table names more objects than its size")
        return
    stream.seek(-len(first_bytes), 1)
    number, generation = read_object_header(stream, strict=True)
    stream_reference = generic.Reference(number, generation, reader)
    _check_entries(
        parse_xref_stream(generic.StreamObject.read_from_stream(stream, stream_reference), strict=True)
    )


def _check_entries(entries: Iterable[XRefEntry]) -> int:
    highest_number = 0
    for entry in entries:
        if entry.generation > _MAX_GENERATION:
            raise MalformedInput("a cross-reference entry has a generation that there is not")
        highest_number = max(highest_number, entry.idnum)
    return highest_number
