"""Open a database to read it alone: nothing on its medium changes, and no file comes to it.

A file of SQLite that no process works on is opened as one that never changes; one that a node works on is read beside it;
a copy that was taken with the write-ahead log or the journal of a node that was killed is read from a copy of both.
"""

import fcntl
import os
import shutil
import sqlite3
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url

from anchoring.database.engine import BUSY_SECONDS, open_engine

_LOCKED_BYTE: Final = (
    128  # of an index of SQLite: whoever has the database open holds a lock on it (os_unix.c, "DMS")
)
_LOCK: Final = struct.Struct("@hhqqi4x")  # `struct flock` of Linux: kind, whence, start, length, process


@contextmanager
def open_for_reading(url: str) -> Iterator[Engine]:
    """Give an engine that only reads. The file must be there. Raises: AnchoringError for a URL of another database."""
    database_url = make_url(url)
    if database_url.get_backend_name() != "sqlite" or not database_url.database:
        engine = open_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()
        return
    with _give_file(Path(database_url.database)) as address:
        engine = _open_address(address)
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def _give_file(file: Path) -> Iterator[str]:
    """Give the address under which SQLite reads the file and leaves it, and what lies beside it, as they are."""
    log_file, index_file, journal = (
        file.with_name(file.name + ending) for ending in ("-wal", "-shm", "-journal")
    )
    address = file.absolute().as_uri() + "?mode=ro"
    if log_file.exists() and index_file.exists() and _is_in_use(index_file):
        yield address
    elif left_files := [path for path in (log_file, journal) if path.exists() and path.stat().st_size]:
        with tempfile.TemporaryDirectory(prefix="shunzheng-audit-") as directory:
            for path in (file, *left_files):
                shutil.copyfile(path, Path(directory) / path.name)
            yield (Path(directory) / file.name).as_uri()
    else:
        yield address + "&immutable=1"


def _is_in_use(index_file: Path) -> bool:
    """Tell whether a process has the database open: by the lock that each of them has on the index of the log.

    Where only Linux could tell, it is taken to be in use, as a working node's is.
    """
    if sys.platform != "linux":
        return True
    with index_file.open("rb") as file:
        lock = fcntl.fcntl(
            file, fcntl.F_OFD_GETLK, _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _LOCKED_BYTE, 1, 0)
        )
    return bool(_LOCK.unpack(lock)[0] != fcntl.F_UNLCK)


def _open_address(address: str) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # text that is none must not end the reading: it comes with marks that no text has
        connection.text_factory = _read_text
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _read_text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")
