"""The records of a ZIP archive (APPNOTE 6.3, section 4.3): their marks and members."""

import struct
from typing import Final, NamedTuple

LOCAL_MARK: Final = b"PK\x03\x04"
CENTRAL_MARK: Final = b"PK\x01\x02"
DESCRIPTOR_MARK: Final = b"PK\x07\x08"
END_MARK: Final = b"PK\x05\x06"
LONG_END_MARK: Final = b"PK\x06\x06"
LOCATOR_MARK: Final = b"PK\x06\x07"

LOCAL_STRUCT: Final = struct.Struct("<4s5H3L2H")
CENTRAL_STRUCT: Final = struct.Struct("<4s6H3L5H2L")
DESCRIPTOR_STRUCT: Final = struct.Struct("<3L")
#: A descriptor with the sizes of ZIP64 (4.3.9.2).
LONG_DESCRIPTOR_STRUCT: Final = struct.Struct("<L2Q")
END_STRUCT: Final = struct.Struct("<4s4H2LH")
LONG_END_STRUCT: Final = struct.Struct("<4sQ2H2L4Q")
LOCATOR_STRUCT: Final = struct.Struct("<4sLQL")

MAX_COMMENT_BYTES: Final = 0xFFFF


class Sizes(NamedTuple):
    """Checksum of an entry, and its length packed and unpacked; a descriptor of its own, where that stands behind it."""

    crc: int
    packed_size: int
    size: int


class LocalHeader(NamedTuple):
    """What stands in front of an entry's data; name and extra field follow it."""

    mark: bytes
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed_size: int
    size: int
    name_length: int
    extra_length: int

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.crc, self.packed_size, self.size)


class CentralHeader(NamedTuple):
    """What the directory says of an entry, whose local header is at `offset`; name, extra field and comment follow it."""

    mark: bytes
    made_by: int
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed_size: int
    size: int
    name_length: int
    extra_length: int
    comment_length: int
    disk: int
    internal: int
    external: int
    offset: int

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.crc, self.packed_size, self.size)


class End(NamedTuple):
    """The record at the end: how many entries there are on this disk and in all, and where their directory is."""

    mark: bytes
    disk: int
    directory_disk: int
    entries_on_disk: int
    entry_count: int
    directory_size: int
    directory_start: int
    comment_length: int


class LongEnd(NamedTuple):
    """The record at the end in ZIP64, `length` bytes behind that member (4.3.14)."""

    mark: bytes
    length: int
    made_by: int
    version: int
    disk: int
    directory_disk: int
    entries_on_disk: int
    entry_count: int
    directory_size: int
    directory_start: int


class Locator(NamedTuple):
    """Where the record at the end in ZIP64 is; it stands right in front of the one without (4.3.15)."""

    mark: bytes
    disk: int
    offset: int
    disk_count: int


def find_end(data: bytes) -> int | None:
    """Return where the record at the end begins: the last for which any comment leaves room."""
    end_start = data.rfind(END_MARK, max(0, len(data) - END_STRUCT.size - MAX_COMMENT_BYTES))
    return end_start if end_start >= 0 and end_start + END_STRUCT.size <= len(data) else None
