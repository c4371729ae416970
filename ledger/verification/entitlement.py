"""The rule whether a key may speak for an issuer at a moment: step 8 of a verification.

Pure: what the registry says of the key is handed in. A proof and the entries of a batch are judged at their anchor, a
submission at the moment when a node takes it in. The rule is that of docs/formats/verification.md, section 8.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ledger.records.records import CERTIFICATE_KINDS, KINDS, Record
from ledger.registry.trust import DEPARTMENT, Anchor, Grant, KeyState

#: An event number beyond all others: what counts is everything that is known now.
NEWEST_EVENT: Final = 2**63 - 1


class Objection(StrEnum):
    """Why a key may not speak, in the order in which step 8 looks."""

    ISSUER_NOT_IN_LOG = "issuer_not_in_log"
    KEY_NOT_REGISTERED = "key_not_registered"
    KEY_NOT_DEPARTMENT = "key_not_department"
    KEY_OF_ANOTHER_LOG = "key_of_another_log"
    NOT_GRANTED = "not_granted"
    KEY_COMPROMISED = "key_compromised"
    KEY_RETIRED = "key_retired"

    @property
    def reason(self) -> str:
        """The reason code of step 8, which is one for all that a grant should have said."""
        return "not_entitled" if self in _NOT_ENTITLED_OBJECTIONS else self.value


_NOT_ENTITLED_OBJECTIONS = (Objection.KEY_NOT_DEPARTMENT, Objection.KEY_OF_ANOTHER_LOG, Objection.NOT_GRANTED)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a key spoke in which log: event `event_number` and those before it count; `time` in seconds since 1970."""

    log: str
    event_number: int
    time: int

    @classmethod
    def of_anchor(cls, anchor: Anchor) -> "Moment":
        return cls(anchor.log, anchor.event_number, anchor.time)


@dataclass(frozen=True, slots=True)
class Scope:
    """Of what a record speaks: its kind, and the type of the certificate (None for kinds that have none)."""

    kind: str
    type: str | None

    @classmethod
    def of_record(cls, record: Record) -> "Scope":
        return cls(record.kind, record.certificate.type if record.kind in CERTIFICATE_KINDS else None)


def find_objection(
    key: KeyState | None,
    grants: Sequence[Grant],
    issuer_log: str | None,
    moment: Moment,
    scope: Scope | None = None,
) -> Objection | None:
    """Return the first reason why the key may not speak, or None where it may.

    `grants` are those of this key and issuer; `issuer_log` is the log of the issuer right after the event of the moment.
    Without a `scope` any kind and type will do.
    """
    return next(list_objections(key, grants, issuer_log, moment, scope), None)


def list_objections(
    key: KeyState | None,
    grants: Sequence[Grant],
    issuer_log: str | None,
    moment: Moment,
    scope: Scope | None = None,
) -> Iterator[Objection]:
    """Yield every reason why the key may not speak, in the order of step 8."""
    if issuer_log != moment.log:
        yield Objection.ISSUER_NOT_IN_LOG
    if key is None or key.event_number > moment.event_number:
        yield Objection.KEY_NOT_REGISTERED
        return
    if key.purpose != DEPARTMENT:
        yield Objection.KEY_NOT_DEPARTMENT
    elif key.log != moment.log:
        yield Objection.KEY_OF_ANOTHER_LOG
    elif not is_granted(grants, moment, scope):
        yield Objection.NOT_GRANTED
    if key.compromised_since is not None and moment.time >= key.compromised_since:
        yield Objection.KEY_COMPROMISED
    elif key.retired_at is not None and moment.time >= key.retired_at:
        yield Objection.KEY_RETIRED


def is_granted(grants: Sequence[Grant], moment: Moment, scope: Scope | None = None) -> bool:
    """Tell whether one of the grants was in force at the moment and speaks of the scope."""
    return any(_covers(grant, moment, scope) for grant in grants)


def _covers(grant: Grant, moment: Moment, scope: Scope | None) -> bool:
    if grant.event_number > moment.event_number or not grant.not_before <= moment.time <= grant.not_after:
        return False
    if scope is None:
        return True
    return bool(grant.kinds & KINDS[scope.kind]) and (not grant.types or scope.type in grant.types)
