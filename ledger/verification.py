"""Verify a presented certificate against its proof and what the verifier itself knows (design: verification).

    report = verify(presented, proof, trust, now, policy)

Pure: no network, no file, no clock. Bad evidence never raises; it becomes a step of the report. The steps:

     1  the proof decodes within limits, can be presented, and names one issuer, registry and log throughout
     2  what was presented is what was registered
     3  the disclosed claims hash to the record's claims
     4  the record is in the submission
     5  the department's key signed the statement
     6  the entry is in the batch; counts add up; the position follows
     7  the anchor is final and not void; its block time fits the statement
     8  issuer, key and grant were in force at the anchor
     9  the status at that position: the newest knowledge wins
    10  the dates
    11  linked seals and signatures
    12  the age of the knowledge, and the clock
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from ledger import limits, times
from ledger.canonical import Json
from ledger.canonical import encode as canonical
from ledger.claims import DocumentClaim, decode_document, is_document
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat
from ledger.keys import public_key
from ledger.lifecycle import RESULT
from ledger.proof import Proof, decode_proof
from ledger.reasons import Outcome
from ledger.records import CERTIFICATE_KINDS, KINDS, PRESENTABLE
from ledger.report import Compared, Report, StatusReport, Step
from ledger.status import Status, staple_root, status_in_chunk
from ledger.submissions import Entry
from ledger.trees import counted_root, root_from_path
from ledger.trust import Anchor, Grant, LogState, PositionStatus, Trust

DEPARTMENT: Final = 1  # purpose of a key that signs statements


@dataclass(frozen=True, slots=True)
class Policy:
    """How old the knowledge of a log may be, and how far the clock may lag behind the chain; seconds."""

    max_age: int = 3600
    clock_tolerance: int = 120


@dataclass(frozen=True, slots=True)
class Presented:
    """What a person presents: the bytes of documents, and values by the name of their claim, as read from the paper."""

    documents: tuple[bytes, ...] = ()
    claims: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Origin:
    """Steps 1 and 4 to 8 of one proof: where it comes from."""

    steps: tuple[Step, ...]
    log: LogState | None
    anchor: Anchor | None
    position: int | None

    @property
    def proven(self) -> bool:
        return all(step.outcome is Outcome.PASS for step in self.steps)


def verify(
    presented: Presented, proof: bytes | Proof, trust: Trust, now: int, policy: Policy | None = None
) -> Report:
    """Return the report on `proof` (its JSON text, or decoded) at the moment `now`, in seconds since 1970."""
    policy = policy or Policy()
    try:
        decoded = proof if isinstance(proof, Proof) else decode_proof(proof)
    except MalformedInput as error:
        return _unreadable(error, trust, now)
    origin = _origin(decoded, trust, must_present=True)
    compared, comparison = _presented(presented, decoded)  # 2
    status_step, status = _status(decoded, origin, trust)  # 9
    known_at = status.known_at if status else None
    steps = (
        *origin.steps,
        comparison,
        _claims(decoded),
        status_step,
        _dates(decoded, now),
        _links(decoded),
        _age(known_at, trust, now, policy),
    )
    return Report.of(
        steps=tuple(sorted(steps, key=lambda step: step.number)),
        compared=compared,
        proof=decoded,
        anchor=origin.anchor,
        position=origin.position,
        status=status,
        registry=trust.registry,
        checked_at=now,
    )


def _unreadable(error: MalformedInput, trust: Trust, now: int) -> Report:
    reason = "proof_unreadable"
    if isinstance(error, NewerFormat):
        reason = "newer_format"
    elif isinstance(error, LimitExceeded):
        reason = "over_limit"
    first = Step(1, Outcome.UNKNOWN, reason, {"detail": str(error)})
    others = tuple(Step(number, Outcome.UNKNOWN, "not_reached") for number in range(2, 13))
    return Report.of(steps=(first, *others), compared=Compared.NOTHING, registry=trust.registry, checked_at=now)


def _origin(proof: Proof, trust: Trust, *, must_present: bool) -> _Origin:
    statement = proof.entry.statement
    log = trust.log(statement.log) if statement.registry == trust.registry else None
    anchor = trust.anchor(log.name, proof.sequence) if log else None
    batch, position = _batch(proof, anchor)
    steps = (
        _form(proof, trust, log, must_present),
        _submission(proof),
        _signature(proof.entry, trust),
        batch,
        _anchor(proof, anchor),
        _entitlement(proof, anchor, trust),
    )
    return _Origin(steps, log, anchor, position)


def _form(proof: Proof, trust: Trust, log: LogState | None, must_present: bool) -> Step:
    """1. One issuer, registry and log throughout; a record that can be presented."""
    record, statement = proof.record, proof.entry.statement
    if must_present and record.action not in PRESENTABLE:
        return Step(1, Outcome.FAIL, "not_presentable", {"action": record.action})
    named = {record.issuer, statement.issuer}
    if record.kind in CERTIFICATE_KINDS:
        named.add(record.certificate.issuer)
    if len(named) > 1:
        return Step(1, Outcome.FAIL, "issuer_mismatch", {"record": record.issuer, "statement": statement.issuer})
    if record.kind not in CERTIFICATE_KINDS:
        return Step(1, Outcome.UNKNOWN, "kind_not_supported", {"kind": record.kind})
    if statement.registry != trust.registry:
        evidence: dict[str, Json] = {"proof": statement.registry, "trusted": trust.registry}
        return Step(1, Outcome.UNKNOWN, "other_registry", evidence)
    if log is None:
        return Step(1, Outcome.UNKNOWN, "log_unknown", {"log": statement.log})
    if record.suite != log.suite or statement.suite != log.suite:
        return Step(1, Outcome.FAIL, "suite_mismatch", {"log": log.suite.name})
    return Step(1, Outcome.PASS, "well_formed", {"issuer": record.issuer, "log": statement.log})


def _presented(presented: Presented, proof: Proof) -> tuple[Compared, Step]:
    """2. What was presented is what was registered."""
    disclosure = proof.disclosure
    if not presented.documents and not presented.claims:
        return Compared.NOTHING, Step(2, Outcome.UNKNOWN, "nothing_presented")
    if disclosure is None:
        return Compared.NOTHING, Step(2, Outcome.UNKNOWN, "nothing_disclosed")
    documents, claims = _documents(presented, proof), _values(presented, proof)
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        for step in (documents, claims):
            if step and step.outcome is outcome:
                return Compared.NOTHING, step
    if documents:
        return Compared.DOCUMENT, documents
    left = {name for name in disclosure.values if not is_document(name)} - presented.claims.keys()
    if left or claims is None:
        return Compared.NOTHING, Step(2, Outcome.UNKNOWN, "claims_incomplete", {"missing": sorted(left)})
    return Compared.CLAIMS, claims


def _documents(presented: Presented, proof: Proof) -> Step | None:
    if not presented.documents:
        return None
    disclosure = proof.disclosure
    if disclosure is None or any(is_document(name) for name in disclosure.withheld_names):
        return Step(2, Outcome.UNKNOWN, "document_withheld")
    registered = [claim for name, value in disclosure.values.items() if (claim := _document(name, value))]
    if not registered:
        return Step(2, Outcome.UNKNOWN, "document_not_registered")
    for place, content in enumerate(presented.documents):
        if not any(claim.size == len(content) and claim.suite.hash(content) == claim.digest for claim in registered):
            return Step(2, Outcome.FAIL, "document_mismatch", {"document": place + 1, "size": len(content)})
    return Step(2, Outcome.PASS, "document_matches", {"documents": len(presented.documents)})


def _document(name: str, value: Json) -> DocumentClaim | None:
    try:
        return decode_document(value) if is_document(name) else None
    except MalformedInput:
        return None


def _values(presented: Presented, proof: Proof) -> Step | None:
    if not presented.claims:
        return None
    disclosure = proof.disclosure
    values = disclosure.values if disclosure else {}
    withheld = disclosure.withheld_names if disclosure else frozenset()
    for name, value in presented.claims.items():
        if name in withheld:
            return Step(2, Outcome.UNKNOWN, "claim_withheld", {"claim": name})
        try:
            same = name in values and canonical(value) == canonical(values[name])
        except MalformedInput as error:
            return Step(2, Outcome.UNKNOWN, "claims_unreadable", {"claim": name, "detail": str(error)})
        if not same:
            return Step(2, Outcome.FAIL, "claim_mismatch", {"claim": name})
    return Step(2, Outcome.PASS, "claims_match", {"claims": sorted(presented.claims)})


def _claims(proof: Proof) -> Step:
    """3. The disclosed claims hash to the record's claims."""
    if proof.disclosure is None:
        return Step(3, Outcome.UNKNOWN, "nothing_disclosed")
    if proof.disclosure.digest(proof.record.suite) != proof.record.claims:
        return Step(3, Outcome.FAIL, "claims_altered")
    evidence: dict[str, Json] = {"withheld": sorted(proof.disclosure.withheld_names)}
    return Step(3, Outcome.PASS, "claims_committed", evidence)


