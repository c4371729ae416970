"""The erasures that lie in a node's directory, beside its register.

A register that is restored from a backup of before an erasure holds again what was erased, and knows of no order: what lies
here says so.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from api import files
from ledger.records.erasures import SignedErasure, decode_signed_erasure

FOLDER: Final = "erasures"
_SUFFIX: Final = ".erasure.json"


def keep_erasures(directory: Path, signed_erasures: Iterable[SignedErasure]) -> None:
    """Write erasures into the directory of a node, each named by the leaf hash of its record. Raises: OSError."""
    folder = directory / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for signed_erasure in signed_erasures:
        files.write(folder / f"{signed_erasure.erasure.leaf.hex()}{_SUFFIX}", signed_erasure.encode())


def list_kept_erasures(directory: Path) -> Iterator[SignedErasure]:
    """Yield the erasures that lie in the directory of a node. Raises: MalformedInput, OSError."""
    for file in sorted((directory / FOLDER).glob(f"*{_SUFFIX}")):
        yield files.read_decoded(file, "erasure", decode_signed_erasure)
