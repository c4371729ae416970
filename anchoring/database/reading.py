"""Open a database to read it alone: nothing on its medium changes, and no file comes to it.

A file of SQLite that no process works on is opened as one that never changes; one that a node works on is read beside it;
a copy that was taken with its write-ahead log is read from a copy of both.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url

from anchoring.database.engine import BUSY_SECONDS, open_engine


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
    log_file, index_file = (file.with_name(file.name + ending) for ending in ("-wal", "-shm"))
    address = file.absolute().as_uri() + "?mode=ro"
    if log_file.exists() and index_file.exists():
        yield address
    elif log_file.exists() and log_file.stat().st_size:
        with tempfile.TemporaryDirectory(prefix="shunzheng-audit-") as directory:
            copy_path = Path(directory) / file.name
            shutil.copyfile(file, copy_path)
            shutil.copyfile(log_file, copy_path.with_name(log_file.name))
            yield copy_path.as_uri()
    else:
        yield address + "&immutable=1"


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
