"""Audit of the submissions and positions: order, statements, leaves that make the roots."""

from typing import Final

import orjson
from sqlalchemy import RowMapping, bindparam, func, select

from anchoring.audit.findings import Findings
from anchoring.audit.places import REGISTER
from anchoring.audit.register.books import BRING_BACK, Books, walk_rows
from anchoring.audit.register.stored_receipts import check_receipt, note_unsigned
from anchoring.register.batches import find_last_batch
from anchoring.register.tables import CHANGE, LINEAGE, RECORD, SUBMISSION
from ledger.crypto.suites import Suite
from ledger.crypto.trees import hash_node
from ledger.encoding.canonical import decode
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.records.submissions import VERSION_1_ENDS, Entry, Statement, decode_entry
from ledger.registry.trust import DEPARTMENT
from ledger.verification.entitlement import NEWEST_EVENT
from ledger.verification.occurrences import is_signed_by

_SUBMISSIONS: Final = select(SUBMISSION).order_by(SUBMISSION.c.first)
_LEAVES: Final = select(RECORD.c.position, RECORD.c.leaf).order_by(RECORD.c.position)
_CHANGE_COUNT: Final = (
    select(func.count())
    .select_from(CHANGE)
    .where(CHANGE.c.record >= bindparam("first"), CHANGE.c.record < bindparam("end"))
)
_ROOTS_TWICE: Final = select(SUBMISSION.c.root).group_by(SUBMISSION.c.root).having(func.count() > 1)
_LEAVES_TWICE: Final = select(RECORD.c.leaf).group_by(RECORD.c.leaf).having(func.count() > 1)
_NAMES_TWICE: Final = select(LINEAGE.c.name).group_by(LINEAGE.c.name).having(func.count() > 1)


def _are_warnings(text: str, record_count: int) -> bool:
    """Tell whether a text holds what a node warns of: rows of the submission, the statement being row 1, with words."""
    try:
        warnings = orjson.loads(text)
    except ValueError:
        return False
    return isinstance(warnings, list) and all(_is_warning(warning, record_count) for warning in warnings)


def _is_warning(warning: object, record_count: int) -> bool:
    if not isinstance(warning, list) or len(warning) != 2:
        return False
    row, message = warning
    return type(row) is int and 1 <= row <= record_count + 1 and isinstance(message, str)


