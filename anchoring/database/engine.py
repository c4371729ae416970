"""Open a database by its URL; one discipline of transactions for SQLite and PostgreSQL.

SQLite in WAL mode or PostgreSQL. `open_snapshot` begins one read transaction, which sees one state from its first
statement to its last; `begin_transaction` writes, all or nothing, and on SQLite waits for its turn at the start instead
of failing in the middle. On PostgreSQL transactions run beside each other, each statement seeing what was committed
before it: whoever decides by what it reads holds a row meanwhile. Errors never show bound values, which may be personal
data.
"""

import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    MultipleResultsFound,
    NoResultFound,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from anchoring.database.sqlstate import POOLER_REFUSAL, ask_sqlstate, is_refusal
from anchoring.errors import AnchoringError, DatabaseDamaged, DatabaseRefused, DatabaseUnavailable
from anchoring.limits import SERVER_CONNECTIONS, WORKER_CONNECTIONS

# how long a writer waits for another; a large submission holds the lock for some seconds
BUSY_SECONDS: Final = 30
CONNECTIONS: Final = 48  # more than the threads of one API process, so that no request waits for a connection
CONNECT_SECONDS: Final = 10  # how long a server may take to answer the call
#: What libpq is told, unless the URL says otherwise. A server whose machine vanished is given up after 25 seconds without a
#: sign of it, whether it was to answer (keep-alives) or to receive (`tcp_user_timeout`, milliseconds), not after 15 minutes.
_CLIENT_OPTIONS: Final = {
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
#: What a session of PostgreSQL is told: a client that vanished gives its locks back within a minute, not two hours.
_SESSION_OPTIONS: Final = {
    "lock_timeout": f"{BUSY_SECONDS}s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_POOLER_MESSAGE: Final = (
    "a connection pooler such as pgbouncer stands before the database and does not pass on what a session is told: name "
    "the PostgreSQL server itself in node.toml; a node keeps few connections of its own"
)
_TABLES_LOCK: Final = 0x73687A6874626C73  # an advisory lock of our own: "shzhtbls"
_UNHOLDABLE: Final = re.compile(r"[\x00\ud800-\udfff]")  # zero for PostgreSQL, lone surrogates for UTF-8
_DAMAGE_CODES: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})
_DAMAGE_MESSAGE: Final = (
    "the database file is damaged: stop the node; delete the file where it is the replica, which is followed anew, or "
    "restore the register from its backup and run `shunzheng recover`"
)
_ROW_COUNT_MESSAGE: Final = (
    "a table that is to have one row has none or several: stop the node and run `shunzheng audit`, which names it; delete "
    "the replica where it is of that, which is followed anew, or restore the database from its backup"
)
_NO_TEXT_WORDS: Final = "Could not decode to UTF-8"  # what Python says of stored text, and then quotes it
_WAL_TICK_SECONDS: Final = 0.02
_BEGIN_OPTION: Final = (
    "shunzheng_begin"  # execution option that names the SQLite statement opening a transaction
)


def open_engine(url: str, *, synchronous: str = "FULL", connections: int = SERVER_CONNECTIONS) -> Engine:
    """Return an engine. `synchronous` is SQLite's: FULL survives a power cut, NORMAL may lose the newest commits to one.

    `connections` is how many it opens to a server at most, `WORKER_CONNECTIONS` or more; who wants another waits.
    Raises: AnchoringError when the URL is of neither database.
    """
    database_url = _parse_url(url)
    backend = database_url.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(database_url, synchronous)
    if backend in ("postgresql", "postgres"):
        return _open_postgresql(database_url.set(drivername="postgresql+psycopg"), connections)
    raise AnchoringError(f"a database is sqlite:///… or postgresql://…, not {database_url.drivername}://…")


def _parse_url(url: str) -> URL:
    """Read a URL; its text, which may hold a password, is not repeated. Raises: AnchoringError."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise AnchoringError(
            "the URL of a database is not of the form sqlite:///… or postgresql://…"
        ) from error


def find_missing_file(url: str) -> Path | None:
    """Return the file of an SQLite database that is not there yet: to open it would make it. Raises: AnchoringError."""
    file = find_file(url)
    return None if file is None or file.exists() else file


def find_file(url: str) -> Path | None:
    """Return the file of an SQLite database, which may not be there yet. Raises: AnchoringError."""
    database_url = _parse_url(url)
    if (
        database_url.get_backend_name() != "sqlite"
        or not database_url.database
        or database_url.database == ":memory:"
    ):
        return None
    return Path(database_url.database)


def name_server(url: str) -> str | None:
    """Return the hosts of a PostgreSQL database as its URL names them, with no user or password; None of SQLite's.

    Raises: AnchoringError.
    """
    database_url = _parse_url(url)
    if database_url.get_backend_name() == "sqlite":
        return None
    hosts = database_url.query.get("host", database_url.host or "localhost")
    port = f":{database_url.port}" if database_url.port else ""
    return (hosts if isinstance(hosts, str) else ",".join(hosts)) + port


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL. Two processes that do so to a new file at once are refused without waiting for their turn."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_TICK_SECONDS)


def _open_sqlite(url: URL, synchronous: str) -> Engine:
    connect_arguments = {"timeout": BUSY_SECONDS}
    engine = create_engine(
        url, hide_parameters=True, max_overflow=CONNECTIONS, connect_args=connect_arguments
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not open transactions by itself
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        _use_wal(connection)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN_OPTION, "BEGIN"))

    return engine


def _open_postgresql(url: URL, connections: int) -> Engine:
    url_options = url.query.get("options", "")
    options = [url_options] if isinstance(url_options, str) else list(url_options)
    options += [f"-c {name}={value}" for name, value in _SESSION_OPTIONS.items()]
    client_options = {name: value for name, value in _CLIENT_OPTIONS.items() if name not in url.query}
    engine = create_engine(
        url.update_query_dict({"options": " ".join(options)}),
        hide_parameters=True,
        isolation_level="READ COMMITTED",  # whatever the server's default is
        pool_size=WORKER_CONNECTIONS,
        max_overflow=connections - WORKER_CONNECTIONS,
        pool_pre_ping=True,  # a server that was restarted is noticed before a request relies on it
        connect_args={"client_encoding": "utf8"} | client_options,
    )
    event.listen(engine, "handle_error", _leave_out_detail)
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "connect", _refuse_pooler)
    return engine


def _refuse_pooler(connection: DBAPIConnection, _record: object) -> None:
    """Check that the session is what it was told to be; behind a pooler it may be another's. Raises: DatabaseRefused."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("SHOW lock_timeout")
        row = cursor.fetchone()
    connection.rollback()
    if row is None or row[0] != _SESSION_OPTIONS["lock_timeout"]:
        raise DatabaseRefused(_POOLER_MESSAGE)


