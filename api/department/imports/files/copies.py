"""A private copy of a file that somebody hands in: what is checked is what is signed.

A person may save the file again while it is read, and another program may write it. The copy is made once, and the file is
looked at before and after.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ledger.errors import MalformedInput

_PIECE_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class PrivateCopy:
    """A copy at `path`, of the file that people call `name`; its size in bytes and its SHA-256 in hexadecimal."""

    name: str
    path: Path
    size_bytes: int
    digest: str


@contextmanager
def copy_privately(path: Path) -> Iterator[PrivateCopy]:
    """Give a copy that nobody else changes, and delete it. Raises: MalformedInput where the file changes, OSError."""
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for whoever writes into it
        raise MalformedInput(f"{path.name} is no file with a table in it: save it to a file first")
    with tempfile.NamedTemporaryFile(prefix="shunzheng-import-") as target_file:
        with path.open("rb") as source_file:
            state_before = _read_state(source_file, path)
            digest = _copy(source_file, target_file)
            state_after = _read_state(source_file, path)
        if state_before != state_after or target_file.tell() != state_before[1]:
            raise MalformedInput(
                f"{path.name} changed while it was read 读取时文件被改动: save and close it everywhere, then repeat. "
                "Nothing was registered"
            )
        target_file.flush()
        yield PrivateCopy(path.name, Path(target_file.name), state_before[1], digest)


def _copy(source_file: IO[bytes], target_file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := source_file.read(_PIECE_BYTES):
        digest.update(piece)
        target_file.write(piece)
    return digest.hexdigest()


def _read_state(file: IO[bytes], path: Path) -> tuple[int, int, int]:
    """Return which file the path leads to, its size in bytes, and when it was written, in nanoseconds."""
    file_status = os.fstat(file.fileno())
    path_status = path.stat()
    return path_status.st_ino, file_status.st_size, max(file_status.st_mtime_ns, path_status.st_mtime_ns)
