"""Deploy a registry and have its contract execute calls: build, simulate, sign, send, wait.

For governance and for the first minutes of a registry. Anchors go through `anchoring.anchorer.submitter`, which stores
what it sends before it sends it.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from anchoring.chain.calls import encode_deployment
from anchoring.chain.prices import fit_gas, offer_price
from anchoring.chain.protocol import AccountSigner, Chain, FeeTerms, SignedTransaction, TransactionReceipt
from anchoring.errors import (
    NONCE_TOO_LOW,
    REFUSED,
    UNDERPRICED,
    ChainUnavailable,
    ReorgDetected,
    TransactionRejected,
    WrongRegistry,
)
from anchoring.processes.loops import Backoff
from ledger.registry import acts

#: Until a transaction is mined: longer than any block time in use, and than signers that part need to meet again.
PATIENCE_SECONDS: Final = 300.0
#: Block times from here on are no seconds, as the contract has it (`MAX_TIME`): the year 5138.
MAX_BLOCK_SECONDS: Final = 10**11
#: Between two looks for a receipt: a development chain has it at once, a gateway counts what it is asked.
_POLL_BACKOFF: Final = Backoff(first_seconds=0.05, longest_seconds=0.5, is_spread=False)
_RESEND_SECONDS: Final = 5.0  # a transaction that an endpoint lost is handed in again
_TELL_SECONDS: Final = 15.0  # between two words that a transaction is waited for still


def _tell_nobody(_: str) -> None:
    """Keep what is waited for to oneself."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a transaction is waited for until it is mined, and who is told about it meanwhile."""

    seconds: float = PATIENCE_SECONDS
    tell: Callable[[str], object] = _tell_nobody
    wait: Callable[[float], object] = time.sleep


USUAL_PATIENCE: Final = Patience()


def deploy(
    chain: Chain,
    account: AccountSigner,
    province: str,
    *,
    max_gas_price: int | None = None,
    patience: Patience = USUAL_PATIENCE,
) -> str:
    """Deploy the registry contract for `province` (an address) and return the registry's name.

    Raises: TransactionRejected, ChainUnavailable, ReorgDetected; WrongRegistry when head 0 is not what it must be.
    """
    deployment_data = encode_deployment(province)
    _check_deployment(chain, account, deployment_data)
    nonce = chain.count_transactions(account.address, pending=True)
    transaction = _hand_in(chain, account, None, deployment_data, nonce, max_gas_price)
    receipt = _await_mined(chain, transaction, patience)
    if receipt.contract is None:
        raise WrongRegistry("the deployment made no contract")
    address, chain_id = bytes.fromhex(receipt.contract[2:]), chain.fetch_chain_id()
    hash_before, head_zero = _read_origin(chain, receipt, receipt.contract, patience)
    if head_zero != acts.compute_head_zero(chain_id, address, hash_before):
        raise WrongRegistry(
            f"the contract at {receipt.contract} states a head 0 that does not follow from its chain"
        )
    return acts.build_registry_name(chain_id, address, head_zero)


def _read_origin(
    chain: Chain, receipt: TransactionReceipt, contract: str, patience: Patience
) -> tuple[bytes, bytes]:
    """Return the hash of the block below a deployment, and head 0, once an endpoint shows both beside the same receipt.

    Of a balancer's nodes one may not have come to the block yet. Raises: ReorgDetected, ChainUnavailable.
    """
    name, trouble, clock = f"the transaction 0x{receipt.transaction_hash.hex()}", "", _WaitClock(patience)
    while not clock.is_over:
        try:
            block_before, head_zero = (
                chain.find_block(receipt.block_number - 1),
                chain.fetch_head_zero(contract),
            )
            receipt_again = chain.find_receipt(receipt.transaction_hash)
            if receipt_again not in (None, receipt):
                raise ReorgDetected(f"{name} has come into another block meanwhile: deploy it again")
            if block_before and receipt_again:
                return block_before.hash, head_zero
        except ReorgDetected:
            raise
        except ChainUnavailable as error:
            trouble = f" ({error})"
        clock.wait(
            _POLL_BACKOFF.longest_seconds, f"{name} made the contract at {contract}, which is not shown"
        )
    raise ReorgDetected(
        f"{name} made the contract at {contract}, and the endpoint does not show it{trouble}: the chain changed its branch, "
        "or the endpoint is behind. Look for the contract first; if it is not there, deploy it again"
    )


def execute(
    chain: Chain,
    account: AccountSigner,
    contract: str,
    call_data: bytes,
    *,
    max_gas_price: int | None = None,
    patience: Patience = USUAL_PATIENCE,
) -> TransactionReceipt:
    """Have the contract execute `call_data` (see `anchoring.chain.calls`) and return the receipt once it is mined.

    Raises: TransactionRejected with the contract's error, ChainUnavailable.
    """
    return execute_together(
        chain, account, contract, [call_data], max_gas_price=max_gas_price, patience=patience
    )[0]


def execute_together(
    chain: Chain,
    account: AccountSigner,
    contract: str,
    calls: Sequence[bytes],
    *,
    max_gas_price: int | None = None,
    patience: Patience = USUAL_PATIENCE,
) -> list[TransactionReceipt]:
    """Have the contract execute calls that do not need one another, and return the receipts once all are mined.

    Nothing is sent unless every call passes by itself. Raises: as `execute`.
    """
    for call_data in calls:
        chain.simulate(account.address, contract, call_data)
    transactions: list[SignedTransaction] = []
    nonce = 0
    for call_data in calls:
        # not every endpoint counts the transactions that wait: those sent here are known here
        nonce = max(nonce, chain.count_transactions(account.address, pending=True))
        transactions.append(_hand_in(chain, account, contract, call_data, nonce, max_gas_price))
        nonce += 1
    return [_await_mined(chain, transaction, patience) for transaction in transactions]


