"""Steps 1 and 4 to 8 of a verification: who stated a record, and which position it has.

They are taken for a proof and for every proof attached to it, and say together that an issuer, entitled to, stated exactly
this record.
"""

from dataclasses import dataclass
from typing import Final

from ledger.crypto.trees import compute_root
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.proof.proof import CountMismatch, OutsideBatch, Proof, compute_position
from ledger.records.records import PRESENTABLE_ACTIONS
from ledger.records.submissions import VERSION_1_ENDS, Entry, Statement, Window
from ledger.registry.trust import Anchor, LogState, Trust
from ledger.verification.entitlement import Moment, Objection, Scope, find_objection
from ledger.verification.occurrences import EntriesCheck, find_timing_fault, is_signed_by, search_earlier
from ledger.verification.reasons import Outcome
from ledger.verification.report import Step


@dataclass(frozen=True, slots=True)
class Origin:
    """The steps in order; log and anchor as far as the trust knows them; the position once it is proven."""

    steps: tuple[Step, ...]
    log: LogState | None
    anchor: Anchor | None
    position: int | None
    entries_check: EntriesCheck = EntriesCheck.NOT

    @property
    def is_proven(self) -> bool:
        return all(step.outcome is Outcome.PASS for step in self.steps)


def trace_origin(proof: Proof, trust: Trust, *, must_present: bool) -> Origin:
    """Take steps 1 and 4 to 8 on `proof`; `must_present`: its record must be one that can be presented."""
    statement = proof.entry.statement
    log = trust.find_log(statement.log) if statement.registry == trust.registry else None
    anchor = trust.find_anchor(log.name, proof.sequence) if log else None
    batch_step, position = _judge_batch(proof, anchor)
    anchor_step, entries_check = _judge_anchor(proof, anchor, position, trust)
    steps = (
        _judge_form(proof, trust, log, must_present),
        _judge_submission(proof),
        _judge_signature(proof.entry, trust),
        batch_step,
        anchor_step,
        _judge_entitlement(proof, anchor, trust),
    )
    return Origin(steps, log, anchor, position, entries_check)


def _judge_form(proof: Proof, trust: Trust, log: LogState | None, must_present: bool) -> Step:
    """1. One issuer, registry and log throughout; a record that can be presented."""
    record, statement = proof.record, proof.entry.statement
    if must_present and record.action not in PRESENTABLE_ACTIONS:
        return Step(1, Outcome.FAIL, "not_presentable", {"action": record.action})
    if record.issuer != statement.issuer or not record.names_issuer:
        issuers: dict[str, Json] = {"record": record.issuer, "statement": statement.issuer}
        return Step(1, Outcome.FAIL, "issuer_mismatch", issuers | {"identifier": record.identifier})
    if statement.registry != trust.registry:
        evidence: dict[str, Json] = {"proof": statement.registry, "trusted": trust.registry}
        return Step(1, Outcome.UNKNOWN, "other_registry", evidence)
    if log is None:
        return Step(1, Outcome.UNKNOWN, "log_unknown", {"log": statement.log})
    if record.suite != log.suite or statement.suite != log.suite:
        return Step(1, Outcome.FAIL, "suite_mismatch", {"log": log.suite.name})
    return Step(1, Outcome.PASS, "well_formed", {"issuer": record.issuer, "log": statement.log})


def _judge_submission(proof: Proof) -> Step:
    """4. The record is in the submission of `count` records."""
    statement, record = proof.entry.statement, proof.record
    try:
        root = compute_root(record.suite, record.hash_leaf(), proof.index, statement.record_count, proof.path)
    except MalformedInput as error:
        return Step(4, Outcome.FAIL, "not_in_submission", {"detail": str(error)})
    if (record.suite, root) != (statement.suite, statement.root):
        return Step(4, Outcome.FAIL, "not_in_submission")
    return Step(4, Outcome.PASS, "in_submission", {"index": proof.index, "count": statement.record_count})


def _judge_signature(entry: Entry, trust: Trust) -> Step:
    """5. The department's key, as registered, signed the statement."""
    key = trust.find_key(entry.statement.key_id)
    evidence: dict[str, Json] = {"key": "0x" + entry.statement.key_id.hex()}
    if key is None:
        return Step(5, Outcome.UNKNOWN, "key_unknown", evidence)
    if not is_signed_by(key.spki, entry.statement.encode(), entry.signature):
        return Step(5, Outcome.FAIL, "signature_bad", evidence)
    return Step(5, Outcome.PASS, "signature_good", evidence)


