"""Plan what a restored register takes back: the batches it lacks, who has their entries.

Nothing is written here.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from anchoring.errors import AnchorContradicted, NotFound, PeerFailed, RegisterBehind
from anchoring.monitor.pages import EntryPeer, Pages, WrongAnswer
from anchoring.recovery.setting_aside import LocalSubmission
from anchoring.register.batches import Batch, find_last_batch, find_own_log, list_open_batches
from anchoring.register.missing import list_missing
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, read_entry
from anchoring.register.tables import SUBMISSION
from anchoring.replica.reading import ReplicaView
from ledger.crypto.suites import Suite
from ledger.records.submissions import Entry
from ledger.registry.trust import Anchor, LogState
from ledger.verification.entries import check_fold

_UNCONFIRMED_SUBMISSIONS: Final = select(SUBMISSION.c.first, SUBMISSION.c.entry, SUBMISSION.c.batch).order_by(
    SUBMISSION.c.first
)


@dataclass(frozen=True, slots=True)
class LostBatch:
    """A batch that the register lacks, or whose entries it lacks; `source_name` says who has these, empty: it itself."""

    anchor: Anchor
    entries: tuple[Entry, ...] | None
    source_name: str

    @property
    def record_count(self) -> int:
        return self.anchor.size - self.anchor.size_before


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recovery will do.

    `displaced_sequences` are those of batches that this register froze and of which the chain holds others;
    `kept_positions` are the first positions of submissions that stay where they are, `submissions_aside` those that
    cannot. `known_sequence` is that of the newest batch that stays.
    """

    log: LogState
    known_sequence: int
    lost_batches: tuple[LostBatch, ...] = ()
    displaced_sequences: tuple[int, ...] = ()
    kept_positions: frozenset[int] = frozenset()
    submissions_aside: tuple[LocalSubmission, ...] = ()
    faults: tuple[str, ...] = ()


def make_plan(register: Register, view: ReplicaView, log: str, peers: Sequence[EntryPeer]) -> Plan:
    """Compare the register with the chain, and ask `peers` for the entries that it lacks; nothing is written.

    1. Which batches the register lacks; what it froze and the chain contradicts is no batch of it.
    2. Whose entries these are: its own submissions that it had not frozen, or what another node gives.
    3. Which submissions of its own stand where they stood. The others are set aside.

    The entries of all lost batches are held in memory: about 1 kB a submission.

    Raises: NotFound, AnchorContradicted where it is no register of this log, RegisterBehind where the chain is not final.
    """
    log_state = view.find_log(log)
    if log_state is None:
        raise NotFound(f"the log {log!r} is not admitted")
    with register.reading() as connection:
        last_batch = find_last_batch(connection)
        _check_own(connection, view, log, last_batch)
        displaced_sequences = _find_displaced(connection, view, log)  # 1
        known_sequence = (
            min(displaced_sequences) - 1 if displaced_sequences else last_batch.sequence if last_batch else 0
        )
        _check_final(view, log, max(log_state.sequence, known_sequence))
        unplaced_sequences = [
            missing.batch_sequence for missing in list_missing(connection) if missing.root is None
        ]
        sequences = [*unplaced_sequences, *range(known_sequence + 1, log_state.sequence + 1)]
        local_submissions = (
            {
                submission.first_position: submission
                for submission in list_local_submissions(connection, displaced_sequences)
            }
            if sequences
            else {}
        )
    anchors = [anchor for sequence in sequences if (anchor := view.find_anchor(log, sequence))]
    faults: list[str] = []
    pages = [Pages(peer, log, time.monotonic) for peer in peers]
    lost_batches = tuple(
        _find_entries(anchor, log_state.suite, local_submissions, pages, faults) for anchor in anchors
    )  # 2
    kept_positions = _find_kept(lost_batches, local_submissions, log_state.size)  # 3
    submissions_aside = tuple(
        submission
        for first_position, submission in local_submissions.items()
        if first_position not in kept_positions
    )
    return Plan(
        log_state,
        known_sequence,
        lost_batches,
        tuple(displaced_sequences),
        kept_positions,
        submissions_aside,
        tuple(faults),
    )


