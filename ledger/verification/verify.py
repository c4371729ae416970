"""Verify a presented certificate against its proof, by what the verifier itself knows.

    report = verify(presented, proof, trust, now, policy)

Pure: no network, no file, no clock. Bad evidence never raises; it becomes a step of the report. The steps, which
docs/formats/verification.md gives in full:

     1  the proof decodes within limits, can be presented, and names one issuer, registry and log throughout
     2  what was presented is what was registered
     3  the disclosed claims hash to the record's claims and do not contradict the record
     4  the record is in the submission
     5  the department's key signed the statement
     6  the entry is in the batch; counts add up; the position follows
     7  the anchor is final and not void; its sequence and block time fit the statement; the entry was not anchored before
     8  issuer, key and grant were in force at the anchor
     9  the status at that position, as the verifier knows it
    10  the dates
    11  linked seals and signatures
    12  the age of the knowledge, and the clock

Beside the steps it tells which notes there are on the certificate, as far as they are known.
Steps 1 and 4 to 8 are in `trace_origin`, 2 in `comparison`, 9 in `status_step`, 11 in `links_step`, beside this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ledger import limits
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.errors import FactMissing, FactUnreadable, LimitExceeded, MalformedInput, NewerFormat
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof
from ledger.records.contradictions import find_contradictions
from ledger.registry.trust import Trust
from ledger.verification.comparison import PresentedContent as PresentedContent
from ledger.verification.comparison import compare
from ledger.verification.links_step import judge_links
from ledger.verification.notes import find_notes
from ledger.verification.origin import trace_origin
from ledger.verification.reasons import Outcome
from ledger.verification.receipts import judge_node_signature
from ledger.verification.report import Compared, NotesKnown, Report, StatusReport, Step
from ledger.verification.status_step import judge_status


@dataclass(frozen=True, slots=True)
class Policy:
    """How old the knowledge of a log may be, and how far the clock may lag behind the chain; seconds.

    `max_age_by_kind` holds other ages for records of some kinds: of a seal, say, much depends on one status.
    """

    max_age_seconds: int = 3600
    clock_tolerance_seconds: int = 120
    max_age_by_kind: Mapping[str, int] = field(default_factory=dict)

    def get_max_age(self, kind: str) -> int:
        """Return how old the knowledge may be that a record of this kind is judged by."""
        return self.max_age_by_kind.get(kind, self.max_age_seconds)


def verify(
    presented_content: PresentedContent,
    proof: bytes | Proof,
    trust: Trust,
    now: int,
    policy: Policy | None = None,
    registered_notes: Sequence[Proof] | None = None,
) -> Report:
    """Return the report on `proof` (JSON text, code from paper, or decoded) at `now`, in seconds since 1970.

    `registered_notes`: proofs of the notes that the verifier's own register has on the certificate; None where it has none
    of its own, and tells only of those that the proof carries.
    """
    policy = policy or Policy()
    try:
        decoded_proof = proof if isinstance(proof, Proof) else decode_presented(proof)
    except MalformedInput as error:
        return _report_unreadable(error, trust, now)
    try:
        return _take_steps(presented_content, decoded_proof, trust, now, policy, registered_notes)
    except FactMissing as error:
        return _report_first_step("pocket_incomplete", {"fact": list(error.name)}, trust, now)
    except FactUnreadable as error:
        fact_json: dict[str, Json] = {"fact": list(error.name), "detail": error.fault}
        return _report_first_step("fact_unreadable", fact_json, trust, now)


def _take_steps(
    presented_content: PresentedContent,
    decoded_proof: Proof,
    trust: Trust,
    now: int,
    policy: Policy,
    registered_notes: Sequence[Proof] | None,
) -> Report:
    origin = trace_origin(decoded_proof, trust, must_present=True)  # 1, 4, 5, 6, 7, 8
    compared, comparison_step = compare(
        presented_content, decoded_proof.disclosure, is_erased=_is_erased(decoded_proof, trust)
    )  # 2
    status_step, status = judge_status(decoded_proof, origin, trust)  # 9
    steps = (
        *origin.steps,
        comparison_step,
        _judge_claims(decoded_proof, trust),
        status_step,
        _judge_dates(decoded_proof, trust, now, policy),
        judge_links(decoded_proof, origin.anchor, trust),
        _judge_age(decoded_proof, status, trust, now, policy),
    )
    return Report.of(
        steps=tuple(sorted(steps, key=lambda step: step.number)),
        compared=compared,
        proof=decoded_proof,
        anchor=origin.anchor,
        position=origin.position,
        status=status,
        entries_check=origin.entries_check,
        notes=find_notes(
            decoded_proof, (*decoded_proof.linked_proofs, *(registered_notes or ())), trust, now
        ),
        notes_known=NotesKnown.ATTACHED if registered_notes is None else NotesKnown.REGISTER,
        registry=trust.registry,
        checked_at=now,
    )


def _report_unreadable(error: MalformedInput, trust: Trust, now: int) -> Report:
    reason = "proof_unreadable"
    if isinstance(error, NewerFormat):
        reason = "newer_format"
    elif isinstance(error, LimitExceeded):
        reason = "over_limit"
    return _report_first_step(reason, {"detail": str(error)}, trust, now)


def _report_first_step(reason: str, evidence: dict[str, Json], trust: Trust, now: int) -> Report:
    """Report that no step could be taken."""
    first_step = Step(1, Outcome.UNKNOWN, reason, evidence)
    other_steps = tuple(Step(number, Outcome.UNKNOWN, "not_reached") for number in range(2, 13))
    return Report.of(
        steps=(first_step, *other_steps), compared=Compared.NOTHING, registry=trust.registry, checked_at=now
    )


def _is_erased(proof: Proof, trust: Trust) -> bool:
    """Tell whether a node of the log signed that it erased on order what this record disclosed."""
    if proof.disclosure is not None or proof.erasure is None:
        return False
    erasure, statement = proof.erasure.erasure, proof.entry.statement
    erased_record = erasure.registry, erasure.log, erasure.suite, erasure.leaf
    if erased_record != (trust.registry, statement.log, proof.record.suite, proof.record.hash_leaf()):
        return False
    key, signature = trust.find_key(erasure.key_id), proof.erasure.signature
    return not judge_node_signature(key, erasure.log, erasure.encode(), signature, erasure.time)


def _judge_claims(proof: Proof, trust: Trust) -> Step:
    """3. The disclosed claims hash to the record's claims, and contradict nothing that the record says."""
    if proof.erasure is not None and _is_erased(proof, trust):
        erasure = proof.erasure.erasure
        order_evidence: dict[str, Json] = {
            "order": erasure.order,
            "basis": erasure.basis,
            "time": times.format_time(erasure.time),
        }
        return Step(3, Outcome.UNKNOWN, "content_erased", order_evidence)
    if proof.disclosure is None:
        return Step(3, Outcome.UNKNOWN, "nothing_disclosed")
    if proof.disclosure.digest(proof.record.suite) != proof.record.claims:
        return Step(3, Outcome.FAIL, "claims_altered")
    contradictory_claims = find_contradictions(proof.record, proof.disclosure.values)
    if contradictory_claims:
        contradictions_json: list[Json] = [contradiction.to_json() for contradiction in contradictory_claims]
        return Step(3, Outcome.UNKNOWN, "claims_contradict_record", {"contradictions": contradictions_json})
    evidence: dict[str, Json] = {"withheld": [*sorted(proof.disclosure.withheld_names)]}
    return Step(3, Outcome.PASS, "claims_committed", evidence)


