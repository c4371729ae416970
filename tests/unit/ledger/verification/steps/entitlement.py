"""Step 8: issuer, key and grant at the anchor."""

from typing import Any

from ledger.registry import acts
from ledger.verification.report import Report
from tests.scenes import DAY, START, City, Registry
from tests.unit.ledger.verification.steps.cases import (
    FAIL,
    INVALID,
    PASS,
    UNKNOWN,
    UNVERIFIABLE,
    VALID,
    case,
    one_licence,
)


@case(8, FAIL, "issuer_not_in_log", INVALID)
def an_issuer_of_another_city() -> Report:
    city, _, _ = one_licence()
    other = City(city.registry, "wuhan")
    licence = city.licence()
    stolen = other.submit(licence, signer=city.key)
    other.anchor(stolen)
    return other.verify(other.proof(licence))


@case(8, FAIL, "key_not_registered", INVALID)
def a_key_registered_after_the_anchor() -> Report:
    city, _, _ = one_licence()
    key, licence = city.new_key(), city.licence()
    city.anchor(city.submit(licence, signer=key))
    city.registry.act(acts.KeyRegistered(city.name, 1, key.public.spki))
    city.give(key, city.issuer)
    return city.verify(city.proof(licence))


@case(8, FAIL, "key_not_registered", INVALID)
def a_key_that_was_never_registered() -> Report:
    city, _, _ = one_licence()
    licence = city.licence()
    city.anchor(city.submit(licence, signer=city.new_key()))
    return city.verify(city.proof(licence))


def _with_grant(**altered: Any) -> Report:
    city = City(Registry(), "tianmen", grant=False)
    city.give(city.key, city.issuer, **altered)
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence))


@case(8, FAIL, "not_entitled", INVALID)
def a_key_without_a_grant() -> Report:
    city = City(Registry(), "tianmen", grant=False)
    licence = city.licence()
    city.register(licence)
    city.give(city.key, city.issuer)  # too late
    return city.verify(city.proof(licence))


@case(8, FAIL, "not_entitled", INVALID)
def a_grant_of_other_kinds() -> Report:
    return _with_grant(kinds=2 | 4 | 8)


@case(8, FAIL, "not_entitled", INVALID)
def a_grant_of_other_types() -> Report:
    return _with_grant(types=("11100000MB03271699022",))


@case(8, FAIL, "not_entitled", INVALID)
def a_grant_that_has_not_begun() -> Report:
    return _with_grant(not_before=START + DAY)


@case(8, FAIL, "not_entitled", INVALID)
def a_grant_that_has_ended() -> Report:
    return _with_grant(not_before=0, not_after=START)


@case(9, PASS, "status_valid", VALID)
def a_grant_of_the_second_of_the_anchor() -> Report:
    anchored = START + 7  # six acts stand before it, a second each
    report = _with_grant(not_before=anchored, not_after=anchored)
    assert report.anchor
    assert report.anchor.time == anchored
    return report


@case(9, PASS, "status_valid", VALID)
def a_grant_of_this_type_alone() -> Report:
    return _with_grant(types=("11100000MB0143028R001",), kinds=1)


@case(8, FAIL, "not_entitled", INVALID)
def a_node_key_that_signs_a_statement() -> Report:
    city, _, _ = one_licence()
    node, licence = city.new_key(), city.licence()
    city.registry.act(acts.KeyRegistered(city.name, 2, node.public.spki))
    city.give(node, city.issuer)
    city.anchor(city.submit(licence, signer=node))
    return city.verify(city.proof(licence))


@case(8, FAIL, "not_entitled", INVALID)
def a_key_of_the_log_that_the_issuer_has_left() -> Report:
    city, _, _ = one_licence()
    other = City(city.registry, "wuhan")
    city.registry.act(acts.IssuerAssigned(other.name, city.issuer))
    licence = city.licence()
    other.anchor(other.submit(licence, signer=city.key))
    return other.verify(other.proof(licence))


@case(8, FAIL, "key_retired", INVALID)
def a_key_retired_before_the_anchor() -> Report:
    city, _, _ = one_licence()
    city.registry.act(acts.KeyRetired(city.key.public.id, city.registry.now))
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence))


@case(8, FAIL, "key_retired", INVALID)
def a_key_retired_in_the_second_of_the_anchor() -> Report:
    city, _, _ = one_licence()
    city.registry.act(acts.KeyRetired(city.key.public.id, city.registry.now + 2))
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence))


@case(9, PASS, "status_valid", VALID)
def a_key_retired_a_second_after_the_anchor() -> Report:
    city, _, _ = one_licence()
    city.registry.act(acts.KeyRetired(city.key.public.id, city.registry.now + 3))
    licence = city.licence()
    city.register(licence)
    return city.verify(city.proof(licence))


@case(8, UNKNOWN, "key_compromised", UNVERIFIABLE)
def a_key_compromised_before_the_anchor() -> Report:
    city, _, proof = one_licence()
    city.registry.act(acts.KeyCompromised(city.key.public.id, START))
    return city.verify(proof)


@case(9, PASS, "status_valid", VALID)
def a_key_compromised_and_retired_after_the_anchor() -> Report:
    city, _, proof = one_licence()
    city.registry.wait(60)
    city.registry.act(acts.KeyCompromised(city.key.public.id, city.registry.now))
    city.registry.act(acts.KeyRetired(city.key.public.id, city.registry.now))
    return city.verify(proof)
