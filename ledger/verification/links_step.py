"""Step 11 of a verification: the seals 印章 and sealings 签章 that a record links to, as of the anchor of the sealing.

    licence  --sealed-by-->  signature (what was sealed, by whom)  --made-with-->  seal (whose it is)

The linked proofs travel inside the proof that links to them and are named by leaf hash, so nobody can put another in their
place. The moment that counts is the anchor of the signature record; the time that it declares is reported only.
"""

from collections.abc import Mapping
from typing import Final

from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.proof.linking import linked_leaves
from ledger.proof.proof import Proof
from ledger.records.claims import decode_document, is_document
from ledger.records.records import CERTIFICATE_KINDS, Link
from ledger.records.seal_claims import DECLARED_TIME, HOLDER, MADE_WITH, SEAL_NAME, SEALED_BY, SIGNER
from ledger.registry.status import Status
from ledger.registry.trust import Anchor, PositionStatus, Trust
from ledger.verification.changes import walk_changes
from ledger.verification.origin import Origin, trace_origin
from ledger.verification.reasons import Outcome
from ledger.verification.report import Step

_ENTITLEMENT_STEP: Final = 8


class _Judged(Exception):
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
    seals: list[Json] = []
    judged: list[Step] = []
    for link in proof.record.links:
        try:
            seals.append(_link(proof, link, anchor, trust))
        except _Judged as found:
            judged.append(found.step)
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        for step in judged:
            if step.outcome is outcome:
                return step
    if proof.record.kind in CERTIFICATE_KINDS and not _issuer_sealed(proof, seals):
        return Step(11, Outcome.FAIL, "seal_of_another", {"issuer": proof.record.issuer, "seals": seals})
    return Step(11, Outcome.PASS, "seals_good", {"seals": seals})


def _issuer_sealed(proof: Proof, seals: list[Json]) -> bool:
    """Others may seal beside the issuer, as on permits of several bodies; never in its stead."""
    return any(isinstance(seal, dict) and seal["holder"] == proof.record.issuer for seal in seals)


def _link(proof: Proof, link: Link, anchor: Anchor | None, trust: Trust) -> Json:
    """Return what is known of a seal that is good. Raises: _Judged."""
    if proof.record.kind in CERTIFICATE_KINDS and link.rel == SEALED_BY:
        signature, found = _linked(proof, link, "signature", trust)
        _same_document(proof, signature)
        _in_force(signature, found, trust)
        made_with = [inner for inner in signature.record.links if inner.rel == MADE_WITH]
        if len(made_with) != 1 or len(signature.record.links) != 1:
            raise _Judged(Outcome.UNKNOWN, "link_unknown", {"links": len(signature.record.links)})
        return _seal(signature, made_with[0], found.anchor, trust)
    if proof.record.kind == "signature" and link.rel == MADE_WITH:
        return _seal(proof, link, anchor, trust)
    raise _Judged(Outcome.UNKNOWN, "link_unknown", {"rel": link.rel, "kind": proof.record.kind})


def _linked(proof: Proof, link: Link, kind: str, trust: Trust) -> tuple[Proof, Origin]:
    """Return the proof that a link names, proven and with its claims. Raises: _Judged."""
    record = {"record": proof.record.suite.format(link.record)}
    linked = next((one for one in proof.linked if one.record.leaf() == link.record), None)
    if linked is None:
        raise _Judged(Outcome.UNKNOWN, "link_missing", {"rel": link.rel, **record})
    if linked.record.kind != kind:
        raise _Judged(Outcome.FAIL, "link_of_another_kind", {"kind": linked.record.kind, **record})
    found = trace_origin(linked, trust, must_present=True)
    if not found.proven:
        worst = next(step for step in found.steps if step.outcome is not Outcome.PASS)
        evidence: dict[str, Json] = {"step": worst.number, "reason": worst.reason, **record}
        if worst.number == _ENTITLEMENT_STEP and worst.outcome is Outcome.FAIL:
            raise _Judged(Outcome.FAIL, "linked_not_entitled", evidence)
        raise _Judged(Outcome.UNKNOWN, "linked_unproven", evidence)
    if not {one.record.leaf() for one in linked.linked} <= linked_leaves(linked):
        raise _Judged(Outcome.UNKNOWN, "linked_unproven", record)
    if linked.disclosure is None or linked.disclosure.digest(linked.record.suite) != linked.record.claims:
        raise _Judged(Outcome.UNKNOWN, "linked_undisclosed", record)
    return linked, found


