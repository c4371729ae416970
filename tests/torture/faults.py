"""What goes wrong, at random and for a limited time; everything that was done is counted."""

import heapq
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Final

from anchoring.anchorer.lease import LEASE_SECONDS
from anchoring.errors import AnchoringError
from tests.torture.cities import BLOCK_SECONDS, FINAL_DEPTH, Cities
from tests.torture.endpoint import Endpoint
from tests.torture.parts import Part, Parts

HANG_UP: Final = "hang-up"  # what only a database server does
#: Every kind of fault, and how often it is chosen.
WEIGHTS: Final = {
    "kill": 6,
    "kill-at": 4,
    "kill-city": 1,
    "hold": 3,
    "second-anchorer": 1,
    "reorganise": 4,
    "endpoint": 5,
    HANG_UP: 2,
}
MEAN_PAUSE: Final = 0.5  # seconds between two faults
SHORT_HOLD: Final = (0.2, 2.0)
DEEPEST: Final = FINAL_DEPTH - 1  # what is final is never given up
_HASTY: Final = 0.2  # the share of kills that leave a process no time to begin its work
_AIMED: Final = 0.8  # the share of reorganisations that are meant for an anchor
_FORGOTTEN: Final = (
    0.3  # the share of reorganisations whose transactions nobody hands in again, but the anchorer
)
_AIM_SECONDS: Final = 2.5  # how long a fault waits for the moment that it is meant for
_LOOK_SECONDS: Final = 0.2
_LIE_SECONDS: Final = 6.0  # a replica may take this long to notice a lie, or that it is over

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Done:
    """What was done to the cities."""

    kills: Counter[str] = field(default_factory=Counter)
    interrupted: Counter[str] = field(default_factory=Counter)
    pauses: Counter[str] = field(default_factory=Counter)
    reorgs: Counter[int] = field(default_factory=Counter)
    waiting_again: int = 0
    forgotten: int = 0
    endpoints: Counter[str] = field(default_factory=Counter)
    hang_ups: Counter[str] = field(default_factory=Counter)
    quarantines: Counter[str] = field(default_factory=Counter)
    unjustified: list[str] = field(default_factory=list)


