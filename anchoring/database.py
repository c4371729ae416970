"""Open a database by its URL, with the transaction discipline that both databases of a node rely on.

SQLite in WAL mode or PostgreSQL. A `snapshot` is one read transaction and sees one state from its first statement to its
last; `transaction` writes, all or nothing, and on SQLite waits for its turn at the start instead of failing in the middle.
Errors never show bound values, which may be personal data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url

BUSY_SECONDS: Final = (
    30  # how long a writer waits for another; a large submission holds the lock for some seconds
)
CONNECTIONS: Final = 48  # more than the threads of one API process, so that no request waits for a connection
_BEGIN: Final = "shunzheng_begin"  # execution option that names the SQLite statement opening a transaction


def open_engine(url: str, *, synchronous: str = "FULL") -> Engine:
    """Return an engine. `synchronous` is SQLite's: FULL survives a power cut, NORMAL may lose the newest commits to one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, hide_parameters=True, max_overflow=CONNECTIONS, pool_pre_ping=True)
    waiting = {"timeout": BUSY_SECONDS}
    engine = create_engine(parsed, hide_parameters=True, max_overflow=CONNECTIONS, connect_args=waiting)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not open transactions by itself
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))

    return engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection that reads one consistent state and writes nothing."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose writes are kept together, or not at all when the block raises."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        with connection.begin():
            yield connection
