"""The second verifier (verifier/verify.py) beside ours: what each concludes.

From the same events, proof and clock.
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, Final
from weakref import WeakKeyDictionary

from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof
from ledger.registry.acts import Event
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust import LogState
from ledger.verification.report import Report
from ledger.verification.verify import Policy
from tests.properties.subjects import Subject, paper
from tests.scenes import City, Registry, readable

second: Final[Any] = import_module("verifier.verify")  # it has no types, and is no package of ours
second.keccak256 = lru_cache(100_000)(
    second.keccak256
)  # in plain Python it is slow, and altered files are alike

SEED: Final = int(os.environ.get("SHUNZHENG_SEED", "1"))
MUTATIONS: Final = int(os.environ.get("SHUNZHENG_MUTATIONS", "2000"))
MOST_POSITIONS: Final = 450  # of a log, whose statuses are compared one by one

Judgement = tuple[str, int, str]  # verdict, step and reason
Steps = dict[int, tuple[str, str]]  # outcome and reason of all twelve, by number

_TRUSTS: WeakKeyDictionary[Registry, tuple[Any, int]] = WeakKeyDictionary()


def apply(trust: Any, event: Event) -> None:
    """Let the second verifier replay an event."""
    terms = (event.event_number, event.time, event.previous_block_number, event.kind, event.payload)
    if trust.heads_by_number:
        trust.heads_by_number.append(second.extend_head(trust.heads_by_number[-1], *terms))
    trust.apply(event.event_number, event.kind, event.time, event.block_number, event.payload)


def trust_of(registry: Registry) -> Any:
    """Return what the second verifier makes of the events so far, as of the time that ours knows."""
    trust, applied = _TRUSTS.get(registry, (None, 0))
    if trust is None:
        trust = second.Trust(registry.name)
        trust.heads_by_number = [registry.head_zero]
    for event in registry.events[applied:]:
        apply(trust, event)
    for log, page in registry.published:
        second.take_entries(trust, log, encode_canonical({"items": page}))
    _TRUSTS[registry] = trust, len(registry.events)
    trust.time = registry.knowledge.time
    return trust


def told(report: Report) -> tuple[Judgement, Steps]:
    steps = {step.number: (step.outcome.value, step.reason) for step in report.steps}
    return (report.verdict.value, report.deciding_step.number, report.reason), steps


def theirs(
    city: City,
    text: bytes,
    *,
    claims: Mapping[str, Json],
    documents: Sequence[bytes] = (),
    now: int | None = None,
    policy: Policy | None = None,
) -> tuple[Judgement, Steps]:
    """Return what the second verifier says where `city.verify` is asked the same."""
    now = city.registry.now if now is None else now
    max_age = (policy or Policy()).max_age_seconds
    steps: Steps = second.judge(text, trust_of(city.registry), now, documents, dict(claims), max_age)
    judgement: Judgement = second.decide(steps)
    return judgement, steps


class BothVerifiers:
    """Stands in for `City.verify`: asks both, demands one answer, and remembers what only one of them can be asked."""

    def __init__(self) -> None:
        self.ours = City.verify
        self.asked = 0
        self.unwritten = 0

    def verify(self, city: City, proof: Proof | bytes, **presented: Any) -> Report:
        report = self.ours(city, proof, **presented)
        assert city.registry.knowledge.fold.event_number == len(city.registry.events)
        try:
            text = proof if isinstance(proof, bytes) else encode_canonical(proof.to_json())
        except MalformedInput:
            self.unwritten += 1
            return report
        if presented.get("claims") is None:
            presented["claims"] = {} if presented.get("documents") else readable(proof)
        self.asked += 1
        said, expected = theirs(city, text, **presented), told(report)
        assert said == expected, f"the second verifier says {said}, ours {expected}"
        looked = second.judge_entries(text, trust_of(city.registry))
        assert looked == report.entries_check, (
            f"the second verifier says {looked} of the entries, ours {report.entries_check}"
        )
        moment = presented.get("now") or city.registry.now
        listed = second.list_notes(text, trust_of(city.registry), moment)
        ours = [(note.note.relation, note.state.value, note.record.identifier) for note in report.notes]
        assert listed == ours, f"the second verifier lists the notes {listed}, ours {ours}"
        return report


def ours(
    city: City,
    text: bytes,
    *,
    claims: Mapping[str, Json],
    documents: Sequence[bytes] = (),
    now: int | None = None,
    policy: Policy | None = None,
) -> tuple[Judgement, Steps]:
    """Return what our verifier says of the same."""
    return told(city.verify(text, claims=claims, documents=documents, now=now, policy=policy))


def both(subject: Subject) -> Judgement:
    """Return what both verifiers conclude of a proof with the values on its paper."""
    text, claims = json.dumps(subject.proof).encode(), paper(subject.proof)
    one, other = ours(subject.city, text, claims=claims), theirs(subject.city, text, claims=claims)
    assert one == other, f"ours {one}, theirs {other}"
    return one[0]


def same_facts(known: Knowledge, trust: Any) -> str | None:
    """Return in what the facts of both differ; None where they are the same."""
    logs = {log.name: log for log in known.list_logs()}
    if logs.keys() != trust.logs.keys():
        return f"logs {sorted(logs)} / {sorted(trust.logs)}"
    if known.time != trust.time:
        return f"time {known.time} / {trust.time}"
    for name, log in logs.items():
        difference = _log_differs(known, log, trust.logs[name])
        if difference:
            return f"{name}: {difference}"
    return _keys_differ(known, trust)


def _log_differs(known: Knowledge, log: LogState, other: Any) -> str | None:
    here: Any = (log.suite.name, log.size, log.is_status_known, log.sequence, log.anchored_at)
    there: Any = (other.suite, other.size, other.is_status_known, len(other.anchors), other.anchored_at)
    if here != there:
        return f"{here} / {there}"
    for sequence, anchor in enumerate(other.anchors, start=1):
        anchored = known.find_anchor(log.name, sequence)
        assert anchored is not None
        here = (
            anchored.event_number,
            anchored.block_number,
            anchored.time,
            anchored.size_before,
            anchored.size,
            anchored.root,
            anchored.status_root,
            bool(anchored.void_reason),
        )
        there = (
            anchor.event_number,
            anchor.block,
            anchor.time,
            anchor.size_before,
            anchor.size,
            anchor.root,
            anchor.status_root,
            anchor.is_void,
        )
        if here != there:
            return f"anchor {sequence}: {here} / {there}"
    for position in range(min(log.size, MOST_POSITIONS)):
        for sequence in range(log.sequence + 1):
            own_status, change = (
                known.find_status(log.name, position, sequence),
                other.find_status(position, sequence),
            )
            here = own_status and (
                own_status.sequence,
                own_status.status,
                own_status.is_contradictory,
                own_status.since,
            )
            if here != (change and tuple(change)):
                return f"position {position} at {sequence}: {here} / {change}"
    return None


def _keys_differ(known: Knowledge, trust: Any) -> str | None:
    for key, (spki, purpose, log, n) in trust.keys.items():
        registered = known.find_key(key)
        here = registered and (
            registered.spki,
            registered.purpose,
            registered.log,
            registered.event_number,
            registered.retired_at,
            registered.compromised_since,
        )
        there = (spki, purpose, log, n, trust.retired_at.get(key), trust.compromised_since.get(key))
        if here != there:
            return f"key {key.hex()}: {here} / {there}"
    for _, key, issuer, *_ in trust.grants:
        one_grants = [
            (grant.kinds, grant.types, grant.not_before, grant.not_after, grant.event_number)
            for grant in known.list_grants(key, issuer)
        ]
        two_grants = [
            (kinds, tuple(types), *rest)
            for _, of, to, kinds, types, *rest in trust.grants
            if (of, to) == (key, issuer)
        ]
        if one_grants != two_grants:
            return f"grants of {key.hex()} for {issuer}: {one_grants} / {two_grants}"
    for issuer in {issuer for issuer, *_ in trust.issuers}:
        for n in range(known.fold.event_number + 1):
            if known.find_issuer_log(issuer, n) != trust.find_log(issuer, n):
                return f"issuer {issuer} at {n}: {known.find_issuer_log(issuer, n)} / {trust.find_log(issuer, n)}"
    return None
