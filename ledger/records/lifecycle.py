"""The life of a certificate: which record may follow which, and what it makes of the status.

Every record but the first names the newest record of its lineage as `previous`, so the records of a lineage
form one chain and none can be left out. The same rules run at intake and in every audit. The chain itself
allows a little more (`ledger.registry.status.may_become`): a suspended certificate is resumed before it is
renewed, so that nothing revives unseen.
"""

from dataclasses import dataclass
from typing import Final

from ledger.errors import TransitionRefused
from ledger.records.records import PRESENTABLE_ACTIONS, Record, version_of
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


def possible_actions(status: Status) -> tuple[str, ...]:
    """Return the actions that may follow where the current record of a lineage has this status."""
    return tuple(action for action, sources in SOURCE_STATUSES.items() if status in sources)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a lineage stands: leaf hashes of its newest and its current record, status of the latter."""

    kind: str
    issuer: str
    identifier: str
    tip: bytes
    current: bytes
    status: Status


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The record named `leaf` gets `status`."""

    leaf: bytes
    status: Status


def follow(lineage: Lineage | None, record: Record, leaf: bytes) -> tuple[Lineage, StatusChange | None]:
    """Return the lineage after `record` (of leaf hash `leaf`) and the status change that it makes, if any.

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
    if record.previous != lineage.tip:
        raise TransitionRefused(
            f"`previous` must be the newest record of {record.identifier}, {record.suite.format(lineage.tip)}"
        )
    if lineage.status not in SOURCE_STATUSES[record.action]:
        raise TransitionRefused(
            f"{record.action} is not possible: {lineage.identifier} is {lineage.status.name.lower()}, "
            f"which allows {', '.join(possible_actions(lineage.status)) or 'nothing'}"
        )
    if record.action in PRESENTABLE_ACTIONS:
        if record.version <= version_of(lineage.identifier):
            raise TransitionRefused(f"{record.action} must raise the version above {lineage.identifier}")
        next_lineage = Lineage(record.kind, record.issuer, record.identifier, leaf, leaf, Status.VALID)
        return next_lineage, StatusChange(lineage.current, Status.SUPERSEDED)
    if record.identifier != lineage.identifier:
        raise TransitionRefused(f"{record.action} must name the current version, {lineage.identifier}")
    status = STATUS_AFTER[record.action]
    next_lineage = Lineage(record.kind, record.issuer, record.identifier, leaf, lineage.current, status)
    return next_lineage, StatusChange(lineage.current, status)
