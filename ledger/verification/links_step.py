"""Step 11 of a verification: seals and sealings that a record links to; what it continues.

    licence  --sealed-by-->  sealing (kind `signature`: what was sealed, by whom)  --made-with-->  seal (whose it is)
    licence  --continues-->  the transfer 转出 of a certificate of another log

The linked proofs travel inside the proof that links to them and are named by leaf hash, so nobody can put another in their
place. The moment that counts is the anchor of the sealing; the time that it declares is reported only.
"""

from collections.abc import Mapping
from typing import Final

from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.proof.linking import collect_linked_leaves
from ledger.proof.proof import Proof
from ledger.records.claims import decode_document, is_document
from ledger.records.notes import NOTE_KIND, NOTE_RELATIONS
from ledger.records.records import CERTIFICATE_KINDS, Link
from ledger.records.seal_claims import (
    DECLARED_TIME,
    HOLDER_CODE,
    MADE_WITH,
    SEAL_NAME,
    SEALED_BY,
    SIGNER_CODE,
)
from ledger.records.transfers import CONTINUES, find_destination, may_continue
from ledger.registry.changes import walk_changes
from ledger.registry.status import Status
from ledger.registry.trust import Anchor, PositionStatus, Trust
from ledger.verification.origin import Origin, trace_origin
from ledger.verification.reasons import Outcome
from ledger.verification.report import Step

_ENTITLEMENT_STEP: Final = 8


class _LinkJudged(Exception):
    """What ends the look at one link."""

    def __init__(self, outcome: Outcome, reason: str, evidence: Mapping[str, Json] | None = None) -> None:
        super().__init__(reason)
        self.step = Step(11, outcome, reason, dict(evidence) if evidence else None)


def judge_links(proof: Proof, anchor: Anchor | None, trust: Trust) -> Step:
    """11. Judge every link: proven, of a seal of whoever sealed, which was in force when the sealing was anchored.

    `anchor` is that of `proof` itself, as far as the trust knows it.
    """
    if not proof.record.links:
        return Step(11, Outcome.NOT_APPLICABLE, "no_links")
    seals_json: list[Json] = []
    predecessors_json: list[Json] = []
    bad_steps: list[Step] = []
    for link in proof.record.links:
        try:
            if _is_continuation(proof, link):
                predecessors_json.append(_judge_predecessor(proof, link, trust))
            else:
                seals_json.append(_judge_link(proof, link, anchor, trust))
        except _LinkJudged as judged_error:
            bad_steps.append(judged_error.step)
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        for step in bad_steps:
            if step.outcome is outcome:
                return step
    evidence: dict[str, Json] = {"continues": predecessors_json} if predecessors_json else {}
    if not seals_json:
        return Step(11, Outcome.NOT_APPLICABLE, "no_links", evidence)
    if proof.record.kind in CERTIFICATE_KINDS and not _has_issuer_sealed(proof, seals_json):
        return Step(11, Outcome.FAIL, "seal_of_another", {"issuer": proof.record.issuer, "seals": seals_json})
    evidence["seals"] = seals_json
    return Step(11, Outcome.PASS, "seals_good", evidence)


def _is_continuation(proof: Proof, link: Link) -> bool:
    return link.rel == CONTINUES and proof.record.kind in CERTIFICATE_KINDS


def _judge_predecessor(proof: Proof, link: Link, trust: Trust) -> Json:
    """Return what is known of the transfer that a certificate continues; it may be nothing. Raises: _LinkJudged.

    Who issued the new certificate answers for it; the old one shows where it comes from, and cannot make it better.
    """
    evidence: dict[str, Json] = {"record": proof.record.suite.format(link.record)}
    transfer_proof = _find_linked(proof, link)
    if transfer_proof is None:
        return evidence
    record = transfer_proof.record
    if not may_continue(proof.record, record):
        raise _LinkJudged(Outcome.FAIL, "link_of_another_kind", {"kind": record.kind, **evidence})
    origin = trace_origin(transfer_proof, trust, must_present=False)
    is_bare = not (transfer_proof.disclosure or transfer_proof.staple or transfer_proof.linked_proofs)
    if not (is_bare and origin.is_proven):
        raise _LinkJudged(Outcome.UNKNOWN, "linked_unproven", evidence)
    assert origin.anchor is not None  # a proven origin has log, anchor and position
    evidence |= {
        "identifier": record.identifier,
        "issuer": record.issuer,
        "log": transfer_proof.entry.statement.log,
        "transferred": times.format_time(origin.anchor.time),
    }
    destination = find_destination(record)
    if destination is not None and destination != proof.entry.statement.log:
        raise _LinkJudged(Outcome.UNKNOWN, "moved_elsewhere", {"moved_to": destination, **evidence})
    return evidence


