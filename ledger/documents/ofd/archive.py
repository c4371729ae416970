"""The ZIP archive of an OFD document (APPNOTE 6.3), read in exactly one way or not at all.

A reader that forgives shows one document and verifies another: two archives in one file, entries of one name,
data before, between or behind, a directory that tells another story than the entries themselves. Here every
byte of the file belongs to one entry, to the directory or to its end, and directory and entries agree. The standard
library's `zipfile` forgives most of this, hence not that; encryption and other methods than deflate, which no OFD
uses, are refused. ZIP64 is read where short and long numbers agree (`zip64`), and so is the one thing that a real
writer puts behind a deflate stream: the Adler-32 of what the stream holds.
"""

import zlib
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from ledger.documents.markup import MAX_BYTES as MAX_XML_BYTES
from ledger.documents.markup import parse
from ledger.documents.ofd.budget import Budget
from ledger.documents.ofd.directory import (
    MAX_PART_BYTES,
    STORED_METHOD,
    DirectoryEntry,
    read_directory,
    read_end,
)
from ledger.documents.ofd.names import UTF8_FLAG, fold_name, lower_name, walk_up
from ledger.documents.zip_records import (
    CENTRAL_MARK,
    CENTRAL_STRUCT,
    END_MARK,
    END_STRUCT,
    LOCAL_MARK,
    LOCAL_STRUCT,
    CentralHeader,
    End,
    LocalHeader,
)
from ledger.encoding.inflate import InflateFault, inflate_whole
from ledger.errors import LimitExceeded, MalformedInput

#: Scanned licences have some megabytes.
MAX_FILE_BYTES: Final = 128 * 1024 * 1024
#: Of all parts together.
MAX_INFLATED_BYTES: Final = 256 * 1024 * 1024
ADLER_BYTES: Final = 4
#: The earliest date that the format knows.
_DATE_1980: Final = 0x0021
_VERSION_2_0: Final = 20


@dataclass(frozen=True, slots=True)
class Archive:
    """The parts of a document by name (no leading slash) and the comment, where a proof may travel."""

    entries: dict[str, DirectoryEntry]
    comment: bytes
    _data: bytes = field(repr=False)
    _spelling_by_lower_name: dict[str, str] = field(repr=False)
    budget: Budget = field(default_factory=Budget, repr=False, compare=False)

    @property
    def names(self) -> list[str]:
        """Names of all parts, folders left out, in their order."""
        return [name for name, entry in self.entries.items() if not entry.is_folder]

    def __contains__(self, name: object) -> bool:
        entry = self.entries.get(name) if isinstance(name, str) else None
        return entry is not None and not entry.is_folder

    def find_spelling(self, name: str) -> str:
        """Return a name as the archive spells it, where that differs in case or composed letters alone."""
        return self._spelling_by_lower_name.get(lower_name(name), name)

    def read(self, name: str, max_bytes: int = MAX_PART_BYTES) -> bytes:
        """Return the bytes of a part.

        Raises: MalformedInput where it is missing or damaged, LimitExceeded beyond `max_bytes`.
        """
        entry = self.entries.get(name)
        if entry is None or entry.is_folder:
            raise MalformedInput(f"the archive has no part {name[:120]!r}")
        if entry.size > max_bytes:
            raise LimitExceeded(
                f"the part {name[:120]!r} has {entry.size} bytes, {max_bytes} at most are read here"
            )
        self.budget.take_bytes(entry.size)
        packed_data = self._data[entry.start : entry.start + entry.packed_size]
        data = packed_data if entry.method == STORED_METHOD else _inflate(packed_data, entry)
        if len(data) != entry.size or zlib.crc32(data) != entry.crc:
            raise MalformedInput(f"the part {name[:120]!r} is damaged: size or checksum differ")
        return data

    def read_xml(self, name: str, root_name: str) -> Element:
        """Return the root element of a part, which must be called `root_name`. Raises: MalformedInput, LimitExceeded."""
        return self.parse(self.read(name, MAX_XML_BYTES), root_name)

    def parse(self, data: bytes, root_name: str) -> Element:
        """Return the root element of a part that was read, counted among all. Raises: MalformedInput, LimitExceeded."""
        element = parse(data, root_name)
        self.budget.take_xml(sum(1 for _ in element.iter()))
        return element