def _judge_batch(proof: Proof, anchor: Anchor | None) -> tuple[Step, int | None]:
    """6. The entry is in the batch; the counts add up to the growth of the log; the position follows from them."""
    if anchor is None:
        return Step(6, Outcome.UNKNOWN, "anchor_unknown", {"sequence": proof.sequence}), None
    try:
        position = compute_position(proof, anchor)
    except OutsideBatch:
        return Step(6, Outcome.FAIL, "not_in_batch", {"sequence": anchor.sequence}), None
    except CountMismatch as error:
        counts: dict[str, Json] = {"counted": error.record_count, "grown": error.growth}
        return Step(6, Outcome.FAIL, "count_mismatch", counts), None
    except MalformedInput as error:
        return Step(6, Outcome.FAIL, "not_in_batch", {"detail": str(error)}), None
    return Step(6, Outcome.PASS, "in_batch", {"sequence": anchor.sequence, "position": position}), position


def _judge_anchor(
    proof: Proof, anchor: Anchor | None, position: int | None, trust: Trust
) -> tuple[Step, EntriesCheck]:
    """7. The anchor is final and not void, it fits the statement, and the entry was not anchored before."""
    statement = proof.entry.statement
    if anchor is None:
        return Step(7, Outcome.UNKNOWN, "anchor_unknown", {"sequence": proof.sequence}), EntriesCheck.NOT
    evidence: dict[str, Json] = {"time": times.format_time(anchor.time), "block": anchor.block_number}
    if anchor.void_reason:
        return Step(
            7, Outcome.UNKNOWN, "anchor_void", evidence | {"detail": anchor.void_reason}
        ), EntriesCheck.NOT
    if reason := find_timing_fault(statement, anchor):
        outcome = Outcome.FAIL if reason in _RULED_OUT_REASONS else Outcome.UNKNOWN
        return Step(
            7, outcome, reason, evidence | _quote_statement(statement, anchor, reason)
        ), EntriesCheck.NOT
    if position is None:  # of which entry an earlier one is looked for, nobody knows
        return Step(7, Outcome.PASS, "anchored", evidence), EntriesCheck.NOT
    earlier_search = search_earlier(statement, position - proof.index, anchor, trust)
    if earlier_search.earlier_occurrence:
        earlier_place: dict[str, Json] = {
            "earlier": earlier_search.earlier_occurrence.sequence,
            "earlier_position": earlier_search.earlier_occurrence.position,
        }
        evidence |= {"sequence": anchor.sequence} | earlier_place
    if earlier_search.earlier_occurrence or earlier_search.is_endless:
        return Step(7, Outcome.UNKNOWN, "entry_repeated", evidence), earlier_search.entries_check
    return Step(7, Outcome.PASS, "anchored", evidence), earlier_search.entries_check


#: What the department itself ruled out by a date. Its records stand outside of a window because somebody put them there, and
#: before their own date because two clocks differ.
_RULED_OUT_REASONS: Final = frozenset({"statement_expired"})


def _quote_statement(statement: Statement, anchor: Anchor, reason: str) -> dict[str, Json]:
    """Return what the statement says, where its anchor does not fit it."""
    match reason, statement.window:
        case "statement_expired", _:
            return {"expires": times.format_time(statement.expires_at)}
        case "statement_postdated", _:
            return {"signed": times.format_time(statement.time)}
        case _, Window(first_sequence, last_sequence):
            return {"sequence": anchor.sequence, "first": first_sequence, "last": last_sequence}
        case _:
            return {"until": times.format_time(VERSION_1_ENDS)}


def _judge_entitlement(proof: Proof, anchor: Anchor | None, trust: Trust) -> Step:
    """8. The issuer was the log's, and a grant covered key, kind and type, at the anchor; the key was good by then."""
    if anchor is None:
        return Step(8, Outcome.UNKNOWN, "anchor_unknown", {"sequence": proof.sequence})
    record, key = proof.record, trust.find_key(proof.entry.statement.key_id)
    grants, issuer_log = (
        trust.list_grants(proof.entry.statement.key_id, record.issuer),
        trust.find_issuer_log(record.issuer, anchor.event_number),
    )
    objection = find_objection(key, grants, issuer_log, Moment.of_anchor(anchor), Scope.of_record(record))
    evidence: dict[str, Json] = {"issuer": record.issuer, "at": times.format_time(anchor.time)}
    if objection is None:
        return Step(8, Outcome.PASS, "entitled", evidence)
    if key is not None and key.compromised_since is not None and objection is Objection.KEY_COMPROMISED:
        evidence["since"] = times.format_time(key.compromised_since)
        return Step(8, Outcome.UNKNOWN, objection.reason, evidence)
    if key is not None and key.retired_at is not None and objection is Objection.KEY_RETIRED:
        evidence["retired"] = times.format_time(key.retired_at)
    return Step(8, Outcome.FAIL, objection.reason, evidence)
