"""What is known after which acts.

The fold of the events, and the questions of verification to it.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from ledger.crypto.keys import keccak256
from ledger.crypto.suites import SHA256, SM3
from ledger.errors import BrokenHead, MalformedInput, NewerFormat
from ledger.registry import acts
from ledger.registry.acts import Event
from ledger.registry.fold import derive
from ledger.registry.knowledge import Fold, Knowledge
from ledger.registry.status import Status, StatusTree
from ledger.registry.trust import Governance
from tests.scenes import ADDRESS, DAY, START, City, Registry, scene

OTHER = "0x" + "22" * 20


def test_governance() -> None:
    registry = Registry()
    known = registry.knowledge
    assert known.find_governance() == Governance(ADDRESS)
    registry.act(acts.ProvinceTransferStarted(OTHER))
    assert known.find_governance() == Governance(ADDRESS, OTHER)
    registry.act(acts.ProvinceTransferred(OTHER))
    assert known.find_governance() == Governance(OTHER)
    registry.act(acts.RegistryClosed("eip155:1:0x00:00"))
    assert known.find_governance() == Governance(OTHER, successor="eip155:1:0x00:00")


def test_logs_and_divisions() -> None:
    registry = Registry()
    City(registry, "tianmen")
    City(registry, "wuhan", suite=SHA256)
    known = registry.knowledge
    assert [log.name for log in known.list_logs()] == ["tianmen", "wuhan"]
    assert known.divisions == {"429006": "tianmen", "420100": "wuhan"}
    registry.act(acts.DivisionAssigned("429006", "wuhan"))
    registry.act(acts.DivisionAssigned("420100", ""))
    assert known.divisions == {"429006": "wuhan", "420100": ""}
    registry.act(acts.AdminTransferStarted("tianmen", OTHER))
    log = known.find_log("tianmen")
    assert log
    assert (log.suite, log.admin, log.pending_admin, log.operator) == (SM3, ADDRESS, OTHER, ADDRESS)
    registry.act(acts.AdminTransferred("tianmen", OTHER))
    log = known.find_log("tianmen")
    assert log
    assert (log.admin, log.pending_admin) == (OTHER, "")
    registry.act(acts.AdminReplaced("tianmen", ADDRESS))
    registry.act(acts.OperatorSet("tianmen", OTHER))
    log = known.find_log("tianmen")
    assert log
    assert (log.admin, log.operator, log.sequence, log.size, log.is_status_known) == (
        ADDRESS,
        OTHER,
        0,
        0,
        True,
    )
    assert known.find_log("nowhere") is None


def test_an_issuer_belongs_to_one_log_at_a_time() -> None:
    city, _ = scene()
    City(city.registry, "wuhan")
    known, before = city.registry.knowledge, city.registry.knowledge.fold.event_number
    city.registry.act(acts.IssuerAssigned("wuhan", city.issuer))
    assert known.find_issuer_log(city.issuer, before) == "tianmen"
    assert known.find_issuer_log(city.issuer, before + 1) == "wuhan"
    assert known.find_issuer_log(city.issuer, 0) is None
    assert known.find_issuer_log("nobody", before) is None


def test_keys_and_grants() -> None:
    city, _ = scene()
    known, key = city.registry.knowledge, city.key.public
    state = known.find_key(key.id)
    assert state
    assert (state.spki, state.purpose, state.log) == (key.spki, 1, "tianmen")
    assert (state.retired_at, state.compromised_since) == (None, None)
    city.registry.act(acts.KeyRetired(key.id, START + DAY))
    city.registry.act(acts.KeyCompromised(key.id, START))
    state = known.find_key(key.id)
    assert state
    assert (state.retired_at, state.compromised_since) == (START + DAY, START)
    assert known.find_key(bytes(32)) is None
    city.give(city.key, city.issuer, kinds=1)
    assert [grant.kinds for grant in known.list_grants(key.id, city.issuer)] == [15, 1]
    assert known.list_grants(key.id, "nobody") == ()


def test_statuses_by_sequence() -> None:
    city, (licence, *_) = scene()
    position, known = city.position(licence), city.registry.knowledge
    assert known.find_status("tianmen", position, 1) is None
    times = {}
    for action in ("suspend", "resume", "revoke"):
        city.register(city.follow(action, licence))
        times[city.sequence] = city.registry.now
    changes = [known.find_status("tianmen", position, sequence) for sequence in range(1, 6)]
    assert changes[0] is None
    assert [(at.sequence, at.status) for at in changes[1:] if at] == [
        (2, Status.SUSPENDED), (3, Status.VALID), (4, Status.REVOKED), (4, Status.REVOKED),
    ]  # fmt: skip
    assert all(at.since == times[at.sequence] for at in changes if at)


def test_an_anchor_grows_its_log() -> None:
    city, _ = scene()
    act = city.anchor()
    anchor = city.registry.knowledge.find_anchor("tianmen", 2)
    assert anchor
    assert (anchor.size_before, anchor.size, anchor.root, anchor.status_root) == (
        3,
        3,
        bytes(32),
        act.status_root,
    )
    assert (anchor.time, anchor.event_number, anchor.block_number) == (city.registry.now, 8, 8)
    assert city.registry.knowledge.find_anchor("tianmen", 3) is None
    log = city.registry.knowledge.find_log("tianmen")
    assert log
    assert (log.sequence, log.size, log.anchored_at) == (2, 3, city.registry.now)


def test_a_void_anchor_counts_for_its_size_alone() -> None:
    city, (licence, *_) = scene()
    known, good = city.registry.knowledge, city.registry.now
    lost = city.licence()
    city.anchor(city.submit(lost), changes=[(city.position(licence), Status.REVOKED)], status_root=bytes(32))
    log, void = known.find_log("tianmen"), known.find_anchor("tianmen", 2)
    assert log
    assert void
    assert (log.sequence, log.size, log.anchored_at) == (2, 4, good)
    assert "does not follow" in void.void_reason
    assert known.find_status("tianmen", city.position(licence), 2) is None
    assert known.trees["tianmen"].get(city.position(licence)) == 0


def test_contradictory_is_for_good() -> None:
    city, (licence, other, _) = scene()
    position = city.position(licence)
    for status in (Status.REVOKED, Status.REVOKED, Status.REINSTATED, Status.SUSPENDED):
        city.anchor(changes=[(position, status)])
    changes = [city.registry.knowledge.find_status("tianmen", position, sequence) for sequence in range(2, 6)]
    assert [at.is_contradictory for at in changes if at] == [False, True, True, True]
    assert city.registry.knowledge.find_status("tianmen", city.position(other), 9) is None


def test_a_continued_log_begins_at_the_size_of_the_one_before() -> None:
    before = acts.Predecessor("eip155:1:0x00:00", "tianmen", 7, b"\x01" * 32, 100, b"\x02" * 32)
    city = City(Registry(), "tianmen", predecessor=before)
    log = city.registry.knowledge.find_log("tianmen")
    assert log
    assert (log.size, log.is_status_known) == (100, False)
    licence = city.licence()
    city.register(licence)
    assert city.position(licence) == 100
    anchor = city.registry.knowledge.find_anchor("tianmen", 1)
    assert anchor
    assert (anchor.size_before, anchor.size, anchor.void_reason) == (100, 101, "")


def test_a_continued_log_may_reinstate_what_another_registry_revoked() -> None:
    before = acts.Predecessor("eip155:1:0x00:00", "tianmen", 7, b"\x01" * 32, 100, b"\x02" * 32)
    city = City(Registry(), "tianmen", predecessor=before)
    for status in (Status.REINSTATED, Status.SUSPENDED, Status.REINSTATED):
        city.anchor(changes=[(99, status)])
    changes = [city.registry.knowledge.find_status("tianmen", 99, sequence) for sequence in range(1, 4)]
    assert [at.is_contradictory for at in changes if at] == [False, False, True]
    city.anchor(status_changes=bytes(7))
    anchor = city.registry.knowledge.find_anchor("tianmen", 4)
    assert anchor
    assert anchor.void_reason
    assert "tianmen" not in city.registry.knowledge.trees


def test_time_is_that_of_the_newest_block() -> None:
    registry = Registry()
    known = registry.knowledge
    assert known.time == registry.now
    known.note_time(registry.now + 60)
    assert known.time == registry.now + 60
    known.note_time(registry.now)
    assert known.time == registry.now + 60


# -- what the contract would not have let pass --


@pytest.mark.parametrize(
    "act",
    [
        acts.OperatorSet("nowhere", ADDRESS),
        acts.AdminReplaced("nowhere", ADDRESS),
        acts.Anchored("nowhere", 1, 0, bytes(32), bytes(32), b""),
        acts.KeyRetired(bytes(32), START + DAY),
        acts.KeyCompromised(bytes(32), START),
        acts.LogAdmitted("tianmen", 1, ADDRESS, (), acts.Predecessor()),
        acts.Anchored("tianmen", 1, 3, bytes(32), bytes(32), b""),
        acts.Anchored("tianmen", 3, 3, bytes(32), bytes(32), b""),
        acts.Anchored("tianmen", 2, 2, bytes(32), bytes(32), b""),
    ],
    ids=repr,
)
def test_impossible_acts(act: acts.Act) -> None:
    city, _ = scene()
    with pytest.raises(BrokenHead):
        city.registry.act(act)


def test_growth_to_the_limits_and_beyond() -> None:
    city, _ = scene()
    for size in (3 + 2**20, 3 + 2**21):
        city.anchor(root=b"\x01" * 32, size=size)
    with pytest.raises(BrokenHead):
        city.anchor(root=b"\x01" * 32, size=4 + 3 * 2**20)
    before = acts.Predecessor("eip155:1:0x00:00", "tianmen", 7, b"\x01" * 32, 2**40 - 2, b"\x02" * 32)
    registry = Registry()
    registry.act(acts.LogAdmitted("tianmen", 1, ADDRESS, (), before))
    registry.act(acts.Anchored("tianmen", 1, 2**40 - 1, b"\x01" * 32, bytes(32), b""))
    with pytest.raises(BrokenHead):
        registry.act(acts.Anchored("tianmen", 2, 2**40, b"\x01" * 32, bytes(32), b""))


def test_an_act_without_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, slots=True)
    class Forgotten(acts.Act):
        KIND = 99
        ABI = ()

    monkeypatch.setitem(acts.ACTS, 99, Forgotten)
    with pytest.raises(BrokenHead, match="no rule for Forgotten"):
        Registry().act(Forgotten())


def test_governance_before_the_first_act() -> None:
    empty = Knowledge(
        Registry().name,
        acts.compute_head_zero(31337, bytes.fromhex(Registry().name.split(":")[2][2:]), bytes(32)),
    )
    started = acts.ProvinceTransferStarted(OTHER)
    with pytest.raises(BrokenHead):
        empty.apply(Event(1, started.KIND, 0, START, started.encode(), 1))


def test_a_block_may_hold_several_events() -> None:
    registry = Registry()
    known = registry.knowledge
    for number in (2, 3):
        started = acts.ProvinceTransferStarted(OTHER)
        facts = known.apply(registry.event(started, block_number=1, time=registry.now))
        assert facts == [known.find_governance()]
        assert (known.fold.event_number, known.fold.block_number) == (number, 1)


@pytest.mark.parametrize(
    "altered",
    [
        {"event_number": 1},
        {"event_number": 3},
        {"previous_block_number": 0},
        {"block_number": 0},
        {"time": 0},
        {"time": 10**11},
        {"kind": 99},
        {"payload": b""},
    ],
)
def test_an_event_that_is_refused_changes_nothing(altered: dict[str, Any]) -> None:
    registry = Registry()
    known = registry.knowledge
    event = registry.event(acts.ProvinceTransferStarted(OTHER))
    before = (dict(vars(known.fold)), known.find_governance(), known.time)
    with pytest.raises((BrokenHead, MalformedInput, NewerFormat)):
        known.apply(replace(event, **altered))
    assert (vars(known.fold), known.find_governance(), known.time) == before
    known.apply(event)
    assert known.fold.event_number == 2


def test_head_0_must_be_that_of_the_name() -> None:
    with pytest.raises(BrokenHead):
        Knowledge(Registry().name, bytes(32))


def test_the_head_folds_over_acts_that_nobody_knows() -> None:
    chain = Fold(b"\x01" * 32)
    chain.extend(Event(1, 200, 0, START, b"later", 5))
    assert (chain.event_number, chain.block_number, chain.time) == (1, 5, START)
    assert chain.head != b"\x01" * 32


def test_a_suite_that_does_not_exist_is_refused_before_anything_changes() -> None:
    trees: dict[str, StatusTree] = {}
    act = acts.LogAdmitted("tianmen", 3, ADDRESS, (), acts.Predecessor())
    with pytest.raises(MalformedInput):
        derive(Registry().knowledge, trees, Event(2, act.KIND, 1, START, act.encode(), 2))
    assert trees == {}
    assert keccak256(b"") != bytes(32)
