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
    LOCATOR,
    LOCATOR_MARK,
    LONG_END,
    LONG_END_MARK,
    CentralHeader,
    End,
    LocalHeader,
    Locator,
    LongEnd,
    Sizes,
)
from ledger.errors import MalformedInput

_LONG_SIZES: Final = 0x0001
_ELSEWHERE, _ELSEWHERE_SHORT = 0xFFFFFFFF, 0xFFFF
#: Of the record at the end, behind the member that says it: no real one has data of its own there.
_LONG_END_LENGTH: Final = LONG_END.size - 12
_TWO_STORIES: Final = "the archive has numbers in the short and in the long form (ZIP64) that differ"
_MISSING: Final = "the archive says that numbers stand in the long form (ZIP64), and they do not"


@dataclass(frozen=True, slots=True)
class DirectoryPlace:
    """Where the directory starts and ends, and how many entries it has."""

    start: int
    end: int
    entries: int


class ExtraField(NamedTuple):
    """One extra field; `content` is shorter than `length` where it is cut off."""

    kind: int
    length: int
    content: bytes


def split_extra(extra: bytes) -> Iterator[ExtraField]:
    """Yield each extra field; some writers pad with bytes that are no field at all."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        yield ExtraField(kind, length, extra[4 : 4 + length])
        extra = extra[4 + length :]


def local_sizes(header: LocalHeader, extra: bytes) -> Sizes:
    """Return the sizes that an entry's own header states. Raises: MalformedInput."""
    whole, packed = _resolve(extra, [(header.whole, 8), (header.packed, 8)])
    return Sizes(header.crc, packed, whole)


def central_sizes(header: CentralHeader, extra: bytes) -> tuple[Sizes, int, int]:
    """Return sizes, offset and disk of an entry as the directory states them. Raises: MalformedInput."""
    members = [(header.whole, 8), (header.packed, 8), (header.offset, 8), (header.disk, 4)]
    whole, packed, offset, disk = _resolve(extra, members)
    return Sizes(header.crc, packed, whole), offset, disk


def find_directory(data: bytes, at: int, end: End) -> DirectoryPlace:
    """Return where the directory is that the record at `at` ends, with the long record in front of that if there is one.

    Raises: MalformedInput where they differ, or where the long one is missing.
    """
    locator_at = at - LOCATOR.size
    if locator_at < 0 or data[locator_at : locator_at + 4] != LOCATOR_MARK:
        if end.directory_start == _ELSEWHERE or _ELSEWHERE_SHORT in (end.entries, end.here, end.disk):
            raise MalformedInput(_MISSING)
        if end.disk or end.directory_disk or end.here != end.entries:
            raise MalformedInput("the archive is split, which no OFD is")
        return _placed(end.directory_start, end.directory_size, end.entries, at)
    locator = Locator(*LOCATOR.unpack_from(data, locator_at))
    long_at = locator_at - LONG_END.size
    if long_at < 0 or locator.offset != long_at or data[long_at : long_at + 4] != LONG_END_MARK:
        raise MalformedInput(_MISSING)
    long = LongEnd(*LONG_END.unpack_from(data, long_at))
    if locator.disk or locator.disks > 1 or long.disk or long.directory_disk or long.here != long.entries:
        raise MalformedInput("the archive is split, which no OFD is")
    if long.length != _LONG_END_LENGTH or not _same_end(end, long):
        raise MalformedInput(_TWO_STORIES)
    return _placed(long.directory_start, long.directory_size, long.entries, long_at)


def _placed(start: int, size: int, entries: int, end: int) -> DirectoryPlace:
    if start + size != end:
        raise MalformedInput("the archive has data that belongs to no entry")
    return DirectoryPlace(start, end, entries)


def _same_end(end: End, long: LongEnd) -> bool:
    short = (end.disk, end.directory_disk, end.here, end.entries)
    sizes = ((end.directory_size, long.directory_size), (end.directory_start, long.directory_start))
    counts = zip(short, (long.disk, long.directory_disk, long.here, long.entries), strict=True)
    return all(written in (_ELSEWHERE, meant) for written, meant in sizes) and all(
        written in (_ELSEWHERE_SHORT, meant) for written, meant in counts
    )


def _resolve(extra: bytes, members: Sequence[tuple[int, int]]) -> list[int]:
    """Return the members, each a number and its bytes in the long form, with those that stand elsewhere filled in.

    The field has those alone that are all ones, in this order; or, as some write it, all of them from the first on.
    """
    fields = [extra_field for extra_field in split_extra(extra) if extra_field.kind == _LONG_SIZES]
    escaped = [_is_elsewhere(number, width) for number, width in members]
    if any(len(each.content) < each.length for each in fields) or (any(escaped) and not fields):
        raise MalformedInput(_MISSING)
    if len(fields) > 1:
        raise MalformedInput("an entry has its long sizes (ZIP64) twice")
    content = fields[0].content if fields else b""
    values, rest = _read_escaped(content, members, escaped)
    if rest and not _repeats(content, members, values):
        raise MalformedInput(_TWO_STORIES)
    return values


def _is_elsewhere(number: int, width: int) -> bool:
    return number == (_ELSEWHERE if width == 8 else _ELSEWHERE_SHORT)


def _read_escaped(
    content: bytes, members: Sequence[tuple[int, int]], escaped: Sequence[bool]
) -> tuple[list[int], bytes]:
    """Return every member with its value, and what of the field is left behind those that stand there."""
    values = []
    for (number, width), elsewhere in zip(members, escaped, strict=True):
        if elsewhere and len(content) < width:
            raise MalformedInput(_MISSING)
        values.append(int.from_bytes(content[:width], "little") if elsewhere else number)
        content = content[width:] if elsewhere else content
    return values, content


def _repeats(content: bytes, members: Sequence[tuple[int, int]], values: Sequence[int]) -> bool:
    """Tell whether the field names all members from the first on, as far as it goes, and each as it is."""
    for (_, width), value in zip(members, values, strict=True):
        if not content:
            return True
        if content[:width] != value.to_bytes(width, "little"):
            return False
        content = content[width:]
    return not content
