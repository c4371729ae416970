"""Bring frozen batches onto the chain, and learn from the replica what became of them.

    freeze the batch and its bytes → store the signed transaction → broadcast → see it in the replica → final

Each arrow is a place to crash at; the comments say what a crash there means. Recovery is not a mode of its own: every step
looks at what is stored and at the chain, and does what is missing. The contract takes a sequence once, so that a transaction
sent twice, or two for one batch, can never anchor twice.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from anchoring.anchorer.lease import WritableRegister
from anchoring.chain import calls
from anchoring.chain.accounts import read_transaction
from anchoring.chain.prices import fit_gas, offer_price, raise_price
from anchoring.chain.protocol import AccountSigner, Chain, Price, RegistryName
from anchoring.errors import (
    NONCE_TOO_HIGH,
    NONCE_TOO_LOW,
    REFUSED,
    UNDERPRICED,
    AnchorContradicted,
    TransactionRejected,
    WrongRegistry,
)
from anchoring.register.batches import (
    Batch,
    check_complete,
    list_open_batches,
    note_submitted,
    set_states,
)
from anchoring.register.submissions import FINAL, FROZEN, MINED, SUBMITTED
from anchoring.register.transactions import (
    StoredTransaction,
    insert_transaction,
    list_transactions,
    note_sent,
)
from anchoring.replica.reading import ReplicaView

# A transaction that nobody mines is handed in again after this long.
RESEND_SECONDS: Final = 15
# … and replaced, with the same payload, by one that pays more after this long.
REPLACE_SECONDS: Final = 60
# Of one batch: after so many, sending more costs money and mends nothing.
MAX_FAILED_TRANSACTIONS: Final = 3

ALREADY_ANCHORED: Final = "AlreadyAnchored"
ANCHOR_CONFLICT: Final = "AnchorConflict"


def reconcile(register: WritableRegister, view: ReplicaView, log: str) -> None:
    """Write how far the open batches came, by what the replica sees; said again it changes nothing.

    Raises: RegisterBehind; AnchorContradicted where the chain holds another anchor than was frozen, or holds it void.
    """
    with register.writing() as connection:
        check_complete(connection, view.find_log(log), view)
        batches_and_states = [
            (batch, _find_state(batch, view, log)) for batch in list_open_batches(connection)
        ]
        set_states(
            connection,
            [(batch.sequence, state) for batch, state in batches_and_states if state != batch.state],
        )


def _find_state(batch: Batch, view: ReplicaView, log: str) -> str:
    sighting = view.find_sighting(log, batch.sequence)
    if sighting is None:
        # A reorganisation took it back: it is sent again.
        return SUBMITTED if batch.state == MINED else batch.state
    if sighting.act != batch.anchor:
        raise AnchorContradicted(
            f"the chain holds another anchor {batch.sequence} of {log} than this register froze: the register was restored, "
            "which `shunzheng recover` mends, or somebody else anchors for this log; until then nothing more is anchored"
        )
    anchor = view.find_anchor(log, batch.sequence)
    if anchor and anchor.void_reason:
        raise AnchorContradicted(
            f"anchor {batch.sequence} of {log} is void ({anchor.void_reason}): its records are not anchored"
        )
    return FINAL if sighting.is_final else MINED


class Submitter:
    """Sends the batches of one log from one account, for `max_gas_price` wei a unit of gas at most."""

    def __init__(
        self,
        register: WritableRegister,
        chain: Chain,
        account: AccountSigner,
        registry: str,
        *,
        max_gas_price: int | None = None,
    ) -> None:
        self._register, self._chain, self._account = register, chain, account
        self._registry_name = RegistryName.parse(registry)
        self._max_gas_price = max_gas_price
        self._is_chain_checked = False

    def step(self, now: int) -> None:
        """Do what is next for the oldest batch that is not mined, if any.

        1. Ask the chain what became of every transaction that was stored for it.
        2. None stored: sign one and store it.
        3. Hand the newest in: at once when it never was, again when nobody mined it; replace it when it is stuck. Where
           the chain refuses it, an older one still counts.
        4. Note that it was handed in.

        Raises: ChainUnavailable, and it is tried later; TransactionRejected, AnchorContradicted, WrongRegistry, where
        somebody must decide.
        """
        batch = self._find_next()
        if batch is None:
            return
        self._check_chain()
        # 1. A reply that got lost is normal: whatever was stored may be on the chain.
        stored_transactions = self._list_stored(batch)
        receipts = [self._chain.find_receipt(transaction.hash) for transaction in stored_transactions]
        if any(receipt and receipt.has_succeeded for receipt in receipts):
            return  # the replica will show it
        unmined_transactions = [
            transaction
            for transaction, receipt in zip(stored_transactions, receipts, strict=True)
            if receipt is None
        ]
        # 2. Crash before: nothing happened. Crash after: the same transaction is found here and handed in.
        if not unmined_transactions:
            if self._is_anchored(batch):
                return
            self._refuse_to_waste(batch, len(stored_transactions))
            unmined_transactions = [self._sign(batch, self._ask_nonce(), self._offer_price(), now)]
        # 3. Crash before: the next step hands it in. Crash after: 1 finds it, or it is handed in again, which the chain
        #    ignores.
        last_sent_at = max(transaction.sent_at or 0 for transaction in unmined_transactions)
        if now - last_sent_at < RESEND_SECONDS:
            return
        newest_transaction = unmined_transactions[-1]
        if newest_transaction.sent_at is not None and now - newest_transaction.signed_at >= REPLACE_SECONDS:
            unmined_transactions.append(self._replace(batch, newest_transaction, now))
        self._hand_in(batch, unmined_transactions, now)

    def _find_next(self) -> Batch | None:
        with self._register.reading() as connection:
            waiting_batches = [
                batch for batch in list_open_batches(connection) if batch.state in (FROZEN, SUBMITTED)
            ]
        return waiting_batches[0] if waiting_batches else None

    def _check_chain(self) -> None:
        """Check once that the endpoint serves the registry's chain. Raises: WrongRegistry."""
        if self._is_chain_checked:
            return
        contract = self._registry_name.contract
        if (
            self._chain.fetch_chain_id() != self._registry_name.chain_id
            or not self._chain.fetch_code(contract)
            or self._chain.fetch_head_zero(contract)[:8] != self._registry_name.head_prefix
        ):
            raise WrongRegistry(
                "the chain endpoint does not serve the registry of this node: nothing is sent there"
            )
        self._is_chain_checked = True

    def _is_anchored(self, batch: Batch) -> bool:
        """Ask the contract whether it has the batch or would take it. Raises: TransactionRejected, AnchorContradicted."""
        try:
            self._chain.simulate(
                self._account.address, self._registry_name.contract, calls.encode_call(batch.anchor)
            )
        except TransactionRejected as error:
            if error.name == ALREADY_ANCHORED:
                return True
            if error.name == ANCHOR_CONFLICT:
                raise AnchorContradicted(
                    f"the chain holds another anchor {batch.sequence} than this register froze ({error})"
                ) from error
            raise
        return False

    def _refuse_to_waste(self, batch: Batch, failure_count: int) -> None:
        if failure_count >= MAX_FAILED_TRANSACTIONS:
            raise TransactionRejected(
                REFUSED,
                (),
                f"anchor {batch.sequence} was mined and refused {failure_count} times, though the contract would take it: "
                "ask who runs the chain",
            )

    def _hand_in(self, batch: Batch, unmined_transactions: Sequence[StoredTransaction], now: int) -> None:
        transaction = self._send(batch, unmined_transactions, now)
        if transaction is None:
            return
        # 4. Crash before: the next step looks it up (1) and hands it in again.
        with self._register.writing() as connection:
            note_sent(connection, transaction, now)
            note_submitted(connection, batch.sequence)

    def _send(
        self, batch: Batch, unmined_transactions: Sequence[StoredTransaction], now: int
    ) -> StoredTransaction | None:
        """Hand in the newest, or what replaces it, or an older one where that is refused; return which was taken.

        None where the contract has the batch already. Raises: TransactionRejected where the chain takes none.
        """
        *older_transactions, newest_transaction = unmined_transactions
        try:
            self._chain.send(newest_transaction.raw_bytes)
        except TransactionRejected as error:
            refusal = error
        else:
            return newest_transaction
        candidates = older_transactions[::-1]
        if refusal.name in (NONCE_TOO_LOW, NONCE_TOO_HIGH):
            if self._is_anchored(batch):
                return None
            candidates = [self._sign(batch, self._ask_nonce(), self._offer_price(), now)]
        elif refusal.name == UNDERPRICED:
            replacement = self._replace(batch, newest_transaction, now)
            if replacement.hash != newest_transaction.hash:
                candidates.insert(0, replacement)
        elif refusal.name == REFUSED:
            candidates += self._sign_otherwise(batch, newest_transaction, now)
        for transaction in candidates:
            with suppress(TransactionRejected):
                self._chain.send(transaction.raw_bytes)
                return transaction
        raise refusal

    def _sign_otherwise(
        self, batch: Batch, refused_transaction: StoredTransaction, now: int
    ) -> list[StoredTransaction]:
        """Sign once more under the same number where the chain's terms now call for the other type of transaction.

        Some chains take none of type 2, whatever their blocks say, and one refusal has taught the chain's adapter that.
        """
        refused_price, price = read_transaction(refused_transaction.raw_bytes).price, self._offer_price()
        if (refused_price.tip_wei is None) == (price.tip_wei is None):
            return []
        return [self._sign(batch, refused_transaction.nonce, price, now)]

    def _replace(self, batch: Batch, stuck_transaction: StoredTransaction, now: int) -> StoredTransaction:
        """Sign the same payload for a higher fee where that may help, under the same number or one missing before it."""
        stuck_price = read_transaction(stuck_transaction.raw_bytes).price
        price = raise_price(stuck_price, self._chain.fetch_fee_terms(), self._max_gas_price)
        return self._sign(batch, min(stuck_transaction.nonce, self._ask_nonce()), price, now)

    def _sign(self, batch: Batch, nonce: int, price: Price, now: int) -> StoredTransaction:
        """Sign the anchor of a batch and store that; what is stored already is returned as it is."""
        data, contract = calls.encode_call(batch.anchor), self._registry_name.contract
        signed_transaction = self._account.sign(
            chain_id=self._registry_name.chain_id,
            nonce=nonce,
            to=contract,
            data=data,
            gas=fit_gas(self._chain, self._account.address, contract, data, self._chain.fetch_fee_terms()),
            price=price,
        )
        transaction = StoredTransaction(
            signed_transaction.hash,
            batch.sequence,
            nonce,
            price.max_wei,
            signed_transaction.raw_bytes,
            now,
            sent_at=None,
        )
        with self._register.writing() as connection:
            stored_transactions = list_transactions(connection, batch.sequence)
            equal_transactions = [stored for stored in stored_transactions if stored.hash == transaction.hash]
            if not equal_transactions:
                insert_transaction(connection, transaction)
        return equal_transactions[0] if equal_transactions else transaction

    def _list_stored(self, batch: Batch) -> list[StoredTransaction]:
        with self._register.reading() as connection:
            return list_transactions(connection, batch.sequence)

    def _ask_nonce(self) -> int:
        return self._chain.count_transactions(self._account.address, pending=True)

    def _offer_price(self) -> Price:
        return offer_price(self._chain.fetch_fee_terms(), self._max_gas_price)