class RunningRoot:
    """The root of a tree whose leaf hashes come one by one, in the memory of one path (RFC 9162 section 2.1.2)."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._leaf_count = 0
        self._peaks: list[bytes] = []  # roots of whole subtrees, the largest first

    def add(self, leaf: bytes) -> None:
        self._peaks.append(leaf)
        self._leaf_count += 1
        for _ in range((self._leaf_count & -self._leaf_count).bit_length() - 1):
            right_node = self._peaks.pop()
            self._peaks.append(hash_node(self._suite, self._peaks.pop(), right_node))

    def compute_root(self) -> bytes:
        """Return the root; nothing for no leaves."""
        node = self._peaks[-1] if self._peaks else b""
        for left_node in reversed(self._peaks[:-1]):
            node = hash_node(self._suite, left_node, node)
        return node


def audit_submissions(books: Books, findings: Findings) -> None:
    """Walk through the submissions in order, and beside them through the leaves of all positions."""
    submission_count = books.connection.execute(select(func.count()).select_from(SUBMISSION)).scalar_one()
    walk = _Walk(books, findings)
    for row in walk_rows(books, _SUBMISSIONS):
        with findings.guard(REGISTER, SUBMISSION.name, f"position {row['first']}"):
            walk.check_submission(row)
        findings.look("submissions", submission_count)
    walk.close()
    note_unsigned(books, findings)
    for slug, query in (
        ("root-twice", _ROOTS_TWICE),
        ("record-twice", _LEAVES_TWICE),
        ("lineage-twice", _NAMES_TWICE),
    ):
        for row in walk_rows(books, query):
            value: str | bytes = next(iter(row.values()))
            value_text = value.hex() if isinstance(value, bytes) else value
            findings.add(
                slug, f"{slug.partition('-')[0]} {value_text}", "it stands in the register more than once"
            )


class _Walk:
    """Where the walk stands: the end of the positions so far, and the next leaf."""

    def __init__(self, books: Books, findings: Findings) -> None:
        self._books, self._findings = books, findings
        self._end_position = books.log.start
        self._leaves = ((row["position"], row["leaf"]) for row in walk_rows(books, _LEAVES))
        self._next_leaf = next(self._leaves, None)
        self._unplaced_ranges = {
            missing.first_position: missing
            for missing in books.missing_by_position.values()
            if missing.root is None
        }
        self._acceptance_times: list[int] = []
        last_batch = find_last_batch(books.connection)
        self._next_sequence = last_batch.sequence + 1 if last_batch else 1
        self._record_count = books.connection.execute(select(func.count()).select_from(RECORD)).scalar_one()

    def check_submission(self, row: RowMapping) -> None:
        """Check one submission:

        1. it begins where the one before ended; 2. its entry says what its row says; 3. its statement is signed, and what
        waits does not wait too long; 4. its records make its root.
        """
        place = f"position {row['first']}, submission {row['root'].hex()}"
        # 1
        self._skip_unplaced()
        if row["first"] != self._end_position:
            self._findings.add(
                "position-gap", place, f"it begins at position {row['first']}, not at {self._end_position}"
            )
        self._end_position = row["first"] + row["count"]
        # 2
        entry = self._read_entry(row, place)
        # 3
        if entry:
            self._judge(entry, row, place)
            check_receipt(self._books, entry, row, place, self._findings)
        # 4
        if row["first"] in self._books.missing_by_position:
            self._findings.checked_counts["records not back yet"] += row["count"]
            text = f"its {row['count']:,} records are not back yet: {BRING_BACK}"
            self._findings.leave("records-missing", place, text)
            return
        self._check_root(row, place)
        parameters = {"first": row["first"], "end": self._end_position}
        if self._books.connection.execute(_CHANGE_COUNT, parameters).scalar_one() != row["changes"]:
            self._findings.add(
                "changes-altered", place, "it changes another number of statuses than its row says"
            )

    def close(self) -> None:
        self._skip_unplaced()
        self._skip_leaves(None)
        log = self._books.log
        if log.size != self._end_position:
            self._findings.add(
                "log-size",
                f"log {log.name}",
                f"{log.size} positions are promised, submissions end at {self._end_position}",
            )
        if self._acceptance_times:
            oldest_acceptance = format_time(min(self._acceptance_times))
            text = f"{len(self._acceptance_times):,} submissions wait for their batch, the oldest since {oldest_acceptance}"
            self._findings.remark("waiting", f"log {log.name}", text)

    def _skip_unplaced(self) -> None:
        """Pass the positions of batches whose entries are not known."""
        while (missing := self._unplaced_ranges.pop(self._end_position, None)) is not None:
            text = f"the entries of its {missing.record_count:,} records are not back yet: {BRING_BACK}"
            self._findings.checked_counts["records not back yet"] += missing.record_count
            self._findings.leave("entries-missing", f"batch {missing.batch_sequence}", text)
            self._end_position += missing.record_count

    def _read_entry(self, row: RowMapping, place: str) -> Entry | None:
        try:
            entry = decode_entry(decode(row["entry"]))
        except MalformedInput as error:
            self._findings.add("entry-altered", place, f"its entry cannot be read: {error}")
            return None
        statement, log = entry.statement, self._books.log
        if entry.encode() != row["entry"]:
            self._findings.add("entry-altered", place, "its entry is not in canonical form")
        entry_values = (statement.root, statement.record_count, statement.issuer, entry.accepted_at)
        if entry_values != (row["root"], row["count"], row["issuer"], row["accepted"]):
            self._findings.add("entry-altered", place, "its entry says something else than its row")
        if (statement.registry, statement.log, statement.suite) != (log.registry_name, log.name, log.suite):
            self._findings.add("entry-altered", place, "its statement is for another log")
        if not _are_warnings(row["warnings"], row["count"]):
            self._findings.add("entry-altered", place, "its warnings are none that a node writes")
        return entry

    def _judge(self, entry: Entry, row: RowMapping, place: str) -> None:
        """Check the promise, and what is not anchored yet; the statements of final batches are judged with them."""
        if not self._books.is_chain_known:
            return
        view, sequence = self._books.view, row["batch"]
        anchor = None if sequence is None else view.find_anchor(self._books.log.name, sequence)
        self._check_promise(row["deadline"], anchor.time if anchor else view.time, place)
        if anchor:
            return
        self._findings.look("signatures")
        self._check_entitlement(entry, place)
        if sequence is None:
            self._note_waiting(entry.statement, entry.accepted_at, place)
        else:
            self._check_window(entry.statement, sequence, place)
            self._findings.remark("not-final", place, f"its batch {sequence} is not final yet")

    def _check_entitlement(self, entry: Entry, place: str) -> None:
        """Check that the key of what the chain does not hold yet signed it, and might: by the newest state that is known.

        The register may be newer than the replica as it was opened, and know a key that came in between.
        """
        statement = entry.statement
        with self._books.view.open_newer() as view:
            key, grants = (
                view.find_key(statement.key_id),
                view.list_grants(statement.key_id, statement.issuer),
            )
            issuer_log, known_time = view.find_issuer_log(statement.issuer, NEWEST_EVENT), view.time
        if key is None or not is_signed_by(key.spki, statement.encode(), entry.signature):
            self._findings.add("signature-bad", place, "the department's key did not sign its statement")
            return
        log_name = self._books.log.name
        was_granted = any(
            grant.not_before <= known_time and grant.not_after >= entry.accepted_at for grant in grants
        )
        if key.purpose != DEPARTMENT or key.log != log_name or not was_granted:
            text = (
                f"the key 0x{key.id.hex()} has no grant of {statement.issuer} in {log_name}, "
                "and had none when it was accepted"
            )
            self._findings.add("not-entitled", place, text)
        elif key.retired_at is not None or key.compromised_since is not None or issuer_log != log_name:
            text = "since it was accepted its key was retired or reported stolen, or its issuer left the log"
            self._findings.remark("waits-unentitled", place, text)

    def _check_promise(self, deadline: int | None, chain_time: int, place: str) -> None:
        """Compare the promised moment with the anchor's, or with the chain's time while there is none."""
        if deadline is None:
            return
        self._findings.look("promises")
        if chain_time > deadline:
            text = f"it was promised by {format_time(deadline)}; that passed, it is {format_time(chain_time)} on the chain"
            self._findings.add("promise-broken", place, text)

    def _note_waiting(self, statement: Statement, accepted_at: int, place: str) -> None:
        self._acceptance_times.append(accepted_at)
        if statement.expires_at < self._books.now:
            text = f"accepted at {format_time(accepted_at)}, not frozen, and expired at {format_time(statement.expires_at)}"
            self._findings.add("overdue", place, text)
        self._check_window(statement, self._next_sequence, place)

    def _check_window(self, statement: Statement, sequence: int, place: str) -> None:
        """Check that an entry which the chain does not hold yet may be anchored with `sequence`, its turn at best."""
        window = statement.window
        if window is None:
            if self._books.view.time >= VERSION_1_ENDS:
                self._findings.add(
                    "older-format", place, "its statement is of version 1, which counts no longer"
                )
        elif sequence not in window:
            text = (
                f"its statement is for the sequences {window.first_sequence} to {window.last_sequence}, its "
                f"turn is {sequence}"
            )
            self._findings.add("outside-window", place, text)

    def _check_root(self, row: RowMapping, place: str) -> None:
        self._skip_leaves(row["first"])
        running_root, expected_position, leaf_before = RunningRoot(self._books.log.suite), row["first"], b""
        while self._next_leaf and self._next_leaf[0] < self._end_position:
            position, leaf = self._next_leaf
            self._findings.look("records", self._record_count)
            if position != expected_position or leaf <= leaf_before:
                break
            running_root.add(leaf)
            expected_position, leaf_before = position + 1, leaf
            self._next_leaf = next(self._leaves, None)
        self._report_leaves(expected_position, leaf_before, place)
        if running_root.compute_root() != row["root"]:
            self._findings.add("submission-root", place, "its records do not make its root")

    def _report_leaves(self, expected_position: int, leaf_before: bytes, place: str) -> None:
        """Say what stopped the walk before the end of the submission, and go to its end."""
        if expected_position < self._end_position:
            next_leaf = self._next_leaf
            if next_leaf and next_leaf[0] == expected_position and next_leaf[1] <= leaf_before:
                text = "its leaf hash is not above the one before"
                self._findings.add("record-order", f"position {expected_position}", text)
            else:
                self._findings.add(
                    "record-missing", f"position {expected_position}", f"there is no record; {place}"
                )
        while self._next_leaf and self._next_leaf[0] < self._end_position:
            self._next_leaf = next(self._leaves, None)

    def _skip_leaves(self, first_position: int | None) -> None:
        """Pass records that stand where no submission has any, up to position `first_position`."""
        while self._next_leaf and (first_position is None or self._next_leaf[0] < first_position):
            text = "a record stands where no submission has one"
            self._findings.add("record-stray", f"position {self._next_leaf[0]}", text)
            self._next_leaf = next(self._leaves, None)
