"""Acts 待办 that wait in the department's folder for a certificate that nobody knows yet.

A cancellation may arrive before its certificate is registered. It is kept here until it is done or a person dismisses it: a
crash at any place leaves it waiting, and doing it twice is refused by the register.
"""

import argparse
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anchoring.errors import NotFound
from api.client.certificates import Name
from api.console import note
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.errors import MalformedInput

#: Where acts wait, beside the rows and the signed submissions.
QUEUE_FILE: Final = "acts.waiting"
# Seconds until another command has written its acts: it writes some rows.
_LOCK_SECONDS: Final = 10.0
_VERSION: Final = 1  # of the tables
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS acts (
    id INTEGER PRIMARY KEY, action TEXT NOT NULL, sort TEXT NOT NULL, text TEXT NOT NULL, members BLOB NOT NULL,
    since TEXT NOT NULL, outcome TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS waiting_once ON acts (action, sort, text) WHERE outcome IS NULL;
CREATE INDEX IF NOT EXISTS acts_by_name ON acts (action, sort, text);
"""


def add_queue(command: argparse.ArgumentParser) -> None:
    """Add `--queue`: where acts wait."""
    command.add_argument(
        "--queue",
        type=Path,
        metavar="FILE",
        default=Path(QUEUE_FILE),
        help=f"where acts 待办 wait for certificates that nobody knows yet; default: {QUEUE_FILE}",
    )


@dataclass(frozen=True, slots=True)
class WaitingAct:
    """An act, how its certificate was named, what else its row says, and the day since when it waits, `YYYY-MM-DD`."""

    id: int
    action: str
    name: Name
    members: dict[str, Json]
    since: str

    def to_json(self) -> dict[str, Json]:
        return {
            "id": self.id,
            "action": self.action,
            "named_by": self.name.sort,
            "name": self.name.text,
            "members": self.members,
            "since": self.since,
        }


class WaitingActs:
    """The queue in a file, which is made by the first act that waits. Raises: MalformedInput for another file, OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, action: str, rows: Iterable[tuple[Name, dict[str, Json]]], since: str) -> None:
        """Keep acts on certificates of these names; one that waits already waits once. Durable when this returns."""
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(self._open()) as connection, connection:
            connection.executemany(
                "INSERT OR IGNORE INTO acts (action, sort, text, members, since) VALUES (?, ?, ?, ?, ?)",
                [(action, name.sort, name.text, encode_canonical(members), since) for name, members in rows],
            )

    def add_once(self, action: str, rows: Iterable[tuple[Name, dict[str, Json]]], since: str) -> None:
        """Keep those of the acts that were never here: a table says again and again what was done or dismissed long ago."""
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(self._open()) as connection, connection:
            connection.executemany(
                "INSERT INTO acts (action, sort, text, members, since) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS"
                " (SELECT 1 FROM acts WHERE action = ?1 AND sort = ?2 AND text = ?3)",
                [(action, name.sort, name.text, encode_canonical(members), since) for name, members in rows],
            )

    def list_waiting(self, action: str | None = None) -> list[WaitingAct]:
        """Return what waits, of one action or of all, oldest first."""
        if not self._path.exists():
            return []
        with closing(self._open()) as connection:
            rows = connection.execute(
                "SELECT id, action, sort, text, members, since FROM acts WHERE outcome IS NULL ORDER BY id"
            ).fetchall()
        acts = [_read_act(*values) for values in rows]
        return [act for act in acts if action in (None, act.action)]

    def settle(self, action: str, names: Sequence[Name], outcome: str) -> None:
        """Note that acts of one action were done, and in which submission."""
        if not self._path.exists():
            return
        with closing(self._open()) as connection, connection:
            connection.executemany(
                "UPDATE acts SET outcome = ? WHERE action = ? AND sort = ? AND text = ? AND outcome IS NULL",
                [(outcome, action, name.sort, name.text) for name in names],
            )

    def dismiss(self, act_id: int, reason: str) -> None:
        """Note that a person decided that an act is not to be done, and why. Raises: NotFound."""
        if act_id not in {act.id for act in self.list_waiting()}:
            raise NotFound(f"no act {act_id} waits in {self._path}: `shunzheng find --waiting` lists them")
        with closing(self._open()) as connection, connection:
            connection.execute("UPDATE acts SET outcome = ? WHERE id = ?", (f"dismissed: {reason}", act_id))

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_LOCK_SECONDS)
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > _VERSION:
                raise MalformedInput(
                    f"{self._path} was written by a newer version of this program: use that version, or name another "
                    "with --queue"
                )
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(f"{_TABLES} PRAGMA user_version = {_VERSION};")
        except (sqlite3.DatabaseError, MalformedInput) as error:
            connection.close()
            if isinstance(error, MalformedInput):
                raise
            raise MalformedInput(
                f"{self._path} cannot be used as the queue of acts ({error}): name another with --queue"
            ) from error
        return connection


def _read_act(act_id: int, action: str, sort: str, text: str, members: bytes, since: str) -> WaitingAct:
    row_members = decode(members)
    return WaitingAct(
        act_id, action, Name(sort, text), dict(row_members) if isinstance(row_members, dict) else {}, since
    )


def remind_waiting(queue_path: Path, *folders: Path) -> None:
    """Say, where certificates were just registered, that acts wait in a queue: theirs may be among them.

    The queues in `folders` are looked at, too: an act was told where its command ran. What is wrong with one is said, too,
    and fails nothing: the certificates are registered.
    """
    paths = (queue_path, *(folder / QUEUE_FILE for folder in folders))
    for path in {path.resolve(): path for path in reversed(paths)}.values():
        try:
            acts = WaitingActs(path).list_waiting()
        except (MalformedInput, OSError) as error:
            note(str(error))
            continue
        if acts:
            option = "" if path == Path(QUEUE_FILE) else f" --queue {path}"
            note(
                f"{len(acts):,} acts wait 待办 in {path} for certificates that nobody knew: `shunzheng find --waiting"
                f"{option}` says which are registered now."
            )
