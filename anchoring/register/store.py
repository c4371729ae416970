"""The register of an issuing city: one database, its file and its transactions.

This is the only place with personal data. It is one database of one log; any number of processes may use it, and whoever
assigns positions or freezes a batch holds the row of the log meanwhile. What is mined or final, the replica decides.
"""

import os
from contextlib import AbstractContextManager, suppress
from typing import Final

from sqlalchemy import (
    Connection,
    make_url,
    select,
)

from anchoring.database.engine import begin_transaction, find_file_faults, open_engine, open_snapshot
from anchoring.errors import DatabaseDamaged, DatabaseTaken, WrongRegistry
from anchoring.limits import SERVER_CONNECTIONS
from anchoring.register.migrations import bring_up_to_date, check_tables
from anchoring.register.tables import LOG
from anchoring.register.trees import RecentTrees

_OWN_LOG: Final = select(LOG.c.name, LOG.c.registry_name)


class Register:
    """The register database at a URL; opening it brings its tables up to date. Raises: RegisterTooNew.

    `connections` is how many it may open to a server.
    """

    def __init__(self, url: str, *, connections: int = SERVER_CONNECTIONS) -> None:
        _make_private(url)
        self.engine = open_engine(url, connections=connections)
        self.trees = RecentTrees()
        bring_up_to_date(self.engine)

    def check(self) -> None:
        """Let SQLite check its own pages, as whoever anchors does at start. Raises: DatabaseDamaged."""
        with self.reading() as connection:
            faults = find_file_faults(connection, quick=True)
        if faults:
            raise DatabaseDamaged(
                f"the register's file is damaged ({faults[0]}): restore it from its backup and run `shunzheng recover`"
            )

    def close(self) -> None:
        self.engine.dispose()

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one consistent state."""
        return open_snapshot(self.engine)

    def writing(self) -> AbstractContextManager[Connection]:
        """Give a connection whose writes are kept together or not at all."""
        return begin_transaction(self.engine)


def check_database(url: str, registry: str, log: str) -> str | None:
    """Check, changing nothing, that the database may be the register of `log`; return that of which it is already.

    Raises: DatabaseTaken, RegisterTooNew, WrongRegistry, DatabaseUnavailable.
    """
    engine = open_engine(url)
    try:
        with open_snapshot(engine) as connection:
            row = connection.execute(_OWN_LOG).mappings().first() if check_tables(connection) else None
    finally:
        engine.dispose()
    if row is None:
        return None
    if row["name"] != log:
        raise DatabaseTaken(
            f"this is the register of {row['name']}, not of {log}: give each log a database of its own"
        )
    if row["registry_name"] != registry:
        raise WrongRegistry(
            f"this register is of {row['registry_name']}, not of {registry}: use another database"
        )
    return log


def _make_private(url: str) -> None:
    """Create SQLite's file for its owner alone: it holds personal data. Its companions inherit the mode."""
    database_url = make_url(url)
    if (
        database_url.get_backend_name() != "sqlite"
        or not database_url.database
        or database_url.database == ":memory:"
    ):
        return
    # An existing file is never opened here: closing it again would drop every lock that this process holds on it (POSIX),
    # and another process would then take the write-ahead log away from under an open register.
    with suppress(FileExistsError):
        os.close(os.open(database_url.database, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