def _judge_dates(proof: Proof, trust: Trust, now: int, policy: Policy) -> Step:
    """10. Civil dates in Asia/Shanghai, both ends inclusive; an absent end is 长期."""
    record = proof.record
    today = times.find_civil_date(max(now, _find_chain_time(trust)))  # it has passed, whatever the clock says
    evidence: dict[str, Json] = {"today": today.isoformat()}
    if record.valid_from and today < record.valid_from:
        evidence["from"] = record.valid_from.isoformat()
        if _is_clock_behind(trust, now, policy):
            return Step(10, Outcome.UNKNOWN, "clock_behind", evidence)
        return Step(10, Outcome.FAIL, "not_yet_valid", evidence)
    if record.valid_until is None:
        return Step(10, Outcome.PASS, "no_end_date", evidence)
    evidence["until"] = record.valid_until.isoformat()
    if today > record.valid_until:
        return Step(10, Outcome.FAIL, "expired", evidence)
    return Step(10, Outcome.PASS, "within_dates", evidence)


def _judge_age(proof: Proof, status: StatusReport | None, trust: Trust, now: int, policy: Policy) -> Step:
    """12. The newest good anchor of the log against the policy, and the clock against the chain."""
    if _is_clock_behind(trust, now, policy):
        return Step(
            12, Outcome.UNKNOWN, "clock_behind", {"chain": times.format_time(_find_chain_time(trust))}
        )
    if status is None:
        return Step(12, Outcome.UNKNOWN, "not_reached")
    known_at, allowed_age = status.known_at, policy.get_max_age(proof.record.kind)
    evidence: dict[str, Json] = {"known_at": times.format_time(known_at), "seconds": max(0, now - known_at)}
    if now - known_at > allowed_age:
        return Step(12, Outcome.UNKNOWN, "knowledge_stale", evidence | {"allowed": allowed_age})
    return Step(12, Outcome.PASS, "knowledge_fresh", evidence)


def _is_clock_behind(trust: Trust, now: int, policy: Policy) -> bool:
    return now + policy.clock_tolerance_seconds < _find_chain_time(trust)


def _find_chain_time(trust: Trust) -> int:
    """Return the time of the newest final block; what a broken endpoint told beyond every calendar is cut off."""
    return min(trust.time, limits.MAX_BLOCK_TIME)
