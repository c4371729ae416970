"""Judge a submission by its first line: whether its records may follow.

The rows come later, over a slow network perhaps minutes later. What time can change is therefore a question of its own,
`check_terms`, which is asked again once they are here; the line is parsed, its root looked up and its signature checked
once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from anchoring import limits
from anchoring.errors import SubmissionRefused
from anchoring.intake.backlog import Gate
from anchoring.intake.rows import read_statement
from anchoring.intake.window import check_window
from anchoring.processes.workers import Workers
from anchoring.register.missing import is_missing
from anchoring.register.store import Register
from anchoring.register.submissions import Submission, find_submission_of_root
from ledger.crypto.keys import PrivateKey, decode_public_key
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.limits import MAX_CLOCK_LEAD_SECONDS, MAX_STATUS_RECORDS
from ledger.records.submissions import Entry, Statement
from ledger.registry.trust import Grant, KeyState, LogState, Trust
from ledger.verification.entitlement import NEWEST_EVENT, Moment, Objection, list_objections

# What must be left of a statement at intake, so that its anchor can be mined in time.
MIN_STATEMENT_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """The log that this node keeps, what its receipts promise (seconds from acceptance to the anchor), and where large
    submissions are spooled (None: the system's temporary directory). `gate` refuses them while too much waits.
    `measure_chain_lead` tells by how many seconds the chain's clock is ahead of `now`; None where nobody knows.
    `workers` judge the rows of large submissions; None: this process does. `key` is the node's, which signs what came
    without its claims."""

    log_name: str
    spool_directory: str | None = None
    promise_seconds: int = limits.PROMISE_SECONDS
    gate: Gate | None = None
    measure_chain_lead: Callable[[int], int | None] | None = None
    workers: Workers | None = None
    key: PrivateKey | None = None

    def tell_chain_time(self, now: int) -> int:
        """Return what the chain's clock says: what is anchored bears that time."""
        return now + ((self.measure_chain_lead(now) or 0) if self.measure_chain_lead else 0)

    def make_room(self, statement: Statement, now: int, *, is_urgent: bool) -> None:
        """Check that the records of a statement may come in. Raises: TooMuchWaiting."""
        if self.gate:
            self.gate.check(statement.issuer, statement.record_count, now, is_urgent=is_urgent)

    def note(self, entry: Entry, *, is_urgent: bool) -> None:
        """Count what was let in, before it is measured again."""
        if self.gate:
            statement, entry_byte_count = entry.statement, len(entry.encode())
            self.gate.note(
                statement.issuer,
                statement.record_count,
                entry_byte_count,
                entry.accepted_at,
                is_urgent=is_urgent,
            )


@dataclass(frozen=True, slots=True)
class Admission:
    """A statement that may be followed by its records, and its signature.

    `is_anchored`: it was accepted before, and its records are missing since the register was restored from a backup.
    """

    statement: Statement
    signature: bytes
    is_anchored: bool = False


@dataclass(frozen=True, slots=True)
class AdmissionTerms:
    """Under what records are taken now: the state of the log, and what the statement's key was granted."""

    log: LogState
    grants: Sequence[Grant]


def admit(
    register: Register, trust: Trust, line: bytes, now: int, rules: IntakeRules
) -> Submission | Admission:
    """Judge the first line, so that nobody sends records that are refused anyway; what was accepted before is returned.

    Raises: SubmissionRefused, TooMuchWaiting.
    """
    statement, signature = read_statement(line)
    with register.reading() as connection:
        known_submission = find_known_submission(connection, statement)
        is_anchored = known_submission is not None and is_missing(connection, statement.root)
    if known_submission and not is_anchored:
        return known_submission
    admission = Admission(statement, signature, is_anchored)
    check_terms(admission, trust, now, rules)
    if not is_anchored:
        _check_signature(statement, signature, trust)
    return admission


def find_known_submission(connection: Connection, statement: Statement) -> Submission | None:
    """Return the submission of a statement, where it was accepted before. Raises: SubmissionRefused."""
    submission = find_submission_of_root(connection, statement.root)
    if submission is not None and submission.entry.statement != statement:
        acceptance_time = format_time(submission.acceptance.accepted_at)
        raise SubmissionRefused(
            "root-registered",
            f"these very records were accepted at {acceptance_time} under another statement, as submission "
            f"{submission.acceptance.id}: nothing needs to be sent again, unless the key that signed it, "
            f"{_name_key(submission.entry.statement)}, was reported stolen; for that, and for new records, draft again "
            "with new salts",
        )
    return submission


def check_terms(admission: Admission, trust: Trust, now: int, rules: IntakeRules) -> AdmissionTerms:
    """Check what time can change: log, issuer, dates, key, grants, room; records that are anchored were judged then.

    Raises: SubmissionRefused, TooMuchWaiting.
    """
    statement = admission.statement
    log = _check_log(statement, trust, rules)
    if admission.is_anchored:
        return AdmissionTerms(log, ())
    _check_statement(statement, log, now)
    _check_clocks(statement, now, rules.tell_chain_time(now))
    check_window(statement, log)
    grants = _check_key(statement, log, trust, now)
    # More records than these cannot all change a status; whether fewer do, they show themselves.
    rules.make_room(statement, now, is_urgent=statement.record_count <= MAX_STATUS_RECORDS)
    return AdmissionTerms(log, grants)


def _check_log(statement: Statement, trust: Trust, rules: IntakeRules) -> LogState:
    """Check that the statement is for this node's log, and return its state. Raises: SubmissionRefused."""
    if statement.registry != trust.registry:
        raise SubmissionRefused(
            "other-registry",
            f"the statement is for the registry {statement.registry}, this node follows {trust.registry}",
        )
    if statement.log != rules.log_name:
        raise SubmissionRefused(
            "other-log",
            f"the statement is for the log {statement.log!r}; this node keeps {rules.log_name!r}: send it there",
        )
    log = trust.find_log(statement.log)
    if log is None:
        raise SubmissionRefused(
            "unknown-log",
            f"the log {statement.log!r} is not admitted, as far as this node knows the registry "
            f"({format_time(trust.time)}): ask the province to admit it, and wait until that is final",
        )
    return log


def _check_statement(statement: Statement, log: LogState, now: int) -> None:
    """Check under which suite and when the statement was made. Raises: SubmissionRefused."""
    if statement.suite is not log.suite:
        raise SubmissionRefused(
            "wrong-suite", f"the log hashes with {log.suite.name}, the statement with {statement.suite.name}"
        )
    if statement.time > now + MAX_CLOCK_LEAD_SECONDS:
        statement_time = format_time(statement.time)
        raise SubmissionRefused(
            "statement-postdated", f"the statement is dated {statement_time}, it is {format_time(now)} here"
        )
    if statement.expires_at < now + MIN_STATEMENT_SECONDS:
        raise SubmissionRefused(
            "statement-expired",
            f"the statement expires at {format_time(statement.expires_at)}, too soon to be anchored: sign it again",
        )


def _check_clocks(statement: Statement, now: int, chain_time: int) -> None:
    """Check that an anchor of now can follow the statement, by the chain's own clock. Raises: SubmissionRefused."""
    difference = f"the chain's clock says {format_time(chain_time)}, and this node's {format_time(now)}"
    if statement.time > chain_time + MAX_CLOCK_LEAD_SECONDS:
        raise SubmissionRefused(
            "clocks-differ",
            f"{difference}: the statement, dated {format_time(statement.time)}, would be anchored before its own date and "
            "count nowhere. Its administrator sets the clock of this node, or asks who runs the chain; then send it again",
        )
    if statement.expires_at < chain_time + MIN_STATEMENT_SECONDS:
        raise SubmissionRefused(
            "clocks-differ",
            f"{difference}: the statement would be anchored after it expires, at {format_time(statement.expires_at)}, and "
            "count nowhere. Sign it again, for longer; its administrator asks who runs the chain",
        )


def _check_key(statement: Statement, log: LogState, trust: Trust, now: int) -> Sequence[Grant]:
    """Check that the key may speak for the issuer now, and return its grants. Raises: SubmissionRefused."""
    key, grants = trust.find_key(statement.key_id), trust.list_grants(statement.key_id, statement.issuer)
    issuer_log = trust.find_issuer_log(statement.issuer, NEWEST_EVENT)
    raised_objections = set(list_objections(key, grants, issuer_log, Moment(log.name, NEWEST_EVENT, now)))
    for objection, (slug, words) in _REFUSALS.items():
        if objection in raised_objections:
            raise SubmissionRefused(slug, words.format(**_collect_names(statement, log, key, trust)))
    return grants


def _collect_names(statement: Statement, log: LogState, key: KeyState | None, trust: Trust) -> dict[str, str]:
    """Return what the words of a refusal name."""
    compromised_since, retired_at = (key.compromised_since or 0, key.retired_at or 0) if key else (0, 0)
    return {
        "key": _name_key(statement),
        "issuer": statement.issuer,
        "log": repr(log.name),
        "known": format_time(trust.time),
        "other": repr(key.log) if key else "",
        "since": format_time(compromised_since),
        "retired": format_time(retired_at),
    }


_UNREGISTERED_REFUSAL: Final = (
    "unknown-key",
    "{key} is not registered as a department's: ask the city's administrator to register it",
)
#: Why a key may not speak, first what no grant would mend: the slug of the refusal, and what to do.
_REFUSALS: Final = {
    Objection.ISSUER_NOT_IN_LOG: (
        "unknown-issuer",
        (
            "{issuer} is not an issuer of the log {log}, as far as this node knows the registry ({known}): "
            "ask the city's administrator to add it, and wait until that is final"
        ),
    ),
    Objection.KEY_NOT_REGISTERED: _UNREGISTERED_REFUSAL,
    Objection.KEY_NOT_DEPARTMENT: _UNREGISTERED_REFUSAL,
    Objection.KEY_OF_ANOTHER_LOG: (
        "unknown-key",
        "{key} is registered in the log {other}: sign with a key that is registered in the log {log}",
    ),
    Objection.KEY_COMPROMISED: ("key-compromised", "{key} is reported stolen since {since}: use a new key"),
    Objection.KEY_RETIRED: (
        "key-retired",
        "{key} was retired at {retired}: sign with the key that replaced it",
    ),
    Objection.NOT_GRANTED: (
        "not-granted",
        "{key} may not speak for {issuer} now: ask the city's administrator for a grant",
    ),
}


def _check_signature(statement: Statement, signature: bytes, trust: Trust) -> None:
    """Check that the key, which is registered, signed the statement. Raises: SubmissionRefused."""
    key = trust.find_key(statement.key_id)
    assert key is not None, "its terms were checked"
    try:
        is_signed = decode_public_key(key.spki).verify(statement.encode(), signature)
    except MalformedInput:
        is_signed = False
    if not is_signed:
        raise SubmissionRefused(
            "bad-signature",
            f"the signature is not that of {_name_key(statement)} over this statement: sign it again",
        )


def _name_key(statement: Statement) -> str:
    return f"the key 0x{statement.key_id.hex()}"
