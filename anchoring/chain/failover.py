"""Several endpoints of one chain as one chain, with their final blocks compared.

The first endpoint that works answers. What one endpoint says of a final block, every other must say too; where two
contradict each other nothing more is taken from either, since nothing here can tell who lies. Only an endpoint that
holds the known final block takes over. Whether a chain lost blocks is for the follower to judge.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from anchoring.chain.endpoints import Endpoints, NamedEndpoint
from anchoring.chain.protocol import Block, Chain, ChainEvent, FeeTerms, RegistryHead, TransactionReceipt
from anchoring.errors import (
    NONCE_TOO_LOW,
    ChainBehind,
    ChainUnavailable,
    EndpointsDisagree,
    TransactionRejected,
    WrongRegistry,
)

# without a new final block, before the others are asked whether they have one
STANDSTILL_SECONDS: Final = 60.0
COMPARED_BLOCKS: Final = 16  # remembered as compared; the follower asks for the same one or two again

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _FinalClaim:
    """A block that an endpoint said to be final."""

    endpoint_name: str
    block: Block


class Failover:
    """`anchoring.chain.protocol.Chain` over named chains, the preferred first; for one thread.

    An endpoint that does not serve chain `chain_id` is never used. The errors are those of the last endpoint asked, and
    `WrongRegistry` where all of them serve another chain.
    """

    def __init__(
        self,
        chains: Sequence[tuple[str, Chain]],
        chain_id: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoints, self._clock = Endpoints(chains, chain_id, clock), clock
        self._current_endpoint: NamedEndpoint = self._endpoints.get_preferred()
        self._known_claim: _FinalClaim | None = None
        # when finality last moved, or the others were asked whether it did
        self._finality_checked_at = -math.inf
        self._compared_hashes: deque[bytes] = deque(maxlen=COMPARED_BLOCKS)

    def fetch_chain_id(self) -> int:
        return self._ask(lambda chain: chain.fetch_chain_id())

    def fetch_latest_block(self) -> Block:
        return self._ask(lambda chain: chain.fetch_latest_block())

    def fetch_final_block(self) -> Block:
        """Return the final block of the first endpoint that does not fall behind the one known; else the newest there is.

        Raises: EndpointsDisagree where another endpoint holds another block there.
        """
        known_claim, lagging_blocks = self._known_claim, list[Block]()

        def ask(chain: Chain) -> Block:
            final_block = chain.fetch_final_block()
            if known_claim and final_block.number < known_claim.block.number:
                lagging_blocks.append(final_block)
                raise _make_behind_error(known_claim)
            return final_block

        try:
            final_block = self._ask(ask)
        except EndpointsDisagree:
            raise
        except ChainUnavailable:
            if not lagging_blocks:
                raise
            return max(lagging_blocks, key=lambda block: block.number)
        if known_claim is None or final_block.hash != known_claim.block.hash:
            claim = _FinalClaim(self._current_endpoint.name, final_block)
            self._compare(claim)
            self._known_claim, self._finality_checked_at = claim, self._clock()
        elif self._clock() - self._finality_checked_at >= STANDSTILL_SECONDS:
            self._finality_checked_at = self._clock()
            if self._is_overtaken(known_claim):
                return self.fetch_final_block()
        return final_block

    def find_block(self, number: int) -> Block | None:
        """Return a block of the current branch. Raises: EndpointsDisagree where it is final, and another's is different."""
        block = self._ask(lambda chain: chain.find_block(number))
        is_final = self._known_claim is not None and number <= self._known_claim.block.number
        if block and is_final and block.hash not in self._compared_hashes:
            self._compare(_FinalClaim(self._current_endpoint.name, block))
        return block

    def fetch_events(self, contract: str, first_block: int, last_block: int) -> Sequence[ChainEvent]:
        return self._ask(lambda chain: chain.fetch_events(contract, first_block, last_block))

    def fetch_head(self, contract: str) -> RegistryHead:
        return self._ask(lambda chain: chain.fetch_head(contract))

    def fetch_head_zero(self, contract: str) -> bytes:
        return self._ask(lambda chain: chain.fetch_head_zero(contract))

    def is_synchronising(self) -> bool:
        return self._ask(lambda chain: chain.is_synchronising())

    def fetch_code(self, contract: str) -> bytes:
        return self._ask(lambda chain: chain.fetch_code(contract))

    def count_transactions(self, address: str, *, pending: bool = False) -> int:
        return self._ask(lambda chain: chain.count_transactions(address, pending=pending))

    def get_event_span(self) -> int:
        return self._current_endpoint.chain.get_event_span()

    def limit_event_span(self, block_count: int) -> None:
        """Note it of the endpoint that answered last."""
        self._current_endpoint.chain.limit_event_span(block_count)

    def fetch_fee_terms(self) -> FeeTerms:
        return self._ask(lambda chain: chain.fetch_fee_terms())

    def fetch_balance(self, address: str) -> int:
        return self._ask(lambda chain: chain.fetch_balance(address))

    def knows(self, transaction_hash: bytes) -> bool:
        return self._ask(lambda chain: chain.knows(transaction_hash))

    def simulate(self, sender: str, contract: str | None, data: bytes, *, gas: int | None = None) -> bytes:
        return self._ask(lambda chain: chain.simulate(sender, contract, data, gas=gas))

    def send(self, raw_bytes: bytes) -> bytes:
        """Hand a transaction to the first endpoint that takes it. Raises: TransactionRejected, the first one's."""
        rejections: list[TransactionRejected] = []

        def hand_in(chain: Chain) -> bytes | None:
            try:
                return chain.send(raw_bytes)
            except TransactionRejected as error:
                if error.name == NONCE_TOO_LOW:  # the chain moved on; whoever takes it still, lags
                    raise
                rejections.append(error)
                return None

        for transaction in self._ask_each(hand_in):
            if transaction is not None:
                return transaction
        raise rejections[0]

    def find_receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        return self._ask(lambda chain: chain.find_receipt(transaction_hash))

    def _ask(self, question: Callable[[Chain], T]) -> T:
        return next(self._ask_each(question))

    def _ask_each(self, question: Callable[[Chain], T]) -> Iterator[T]:
        """Yield the answers of the endpoints that work, in their order. Raises: ChainUnavailable where none does."""
        errors: list[Exception] = []
        candidates = self._endpoints.list_candidates()
        for endpoint in candidates:
            try:
                self._endpoints.admit(endpoint)
                if endpoint is not self._current_endpoint:
                    self._take_over(endpoint)
                answer = question(endpoint.chain)
            except EndpointsDisagree:
                raise
            except (ChainUnavailable, WrongRegistry) as error:
                self._endpoints.fail(endpoint, error)
                if len(self._endpoints) == 1:
                    raise
                errors.append(error)
            else:
                yield answer
        if len(errors) == len(candidates):
            raise self._endpoints.explain(errors) from errors[-1]

    def _take_over(self, endpoint: NamedEndpoint) -> None:
        """Let another endpoint answer, if it holds the known final block. Raises: ChainBehind, EndpointsDisagree."""
        if self._known_claim:
            block = endpoint.chain.find_block(self._known_claim.block.number)
            if block is None:
                self._compare_below(endpoint)
                raise _make_behind_error(self._known_claim)
            _check_same(self._known_claim, endpoint.name, block)
        self._current_endpoint = endpoint

    def _compare(self, claim: _FinalClaim) -> None:
        """Compare a final block of the current endpoint with those of the others that work. Raises: EndpointsDisagree."""
        do_all_reach = True
        for other_endpoint in self._list_others():
            try:
                self._endpoints.admit(other_endpoint)
                block = other_endpoint.chain.find_block(claim.block.number)
                if block is None:
                    do_all_reach = False
                    self._compare_below(other_endpoint)
                else:
                    _check_same(claim, other_endpoint.name, block)
            except EndpointsDisagree:
                raise
            except (ChainUnavailable, WrongRegistry) as error:
                self._endpoints.fail(other_endpoint, error)
        if do_all_reach:
            self._compared_hashes.append(claim.block.hash)

    def _compare_below(self, other_endpoint: NamedEndpoint) -> None:
        """Compare a late one at its own height: a false branch must not pass for progress. Raises: EndpointsDisagree."""
        other_block = other_endpoint.chain.fetch_final_block()
        if self._endpoints.is_resting(self._current_endpoint):
            return
        try:
            own_block = self._current_endpoint.chain.find_block(other_block.number)
        except ChainUnavailable as error:
            self._endpoints.fail(self._current_endpoint, error)
            return
        if own_block:
            _check_same(_FinalClaim(self._current_endpoint.name, own_block), other_endpoint.name, other_block)

    def _is_overtaken(self, known_claim: _FinalClaim) -> bool:
        """Tell whether another endpoint has newer final blocks, and if so let the current one pause."""
        for other_endpoint in self._list_others():
            try:
                self._endpoints.admit(other_endpoint)
                other_block = other_endpoint.chain.fetch_final_block()
            except (ChainUnavailable, WrongRegistry) as error:
                self._endpoints.fail(other_endpoint, error)
                continue
            if other_block.number > known_claim.block.number:
                message = (
                    f"it stands still at block {known_claim.block.number}, "
                    f"{other_endpoint.name} has {other_block.number}"
                )
                self._endpoints.fail(self._current_endpoint, ChainBehind(message))
                return True
        return False

    def _list_others(self) -> list[NamedEndpoint]:
        return [other for other in self._endpoints.list_candidates() if other is not self._current_endpoint]


def _make_behind_error(known_claim: _FinalClaim) -> ChainBehind:
    return ChainBehind(
        f"it does not reach block {known_claim.block.number}, which was final by {known_claim.endpoint_name}"
    )


def _check_same(claim: _FinalClaim, endpoint_name: str, block: Block) -> None:
    if block.hash != claim.block.hash:
        raise EndpointsDisagree(
            claim.block.number, (claim.endpoint_name, claim.block.hash), (endpoint_name, block.hash)
        )
