"""Leave nothing of deleted rows in a database's own files.

A row that is deleted stays in the pages of its table until they are written over. Backups, replicas of the server, its
write-ahead log until it is recycled, and what a disk keeps of freed blocks are beyond the database: docs/operations.md.
"""

from contextlib import closing
from typing import Final

from sqlalchemy import Engine, Table, text

from anchoring.database.engine import name_failures

# Its answer says first whether a reader or writer was in the way.
_TRUNCATE: Final = "PRAGMA wal_checkpoint(TRUNCATE)"
# How long whoever reads an older state is waited for, in milliseconds: longer than a request takes, shorter than patience.
_PATIENCE: Final = "PRAGMA busy_timeout=3000"


def purge(engine: Engine, *tables: Table) -> bool:
    """Rewrite the pages of tables so that nothing deleted is left; tell whether that is done to the end.

    Of SQLite the whole file is rewritten, with as much room beside it for a moment; it is not done while somebody else reads
    an older state. PostgreSQL lets nobody read these tables meanwhile. Raises: DatabaseUnavailable.
    """
    if engine.dialect.name == "sqlite":
        return _purge_sqlite(engine)
    with name_failures(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.execute(text(f"VACUUM (FULL) {table.name}"))
    return True


def _purge_sqlite(engine: Engine) -> bool:
    with name_failures(), engine.connect() as connection:
        driver_connection = connection.connection.driver_connection
        assert driver_connection is not None
        with closing(driver_connection.cursor()) as cursor:
            cursor.execute("VACUUM")
            cursor.execute(_PATIENCE)
            is_in_the_way, *_ = cursor.execute(_TRUNCATE).fetchone()
        connection.invalidate()  # the next one waits as all others do
    return not is_in_the_way