def open_archive(data: bytes) -> Archive:
    """Read the directory of an archive and check it against the entries. Raises: MalformedInput, LimitExceeded."""
    if len(data) > MAX_FILE_BYTES:
        raise LimitExceeded(f"a document has {MAX_FILE_BYTES} bytes at most")
    directory, comment = read_end(data)
    entries: dict[str, DirectoryEntry] = {}
    spelling_by_lower_name: dict[str, str] = {}
    folded_names: set[str] = set()
    separators: frozenset[str] = frozenset()
    inflated_byte_count, expected_start = 0, 0
    for entry_place in read_directory(data, directory):
        entry = entry_place.entry
        if entry_place.start != expected_start:
            raise MalformedInput("the archive has data that belongs to no entry, or entries that overlap")
        expected_start = entry_place.end
        if (folded_name := fold_name(entry.name)) in folded_names:
            raise MalformedInput(f"the archive has two entries named {entry.name[:120]!r}")
        folded_names.add(folded_name)
        separators |= entry.separators
        spelling_by_lower_name[lower_name(entry.name)] = entry.name
        inflated_byte_count += entry.size
        if inflated_byte_count > MAX_INFLATED_BYTES:
            raise LimitExceeded(f"the parts of a document have {MAX_INFLATED_BYTES} bytes at most in all")
        entries[entry.name] = entry
    if expected_start != directory.start:
        raise MalformedInput("the archive has data that belongs to no entry")
    if len(separators) > 1:
        raise MalformedInput("the archive has names with slashes and names with backslashes")
    _check_folders(entries)
    return Archive(entries, comment, data, spelling_by_lower_name)


def _check_folders(entries: dict[str, DirectoryEntry]) -> None:
    for name in entries:
        if any(folder in entries and not entries[folder].is_folder for folder in walk_up(name)):
            raise MalformedInput(f"{name[:120]!r} lies below a part that is no folder")


def _inflate(packed_data: bytes, entry: DirectoryEntry) -> bytes:
    try:
        return inflate_whole(packed_data, entry.size, is_raw=True)
    except InflateFault as fault:
        if fault.reason == "damaged":
            raise MalformedInput(f"the part {entry.name[:120]!r} does not inflate: {fault}") from fault
        data = _inflate_before_checksum(packed_data, entry) if fault.reason == "surplus" else None
        if data is None:
            raise MalformedInput(
                f"the part {entry.name[:120]!r} is cut off or has data behind its end"
            ) from fault
        return data


def _inflate_before_checksum(packed_data: bytes, entry: DirectoryEntry) -> bytes | None:
    """Return what a stream holds behind which its Adler-32 stands, as in zlib's format (RFC 1950), and nothing else."""
    try:
        data = inflate_whole(packed_data[:-ADLER_BYTES], entry.size, is_raw=True)
    except InflateFault:
        return None
    return data if packed_data[-ADLER_BYTES:] == zlib.adler32(data).to_bytes(ADLER_BYTES, "big") else None


def write_archive(parts: dict[str, bytes], comment: bytes = b"") -> bytes:
    """Return an archive of the parts in their order: uncompressed and dated 1980, hence the same bytes everywhere."""
    body, directory = bytearray(), bytearray()
    for name, data in parts.items():
        name_bytes, offset = name.encode(), len(body)
        checksum_and_sizes = (zlib.crc32(data), len(data), len(data))
        # From the version needed up to the length of the extra field, both headers are the same.
        header_members = (
            _VERSION_2_0,
            UTF8_FLAG,
            STORED_METHOD,
            0,
            _DATE_1980,
            *checksum_and_sizes,
            len(name_bytes),
            0,
        )
        body += LOCAL_STRUCT.pack(*LocalHeader(LOCAL_MARK, *header_members)) + name_bytes + data
        central_header = CentralHeader(CENTRAL_MARK, _VERSION_2_0, *header_members, 0, 0, 0, 0, offset)
        directory += CENTRAL_STRUCT.pack(*central_header) + name_bytes
    end = End(END_MARK, 0, 0, len(parts), len(parts), len(directory), len(body), len(comment))
    return bytes(body + directory + END_STRUCT.pack(*end) + comment)
