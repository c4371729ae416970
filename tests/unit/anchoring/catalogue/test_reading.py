"""Reading a catalogue's folder within bounds, and choosing one for the process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from anchoring.catalogue import reading
from anchoring.catalogue.chosen import choose_catalogue, get_catalogue
from anchoring.catalogue.reading import read_catalogue
from ledger.errors import LimitExceeded, MalformedInput

ABOUT = '"about": {"version": "tm-1", "title": "Tianmen"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "city.json").write_text(f'{{"format": "shunzheng-catalogue/1", {ABOUT}}}')
    return tmp_path


@pytest.fixture
def _chosen() -> Iterator[None]:
    yield
    choose_catalogue(None)


def test_ours_comes_with_the_program() -> None:
    catalogue = read_catalogue()
    assert len(catalogue.certificates) == 89
    assert len(catalogue.errands) == 41


@pytest.mark.usefixtures("_chosen")
def test_a_process_works_with_the_folder_that_it_was_started_with(folder: Path) -> None:
    version = get_catalogue().version
    choose_catalogue(folder)
    assert get_catalogue().version == f"{version}+tm-1"


@pytest.mark.usefixtures("_chosen")
def test_what_was_chosen_before_stays_where_a_folder_is_wrong(folder: Path) -> None:
    choose_catalogue(folder)
    (folder / "broken").mkdir()
    (folder / "broken" / "types.json").write_text('{"format": "shunzheng-catalogue/1",\n "types": [}')
    with pytest.raises(MalformedInput, match=r"broken/types.json.*line 2"):
        choose_catalogue(folder / "broken")
    assert get_catalogue().version.endswith("tm-1")


def test_a_member_that_stands_twice_is_refused(folder: Path) -> None:
    (folder / "twice.json").write_text('{"format": "shunzheng-catalogue/1", "types": [], "types": []}')
    with pytest.raises(MalformedInput, match=r"twice.json"):
        read_catalogue(folder)


def test_the_schema_and_other_files_are_no_part(folder: Path) -> None:
    (folder / "schema").mkdir()
    (folder / "schema" / "catalogue.json").write_text("[]")
    (folder / "notes.txt").write_text("x")
    os.mkfifo(folder / "pipe.json")
    assert read_catalogue(folder).version.endswith("tm-1")


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="is no folder"):
        read_catalogue(tmp_path / "absent")


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_FILES", 0), ("MAX_FILE_BYTES", 10), ("MAX_FOLDER_BYTES", 10)]
)
def test_sizes_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(reading, limit, value)
    with pytest.raises(LimitExceeded):
        reading.read_layer(folder)
