"""Take a submission into the register: all of it, or nothing with the rows at fault named.

The rows are read as they arrive, checked one by one and spooled, so that memory is bounded and the register is locked
only once everything that can be known without it is known. A submission is named by its root: sent again, it gets the
same receipt.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, insert, update

from anchoring import limits
from anchoring.errors import RowError, SubmissionRefused
from anchoring.intake.backlog import Gate
from anchoring.intake.doubles import check_new
from anchoring.intake.rows import RowReader, read_statement
from anchoring.intake.spool import Spool, read_rows
from anchoring.intake.writing import RecordWriter
from anchoring.register.batches import OwnLog, hold_log
from anchoring.register.missing import is_missing, note_back
from anchoring.register.store import Register
from anchoring.register.submissions import Acceptance, submission_of_root
from anchoring.register.tables import LOG, SUBMISSION
from ledger.crypto.keys import public_key
from ledger.crypto.trees import MerkleTree
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.limits import MAX_CLOCK_LEAD_SECONDS, MAX_STATUS_RECORDS
from ledger.records.submissions import Entry, Statement
from ledger.registry.trust import DEPARTMENT, Grant, KeyState, LogState, Trust

_NEWEST: Final = 2**63 - 1  # an event number beyond all others: the issuer's log as known now


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """The log that this node keeps, what its receipts promise (seconds from acceptance to the anchor), and where large
    submissions are spooled (None: the system's temporary directory). `gate` refuses them while too much waits."""

    log: str
    spool_directory: str | None = None
    promise_seconds: int = limits.PROMISE_SECONDS
    gate: Gate | None = None

    def make_room(self, count: int, now: int, *, urgent: bool) -> None:
        """Check that so many records may come in. Raises: TooMuchWaiting."""
        if self.gate:
            self.gate.check(count, now, urgent=urgent)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A statement that may be followed by its records: its signature, its log and what its key may speak for.

    `back` is its receipt where it was accepted before and its records are missing since the register was restored.
    """

    statement: Statement
    signature: bytes
    log: LogState
    grants: Sequence[Grant]
    back: Acceptance | None = None


def accept(
    register: Register, trust: Trust, lines: Iterable[bytes], now: int, settings: IntakeRules
) -> Acceptance:
    """Take a submission, given as its lines, and return the receipt.

    1. The statement is read; one that was accepted before gets its receipt again.
    2. It is meant for this log, in time, and signed by a key that may speak for the issuer now; there is room for it.
    3. Every row is good by itself: form, identifier, issuer, grant, disclosure, order.
    4. Count and root are those of the statement.
    5. In one transaction: positions are promised, every record follows from its lineage, everything is written.

    Records that a restored register misses stand where they stood: steps 2 and 3 asked them that when they came first.

    Raises: SubmissionRefused with nothing kept; TooMuchWaiting; RegisterBehind.
    """
    rows = iter(lines)
    # 1, 2
    found = admit(register, trust, next(rows, b""), now, settings)
    if not isinstance(found, Admitted):
        return found
    statement = found.statement
    with tempfile.SpooledTemporaryFile(limits.SPOOL_MEMORY_BYTES, dir=settings.spool_directory) as file:
        # 3
        spool = Spool(file)
        reader = RowReader(statement, found.grants, now, anchored=found.back is not None)
        leaves = read_rows(reader, rows, statement, spool)
        # 4
        _check_root(statement, leaves)
        if not found.back:
            settings.make_room(statement.count, now, urgent=spool.is_urgent)
        # 5
        entry = Entry(statement, found.signature, now)
        with register.writing() as connection:
            own = hold_log(connection, found.log, trust, now)
            receipt = _known(connection, statement)  # it may have arrived twice at the same time
            if receipt and is_missing(connection, statement.root):
                return _bring_back(connection, own, receipt, spool)
            if receipt:
                return receipt
            check_new(connection, trust, own.name, statement.issuer, spool.others, issues=not spool.is_urgent)
            deadline = min(statement.expires, now + settings.promise_seconds)
            return _write(connection, own, entry, spool, reader.warnings, deadline)


def admit(
    register: Register, trust: Trust, line: bytes, now: int, settings: IntakeRules
) -> Acceptance | Admitted:
    """Take the first two steps, for which the first line is enough: nobody sends records that are refused anyway.

    Raises: SubmissionRefused, TooMuchWaiting.
    """
    statement, signature = read_statement(line)
    with register.reading() as connection:
        receipt = _known(connection, statement)
        missing = receipt is not None and is_missing(connection, statement.root)
    if receipt and not missing:
        return receipt
    if receipt and (state := trust.log(receipt.log)):
        return Admitted(statement, signature, state, (), receipt)
    log = _check_statement(statement, trust, now, settings)
    grants = _check_key(statement, signature, trust, now)
    # More records than these cannot all change a status; whether fewer do, they show themselves.
    settings.make_room(statement.count, now, urgent=statement.count <= MAX_STATUS_RECORDS)
    return Admitted(statement, signature, log, grants)


def _known(connection: Connection, statement: Statement) -> Acceptance | None:
    found = submission_of_root(connection, statement.root)
    if found is None:
        return None
    if found.entry.statement != statement:
        accepted = format_time(found.receipt.accepted)
        raise SubmissionRefused(
            "root-registered",
            f"these very records were accepted at {accepted} under another statement, as submission {found.receipt.id}: "
            "nothing needs to be sent again; for new records draw new salts",
        )
    return found.receipt


def _check_statement(statement: Statement, trust: Trust, now: int, settings: IntakeRules) -> LogState:
    """Check for whom and when the statement was made, and return the state of the log. Raises: SubmissionRefused."""
    if statement.registry != trust.registry:
        raise SubmissionRefused(
            "other-registry",
            f"the statement is for the registry {statement.registry}, this node follows {trust.registry}",
        )
    if statement.log != settings.log:
        raise SubmissionRefused(
            "other-log",
            f"the statement is for the log {statement.log!r}; this node keeps {settings.log!r}: send it there",
        )
    log = trust.log(statement.log)
    if log is None:
        raise SubmissionRefused(
            "unknown-log",
            f"the log {statement.log!r} is not admitted, as far as this node knows the registry "
            f"({format_time(trust.time)}): ask the province to admit it, and wait until that is final",
        )
    if statement.suite is not log.suite:
        raise SubmissionRefused(
            "wrong-suite", f"the log hashes with {log.suite.name}, the statement with {statement.suite.name}"
        )
    if trust.issuer_log(statement.issuer, _NEWEST) != log.name:
        raise SubmissionRefused(
            "unknown-issuer",
            f"{statement.issuer} is not an issuer of the log {log.name!r}, as far as this node knows the registry "
            f"({format_time(trust.time)}): ask the city's administrator to add it, and wait until that is final",
        )
    if statement.time > now + MAX_CLOCK_LEAD_SECONDS:
        signed = format_time(statement.time)
        raise SubmissionRefused(
            "statement-postdated", f"the statement is dated {signed}, it is {format_time(now)} here"
        )
    if statement.expires < now + limits.MIN_STATEMENT_SECONDS:
        raise SubmissionRefused(
            "statement-expired",
            f"the statement expires at {format_time(statement.expires)}, too soon to be anchored: sign it again",
        )
    return log


def _check_key(statement: Statement, signature: bytes, trust: Trust, now: int) -> Sequence[Grant]:
    """Check that the key may speak for the issuer now and signed the statement. Raises: SubmissionRefused."""
    key, name = trust.key(statement.key), f"the key 0x{statement.key.hex()}"
    if key is None or key.purpose != DEPARTMENT:
        raise SubmissionRefused(
            "unknown-key",
            f"{name} is not registered as a department's: ask the city's administrator to register it",
        )
    _check_in_force(key, name, now)
    grants = trust.grants(statement.key, statement.issuer)
    if not any(grant.not_before <= now <= grant.not_after for grant in grants):
        raise SubmissionRefused(
            "not-granted",
            f"{name} may not speak for {statement.issuer} now: ask the city's administrator for a grant",
        )
    try:
        good = public_key(key.spki).verify(statement.encode(), signature)
    except MalformedInput:
        good = False
    if not good:
        raise SubmissionRefused(
            "bad-signature", f"the signature is not that of {name} over this statement: sign it again"
        )
    return grants


def _check_in_force(key: KeyState, name: str, now: int) -> None:
    if key.compromised_since is not None and now >= key.compromised_since:
        raise SubmissionRefused(
            "key-compromised",
            f"{name} is reported stolen since {format_time(key.compromised_since)}: use a new key",
        )
    if key.retired_at is not None and now >= key.retired_at:
        raise SubmissionRefused(
            "key-retired",
            f"{name} was retired at {format_time(key.retired_at)}: sign with the key that replaced it",
        )


def _check_root(statement: Statement, leaves: list[bytes]) -> None:
    if MerkleTree(statement.suite, leaves).root != statement.root:
        raise SubmissionRefused(
            "wrong-root",
            "the records are not those that were signed, their tree has another root: draft and sign them again",
        )


def _write(
    connection: Connection,
    own: OwnLog,
    entry: Entry,
    spool: Spool,
    warnings: Sequence[RowError],
    deadline: int,
) -> Acceptance:
    """Promise positions and write everything. Raises: SubmissionRefused, which undoes the transaction."""
    statement = entry.statement
    changes = _write_records(connection, own, statement.issuer, own.size, spool)
    receipt = Acceptance(
        id=statement.root.hex(),
        log=own.name,
        issuer=statement.issuer,
        count=statement.count,
        first=own.size,
        accepted=entry.accepted,
        warnings=tuple(warnings),
        deadline=deadline,
    )
    row = {
        "first": receipt.first,
        "root": statement.root,
        "entry": entry.encode(),
        "issuer": receipt.issuer,
        "count": receipt.count,
        "changes": changes,
        "accepted": receipt.accepted,
        "warnings": orjson.dumps([(warning.row, warning.message) for warning in warnings]).decode(),
        "deadline": deadline,
        "receipt": None,
        "batch": None,
    }
    connection.execute(insert(SUBMISSION), [row])
    connection.execute(update(LOG).values(size=own.size + statement.count))
    return receipt


def _bring_back(connection: Connection, own: OwnLog, receipt: Acceptance, spool: Spool) -> Acceptance:
    """Write records where they stood before the register was restored. Raises: SubmissionRefused."""
    changes = _write_records(connection, own, receipt.issuer, receipt.first, spool)
    placed = update(SUBMISSION).where(SUBMISSION.c.first == receipt.first)
    connection.execute(placed.values(changes=changes))
    note_back(connection, receipt.first)
    return receipt


def _write_records(connection: Connection, own: OwnLog, issuer: str, first: int, spool: Spool) -> int:
    """Write the records from position `first` on and return how many positions change their status."""
    acceptance = RecordWriter(connection, own.suite, issuer, first)
    for chunk in spool.issues():
        acceptance.issue(chunk)
    acceptance.faults.refuse()
    acceptance.follow(spool.others)
    acceptance.faults.refuse()
    return acceptance.changes
