"""The life of a certificate: which record may follow which, and what it makes of the status.

Every record but the first names the newest record of its lineage as `previous`, so the records of a lineage
form one chain and none can be left out. The same rules run at intake and in every audit. The chain itself
allows a little more (`ledger.registry.status.may_become`): a suspended certificate is resumed before it is
renewed, so that nothing revives unseen.
"""

from dataclasses import dataclass
from typing import Final

from ledger.errors import TransitionRefused
from ledger.records.records import PRESENTABLE_ACTIONS, Record, read_version
from ledger.registry.status import Status

#: What each status-changing action leads to.
STATUS_AFTER: Final = {
    "suspend": Status.SUSPENDED,
    "resume": Status.VALID,
    "cancel": Status.CANCELLED,
    "revoke": Status.REVOKED,
    "withdraw": Status.WITHDRAWN,
    "transfer": Status.TRANSFERRED,
    "void": Status.VOID,
    "reinstate": Status.REINSTATED,
}
IN_FORCE_STATUSES: Final = frozenset({Status.VALID, Status.REINSTATED})
_STANDING_STATUSES: Final = IN_FORCE_STATUSES | {Status.SUSPENDED}
_ENDED_STATUSES: Final = frozenset(
    {Status.CANCELLED, Status.REVOKED, Status.WITHDRAWN, Status.TRANSFERRED, Status.VOID}
)
#: From which statuses each action is possible.
SOURCE_STATUSES: Final = {
    "renew": IN_FORCE_STATUSES,
    "amend": IN_FORCE_STATUSES,
    "suspend": IN_FORCE_STATUSES,
    "resume": frozenset({Status.SUSPENDED}),
    "cancel": _STANDING_STATUSES,
    "revoke": _STANDING_STATUSES,
    "withdraw": _STANDING_STATUSES,
    "transfer": _STANDING_STATUSES,
    "void": _STANDING_STATUSES,
    "reinstate": _ENDED_STATUSES,
}


def is_possible(action: str, kind: str, status: Status) -> bool:
    """Tell whether an action may follow where the current record of a lineage of this kind has this status.

    A seal that has ended never comes back: what was sealed meanwhile would be sealed and not sealed.
    """
    return status in SOURCE_STATUSES[action] and not (kind == "seal" and action == "reinstate")


def list_possible_actions(kind: str, status: Status) -> tuple[str, ...]:
    """Return the actions that may follow where the current record of a lineage of this kind has this status."""
    return tuple(action for action in SOURCE_STATUSES if is_possible(action, kind, status))


def describe_possible(kind: str, status: Status) -> str:
    """Say what may follow, as it stands in a sentence; where nothing does, what to do instead."""
    if actions := list_possible_actions(kind, status):
        return ", ".join(actions)
    return (
        "nothing: a seal that has ended 印章终止 stays ended, make and register another"
        if kind == "seal"
        else "nothing"
    )


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a lineage stands: leaf hashes of its newest and its current record, status of the latter."""

    kind: str
    issuer: str
    identifier: str
    newest_leaf: bytes
    current_leaf: bytes
    status: Status


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The record named `leaf` gets `status`."""

    leaf: bytes
    status: Status


def follow(
    lineage: Lineage | None, record: Record, leaf: bytes, *, is_anchored: bool = False
) -> tuple[Lineage, StatusChange | None]:
    """Return the lineage after `record` (of leaf hash `leaf`) and the status change that it makes, if any.

    `is_anchored`: it was accepted before, by rules that may have been less strict, and stands where it stood.

    Raises: TransitionRefused, saying what is registered and what could be done instead.
    """
    if record.action == "issue":
        if lineage is not None:
            raise TransitionRefused(
                f"{record.identifier} is registered already as {lineage.identifier}: renew or amend it"
            )
        return Lineage(record.kind, record.issuer, record.identifier, leaf, leaf, Status.VALID), None
    if lineage is None:
        raise TransitionRefused(f"{record.identifier} is not registered in this log: issue it first")
    if (record.issuer, record.kind) != (lineage.issuer, lineage.kind):
        raise TransitionRefused(f"{record.identifier} was registered as a {lineage.kind} of {lineage.issuer}")
    if record.previous != lineage.newest_leaf:
        raise TransitionRefused(
            f"`previous` must be the newest record of {record.identifier}, {record.suite.format(lineage.newest_leaf)}"
        )
    kind = record.kind if not is_anchored else ""
    if not is_possible(record.action, kind, lineage.status):
        raise TransitionRefused(
            f"{record.action} is not possible: {lineage.identifier} is {lineage.status.name.lower()}, "
            f"which allows {describe_possible(kind, lineage.status)}"
        )
    if record.action in PRESENTABLE_ACTIONS:
        if record.version <= read_version(lineage.identifier):
            raise TransitionRefused(f"{record.action} must raise the version above {lineage.identifier}")
        next_lineage = Lineage(record.kind, record.issuer, record.identifier, leaf, leaf, Status.VALID)
        return next_lineage, StatusChange(lineage.current_leaf, Status.SUPERSEDED)
    if record.identifier != lineage.identifier:
        raise TransitionRefused(f"{record.action} must name the current version, {lineage.identifier}")
    status = STATUS_AFTER[record.action]
    next_lineage = Lineage(record.kind, record.issuer, record.identifier, leaf, lineage.current_leaf, status)
    return next_lineage, StatusChange(lineage.current_leaf, status)
