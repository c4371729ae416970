"""The directory of an OFD archive, each entry compared with its own header."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ledger.documents.ofd.names import UTF8_FLAG, decode_name
from ledger.documents.ofd.zip64 import (
    DirectoryPlace,
    find_directory,
    read_central_sizes,
    read_local_sizes,
    split_extra,
)
from ledger.documents.zip_records import (
    CENTRAL_MARK,
    CENTRAL_STRUCT,
    DESCRIPTOR_MARK,
    DESCRIPTOR_STRUCT,
    END_STRUCT,
    LOCAL_MARK,
    LOCAL_STRUCT,
    LONG_DESCRIPTOR_STRUCT,
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
STORED_METHOD: Final = 0
_DEFLATED_METHOD: Final = 8
_HAS_DESCRIPTOR: Final = 0x0008
#: Encrypted, patched, strongly encrypted, masked.
_REFUSED_FLAGS: Final = 0x0001 | 0x0020 | 0x0040 | 0x2000
_UNICODE_NAME: Final = 0x7075


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One part as the directory names it: where its data lie, in bytes from the start, and what they must give.

    `name` has slashes; `separators` are those that stand there.
    """

    name: str
    separators: frozenset[str]
    is_folder: bool
    method: int
    crc: int
    start: int
    packed_size: int
    size: int


@dataclass(frozen=True, slots=True)
class Place:
    """An entry, and where it starts and ends in the file, its own header and what follows its data included."""

    entry: DirectoryEntry
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Record:
    """An entry as the directory has it, with its long numbers (ZIP64) in place of the short ones."""

    central_header: CentralHeader
    sizes: Sizes
    offset: int
    disk: int
    name_bytes: bytes
    extra_bytes: bytes


def read_end(data: bytes) -> tuple[DirectoryPlace, bytes]:
    """Return where the directory of the archive is, and the comment at the end. Raises: MalformedInput, LimitExceeded."""
    end_start = find_end(data)
    if end_start is None:
        raise MalformedInput("not a ZIP archive")
    end = End(*END_STRUCT.unpack_from(data, end_start))
    comment = data[end_start + END_STRUCT.size :]
    if len(comment) != end.comment_length:
        raise MalformedInput("the archive has data behind its end")
    directory = find_directory(data, end_start, end)
    if directory.entry_count > MAX_ENTRIES:
        raise LimitExceeded(f"a document has {MAX_ENTRIES} parts at most")
    return directory, comment


def read_directory(data: bytes, directory: DirectoryPlace) -> Iterator[Place]:
    """Yield each entry with its place in the file, in the order of the places. Raises: MalformedInput, LimitExceeded."""
    records: list[_Record] = []
    offset = directory.start
    for _ in range(directory.entry_count):
        if offset + CENTRAL_STRUCT.size > directory.end or data[offset : offset + 4] != CENTRAL_MARK:
            raise MalformedInput("the directory of the archive is damaged")
        central_header = CentralHeader(*CENTRAL_STRUCT.unpack_from(data, offset))
        name_end = offset + CENTRAL_STRUCT.size + central_header.name_length
        extra_end = name_end + central_header.extra_length
        extra_bytes = data[name_end:extra_end]
        sizes, entry_start, disk = read_central_sizes(central_header, extra_bytes)
        records.append(
            _Record(
                central_header,
                sizes,
                entry_start,
                disk,
                data[offset + CENTRAL_STRUCT.size : name_end],
                extra_bytes,
            )
        )
        offset = extra_end + central_header.comment_length
    if offset != directory.end:
        raise MalformedInput("the archive has data that belongs to no entry")
    records.sort(key=lambda record: record.offset)
    starts = [*(record.offset for record in records), directory.start]
    for record, next_start in zip(records, starts[1:], strict=True):
        yield _find_place(data, record, directory.start, next_start)


