"""Choose among endpoints of one chain: which may be asked, which rest after a failure."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from anchoring.chain.protocol import Chain
from anchoring.errors import ChainBehind, ChainMisbehaved, ChainUnavailable, NotAChain, WrongRegistry
from anchoring.processes.loops import Backoff

#: Of a failed endpoint: most failures are a lost connection; one that hangs costs one timeout of 20 s in the longest pause.
ENDPOINT_BACKOFF: Final = Backoff(first_seconds=1.0, longest_seconds=120.0)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class NamedEndpoint:
    """An endpoint as a chain, and how it did so far.

    `is_admitted`: its chain id was seen to be right since it last failed. `error`: why it last failed, at `failed_at`; it
    may be asked again from `due_at` on.
    """

    name: str
    chain: Chain
    is_admitted: bool = False
    error: Exception | None = None
    failure_count: int = 0
    failed_at: float = -math.inf
    due_at: float = -math.inf


class Endpoints:
    """The endpoints of chain `chain_id`; one that serves another chain is never used."""

    def __init__(
        self, chains: Sequence[tuple[str, Chain]], chain_id: int, clock: Callable[[], float]
    ) -> None:
        self._named_endpoints = [NamedEndpoint(name, chain) for name, chain in chains]
        self._chain_id, self._clock = chain_id, clock

    def __len__(self) -> int:
        return len(self._named_endpoints)

    def get_preferred(self) -> NamedEndpoint:
        return self._named_endpoints[0]

    def list_candidates(self) -> list[NamedEndpoint]:
        """Return the endpoints that may be asked now; where all of them pause, the one whose pause ends first."""
        due_endpoints = [endpoint for endpoint in self._named_endpoints if not self.is_resting(endpoint)]
        return due_endpoints or [min(self._named_endpoints, key=lambda endpoint: endpoint.due_at)]

    def is_resting(self, endpoint: NamedEndpoint) -> bool:
        return endpoint.due_at > self._clock()

    def admit(self, endpoint: NamedEndpoint) -> None:
        """Check, once after each failure, that the endpoint serves the right chain. Raises: WrongRegistry."""
        if endpoint.is_admitted:
            return
        chain_id = endpoint.chain.fetch_chain_id()
        if chain_id != self._chain_id:
            raise WrongRegistry(f"{endpoint.name} serves chain {chain_id}, not chain {self._chain_id}")
        endpoint.is_admitted = True

    def fail(self, endpoint: NamedEndpoint, error: Exception) -> None:
        """Leave an endpoint alone for a while, longer each time; after a long time of health it starts afresh."""
        now = self._clock()
        failed_lately = now - endpoint.failed_at < 2 * ENDPOINT_BACKOFF.longest_seconds
        endpoint.failure_count = endpoint.failure_count + 1 if failed_lately else 1
        pause_seconds = ENDPOINT_BACKOFF.choose_pause(endpoint.failure_count)
        endpoint.is_admitted, endpoint.error = False, error
        endpoint.failed_at, endpoint.due_at = now, now + pause_seconds
        if len(self._named_endpoints) > 1:
            logger.warning("%s is not used for %.1f s: %s", endpoint.name, pause_seconds, error)

    def explain(self, errors: Sequence[Exception]) -> Exception:
        """Return the error that says why no endpoint answers, of the kind that asks most of the caller."""
        reasons = [
            f"{endpoint.name}: {endpoint.error}" for endpoint in self._named_endpoints if endpoint.error
        ]
        message = f"no chain endpoint can be used: {'; '.join(reasons)}"
        if all(isinstance(endpoint.error, WrongRegistry) for endpoint in self._named_endpoints):
            return WrongRegistry(message)
        if all(isinstance(endpoint.error, WrongRegistry | NotAChain) for endpoint in self._named_endpoints):
            return NotAChain(message)
        for error_type in (ChainBehind, ChainMisbehaved):
            if any(isinstance(error, error_type) for error in errors):
                return error_type(message)
        return ChainUnavailable(message)
