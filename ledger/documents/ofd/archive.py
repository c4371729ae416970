"""The ZIP archive of an OFD document (APPNOTE 6.3), read in exactly one way or not at all.

A reader that forgives shows one document and verifies another: two archives in one file, entries of one name,
data before, between or behind, a directory that tells another story than the entries themselves. Here every
byte of the file belongs to one entry, to the directory or to its end, and directory and entries agree. The standard
library's `zipfile` forgives most of this, hence not that; encryption, ZIP64 and other methods than deflate,
which no OFD uses, are refused.
"""

import re
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ledger.encoding.inflate import InflateFault, inflate_whole
from ledger.errors import LimitExceeded, MalformedInput

MAX_FILE_BYTES: Final = 128 * 1024 * 1024  # scanned licences have some megabytes
MAX_ENTRIES: Final = 10_000  # pages, fonts, pictures and signatures of a long document
MAX_PART_BYTES: Final = 64 * 1024 * 1024
MAX_INFLATED_BYTES: Final = 256 * 1024 * 1024  # of all parts together
MAX_RATIO: Final = 1032  # deflate cannot do more: what claims more lies

_END: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_DESCRIPTOR: Final = struct.Struct("<3L")
_STORED, _DEFLATED = 0, 8
_DATE_1980: Final = 0x0021  # the earliest that the format knows
_HAS_DESCRIPTOR, _UTF8 = 0x0008, 0x0800
_REFUSED_FLAGS: Final = 0x0001 | 0x0020 | 0x0040 | 0x2000  # encrypted, patched, strongly encrypted, masked
_UNICODE_NAME: Final = 0x7075
_UNKNOWN_SIZE: Final = 0xFFFFFFFF  # it stands in an extra field of ZIP64
_DRIVE: Final = re.compile(r"[A-Za-z]:")


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
class Archive:
    """The parts of a document by name (no leading slash) and the comment, where a proof may travel."""

    entries: dict[str, Entry]
    comment: bytes
    _data: bytes = field(repr=False)
    _spelled: dict[str, str] = field(repr=False)

    @property
    def names(self) -> list[str]:
        """Names of all parts, folders left out, in their order."""
        return [name for name, entry in self.entries.items() if not entry.folder]

    def __contains__(self, name: object) -> bool:
        entry = self.entries.get(name) if isinstance(name, str) else None
        return entry is not None and not entry.folder

    def spelled(self, name: str) -> str:
        """Return a name as the archive spells it, where that differs in case or composed letters alone."""
        return self._spelled.get(_lowered(name), name)

    def read(self, name: str, most: int = MAX_PART_BYTES) -> bytes:
        """Return the bytes of a part. Raises: MalformedInput where it is missing or damaged, LimitExceeded beyond `most`."""
        entry = self.entries.get(name)
        if entry is None or entry.folder:
            raise MalformedInput(f"the archive has no part {name[:120]!r}")
        if entry.size > most:
            raise LimitExceeded(
                f"the part {name[:120]!r} has {entry.size} bytes, {most} at most are read here"
            )
        packed = self._data[entry.start : entry.start + entry.packed]
        data = packed if entry.method == _STORED else _inflate(packed, entry)
        if len(data) != entry.size or zlib.crc32(data) != entry.crc:
            raise MalformedInput(f"the part {name[:120]!r} is damaged: size or checksum differ")
        return data


def open_archive(data: bytes) -> Archive:
    """Read the directory of an archive and check it against the entries. Raises: MalformedInput, LimitExceeded."""
    if len(data) > MAX_FILE_BYTES:
        raise LimitExceeded(f"a document has {MAX_FILE_BYTES} bytes at most")
    start, count, end, comment = _find_end(data)
    entries: dict[str, Entry] = {}
    spelled: dict[str, str] = {}
    taken: set[str] = set()
    separators: frozenset[str] = frozenset()
    inflated, expected = 0, 0
    for entry, first, after in _directory(data, start, count, end):
        if first != expected:
            raise MalformedInput("the archive has data that belongs to no entry, or entries that overlap")
        expected = after
        if (folded := _folded(entry.name)) in taken:
            raise MalformedInput(f"the archive has two entries named {entry.name[:120]!r}")
        taken.add(folded)
        separators |= entry.separators
        spelled[_lowered(entry.name)] = entry.name
        inflated += entry.size
        if inflated > MAX_INFLATED_BYTES:
            raise LimitExceeded(f"the parts of a document have {MAX_INFLATED_BYTES} bytes at most in all")
        entries[entry.name] = entry
    if expected != start:
        raise MalformedInput("the archive has data that belongs to no entry")
    if len(separators) > 1:
        raise MalformedInput("the archive has names with slashes and names with backslashes")
    for name in entries:
        if any(parent in entries and not entries[parent].folder for parent in _parents(name)):
            raise MalformedInput(f"{name[:120]!r} lies below a part that is no folder")
    return Archive(entries, comment, data, spelled)


