"""Facts that a verifier knows of the registry, and the protocol by which it is asked.

Replica, snapshot and memory answer by the same protocol. The classes are facts: `ledger.registry.fold`
derives them from events, whoever keeps them looks them up. All times are block times in seconds since 1970;
`event_number` is that of the event that made the fact; hashes and key identifiers have 32 bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ledger.crypto.suites import Suite
from ledger.registry.status import Status

DEPARTMENT: Final = 1  # purpose of a key that signs statements
NODE: Final = 2  # purpose of a key that signs receipts and checkpoints
PURPOSES: Final = {"department": DEPARTMENT, "node": NODE}


@dataclass(frozen=True, slots=True)
class Governance:
    """Who the province is (addresses), and the name of the successor once the registry is closed."""

    province: str
    pending_province: str = ""
    successor: str = ""


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative division and the log that it belongs to (empty: none)."""

    division: str
    log: str


@dataclass(frozen=True, slots=True)
class LogState:
    """A log as of its newest event.

    `anchored_at` is the time of its newest anchor that is not void. `is_status_known` is False where the log continues
    one of another registry that is not known here.
    """

    name: str
    suite: Suite
    event_number: int
    admin: str
    pending_admin: str = ""
    operator: str = ""
    sequence: int = 0
    size: int = 0
    anchored_at: int = 0
    is_status_known: bool = True


@dataclass(frozen=True, slots=True)
class IssuerAssignment:
    """From event `event_number` on the issuer belongs to the log."""

    issuer: str
    event_number: int
    log: str


@dataclass(frozen=True, slots=True)
class KeyState:
    """A registered key; `retired_at` and `compromised_since` are None until said."""

    id: bytes
    spki: bytes
    purpose: int
    log: str
    event_number: int
    retired_at: int | None = None
    compromised_since: int | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A key may speak for an issuer: bits of kinds, certificate types (none: all), first and last moment."""

    key_id: bytes
    issuer: str
    event_number: int
    kinds: int
    types: tuple[str, ...]
    not_before: int
    not_after: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A final anchor. A void one counts for its size alone; `void_reason` says why, and is empty for a good one."""

    log: str
    sequence: int
    event_number: int
    block_number: int
    time: int
    size_before: int
    size: int
    root: bytes
    status_root: bytes
    void_reason: str = ""


@dataclass(frozen=True, slots=True)
class PositionStatus:
    """What an anchor made of a position; `is_contradictory` stays once a transition was impossible."""

    log: str
    position: int
    sequence: int
    since: int
    status: Status
    is_contradictory: bool = False


Fact = Governance | Division | LogState | IssuerAssignment | KeyState | Grant | Anchor | PositionStatus


#: Entries of one root that are looked through. An honest log has one; others cost whoever anchors them, and each is a
#: signature to check for whoever verifies.
MAX_OCCURRENCES: Final = 16


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where an entry stands: the sequence of its anchor, its first position; and its canonical bytes."""

    sequence: int
    position: int
    entry_bytes: bytes


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The entries that state one root, by position: the first `MAX_OCCURRENCES`, and one more where there are more.

    Each is in the batch of its anchor. `is_complete`: every entry of the log up to the anchor that was asked about is known,
    but for those of void anchors.
    """

    first_occurrences: tuple[Occurrence, ...]
    is_complete: bool


class Trust(Protocol):
    """The verifier's own data.

    Every answer comes from one consistent state; nothing is fetched from anybody.
    """

    @property
    def registry(self) -> str:
        """The registry's name."""

    @property
    def source(self) -> str:
        """Where the knowledge comes from, as the report names it: `replica` or `snapshot`."""

    @property
    def time(self) -> int:
        """Block time of the newest final block that is known."""

    def find_head(self, event_number: int) -> bytes | None:
        """Return the registry's head (32 bytes) after event `event_number`; None where the event is not known."""

    def find_log(self, name: str) -> LogState | None: ...

    def find_anchor(self, log: str, sequence: int) -> Anchor | None: ...

    def find_issuer_log(self, issuer: str, event_number: int) -> str | None:
        """Return the log that held the issuer right after event `event_number`."""

    def find_key(self, key_id: bytes) -> KeyState | None: ...

    def list_grants(self, key_id: bytes, issuer: str) -> Sequence[Grant]: ...

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None:
        """Return the newest status set at or before anchor `sequence`; None where it was never changed."""

    def find_occurrences(self, log: str, root: bytes, sequence: int) -> Occurrences | None:
        """Return the entries of the log that state `root`, and whether all up to anchor `sequence` are known.

        None where no entries of the log are known.
        """
