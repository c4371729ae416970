"""The history of the register's tables, and the way of a register of any age to the newest.

Each change is a file of `versions/`, named by its number and what it does; the number is its revision. The files are written
by hand and never changed once they were released: a register in the field has run them. A test compares what they make with
`anchoring.register.tables`. The replica has no history: it is made anew.

Alembic is loaded only where there is something to change, which is once in the life of a release.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from anchoring.database.engine import begin_transaction, hold_tables, open_snapshot
from anchoring.errors import DatabaseDamaged, DatabaseTaken, RegisterTooNew
from anchoring.register.tables import METADATA, SUBMISSION

FOLDER: Final = Path(__file__).parent
#: Every revision that this program knows, the oldest first.
REVISIONS: Final = tuple(sorted(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py")))
FIRST_REVISION: Final = REVISIONS[0]  # a register from before there were revisions has its tables
NEWEST_REVISION: Final = REVISIONS[-1]

#: Alembic's own table, made here so that a new register does without Alembic.
_REVISION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def bring_up_to_date(engine: Engine) -> None:
    """Create the tables of a register, or change them to what this program needs; all or nothing.

    Any number of processes may do this at once: one does it, the others wait for it. Raises: RegisterTooNew, DatabaseTaken,
    DatabaseDamaged.
    """
    with open_snapshot(engine) as connection:
        if _read_revision(connection) == NEWEST_REVISION:
            return
    with begin_transaction(engine) as connection:
        hold_tables(connection)
        revision = _read_revision(connection)
        if revision is None and not inspect(connection).has_table(SUBMISSION.name):
            _check_empty(connection)
            METADATA.create_all(connection)
            _set_revision(connection, NEWEST_REVISION)
            return
        if revision is None:
            _set_revision(connection, FIRST_REVISION)
        else:
            _check_known(revision)
        if revision != NEWEST_REVISION:
            upgrade(connection, NEWEST_REVISION)


def check_tables(connection: Connection) -> bool:
    """Check, changing nothing, that a database may be a register; tell whether it is one.

    Raises: RegisterTooNew, DatabaseTaken.
    """
    revision = _read_revision(connection)
    if revision is None and not inspect(connection).has_table(SUBMISSION.name):
        _check_empty(connection)
        return False
    if revision is not None:
        _check_known(revision)
    return True


def _check_known(revision: str) -> None:
    if revision not in REVISIONS:
        raise RegisterTooNew(
            f"the register's tables are of revision {revision}, this program knows them up to {NEWEST_REVISION}: "
            "a newer release has used this register, run that one"
        )


def _read_revision(connection: Connection) -> str | None:
    """Return the revision that the tables are marked with, None where they are not marked. Raises: DatabaseDamaged."""
    if not inspect(connection).has_table(_REVISION.name):
        return None
    revisions = sorted(connection.execute(select(_REVISION.c.version_num)).scalars())
    if len(revisions) > 1:
        raise DatabaseDamaged(
            f"the register's table {_REVISION.name} says {' and '.join(revisions)}, and is to have one row: restore the "
            "register from its backup, or delete the row that somebody added"
        )
    return revisions[0] if revisions else None


def _check_empty(connection: Connection) -> None:
    """Leave the tables of others alone. Raises: DatabaseTaken."""
    for table in METADATA.sorted_tables:
        if inspect(connection).has_table(table.name):
            raise DatabaseTaken(
                f"the register's database holds a table {table.name!r} that is not a register's: "
                "give the register a database of its own"
            )


def _set_revision(connection: Connection, revision: str) -> None:
    _REVISION.create(connection)
    connection.execute(insert(_REVISION), [{"version_num": revision}])


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the tables to a revision, in the transaction of `connection`."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    command.upgrade(config, revision)