def _find_end(data: bytes) -> tuple[int, int, int, bytes]:
    """Return start, number of entries and end of the directory, and the comment."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - 0xFFFF))
    if at < 0 or len(data) - at < _END.size:
        raise MalformedInput("not a ZIP archive")
    _, disk, first_disk, here, count, size, start, length = _END.unpack_from(data, at)
    comment = data[at + _END.size :]
    if len(comment) != length:
        raise MalformedInput("the archive has data behind its end")
    if disk or first_disk or here != count or start == 0xFFFFFFFF or count == 0xFFFF:
        raise MalformedInput("the archive is split or ZIP64, which no OFD is")
    if start + size != at:
        raise MalformedInput("the archive has data that belongs to no entry")
    if count > MAX_ENTRIES:
        raise LimitExceeded(f"a document has {MAX_ENTRIES} parts at most")
    return start, count, at, comment


def _directory(data: bytes, start: int, count: int, end: int) -> Iterator[tuple[Entry, int, int]]:
    """Yield each entry with start and end of its place in the file, in the order of their places."""
    found, at = [], start
    for _ in range(count):
        if at + _CENTRAL.size > end or data[at : at + 4] != b"PK\x01\x02":
            raise MalformedInput("the directory of the archive is damaged")
        values = _CENTRAL.unpack_from(data, at)
        name_end = at + _CENTRAL.size + values[10]
        extra_end = name_end + values[11]
        found.append((values, data[at + _CENTRAL.size : name_end], data[name_end:extra_end]))
        at = extra_end + values[12]
    if at != end:
        raise MalformedInput("the archive has data that belongs to no entry")
    for values, name, extra in sorted(found, key=lambda one: one[0][16]):
        yield _entry(data, values, name, extra, start)


def _entry(
    data: bytes, central: tuple[int, ...], raw: bytes, extra: bytes, limit: int
) -> tuple[Entry, int, int]:
    """Compare an entry with its own header and return it with start and end of its place."""
    flags, method, offset = central[3], central[4], central[16]
    crc, packed, size = sizes = central[7:10]
    if central[13] or offset + _LOCAL.size > limit or data[offset : offset + 4] != b"PK\x03\x04":
        raise MalformedInput("an entry is not where the directory says")
    own = _LOCAL.unpack_from(data, offset)
    name_end = offset + _LOCAL.size + own[9]
    start = name_end + own[10]
    flags |= own[2]
    if method not in (_STORED, _DEFLATED) or flags & _REFUSED_FLAGS:
        raise MalformedInput("the archive is encrypted or packed in a way that no OFD uses")
    described = bool(own[2] & _HAS_DESCRIPTOR)
    same_sizes = own[6:9] == sizes or (described and own[6:9] == (0, 0, 0))
    if _UNKNOWN_SIZE in own[7:9]:
        raise MalformedInput("the archive is ZIP64, which no OFD is")
    if data[offset + _LOCAL.size : name_end] != raw or own[3] != method or not same_sizes:
        raise MalformedInput("an entry and the directory tell different stories")
    written = _name(raw, flags)
    name = written.replace("\\", "/")
    _check_extra(extra, written)
    _check_extra(data[name_end:start], written)
    end = _after_descriptor(data, start + packed, sizes) if described else start + packed
    if end > limit:
        raise MalformedInput("an entry reaches into the directory")
    if size > MAX_PART_BYTES or size > packed * MAX_RATIO or (method == _STORED and size != packed):
        raise LimitExceeded("a part is larger than its data allow, or than this program reads")
    separators = frozenset("/\\").intersection(written)
    folder = name.endswith("/")
    return Entry(name.rstrip("/"), separators, folder, method, crc, start, packed, size), offset, end


def _check_extra(extra: bytes, name: str) -> None:
    """Refuse a second name (APPNOTE 4.6.9) that is another; some writers pad with bytes that are no field at all."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _UNICODE_NAME and _name(extra[9 : 4 + length], _UTF8) != name:
            raise MalformedInput("an entry has two names")
        extra = extra[4 + length :]


def _after_descriptor(data: bytes, at: int, expected: tuple[int, ...]) -> int:
    if data[at : at + 4] == b"PK\x07\x08" and _read(data, at + 4) == expected:
        return at + 4 + _DESCRIPTOR.size
    if _read(data, at) == expected:
        return at + _DESCRIPTOR.size
    raise MalformedInput("an entry and the directory tell different stories")


def _read(data: bytes, at: int) -> tuple[int, ...]:
    return _DESCRIPTOR.unpack_from(data, at) if at + _DESCRIPTOR.size <= len(data) else ()


def _name(raw: bytes, flags: int) -> str:
    """Return the name of a part: UTF-8, or GB 18030 where an old writer did not say so; never a way out."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if flags & _UTF8:
            raise MalformedInput("an entry's name is not the UTF-8 that it is said to be") from error
        text = raw.decode("gb18030", "replace")
    parts = text.replace("\\", "/").removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts) or _DRIVE.match(text) or not text.isprintable():
        raise MalformedInput(f"an entry has a name that leads elsewhere: {text[:120]!a}")
    return text


def _lowered(name: str) -> str:
    """Return what two names have in common that differ in case or composed letters alone."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def _folded(name: str) -> str:
    """Return what two names have in common that some system takes for one: also ß and ss, ﬁ and fi."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _parents(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _inflate(packed: bytes, entry: Entry) -> bytes:
    try:
        return inflate_whole(packed, entry.size, raw=True)
    except InflateFault as fault:
        if fault.reason == "damaged":
            raise MalformedInput(f"the part {entry.name[:120]!r} does not inflate: {fault}") from fault
        raise MalformedInput(
            f"the part {entry.name[:120]!r} is cut off or has data behind its end"
        ) from fault


def write_archive(parts: dict[str, bytes], comment: bytes = b"") -> bytes:
    """Return an archive of the parts in their order: uncompressed and dated 1980, hence the same bytes everywhere."""
    body, directory = bytearray(), bytearray()
    for name, data in parts.items():
        raw, offset = name.encode(), len(body)
        shared = (20, _UTF8, _STORED, 0, _DATE_1980, zlib.crc32(data), len(data), len(data), len(raw), 0)
        body += _LOCAL.pack(b"PK\x03\x04", *shared) + raw + data
        directory += _CENTRAL.pack(b"PK\x01\x02", 20, *shared, 0, 0, 0, 0, offset) + raw
    end = _END.pack(b"PK\x05\x06", 0, 0, len(parts), len(parts), len(directory), len(body), len(comment))
    return bytes(body + directory + end + comment)
