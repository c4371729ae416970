"""Random lives of a certificate: never is the chain asked for what it forbids."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import TransitionRefused
from ledger.records.lifecycle import follow
from ledger.records.records import PRESENTABLE_ACTIONS, STATUS_ACTIONS
from ledger.registry.status import Status, may_become
from ledger.verification.history import PlacedRecord, judge_history
from ledger.verification.reasons import Verdict
from tests.scenes import City, Item, Registry

ACTIONS = sorted(STATUS_ACTIONS | PRESENTABLE_ACTIONS - {"issue"})


@given(st.lists(st.sampled_from(ACTIONS), max_size=12))
@settings(max_examples=150)
def test_random_walks(actions: list[str]) -> None:
    city = City(Registry(), "tianmen")
    licence = current = city.licence()
    city.register(licence)
    statuses = {licence.leaf: Status.VALID}
    lived: list[Item] = [licence]
    for action in actions:
        lineage = city.lineages[licence.record.lineage]
        item = city.follow(action, current)
        try:
            after, change = follow(lineage, item.record, item.leaf)
        except TransitionRefused:
            continue
        assert change
        assert change.leaf == lineage.current_leaf == current.leaf
        assert may_become(statuses[current.leaf], change.status)
        assert (after.newest_leaf, lineage.status) == (item.leaf, statuses[current.leaf])
        statuses[current.leaf] = change.status
        city.register(item)
        lived.append(item)
        if action in PRESENTABLE_ACTIONS:
            current = item
            statuses[current.leaf] = Status.VALID
    agree(city, lived, statuses)


def agree(city: City, lived: list[Item], statuses: dict[bytes, Status]) -> None:
    """The chain says the same as the state machine, and verification and history the same as the chain."""
    trust = city.registry.knowledge
    records = []
    for item in lived:
        position, place = city.position(item), city.places[item.leaf]
        at = trust.find_status("tianmen", position, city.sequence)
        assert (at.status if at else Status.VALID) is statuses.get(item.leaf, Status.VALID)
        assert not (at and at.is_contradictory)
        assert trust.trees["tianmen"].get(position) == statuses.get(item.leaf, Status.VALID)
        records.append(
            PlacedRecord(item.record, item.leaf, position, trust.find_anchor("tianmen", place.sequence))
        )
        if item.leaf in statuses:
            changes = [
                other
                for other in lived
                if other.record.action in STATUS_ACTIONS and other.record.identifier == item.record.identifier
            ]
            verdict = city.verify(city.proof(item, *changes)).verdict
            in_force = statuses[item.leaf] in (Status.VALID, Status.REINSTATED)
            assert verdict is (Verdict.VALID if in_force else Verdict.NOT_CURRENT)
    told = judge_history(records, trust, "tianmen")
    assert told.findings == ()
    assert [entry.record for entry in told.records] == [item.record for item in lived]
