"""The errors of the core, in one tree.

    LedgerError
    ├── MalformedInput          bytes or values from outside are not in the documented form
    │   ├── NewerFormat         the form is one that a newer version of this program may know
    │   ├── LimitExceeded       a named limit is passed
    │   └── InvalidIdentifier   a code fails its syntax or its check digit
    ├── TransitionRefused       a record does not follow from the state of its lineage
    ├── BrokenHead              registry events do not fold into the head that they claim
    ├── FactMissing             a pocket lacks a fact
    ├── FactUnreadable          a fact of a pocket is not what the rules of facts make
    └── SnapshotRefused         a snapshot is not taken, and why; what was known before stays
        └── PocketRefused       a pocket is not taken, and why

Every decoder raises `MalformedInput` (or a child) and nothing else, whatever bytes it is given.
"""


class LedgerError(Exception):
    """Root of every error that `ledger` raises."""


class MalformedInput(LedgerError):
    """The input is not in the documented form; the message says where and what was expected."""


class NewerFormat(MalformedInput):
    """The `type` names a version that this program does not know: nothing can be said about it."""


class LimitExceeded(MalformedInput):
    """The input passes a limit; the message names the limit and its value."""


class InvalidIdentifier(MalformedInput):
    """An identifier or code fails its syntax or its check digit."""


class TransitionRefused(LedgerError):
    """The record's action is not possible from the state of its lineage."""


class BrokenHead(LedgerError):
    """Registry events are missing, reordered or altered: they do not fold into the claimed head."""


class FactMissing(LedgerError):
    """A pocket lacks the fact of this `name`: nothing can be concluded from it, whatever the fact would say."""

    def __init__(self, name: tuple[str, ...]) -> None:
        super().__init__(f"the pocket lacks the fact {' '.join(name)}")
        self.name = name


class FactUnreadable(LedgerError):
    """A pocket shows as the fact of this `name` what is none, and enough cities signed it: nothing can be concluded."""

    def __init__(self, name: tuple[str, ...], fault: str) -> None:
        super().__init__(f"the fact {' '.join(name)} of the pocket cannot be read: {fault}")
        self.name = name
        self.fault = fault


class SnapshotRefused(LedgerError):
    """A snapshot or checkpoint is not taken; `reason`, stable for programs, is of `registry.snapshots.REFUSAL_REASONS`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class PocketRefused(SnapshotRefused):
    """A pocket is not taken; `reason`, stable for programs, is of `pocket.pockets.REFUSAL_REASONS`."""
