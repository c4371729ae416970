"""Reports of a node's processes: alive when, at fault since when, how far they are.

For the person who runs the node. Kept beside the replica, which every node has and nobody backs up. It decides nothing:
a report that cannot be written is left out, and nobody waits for one.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from anchoring.database.columns import get_table, make_number_column
from anchoring.database.engine import begin_transaction, hold_tables
from anchoring.errors import DatabaseUnavailable
from anchoring.processes.board import show_life

REPORT_SECONDS: Final = 5  # between two reports that say nothing new
_MAX_ERROR_CHARS: Final = 1_000  # characters kept of an error

logger = logging.getLogger(__name__)


class _Row(SQLModel, registry=registry()):
    """Base of the one table."""


class ProcessRow(_Row, table=True):
    """`Condition`."""

    __tablename__ = "process"
    name: str = Field(primary_key=True)
    seen: int = make_number_column()
    kind: str
    error: str
    since: int | None = make_number_column()
    doing: str
    done: int = make_number_column()
    total: int = make_number_column()


METADATA: Final = _Row.metadata
PROCESS: Final = get_table(ProcessRow)


@dataclass(frozen=True, slots=True)
class Condition:
    """How a process was when it was last `seen`: its `error` of class `kind` since when; of what it is `doing`, how much."""

    name: str
    seen: int
    kind: str = ""
    error: str = ""
    since: int | None = None
    doing: str = ""
    done: int = 0
    total: int = 0


class Reporter:
    """Tells how one process is."""

    def __init__(self, engine: Engine, name: str, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock
        self._empty_condition = Condition(name, 0)
        self._told_condition: Condition | None = None

    def tell(
        self, error: Exception | None = None, *, activity: str = "", progress: tuple[int, int] = (0, 0)
    ) -> None:
        """Say that the process lives, what it fails at, and how far it is; to its supervisor too."""
        show_life()
        with suppress(DatabaseUnavailable, SQLAlchemyError):  # a follower may be making the tables anew
            now, last_condition = int(self._clock()), self._told_condition or self._read_stored()
            error_kind = type(error).__name__ if error else ""
            condition = replace(
                last_condition,
                kind=error_kind,
                error=_make_storable(error) if error else "",
                since=(last_condition.since if last_condition.kind == error_kind else now) if error else None,
                doing=activity,
                done=progress[0],
                total=progress[1],
            )
            if (
                self._told_condition is None
                or condition != last_condition
                or not 0 <= now - last_condition.seen < REPORT_SECONDS
            ):
                self._told_condition = replace(condition, seen=now)
                self._write(self._told_condition)

    def _read_stored(self) -> Condition:
        with begin_transaction(self._engine) as connection:
            conditions_by_name = {condition.name: condition for condition in read_conditions(connection)}
        return conditions_by_name.get(self._empty_condition.name, self._empty_condition)

    def _write(self, condition: Condition) -> None:
        with begin_transaction(self._engine) as connection:
            hold_tables(connection)  # also against another process of this name, started by mistake
            if not inspect(connection).has_table(PROCESS.name):
                METADATA.create_all(connection)
            connection.execute(delete(PROCESS).where(PROCESS.c.name == condition.name))
            connection.execute(insert(PROCESS), [_make_condition_row(condition)])


def _make_condition_row(condition: Condition) -> dict[str, object]:
    return {
        "name": condition.name,
        "seen": condition.seen,
        "kind": condition.kind,
        "error": condition.error,
        "since": condition.since,
        "doing": condition.doing,
        "done": condition.done,
        "total": condition.total,
    }


def _read_condition(row: RowMapping) -> Condition:
    return Condition(
        name=row["name"],
        seen=row["seen"],
        kind=row["kind"],
        error=row["error"],
        since=row["since"],
        doing=row["doing"],
        done=row["done"],
        total=row["total"],
    )


def _make_storable(error: Exception) -> str:
    """Return what an error says, without what a database cannot keep: it may quote whatever an endpoint sent."""
    return str(error)[:_MAX_ERROR_CHARS].encode("utf-8", "replace").decode().replace("\0", "")


def read_conditions(connection: Connection) -> Sequence[Condition]:
    """Return what the processes of the node said last, by a connection to the database of the replica."""
    if not inspect(connection).has_table(PROCESS.name):
        return ()
    rows = connection.execute(select(PROCESS).order_by(PROCESS.c.name)).mappings()
    return tuple(_read_condition(row) for row in rows)
