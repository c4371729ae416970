"""Replacing a file: whole or not at all, whatever goes wrong and whatever lies there."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchoring.database.files import replace_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    replace_file(path, [b"old"])
    assert mode(path) == 0o600
    replace_file(path, [b"n", b"ew"], is_public=True)
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_is_as_open_as_its_owner_has_files_and_no_more_than_it_may_be(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "open", [b""], is_public=True)
        replace_file(tmp_path / "private", [b""])
    finally:
        os.umask(before)
    assert (mode(tmp_path / "open"), mode(tmp_path / "private")) == (0o640, 0o600)


def test_what_fails_on_the_way_leaves_what_was_there(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("the other half is damaged")

    path = tmp_path / "kept.json"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="damaged"):
        replace_file(path, broken())
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])


def test_a_fault_of_the_disk_names_the_file_and_one_of_the_source_names_that(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        replace_file(tmp_path / "nowhere" / "kept.json", [b""])
    assert caught.value.filename == str(tmp_path / "nowhere" / "kept.json")

    def gone() -> Iterator[bytes]:
        yield (tmp_path / "source").read_bytes()

    with pytest.raises(FileNotFoundError) as caught:
        replace_file(tmp_path / "kept.json", gone())
    assert caught.value.filename == str(tmp_path / "source")


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    """A pipe has nothing to lose, whether it is named by itself, as /dev/fd/N or through a link."""
    inward, outward = os.pipe()
    try:
        (tmp_path / "link").symlink_to(f"/dev/fd/{outward}")
        for path in (Path(f"/dev/fd/{outward}"), tmp_path / "link"):
            replace_file(path, [b"all ", b"of it"])
            assert os.read(inward, 100) == b"all of it"
    finally:
        os.close(inward)
        os.close(outward)
    assert (tmp_path / "link").is_symlink()


def test_a_fault_of_what_is_no_file_names_it_too() -> None:
    inward, outward = os.pipe()
    os.close(inward)
    try:
        with pytest.raises(BrokenPipeError) as caught:
            replace_file(Path(f"/dev/fd/{outward}"), [b"nobody reads"])
    finally:
        os.close(outward)
    assert caught.value.filename == f"/dev/fd/{outward}"


@pytest.mark.parametrize("there", [True, False], ids=["file", "nothing"])
def test_a_link_is_followed(tmp_path: Path, there: bool) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    if there:
        (tmp_path / "target").write_bytes(b"old")
    replace_file(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_to_itself_leads_nowhere(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="loop") as caught:
        replace_file(loop, [b"new"])
    assert (caught.value.errno, list(tmp_path.iterdir())) == (errno.ELOOP, [loop])


def test_nothing_that_was_laid_beside_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a link to somebody's file, nor a left-over that others can read."""
    path, precious = tmp_path / "kept.json", tmp_path / "precious"
    precious.write_bytes(b"precious")
    laid = [tmp_path / f".{path.name}.{os.getpid()}.new"]
    laid[0].symlink_to(precious)
    replace_file(path, [b"secret"])
    assert (precious.read_bytes(), path.is_symlink(), mode(path)) == (b"precious", False, 0o600)
    path.unlink()
    monkeypatch.setattr("anchoring.database.files.token_hex", lambda _: str(os.getpid()))
    with pytest.raises(FileExistsError):
        replace_file(path, [b"secret"])
    assert (precious.read_bytes(), path.exists(), laid[0].is_symlink()) == (b"precious", False, True)


def test_a_name_may_be_as_long_as_names_are(tmp_path: Path) -> None:
    path = tmp_path / ("证" * 85)
    replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"


ROOT = Path(__file__).parents[4]
#: What writes a file in another way than `replace_file`, and why.
OTHER_WRITERS = {
    "anchoring/database/files.py": "is the rule",
    "anchoring/chain/accounts.py": "a keystore is never overwritten",
    "anchoring/chain/devnet.py": "the lock and the log of a chain for trials",
    "anchoring/register/store.py": "an empty register, which SQLite fills",
    "api/department/imports/faulty.py": "a workbook that its library writes, and rows for their owner",
    "api/department/imports/journal.py": "an empty journal, which SQLite fills",
    "api/department/rows/queue.py": "an empty queue, which SQLite fills",
    "api/cli.py": "what nobody listens to",
    "api/console.py": "what nobody listens to",
    "api/http/counter/confirmation.py": "a secret, by the first of several processes",
    "api/key_files.py": "a key is never overwritten",
    "api/node/lock.py": "a lock holds nothing",
    "api/opening/worker.py": "what nobody listens to",
}
WRITING = re.compile(r"\.write_(?:text|bytes)\(|open\([^)]*[\"'][wax]b?\+?[\"']|O_(?:WRONLY|RDWR)")


def test_one_rule_says_who_may_read_what_is_written() -> None:
    """The demo writes into a directory that is its owner's alone."""
    modules = (path for room in ("api", "anchoring", "ledger") for path in (ROOT / room).rglob("*.py"))
    writers = {
        name
        for path in modules
        if WRITING.search(path.read_text("utf-8"))
        and not (name := str(path.relative_to(ROOT))).startswith("api/demo/")
    }
    assert writers == OTHER_WRITERS.keys()