def _check_deployment(chain: Chain, account: AccountSigner, data: bytes) -> None:
    """Check what no contract survives, before anything is paid. Raises: TransactionRejected, ChainUnavailable."""
    latest_block = chain.fetch_latest_block()
    if latest_block.time >= MAX_BLOCK_SECONDS:
        raise TransactionRejected(
            "BlockTimeNotSeconds",
            (latest_block.time,),
            f"the newest block of this chain has the time {latest_block.time}",
        )
    if latest_block.number:  # before its first block, a chain may simulate at any time
        with suppress(ChainUnavailable):  # not every endpoint simulates a deployment
            chain.simulate(account.address, None, data)


def _hand_in(
    chain: Chain,
    account: AccountSigner,
    contract: str | None,
    data: bytes,
    nonce: int,
    max_gas_price: int | None,
) -> SignedTransaction:
    """Sign and send; where no answer comes the transaction may be on its way, and is waited for.

    What is refused for no reason that the chain gives is signed once more, where the chain's terms have become others by
    that: some chains take no transactions of type 2, whatever their blocks say.

    Raises: TransactionRejected, ChainUnavailable.
    """

    def sign(terms: FeeTerms, nonce: int) -> SignedTransaction:
        return account.sign(
            chain_id=chain.fetch_chain_id(),
            nonce=nonce,
            to=contract,
            data=data,
            gas=fit_gas(chain, account.address, contract, data, terms),
            price=offer_price(terms, max_gas_price),
        )

    terms = chain.fetch_fee_terms()
    transaction = sign(terms, nonce)
    with suppress(ChainUnavailable):
        try:
            chain.send(transaction.raw_bytes)
        except TransactionRejected as refusal:
            next_nonce = chain.count_transactions(account.address, pending=True)
            if refusal.name == NONCE_TOO_LOW and next_nonce > nonce and not chain.knows(transaction.hash):
                # what was counted before came from a node that is behind
                transaction = sign(terms, next_nonce)
                chain.send(transaction.raw_bytes)
                return transaction
            if _may_be_waiting(chain, account.address, nonce, refusal):
                return transaction
            changed_terms = chain.fetch_fee_terms()
            if refusal.name != REFUSED or bool(changed_terms.base_fee_wei) == bool(terms.base_fee_wei):
                raise
            transaction = sign(changed_terms, nonce)
            chain.send(transaction.raw_bytes)
    return transaction


def _may_be_waiting(chain: Chain, sender: str, nonce: int, refusal: TransactionRejected) -> bool:
    """Tell whether a refused transaction may be that very one which waits under its number.

    An answer that got lost has it handed in twice, and some clients, such as EthereumJS, show only what is mined.
    """
    return refusal.name == UNDERPRICED and chain.count_transactions(sender, pending=True) > nonce


def _await_mined(chain: Chain, transaction: SignedTransaction, patience: Patience) -> TransactionReceipt:
    """Return the receipt once there is one, handing the transaction in again where nobody seems to have it.

    Raises: TransactionRejected, and ChainUnavailable where it is not mined in time; both name the transaction.
    """
    transaction_name, trouble_text, poll = f"the transaction 0x{transaction.hash.hex()}", "", 0
    clock = _WaitClock(patience)
    while not clock.is_over:
        poll += 1
        try:
            if receipt := chain.find_receipt(transaction.hash):
                return _check_succeeded(receipt, transaction_name)
            if clock.is_due_to_resend():
                chain.send(transaction.raw_bytes)
        except ChainUnavailable as error:
            trouble_text = f" ({error})"
        except TransactionRejected as refusal:
            # of a number that was mined it may be this one, whose receipt an endpoint has not written yet
            if refusal.name not in (UNDERPRICED, NONCE_TOO_LOW):
                raise
            trouble_text = f" ({refusal})"
        clock.wait(
            _POLL_BACKOFF.choose_pause(poll), f"{transaction_name} is sent and not mined yet{trouble_text}"
        )
    raise ChainUnavailable(
        f"{transaction_name} was sent and not mined within {patience.seconds:g} s{trouble_text}: it may be yet, so look "
        "for it before you send anything again. `shunzheng chain show` tells "
        "whether its act is there; --patience waits longer"
    )


class _WaitClock:
    """How long something has been waited for: by the clock, and by the pauses, where those take no time."""

    def __init__(self, patience: Patience) -> None:
        self._patience, self._started_at, self._paused_seconds = patience, time.monotonic(), 0.0
        self._resend_at, self._tell_at = _RESEND_SECONDS, _TELL_SECONDS

    @property
    def _seconds(self) -> float:
        return max(self._paused_seconds, time.monotonic() - self._started_at)

    @property
    def is_over(self) -> bool:
        return self._seconds >= self._patience.seconds

    def is_due_to_resend(self) -> bool:
        """Tell whether the next time to hand in again has come, and set the one after it."""
        if self._seconds < self._resend_at:
            return False
        self._resend_at = self._seconds + _RESEND_SECONDS
        return True

    def wait(self, seconds: float, state_text: str) -> None:
        """Pause, and say from time to time what is waited for."""
        if self._seconds >= self._tell_at:
            self._tell_at = self._seconds + _TELL_SECONDS
            self._patience.tell(f"{state_text}, after {self._seconds:.0f} of {self._patience.seconds:g} s")
        self._patience.wait(seconds)
        self._paused_seconds += seconds


def _check_succeeded(receipt: TransactionReceipt, transaction_name: str) -> TransactionReceipt:
    if not receipt.has_succeeded:
        raise TransactionRejected("Reverted", (), f"{transaction_name} was mined and refused")
    return receipt
