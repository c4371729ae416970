"""Step 12: the age of the knowledge, and the clock."""

from ledger.verification.report import Report
from ledger.verification.verify import Policy
from tests.scenes import DAY
from tests.unit.ledger.verification.steps.cases import PASS, UNKNOWN, UNVERIFIABLE, VALID, case, one_licence


@case(12, UNKNOWN, "knowledge_stale", UNVERIFIABLE)
def a_replica_that_is_behind() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, now=city.registry.now + 3601)


@case(9, PASS, "status_valid", VALID)
def a_policy_that_bears_old_knowledge() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, now=city.registry.now + 30 * DAY, policy=Policy(max_age_seconds=31 * DAY))


@case(12, UNKNOWN, "clock_behind", UNVERIFIABLE)
def a_clock_behind_the_chain() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, now=city.registry.now - 121)


@case(12, UNKNOWN, "clock_behind", UNVERIFIABLE)
def a_block_beyond_every_calendar() -> Report:
    city, _, _ = one_licence()
    licence = city.licence(valid_until=None)
    city.register(licence)
    proof, now = city.proof(licence), city.registry.now
    city.registry.knowledge.note_time(now * 1000)
    return city.verify(proof, now=now)


@case(9, PASS, "status_valid", VALID)
def a_clock_a_little_behind_the_chain() -> Report:
    city, _, proof = one_licence()
    return city.verify(proof, now=city.registry.now - 120)


@case(12, UNKNOWN, "knowledge_stale", UNVERIFIABLE)
def a_log_that_anchors_nothing_but_void() -> Report:
    city, _, proof = one_licence()
    city.registry.wait(4000)
    city.anchor(status_root=b"\x07" * 32)
    return city.verify(proof)
