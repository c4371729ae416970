"""The changes of a position's status, walked through from the newest back, within a limit."""

from collections.abc import Iterator
from typing import Final

from ledger.registry.status import Status
from ledger.registry.trust import PositionStatus, Trust

#: Changes of one position that are looked through. A certificate has some ten in its life; a city can write as many as it
#: likes, and each is a question to the database of the verifier (docs/formats/verification.md, section 9).
MAX_CHANGES: Final = 1024


def walk_changes(trust: Trust, log: str, position: int, sequence: int) -> Iterator[PositionStatus | None]:
    """Yield the changes of a position up to the anchor `sequence`, the newest first.

    Where `MAX_CHANGES` did not answer the question None comes at last: there may be older ones, and nobody can tell.
    """
    for _ in range(MAX_CHANGES):
        change = trust.find_status(log, position, sequence)
        if change is None:
            return
        yield change
        sequence = change.sequence - 1
    yield None


def find_reinstatement(
    trust: Trust, log: str, position: int, sequence: int
) -> tuple[PositionStatus | None, bool]:
    """Return the newest reinstatement of a position up to an anchor, and whether the walk was cut off before one.

    A suspension that was lifted later does not hide it: revoked, reinstated, suspended, resumed reads as valid. For a seal,
    which has ended for good once it has, it contradicts what was anchored before.
    """
    for change in walk_changes(trust, log, position, sequence):
        if change is None:
            return None, True
        if change.status is Status.REINSTATED:
            return change, False
    return None, False
