"""The audit's own reading of a grant says the same as the rule that verifies records."""

from itertools import product

from anchoring.audit.register.records import _grant_covers, was_grant_effective
from ledger.registry.trust import Grant
from ledger.verification.entitlement import Moment, Scope, is_granted
from tests.scenes import TYPE, City, Registry
from tests.sealed import make_seal


def test_both_copies_agree_on_every_grant() -> None:
    city = City(Registry())
    city.anchor()
    anchor = city.registry.knowledge.find_anchor(city.name, 1)
    assert anchor
    records = [city.licence().record, make_seal(city).record]
    numbers, moments = (
        (anchor.event_number, anchor.event_number + 1),
        (anchor.time - 1, anchor.time, anchor.time + 1),
    )
    types = ((), (TYPE,), ("",), ("11100000MB03271699001",))
    agreed = set()
    for record, n, kinds, of, first, last in product(records, numbers, range(4), types, moments, moments):
        grant = Grant(city.key.public.id, city.issuer, n, kinds, of, first, last)
        own = was_grant_effective(grant, anchor) and _grant_covers(grant, record)
        assert own == is_granted([grant], Moment.of_anchor(anchor), Scope.of_record(record)), grant
        agreed.add(own)
    assert agreed == {True, False}