def _find_place(data: bytes, record: _Record, end_limit: int, next_start: int) -> Place:
    """Compare an entry with its own header and return it with its place, which ends at `end_limit` at the latest.

    `next_start` is where the next entry starts: it tells which of its forms a descriptor has.
    """
    central_header, offset, sizes = record.central_header, record.offset, record.sizes
    if record.disk or offset + LOCAL_STRUCT.size > end_limit or data[offset : offset + 4] != LOCAL_MARK:
        raise MalformedInput("an entry is not where the directory says")
    local_header = LocalHeader(*LOCAL_STRUCT.unpack_from(data, offset))
    name_end = offset + LOCAL_STRUCT.size + local_header.name_length
    start = name_end + local_header.extra_length
    _check_method(central_header, local_header)
    own_sizes = read_local_sizes(local_header, data[name_end:start])
    has_descriptor = bool(local_header.flags & _HAS_DESCRIPTOR)
    # What is not known yet where an entry is streamed is zero there, and stands in the descriptor.
    has_same_sizes = all(
        own_size == directory_size or (has_descriptor and own_size == 0)
        for own_size, directory_size in zip(own_sizes, sizes, strict=True)
    )
    has_same_name = data[offset + LOCAL_STRUCT.size : name_end] == record.name_bytes
    if not has_same_name or local_header.method != central_header.method or not has_same_sizes:
        raise MalformedInput("an entry and the directory tell different stories")
    written_name = decode_name(record.name_bytes, central_header.flags | local_header.flags)
    _check_extra(record.extra_bytes, written_name)
    _check_extra(data[name_end:start], written_name)
    data_end = start + sizes.packed_size
    end = _find_descriptor_end(data, data_end, sizes, next_start) if has_descriptor else data_end
    if end > end_limit:
        raise MalformedInput("an entry reaches into the directory")
    return Place(_make_entry(central_header.method, sizes, written_name, start), offset, end)


def _check_method(central_header: CentralHeader, local_header: LocalHeader) -> None:
    flags = central_header.flags | local_header.flags
    if central_header.method not in (STORED_METHOD, _DEFLATED_METHOD) or flags & _REFUSED_FLAGS:
        raise MalformedInput("the archive is encrypted or packed in a way that no OFD uses")


def _make_entry(method: int, sizes: Sizes, written_name: str, start: int) -> DirectoryEntry:
    crc, packed_size, size = sizes
    is_stored = method == STORED_METHOD
    if size > MAX_PART_BYTES or size > packed_size * MAX_RATIO or (is_stored and size != packed_size):
        raise LimitExceeded("a part is larger than its data allow, or than this program reads")
    name = written_name.replace("\\", "/")
    separators = frozenset("/\\").intersection(written_name)
    return DirectoryEntry(
        name.rstrip("/"), separators, name.endswith("/"), method, crc, start, packed_size, size
    )


def _check_extra(extra_bytes: bytes, name: str) -> None:
    """Refuse a second name (APPNOTE 4.6.9) that is another."""
    for extra_field in split_extra(extra_bytes):
        if extra_field.kind == _UNICODE_NAME and decode_name(extra_field.content[5:], UTF8_FLAG) != name:
            raise MalformedInput("an entry has two names")


def _find_descriptor_end(data: bytes, start: int, sizes: Sizes, next_start: int) -> int:
    """Return the end of a descriptor: short or long, with its mark or without (APPNOTE 4.3.9)."""
    possible_ends = []
    for mark in (DESCRIPTOR_MARK, b""):
        for descriptor_struct in (DESCRIPTOR_STRUCT, LONG_DESCRIPTOR_STRUCT):
            descriptor = mark + descriptor_struct.pack(*sizes)
            if data[start : start + len(descriptor)] == descriptor:
                possible_ends.append(start + len(descriptor))
    if not possible_ends:
        raise MalformedInput("an entry and the directory tell different stories")
    return next_start if next_start in possible_ends else possible_ends[0]
