"""The journal of imports: which rows became which certificates, and how far each file is.

One SQLite file beside the tables, for all of them. It holds every row as it was read, which is an auditor's first question,
and personal: it is its owner's alone. Whoever is killed on the way finds everything here again.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from api.department.imports.judging.judged import EndingAct, JudgedRow
from ledger.encoding.canonical import decode
from ledger.errors import MalformedInput
from ledger.records.records import STATUS_ACTIONS

#: States of a file: all of its rows are checked, all that were to be signed are accepted.
CHECKED, DONE = "checked", "done"
#: States of a row: to be signed, accepted by the node, not to be signed.
READY, ACCEPTED, REFUSED = "ready", "accepted", "refused"
#: Actions of a row besides the records' own.
ISSUE: Final = "issue"
_JOURNAL_VERSION: Final = 1
_MAX_LOOKUP_KEYS: Final = 500  # of one IN (…)
_KNOWN_COLUMNS: Final = "key, identifier, content, end, file, line, state"
_CHANGED_ROWS: Final = (
    "key, content, file, line FROM rows WHERE action <> 'issue' AND state = ?"  # by its index
)

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS files (
    digest TEXT PRIMARY KEY, profile TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, rejected INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS certificates (
    key BLOB PRIMARY KEY, identifier TEXT NOT NULL, content BLOB NOT NULL, type TEXT NOT NULL, end TEXT, file TEXT NOT NULL,
    line INTEGER NOT NULL, state TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, sheet TEXT NOT NULL, line INTEGER NOT NULL, key BLOB NOT NULL,
    action TEXT NOT NULL, issuer TEXT NOT NULL, members BLOB NOT NULL, content BLOB NOT NULL, source BLOB NOT NULL,
    salt BLOB NOT NULL, state TEXT NOT NULL, submission TEXT
);
CREATE TABLE IF NOT EXISTS ending_acts (
    id INTEGER PRIMARY KEY, action TEXT NOT NULL, number TEXT NOT NULL, word TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rows_of_files ON rows (file, state, action, issuer, id);
CREATE INDEX IF NOT EXISTS changes_of_certificates ON rows (key) WHERE action <> 'issue';
"""


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """A certificate that an import brought: identifier, digest of its content, last day, and where it stood."""

    identifier: str
    content_digest: bytes
    last_day: str | None
    file_digest: str
    line_number: int
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row that is to be signed, and its line in the file; `members` is the line of the submission.

    `action` is that of its record: of one row a backfill makes two, a certificate and the act that ended it.
    """

    id: int
    line_number: int
    key: bytes
    action: str
    members: bytes

    @property
    def last_day(self) -> str | None:
        """The last day that the row states, or the word for none."""
        members = decode(self.members)
        return str(members["valid_until"]) if isinstance(members, dict) and "valid_until" in members else None


class Journal:
    """Opened by one import at a time. Raises: MalformedInput where another one has it open, OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA cache_size = -65536")
            self._connection.execute("BEGIN EXCLUSIVE")
            version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            if version > _JOURNAL_VERSION:
                raise MalformedInput(f"{path.name} was written by a newer version of this program")
            for statement in _TABLES.split(";"):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {_JOURNAL_VERSION}")
            self._connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise MalformedInput(
                f"{path.name} is open in another import: wait until it has ended ({error})"
            ) from error
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise MalformedInput(
                f"{path.name} is no journal of imports: name another with --journal"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    @property
    def submissions_folder(self) -> Path:
        """The folder of the signed submissions: beside the journal, so that whoever goes on finds them."""
        return self._path.with_suffix(".submissions")

    # -- Files --

    def find_file_state(self, file_digest: str) -> str | None:
        """Return how far a file has come, None for one that is new or was not checked to its end."""
        state_row = self._connection.execute(
            "SELECT state FROM files WHERE digest = ?", (file_digest,)
        ).fetchone()
        return str(state_row[0]) if state_row else None

    def add_file(self, file_digest: str, profile_name: str, file_name: str, rejected_count: int) -> None:
        """Note that a file is checked to its end, and how many of its rows came back."""
        self._connection.execute(
            "INSERT OR REPLACE INTO files (digest, profile, name, state, rejected) VALUES (?, ?, ?, ?, ?)",
            (file_digest, profile_name, file_name, CHECKED, rejected_count),
        )

    def count_returned(self, file_digest: str) -> int:
        """Return how many rows of a file are not registered: they came back, or could not be stated as they are."""
        query = (
            "SELECT coalesce((SELECT rejected FROM files WHERE digest = ?), 0)"
            " + (SELECT count(*) FROM rows WHERE file = ? AND state = ?)"
        )
        return int(self._connection.execute(query, (file_digest, file_digest, REFUSED)).fetchone()[0])

    def end_file(self, file_digest: str) -> None:
        """Note that every row of a file that was to be signed is accepted."""
        self._connection.execute("UPDATE files SET state = ? WHERE digest = ?", (DONE, file_digest))

    def list_pending_files(self) -> list[tuple[str, str]]:
        """Return digest and name of the files that were checked and are not handed in to their end."""
        return list(
            self._connection.execute(
                "SELECT digest, name FROM files WHERE state = ? ORDER BY rowid", (CHECKED,)
            )
        )

    def open_transaction(self) -> "_Transaction":
        """Give a transaction, which is durable when it ends."""
        return _Transaction(self._connection)

    # -- Rows --

    def find_certificates(self, keys: Sequence[bytes]) -> dict[bytes, KnownCertificate]:
        """Return what is known of certificates, by their keys; a change that waits to be signed is their content."""
        known_certificates: dict[bytes, KnownCertificate] = {}
        for start in range(0, len(keys), _MAX_LOOKUP_KEYS):
            batch_keys = keys[start : start + _MAX_LOOKUP_KEYS]
            question_marks = ",".join("?" * len(batch_keys))
            query = f"SELECT {_KNOWN_COLUMNS} FROM certificates WHERE key IN ({question_marks})"  # noqa: S608 question marks alone
            for (
                key,
                identifier,
                content_digest,
                last_day,
                file_digest,
                line_number,
                state,
            ) in self._connection.execute(query, batch_keys):
                is_accepted = state == ACCEPTED
                known_certificates[key] = KnownCertificate(
                    identifier, content_digest, last_day, file_digest, line_number, is_accepted
                )
            query = f"SELECT {_CHANGED_ROWS} AND key IN ({question_marks})"
            for key, content_digest, file_digest, line_number in self._connection.execute(
                query, (READY, *batch_keys)
            ):
                known_certificates[key] = replace(
                    known_certificates[key],
                    content_digest=content_digest,
                    file_digest=file_digest,
                    line_number=line_number,
                    is_accepted=False,
                )
        return known_certificates

    def add_rows(self, file_digest: str, rows: Iterable[tuple[JudgedRow, str]]) -> None:
        """Note rows that are to be signed, each with its action. A change leaves what is known of its certificate."""
        rows_with_actions = list(rows)
        self._connection.executemany(
            "INSERT INTO rows (file, sheet, line, key, action, issuer, members, content, source, salt, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    file_digest, judged_row.row.sheet, judged_row.row.line_number, judged_row.key, action,
                    judged_row.issuer, judged_row.record_line, judged_row.content_digest, judged_row.encoded_row,
                    judged_row.salt, READY,
                )
                for judged_row, action in rows_with_actions
            ),
        )  # fmt: skip
        self._connection.executemany(
            "INSERT INTO certificates (key, identifier, content, type, end, file, line, state) VALUES "
            "(?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    judged_row.key, judged_row.identifier, judged_row.content_digest, judged_row.type_code,
                    judged_row.last_day, file_digest, judged_row.row.line_number, READY,
                )
                for judged_row, action in rows_with_actions
                if action == ISSUE
            ),
        )  # fmt: skip

    # -- Acts on certificates that nobody knows --

    def add_ending_acts(self, acts: Iterable[EndingAct]) -> None:
        """Note acts until they stand in the queue."""
        self._connection.executemany(
            "INSERT INTO ending_acts (action, number, word) VALUES (?, ?, ?)",
            [(act.action, act.number, act.word) for act in acts],
        )

    def read_ending_acts(self, max_acts: int) -> list[tuple[int, EndingAct]]:
        """Return the first acts that are noted, each with its place."""
        query = "SELECT id, action, number, word FROM ending_acts ORDER BY id LIMIT ?"
        rows = self._connection.execute(query, (max_acts,))
        return [(act_id, EndingAct(*values)) for act_id, *values in rows]

    def forget_ending_acts(self, last_id: int) -> None:
        """Note that the acts up to this place stand in the queue."""
        self._connection.execute("DELETE FROM ending_acts WHERE id <= ?", (last_id,))

    # -- Handing in --

    def list_issuers(self, file_digest: str) -> list[str]:
        """Return the issuers of the rows of a file that are to be signed."""
        query = "SELECT DISTINCT issuer FROM rows WHERE file = ? AND state = ? ORDER BY issuer"
        return [issuer for (issuer,) in self._connection.execute(query, (file_digest, READY))]

    def read_ready(
        self, file_digest: str, issuer: str, after_id: int, max_rows: int, *, is_issue: bool
    ) -> list[JournalRow]:
        """Return the first rows behind row `after_id` that are to be signed, the same ones whenever it is asked.

        `is_issue`: those that begin a certificate, or all others.
        """
        condition = "action = 'issue'" if is_issue else "action <> 'issue'"
        query = (
            "SELECT id, line, key, action, members FROM rows"  # noqa: S608 one of two conditions
            f" WHERE file = ? AND state = ? AND {condition} AND issuer = ? AND id > ? ORDER BY id LIMIT ?"
        )
        values = (file_digest, READY, issuer, after_id, max_rows)
        return [JournalRow(*row_values) for row_values in self._connection.execute(query, values)]

    def index_versions(self) -> None:
        """Let `has_version` be quick; only a backfill asks it."""
        self._connection.execute("CREATE INDEX IF NOT EXISTS rows_of_certificates ON rows (key)")

    def has_version(self, key: bytes, content_digest: bytes) -> bool:
        """Tell whether some version of a certificate that is accepted has this content."""
        query = "SELECT 1 FROM rows WHERE key = ? AND content = ? AND state = ? LIMIT 1"
        return self._connection.execute(query, (key, content_digest, ACCEPTED)).fetchone() is not None

    def count_ready(self, file_digest: str) -> int:
        """Return how many rows of a file are still to be signed."""
        query = "SELECT count(*) FROM rows WHERE file = ? AND state = ?"
        return int(self._connection.execute(query, (file_digest, READY)).fetchone()[0])

    def accept(self, rows: Sequence[JournalRow], submission_id: str, identifiers: Sequence[str]) -> None:
        """Note that the node has accepted rows, in a submission, under these identifiers."""
        with self.open_transaction():
            self._connection.executemany(
                "UPDATE rows SET state = ?, submission = ? WHERE id = ?",
                [(ACCEPTED, submission_id, row.id) for row in rows],
            )
            self._connection.executemany(
                "UPDATE certificates SET state = ?, identifier = ?, end = ?,"
                " content = (SELECT content FROM rows WHERE id = ?) WHERE key = ?",
                [
                    (ACCEPTED, identifier, row.last_day, row.id, row.key)
                    for row, identifier in zip(rows, identifiers, strict=True)
                    if row.action not in STATUS_ACTIONS
                ],
            )

    def refuse(self, rows: Sequence[JournalRow]) -> None:
        """Note that rows cannot be signed as they are; a new certificate is then unknown again."""
        with self.open_transaction():
            self._connection.executemany(
                "UPDATE rows SET state = ? WHERE id = ?", [(REFUSED, row.id) for row in rows]
            )
            self._connection.executemany(
                "DELETE FROM certificates WHERE key = ? AND state = ?", [(row.key, READY) for row in rows]
            )

    def list_accepted(self, file_digest: str) -> Iterator[str]:
        """Yield the identifiers of the certificates that a file brought or changed, as they are now."""
        query = "SELECT identifier FROM certificates WHERE key IN (SELECT key FROM rows WHERE file = ? AND state = ?)"
        yield from (identifier for (identifier,) in self._connection.execute(query, (file_digest, ACCEPTED)))

    def find_source(self, identifier: str) -> list[tuple[str, bytes, bytes]]:
        """Return the rows of which a certificate was made: the file's name, the row as read, the salt of its digest."""
        query = (
            "SELECT files.name, rows.source, rows.salt FROM rows JOIN certificates USING (key)"
            " JOIN files ON files.digest = rows.file WHERE certificates.identifier = ? ORDER BY rows.id"
        )
        return [
            (file_name, source, salt)
            for file_name, source, salt in self._connection.execute(query, (identifier,))
        ]


class _Transaction:
    """A transaction of the journal."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
