"""A signature in its PDF: its dictionary, the bytes that it covers, what came after it.

pyHanko models signatures in CMS alone. Here stands what holds for every form of value, asked of its reader, its policies
and nothing that it keeps to itself.
"""

# mypy: allow-untyped-calls
from dataclasses import dataclass, field

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import process_data_at_eof
from pyhanko.sign.fields import FieldMDPSpec, MDPPerm
from pyhanko.sign.validation.pdf_embedded import extract_contents
from pyhanko.sign.validation.status import SignatureCoverageLevel as Coverage

from ledger.documents.pdf.reading import Reader
from ledger.errors import MalformedInput

_ByteRanges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PlacedSignature:
    """A signature of a PDF (ISO 32000-2, 12.8.1): `dictionary` is the value of its form field `form_field`.

    `contents` are the bytes of its value with the zeros that fill the place, `byte_ranges` start and end of what is signed,
    `revision` the number of the update in which it was made, the first being 0.
    """

    reader: Reader = field(repr=False)
    form_field: DictionaryObject = field(repr=False)
    dictionary: DictionaryObject = field(repr=False)
    contents: bytes = field(repr=False)
    byte_ranges: _ByteRanges
    revision: int
    coverage: Coverage
    _data: bytes = field(repr=False)

    @classmethod
    def of(cls, data: bytes, reader: Reader, form_field: DictionaryObject) -> "PlacedSignature":
        """Read the signature of a field. Raises: MalformedInput, and what pyHanko makes of hostile bytes."""
        value_reference = form_field.raw_get("/V")
        dictionary = value_reference.get_object()
        if not isinstance(dictionary, DictionaryObject):
            raise MalformedInput("the value of a signature field is no dictionary")
        contents = extract_contents(dictionary)
        byte_ranges = _read_byte_ranges(data, dictionary)
        revision = reader.xrefs.get_last_change(value_reference.reference)
        coverage = _judge_coverage(data, reader, byte_ranges, contents, revision)
        return cls(reader, form_field, dictionary, contents, byte_ranges, revision, coverage, data)

    @property
    def signed_bytes(self) -> bytes:
        return b"".join(self._data[start:end] for start, end in self.byte_ranges)

    @property
    def covers_revision(self) -> bool:
        """Whether it covers everything from the start to the end of an update."""
        return bool(self.coverage >= Coverage.ENTIRE_REVISION)

    @property
    def covers_file(self) -> bool:
        return self.coverage is Coverage.ENTIRE_FILE

    @property
    def allowed_changes(self) -> MDPPerm | None:
        """How much may be changed after it by its own word (DocMDP) or by that of its field; None where neither says."""
        parameters = self._read_transform("/DocMDP")
        if parameters is not None:
            return MDPPerm(parameters.raw_get("/P"))
        try:
            permission = self.form_field["/Lock"]["/P"]
        except KeyError:
            return None
        return MDPPerm(permission)

    @property
    def locked_fields(self) -> FieldMDPSpec | None:
        """Which fields may not be changed after it (FieldMDP)."""
        parameters = self._read_transform("/FieldMDP")
        return None if parameters is None else FieldMDPSpec.from_pdf_object(parameters)

    def _read_transform(self, method: str) -> DictionaryObject | None:
        """Return the parameters of a transform method (12.8.2), where the signature names it."""
        try:
            references = self.dictionary["/Reference"]
        except KeyError:
            return None
        for reference in references:
            transform = reference.get_object()
            if transform["/TransformMethod"] == method:
                parameters: DictionaryObject = transform["/TransformParams"]
                return parameters
        return None


def _read_byte_ranges(data: bytes, dictionary: DictionaryObject) -> _ByteRanges:
    """Return start and end of what is signed. Raises: MalformedInput for ranges that are not of this file."""
    numbers = [int(number) for number in dictionary.raw_get("/ByteRange")]
    starts, lengths = numbers[::2], numbers[1::2]
    byte_ranges = tuple((start, start + length) for start, length in zip(starts, lengths, strict=True))
    if sum(lengths) > len(data) or not all(0 <= start <= end <= len(data) for start, end in byte_ranges):
        raise MalformedInput("the byte range is not one of this file")
    return byte_ranges


def _judge_coverage(
    data: bytes, reader: Reader, byte_ranges: _ByteRanges, contents: bytes, revision: int
) -> Coverage:
    """Return what a signature covers: unclear where it leaves out anything but its own value in hexadecimal digits.

    pyHanko compares lengths alone, and a gap can hold objects that replace those signed. Where the ranges end before
    the file does, they must end as the update does in which the signature was made, and hold its xref and those before.
    """
    if len(byte_ranges) != 2:
        return Coverage.UNCLEAR
    (first_start, gap_start), (gap_end, range_end) = byte_ranges
    if first_start != 0 or data[gap_start:gap_end].lower() != b"<" + contents.hex().encode() + b">":
        return Coverage.UNCLEAR
    if range_end == len(data):
        return Coverage.ENTIRE_FILE
    reader.stream.seek(range_end)
    try:
        xref_start = process_data_at_eof(reader.stream)
    except PdfReadError:
        return Coverage.CONTIGUOUS_BLOCK_FROM_START
    xrefs = [reader.xrefs.get_xref_container_info(number) for number in range(revision + 1)]
    if xref_start != reader.xrefs.get_startxref_for_revision(revision):
        return Coverage.CONTIGUOUS_BLOCK_FROM_START
    if any(xref.end_location > range_end for xref in xrefs):
        return Coverage.CONTIGUOUS_BLOCK_FROM_START
    return Coverage.ENTIRE_REVISION
