"""Reads the catalogue's files from a folder: JSON within bounds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.catalogue.catalogue import Catalogue
from ledger.catalogue.files import Layer, Part, build_catalogue
from ledger.encoding.canonical import decode
from ledger.errors import LedgerError, LimitExceeded, MalformedInput

#: The catalogue that comes with the program.
FOLDER: Final = Path(__file__).resolve().parents[2] / "catalogue"
SCHEMA_FOLDER: Final = "schema"  # beside the files, for editors: no part of the catalogue
# Files of one folder: ours has one for each field of administration.
MAX_FILES: Final = 200
# Of one file: a thousand types have a megabyte.
MAX_FILE_BYTES: Final = 4 * 2**20
MAX_FOLDER_BYTES: Final = 16 * 2**20  # of all files: what is read stays in memory


def read_catalogue(*city_folders: Path) -> Catalogue:
    """Return our catalogue with the folders of a city over it.

    Raises: MalformedInput, LimitExceeded, with file and place inside it; OSError.
    """
    return build_catalogue([read_layer(folder) for folder in (FOLDER, *city_folders)])


def read_layer(folder: Path) -> Layer:
    """Return what the files of one folder hold. Raises: MalformedInput, LimitExceeded, OSError."""
    if not folder.is_dir():
        raise MalformedInput(
            f"{folder} is no folder with the JSON files of a catalogue: docs/catalogue.md shows one"
        )
    paths = sorted(_list_files(folder))
    if len(paths) > MAX_FILES:
        raise LimitExceeded(f"{folder} has more than {MAX_FILES} JSON files: a catalogue has fewer")
    if sum(path.stat().st_size for path in paths) > MAX_FOLDER_BYTES:
        raise LimitExceeded(f"the files of {folder} have more than {MAX_FOLDER_BYTES} bytes together")
    return [_read_part(path) for path in paths]


def _list_files(folder: Path) -> Iterator[Path]:
    """Yield the JSON files of a folder and of the folders in it, no deeper."""
    for path in folder.iterdir():
        if path.is_dir() and path.name != SCHEMA_FOLDER:
            yield from (below for below in path.glob("*.json") if below.is_file())
        elif path.suffix == ".json" and path.is_file():
            yield path


def _read_part(path: Path) -> Part:
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise LimitExceeded(f"{path} has more than {MAX_FILE_BYTES} bytes")
    try:
        return Part(str(path), decode(content))
    except LedgerError as error:
        raise MalformedInput(f"{path}: {error}") from error
