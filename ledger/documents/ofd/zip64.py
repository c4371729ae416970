"""The long numbers of ZIP64 (APPNOTE 4.3.14 to 4.3.15 and 4.5.3).

Some archives have them although nothing is large.

Some writers give every entry long sizes, or the directory alone, or write the long end beside the short one. A member
that is all ones stands in the extra field; every other member stands where it is, and what is repeated must be the same.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.documents.zip_records import (
    LOCATOR_MARK,
    LOCATOR_STRUCT,
    LONG_END_MARK,
    LONG_END_STRUCT,
    CentralHeader,
    End,
    LocalHeader,
    Locator,
    LongEnd,
    Sizes,
)
from ledger.errors import MalformedInput

_LONG_SIZES: Final = 0x0001
_ALL_ONES, _ALL_ONES_SHORT = 0xFFFFFFFF, 0xFFFF
#: Of the record at the end, behind the member that says it: no real one has data of its own there.
_LONG_END_LENGTH: Final = LONG_END_STRUCT.size - 12
_DIFFERENT_NUMBERS: Final = "the archive has numbers in the short and in the long form (ZIP64) that differ"
_NUMBERS_MISSING: Final = "the archive says that numbers stand in the long form (ZIP64), and they do not"


@dataclass(frozen=True, slots=True)
class DirectoryPlace:
    """Where the directory starts and ends, and how many entries it has."""

    start: int
    end: int
    entry_count: int


class ExtraField(NamedTuple):
    """One extra field; `content` is shorter than `length` where it is cut off."""

    kind: int
    length: int
    content: bytes


def split_extra(extra_bytes: bytes) -> Iterator[ExtraField]:
    """Yield each extra field; some writers pad with bytes that are no field at all."""
    while len(extra_bytes) >= 4:
        kind, length = struct.unpack_from("<2H", extra_bytes)
        yield ExtraField(kind, length, extra_bytes[4 : 4 + length])
        extra_bytes = extra_bytes[4 + length :]


def read_local_sizes(header: LocalHeader, extra_bytes: bytes) -> Sizes:
    """Return the sizes that an entry's own header states. Raises: MalformedInput."""
    size, packed_size = _resolve_members(extra_bytes, [(header.size, 8), (header.packed_size, 8)])
    return Sizes(header.crc, packed_size, size)


def read_central_sizes(header: CentralHeader, extra_bytes: bytes) -> tuple[Sizes, int, int]:
    """Return sizes, offset and disk of an entry as the directory states them. Raises: MalformedInput."""
    numbers_and_widths = [(header.size, 8), (header.packed_size, 8), (header.offset, 8), (header.disk, 4)]
    size, packed_size, offset, disk = _resolve_members(extra_bytes, numbers_and_widths)
    return Sizes(header.crc, packed_size, size), offset, disk


def find_directory(data: bytes, end_start: int, end: End) -> DirectoryPlace:
    """Return where the directory is that the record at `end_start` ends, and the long record in front of that if any.

    Raises: MalformedInput where they differ, or where the long one is missing.
    """
    locator_start = end_start - LOCATOR_STRUCT.size
    if locator_start < 0 or data[locator_start : locator_start + 4] != LOCATOR_MARK:
        if end.directory_start == _ALL_ONES or _ALL_ONES_SHORT in (
            end.entry_count,
            end.entries_on_disk,
            end.disk,
        ):
            raise MalformedInput(_NUMBERS_MISSING)
        if end.disk or end.directory_disk or end.entries_on_disk != end.entry_count:
            raise MalformedInput("the archive is split, which no OFD is")
        return _make_place(end.directory_start, end.directory_size, end.entry_count, end_start)
    locator = Locator(*LOCATOR_STRUCT.unpack_from(data, locator_start))
    long_end_start = locator_start - LONG_END_STRUCT.size
    if (
        long_end_start < 0
        or locator.offset != long_end_start
        or data[long_end_start : long_end_start + 4] != LONG_END_MARK
    ):
        raise MalformedInput(_NUMBERS_MISSING)
    long_end = LongEnd(*LONG_END_STRUCT.unpack_from(data, long_end_start))
    if (
        locator.disk
        or locator.disk_count > 1
        or long_end.disk
        or long_end.directory_disk
        or long_end.entries_on_disk != long_end.entry_count
    ):
        raise MalformedInput("the archive is split, which no OFD is")
    if long_end.length != _LONG_END_LENGTH or not _is_same_end(end, long_end):
        raise MalformedInput(_DIFFERENT_NUMBERS)
    return _make_place(
        long_end.directory_start, long_end.directory_size, long_end.entry_count, long_end_start
    )


