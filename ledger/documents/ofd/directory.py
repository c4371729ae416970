"""The directory of an OFD archive, each entry compared with its own header."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ledger.documents.ofd.names import UTF8_FLAG, decode_name
from ledger.documents.zip_records import (
    CENTRAL,
    CENTRAL_MARK,
    DESCRIPTOR,
    DESCRIPTOR_MARK,
    END,
    LOCAL,
    LOCAL_MARK,
    CentralHeader,
    End,
    LocalHeader,
    Sizes,
    find_end,
)
from ledger.errors import LimitExceeded, MalformedInput

#: Pages, fonts, pictures and signatures of a long document.
MAX_ENTRIES: Final = 10_000
MAX_PART_BYTES: Final = 64 * 1024 * 1024
#: Deflate cannot do more: what claims more lies.
MAX_RATIO: Final = 1032
STORED: Final = 0
_DEFLATED: Final = 8
_HAS_DESCRIPTOR: Final = 0x0008
#: Encrypted, patched, strongly encrypted, masked.
_REFUSED_FLAGS: Final = 0x0001 | 0x0020 | 0x0040 | 0x2000
_UNICODE_NAME: Final = 0x7075
#: The real numbers of an archive in ZIP64 stand elsewhere.
_ZIP64_SIZE, _ZIP64_COUNT = 0xFFFFFFFF, 0xFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """One part as the directory names it: where its data lie, in bytes from the start, and what they must give.

    `name` has slashes; `separators` are those that stand there.
    """

    name: str
    separators: frozenset[str]
    folder: bool
    method: int
    crc: int
    start: int
    packed: int
    size: int


@dataclass(frozen=True, slots=True)
class Place:
    """An entry, and where it starts and ends in the file, its own header and what follows its data included."""

    entry: Entry
    start: int
    end: int


def read_end(data: bytes) -> tuple[int, End, bytes]:
    """Return the record at the end of the archive with its place, and the comment behind it."""
    at = find_end(data)
    if at is None:
        raise MalformedInput("not a ZIP archive")
    end = End(*END.unpack_from(data, at))
    comment = data[at + END.size :]
    if len(comment) != end.comment_length:
        raise MalformedInput("the archive has data behind its end")
    if end.disk or end.directory_disk or end.here != end.entries:
        raise MalformedInput("the archive is split or ZIP64, which no OFD is")
    if end.directory_start == _ZIP64_SIZE or end.entries == _ZIP64_COUNT:
        raise MalformedInput("the archive is split or ZIP64, which no OFD is")
    if end.directory_start + end.directory_size != at:
        raise MalformedInput("the archive has data that belongs to no entry")
    if end.entries > MAX_ENTRIES:
        raise LimitExceeded(f"a document has {MAX_ENTRIES} parts at most")
    return at, end, comment


def read_directory(data: bytes, end: End, end_at: int) -> Iterator[Place]:
    """Yield each entry with its place in the file, in the order of the places."""
    records: list[tuple[CentralHeader, bytes, bytes]] = []
    at = end.directory_start
    for _ in range(end.entries):
        if at + CENTRAL.size > end_at or data[at : at + 4] != CENTRAL_MARK:
            raise MalformedInput("the directory of the archive is damaged")
        central = CentralHeader(*CENTRAL.unpack_from(data, at))
        name_end = at + CENTRAL.size + central.name_length
        extra_end = name_end + central.extra_length
        records.append((central, data[at + CENTRAL.size : name_end], data[name_end:extra_end]))
        at = extra_end + central.comment_length
    if at != end_at:
        raise MalformedInput("the archive has data that belongs to no entry")
    for central, name, extra in sorted(records, key=lambda record: record[0].offset):
        yield _place(data, central, name, extra, end.directory_start)


def _place(data: bytes, central: CentralHeader, raw_name: bytes, extra: bytes, limit: int) -> Place:
    """Compare an entry with its own header and return it with its place, which ends at `limit` at the latest."""
    offset, sizes = central.offset, central.sizes
    if central.disk or offset + LOCAL.size > limit or data[offset : offset + 4] != LOCAL_MARK:
        raise MalformedInput("an entry is not where the directory says")
    local = LocalHeader(*LOCAL.unpack_from(data, offset))
    name_end = offset + LOCAL.size + local.name_length
    start = name_end + local.extra_length
    _check_method(central, local)
    described = bool(local.flags & _HAS_DESCRIPTOR)
    same_sizes = local.sizes == sizes or (described and local.sizes == (0, 0, 0))
    same_name = data[offset + LOCAL.size : name_end] == raw_name
    if not same_name or local.method != central.method or not same_sizes:
        raise MalformedInput("an entry and the directory tell different stories")
    written = decode_name(raw_name, central.flags | local.flags)
    _check_extra(extra, written)
    _check_extra(data[name_end:start], written)
    data_end = start + central.packed
    end = _after_descriptor(data, data_end, sizes) if described else data_end
    if end > limit:
        raise MalformedInput("an entry reaches into the directory")
    return Place(_entry(central, written, start), offset, end)


def _check_method(central: CentralHeader, local: LocalHeader) -> None:
    flags = central.flags | local.flags
    if central.method not in (STORED, _DEFLATED) or flags & _REFUSED_FLAGS:
        raise MalformedInput("the archive is encrypted or packed in a way that no OFD uses")
    if _ZIP64_SIZE in (local.packed, local.whole):
        raise MalformedInput("the archive is ZIP64, which no OFD is")


def _entry(central: CentralHeader, written: str, start: int) -> Entry:
    crc, packed, size = central.sizes
    stored = central.method == STORED
    if size > MAX_PART_BYTES or size > packed * MAX_RATIO or (stored and size != packed):
        raise LimitExceeded("a part is larger than its data allow, or than this program reads")
    name = written.replace("\\", "/")
    separators = frozenset("/\\").intersection(written)
    return Entry(name.rstrip("/"), separators, name.endswith("/"), central.method, crc, start, packed, size)


def _check_extra(extra: bytes, name: str) -> None:
    """Refuse a second name (APPNOTE 4.6.9) that is another; some writers pad with bytes that are no field at all."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _UNICODE_NAME and decode_name(extra[9 : 4 + length], UTF8_FLAG) != name:
            raise MalformedInput("an entry has two names")
        extra = extra[4 + length :]


def _after_descriptor(data: bytes, at: int, expected: Sizes) -> int:
    if data[at : at + 4] == DESCRIPTOR_MARK and _read_descriptor(data, at + 4) == expected:
        return at + 4 + DESCRIPTOR.size
    if _read_descriptor(data, at) == expected:
        return at + DESCRIPTOR.size
    raise MalformedInput("an entry and the directory tell different stories")


def _read_descriptor(data: bytes, at: int) -> Sizes | None:
    return Sizes(*DESCRIPTOR.unpack_from(data, at)) if at + DESCRIPTOR.size <= len(data) else None
