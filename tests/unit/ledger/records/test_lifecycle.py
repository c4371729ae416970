"""The state machine: every action from every status."""

from dataclasses import replace

import pytest

from ledger.errors import TransitionRefused
from ledger.records.lifecycle import (
    SOURCE_STATUSES,
    STATUS_AFTER,
    Lineage,
    StatusChange,
    follow,
    list_possible_actions,
)
from ledger.records.records import PRESENTABLE_ACTIONS, STATUS_ACTIONS
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.registry.status import Status, may_become
from tests.scenes import City, Item, Registry

CITY = City(Registry(), "tianmen")
LICENCE = CITY.licence()
STANDING, _ = follow(None, LICENCE.record, LICENCE.leaf)
ACTIONS = sorted(STATUS_ACTIONS | PRESENTABLE_ACTIONS - {"issue"})

# What the law of the field allows: from a status, the actions that are possible.
POSSIBLE = {
    Status.VALID: {"renew", "amend", "suspend", "cancel", "revoke", "withdraw", "transfer", "void"},
    Status.REINSTATED: {"renew", "amend", "suspend", "cancel", "revoke", "withdraw", "transfer", "void"},
    Status.SUSPENDED: {"resume", "cancel", "revoke", "withdraw", "transfer", "void"},
    Status.CANCELLED: {"reinstate"},
    Status.REVOKED: {"reinstate"},
    Status.WITHDRAWN: {"reinstate"},
    Status.TRANSFERRED: {"reinstate"},
    Status.VOID: {"reinstate"},
    Status.SUPERSEDED: set(),
}


ENDED = [status for status, actions in POSSIBLE.items() if actions == {"reinstate"}]


def at(status: Status) -> Lineage:
    return replace(STANDING, status=status)


def following(action: str, **members: object) -> Item:
    return CITY.follow(action, LICENCE, previous=LICENCE.leaf, **members)


def test_issue_begins_a_lineage() -> None:
    lineage, change = follow(None, LICENCE.record, LICENCE.leaf)
    assert change is None
    assert lineage == Lineage(
        "licence", CITY.issuer, LICENCE.record.identifier, LICENCE.leaf, LICENCE.leaf, Status.VALID
    )


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("status", list(Status))
def test_every_action_from_every_status(status: Status, action: str) -> None:
    item = following(action)
    if action not in POSSIBLE[status]:
        with pytest.raises(TransitionRefused, match=status.name.lower()):
            follow(at(status), item.record, item.leaf)
        return
    lineage, change = follow(at(status), item.record, item.leaf)
    assert lineage.newest_leaf == item.leaf
    assert change is not None
    assert may_become(status, change.status)
    if action in PRESENTABLE_ACTIONS:
        assert change == StatusChange(LICENCE.leaf, Status.SUPERSEDED)
        assert (lineage.current_leaf, lineage.status) == (item.leaf, Status.VALID)
        assert lineage.identifier == item.record.identifier != LICENCE.record.identifier
    else:
        assert change == StatusChange(LICENCE.leaf, STATUS_AFTER[action])
        assert (lineage.current_leaf, lineage.status) == (LICENCE.leaf, STATUS_AFTER[action])


def test_every_action_has_its_sources() -> None:
    assert set(SOURCE_STATUSES) == set(ACTIONS)
    assert set(STATUS_AFTER) == STATUS_ACTIONS


def test_a_certificate_is_issued_once() -> None:
    again = CITY.licence(identifier=LICENCE.record.identifier)
    with pytest.raises(TransitionRefused, match="renew or amend"):
        follow(STANDING, again.record, again.leaf)


def test_nothing_follows_what_was_not_issued() -> None:
    item = following("revoke")
    with pytest.raises(TransitionRefused, match="issue it first"):
        follow(None, item.record, item.leaf)


def test_another_issuer_or_kind_is_refused() -> None:
    item = following("revoke")
    for altered in (replace(item.record, issuer="11420100000000019A"), replace(item.record, kind="material")):
        with pytest.raises(TransitionRefused, match="was registered as a licence"):
            follow(STANDING, altered, altered.hash_leaf())


def test_a_record_names_the_newest_as_previous() -> None:
    item = CITY.follow("revoke", LICENCE, previous=b"\x01" * 32)
    with pytest.raises(TransitionRefused, match="previous"):
        follow(STANDING, item.record, item.leaf)


@pytest.mark.parametrize("version", [1, 2])
def test_a_renewal_raises_the_version(version: int) -> None:
    standing = replace(STANDING, identifier=CITY.identifier(1, 2))
    item = following("renew", identifier=CITY.identifier(1, version))
    with pytest.raises(TransitionRefused, match="raise the version"):
        follow(standing, item.record, item.leaf)


def test_a_change_names_the_current_version() -> None:
    item = following("revoke", identifier=CITY.identifier(1, 2))
    with pytest.raises(TransitionRefused, match="current version"):
        follow(STANDING, item.record, item.leaf)


def test_a_renewed_seal_raises_its_version() -> None:
    first = SealingIdentifier.build("seal", CITY.issuer, "429006000001")
    seal = CITY.licence(kind="seal", identifier=first.text)
    lineage, _ = follow(None, seal.record, seal.leaf)
    again = CITY.licence(kind="seal", identifier=first.text, action="renew", previous=seal.leaf)
    with pytest.raises(TransitionRefused, match="must raise the version"):
        follow(lineage, again.record, again.leaf)
    raised = first.with_version(2).text
    renewal = CITY.licence(kind="seal", identifier=raised, action="renew", previous=seal.leaf)
    after, change = follow(lineage, renewal.record, renewal.leaf)
    assert change == StatusChange(seal.leaf, Status.SUPERSEDED)
    assert after.current_leaf == renewal.leaf


@pytest.mark.parametrize("status", sorted(ENDED))
def test_a_seal_that_has_ended_is_not_reinstated(status: Status) -> None:
    number = SealingIdentifier.build("seal", CITY.issuer, "429006000001").text
    seal = CITY.licence(kind="seal", identifier=number)
    standing, _ = follow(None, seal.record, seal.leaf)
    ended = replace(standing, status=status)
    item = CITY.follow("reinstate", seal, previous=seal.leaf)
    with pytest.raises(TransitionRefused, match="a seal that has ended 印章终止 stays ended"):
        follow(ended, item.record, item.leaf)
    assert list_possible_actions("seal", status) == ()
    after, _ = follow(
        ended, item.record, item.leaf, is_anchored=True
    )  # it was accepted when that was possible
    assert after.status is Status.REINSTATED


@pytest.mark.parametrize("kind", ["licence", "material", "signature"])
def test_other_kinds_are_reinstated(kind: str) -> None:
    assert list_possible_actions(kind, Status.CANCELLED) == ("reinstate",)
    assert "reinstate" not in list_possible_actions("seal", Status.CANCELLED)
    assert list_possible_actions("seal", Status.SUSPENDED) == list_possible_actions(kind, Status.SUSPENDED)
