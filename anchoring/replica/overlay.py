"""Show a fold the facts that are not stored yet before those that are."""

from collections.abc import Iterator
from typing import Protocol

from ledger.registry.trust import Division, Fact, Governance, KeyState, LogState, PositionStatus


class FactSource(Protocol):
    """Gives the stored facts that a fold asks for; an overlay asks it for those that it does not hold."""

    def find_governance(self) -> Governance | None: ...

    def find_log(self, name: str) -> LogState | None: ...

    def find_key(self, key_id: bytes) -> KeyState | None: ...

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None: ...


class NoFacts:
    """A source without any fact: a refold starts on it."""

    def find_governance(self) -> Governance | None:
        return None

    def find_log(self, name: str) -> LogState | None:
        return None

    def find_key(self, key_id: bytes) -> KeyState | None:
        return None

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None:
        return None


class Overlay:
    """A `ledger.registry.fold.View`: the newest facts first, then the stored ones; of the newest state alone."""

    def __init__(self, base: FactSource) -> None:
        self._base = base
        self._governance: Governance | None = None
        self._logs: dict[str, LogState] = {}
        self._keys: dict[bytes, KeyState] = {}
        self._divisions: dict[str, Division] = {}
        self._statuses: dict[tuple[str, int], PositionStatus] = {}

    def find_governance(self) -> Governance | None:
        return self._governance or self._base.find_governance()

    def find_log(self, name: str) -> LogState | None:
        return self._logs.get(name) or self._base.find_log(name)

    def find_key(self, key_id: bytes) -> KeyState | None:
        return self._keys.get(key_id) or self._base.find_key(key_id)

    def find_status(self, log: str, position: int, sequence: int) -> PositionStatus | None:
        return self._statuses.get((log, position)) or self._base.find_status(log, position, sequence)

    def keep_fact(self, fact: Fact) -> None:
        match fact:
            case Governance():
                self._governance = fact
            case LogState():
                self._logs[fact.name] = fact
            case KeyState():
                self._keys[fact.id] = fact
            case Division():
                self._divisions[fact.division] = fact
            case PositionStatus():
                self._statuses[fact.log, fact.position] = fact
            case _:
                pass  # made once and never asked for by the fold

    def list_newest(self) -> Iterator[Fact]:
        """Walk through the kept facts of those kinds in which a newer fact takes the place of an older one."""
        if self._governance:
            yield self._governance
        yield from self._logs.values()
        yield from self._keys.values()
        yield from self._divisions.values()