class Faults:
    """Lets things of these kinds go wrong, one after the other, often several at a time. For one thread, the main one.

    On a machine that is slower by the factor `pace`, less of it, so that something happens in between.
    """

    def __init__(
        self, cities: Cities, parts: Parts, random: Random, kinds: Sequence[str], pace: float = 1.0
    ) -> None:
        self._cities, self._parts, self._random = cities, parts, random
        self._pause, self._lie = MEAN_PAUSE * pace, _LIE_SECONDS * pace
        for part in parts.all:
            part.settles *= pace
        self.done = Done()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._lied: dict[str, float] = {}
        self._quarantined: dict[str, str] = {}
        self._next = time.monotonic()
        self._looked = 0.0
        do = {
            "kill": self._kill,
            "kill-at": self._kill_at_a_moment,
            "kill-city": self._kill_a_city,
            "hold": self._hold,
            "second-anchorer": self._second_anchorer,
            "reorganise": self._reorganise,
            "endpoint": self._fail_endpoint,
            HANG_UP: self._hang_up,
        }
        self._kinds = [do[kind] for kind in kinds]
        self._weights = [WEIGHTS[kind] for kind in kinds]

    def tick(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        while self._agenda and self._agenda[0][0] <= now:
            heapq.heappop(self._agenda)[2]()
        self.look()
        if now >= self._next:
            self._random.choices(self._kinds, self._weights)[0]()
            self._next = time.monotonic() + self._random.expovariate(1 / self._pause)

    def end(self) -> None:
        """End every fault; what waits to be handed in again is."""
        logger.info("the end of all faults")
        while self._agenda:
            heapq.heappop(self._agenda)[2]()
        for part in self._parts.all:
            part.release()
        for endpoint in self._endpoints():
            endpoint.mend()
        for part in self._parts.all:  # what waits longer after each failure starts afresh
            if part.kind not in ("api", "monitor"):
                part.kill()

    # -- Processes --

    def _kill(self) -> None:
        """Kill any process, also one below the supervisor."""
        parts = self._parts.running(settled=self._random.random() > _HASTY)
        if not parts:
            return
        part = self._random.choice(parts)
        children = part.children()
        if children and self._random.random() < 0.8:
            kind = self._random.choice(sorted(children))
            with suppress(ProcessLookupError):
                os.kill(children[kind], signal.SIGKILL)
            logger.info(f"killed {part.city} {kind}, below its supervisor")
            self.done.kills[kind] += 1
            return
        self._kill_part(part)

    def _kill_at_a_moment(self) -> None:
        """Kill the anchorer, or the follower beside it, when the anchoring comes to a step chosen before."""
        kind = self._random.choice(("anchorer", "anchorer", "follower"))
        if not self._parts.running(kind, settled=True):
            return
        self._await(self._random.choice(("accepted", "frozen", "stored", "submitted", "mined")))
        time.sleep(self._random.choice((0.0, 0.0, self._random.uniform(0, 0.05))))
        for part in self._parts.running(kind):
            self._kill_part(part)

    def _await(self, moment: str) -> None:
        """Wait until the anchoring comes to a step, though not for long."""
        until = time.monotonic() + (_AIM_SECONDS if self._parts.running("anchorer", settled=True) else 0.0)
        while time.monotonic() < until and self._cities.standing() != moment:
            self._parts.tick()
            time.sleep(0.003)

    def _kill_a_city(self) -> None:
        """A power cut."""
        for part in self._parts.running():
            if part.city == "tianmen":
                self._kill_part(part)

    def _kill_part(self, part: Part) -> None:
        self._parts.kill(part)
        self.done.kills[part.kind] += 1
        standing = self._cities.standing()
        if part.kind == "anchorer":
            self.done.interrupted[standing] += 1
        logger.info(f"killed {part.city} {part.kind}, anchoring is {standing}")

    def _hold(self) -> None:
        if running := self._parts.running():
            self._hold_part(self._random.choice(running), self._random.uniform(*SHORT_HOLD), "short")

    def _hold_part(self, part: Part, seconds: float, length: str) -> None:
        if part.runs and not part.held_until:
            part.hold(seconds)
            self.done.pauses[f"{part.kind} {length}"] += 1
            logger.info(f"held {part.city} {part.kind} for {seconds:.1f} s")

    def _second_anchorer(self) -> None:
        """A second anchorer is started by mistake; then the first one sleeps through its lease, and wakes up."""
        first, second = (part for part in self._parts.all if part.kind == "anchorer")
        if second.wanted:
            return
        second.wanted = True
        self.done.pauses["second anchorer"] += 1
        logger.info("a second anchorer")
        sleep = LEASE_SECONDS + self._random.uniform(0, 3)
        self._at(3.0, lambda: self._hold_part(first, sleep, "beyond the lease"))

        def leave() -> None:
            second.wanted = False
            second.ask_to_end()
            logger.info("no second anchorer any more")

        self._at(sleep + self._random.uniform(4, 10), leave)

    # -- The chain --

    def _reorganise(self) -> None:
        """Replace the newest blocks by empty ones; the old transactions wait again, at once or later, or are forgotten."""
        net, depth = self._cities.devnet, self._random.randint(1, DEEPEST)
        if self._random.random() < _AIMED:
            self._await("mined")
        latest = net.chain.fetch_latest_block()
        hashes: list[bytes] = []
        for number in range(latest.number - depth, latest.number + 2):
            block = net.request("eth_getBlockByNumber", hex(number), False)
            hashes += (
                [bytes.fromhex(hash[2:]) for hash in block["transactions"]] if isinstance(block, dict) else []
            )
        net.request("anvil_reorg", depth, [])
        behind = (
            int(time.time()) - net.chain.fetch_latest_block().time
        )  # anvil's clock goes back with its blocks
        net.request("evm_increaseTime", max(0, behind))
        self.done.reorgs[depth] += 1
        logger.info(f"reorganised {depth} blocks below {latest.number}, with {len(hashes)} transactions")
        if self._random.random() < _FORGOTTEN:
            self.done.forgotten += len(hashes)
            return
        delay = self._random.choice((0.0, 0.0, BLOCK_SECONDS, self._random.uniform(1, 4)))
        self._at(delay, lambda: self._hand_in_again(hashes))

    def _hand_in_again(self, hashes: list[bytes]) -> None:
        for raw in self._cities.raw(hashes):
            with suppress(AnchoringError):  # mined again, or replaced, meanwhile
                self._cities.devnet.chain.send(raw)
                self.done.waiting_again += 1

    # -- Endpoints --

    def _fail_endpoint(self) -> None:
        city = self._random.choice(sorted(self._cities.endpoints))
        endpoint = self._random.choice(self._cities.endpoints[city])
        if endpoint.kind:
            return
        kind = self._random.choice(Endpoint.KINDS)
        endpoint.fail(kind)
        self.done.endpoints[kind] += 1
        logger.info(f"an endpoint of {city}: {kind}")
        if self._random.random() < 0.3:  # both at once: nobody is left to ask
            for beside in self._cities.endpoints[city]:
                beside.fail(kind)

        def mend() -> None:
            for endpoint in self._cities.endpoints[city]:
                endpoint.mend()
            logger.info(f"the endpoints of {city} are mended")

        self._at(self._random.uniform(0.5, 5), mend)

    def _endpoints(self) -> list[Endpoint]:
        return [endpoint for city in self._cities.endpoints.values() for endpoint in city]

    # -- The database server --

    def _hang_up(self) -> None:
        """The server ends connections of Tianmen's processes, some or all, whatever they are doing."""
        some = self._random.random() < 0.7
        ended = self._cities.hang_up(0.3 if some else 1.0)
        self.done.hang_ups["some" if some else "all"] += ended
        logger.info(f"hung up on {ended} connections")

    # -- Watching --

    def look(self) -> None:
        """Note every quarantine that begins; it is justified where an endpoint of that city lied lately."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        for city, endpoints in self._cities.endpoints.items():
            if any(endpoint.kind in Endpoint.LIES for endpoint in endpoints):
                self._lied[city] = now
            said = self._cities.quarantine(city)
            if said and not self._quarantined.get(city):
                justified = now - self._lied.get(city, float("-inf")) < self._lie
                self.done.quarantines["justified" if justified else "unjustified"] += 1
                logger.info(f"{city} is quarantined: {said}")
                if not justified:
                    self.done.unjustified.append(f"{city}: {said}")
            self._quarantined[city] = said

    def _at(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (time.monotonic() + seconds, next(self._order), do))
