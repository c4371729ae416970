"""Fresh databases for tests: files of SQLite, schemas of one PostgreSQL server.

All workers of a run share the server.

The server comes from a wheel and is started by the first test that needs it; `SHUNZHENG_TEST_POSTGRESQL` names another one
to use instead. It listens in a folder only: the ban on Python's sockets does not reach those of its C library.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import IO, Final

import psycopg
from sqlalchemy import URL, event, make_url
from sqlalchemy.pool import Pool

from tests import postgresql_server

VARIABLE: Final = "SHUNZHENG_TEST_POSTGRESQL"
SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
BOTH: Final = (SQLITE, POSTGRESQL)

#: Gives the URL of a new, empty database; each name once a test.
NewDatabase = Callable[[str], str]

# Nobody needs a test's data after a power cut.
_SETTINGS: Final = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=250",
    "deadlock_timeout=100ms",
)
_START_SECONDS: Final = 60
_numbers = count(1)


@contextmanager
def new_databases(kind: str, folder: Path) -> Iterator[NewDatabase]:
    """Give a source of fresh databases of one kind; what it made on a server is dropped at the end."""
    if kind == SQLITE:
        yield sqlite(folder)
        return
    with schemas(server()) as make:
        yield make


@contextmanager
def schemas(url: str) -> Iterator[NewDatabase]:
    """Give a source of fresh schemas on a server; who is still connected to one at the end is cut off."""
    made: list[str] = []
    connections: list[psycopg.Connection] = []

    def remember(connection: object, _record: object) -> None:
        if isinstance(connection, psycopg.Connection):
            connections.append(connection)

    def make(name: str) -> str:
        schema = f"test_{os.getpid()}_{next(_numbers)}_{name}"
        made.append(schema)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{schema}"'.encode())
        query = {"options": f"-csearch_path={schema}", "application_name": schema}
        return make_url(url).update_query_dict(query).render_as_string(hide_password=False)

    event.listen(Pool, "connect", remember)
    try:
        yield make
    finally:
        event.remove(Pool, "connect", remember)
        for connection in connections:  # also those of a process that a test pretends to have killed
            connection.close()
        with psycopg.connect(url, autocommit=True) as session:
            session.execute("SET lock_timeout = '20s'")
            for schema in made:
                session.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())


def hang_up(url: URL, share: float = 1.0) -> int:
    """End every connection to a database of PostgreSQL, or a share at random, as a server does that is restarted.

    Return how many.
    """
    ours = (
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE application_name = %s AND random() < %s"
    )
    with psycopg.connect(server(), autocommit=True) as connection:
        ended = connection.execute(ours, [url.query["application_name"], share]).fetchone()
    return int(ended[0]) if ended else 0


def sqlite(folder: Path) -> NewDatabase:
    """Return what names SQLite files of a folder."""
    return lambda name: f"sqlite:///{folder / name}.db"


@cache
def server() -> str:
    """Return the URL of the server of this run, after starting it where it is not running yet."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"shunzheng-{run[:16]}"
    _held.append(_join(folder))
    return f"postgresql://postgres@/postgres?host={folder}"


# Kept until this process ends: the lock that keeps the server running, and the process that ends it then.
_held: Final[list[IO[bytes]]] = []
_started: Final[list[subprocess.Popen[bytes]]] = []


def _join(folder: Path) -> IO[bytes]:
    """Hold the folder's lock and wait for its server, which the first to come starts."""
    while True:
        folder.mkdir(mode=0o755, exist_ok=True)
        try:
            users = (folder / postgresql_server.USERS).open("ab")
        except FileNotFoundError:
            continue  # the last server of this run has just ended
        fcntl.flock(users, fcntl.LOCK_SH)
        if folder.exists():
            break
        users.close()
    with (folder / "starting").open("ab") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not (folder / postgresql_server.READY).exists():
            _start(folder)
    return users


def _start(folder: Path) -> None:
    program = [sys.executable, postgresql_server.__file__, str(folder), *_SETTINGS]
    # A session of its own: an interrupted test run does not interrupt it, it ends by itself.
    nowhere = subprocess.DEVNULL
    _started.append(subprocess.Popen(program, start_new_session=True, stdout=nowhere, stderr=nowhere))
    end = time.monotonic() + _START_SECONDS
    failed = folder / postgresql_server.FAILED
    while not (folder / postgresql_server.READY).exists():
        if failed.exists() or _started[-1].poll() is not None or time.monotonic() > end:
            said = failed.read_text() if failed.exists() else "it ended, or takes too long"
            raise RuntimeError(f"the PostgreSQL server of the tests did not start: {said}")
        time.sleep(0.02)
