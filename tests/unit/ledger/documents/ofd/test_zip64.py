"""Archives whose numbers stand in the long form of ZIP64, although nothing is large.

They are written by hand, member by member.

What all readers take for the same parts is read; where one believes the short number and another the long, it is refused.
"""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import Final

import pytest

from ledger.documents.ofd.archive import open_archive
from ledger.documents.openers import inspect
from ledger.errors import MalformedInput
from ledger.verification.reasons import Verdict
from tests.papers import parts, sealed, trust
from tests.unit.ledger.documents.ofd.test_archive import PARTS, Stream

ALL_ONES: Final = 0xFFFFFFFF
MARK: Final = b"PK\x07\x08"


@dataclass(frozen=True)
class Writer:
    """How an archive is written; every member as a writer in the world has it, unless a test says otherwise.

    `local`, `central`: sizes are `short`, `long` (in the extra field), `both` (repeated there) or, for `local`, `zero`
    or `long zero`. `descriptor`: None, or the format of its sizes and whether it has its mark. `end`: `short`, `beside`
    (the long record in front, the short one as it is) or `long` (the short one all ones).
    """

    local: str = "short"
    central: str = "short"
    descriptor: tuple[str, bool] | None = None
    end: str = "short"
    lie: int = 0
    central_lie: int = 0
    end_lie: int = 0
    offset: bool = False
    disk: bool = False
    more: bytes = b""
    central_more: bytes = b""
    method: int = 8
    checksum: bool = False

    def write(self, members: dict[str, bytes]) -> bytes:
        body, directory = bytearray(), bytearray()
        for name, data in members.items():
            offset = len(body)
            packed = self._packed(data)
            body += self._local(name.encode(), data, packed) + packed + self._descriptor(data, packed)
            directory += self._central(name.encode(), data, packed, offset)
        return bytes(body + directory + self._end(len(members), len(directory), len(body)))

    def _packed(self, data: bytes) -> bytes:
        if self.method == 0:
            return data
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        trailer = zlib.adler32(data).to_bytes(4, "big") if self.checksum else b""
        return packer.compress(data) + packer.flush() + trailer

    @property
    def _flags(self) -> int:
        return 0x0800 | (0x0008 if self.descriptor else 0)

    def _local(self, name: bytes, data: bytes, packed: bytes) -> bytes:
        zero = "zero" in self.local
        whole, length, crc = (0, 0, 0) if zero else (len(data), len(packed), zlib.crc32(data))
        extra = b""
        if self.local.startswith("long") or self.local == "both":
            extra = struct.pack("<2H2Q", 1, 16, whole + self.lie, length)
        short = (ALL_ONES, ALL_ONES) if self.local.startswith("long") else (length, whole)
        extra += self.more
        head = (b"PK\x03\x04", 45, self._flags, self.method, 0, 0x21, crc, *short, len(name), len(extra))
        return struct.pack("<4s5H3L2H", *head) + name + extra

    def _descriptor(self, data: bytes, packed: bytes) -> bytes:
        if self.descriptor is None:
            return b""
        form, marked = self.descriptor
        return (MARK if marked else b"") + struct.pack(form, zlib.crc32(data), len(packed), len(data))

    def _central(self, name: bytes, data: bytes, packed: bytes, offset: int) -> bytes:
        members: list[tuple[str, int, bool]] = [
            ("<Q", len(data) + self.central_lie, self.central != "short"),
            ("<Q", len(packed), self.central != "short"),
            ("<Q", offset, self.offset),
            ("<L", 0, self.disk),
        ]
        long = b"".join(struct.pack(form, number) for form, number, there in members if there)
        extra = struct.pack("<2H", 1, len(long)) + long if long else b""
        extra += self.central_more
        sizes = (ALL_ONES, ALL_ONES) if self.central == "long" else (len(packed), len(data))
        written = ALL_ONES if self.offset and self.central != "both" else offset
        disk = 0xFFFF if self.disk and self.central != "both" else 0
        head = (b"PK\x01\x02", 45, 45, self._flags, self.method, 0, 0x21, zlib.crc32(data), *sizes)
        return struct.pack("<4s6H3L5H2L", *head, len(name), len(extra), 0, disk, 0, 0, written) + name + extra

    def _end(self, entries: int, size: int, start: int) -> bytes:
        numbers = (entries, entries, size, start)
        short = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *numbers, 0)
        if self.end == "short":
            return short
        long = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, *numbers[1:3], start)
        long = long[:-8] + struct.pack("<Q", start + self.end_lie)
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + size, 1)
        if self.end == "long":
            ones = (0xFFFF, 0xFFFF, ALL_ONES, ALL_ONES)
            short = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *ones, 0)
        return long + locator + short