def _check_own(connection: Connection, view: ReplicaView, log: str, last_batch: Batch | None) -> None:
    """Check that this is a register of the log. Raises: AnchorContradicted."""
    own_log = find_own_log(connection)
    if own_log and (own_log.registry_name, own_log.name) != (view.registry, log):
        raise AnchorContradicted(
            f"this register is of {own_log.name} of {own_log.registry_name}, not of {log}"
        )
    sighting = (
        view.find_sighting(log, last_batch.sequence) if last_batch and last_batch.state == FINAL else None
    )
    if last_batch and sighting and sighting.act.encode() != last_batch.payload:
        raise AnchorContradicted(
            f"this register says that its batch {last_batch.sequence} is final, and the chain holds another: it is no "
            f"backup of the register of {log}"
        )


def _find_displaced(connection: Connection, view: ReplicaView, log: str) -> list[int]:
    """Return the batches from the first on that the chain contradicts.

    A batch is frozen once the chain was seen without it. That can be wrong only where the chain has a transaction of before
    the restore still waiting: then one of the two is mined, and the contract refuses the other.
    """
    batches = list_open_batches(connection)
    for batch in batches:
        sighting = view.find_sighting(log, batch.sequence)
        if sighting and sighting.act.encode() != batch.payload:
            return [later_batch.sequence for later_batch in batches if later_batch.sequence >= batch.sequence]
    return []


def _check_final(view: ReplicaView, log: str, last_sequence: int) -> None:
    if view.find_sighting(log, last_sequence + 1):
        raise RegisterBehind(
            f"anchor {last_sequence + 1} of {log} is on the chain and not final yet: wait a minute and run this again"
        )


def list_local_submissions(
    connection: Connection, displaced_sequences: Sequence[int]
) -> list[LocalSubmission]:
    rows = connection.execute(
        _UNCONFIRMED_SUBMISSIONS.where(
            SUBMISSION.c.batch.is_(None) | SUBMISSION.c.batch.in_(displaced_sequences)
        )
    )
    return [LocalSubmission(row.first, read_entry(row.first, row.entry)) for row in rows]


def _find_entries(
    anchor: Anchor,
    suite: Suite,
    local_submissions: Mapping[int, LocalSubmission],
    pages: list[Pages],
    faults: list[str],
) -> LostBatch:
    """Return the batch with the entries that fold to its root. Whoever does not answer is not asked again."""
    entries: list[Entry] = []
    position = anchor.size_before
    while position < anchor.size and position in local_submissions:
        entries.append(local_submissions[position].entry)
        position = local_submissions[position].end_position
    if check_fold(anchor, entries, suite) is None:
        return LostBatch(anchor, tuple(entries), "")
    for node_pages in tuple(pages):
        node_name = node_pages.peer.name
        try:
            copies = node_pages.read_entries(anchor)
        except WrongAnswer as error:
            faults.append(f"{node_name}: {error}")
            continue
        except PeerFailed as error:
            faults.append(f"{node_name}: {error}")
            pages.remove(node_pages)
            continue
        if copies is not None and check_fold(anchor, copies, suite) is None:
            return LostBatch(anchor, tuple(copies), node_name)
        answer_text = "does not have" if copies is None else "gave others than"
        faults.append(f"{node_name} {answer_text} the entries of anchor {anchor.sequence}")
    return LostBatch(anchor, None, "")


def _find_kept(
    lost_batches: Sequence[LostBatch], local_submissions: Mapping[int, LocalSubmission], next_position: int
) -> frozenset[int]:
    """Return the first positions of local submissions that stay: those in lost batches, at their very place.

    Where nothing is missing, so do those that follow the chain's end without a gap: they wait for the next batch.
    """
    kept_positions: set[int] = set()
    is_whole = True
    for lost_batch in lost_batches:
        position = lost_batch.anchor.size_before
        for entry in lost_batch.entries or ():
            if position in local_submissions and local_submissions[position].entry == entry:
                kept_positions.add(position)
            else:
                is_whole = False
            position += entry.statement.record_count
        is_whole = is_whole and lost_batch.entries is not None
    while is_whole and next_position in local_submissions:
        kept_positions.add(next_position)
        next_position = local_submissions[next_position].end_position
    return frozenset(kept_positions)