def _find_linked(proof: Proof, link: Link) -> Proof | None:
    return next(
        (candidate for candidate in proof.linked_proofs if candidate.record.hash_leaf() == link.record), None
    )


def _has_issuer_sealed(proof: Proof, seals_json: list[Json]) -> bool:
    """Others may seal beside the issuer, as on permits of several bodies; never in its stead."""
    return any(
        isinstance(seal_json, dict) and seal_json["holder"] == proof.record.issuer for seal_json in seals_json
    )


def _judge_link(proof: Proof, link: Link, anchor: Anchor | None, trust: Trust) -> Json:
    """Return what is known of a seal that is good. Raises: _LinkJudged."""
    if proof.record.kind in CERTIFICATE_KINDS and link.rel == SEALED_BY:
        sealing_proof, origin = _follow(proof, link, "signature", trust)
        _require_same_documents(proof, sealing_proof)
        _require_valid_sealing(sealing_proof, origin, trust)
        seal_links = [other_link for other_link in sealing_proof.record.links if other_link.rel == MADE_WITH]
        if len(seal_links) != 1 or len(sealing_proof.record.links) != 1:
            raise _LinkJudged(Outcome.UNKNOWN, "link_unknown", {"links": len(sealing_proof.record.links)})
        return _judge_seal(sealing_proof, seal_links[0], origin.anchor, trust)
    if proof.record.kind == "signature" and link.rel == MADE_WITH:
        return _judge_seal(proof, link, anchor, trust)
    if proof.record.kind == NOTE_KIND and link.rel in NOTE_RELATIONS:
        raise _LinkJudged(Outcome.UNKNOWN, "note_alone", {"rel": link.rel})
    raise _LinkJudged(Outcome.UNKNOWN, "link_unknown", {"rel": link.rel, "kind": proof.record.kind})


def _follow(proof: Proof, link: Link, kind: str, trust: Trust) -> tuple[Proof, Origin]:
    """Return the proof that a link names, proven and with its claims. Raises: _LinkJudged."""
    record_evidence = {"record": proof.record.suite.format(link.record)}
    linked_proof = _find_linked(proof, link)
    if linked_proof is None:
        raise _LinkJudged(Outcome.UNKNOWN, "link_missing", {"rel": link.rel, **record_evidence})
    if linked_proof.record.kind != kind:
        raise _LinkJudged(
            Outcome.FAIL, "link_of_another_kind", {"kind": linked_proof.record.kind, **record_evidence}
        )
    origin = trace_origin(linked_proof, trust, must_present=True)
    if not origin.is_proven:
        worst_step = next(step for step in origin.steps if step.outcome is not Outcome.PASS)
        evidence: dict[str, Json] = {
            "step": worst_step.number,
            "reason": worst_step.reason,
            **record_evidence,
        }
        if worst_step.number == _ENTITLEMENT_STEP and worst_step.outcome is Outcome.FAIL:
            raise _LinkJudged(Outcome.FAIL, "linked_not_entitled", evidence)
        raise _LinkJudged(Outcome.UNKNOWN, "linked_unproven", evidence)
    if not {
        inner_proof.record.hash_leaf() for inner_proof in linked_proof.linked_proofs
    } <= collect_linked_leaves(linked_proof):
        raise _LinkJudged(Outcome.UNKNOWN, "linked_unproven", record_evidence)
    if (
        linked_proof.disclosure is None
        or linked_proof.disclosure.digest(linked_proof.record.suite) != linked_proof.record.claims
    ):
        raise _LinkJudged(Outcome.UNKNOWN, "linked_undisclosed", record_evidence)
    return linked_proof, origin


def _require_same_documents(proof: Proof, sealing_proof: Proof) -> None:
    """What was sealed must be among what was registered with the certificate. Raises: _LinkJudged."""
    registered_documents, sealed_documents = _collect_documents(proof), _collect_documents(sealing_proof)
    if registered_documents is None or sealed_documents is None:
        raise _LinkJudged(Outcome.UNKNOWN, "sealed_document_withheld")
    if not sealed_documents <= registered_documents:
        raise _LinkJudged(Outcome.FAIL, "sealed_other_document")


def _collect_documents(proof: Proof) -> frozenset[tuple[int, str, bytes]] | None:
    """Return size, suite and digest of every registered document; None where that cannot be told."""
    disclosure = proof.disclosure
    if disclosure is None or any(is_document(name) for name in disclosure.withheld_names):
        return None
    documents = set()
    try:
        for name, value in disclosure.values.items():
            if is_document(name):
                document = decode_document(value)
                documents.add((document.size, document.suite.name, document.digest))
    except MalformedInput:
        return None
    return frozenset(documents) or None