def _same_document(proof: Proof, signature: Proof) -> None:
    """What was sealed must be among what was registered with the certificate. Raises: _Judged."""
    registered, sealed = _documents(proof), _documents(signature)
    if registered is None or sealed is None:
        raise _Judged(Outcome.UNKNOWN, "sealed_document_withheld")
    if not sealed <= registered:
        raise _Judged(Outcome.FAIL, "sealed_other_document")


def _documents(proof: Proof) -> frozenset[tuple[int, str, bytes]] | None:
    """Return size, suite and digest of every registered document; None where that cannot be told."""
    disclosure = proof.disclosure
    if disclosure is None or any(is_document(name) for name in disclosure.withheld_names):
        return None
    found = set()
    try:
        for name, value in disclosure.values.items():
            if is_document(name):
                document = decode_document(value)
                found.add((document.size, document.suite.name, document.digest))
    except MalformedInput:
        return None
    return frozenset(found) or None


def _in_force(signature: Proof, found: Origin, trust: Trust) -> None:
    """The sealing itself was not declared void since. Raises: _Judged."""
    assert found.log is not None  # a proven origin has log, anchor and position
    assert found.position is not None
    evidence: dict[str, Json] = {"identifier": signature.record.identifier}
    if not found.log.status_known:
        raise _Judged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
    newest = trust.status(found.log.name, found.position, found.log.sequence)
    _check_valid(newest, "signature_ended", evidence)


def _seal(signature: Proof, link: Link, sealed: Anchor | None, trust: Trust) -> Json:
    """Judge the seal of a sealing that was anchored by `sealed`. Raises: _Judged."""
    seal, found = _linked(signature, link, "seal", trust)
    if sealed is None or signature.disclosure is None:
        raise _Judged(Outcome.UNKNOWN, "linked_unproven")
    assert found.anchor is not None
    assert seal.disclosure is not None
    evidence: dict[str, Json] = {
        "identifier": seal.record.identifier,
        "sealed_at": times.format_time(sealed.time),
    }
    if found.anchor.n > sealed.n:
        raise _Judged(Outcome.FAIL, "seal_registered_later", evidence)
    holder, signer = seal.disclosure.values.get(HOLDER), signature.disclosure.values.get(SIGNER)
    if not isinstance(holder, str) or not isinstance(signer, str):
        raise _Judged(Outcome.UNKNOWN, "seal_holder_withheld", evidence)
    evidence |= {"holder": holder}
    if holder != signer:
        raise _Judged(Outcome.FAIL, "seal_of_another", {**evidence, "signer": signer})
    _seal_in_force(found, sealed, evidence, trust)
    day = times.civil_date(sealed.time)
    first, last = seal.record.valid_from, seal.record.valid_until
    if (first and day < first) or (last and day > last):
        raise _Judged(Outcome.FAIL, "seal_out_of_dates", evidence)
    for name, values in ((SEAL_NAME, seal), (DECLARED_TIME, signature)):
        value = values.disclosure.values.get(name) if values.disclosure else None
        if isinstance(value, str):
            evidence[_TOLD[name]] = value
    return evidence


_TOLD: Final = {SEAL_NAME: "name", DECLARED_TIME: "declared"}


def _seal_in_force(found: Origin, sealed: Anchor, evidence: dict[str, Json], trust: Trust) -> None:
    """The seal was in force when the sealing was anchored, whatever became of it later. Raises: _Judged."""
    assert found.log is not None
    assert found.position is not None
    if not found.log.status_known:
        raise _Judged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
    for change in walk_changes(trust, found.log.name, found.position, found.log.sequence):
        if change is None:
            raise _Judged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
        anchor = trust.anchor(found.log.name, change.sequence)
        if anchor is not None and anchor.n <= sealed.n:
            return _check_valid(change, "seal_not_in_force", evidence)
    return None


def _check_valid(change: PositionStatus | None, ended: str, evidence: dict[str, Json]) -> None:
    """Check that the change which decides left the position valid; `ended` is the reason where not. Raises: _Judged."""
    if change is None or (change.status is Status.VALID and not change.contradictory):
        return
    if change.contradictory or change.status is Status.REINSTATED:
        raise _Judged(Outcome.UNKNOWN, "linked_status_unknown", evidence)
    raise _Judged(Outcome.FAIL, ended, {**evidence, **_status(change)})


def _status(change: PositionStatus) -> dict[str, Json]:
    return {"status": change.status.name.lower(), "since": times.format_time(change.since)}
