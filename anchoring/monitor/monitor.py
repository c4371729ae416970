"""Fetch the public entries of other logs and check them against their anchors.

So nothing is anchored out of sight. Whatever another node says is believed only if it folds to the anchored root; until
then it may be late, wrong or hostile. It is asked for positions that follow from the chain, never for an address of its
own. Verification waits for none of this.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from anchoring import limits
from anchoring.errors import AnchoringError, PeerFailed, PeerNewer, PeerRefused
from anchoring.monitor.copies import LONGEST_PAUSE_SECONDS, EntryCopies
from anchoring.monitor.pages import ROUND_SECONDS, EntryPeer, Pages, WrongAnswer
from anchoring.monitor.tables import Publication
from anchoring.processes.condition import Reporter
from anchoring.processes.loops import Backoff, Stop
from anchoring.replica.store import Replica
from ledger.records.submissions import Entry
from ledger.registry.trust import Anchor
from ledger.verification.entries import NOT_IN_BATCH, Fault, check_batch

MONITOR_SECONDS: Final = 2.0  # between two looks for new anchors of other logs
#: Of the monitor itself while something is wrong here: it asks nobody else for that.
MONITOR_BACKOFF: Final = Backoff(first_seconds=MONITOR_SECONDS, longest_seconds=30.0, is_spread=False)
#: Of a node that does not answer, and of an anchor whose entries nobody gives.
PEER_BACKOFF: Final = Backoff(first_seconds=5.0, longest_seconds=LONGEST_PAUSE_SECONDS)
ROUND_ANCHORS: Final = 100  # asked for in a round: what is withheld does not keep newer anchors waiting
_WALK_ANCHORS: Final = 500  # taken in at a time: one short transaction
# faults of entries that are not the anchored ones
_FOREIGN_REASONS: Final = frozenset({NOT_IN_BATCH, "count_mismatch"})

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Node:
    """A node that did not answer is left alone for a while, longer each time; `last_error` says what went wrong.

    `asked_at` is when the round began in which it was asked last.
    """

    peer: EntryPeer
    failure_count: int = 0
    asked_at: int = 0
    due_at: float = 0.0
    last_error: str = ""

    def note_answer(self, error: Exception | None, now: float) -> None:
        """Note how the node answered."""
        if error is None:
            self.failure_count, self.last_error = 0, ""
            return
        self.failure_count += 1
        self.due_at, self.last_error = now + PEER_BACKOFF.choose_pause(self.failure_count), str(error)
        logger.warning("%s: %s", self.peer.name, self.last_error)


@dataclass(slots=True)
class _Attempt:
    """What comes of asking for the entries of an anchor in the round that began at `now`.

    `was_asked`: a node was; `was_in_vain`: one of the anchor's own city was; `was_answered`: such a one was reached;
    `is_faulty`: what such a one gave is wrong.
    """

    now: int
    was_asked: bool = False
    was_in_vain: bool = False
    was_answered: bool = False
    is_faulty: bool = False
    findings: list[str] = field(default_factory=list)


class Monitor:
    """Watches logs. `nodes` are the nodes of each log's own city; every node may hold copies of every log."""

    def __init__(
        self,
        replica: Replica,
        nodes: Mapping[str, Sequence[EntryPeer]],
        *,
        withheld_after: int = limits.WITHHELD_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._replica, self._copies = replica, EntryCopies(replica.engine, withheld_after)
        self._clock = clock
        nodes_by_name = {peer.name: _Node(peer) for peers in nodes.values() for peer in peers}
        self._city_nodes = {log: [nodes_by_name[peer.name] for peer in peers] for log, peers in nodes.items()}
        self._nodes = list(nodes_by_name.values())

    def step(self) -> int:
        """Take in new anchors and ask for what is due, each log in its turn. Return how many anchors were settled.

        Raises: NotFound before there is a replica, Quarantined, DatabaseUnavailable.
        """
        self._copies.prepare()
        return sum(self._watch(log) for log in self._city_nodes)

    def run(self, stop: Stop) -> None:
        """Watch until told to stop; wait longer while there is no replica to go by."""
        failure_count, reporter = 0, Reporter(self._replica.engine, "monitor", self._clock)
        while not stop.is_set():
            try:
                if settled_count := self.step():
                    logger.info("settled the entries of %d anchors", settled_count)
                failure_count = 0
                reporter.tell()
                stop.wait(MONITOR_SECONDS)
            except AnchoringError as error:
                failure_count += 1
                pause_seconds = MONITOR_BACKOFF.choose_pause(failure_count)
                logger.warning("%s (again in %d s)", error, pause_seconds)
                reporter.tell(error)
                stop.wait(pause_seconds)

    def _watch(self, log: str) -> int:
        """1. Take in the anchors that the replica has. 2. Ask for the entries that are due, as long as time allows."""
        now = int(self._clock())
        self._walk(log, now)  # 1
        sequences = self._copies.list_due(log, now, ROUND_ANCHORS)  # 2
        with self._replica.reading() as view:
            due_anchors = [anchor for sequence in sequences if (anchor := view.find_anchor(log, sequence))]
        pages = {node.peer.name: Pages(node.peer, log, self._clock) for node in self._nodes}
        settled_count = 0
        for anchor in due_anchors:
            settled_count += self._settle(anchor, pages, now)
            if self._clock() > now + ROUND_SECONDS:
                break
        return settled_count

    def _walk(self, log: str, now: int) -> None:
        while True:
            walked_sequence = self._copies.find_walked_sequence(log)
            with self._replica.reading() as view:
                log_state = view.find_log(log)
                last_sequence = (
                    min(log_state.sequence, walked_sequence + _WALK_ANCHORS) if log_state else walked_sequence
                )
                sequences = range(walked_sequence + 1, last_sequence + 1)
                anchors = [anchor for sequence in sequences if (anchor := view.find_anchor(log, sequence))]
            if not anchors:
                return
            self._copies.walk(log, anchors, now)

    def _settle(self, anchor: Anchor, pages: Mapping[str, Pages], now: int) -> bool:
        """Ask one node after the other for the entries of an anchor, the city's own first; keep them, or say why not."""
        city_nodes = self._city_nodes[anchor.log]
        other_nodes = [node for node in self._nodes if node not in city_nodes]
        attempt = _Attempt(now)
        for node in (*city_nodes, *other_nodes):
            entries, faults = self._ask(node, pages[node.peer.name], anchor, attempt)
            if entries is not None:
                faults = self._check(anchor, entries)
            for fault in faults:
                logger.warning("%s, anchor %d: %s", node.peer.name, anchor.sequence, fault.text)
            if entries is not None and not any(fault.reason in _FOREIGN_REASONS for fault in faults):
                self._copies.keep(anchor, entries, node.peer.name, faults, int(self._clock()))
                return True
            if node in city_nodes:  # what another city's node gives says nothing about this city
                reasons = [fault.text for fault in faults] or [node.last_error or "it does not have them"]
                attempt.findings += [f"{node.peer.name}: {reason}" for reason in reasons]
                attempt.is_faulty = attempt.is_faulty or bool(faults)
        self._put_off(anchor, attempt)
        return False

    def _ask(
        self, node: _Node, pages: Pages, anchor: Anchor, attempt: _Attempt
    ) -> tuple[list[Entry] | None, list[Fault]]:
        """Return what a node gives for an anchor, None where it gives nothing, and what is wrong with its answer."""
        if self._is_left_alone(node, anchor, attempt.now):
            return None, []
        node.asked_at, attempt.was_asked = attempt.now, True
        entries, faults, failure = None, list[Fault](), None
        try:
            entries = pages.read_entries(anchor)
        except PeerFailed as error:
            failure = error
        except WrongAnswer as error:
            faults = [Fault(NOT_IN_BATCH, anchor.size_before, str(error))]
        node.note_answer(failure, self._clock())
        if node in self._city_nodes[anchor.log]:
            attempt.was_in_vain |= not isinstance(failure, PeerNewer)
            attempt.was_answered |= failure is None or isinstance(failure, PeerRefused)
        return entries, faults

    def _is_left_alone(self, node: _Node, anchor: Anchor, now: int) -> bool:
        """Tell whether a node that failed has its rest. At the end of the grace those of the city are asked all the same."""
        deadline, current_time = anchor.time + self._copies.grace_seconds, self._clock()
        if node in self._city_nodes[anchor.log] and node.asked_at < deadline <= now:
            return False
        # A rest that lasts longer than any was noted by a clock that was wrong.
        return current_time < node.due_at <= current_time + PEER_BACKOFF.longest_seconds

    def _check(self, anchor: Anchor, entries: Sequence[Entry]) -> list[Fault]:
        with self._replica.reading() as trust:
            trust.entries = self._copies
            return check_batch(anchor, entries, trust)

    def _put_off(self, anchor: Anchor, attempt: _Attempt) -> None:
        now, deadline = attempt.now, anchor.time + self._copies.grace_seconds
        known_entries = self._copies.find_anchor_entries(anchor.log, anchor.sequence, now)
        attempt_count, findings = known_entries.attempt_count if known_entries else 0, attempt.findings
        if known_entries and known_entries.state is Publication.FAULTY and not attempt.was_answered:
            findings = [*known_entries.findings]
        if attempt.was_asked:
            attempt_count += 1
            due_at = now + int(PEER_BACKOFF.choose_pause(attempt_count))
        else:
            due_at = int(min(node.due_at for node in self._nodes))
        # Whether they come in time is looked at once the time is over, and not ten minutes later.
        due_at = min(due_at, deadline) if now < deadline else due_at
        asked_at = now if attempt.was_in_vain else None
        self._copies.put_off(
            anchor,
            findings,
            attempt_count,
            due_at,
            asked_at=asked_at,
            was_answered=attempt.was_answered,
            is_faulty=attempt.is_faulty,
        )
