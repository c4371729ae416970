"""The chain as Ethereum's JSON-RPC offers it, over one endpoint.

Only what FISCO BCOS and Besu offer too is used: chain id, call, logs in ranges, transaction count, gas price, raw
transactions, receipts, blocks.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from anchoring.chain import answers, calls
from anchoring.chain.accounts import TransactionFields, read_transaction
from anchoring.chain.jsonrpc import ATTEMPTS, RETRY_BACKOFF, AnswerTooLarge, Endpoint, RequestRefused
from anchoring.chain.newest import NewestBlock
from anchoring.chain.protocol import Block, ChainEvent, FeeTerms, RegistryHead, TransactionReceipt
from anchoring.chain.refusals import find_reason
from anchoring.errors import (
    REFUSED,
    ChainMisbehaved,
    ChainUnavailable,
    ReorgDetected,
    TransactionRejected,
)

LONGEST_SPAN: Final = 20_000  # blocks; beyond it a failed request costs more than it saves
#: Answers of the whole span, before a longer one is tried: one refusal in so many costs little.
GROWTH_AFTER: Final = 16
#: For a transaction that was refused: each look is two questions, which two nodes may answer.
_LOOKS_FOR_TRANSACTION: Final = 2


class Span:
    """How many blocks an endpoint gives the events of at a time, learned from its answers.

    What is refused may have been a crowded range: as many are tried again much later.
    """

    def __init__(self) -> None:
        self.block_count = self._max_blocks = LONGEST_SPAN
        self._answer_count = 0

    def note_refused(self, block_count: int) -> None:
        """Learn that an endpoint refuses the events of so many blocks at once."""
        self.block_count, self._answer_count = max(1, min(self.block_count, block_count // 2)), 0

    def limit(self, block_count: int) -> None:
        """Learn that an endpoint leaves out, without a word, what lies beyond so many blocks: more is never tried again."""
        self._max_blocks = max(1, min(self._max_blocks, block_count))
        self.block_count, self._answer_count = min(self.block_count, self._max_blocks), 0

    def note_answered(self) -> None:
        """Learn that an endpoint answers, and try more after a while."""
        self._answer_count += 1
        if self._answer_count >= GROWTH_AFTER:
            self.block_count, self._answer_count = min(self._max_blocks, 2 * self.block_count), 0


class EthereumChain:
    """`anchoring.chain.protocol.Chain` over one endpoint, behind which several nodes may take turns.

    `final_depth` None asks the chain for its `finalized` block; a number takes the block so many below the newest (0 where a
    block is final as soon as it exists, as in FISCO BCOS).
    """

    def __init__(self, endpoint: Endpoint, *, final_depth: int | None = None) -> None:
        self._ask, self._wait = endpoint.request, endpoint.wait
        self._final_depth = final_depth
        self._span, self._newest = Span(), NewestBlock(endpoint)
        self._takes_tips = (
            True  # until a transaction of type 2 was refused for no reason that the chain gives
        )
        self._counts_pending = (
            True  # until a count of the waiting transactions was refused, and one of the mined answered
        )

    def fetch_chain_id(self) -> int:
        return answers.read_chain_id(self._ask("eth_chainId"))

    def fetch_latest_block(self) -> Block:
        return self._newest.ask()

    def is_synchronising(self) -> bool:
        return self._ask("eth_syncing") is not False  # else an object that says how far it is

    def fetch_final_block(self) -> Block:
        if self._final_depth is None:
            return self._ask_finalized()
        latest_block = self.fetch_latest_block()
        number = max(0, latest_block.number - self._final_depth)
        block = latest_block if number == latest_block.number else self.find_block(number)
        if block is None:
            raise ChainMisbehaved(f"the chain has block {latest_block.number}, but not block {number}")
        return block

    def _ask_finalized(self) -> Block:
        try:
            answer = self._ask("eth_getBlockByNumber", "finalized", False)
        except RequestRefused as refusal:
            raise ChainUnavailable(
                f"the chain names no finalized block ({refusal}): set final_depth"
            ) from refusal
        if answer is None:
            raise ChainUnavailable(
                "the chain has no finalized block yet; if it never has one, set final_depth"
            )
        return answers.read_block(answer)

    def find_block(self, number: int) -> Block | None:
        answer = self._newest.ask_block(number)
        if answer is None:
            return None
        block = answers.read_block(answer)
        if block.number != number:
            raise ChainMisbehaved(f"asked for block {number}, got block {block.number}")
        self._newest.note(number)
        return block

    def get_event_span(self) -> int:
        return self._span.block_count

    def limit_event_span(self, block_count: int) -> None:
        self._span.limit(block_count)

    def fetch_events(self, contract: str, first_block: int, last_block: int) -> list[ChainEvent]:
        """Return the events of a range, asked for in pieces that the endpoint takes."""
        events: list[ChainEvent] = []
        while first_block <= last_block:
            end_block = min(last_block, first_block + self._span.block_count - 1)
            try:
                events += self._events(contract, first_block, end_block)
            except (RequestRefused, AnswerTooLarge) as error:
                if first_block == end_block or not self._is_range_at_fault(error, contract, first_block):
                    self._check_history(first_block)
                    raise
                self._span.note_refused(end_block - first_block + 1)
                continue
            self._span.note_answered()
            first_block = end_block + 1
        return events

    def _events(self, contract: str, first_block: int, last_block: int) -> list[ChainEvent]:
        log_filter = {
            "address": contract,
            "topics": ["0x" + answers.HEAD_EXTENDED.hex()],
            "fromBlock": hex(first_block),
            "toBlock": hex(last_block),
        }
        logs = answers.name_blocks(self._ask("eth_getLogs", log_filter), self._ask_block_hash)
        events = answers.read_events(logs, contract, first_block, last_block)
        if events:
            self._newest.note(events[-1].event.block_number)
        return events

    def _ask_block_hash(self, number: int) -> bytes:
        """Raises: ReorgDetected where a block is gone that holds a log."""
        block = self.find_block(number)
        if block is None:
            raise ReorgDetected(f"block {number} is gone, though a log of it was shown")
        return block.hash

    def _check_history(self, number: int) -> None:
        """Check that an endpoint keeps a block whose events it does not give. Raises: ChainUnavailable."""
        if self.find_block(number) is None:
            raise ChainUnavailable(
                f"the chain endpoint does not keep block {number}: its history is pruned 历史区块已裁剪. Ask one that "
                "keeps all blocks and logs, or name the registry's block with `first_block`, if that is later"
            )

    def _is_range_at_fault(self, error: ChainUnavailable, contract: str, first_block: int) -> bool:
        """Tell whether an endpoint refuses a range for its length: by known words, or since it answers one block."""
        if isinstance(error, AnswerTooLarge) or (
            isinstance(error, RequestRefused) and answers.says_range(error.message)
        ):
            return True
        with suppress(ChainUnavailable):
            self._events(contract, first_block, first_block)
            return True
        return False

    def fetch_head(self, contract: str) -> RegistryHead:
        return calls.decode_head(self._call(contract, calls.encode_head()))

    def fetch_head_zero(self, contract: str) -> bytes:
        return calls.decode_head_zero(self._call(contract, calls.encode_head_zero()))

    def fetch_code(self, contract: str) -> bytes:
        def ask() -> bytes:
            return answers.read_data(self._newest.ask_state("eth_getCode", contract))

        if code := ask():
            return code
        self._newest.look_around()
        return ask()

    def count_transactions(self, address: str, *, pending: bool = False) -> int:
        mined_count = answers.read_quantity(self._newest.ask_state("eth_getTransactionCount", address))
        if not pending or not self._counts_pending:
            return mined_count
        try:
            pending_count = answers.read_quantity(self._ask("eth_getTransactionCount", address, "pending"))
        except RequestRefused:
            self._counts_pending = False
            return mined_count
        return max(mined_count, pending_count)

    def fetch_fee_terms(self) -> FeeTerms:
        block = self._ask("eth_getBlockByNumber", "latest", False)
        asked_price = answers.read_quantity(self._ask("eth_gasPrice"), answers.MAX_WEI)
        terms = answers.read_terms(block, asked_price, None)
        if not self._takes_tips:
            return FeeTerms(0, terms.price_wei, terms.block_gas_units)
        if not terms.base_fee_wei:
            return terms
        with suppress(RequestRefused):  # then the tip is what the price has above the base fee
            tip = answers.read_quantity(self._ask("eth_maxPriorityFeePerGas"), answers.MAX_WEI)
            return answers.read_terms(block, asked_price, tip)
        return terms

    def fetch_balance(self, address: str) -> int:
        return answers.read_quantity(self._newest.ask_state("eth_getBalance", address), answers.MAX_WEI)

    def simulate(self, sender: str, contract: str | None, data: bytes, *, gas: int | None = None) -> bytes:
        extra_fields = {"from": sender} | ({} if gas is None else {"gas": hex(gas)})
        try:
            return self._call(contract, data, extra_fields)
        except RequestRefused as refusal:
            if contract is None:  # not every endpoint simulates a deployment
                raise
            # Whatever its words: where the contract answers something else, it is this call that is refused.
            self.fetch_head(contract)
            raise calls.decode_rejection(refusal.data, str(refusal)) from refusal

    def send(self, raw_bytes: bytes) -> bytes:
        transaction = read_transaction(raw_bytes)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._hand_in(transaction, raw_bytes)
            except RequestRefused as refusal:
                if self.knows(transaction.hash):
                    return transaction.hash
                reason = self._find_reason(transaction)
                if reason or attempt == ATTEMPTS:
                    self._learn_type(transaction, is_suspect=reason is None)
                    raise _reject(transaction, refusal, reason) from refusal
            self._wait(RETRY_BACKOFF.choose_pause(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _hand_in(self, transaction: TransactionFields, raw_bytes: bytes) -> bytes:
        answered_hash = answers.read_data(self._ask("eth_sendRawTransaction", "0x" + raw_bytes.hex()), 32)
        if answered_hash != transaction.hash:
            raise ChainMisbehaved(
                f"the endpoint names another hash than the transaction's, 0x{transaction.hash.hex()}: it does not hash with "
                "Keccak-256, as a FISCO BCOS chain with national cryptography 国密 does not, or it is no Ethereum"
            )
        return answered_hash

    def _learn_type(self, transaction: TransactionFields, *, is_suspect: bool) -> None:
        """Offer the other type from now on, where nothing but its type can be wrong with a refused transaction."""
        if is_suspect:
            self._takes_tips = transaction.price.tip_wei is None

    def _find_reason(self, transaction: TransactionFields) -> tuple[str, str] | None:
        with suppress(RequestRefused):  # an endpoint that does not answer such questions explains nothing
            return find_reason(self, transaction)
        return None

    def knows(self, transaction_hash: bytes) -> bool:
        return any(self._shows(transaction_hash) for _ in range(_LOOKS_FOR_TRANSACTION))

    def _shows(self, transaction_hash: bytes) -> bool:
        with suppress(RequestRefused):
            if self._ask("eth_getTransactionByHash", "0x" + transaction_hash.hex()) is not None:
                return True
        return self.find_receipt(transaction_hash) is not None

    def find_receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        answer = self._ask("eth_getTransactionReceipt", "0x" + transaction_hash.hex())
        if answer is None:
            return None
        receipt = answers.read_receipt(answer, transaction_hash)
        self._newest.note(receipt.block_number)
        return receipt

    def _call(
        self, contract: str | None, data: bytes, extra_fields: Mapping[str, str] | None = None
    ) -> bytes:
        request = {"data": "0x" + data.hex(), **(extra_fields or {})} | ({"to": contract} if contract else {})
        for is_confirmed in (False, True):
            try:
                return answers.read_data(self._newest.ask_state("eth_call", request))
            except RequestRefused as refusal:
                if not answers.says_revert(refusal.error):
                    raise
                if is_confirmed:
                    raise calls.decode_rejection(refusal.data, str(refusal)) from refusal
            self._newest.look_around()
        raise AssertionError("a refusal that is confirmed is raised")


def _reject(
    transaction: TransactionFields, refusal: RequestRefused, reason: tuple[str, str] | None
) -> TransactionRejected:
    """Return what is raised for a refused transaction, with the reason that the chain gives, and the endpoint's words."""
    name, explanation = reason or (REFUSED, "the chain gives no reason for that")
    message = f"the chain endpoint refuses the transaction 0x{transaction.hash.hex()} ({refusal.message}): {explanation}"
    return TransactionRejected(name, (), message)