def _connect(
    dialect: Dialect, _record: object, arguments: list[object], parameters: dict[str, object]
) -> DBAPIConnection:
    """Connect; give the error of a server that refuses its number, which it lacks before a session stands."""
    from psycopg import OperationalError as Failed
    from psycopg.errors import ConnectionTimeout

    try:
        return dialect.connect(*arguments, **parameters)
    except Failed as error:
        if error.sqlstate is None and not isinstance(error, ConnectionTimeout):
            error.sqlstate = ask_sqlstate(parameters)
        raise


def _leave_out_detail(context: ExceptionContext) -> None:
    """Keep what the server says beside an error, the values of a key or a row, out of its message."""
    message = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if message:
        context.original_exception.args = (message,)
        if context.sqlalchemy_exception:
            context.sqlalchemy_exception.args = (message,)


@contextmanager
def open_snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection that reads one consistent state and writes nothing. Raises: DatabaseUnavailable."""
    with name_failures(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def begin_transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose writes are kept together, or not at all when the block raises.

    Raises: DatabaseUnavailable; whether a commit that got no answer was kept, the next look tells.
    """
    with name_failures(), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execution_options(**{_BEGIN_OPTION: "BEGIN IMMEDIATE"})
        with connection.begin():
            yield connection


def hold_tables(connection: Connection) -> None:
    """Be the only one to create or change tables until the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _TABLES_LOCK})


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert the rows whose keys are not there yet; one that another transaction is inserting is waited for."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    if rows:
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def make_findable(text: str) -> str:
    """Return text to look up: the empty text, which no row has for a name, in place of what no database can hold."""
    return "" if _UNHOLDABLE.search(text) else text


def find_file_faults(connection: Connection, *, quick: bool = False) -> list[str]:
    """Return what SQLite says is wrong with its own file; `quick` leaves the indexes out.

    PostgreSQL checks its pages as it reads them, so of it nothing is said.
    """
    if connection.dialect.name != "sqlite":
        return []
    faults = connection.exec_driver_sql(f"PRAGMA {'quick' if quick else 'integrity'}_check").scalars()
    return [str(fault) for fault in faults if fault != "ok"]


def count_surplus_bytes(connection: Connection) -> int:
    """Return how many bytes of its file lie behind the last page of an SQLite database: SQLite never reads them.

    Nobody else can let the file grow while `connection` reads.
    """
    if connection.dialect.name != "sqlite":
        return 0
    page_count, page_bytes = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in ("page_count", "page_size")
    )
    files = [row[2] for row in connection.exec_driver_sql("PRAGMA database_list") if row[1] == "main"]
    return max(0, sum(Path(file).stat().st_size for file in files if file) - page_count * page_bytes)


@contextmanager
def name_failures() -> Iterator[None]:
    """Give a failure of the database, rather than of a statement, its name. Raises: DatabaseUnavailable, DatabaseDamaged."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if _is_damage(error):
            raise DatabaseDamaged(_DAMAGE_MESSAGE) from None  # the driver's words may quote what is stored
        if _is_statement(error) or not isinstance(error, OperationalError | InterfaceError):
            raise
        sqlstate = getattr(error.orig, "sqlstate", None)
        if sqlstate == POOLER_REFUSAL:
            raise DatabaseRefused(_POOLER_MESSAGE) from error
        if is_refusal(sqlstate):
            raise DatabaseRefused(f"the database refuses what the settings name: {error.orig}") from error
        raise DatabaseUnavailable(f"the database failed, try again: {error.orig}") from error
    except (NoResultFound, MultipleResultsFound):
        raise DatabaseDamaged(_ROW_COUNT_MESSAGE) from None
    except UnicodeDecodeError:  # so broken that SQLite's own words about it are no text
        raise DatabaseDamaged(_DAMAGE_MESSAGE) from None
    except PoolTimeout as error:
        raise DatabaseUnavailable("every connection to the database is in use: try again") from error


def _is_damage(error: DBAPIError) -> bool:
    """Tell whether SQLite, or Python reading its text, found that the file cannot be as it was written."""
    if getattr(error.orig, "sqlite_errorname", "") in _DAMAGE_CODES:
        return True
    return isinstance(error.orig, sqlite3.OperationalError) and str(error.orig).startswith(_NO_TEXT_WORDS)


def _is_statement(error: DBAPIError) -> bool:
    """Tell whether the statement is wrong, for which SQLite has the same class of error as for a full disk."""
    return getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
