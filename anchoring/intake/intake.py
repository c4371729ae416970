"""Take a submission into the register: all of it, or nothing with the rows at fault named.

The rows are read as they arrive, checked one by one and spooled, so that memory is bounded and the register is locked
only once everything that can be known without it is known. A submission is named by its root: sent again, it gets the
same receipt.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import Connection

from anchoring import limits
from anchoring.errors import RegisterBehind, RowError, SubmissionRefused, TooMuchWaiting
from anchoring.intake.admission import Admission, IntakeRules, admit, check_terms, find_known_submission
from anchoring.intake.chunks import read_rows
from anchoring.intake.doubles import check_new
from anchoring.intake.reuse import check_not_reused
from anchoring.intake.rows import RowJudge
from anchoring.intake.spool import Spool
from anchoring.intake.window import check_place
from anchoring.intake.writing import RecordWriter
from anchoring.register.batches import OwnLog, hold_log, set_log_size
from anchoring.register.missing import is_missing, note_back
from anchoring.register.store import Register
from anchoring.register.submissions import (
    ACCEPTED,
    Acceptance,
    Submission,
    insert_submissions,
    set_change_count,
)
from ledger.crypto.keys import PrivateKey
from ledger.crypto.trees import MerkleTree
from ledger.records.submissions import Entry, Statement
from ledger.registry.trust import Trust

_URGENT_ONLY_MESSAGE: Final = (
    "so many submissions are under way that only those are taken of which every record changes a status: "
    "hand this one in again in a moment, as it is signed"
)


def accept(
    register: Register, trust: Trust, lines: Iterable[bytes], now: int, rules: IntakeRules
) -> Acceptance:
    """Take a submission, given as its lines, and return what is promised; what was accepted before is promised already.

    Raises: SubmissionRefused with nothing kept; TooMuchWaiting; RegisterBehind.
    """
    remaining_lines = iter(lines)
    admission_or_submission = admit(register, trust, next(remaining_lines, b""), now, rules)
    if isinstance(admission_or_submission, Submission):
        return admission_or_submission.acceptance
    submission, _ = take(register, trust, admission_or_submission, remaining_lines, now, rules)
    return submission.acceptance


def take(
    register: Register,
    trust: Trust,
    admission: Admission,
    lines: Iterator[bytes],
    now: int,
    rules: IntakeRules,
    *,
    is_urgent_only: bool = False,
) -> tuple[Submission, bool]:
    """Take the records of a statement that was admitted, given as the lines after the first.

    Returns the submission as the register holds it then, and whether it is new there.

    1. What time can change is asked again, for they may have come long after the first line.
    2. Every row is good by itself: form, identifier, issuer, grant, disclosure, order.
    3. Count and root are those of the statement; there is room; no salt is that of the record which another follows.
    4. In one transaction: its turn comes inside of its window; positions are promised, every record follows from its
       lineage, everything is written, no sealing is made with a seal that is not in force then, no note is on what it may
       not note, and no transfer is continued twice.

    `is_urgent_only`: it came in a place that is kept for changes of status, so it must be of nothing else.
    Records that a restored register misses stand where they stood: when they came first, steps 1 and 2 judged them.

    Raises: SubmissionRefused with nothing kept; TooMuchWaiting; RegisterBehind.
    """
    statement = admission.statement
    terms = check_terms(admission, trust, now, rules)  # 1
    with tempfile.SpooledTemporaryFile(limits.SPOOL_MEMORY_BYTES, dir=rules.spool_directory) as file:
        # 2
        spool = Spool(file)
        judge = RowJudge(statement, terms.grants, now, admission.is_anchored)
        leaves, warnings = read_rows(judge, lines, spool, rules.workers)
        # 3
        _check_root(statement, leaves)
        if is_urgent_only and not spool.is_urgent:
            raise TooMuchWaiting(_URGENT_ONLY_MESSAGE, limits.QUIET_SECONDS)
        if not admission.is_anchored:
            _check_new_rows(register, statement, spool, now, rules)
        # 4
        entry = Entry(statement, admission.signature, now)
        with register.writing() as connection:
            log = hold_log(connection, terms.log, trust, now)
            # it may have arrived twice at the same time
            known_submission = find_known_submission(connection, statement)
            if known_submission and is_missing(connection, statement.root):
                _bring_back(connection, log, known_submission, spool, rules.key)
            if known_submission:
                return known_submission, False
            if admission.is_anchored:  # its rows were not judged
                raise RegisterBehind("the register lost this submission while it arrived: send it again")
            check_place(connection, statement, terms.log)
            check_new(connection, trust, log.name, statement.issuer, spool)
            deadline = min(statement.expires_at, now + rules.promise_seconds)
            submission = _write(connection, log, entry, spool, warnings, deadline, rules.key)
        rules.note(entry, is_urgent=spool.is_urgent)
        return submission, True


def _check_new_rows(
    register: Register, statement: Statement, spool: Spool, now: int, rules: IntakeRules
) -> None:
    """Check that there is room for these rows, and that none draws an old salt.

    Raises: SubmissionRefused, TooMuchWaiting.
    """
    rules.make_room(statement, now, is_urgent=spool.is_urgent)
    if spool.following_rows:
        with register.reading() as connection:
            check_not_reused(connection, spool.following_rows)


def _check_root(statement: Statement, leaves: list[bytes]) -> None:
    if MerkleTree(statement.suite, leaves).root != statement.root:
        raise SubmissionRefused(
            "wrong-root",
            "the records are not those that were signed, their tree has another root: draft and sign them again",
        )


def _write(
    connection: Connection,
    log: OwnLog,
    entry: Entry,
    spool: Spool,
    warnings: Sequence[RowError],
    deadline: int,
    key: PrivateKey | None,
) -> Submission:
    """Promise positions and write everything. Raises: SubmissionRefused, which undoes the transaction."""
    statement = entry.statement
    writer = RecordWriter(connection, log.suite, statement, log.size)
    _write_records(writer, spool)
    writer.note_undisclosed(key)
    writer.check_links(entry.accepted_at)
    acceptance = Acceptance(
        id=statement.root.hex(),
        log=log.name,
        issuer=statement.issuer,
        record_count=statement.record_count,
        first_position=log.size,
        accepted_at=entry.accepted_at,
        warnings=tuple(warnings),
        deadline=deadline,
    )
    submission = Submission(acceptance, entry, ACCEPTED, None)
    insert_submissions(connection, [submission], writer.change_count)
    set_log_size(connection, log.size + statement.record_count)
    return submission


def _bring_back(
    connection: Connection, log: OwnLog, submission: Submission, spool: Spool, key: PrivateKey | None
) -> None:
    """Write records where they stood before the register was restored. Raises: SubmissionRefused."""
    first_position = submission.acceptance.first_position
    writer = RecordWriter(connection, log.suite, submission.entry.statement, first_position, is_anchored=True)
    _write_records(writer, spool)
    writer.note_undisclosed(key)
    set_change_count(connection, first_position, writer.change_count)
    note_back(connection, first_position)


def _write_records(writer: RecordWriter, spool: Spool) -> None:
    """Write the records, the issues first. Raises: SubmissionRefused."""
    for chunk in spool.read_issues():
        writer.write_issues(chunk)
    writer.faults.refuse()
    writer.write_following(spool.following_rows)
    writer.faults.refuse()
