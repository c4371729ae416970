"""An archive is read in one way or not at all.

What a forgiving reader would show differently is refused.
"""

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, Final

import pytest

from ledger.documents.ofd import archive
from ledger.documents.ofd import directory as directories
from ledger.documents.ofd.archive import open_archive, write_archive
from ledger.errors import LimitExceeded, MalformedInput
from tests.papers import deflated_part

PARTS: Final = {"OFD.xml": b"<OFD/>", "Doc_0/Document.xml": b"<Document/>" * 100}


class Stream(io.BytesIO):
    """Cannot be sought in, so that `zipfile` writes data descriptors."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


def zipped(
    parts: dict[str, bytes] = PARTS, *, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"", **how: Any
) -> bytes:
    file = how.get("file", io.BytesIO())
    with zipfile.ZipFile(file, "w", method) as package, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one name twice
        for name, data in how.get("entries", parts.items()):
            package.writestr(name, data)
        package.comment = comment
    return bytes(file.getvalue())


def replaced(data: bytes, old: bytes, new: bytes, *, last: bool = False) -> bytes:
    assert old in data
    at = data.rfind(old) if last else data.find(old)
    return data[:at] + new + data[at + len(old) :]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(zipped(), id="deflated"),
        pytest.param(zipped(method=zipfile.ZIP_STORED), id="stored"),
        pytest.param(zipped(file=Stream()), id="with descriptors"),
        pytest.param(zipped(comment=b"a comment"), id="with a comment"),
        pytest.param(zipped(entries=[("Doc_0/", b""), *PARTS.items()]), id="with folders"),
        pytest.param(write_archive(PARTS), id="our own"),
    ],
)
def test_archives_are_read(data: bytes) -> None:
    opened = open_archive(data)
    assert {name: opened.read(name) for name in opened.names} == PARTS
    assert "OFD.xml" in opened
    assert "Doc_0" not in opened
    with pytest.raises(MalformedInput, match="no part"):
        opened.read("Doc_0")


def test_what_is_written_is_read_by_others() -> None:
    data = write_archive(PARTS, b"comment")
    assert data == write_archive(PARTS, b"comment")
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        assert {name: package.read(name) for name in package.namelist()} == PARTS
        assert package.comment == b"comment"
    assert open_archive(data).comment == b"comment"


@pytest.mark.parametrize("name", ["目录/文件.xml", "a b.xml"])
def test_names_in_chinese(name: str) -> None:
    assert open_archive(zipped({name: b"x"})).names == [name]
    old = replaced(zipped({"AAAA.xml": b"x"}), b"AAAA", "文件".encode("gbk"))
    assert open_archive(replaced(old, b"AAAA", "文件".encode("gbk"))).names == ["文件.xml"]


OTHER: Final = zipped({"OFD.xml": b"<other/>"})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(zipped() + OTHER, "belongs to no entry", id="two archives in one file"),
        pytest.param(OTHER + zipped(), "belongs to no entry", id="two archives in one file, the other way"),
        pytest.param(zipped(comment=OTHER), "belongs to no entry", id="an archive in the comment"),
        pytest.param(b"%PDF-1.7" + zipped(), "belongs to no entry", id="data in front"),
        pytest.param(zipped() + b"\n", "behind its end", id="data behind"),
        pytest.param(zipped(comment=b"abc")[:-1], "behind its end", id="a comment cut off"),
        pytest.param(zipped()[:-1], "not a ZIP", id="cut off"),
        pytest.param(b"", "not a ZIP", id="nothing"),
        pytest.param(zipped(entries=[("a", b"1"), ("a", b"2")]), "two entries named", id="one name twice"),
        pytest.param(
            zipped(entries=[("a", b"1"), ("A", b"2")]), "two entries named", id="one name in two cases"
        ),
        pytest.param(
            zipped(entries=[("\u00e9", b"1"), ("e\u0301", b"2")]),
            "two entries named",
            id="one name in two encodings",
        ),
        pytest.param(
            zipped(entries=[("\u00df", b"1"), ("ss", b"2")]), "two entries named", id="one name folded"
        ),
        pytest.param(
            write_archive({"a/b": b"1", "a\\c": b"2"}), "backslashes", id="names in the ways of two systems"
        ),
        pytest.param(
            zipped(entries=[("a", b"1"), ("a/", b"")]), "two entries named", id="a folder of that name"
        ),
        pytest.param(zipped(entries=[("a", b"1"), ("a/b", b"2")]), "below a part", id="a part below a part"),
        pytest.param(
            replaced(zipped(), b"OFD.xml", b"OFX.xml"), "different stories", id="the entry has another name"
        ),
        pytest.param(
            replaced(zipped(), b"OFD.xml", b"OFX.xml", last=True),
            "different stories",
            id="the directory has another name",
        ),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(MalformedInput, match=why):
        open_archive(data)


@pytest.mark.parametrize(
    "name",
    [
        "/OFD.xml",
        "../OFD.xml",
        "Doc_0/../OFD.xml",
        "Doc_0//a.xml",
        "./OFD.xml",
        "C:/a",
        "..\\a",
        "a\x01b",
        "a\u202eb",
    ],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    archive = zipped({"x" * len(name.encode()): b"1"})
    for _ in range(2):
        archive = replaced(archive, b"x" * len(name.encode()), name.encode())
    with pytest.raises(MalformedInput, match="leads elsewhere"):
        open_archive(archive)


def directory(data: bytes) -> int:
    return int.from_bytes(data[-6:-2], "little")


def patched(field: int, form: str, value: int, *, both: bool = False) -> bytes:
    """Set a field of the first entry in the directory; in its own header too, where it lies two bytes earlier."""
    data = bytearray(zipped(method=zipfile.ZIP_STORED))
    struct.pack_into(form, data, directory(bytes(data)) + field, value)
    if both:
        struct.pack_into(form, data, field - 2, value)
    return bytes(data)


FLAGS, METHOD, CRC, PACKED, SIZE, DISK, OFFSET = 8, 10, 16, 20, 24, 34, 42


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(patched(CRC, "<L", 1), "different stories", id="checksum"),
        pytest.param(patched(SIZE, "<L", 1), "different stories", id="size"),
        pytest.param(patched(PACKED, "<L", 1), "different stories", id="packed size"),
        pytest.param(patched(METHOD, "<H", 8), "different stories", id="method"),
        pytest.param(patched(METHOD, "<H", 12, both=True), "no OFD uses", id="bzip2"),
        pytest.param(patched(FLAGS, "<H", 1, both=True), "no OFD uses", id="encrypted"),
        pytest.param(patched(DISK, "<H", 1), "not where", id="another disk"),
        pytest.param(patched(OFFSET, "<L", 1), "not where", id="another place"),
        pytest.param(patched(OFFSET, "<L", 0xFFFFFFF0), "no entry", id="beyond the end"),
        pytest.param(patched(PACKED, "<L", 0xFFFFFFF0, both=True), "reaches", id="endless"),
        pytest.param(patched(SIZE, "<L", 10**9, both=True), "larger than", id="stored larger than packed"),
    ],
)
def test_directory_and_entry_disagree(data: bytes, why: str) -> None:
    with pytest.raises(MalformedInput, match=why):
        open_archive(data)


@pytest.mark.parametrize("flag", [0x0001, 0x0020, 0x0040, 0x2000])
@pytest.mark.parametrize("both", [True, False])
def test_encrypted_and_patched_entries(flag: int, both: bool) -> None:
    with pytest.raises(MalformedInput, match="no OFD uses"):
        open_archive(patched(FLAGS, "<H", flag, both=both))


def test_names_as_the_archive_spells_them() -> None:
    opened = open_archive(zipped({"Doc_0/Caf\u00e9.xml": b"", "OFD.xml": b""}))
    assert opened.find_spelling("ofd.XML") == "OFD.xml"
    assert opened.find_spelling("doc_0/cafe\u0301.xml") == "Doc_0/Caf\u00e9.xml"
    assert opened.find_spelling("elsewhere.XML") == "elsewhere.XML"
    folded = open_archive(zipped({"ss.xml": b""}))
    assert folded.find_spelling("SS.xml") == "ss.xml"
    assert folded.find_spelling("\u00df.xml") == "\u00df.xml"


def test_sizes_left_out_without_a_descriptor() -> None:
    data = bytearray(zipped(method=zipfile.ZIP_STORED))
    data[14:26] = bytes(12)
    with pytest.raises(MalformedInput, match="different stories"):
        open_archive(bytes(data))


def test_a_directory_that_is_no_directory() -> None:
    data = bytearray(zipped())
    data[data.rfind(b"PK\x01\x02") + 3] = 0xFF
    with pytest.raises(MalformedInput, match="directory of the archive is damaged"):
        open_archive(bytes(data))


def test_data_within_the_directory() -> None:
    data = zipped()
    damaged = bytearray(data[:-22] + b"more" + data[-22:])
    struct.pack_into("<L", damaged, len(damaged) - 10, len(data) - 22 - directory(data) + 4)
    with pytest.raises(MalformedInput, match="belongs to no entry"):
        open_archive(bytes(damaged))


def test_entries_that_overlap() -> None:
    data = bytearray(zipped({"a": b"1" * 10, "b": b"1" * 10}, method=zipfile.ZIP_STORED))
    at = directory(bytes(data))
    second = at + 46 + 1
    data[second : second + 47] = data[at : at + 47]  # both now lie at the first
    with pytest.raises(MalformedInput, match="overlap"):
        open_archive(bytes(data))


def test_data_between_the_entries_and_the_directory() -> None:
    data = zipped()
    at, end = directory(data), len(data) - 22
    damaged = bytearray(data[:at] + b"more" + data[at:])
    struct.pack_into("<L", damaged, end + 4 + 16, at + 4)
    with pytest.raises(MalformedInput, match="belongs to no entry"):
        open_archive(bytes(damaged))


@pytest.mark.parametrize("signature", [b"PK\x07\x08", b""], ids=["with its mark", "without"])
def test_descriptors_behind_entries(signature: bytes) -> None:
    """Sizes that were not known when the entry began stand behind it; the mark is optional (APPNOTE 4.3.9)."""

    def described(size: int) -> bytes:
        plain = bytearray(write_archive({"a": b"abc"}))
        at = directory(bytes(plain))
        sizes = struct.pack("<3L", zlib.crc32(b"abc"), 3, size)
        plain[at:at] = signature + sizes
        for flags in (6, at + len(signature) + 12 + FLAGS):
            struct.pack_into("<H", plain, flags, 0x0808)
        plain[14:26] = bytes(12)
        struct.pack_into("<L", plain, len(plain) - 6, at + len(signature) + 12)
        return bytes(plain)

    assert open_archive(described(3)).read("a") == b"abc"
    with pytest.raises(MalformedInput, match="different stories"):
        open_archive(described(4))


def test_a_name_that_is_not_the_utf_8_that_it_is_said_to_be() -> None:
    data = bytearray(write_archive({"a": b""}))
    data[30] = data[directory(bytes(data)) + 46] = 0xFF
    with pytest.raises(MalformedInput, match="UTF-8"):
        open_archive(bytes(data))


def test_a_part_larger_than_its_reader_takes() -> None:
    opened = open_archive(zipped())
    assert opened.read("OFD.xml", 6) == b"<OFD/>"
    with pytest.raises(LimitExceeded, match="5 at most"):
        opened.read("OFD.xml", 5)


def test_a_second_name_in_an_extra_field() -> None:
    """APPNOTE 4.6.9: tools that know it show the second name, others the first."""

    def with_name(name: str) -> bytes:
        file = io.BytesIO()
        info = zipfile.ZipInfo("OFD.xml")
        extra_field = b"\x01" + struct.pack("<L", zlib.crc32(b"OFD.xml")) + name.encode()
        info.extra = struct.pack("<2H", 0x7075, len(extra_field)) + extra_field
        with zipfile.ZipFile(file, "w") as package:
            package.writestr(info, b"<OFD/>")
        return file.getvalue()

    assert open_archive(with_name("OFD.xml")).names == ["OFD.xml"]
    with pytest.raises(MalformedInput, match="two names"):
        open_archive(with_name("OFX.xml"))


@pytest.mark.parametrize("damage", [b"\x00" * 6, b"<OFX/>"], ids=["inflates to nothing", "other bytes"])
def test_damaged_parts(damage: bytes) -> None:
    opened = open_archive(replaced(zipped(method=zipfile.ZIP_STORED), b"<OFD/>", damage))
    with pytest.raises(MalformedInput, match="damaged"):
        opened.read("OFD.xml")
    assert opened.read("Doc_0/Document.xml") == PARTS["Doc_0/Document.xml"]


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def adler(data: bytes) -> bytes:
    return zlib.adler32(data).to_bytes(4, "big")


BOMB: Final = deflated(bytes(20_000_000))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(deflated_part(BOMB, 10), "cut off or has data behind", id="more than declared"),
        pytest.param(deflated_part(BOMB, 30_000_000), "larger|damaged", id="less than declared"),
        pytest.param(deflated_part(deflated(b"123456789") + b"more", 9), "data behind", id="data behind"),
        pytest.param(deflated_part(deflated(b"123456789")[:-2], 9), "cut off", id="cut off"),
        pytest.param(
            deflated_part(deflated(b"123456789") + adler(b"12345678"), 9),
            "data behind",
            id="the checksum of other data behind",
        ),
        pytest.param(
            deflated_part(deflated(b"123456789") + adler(b"123456789")[::-1], 9),
            "data behind",
            id="the checksum backwards",
        ),
        pytest.param(
            deflated_part(deflated(b"123456789") + adler(b"123456789") + b"\0", 9),
            "data behind",
            id="more behind the checksum",
        ),
        pytest.param(
            deflated_part(deflated(b"123456789") + adler(b"123456789") * 2, 9),
            "data behind",
            id="the checksum twice",
        ),
        pytest.param(
            deflated_part(deflated(b"123456789")[:-2] + adler(b"123456789"), 9),
            "cut off|inflate",
            id="the checksum behind half a stream",
        ),
        pytest.param(
            deflated_part(deflated(b"12345678") + adler(b"12345678"), 9),
            "damaged",
            id="the checksum of fewer bytes than declared",
        ),
        pytest.param(deflated_part(b"\xff\xff\xff", 9), "does not inflate", id="not deflate"),
    ],
)
def test_parts_that_inflate_to_something_else(data: bytes, why: str) -> None:
    with pytest.raises(MalformedInput, match=why):
        open_archive(data).read("a")


def test_bombs_are_refused_unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LimitExceeded, match="larger than"):
        open_archive(deflated_part(BOMB * 5, directories.MAX_PART_BYTES + 1))
    monkeypatch.setattr(archive, "MAX_INFLATED_BYTES", 1000)
    with pytest.raises(LimitExceeded, match="in all"):
        open_archive(zipped())
    monkeypatch.undo()
    monkeypatch.setattr(directories, "MAX_ENTRIES", 1)
    with pytest.raises(LimitExceeded, match="parts"):
        open_archive(zipped())
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 10)
    with pytest.raises(LimitExceeded, match="bytes"):
        open_archive(zipped())


def of_end(change: Callable[[bytearray, int], None]) -> bytes:
    data = bytearray(zipped())
    change(data, len(data) - 22)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        of_end(lambda data, at: struct.pack_into("<H", data, at + 4, 1)),
        of_end(lambda data, at: struct.pack_into("<H", data, at + 8, 1)),
        of_end(lambda data, at: struct.pack_into("<2H", data, at + 8, 0xFFFF, 0xFFFF)),
        of_end(lambda data, at: struct.pack_into("<2H", data, at + 8, 1, 1)),
        of_end(lambda data, at: struct.pack_into("<2H", data, at + 8, 3, 3)),
        of_end(lambda data, at: struct.pack_into("<L", data, at + 16, 0xFFFFFFFF)),
        of_end(lambda data, at: struct.pack_into("<L", data, at + 12, 10)),
    ],
    ids=["split", "split too", "ZIP64", "an entry too few", "an entry too many", "ZIP64 too", "size"],
)
def test_an_end_that_lies(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        open_archive(data)
