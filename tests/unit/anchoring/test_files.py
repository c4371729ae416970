"""Replacing a file: whole or not at all, whatever goes wrong on the way."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchoring.files import replace_file


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    replace_file(path, [b"old"], mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    replace_file(path, [b"n", b"ew"], mode=0o644)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


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
