"""The chain as Ethereum's JSON-RPC offers it, over one endpoint.

Only what FISCO BCOS and Besu offer too is used: chain id, call, logs in ranges, transaction count, gas price, raw
transactions, receipts, blocks.
"""

from anchoring.chain import answers, calls
from anchoring.chain.jsonrpc import AnswerTooLarge, Endpoint, RequestRefused
from anchoring.chain.protocol import Block, ChainEvent, RegistryHead, TransactionReceipt
from anchoring.errors import ChainMisbehaved, ChainUnavailable, TransactionRejected
from ledger.crypto.keys import keccak256


class EthereumChain:
    """`anchoring.chain.protocol.Chain` over one endpoint.

    `final_depth` None asks the chain for its `finalized` block; a number takes the block so many below the newest (0 where a
    block is final as soon as it exists, as in FISCO BCOS).
    """

    def __init__(self, endpoint: Endpoint, *, final_depth: int | None = None) -> None:
        self._ask = endpoint.request
        self._final_depth = final_depth

    def chain_id(self) -> int:
        return answers.read_quantity(self._ask("eth_chainId"))

    def latest(self) -> Block:
        return answers.read_block(self._ask("eth_getBlockByNumber", "latest", False))

    def is_synchronising(self) -> bool:
        return self._ask("eth_syncing") is not False  # else an object that says how far it is

    def final(self) -> Block:
        if self._final_depth is None:
            return self._ask_finalized()
        latest = self.latest()
        number = max(0, latest.number - self._final_depth)
        block = latest if number == latest.number else self.block(number)
        if block is None:
            raise ChainMisbehaved(f"the chain has block {latest.number}, but not block {number}")
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

    def block(self, number: int) -> Block | None:
        answer = self._ask("eth_getBlockByNumber", hex(number), False)
        if answer is None:
            return None
        block = answers.read_block(answer)
        if block.number != number:
            raise ChainMisbehaved(f"asked for block {number}, got block {block.number}")
        return block

    def events(self, contract: str, first: int, last: int) -> list[ChainEvent]:
        """Return the events of a range; a range that the endpoint refuses is halved until it answers."""
        log_filter = {
            "address": contract,
            "topics": ["0x" + answers.HEAD_EXTENDED.hex()],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        try:
            return answers.read_events(self._ask("eth_getLogs", log_filter), contract, first, last)
        except (RequestRefused, AnswerTooLarge):
            if first == last:
                raise
            middle = (first + last) // 2
            return self.events(contract, first, middle) + self.events(contract, middle + 1, last)

    def registry_head(self, contract: str) -> RegistryHead:
        return calls.decode_head(self._call(contract, calls.encode_head()))

    def head_zero(self, contract: str) -> bytes:
        return calls.decode_head_zero(self._call(contract, calls.encode_head_zero()))

    def code(self, contract: str) -> bytes:
        return answers.read_data(self._ask("eth_getCode", contract, "latest"))

    def transaction_count(self, address: str, *, pending: bool = False) -> int:
        return answers.read_quantity(
            self._ask("eth_getTransactionCount", address, "pending" if pending else "latest")
        )

    def gas_price(self) -> int:
        return answers.read_quantity(self._ask("eth_gasPrice"), 2**256 - 1)

    def simulate(self, sender: str, contract: str, data: bytes) -> bytes:
        return self._call(contract, data, {"from": sender})

    def send(self, raw: bytes) -> bytes:
        transaction = keccak256(raw)
        try:
            answered_hash = answers.read_data(self._ask("eth_sendRawTransaction", "0x" + raw.hex()), 32)
        except RequestRefused as refusal:
            if answers.says_known_already(refusal.message):
                return transaction
            message = f"the chain endpoint refuses the transaction: {refusal.message}"
            raise TransactionRejected(answers.name_refusal(refusal.message), (), message) from refusal
        if answered_hash != transaction:
            raise ChainMisbehaved("the endpoint names another hash than the transaction's")
        return transaction

    def receipt(self, transaction: bytes) -> TransactionReceipt | None:
        answer = self._ask("eth_getTransactionReceipt", "0x" + transaction.hex())
        return None if answer is None else answers.read_receipt(answer, transaction)

    def _call(self, contract: str, data: bytes, extra_fields: dict[str, str] | None = None) -> bytes:
        request = {"to": contract, "data": "0x" + data.hex(), **(extra_fields or {})}
        try:
            return answers.read_data(self._ask("eth_call", request, "latest"))
        except RequestRefused as refusal:
            if not refusal.data and "revert" not in refusal.message.lower():
                raise
            raise calls.decode_rejection(refusal.data, str(refusal)) from refusal
