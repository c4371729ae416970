"""The catalogue that this process works with: ours, or a city's folder over it.

It is chosen once, before any work; what children of a process work with, each of them chooses for itself.
"""

from functools import cache
from pathlib import Path

from anchoring.catalogue.reading import read_catalogue
from ledger.catalogue.catalogue import Catalogue

_city_folders: list[Path] = []


def get_catalogue() -> Catalogue:
    """Return the catalogue of this process, read when it is asked for first."""
    return _read_once(tuple(_city_folders))


def choose_catalogue(folder: Path | None) -> Catalogue:
    """Let this process work with the folder of a city over our catalogue; with ours alone for None.

    Raises: MalformedInput, LimitExceeded, OSError: what was chosen before stays.
    """
    folders = (folder.resolve(),) if folder else ()
    catalogue = _read_once(folders)
    _city_folders[:] = folders
    return catalogue


def find_city_folder() -> Path | None:
    """Return the folder that was chosen, for a process to be started that is to work with the same."""
    return _city_folders[0] if _city_folders else None


@cache
def _read_once(folders: tuple[Path, ...]) -> Catalogue:
    return read_catalogue(*folders)