def _require_valid_sealing(sealing_proof: Proof, origin: Origin, trust: Trust) -> None:
    """The sealing itself was not declared void since. Raises: _LinkJudged."""
    assert origin.log is not None  # a proven origin has log, anchor and position
    assert origin.position is not None
    evidence: dict[str, Json] = {"identifier": sealing_proof.record.identifier}
    if not origin.log.is_status_known:
        raise _LinkJudged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
    newest_change = trust.find_status(origin.log.name, origin.position, origin.log.sequence)
    _require_valid(newest_change, "signature_ended", evidence)


def _judge_seal(sealing_proof: Proof, link: Link, sealing_anchor: Anchor | None, trust: Trust) -> Json:
    """Judge the seal of a sealing that was anchored by `sealing_anchor`. Raises: _LinkJudged."""
    seal_proof, origin = _follow(sealing_proof, link, "seal", trust)
    if sealing_anchor is None or sealing_proof.disclosure is None:
        raise _LinkJudged(Outcome.UNKNOWN, "linked_unproven")
    assert origin.anchor is not None
    assert seal_proof.disclosure is not None
    evidence: dict[str, Json] = {
        "identifier": seal_proof.record.identifier,
        "sealed_at": times.format_time(sealing_anchor.time),
    }
    if origin.anchor.event_number > sealing_anchor.event_number:
        raise _LinkJudged(Outcome.FAIL, "seal_registered_later", evidence)
    holder_code, signer_code = (
        seal_proof.disclosure.values.get(HOLDER_CODE),
        sealing_proof.disclosure.values.get(SIGNER_CODE),
    )
    if not isinstance(holder_code, str) or not isinstance(signer_code, str):
        raise _LinkJudged(Outcome.UNKNOWN, "seal_holder_withheld", evidence)
    evidence |= {"holder": holder_code}
    if holder_code != signer_code:
        raise _LinkJudged(Outcome.FAIL, "seal_of_another", {**evidence, "signer": signer_code})
    _require_valid_seal(origin, sealing_anchor, evidence, trust)
    day = times.find_civil_date(sealing_anchor.time)
    first_day, last_day = seal_proof.record.valid_from, seal_proof.record.valid_until
    if (first_day and day < first_day) or (last_day and day > last_day):
        raise _LinkJudged(Outcome.FAIL, "seal_out_of_dates", evidence)
    for name, source_proof in ((SEAL_NAME, seal_proof), (DECLARED_TIME, sealing_proof)):
        value = source_proof.disclosure.values.get(name) if source_proof.disclosure else None
        if isinstance(value, str):
            evidence[_EVIDENCE_NAMES[name]] = value
    return evidence


_EVIDENCE_NAMES: Final = {SEAL_NAME: "name", DECLARED_TIME: "declared"}


def _require_valid_seal(
    origin: Origin, sealing_anchor: Anchor, evidence: dict[str, Json], trust: Trust
) -> None:
    """The seal was in force when the sealing was anchored, whatever became of it later. Raises: _LinkJudged."""
    assert origin.log is not None  # a proven origin has log, anchor and position
    assert origin.position is not None
    if not origin.log.is_status_known:
        raise _LinkJudged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
    deciding_change: PositionStatus | None = None
    for change in walk_changes(trust, origin.log.name, origin.position, origin.log.sequence):
        if change is None:
            raise _LinkJudged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
        anchor = trust.find_anchor(origin.log.name, change.sequence)
        if anchor is None or anchor.event_number > sealing_anchor.event_number:
            continue
        if (
            change.status is Status.REINSTATED
        ):  # whatever came after it: a seal that has ended has ended for good
            raise _LinkJudged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
        deciding_change = deciding_change or change
    _require_valid(deciding_change, "seal_not_in_force", evidence)


def _require_valid(change: PositionStatus | None, ended_reason: str, evidence: dict[str, Json]) -> None:
    """Check that the change which decides left the position valid; else `ended_reason`. Raises: _LinkJudged."""
    if change is None or (change.status is Status.VALID and not change.is_contradictory):
        return
    if change.is_contradictory or change.status is Status.REINSTATED:
        raise _LinkJudged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
    raise _LinkJudged(Outcome.FAIL, ended_reason, {**evidence, **_encode_status(change)})


def _encode_status(change: PositionStatus) -> dict[str, Json]:
    return {"status": change.status.name.lower(), "since": times.format_time(change.since)}
