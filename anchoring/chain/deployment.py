"""Deploy a registry and have its contract execute calls: build, simulate, sign, send, wait.

For governance and for the first minutes of a registry. Anchors go through `anchoring.anchorer.submitter`, which stores
what it sends before it sends it.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from anchoring.chain.calls import encode_deployment, estimate_gas
from anchoring.chain.protocol import Chain, Signer, TransactionReceipt
from anchoring.errors import ChainUnavailable, ReorgDetected, TransactionRejected, WrongRegistry
from ledger.registry import acts

PATIENCE_SECONDS: Final = 60.0  # until a transaction is mined; longer than any block time in use
_POLL_SECONDS: Final = 0.05

Wait = Callable[[float], object]


def deploy(
    chain: Chain,
    account: Signer,
    province: str,
    *,
    patience: float = PATIENCE_SECONDS,
    wait: Wait = time.sleep,
) -> str:
    """Deploy the registry contract for `province` (an address) and return the registry's name.

    Raises: TransactionRejected, ChainUnavailable, ReorgDetected; WrongRegistry when head 0 is not what it must be.
    """
    data = encode_deployment(province)
    transaction = _hand_in(chain, account, None, data)
    receipt = _await_mined(chain, transaction, patience, wait)
    if receipt.contract is None:
        raise WrongRegistry("the deployment made no contract")
    address, chain_id = bytes.fromhex(receipt.contract[2:]), chain.chain_id()
    block_before = chain.block(receipt.block - 1)
    head_zero = chain.head_zero(receipt.contract)
    if chain.receipt(transaction) != receipt:
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
    patience: float = PATIENCE_SECONDS,
    wait: Wait = time.sleep,
) -> TransactionReceipt:
    """Have the contract execute `call` (see `anchoring.chain.calls`) and return the receipt once it is mined.

    Raises: TransactionRejected with the contract's error, ChainUnavailable.
    """
    return execute_together(chain, account, contract, [call], patience=patience, wait=wait)[0]


def execute_together(
    chain: Chain,
    account: Signer,
    contract: str,
    calls: Sequence[bytes],
    *,
    patience: float = PATIENCE_SECONDS,
    wait: Wait = time.sleep,
) -> list[TransactionReceipt]:
    """Have the contract execute calls that do not need one another, and return the receipts once all are mined.

    Nothing is sent unless every call passes by itself. Raises: as `execute`.
    """
    for call in calls:
        chain.simulate(account.address, contract, call)
    transactions = [_hand_in(chain, account, contract, call) for call in calls]
    return [_await_mined(chain, transaction, patience, wait) for transaction in transactions]


def _hand_in(chain: Chain, account: Signer, contract: str | None, data: bytes) -> bytes:
    """Sign and send, and return the hash of the transaction."""
    signed_transaction = account.sign(
        chain_id=chain.chain_id(),
        nonce=chain.transaction_count(account.address, pending=True),
        to=contract,
        data=data,
        gas=estimate_gas(data, deploys=contract is None),
        # the base fee may double while it waits; what is not needed is not paid
        gas_price=2 * chain.gas_price(),
    )
    chain.send(signed_transaction.raw)
    return signed_transaction.hash


def _await_mined(chain: Chain, transaction: bytes, patience: float, wait: Wait) -> TransactionReceipt:
    for _ in range(max(1, round(patience / _POLL_SECONDS))):
        receipt = chain.receipt(transaction)
        if receipt is None:
            wait(_POLL_SECONDS)
            continue
        if not receipt.succeeded:
            raise TransactionRejected(
                "Reverted", (), f"the transaction 0x{transaction.hex()} was mined and refused"
            )
        return receipt
    raise ChainUnavailable(
        f"the transaction 0x{transaction.hex()} was sent and not mined within {patience:g} s"
    )
