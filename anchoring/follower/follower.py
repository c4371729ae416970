"""Follow the chain: fold the registry's events into the replica, all of it checked.

Final events become facts; newer ones are shown as pending and replaced when the chain changes its branch. Nothing is ever
rewound past finality: a chain that does not hold its own final blocks quarantines the replica.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from anchoring.chain.presence import check_registry
from anchoring.chain.protocol import Block, Chain, ChainEvent, RegistryName
from anchoring.checkpoints.store import Checkpoints, compare
from anchoring.errors import (
    AnchoringError,
    ChainBehind,
    ChainMisbehaved,
    ChainUnavailable,
    CursorMoved,
    DatabaseUnavailable,
    Quarantined,
)
from anchoring.follower.clocks import ChainClock
from anchoring.follower.consistency import check_beginning, check_branch, check_head
from anchoring.follower.gathering import Gatherer
from anchoring.processes.condition import Reporter
from anchoring.processes.loops import LOOP_BACKOFF, POLL_SECONDS, Stop
from anchoring.processes.measures import CHAIN_CLOCK_LEAD, write_measures
from anchoring.processes.progress import Progress
from anchoring.replica.overlay import Overlay
from anchoring.replica.reading import Cursor, ReplicaView
from anchoring.replica.refold import REFOLDING, DailyRefold, refold
from anchoring.replica.store import FoldedEvent, Replica
from ledger.errors import BrokenHead, LedgerError
from ledger.registry.fold import Trees, derive
from ledger.registry.knowledge import Fold
from ledger.registry.trust import Fact

FOLLOWING: Final = "following"
# how long an endpoint may lag behind a final block before the chain is said to have lost it
LAG_PATIENCE_SECONDS: Final = 60.0
# between two looks at a chain that answers slowly: half of the time is left to others
_LONGEST_POLL_SECONDS: Final = 5.0
# between two notes of a clock that goes as it went
_LEAD_SECONDS: Final = 60

logger = logging.getLogger(__name__)


class Follower:
    """Brings one replica after one chain. `first_block` may name the block of the registry's deployment, to save looking."""

    def __init__(
        self,
        chain: Chain,
        replica: Replica,
        registry: str,
        *,
        first_block: int = 1,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        lag_patience_seconds: float = LAG_PATIENCE_SECONDS,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._chain, self._replica, self._registry = chain, replica, registry
        self._registry_name = RegistryName.parse(registry)
        self._clock, self._lag_patience_seconds = clock, lag_patience_seconds
        self._wall_clock, self.chain_clock = wall_clock, ChainClock(wall_clock, clock)
        self._checkpoints = checkpoints
        # The status trees and the event that they are of; None: to be made again from the replica.
        self._event_number_and_trees: tuple[int, Trees] | None = None
        self._gatherer = Gatherer(self._registry_name.contract, first_block)
        self._seen_blocks: tuple[Block, Block] | None = None
        self._is_endpoint_suspect = False
        self._behind_since: float | None = None
        self._written_lead: tuple[int, int] | None = None
        self.is_caught_up = False
        self.progress = (0, 0)  # events held, of so many that the contract counted when it was last asked

    def start(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Check chain, contract and head 0 against the registry's name, then the replica against itself.

        `progress` is told of the latter (events done, events in all).
        Raises: WrongRegistry, RegistryAbsent where it may come, Quarantined, ChainUnavailable.
        """
        head_zero = check_registry(self._chain, self._registry, time.time())
        self._replica.prepare(self._registry, head_zero)
        self.refold(progress)

    def refold(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Check the replica against itself, and against the newest checkpoint that was cosigned.

        Raises: Quarantined, which stays until the replica is made anew.
        """
        try:
            with self._replica.reading(quarantined=True) as view:
                trees = refold(view, progress)
                self._event_number_and_trees = view.cursor.event_number, trees
                self._compare(view)
        except Quarantined as error:
            self._replica.set_quarantine(str(error))
            raise

    def _compare(self, view: ReplicaView) -> None:
        contradiction = compare(view, self._checkpoints) if self._checkpoints else None
        if contradiction:
            raise Quarantined(f"the replica is not what this node and others signed: {contradiction}")

    def step(self) -> int:
        """Take what the chain has for the replica and return how many final events it was.

        Raises: ChainUnavailable or a child, with the replica unchanged; Quarantined, which the replica then is.
        """
        try:
            event_count = self._step()
        except (ChainUnavailable, Quarantined) as error:
            self._seen_blocks, self.is_caught_up = None, False
            self._is_endpoint_suspect = self._is_endpoint_suspect or isinstance(error, ChainMisbehaved)
            if isinstance(error, ChainBehind) and self._may_lag():
                raise
            if isinstance(error, Quarantined | ChainBehind):
                self._replica.set_quarantine(str(error))
                raise Quarantined(str(error)) from error
            raise
        self._is_endpoint_suspect, self._behind_since = False, None
        return event_count

    def run(self, stop: Stop) -> None:
        """Follow until told to stop, and refold daily; what can pass by itself is waited for, longer each time.

        Raises: WrongRegistry, CursorMoved and Quarantined at start, which need a person.
        """
        reporter = Reporter(self._replica.engine, "follower")
        failure_count, daily_refold, progress = 0, None, Progress(self._clock, reporter)
        while not stop.is_set():
            try:
                if daily_refold is None:
                    self.start(partial(progress.tell, REFOLDING))
                    progress.end()
                    daily_refold = DailyRefold(self._replica, self._compare, self._clock)
                daily_refold.go_on()
                started_at = self._clock()
                self.step()
                failure_count = 0
                reporter.tell(activity=FOLLOWING, progress=self.progress)
                self._write_lead()
                if self.is_caught_up:
                    progress.end()
                    # a gateway that lets few requests through has others to serve, of this node too
                    stop.wait(max(POLL_SECONDS, min(self._clock() - started_at, _LONGEST_POLL_SECONDS)))
                else:
                    progress.tell(FOLLOWING, *self.progress)
            except (ChainUnavailable, DatabaseUnavailable, Quarantined) as error:
                reporter.tell(error, activity=FOLLOWING, progress=self.progress)
                if isinstance(error, Quarantined) and daily_refold is None:
                    raise
                failure_count += 1
                pause_seconds = LOOP_BACKOFF.choose_pause(failure_count)
                logger.warning("%s (again in %.1f s)", error, pause_seconds)
                stop.wait(pause_seconds)
            except AnchoringError as error:
                reporter.tell(error)
                raise
        if daily_refold:
            daily_refold.close()

    def _write_lead(self) -> None:
        """Let the other processes know how the chain's clock goes, once a minute and when that changes."""
        lead_seconds, now = self.chain_clock.lead_seconds, int(self._wall_clock())
        if lead_seconds is not None and (lead_seconds, now // _LEAD_SECONDS) != self._written_lead:
            self._written_lead = lead_seconds, now // _LEAD_SECONDS
            write_measures(self._replica.engine, {CHAIN_CLOCK_LEAD: lead_seconds}, now)

    def _step(self) -> int:
        """One step:

        1. ask the contract where it stands, before anything else: what is read afterwards must reach it;
        2. the chain still holds the final block that is known here;
        3. gather the next final events and, where they reach the final block, the pending ones;
        4. fold them, and compare with what the contract said;
        5. derive the facts and store everything in one transaction, on condition that nobody else wrote.
        """
        # 1
        stated_head = self._chain.fetch_head(self._registry_name.contract)
        latest_block, final_block = self._chain.fetch_latest_block(), self._chain.fetch_final_block()
        if final_block.number > latest_block.number:  # a block came between the two questions
            latest_block = final_block
        self.chain_clock.look(latest_block)
        if self._seen_blocks == (latest_block, final_block) and self.is_caught_up:
            return 0
        with self._replica.reading(quarantined=True) as view:
            cursor = view.cursor
        # 2
        if cursor.final_hash:
            latest_reaches_cursor = cursor.final_block_number <= latest_block.number
            check_branch(
                cursor,
                self._chain.find_block(cursor.final_block_number) if latest_reaches_cursor else None,
                latest_block,
            )
        # 3
        gathered_acts = self._gatherer.gather(
            self._chain,
            cursor,
            stated_head,
            (latest_block, final_block),
            is_suspect=self._is_endpoint_suspect,
        )
        final_events, end_block = gathered_acts.list_up_to_end(), gathered_acts.end_block
        # 4
        fold = Fold(cursor.head, cursor.event_number, cursor.block_number, cursor.time)
        folded_events = self._fold_events(fold, final_events)
        new_cursor = _make_cursor(fold, end_block)
        pending_events = self._fold_events(fold, gathered_acts.list_beyond_end())
        if cursor.event_number == 0 and folded_events:
            deployment_block = final_events[0].event.block_number
            check_beginning(
                self._registry_name, final_events[0], self._chain.find_block(deployment_block - 1)
            )
        if gathered_acts.is_newest:
            check_head(stated_head, cursor, [*folded_events, *pending_events])
        # 5
        trees, events_with_facts = self._derive_all(cursor, folded_events)
        self._replica.store(
            cursor, new_cursor, events_with_facts, pending_events, trees, is_caught_up=gathered_acts.is_newest
        )
        self._event_number_and_trees = new_cursor.event_number, trees
        self._seen_blocks = None if gathered_acts.is_walked else (latest_block, final_block)
        self.is_caught_up = gathered_acts.is_newest
        self.progress = new_cursor.event_number, max(stated_head.event_number, new_cursor.event_number)
        self._gatherer.window.adapt(final_events)
        return len(folded_events)

    def _fold_events(self, fold: Fold, events: Sequence[ChainEvent]) -> list[FoldedEvent]:
        folded_events = []
        for event in events:
            try:
                fold.extend(event.event)
            except BrokenHead as error:
                self._is_endpoint_suspect = True
                raise ChainMisbehaved(f"the endpoint's events do not follow one another: {error}") from error
            folded_events.append(FoldedEvent(event, fold.head))
        return folded_events

    def _derive_all(
        self, cursor: Cursor, folded_events: Sequence[FoldedEvent]
    ) -> tuple[Trees, list[FoldedEvent]]:
        """Return the status trees and the events with their facts. Until these are stored the trees are nobody's."""
        number_and_trees, self._event_number_and_trees = self._event_number_and_trees, None
        with self._replica.reading(quarantined=True) as view:
            if view.cursor != cursor:
                raise CursorMoved("the replica was written by another process: run one follower per replica")
            trees = (
                number_and_trees[1]
                if number_and_trees and number_and_trees[0] == cursor.event_number
                else refold(view)
            )
            overlay, events_with_facts = Overlay(view), []
            for folded_event in folded_events:
                facts = _derive_facts(overlay, trees, folded_event)
                for fact in facts:
                    overlay.keep_fact(fact)
                events_with_facts.append(FoldedEvent(folded_event.event, folded_event.head, facts))
        return trees, events_with_facts

    def _may_lag(self) -> bool:
        """Tell whether an endpoint that lags may have some more time."""
        now = self._clock()
        if self._behind_since is None:
            self._behind_since = now
        return now - self._behind_since < self._lag_patience_seconds


def _make_cursor(fold: Fold, end_block: Block) -> Cursor:
    return Cursor(
        fold.event_number,
        fold.head,
        fold.block_number,
        fold.time,
        end_block.number,
        end_block.hash,
        end_block.time,
    )


def _derive_facts(overlay: Overlay, trees: Trees, folded_event: FoldedEvent) -> list[Fact]:
    try:
        return derive(overlay, trees, folded_event.event.event)
    except LedgerError as error:
        raise Quarantined(
            f"event {folded_event.event.event.event_number} of the registry cannot be understood: {error}"
        ) from error
