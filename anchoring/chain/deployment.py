"""Deploy a registry and have its contract execute calls: build, simulate, sign, send, wait.

For governance and for the first minutes of a registry. Anchors go through `anchoring.anchorer.submitter`, which stores
what it sends before it sends it.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from anchoring.chain.calls import encode_deployment
from anchoring.chain.prices import fit_gas, offer_price
from anchoring.chain.protocol import Chain, SignedTransaction, Signer, Terms, TransactionReceipt
from anchoring.errors import (
    REFUSED,
    UNDERPRICED,
    ChainUnavailable,
    ReorgDetected,
    TransactionRejected,
    WrongRegistry,
)
from ledger.registry import acts

PATIENCE_SECONDS: Final = 60.0  # until a transaction is mined; longer than any block time in use
#: Block times from here on are no seconds, as the contract has it (`MAX_TIME`): the year 5138.
MOST_SECONDS: Final = 10**11
_POLL_SECONDS: Final = 0.05
_RESEND_POLLS: Final = 100  # about five seconds: a transaction that an endpoint lost is handed in again

Wait = Callable[[float], object]


def deploy(
    chain: Chain,
    account: Signer,
    province: str,
    *,
    max_gas_price: int | None = None,
    patience: float = PATIENCE_SECONDS,
    wait: Wait = time.sleep,
) -> str:
    """Deploy the registry contract for `province` (an address) and return the registry's name.

    Raises: TransactionRejected, ChainUnavailable, ReorgDetected; WrongRegistry when head 0 is not what it must be.
    """
    deployment_data = encode_deployment(province)
    _check_deployment(chain, account, deployment_data)
    nonce = chain.transaction_count(account.address, pending=True)
    receipt = _await_mined(
        chain, _hand_in(chain, account, None, deployment_data, nonce, max_gas_price), patience, wait
    )
    if receipt.contract is None:
        raise WrongRegistry("the deployment made no contract")
    address, chain_id = bytes.fromhex(receipt.contract[2:]), chain.chain_id()
    block_before = chain.block(receipt.block - 1)
    head_zero = chain.head_zero(receipt.contract)
    if chain.receipt(receipt.transaction) != receipt:
        raise ReorgDetected("the chain changed its branch while the registry was deployed: deploy it again")
    if block_before is None or head_zero != acts.head_zero(chain_id, address, block_before.hash):
        raise WrongRegistry(
            f"the contract at {receipt.contract} states a head 0 that does not follow from its chain"
        )
    return acts.registry_name(chain_id, address, head_zero)


def execute(
    chain: Chain,
    account: Signer,
    contract: str,
    call: bytes,
    *,
    max_gas_price: int | None = None,
    patience: float = PATIENCE_SECONDS,
    wait: Wait = time.sleep,
) -> TransactionReceipt:
    """Have the contract execute `call` (see `anchoring.chain.calls`) and return the receipt once it is mined.

    Raises: TransactionRejected with the contract's error, ChainUnavailable.
    """
    return execute_together(
        chain, account, contract, [call], max_gas_price=max_gas_price, patience=patience, wait=wait
    )[0]


def execute_together(
    chain: Chain,
    account: Signer,
    contract: str,
    calls: Sequence[bytes],
    *,
    max_gas_price: int | None = None,
    patience: float = PATIENCE_SECONDS,
    wait: Wait = time.sleep,
) -> list[TransactionReceipt]:
    """Have the contract execute calls that do not need one another, and return the receipts once all are mined.

    Nothing is sent unless every call passes by itself. Raises: as `execute`.
    """
    for call in calls:
        chain.simulate(account.address, contract, call)
    transactions: list[SignedTransaction] = []
    nonce = 0
    for call in calls:
        # not every endpoint counts the transactions that wait: those sent here are known here
        nonce = max(nonce, chain.transaction_count(account.address, pending=True))
        transactions.append(_hand_in(chain, account, contract, call, nonce, max_gas_price))
        nonce += 1
    return [_await_mined(chain, transaction, patience, wait) for transaction in transactions]


def _check_deployment(chain: Chain, account: Signer, data: bytes) -> None:
    """Check what no contract survives, before anything is paid. Raises: TransactionRejected, ChainUnavailable."""
    latest_block = chain.latest()
    if latest_block.time >= MOST_SECONDS:
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
    account: Signer,
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

    def sign(terms: Terms) -> SignedTransaction:
        return account.sign(
            chain_id=chain.chain_id(),
            nonce=nonce,
            to=contract,
            data=data,
            gas=fit_gas(chain, account.address, contract, data, terms),
            price=offer_price(terms, max_gas_price),
        )

    terms = chain.terms()
    transaction = sign(terms)
    with suppress(ChainUnavailable):
        try:
            chain.send(transaction.raw)
        except TransactionRejected as refusal:
            if _may_be_waiting(chain, account.address, nonce, refusal):
                return transaction
            changed_terms = chain.terms()
            if refusal.name != REFUSED or bool(changed_terms.base_fee) == bool(terms.base_fee):
                raise
            transaction = sign(changed_terms)
            chain.send(transaction.raw)
    return transaction


def _may_be_waiting(chain: Chain, sender: str, nonce: int, refusal: TransactionRejected) -> bool:
    """Tell whether a refused transaction may be that very one which waits under its number.

    An answer that got lost has it handed in twice, and some clients, such as EthereumJS, show only what is mined.
    """
    return refusal.name == UNDERPRICED and chain.transaction_count(sender, pending=True) > nonce


def _await_mined(
    chain: Chain, transaction: SignedTransaction, patience: float, wait: Wait
) -> TransactionReceipt:
    """Return the receipt once there is one, handing the transaction in again where nobody seems to have it.

    Raises: TransactionRejected, and ChainUnavailable where it is not mined in time; both name the transaction.
    """
    name, trouble = f"the transaction 0x{transaction.hash.hex()}", ""
    for poll in range(1, max(1, round(patience / _POLL_SECONDS)) + 1):
        try:
            if receipt := chain.receipt(transaction.hash):
                return _check_succeeded(receipt, name)
            if poll % _RESEND_POLLS == 0:
                chain.send(transaction.raw)
        except ChainUnavailable as error:
            trouble = f" ({error})"
        except TransactionRejected as refusal:
            if refusal.name != UNDERPRICED:
                raise
            trouble = f" ({refusal})"
        wait(_POLL_SECONDS)
    raise ChainUnavailable(
        f"{name} was sent and not mined within {patience:g} s{trouble}: it may be yet, so look for it before you send "
        "anything again"
    )


def _check_succeeded(receipt: TransactionReceipt, name: str) -> TransactionReceipt:
    if not receipt.succeeded:
        raise TransactionRejected("Reverted", (), f"{name} was mined and refused")
    return receipt
