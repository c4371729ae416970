"""Plan what a restored register takes back: the batches it lacks, who has their entries.

Nothing is written here.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from anchoring.errors import AnchorContradicted, NotFound, PeerFailed, RegisterBehind
from anchoring.monitor.pages import Pages, Peer, Wrong
from anchoring.recovery.setting_aside import Local
from anchoring.register.batches import Batch, find_last_batch, find_own_log, list_open_batches
from anchoring.register.missing import list_missing
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL
from anchoring.register.tables import SUBMISSION
from anchoring.replica.reading import ReplicaView
from ledger.crypto.suites import Suite
from ledger.encoding.canonical import decode
from ledger.records.submissions import Entry, decode_entry
from ledger.registry.trust import Anchor, LogState
from ledger.verification.entries import check_fold

_LOCAL: Final = select(SUBMISSION.c.first, SUBMISSION.c.entry, SUBMISSION.c.batch).order_by(
    SUBMISSION.c.first
)


@dataclass(frozen=True, slots=True)
class Lost:
    """A batch that the register lacks, or of which it lacks the entries; `source` is who has these, empty: it itself."""

    anchor: Anchor
    entries: tuple[Entry, ...] | None
    source: str

    @property
    def count(self) -> int:
        return self.anchor.size - self.anchor.size_before


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recovery will do.

    `displaced` are batches that this register froze and of which the chain holds others; `kept` the first positions of
    submissions that stay where they are, `aside` those that cannot. `known` is the newest batch that stays.
    """

    log: LogState
    known: int
    lost: tuple[Lost, ...] = ()
    displaced: tuple[int, ...] = ()
    kept: frozenset[int] = frozenset()
    aside: tuple[Local, ...] = ()
    faults: tuple[str, ...] = ()


def make_plan(register: Register, view: ReplicaView, log: str, peers: Sequence[Peer]) -> Plan:
    """Compare the register with the chain, and ask `peers` for the entries that it lacks; nothing is written.

    1. Which batches the register lacks; what it froze and the chain contradicts is no batch of it.
    2. Whose entries these are: its own submissions that it had not frozen, or what another node gives.
    3. Which submissions of its own stand where they stood. The others are set aside.

    The entries of all lost batches are held in memory: about 1 kB a submission.

    Raises: NotFound, AnchorContradicted where it is no register of this log, RegisterBehind where the chain is not final.
    """
    state = view.log(log)
    if state is None:
        raise NotFound(f"the log {log!r} is not admitted")
    with register.reading() as connection:
        last = find_last_batch(connection)
        _check_own(connection, view, log, last)
        displaced = _displaced(connection, view, log)  # 1
        known = min(displaced) - 1 if displaced else last.sequence if last else 0
        _check_final(view, log, max(state.sequence, known))
        unplaced = [absent.batch for absent in list_missing(connection) if absent.root is None]
        sequences = [*unplaced, *range(known + 1, state.sequence + 1)]
        local = (
            {submission.first: submission for submission in list_local_submissions(connection, displaced)}
            if sequences
            else {}
        )
    anchors = [anchor for sequence in sequences if (anchor := view.anchor(log, sequence))]
    faults: list[str] = []
    pages = [Pages(peer, log, time.monotonic) for peer in peers]
    lost = tuple(_find(anchor, state.suite, local, pages, faults) for anchor in anchors)  # 2
    kept = _kept(lost, local, state.size)  # 3
    aside = tuple(submission for first, submission in local.items() if first not in kept)
    return Plan(state, known, lost, tuple(displaced), kept, aside, tuple(faults))


def _check_own(connection: Connection, view: ReplicaView, log: str, last: Batch | None) -> None:
    """Check that this is a register of the log. Raises: AnchorContradicted."""
    stored = find_own_log(connection)
    if stored and (stored.registry_name, stored.name) != (view.registry, log):
        raise AnchorContradicted(f"this register is of {stored.name} of {stored.registry_name}, not of {log}")
    seen = view.sighting(log, last.sequence) if last and last.state == FINAL else None
    if last and seen and seen.act.encode() != last.payload:
        raise AnchorContradicted(
            f"this register says that its batch {last.sequence} is final, and the chain holds another: it is no backup of "
            f"the register of {log}"
        )


def _displaced(connection: Connection, view: ReplicaView, log: str) -> list[int]:
    """Return the batches from the first on that the chain contradicts.

    A batch is frozen once the chain was seen without it. That can be wrong only where the chain has a transaction of before
    the restore still waiting: then one of the two is mined, and the contract refuses the other.
    """
    batches = list_open_batches(connection)
    for batch in batches:
        seen = view.sighting(log, batch.sequence)
        if seen and seen.act.encode() != batch.payload:
            return [other.sequence for other in batches if other.sequence >= batch.sequence]
    return []


def _check_final(view: ReplicaView, log: str, known: int) -> None:
    if view.sighting(log, known + 1):
        raise RegisterBehind(
            f"anchor {known + 1} of {log} is on the chain and not final yet: wait a minute and run this again"
        )


def list_local_submissions(connection: Connection, displaced: Sequence[int]) -> list[Local]:
    rows = connection.execute(_LOCAL.where(SUBMISSION.c.batch.is_(None) | SUBMISSION.c.batch.in_(displaced)))
    return [Local(row.first, decode_entry(decode(row.entry))) for row in rows]


def _find(
    anchor: Anchor, suite: Suite, local: Mapping[int, Local], pages: list[Pages], faults: list[str]
) -> Lost:
    """Return the batch with the entries that fold to its root. Whoever does not answer is not asked again."""
    entries: list[Entry] = []
    position = anchor.size_before
    while position < anchor.size and position in local:
        entries.append(local[position].entry)
        position = local[position].end
    if check_fold(anchor, entries, suite) is None:
        return Lost(anchor, tuple(entries), "")
    for source in tuple(pages):
        name = source.peer.name
        try:
            copies = source.of(anchor)
        except Wrong as error:
            faults.append(f"{name}: {error}")
            continue
        except PeerFailed as error:
            faults.append(f"{name}: {error}")
            pages.remove(source)
            continue
        if copies is not None and check_fold(anchor, copies, suite) is None:
            return Lost(anchor, tuple(copies), name)
        answered = "does not have" if copies is None else "gave others than"
        faults.append(f"{name} {answered} the entries of anchor {anchor.sequence}")
    return Lost(anchor, None, "")


def _kept(lost: Sequence[Lost], local: Mapping[int, Local], size: int) -> frozenset[int]:
    """Return the first positions of local submissions that stay: those in lost batches, at their very place.

    Where nothing is missing, so do those that follow the chain's end without a gap: they wait for the next batch.
    """
    kept: set[int] = set()
    whole = True
    for batch in lost:
        position = batch.anchor.size_before
        for entry in batch.entries or ():
            if position in local and local[position].entry == entry:
                kept.add(position)
            else:
                whole = False
            position += entry.statement.count
        whole = whole and batch.entries is not None
    while whole and size in local:
        kept.add(size)
        size = local[size].end
    return frozenset(kept)
