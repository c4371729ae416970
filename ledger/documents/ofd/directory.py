"""The directory of an OFD archive, each entry compared with its own header."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ledger.documents.ofd.names import UTF8_FLAG, decode_name
from ledger.documents.ofd.zip64 import (
    DirectoryPlace,
    central_sizes,
    find_directory,
    local_sizes,
    split_extra,
)
from ledger.documents.zip_records import (
    CENTRAL,
    CENTRAL_MARK,
    DESCRIPTOR,
    DESCRIPTOR_MARK,
    END,
    LOCAL,
    LOCAL_MARK,
    LONG_DESCRIPTOR,
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


@dataclass(frozen=True, slots=True)
class _Record:
    """An entry as the directory has it, with its long numbers (ZIP64) in place of the short ones."""

    central: CentralHeader
    sizes: Sizes
    offset: int
    disk: int
    name: bytes
    extra: bytes


def read_end(data: bytes) -> tuple[DirectoryPlace, bytes]:
    """Return where the directory of the archive is, and the comment at the end. Raises: MalformedInput, LimitExceeded."""
    at = find_end(data)
    if at is None:
        raise MalformedInput("not a ZIP archive")
    end = End(*END.unpack_from(data, at))
    comment = data[at + END.size :]
    if len(comment) != end.comment_length:
        raise MalformedInput("the archive has data behind its end")
    directory = find_directory(data, at, end)
    if directory.entries > MAX_ENTRIES:
        raise LimitExceeded(f"a document has {MAX_ENTRIES} parts at most")
    return directory, comment


def read_directory(data: bytes, directory: DirectoryPlace) -> Iterator[Place]:
    """Yield each entry with its place in the file, in the order of the places. Raises: MalformedInput, LimitExceeded."""
    records: list[_Record] = []
    at = directory.start
    for _ in range(directory.entries):
        if at + CENTRAL.size > directory.end or data[at : at + 4] != CENTRAL_MARK:
            raise MalformedInput("the directory of the archive is damaged")
        central = CentralHeader(*CENTRAL.unpack_from(data, at))
        name_end = at + CENTRAL.size + central.name_length
        extra_end = name_end + central.extra_length
        extra = data[name_end:extra_end]
        sizes, offset, disk = central_sizes(central, extra)
        records.append(_Record(central, sizes, offset, disk, data[at + CENTRAL.size : name_end], extra))
        at = extra_end + central.comment_length
    if at != directory.end:
        raise MalformedInput("the archive has data that belongs to no entry")
    records.sort(key=lambda record: record.offset)
    starts = [*(record.offset for record in records), directory.start]
    for record, following in zip(records, starts[1:], strict=True):
        yield _place(data, record, directory.start, following)


def _place(data: bytes, record: _Record, limit: int, following: int) -> Place:
    """Compare an entry with its own header and return it with its place, which ends at `limit` at the latest.

    `following` is where the next entry starts: it tells which of its forms a descriptor has.
    """
    central, offset, sizes = record.central, record.offset, record.sizes
    if record.disk or offset + LOCAL.size > limit or data[offset : offset + 4] != LOCAL_MARK:
        raise MalformedInput("an entry is not where the directory says")
    local = LocalHeader(*LOCAL.unpack_from(data, offset))
    name_end = offset + LOCAL.size + local.name_length
    start = name_end + local.extra_length
    _check_method(central, local)
    own_sizes = local_sizes(local, data[name_end:start])
    described = bool(local.flags & _HAS_DESCRIPTOR)
    # What is not known yet where an entry is streamed is zero there, and stands in the descriptor.
    same_sizes = all(
        own == meant or (described and own == 0) for own, meant in zip(own_sizes, sizes, strict=True)
    )
    same_name = data[offset + LOCAL.size : name_end] == record.name
    if not same_name or local.method != central.method or not same_sizes:
        raise MalformedInput("an entry and the directory tell different stories")
    written = decode_name(record.name, central.flags | local.flags)
    _check_extra(record.extra, written)
    _check_extra(data[name_end:start], written)
    data_end = start + sizes.packed
    end = _after_descriptor(data, data_end, sizes, following) if described else data_end
    if end > limit:
        raise MalformedInput("an entry reaches into the directory")
    return Place(_entry(central.method, sizes, written, start), offset, end)


def _check_method(central: CentralHeader, local: LocalHeader) -> None:
    flags = central.flags | local.flags
    if central.method not in (STORED, _DEFLATED) or flags & _REFUSED_FLAGS:
        raise MalformedInput("the archive is encrypted or packed in a way that no OFD uses")


def _entry(method: int, sizes: Sizes, written: str, start: int) -> Entry:
    crc, packed, size = sizes
    stored = method == STORED
    if size > MAX_PART_BYTES or size > packed * MAX_RATIO or (stored and size != packed):
        raise LimitExceeded("a part is larger than its data allow, or than this program reads")
    name = written.replace("\\", "/")
    separators = frozenset("/\\").intersection(written)
    return Entry(name.rstrip("/"), separators, name.endswith("/"), method, crc, start, packed, size)


def _check_extra(extra: bytes, name: str) -> None:
    """Refuse a second name (APPNOTE 4.6.9) that is another."""
    for each in split_extra(extra):
        if each.kind == _UNICODE_NAME and decode_name(each.content[5:], UTF8_FLAG) != name:
            raise MalformedInput("an entry has two names")


def _after_descriptor(data: bytes, at: int, sizes: Sizes, following: int) -> int:
    """Return the end of a descriptor: short or long, with its mark or without (APPNOTE 4.3.9)."""
    ends = []
    for mark in (DESCRIPTOR_MARK, b""):
        for form in (DESCRIPTOR, LONG_DESCRIPTOR):
            descriptor = mark + form.pack(*sizes)
            if data[at : at + len(descriptor)] == descriptor:
                ends.append(at + len(descriptor))
    if not ends:
        raise MalformedInput("an entry and the directory tell different stories")
    return following if following in ends else ends[0]