#: Known sizes in front, as commons-compress has them for files, and unknown ones with descriptors, for streams.
ALWAYS: Final = Writer(local="long", central="long", end="beside")
STREAM: Final = Writer(local="long zero", descriptor=("<L2Q", True))


@pytest.mark.parametrize(
    "writer",
    [
        pytest.param(Writer(), id="nothing long"),
        pytest.param(Writer(local="long"), id="entries alone"),
        pytest.param(Writer(central="long"), id="the directory alone"),
        pytest.param(Writer(end="beside"), id="the end alone"),
        pytest.param(Writer(end="long"), id="the end alone, instead of the short one"),
        pytest.param(ALWAYS, id="everything"),
        pytest.param(replace(ALWAYS, end="long", offset=True, disk=True), id="everything, offsets too"),
        pytest.param(replace(ALWAYS, method=0), id="everything, stored"),
        pytest.param(Writer(central="short", offset=True), id="offsets alone"),
        pytest.param(Writer(local="both", central="both"), id="repeated in the extra field"),
        pytest.param(Writer(central="both", offset=True, disk=True), id="all repeated"),
        pytest.param(STREAM, id="a stream"),
        pytest.param(replace(STREAM, descriptor=("<L2Q", False)), id="a stream without marks"),
        pytest.param(replace(STREAM, descriptor=("<3L", True)), id="a stream with short descriptors"),
        pytest.param(replace(STREAM, descriptor=("<3L", False)), id="a stream, short, without marks"),
        pytest.param(replace(STREAM, central="long", end="beside"), id="a stream with a long directory"),
        pytest.param(Writer(local="zero", descriptor=("<L2Q", True)), id="long descriptors alone"),
        pytest.param(Writer(local="long", descriptor=("<L2Q", True)), id="sizes in front and behind"),
        pytest.param(replace(ALWAYS, more=b"\x0d\xf0\x02\x00ab"), id="another extra field"),
        pytest.param(replace(ALWAYS, more=b"\0\0"), id="an extra field that is padding"),
        pytest.param(Writer(checksum=True), id="with an Adler-32 behind each stream, as Foxit has it"),
        pytest.param(replace(STREAM, checksum=True), id="that in a stream"),
    ],
)
@pytest.mark.parametrize("members", [PARTS, {"a": b""}, {"a": b"", "b": b"", "c": b"x"}], ids=len)
def test_long_numbers_are_read(writer: Writer, members: dict[str, bytes]) -> None:
    data = writer.write(members)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert {name: package.read(name) for name in package.namelist()} == members
    opened = open_archive(data)
    assert {name: opened.read(name) for name in opened.names} == members


TWICE: Final = struct.pack("<2H2Q", 1, 16, 5, 5)


@pytest.mark.parametrize(
    ("writer", "why"),
    [
        pytest.param(Writer(local="long", lie=1), "different stories", id="an entry of another size"),
        pytest.param(Writer(local="both", lie=1), "differ", id="an entry of two sizes"),
        pytest.param(Writer(central="both", central_lie=1), "differ", id="a directory of two sizes"),
        pytest.param(Writer(central="long", central_lie=1), "different stories", id="a directory of its own"),
        pytest.param(replace(STREAM, lie=3), "different stories", id="a stream with a size in front"),
        pytest.param(replace(STREAM, descriptor=("<LLQ", True)), "no entry", id="half a long descriptor"),
        pytest.param(replace(ALWAYS, more=TWICE), "twice", id="long sizes twice"),
        pytest.param(replace(ALWAYS, central_more=TWICE), "twice", id="long sizes twice in the directory"),
        pytest.param(replace(Writer(), more=TWICE), "differ", id="sizes that only some believe"),
        pytest.param(replace(Writer(), more=TWICE[:9]), "do not", id="sizes that are cut off"),
        pytest.param(replace(Writer(), more=b"\x01\x00\x05\x00abcde"), "differ", id="sizes of odd length"),
        pytest.param(replace(ALWAYS, end_lie=1), "differ", id="two ends"),
        pytest.param(Writer(end="long", end_lie=1), "belongs to no entry", id="an end elsewhere"),
    ],
)
def test_two_stories_are_refused(writer: Writer, why: str) -> None:
    with pytest.raises(MalformedInput, match=why):
        open_archive(writer.write(PARTS))