def _make_place(start: int, size: int, entry_count: int, end: int) -> DirectoryPlace:
    if start + size != end:
        raise MalformedInput("the archive has data that belongs to no entry")
    return DirectoryPlace(start, end, entry_count)


def _is_same_end(end: End, long_end: LongEnd) -> bool:
    short_numbers = (end.disk, end.directory_disk, end.entries_on_disk, end.entry_count)
    size_pairs = (
        (end.directory_size, long_end.directory_size),
        (end.directory_start, long_end.directory_start),
    )
    number_pairs = zip(
        short_numbers,
        (long_end.disk, long_end.directory_disk, long_end.entries_on_disk, long_end.entry_count),
        strict=True,
    )
    return all(short_number in (_ALL_ONES, long_number) for short_number, long_number in size_pairs) and all(
        short_number in (_ALL_ONES_SHORT, long_number) for short_number, long_number in number_pairs
    )


def _resolve_members(extra_bytes: bytes, numbers_and_widths: Sequence[tuple[int, int]]) -> list[int]:
    """Return the members, each a number and its bytes in the long form, with those that stand elsewhere filled in.

    The field has those alone that are all ones, in this order; or, as some write it, all of them from the first on.
    """
    long_fields = [extra_field for extra_field in split_extra(extra_bytes) if extra_field.kind == _LONG_SIZES]
    are_escaped = [_is_elsewhere(number, width) for number, width in numbers_and_widths]
    if any(len(extra_field.content) < extra_field.length for extra_field in long_fields) or (
        any(are_escaped) and not long_fields
    ):
        raise MalformedInput(_NUMBERS_MISSING)
    if len(long_fields) > 1:
        raise MalformedInput("an entry has its long sizes (ZIP64) twice")
    content = long_fields[0].content if long_fields else b""
    values, rest_bytes = _read_escaped(content, numbers_and_widths, are_escaped)
    if rest_bytes and not _repeats(content, numbers_and_widths, values):
        raise MalformedInput(_DIFFERENT_NUMBERS)
    return values


def _is_elsewhere(number: int, width: int) -> bool:
    return number == (_ALL_ONES if width == 8 else _ALL_ONES_SHORT)


def _read_escaped(
    content: bytes, numbers_and_widths: Sequence[tuple[int, int]], are_escaped: Sequence[bool]
) -> tuple[list[int], bytes]:
    """Return every member with its value, and what of the field is left behind those that stand there."""
    values = []
    for (number, width), is_elsewhere in zip(numbers_and_widths, are_escaped, strict=True):
        if is_elsewhere and len(content) < width:
            raise MalformedInput(_NUMBERS_MISSING)
        values.append(int.from_bytes(content[:width], "little") if is_elsewhere else number)
        content = content[width:] if is_elsewhere else content
    return values, content


def _repeats(content: bytes, numbers_and_widths: Sequence[tuple[int, int]], values: Sequence[int]) -> bool:
    """Tell whether the field names all members from the first on, as far as it goes, and each as it is."""
    for (_, width), value in zip(numbers_and_widths, values, strict=True):
        if not content:
            return True
        if content[:width] != value.to_bytes(width, "little"):
            return False
        content = content[width:]
    return not content
