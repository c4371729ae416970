"""Every combination of status, dates, source and age of knowledge, and evidence.

What may be concluded, and what never.

The table is walked in full. No cell with missing evidence says `valid` or `invalid`; no cell with altered evidence says
`valid`; and what good evidence leads to follows from a few lines here that share nothing with the program.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import product
from typing import Any, Final

import pytest

from ledger.crypto.trees import PathElement
from ledger.encoding.times import find_civil_date
from ledger.proof.proof import Proof
from ledger.records.claims import FullDisclosure
from ledger.registry import acts
from ledger.registry.knowledge import Knowledge
from ledger.registry.snapshots import replay
from ledger.registry.status import Status
from ledger.registry.trust import Trust
from ledger.verification.verify import Policy, PresentedContent, verify
from tests.cosigning import snapshot
from tests.scenes import DOCUMENT, START, City, Item, Registry

CONTRADICTORY: Final = "contradictory"
TODAY: Final = find_civil_date(START)
STATUSES: Final[Mapping[Any, tuple[str, ...]]] = {
    Status.VALID: (),
    Status.SUSPENDED: ("suspend",),
    Status.SUPERSEDED: ("renew",),
    Status.CANCELLED: ("cancel",),
    Status.REVOKED: ("revoke",),
    Status.WITHDRAWN: ("withdraw",),
    Status.TRANSFERRED: ("transfer",),
    Status.VOID: ("void",),
    Status.REINSTATED: ("revoke", "reinstate"),
    CONTRADICTORY: (),
}
DATES: Final[Mapping[str, Mapping[str, Any]]] = {
    "not yet": {"valid_from": date(TODAY.year + 1, 1, 1), "valid_until": date(TODAY.year + 2, 1, 1)},
    "within": {"valid_from": date(TODAY.year - 1, 1, 1), "valid_until": date(TODAY.year + 1, 1, 1)},
    "last day": {"valid_from": TODAY, "valid_until": TODAY},
    "past": {"valid_from": date(TODAY.year - 2, 1, 1), "valid_until": date(TODAY.year - 1, 1, 1)},
    "none": {"valid_from": None, "valid_until": None},
}
SOURCES: Final = ("replica", "staple", "snapshot", "none")
AGES: Final = {"fresh": 0, "stale": Policy().max_age_seconds + 1}
#: A log that continues one of another registry: of its positions only staples tell the status.
CONTINUED: Final = acts.Predecessor(
    "eip155:1:0x" + "22" * 20 + ":" + "00" * 8, "old", 9, b"\x01" * 32, 64, b"\x02" * 32
)


@dataclass(frozen=True)
class Case:
    """A certificate of one status and one kind of dates, its proof, and who is asked about it."""

    proof: Proof
    trust: Trust
    now: int


@lru_cache
def city_with(status: Any, source: str) -> tuple[City, Mapping[str, tuple[Item, tuple[Item, ...]]]]:
    """Return a city that has registered a licence for every kind of dates and let it come to `status`."""
    predecessor = CONTINUED if source == "staple" else acts.Predecessor()
    city = City(Registry(), predecessor=predecessor)
    items = {}
    for name, dates in DATES.items():
        item = city.licence(**dates)
        city.register(item)
        causes = []
        for action in STATUSES[status]:
            causes.append(city.follow(action, item))
            city.register(causes[-1])
        if status == CONTRADICTORY:
            city.anchor(changes=[(city.position(item), Status.REVOKED)])
            city.anchor(changes=[(city.position(item), Status.SUSPENDED)])
        items[name] = item, tuple(causes[-1:])
    return city, items


@lru_cache
def knowledge_of(status: Any, source: str) -> Knowledge:
    registry = city_with(status, source)[0].registry
    if source == "snapshot":
        return replay([snapshot(registry)])
    return Knowledge(registry.name, registry.head_zero) if source == "none" else registry.knowledge


def case(status: Any, dates: str, source: str, age: str) -> Case:
    city, items = city_with(status, source)
    item, causes = items[dates]
    proof = city.proof(item, *causes)
    return Case(proof, knowledge_of(status, source), city.registry.now + AGES[age])


def expected(status: Any, dates: str, source: str, age: str) -> str:
    """Return what good evidence leads to."""
    if source == "none":
        return "unverifiable"
    ended = status in range(Status.SUSPENDED, Status.REINSTATED) if status != CONTRADICTORY else False
    if ended or dates in ("not yet", "past"):
        return "not_current"
    return "unverifiable" if status == CONTRADICTORY or age == "stale" else "valid"


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def altered_claims(proof: Proof) -> Proof:
    assert isinstance(proof.disclosure, FullDisclosure)
    name, _ = proof.disclosure.claims[0]
    return replace(
        proof, disclosure=replace(proof.disclosure, claims=((name, "改"), *proof.disclosure.claims[1:]))
    )


def other_staple(proof: Proof) -> Proof:
    assert proof.staple
    return replace(proof, staple=replace(proof.staple, chunk=flipped(proof.staple.chunk)))


def other_entry(proof: Proof) -> Proof:
    return replace(proof, entry=replace(proof.entry, signature=flipped(proof.entry.signature)))


def longer_statement(proof: Proof) -> Proof:
    statement = replace(proof.entry.statement, expires_at=proof.entry.statement.expires_at + 1)
    return replace(proof, entry=replace(proof.entry, statement=statement))


GENUINE = PresentedContent((DOCUMENT,))
Present = tuple[PresentedContent, Proof | bytes]
ALTERED: Final[Mapping[str, Callable[[Proof], Present]]] = {
    "document": lambda proof: (PresentedContent((DOCUMENT + b"!",)), proof),
    "claims": lambda proof: (GENUINE, altered_claims(proof)),
    "record": lambda proof: (GENUINE, replace(proof, record=replace(proof.record, valid_until=date.max))),
    "index": lambda proof: (GENUINE, replace(proof, index=proof.index + 1)),
    "entry": lambda proof: (GENUINE, other_entry(proof)),
    "statement": lambda proof: (GENUINE, longer_statement(proof)),
    "batch": lambda proof: (GENUINE, replace(proof, batch_path=(*proof.batch_path, PathElement("left", 1, bytes(32))))),
    "anchor": lambda proof: (GENUINE, replace(proof, sequence=proof.sequence + 1)),
    "staple": lambda proof: (GENUINE, other_staple(proof)),
}  # fmt: skip
MISSING: Final[Mapping[str, Callable[[Proof], Present]]] = {
    "nothing presented": lambda proof: (PresentedContent(), proof),
    "nothing disclosed": lambda proof: (GENUINE, replace(proof, disclosure=None)),
    "half of the proof": lambda proof: (
        PresentedContent((DOCUMENT,)),
        proof.encode()[: len(proof.encode()) // 2],
    ),
    "no proof": lambda _: (GENUINE, b""),
    "an anchor to come": lambda proof: (GENUINE, replace(proof, sequence=10_000)),
}


def cells() -> Iterator[tuple[Any, str, str, str]]:
    return product(STATUSES, DATES, SOURCES, AGES)


def verdict(present: Present, asked: Case) -> str:
    presented, proof = present
    return str(verify(presented, proof, asked.trust, asked.now).verdict)


def test_good_evidence_leads_where_it_should() -> None:
    counted: Counter[str] = Counter()
    for cell in cells():
        asked = case(*cell)
        concluded = verdict((GENUINE, asked.proof), asked)
        assert concluded == expected(*cell), cell
        counted[concluded] += 1
    assert counted == {"valid": 18, "not_current": 246, "unverifiable": 136}


@pytest.mark.parametrize("how", MISSING)
def test_what_is_missing_makes_nothing_valid_or_invalid(how: str) -> None:
    counted: Counter[str] = Counter()
    for cell in cells():
        asked = case(*cell)
        concluded = verdict(MISSING[how](asked.proof), asked)
        assert concluded in ("unverifiable", "not_current"), cell
        counted[concluded] += 1
    assert counted.total() == 400
    assert counted["unverifiable"] > 0


@pytest.mark.parametrize("how", ALTERED)
def test_what_is_altered_makes_nothing_valid(how: str) -> None:
    counted: Counter[str] = Counter()
    for cell in cells():
        asked = case(*cell)
        concluded = verdict(ALTERED[how](asked.proof), asked)
        assert concluded != "valid", cell
        counted[concluded] += 1
    assert counted.total() == 400
    assert counted["invalid"] or how == "staple"  # the trust's own statuses decide: a staple only casts doubt


def test_a_missing_staple_or_cause_makes_nothing_valid() -> None:
    """What one source or one status alone needs: the staple of a log that was continued, the record of a reinstatement."""
    looked = 0
    for status, dates, source, age in cells():
        asked = case(status, dates, source, age)
        for without in ({"staple": None}, {"linked_proofs": ()}):
            proof = replace(asked.proof, **without)
            concluded = verdict((GENUINE, proof), asked)
            needed = (source == "staple" and "staple" in without) or (
                status == 8 and "linked_proofs" in without
            )
            assert concluded != "invalid"
            assert not (needed and concluded == "valid")
            looked += needed
    assert looked == 100 + 40