def test_long_sizes_of_which_one_is_missing() -> None:
    whole, half = struct.pack("<2H2Q", 1, 16, 3, 3), struct.pack("<2HQ", 1, 8, 3) + b"\xff\xff\x04\x00abcd"
    data = Writer(local="long", central="long", method=0).write({"a": b"abc"})
    assert open_archive(data).read("a") == b"abc"
    assert data.count(whole) == 2
    for spoilt in (data.replace(whole, half, 1), half.join(data.rsplit(whole, 1))):
        with pytest.raises(MalformedInput, match="do not"):
            open_archive(spoilt)


def test_long_sizes_that_are_not_there() -> None:
    data = bytearray(Writer(method=0).write({"a": b"abc"}))
    data[18:26] = b"\xff" * 8
    with pytest.raises(MalformedInput, match="ZIP64"):
        open_archive(bytes(data))


@pytest.mark.parametrize(
    ("member", "form", "value"),
    [
        pytest.param(-42 + 4, "<L", 1, id="the locator's disk"),
        pytest.param(-42 + 8, "<Q", 1, id="the locator's offset"),
        pytest.param(-42 + 16, "<L", 2, id="the number of disks"),
        pytest.param(-98, "<L", 0, id="no long record"),
        pytest.param(-98 + 4, "<Q", 45, id="a longer record"),
        pytest.param(-98 + 16, "<L", 1, id="the record's disk"),
        pytest.param(-98 + 20, "<L", 1, id="the directory's disk"),
        pytest.param(-98 + 24, "<Q", 1, id="entries on this disk"),
        pytest.param(-98 + 32, "<Q", 3, id="entries in all"),
        pytest.param(-98 + 40, "<Q", 3, id="the directory's size"),
        pytest.param(-98 + 48, "<Q", 3, id="the directory's place"),
        pytest.param(-98 + 48, "<Q", 2**63, id="beyond everything"),
    ],
)
@pytest.mark.parametrize("end", ["beside", "long"])
def test_a_long_end_that_lies(member: int, form: str, value: int, end: str) -> None:
    data = bytearray(Writer(end=end).write(PARTS))
    at = len(data) - 22 + (member + 22) if member < -22 else len(data) + member
    struct.pack_into(form, data, at, value)
    with pytest.raises(MalformedInput):
        open_archive(bytes(data))


def test_two_archives_in_one_by_two_ends() -> None:
    """The long record leads to one directory, the short one to another: readers show different documents."""
    first = Writer().write({"OFD.xml": b"<first/>"})[:-22]
    second = Writer().write({"OFD.xml": b"<other/>"})
    with pytest.raises(MalformedInput, match="belongs to no entry"):
        open_archive(first + second)
    body = bytearray(Writer(end="beside").write({"OFD.xml": b"<other/>"}))
    struct.pack_into("<L", body, len(body) - 6, 0)
    with pytest.raises(MalformedInput, match="differ"):
        open_archive(bytes(body))


def test_what_the_standard_library_streams() -> None:
    """Long sizes within each entry alone, in a file and in a stream."""
    for target in (io.BytesIO(), Stream()):
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
            for name, data in PARTS.items():
                with package.open(name, "w", force_zip64=True) as part:
                    part.write(data)
        opened = open_archive(target.getvalue())
        assert {name: opened.read(name) for name in opened.names} == PARTS


@pytest.mark.parametrize("writer", [ALWAYS, STREAM, Writer(local="long")], ids=["always", "stream", "local"])
def test_a_sealed_document_with_long_numbers(writer: Writer) -> None:
    """As the invoices of the tax authority are packed."""
    assert inspect(writer.write(parts(sealed())), trust()).verdict is Verdict.VALID