def _submission(proof: Proof) -> Step:
    """4. The record is in the submission of `count` records."""
    statement, record = proof.entry.statement, proof.record
    try:
        root = root_from_path(record.suite, record.leaf(), proof.index, statement.count, proof.path)
    except MalformedInput as error:
        return Step(4, Outcome.FAIL, "not_in_submission", {"detail": str(error)})
    if (record.suite, root) != (statement.suite, statement.root):
        return Step(4, Outcome.FAIL, "not_in_submission")
    return Step(4, Outcome.PASS, "in_submission", {"index": proof.index, "count": statement.count})


def _signature(entry: Entry, trust: Trust) -> Step:
    """5. The department's key, as registered, signed the statement."""
    key = trust.key(entry.statement.key)
    evidence: dict[str, Json] = {"key": "0x" + entry.statement.key.hex()}
    if key is None:
        return Step(5, Outcome.UNKNOWN, "key_unknown", evidence)
    if not signature_good(key.spki, entry.statement.encode(), entry.signature):
        return Step(5, Outcome.FAIL, "signature_bad", evidence)
    return Step(5, Outcome.PASS, "signature_good", evidence)


@lru_cache(maxsize=4096)
def signature_good(spki: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether `signature` (64 bytes) of `message` is good; a submission's statement is checked once for its records."""
    try:
        return public_key(spki).verify(message, signature)
    except MalformedInput:
        return False


def _batch(proof: Proof, anchor: Anchor | None) -> tuple[Step, int | None]:
    """6. The entry is in the batch; the counts add up to the growth of the log; the position follows from them."""
    if anchor is None:
        return Step(6, Outcome.UNKNOWN, "anchor_unknown", {"sequence": proof.sequence}), None
    statement = proof.entry.statement
    try:
        batch = counted_root(statement.suite, statement.count, proof.entry.leaf()[1], proof.batch)
    except MalformedInput as error:
        return Step(6, Outcome.FAIL, "not_in_batch", {"detail": str(error)}), None
    if batch.root != anchor.root:
        return Step(6, Outcome.FAIL, "not_in_batch", {"sequence": anchor.sequence}), None
    if batch.total != anchor.size - anchor.size_before:
        grown = anchor.size - anchor.size_before
        return Step(6, Outcome.FAIL, "count_mismatch", {"counted": batch.total, "grown": grown}), None
    position = anchor.size_before + batch.first + proof.index
    return Step(6, Outcome.PASS, "in_batch", {"sequence": anchor.sequence, "position": position}), position


def _anchor(proof: Proof, anchor: Anchor | None) -> Step:
    """7. The anchor is final and not void, and its block time fits the statement."""
    statement = proof.entry.statement
    if anchor is None:
        return Step(7, Outcome.UNKNOWN, "anchor_unknown", {"sequence": proof.sequence})
    evidence: dict[str, Json] = {"time": times.format_time(anchor.time), "block": anchor.block}
    if anchor.void:
        return Step(7, Outcome.UNKNOWN, "anchor_void", evidence | {"detail": anchor.void})
    if anchor.time > statement.expires:
        return Step(7, Outcome.FAIL, "statement_expired", evidence | {"expires": times.format_time(statement.expires)})
    if anchor.time + limits.MAX_CLOCK_LEAD_SECONDS < statement.time:
        return Step(7, Outcome.FAIL, "statement_postdated", evidence | {"signed": times.format_time(statement.time)})
    return Step(7, Outcome.PASS, "anchored", evidence)


def _entitlement(proof: Proof, anchor: Anchor | None, trust: Trust) -> Step:
    """8. The issuer was the log's, and a grant covered key, kind and type, at the anchor; the key was good by then."""
    if anchor is None:
        return Step(8, Outcome.UNKNOWN, "anchor_unknown", {"sequence": proof.sequence})
    record, statement = proof.record, proof.entry.statement
    evidence: dict[str, Json] = {"issuer": record.issuer, "at": times.format_time(anchor.time)}
    if trust.issuer_log(record.issuer, anchor.n) != anchor.log:
        return Step(8, Outcome.FAIL, "issuer_not_in_log", evidence)
    key = trust.key(statement.key)
    if key is None or key.n > anchor.n:
        return Step(8, Outcome.FAIL, "key_not_registered", evidence)
    grants = trust.grants(statement.key, record.issuer)
    if key.purpose != DEPARTMENT or not any(covers(grant, proof, anchor) for grant in grants):
        return Step(8, Outcome.FAIL, "not_entitled", evidence)
    if key.compromised_since is not None and anchor.time >= key.compromised_since:
        since = times.format_time(key.compromised_since)
        return Step(8, Outcome.UNKNOWN, "key_compromised", evidence | {"since": since})
    if key.retired_at is not None and anchor.time >= key.retired_at:
        return Step(8, Outcome.FAIL, "key_retired", evidence | {"retired": times.format_time(key.retired_at)})
    return Step(8, Outcome.PASS, "entitled", evidence)


def covers(grant: Grant, proof: Proof, anchor: Anchor) -> bool:
    """Tell whether the grant let its key state this record when the anchor was made."""
    record = proof.record
    if grant.n > anchor.n or not grant.not_before <= anchor.time <= grant.not_after:
        return False
    if not grant.kinds & KINDS[record.kind]:
        return False
    return not grant.types or (record.kind in CERTIFICATE_KINDS and record.certificate.type in grant.types)


def _status(proof: Proof, origin: _Origin, trust: Trust) -> tuple[Step, StatusReport | None]:
    """9. The newest knowledge of the position: the trust's own, or a staple beyond it that its anchors confirm."""
    log, anchor, position = origin.log, origin.anchor, origin.position
    if log is None or anchor is None or position is None:
        return Step(9, Outcome.UNKNOWN, "position_unknown"), None
    found = trust.status(log.name, position, log.sequence)
    if log.status_known:
        status = StatusReport.own(log, found, trust.source)
    else:
        stapled = _staple(proof, log, anchor, position, trust)
        if isinstance(stapled, Step):
            return stapled, None
        status = stapled
    if found and found.contradictory:
        return Step(9, Outcome.UNKNOWN, "status_contradictory", status.evidence()), status
    cause = _cause(proof, found, trust)
    if cause:
        status = status.caused_by(cause)
    evidence = status.evidence()
    match status.status:
        case Status.VALID:
            return Step(9, Outcome.PASS, "status_valid", evidence), status
        case Status.REINSTATED if cause:
            return Step(9, Outcome.PASS, "status_reinstated", evidence), status
        case Status.REINSTATED:
            return Step(9, Outcome.UNKNOWN, "reinstatement_unproven", evidence), status
        case ended:
            return Step(9, Outcome.FAIL, ended.name.lower(), evidence), status


def _staple(proof: Proof, log: LogState, anchor: Anchor, position: int, trust: Trust) -> Step | StatusReport:
    """Read the staple where the trust has the anchors of a log but not its statuses."""
    staple = proof.status
    stapled = trust.anchor(log.name, staple.sequence) if staple and staple.sequence >= anchor.sequence else None
    if staple is None or stapled is None or stapled.void:
        return Step(9, Outcome.UNKNOWN, "predecessor_unknown")
    try:
        root = staple_root(log.suite, stapled.size, position, staple.chunk, staple.path)
        status = Status(status_in_chunk(staple.chunk, position))
    except (MalformedInput, ValueError):
        return Step(9, Outcome.UNKNOWN, "staple_altered")
    if root != stapled.status_root:
        return Step(9, Outcome.UNKNOWN, "staple_altered")
    return StatusReport.stapled(stapled, status)


def _cause(proof: Proof, found: PositionStatus | None, trust: Trust) -> Proof | None:
    """Return the linked proof of the record that set the status: anchored with it, of this lineage, of that effect."""
    if found is None:
        return None
    for linked in proof.linked:
        record = linked.record
        if linked.sequence != found.sequence or record.lineage != proof.record.lineage:
            continue
        if (linked.entry.statement.log, record.issuer) != (found.log, proof.record.issuer):
            continue
        if record.action in PRESENTABLE:
            fits = found.status is Status.SUPERSEDED and record.identifier != proof.record.identifier
        else:
            fits = RESULT[record.action] is found.status and record.identifier == proof.record.identifier
        if fits and _origin(linked, trust, must_present=False).proven:
            return linked
    return None


def _dates(proof: Proof, now: int) -> Step:
    """10. Civil dates in Asia/Shanghai, both ends inclusive; an absent end is 长期."""
    record, today = proof.record, times.civil_date(now)
    evidence: dict[str, Json] = {"today": today.isoformat()}
    if record.valid_from and today < record.valid_from:
        return Step(10, Outcome.FAIL, "not_yet_valid", evidence | {"from": record.valid_from.isoformat()})
    if record.valid_until is None:
        return Step(10, Outcome.PASS, "no_end_date", evidence)
    evidence["until"] = record.valid_until.isoformat()
    if today > record.valid_until:
        return Step(10, Outcome.FAIL, "expired", evidence)
    return Step(10, Outcome.PASS, "within_dates", evidence)


def _links(proof: Proof) -> Step:
    """11. Linked seals and signatures: named, but not verified by this version."""
    if not proof.record.links:
        return Step(11, Outcome.NOT_APPLICABLE, "no_links")
    return Step(11, Outcome.UNKNOWN, "links_not_supported", {"links": len(proof.record.links)})


def _age(known_at: int | None, trust: Trust, now: int, policy: Policy) -> Step:
    """12. The newest anchor of the log against the policy, and the clock against the chain."""
    if now + policy.clock_tolerance < trust.time:
        return Step(12, Outcome.UNKNOWN, "clock_behind", {"chain": times.format_time(trust.time)})
    if known_at is None:
        return Step(12, Outcome.UNKNOWN, "not_reached")
    evidence: dict[str, Json] = {"known_at": times.format_time(known_at), "seconds": max(0, now - known_at)}
    if now - known_at > policy.max_age:
        return Step(12, Outcome.UNKNOWN, "knowledge_stale", evidence | {"allowed": policy.max_age})
    return Step(12, Outcome.PASS, "knowledge_fresh", evidence)
