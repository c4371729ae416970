"""Audit of a node by the URLs of its databases, each of which is opened to be read alone."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from anchoring.audit.audit import AuditEvidence, Databases, Expected, audit
from anchoring.audit.findings import AuditReport, Findings, Progress
from anchoring.audit.places import CHECKPOINTS, REGISTER, REPLICA
from anchoring.audit.substitute import Substitute
from anchoring.database.engine import find_missing_file, open_snapshot
from anchoring.database.reading import open_for_reading
from anchoring.errors import DatabaseDamaged
from anchoring.limits import WITHHELD_SECONDS
from anchoring.monitor import tables as copies_tables
from anchoring.monitor.copies import EntryCopies
from anchoring.register.migrations import NEWEST_REVISION
from anchoring.replica import tables as replica_tables

#: Of each database, the table that marks its schema, and the mark of this program's.
_MARKS: Final = {
    REPLICA: ("SELECT schema_number FROM state", str(replica_tables.SCHEMA)),
    REGISTER: ("SELECT version_num FROM alembic_version", NEWEST_REVISION),
}
_COPIES_MARK: Final = select(copies_tables.SCHEMA_NUMBER.c.number)


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """The URLs of a node's databases; no register where it issues nothing. `grace_seconds` is that of `EntryCopies`."""

    replica_url: str
    checkpoints_url: str
    register_url: str | None = None
    grace_seconds: int = WITHHELD_SECONDS


def audit_node(
    database_urls: DatabaseUrls,
    expected: Expected,
    *,
    now: int,
    evidence: AuditEvidence | None = None,
    progress: Progress | None = None,
    processes: int = 1,
) -> AuditReport:
    """Audit the databases of a node, which may go on working meanwhile. `now` in seconds since 1970.

    A database that is not there or cannot be opened is said, and the others are audited all the same: in place of a replica
    that is not to be read stands one that is folded from the chain, or one that knows nothing.
    """
    findings = Findings()
    evidence = evidence or AuditEvidence()
    with ExitStack() as stack:
        replica = stack.enter_context(_open(REPLICA, database_urls.replica_url, findings))
        copies = _open_copies(replica, database_urls.grace_seconds, findings) if replica is not None else None
        checkpoints = stack.enter_context(_open(CHECKPOINTS, database_urls.checkpoints_url, findings))
        register = None
        if database_urls.register_url is not None:
            register = stack.enter_context(_open(REGISTER, database_urls.register_url, findings))
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="shunzheng-audit-"))
        substitute = Substitute(Path(directory), expected.registry, evidence.chain)
        stack.callback(substitute.close)
        is_register_lost = (
            database_urls.register_url is not None
            and find_missing_file(database_urls.register_url) is not None
        )
        databases = Databases(
            replica,
            register,
            checkpoints,
            copies,
            substitute,
            is_register_lost=is_register_lost,
            processes=processes,
            findings=findings,
        )
        return audit(databases, expected, now=now, evidence=evidence, progress=progress)


@contextmanager
def _open(name: str, url: str, findings: Findings) -> Iterator[Connection | None]:
    """Give a connection that reads one state of a database; None, said in the findings, where there is none to read."""
    if find_missing_file(url) is not None:
        text = f"there is no database of the {name}: it was never made, or deleted"
        findings.leave("database-missing", name, text, database=name)
        yield None
        return
    stack, connection = ExitStack(), None
    with findings.guard(name, "", name):
        engine = stack.enter_context(open_for_reading(url))
        opened_connection = stack.enter_context(open_snapshot(engine))
        if _has_schema(opened_connection, name, findings):
            connection = opened_connection
    try:
        yield connection
    finally:
        with suppress(
            SQLAlchemyError, DatabaseDamaged
        ):  # a damaged file fails at its closing too, and was told
            stack.close()


def _has_schema(connection: Connection, name: str, findings: Findings) -> bool:
    """Tell whether a database has the tables of this program; an audit changes none to have them."""
    if name not in _MARKS:
        connection.exec_driver_sql(
            "SELECT count(*) FROM sqlite_master" if _is_sqlite(connection) else "SELECT 1"
        )
        return True
    query, expected_mark = _MARKS[name]
    table_name = query.rpartition(" ")[2]
    if not inspect(connection).has_table(table_name):
        findings.add(
            "schema-altered", f"table {table_name}", "it is not there", database=name, table=table_name
        )
        return True
    stored_marks = [str(value) for value in connection.execute(text(query)).scalars()]
    if stored_marks and expected_mark not in stored_marks:
        findings.leave(
            "schema-other",
            name,
            f"its tables are of {stored_marks[0]}, this program reads {expected_mark}: audit it with the release that wrote "
            "it, or start the node once with this one",
            database=name,
        )
        return False
    _check_mark(name, table_name, stored_marks, expected_mark, findings)
    return True


def _check_mark(
    name: str, table_name: str, stored_marks: list[str], expected_mark: str, findings: Findings
) -> None:
    """Report a mark that is gone, or stands beside another: the node would not know which tables it has."""
    if set(stored_marks) != {expected_mark}:
        text = f"it says {', '.join(stored_marks) or 'nothing'}, and is to say {expected_mark} alone"
        findings.add("schema-altered", f"table {table_name}", text, database=name, table=table_name)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _open_copies(connection: Connection, grace_seconds: int, findings: Findings) -> EntryCopies | None:
    with findings.guard(REPLICA, copies_tables.SCHEMA_NUMBER.name, "copies"):
        if not inspect(connection).has_table(copies_tables.SCHEMA_NUMBER.name):
            return None
        schema_numbers = [str(number) for number in connection.execute(_COPIES_MARK).scalars()]
        expected_mark = str(copies_tables.SCHEMA)
        if not schema_numbers or expected_mark in schema_numbers:
            table_name = copies_tables.SCHEMA_NUMBER.name
            _check_mark(REPLICA, table_name, schema_numbers, expected_mark, findings)
            return EntryCopies(connection.engine, grace_seconds)
        text = f"the copies of entries are of schema {schema_numbers}"
        findings.leave("schema-other", "copies", text, database=REPLICA)
    return None
