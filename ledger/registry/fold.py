"""Derive facts from registry events: the one place that says what an act means.

Its rules: docs/formats/batch-and-anchor.md and docs/formats/registry-events.md. An anchor whose status
words or status root do not fit is void: its size counts, nothing else of it does, and the log goes on. A
transition that cannot be makes its position contradictory for good.
"""

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Protocol

from ledger.crypto import suites
from ledger.crypto.keys import keccak256
from ledger.errors import BrokenHead, MalformedInput
from ledger.limits import MAX_ANCHOR_GROWTH, MAX_LOG_SIZE
from ledger.registry import acts
from ledger.registry.acts import Event
from ledger.registry.status import Status, StatusTree, decode_changes, may_become
from ledger.registry.trust import (
    Anchor,
    Division,
    Fact,
    Governance,
    Grant,
    IssuerAssignment,
    KeyState,
    LogState,
    PositionStatus,
)

Trees = MutableMapping[str, StatusTree]


class View(Protocol):
    """The facts so far, as far as the fold reads them."""

    def find_governance(self) -> Governance | None: ...

    def find_log(self, name: str) -> LogState | None: ...

    def find_key(self, key_id: bytes) -> KeyState | None: ...

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None: ...


def derive(view: View, trees: Trees, event: Event) -> list[Fact]:
    """Return the facts that `event` makes or replaces; the status tree of its log is brought up to date.

    Raises: NewerFormat for an unknown kind, MalformedInput for a payload that does not decode, BrokenHead for
    an act that the contract would not have let pass.
    """
    act = acts.decode_act(event.kind, event.payload)
    match act:
        case acts.ProvinceTransferred():
            return [Governance(act.province)]
        case acts.ProvinceTransferStarted():
            return [replace(_require_governance(view), pending_province=act.to)]
        case acts.RegistryClosed():
            return [replace(_require_governance(view), successor=act.successor)]
        case acts.LogAdmitted():
            return _admit_log(view, trees, event, act)
        case acts.DivisionAssigned():
            return [Division(act.division, act.log)]
        case acts.AdminTransferStarted():
            return [replace(_require_log(view, act.log), pending_admin=act.to)]
        case acts.AdminTransferred() | acts.AdminReplaced():
            return [replace(_require_log(view, act.log), admin=act.admin, pending_admin="")]
        case acts.OperatorSet():
            return [replace(_require_log(view, act.log), operator=act.operator)]
        case acts.IssuerAdded() | acts.IssuerAssigned():
            return [IssuerAssignment(act.issuer, event.event_number, act.log)]
        case acts.KeyRegistered():
            return [_register_key(view, event, act)]
        case acts.KeyGranted():
            grant_terms = (act.kinds, act.types, act.not_before, act.not_after)
            return [Grant(act.key, act.issuer, event.event_number, *grant_terms)]
        case acts.KeyRetired():
            return [replace(_require_key(view, act.key), retired_at=act.at)]
        case acts.KeyCompromised():
            return [_compromise_key(view, act)]
        case acts.Anchored():
            return _fold_anchor(view, trees, event, act)
        case _:
            raise BrokenHead(f"event {event.event_number}: no rule for {type(act).__name__}")


def _admit_log(view: View, trees: Trees, event: Event, act: acts.LogAdmitted) -> list[Fact]:
    if view.find_log(act.log) is not None:
        raise BrokenHead(f"event {event.event_number}: the log {act.log!r} is admitted twice")
    suite, size = suites.get_suite_by_number(act.suite), act.predecessor.size
    # What a predecessor's positions became is not known here: there is nothing to keep or compare.
    if size == 0:
        trees[act.log] = StatusTree(suite)
    log = LogState(act.log, suite, event.event_number, act.admin, size=size, is_status_known=size == 0)
    return [log, *(Division(division, act.log) for division in act.divisions)]


def _register_key(view: View, event: Event, act: acts.KeyRegistered) -> KeyState:
    """A key is registered once: a second time would wash off its compromise."""
    key_id = keccak256(act.spki)
    if view.find_key(key_id) is not None:
        raise BrokenHead(f"event {event.event_number}: the key 0x{key_id.hex()} is registered twice")
    return KeyState(key_id, act.spki, act.purpose, act.log, event.event_number)


def _compromise_key(view: View, act: acts.KeyCompromised) -> KeyState:
    """A compromise only moves earlier."""
    key_state = _require_key(view, act.key)
    if key_state.compromised_since is not None and act.since > key_state.compromised_since:
        raise BrokenHead(f"the compromise of the key 0x{key_state.id.hex()} moves later")
    return replace(key_state, compromised_since=act.since)


def _fold_anchor(view: View, trees: Trees, event: Event, act: acts.Anchored) -> list[Fact]:
    log = _require_log(view, act.log)
    growth = act.size - log.size
    if act.sequence != log.sequence + 1 or not 0 <= growth <= MAX_ANCHOR_GROWTH or act.size >= MAX_LOG_SIZE:
        raise BrokenHead(
            f"event {event.event_number}: anchor {act.sequence} of {act.log!r} does not follow {log.sequence}"
        )
    changes, void_reason = _apply_changes(trees.get(act.log), act)
    anchored_at = log.anchored_at if void_reason else event.time
    facts: list[Fact] = [
        replace(log, sequence=act.sequence, size=act.size, anchored_at=anchored_at),
        Anchor(
            log=act.log,
            sequence=act.sequence,
            event_number=event.event_number,
            block_number=event.block_number,
            time=event.time,
            size_before=log.size,
            size=act.size,
            root=act.root,
            status_root=act.status_root,
            void_reason=void_reason,
        ),
    ]
    for position, status in changes:
        newest_change = view.find_status(act.log, position, act.sequence)
        is_contradictory = not _may_follow(newest_change, status, log.is_status_known)
        facts.append(PositionStatus(act.log, position, act.sequence, event.time, status, is_contradictory))
    return facts


def _may_follow(newest_change: PositionStatus | None, status: Status, is_status_known: bool) -> bool:
    """Tell whether a position may get `status`; of one never changed here, a log continued may know nothing."""
    if newest_change is None:
        return not is_status_known or may_become(Status.VALID, status)
    return not newest_change.is_contradictory and may_become(newest_change.status, status)


def _apply_changes(tree: StatusTree | None, act: acts.Anchored) -> tuple[list[tuple[int, Status]], str]:
    """Return position and status of every word of a good anchor, or nothing and why it is void; the tree follows.

    Without a tree the status root cannot be compared.
    """
    if tree is not None:
        tree.grow(act.size)
    try:
        changes = decode_changes(act.status_changes, act.size)
    except MalformedInput as error:
        return [], f"status words: {error}"
    if tree is None:
        return changes, ""
    statuses_before = [(position, tree.get(position)) for position, _ in changes]
    for position, status in changes:
        tree.set(position, status)
    if tree.compute_root() != act.status_root:
        for position, status_before in statuses_before:
            tree.set(position, status_before)
        return [], "the status root does not follow from the status words"
    return changes, ""


def _require_governance(view: View) -> Governance:
    governance = view.find_governance()
    if governance is None:
        raise BrokenHead("an act of governance stands before the first")
    return governance


def _require_log(view: View, name: str) -> LogState:
    log = view.find_log(name)
    if log is None:
        raise BrokenHead(f"an act names the log {name!r}, which was not admitted")
    return log


def _require_key(view: View, key_id: bytes) -> KeyState:
    key_state = view.find_key(key_id)
    if key_state is None:
        raise BrokenHead(f"an act names the key 0x{key_id.hex()}, which was not registered")
    return key_state
