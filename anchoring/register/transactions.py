"""The signed transactions of batches, stored before they are sent.

A reply that got lost then loses nothing: whatever was stored is looked for on the chain.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select, update

from anchoring.register.tables import TRANSACTION, Row


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A signed transaction of a batch as it is stored; `sent_at` is None until it was handed in."""

    hash: bytes
    sequence: int
    nonce: int
    gas_price_wei: int
    raw_bytes: bytes
    signed_at: int
    sent_at: int | None


def list_transactions(connection: Connection, sequence: int) -> list[StoredTransaction]:
    """Return the stored transactions of a batch, the newest last."""
    query = select(TRANSACTION).where(TRANSACTION.c.sequence == sequence)
    rows = connection.execute(query.order_by(TRANSACTION.c.signed, TRANSACTION.c.gas_price)).mappings()
    return [read_transaction(row) for row in rows]


def insert_transaction(connection: Connection, transaction: StoredTransaction) -> None:
    connection.execute(insert(TRANSACTION), [make_transaction_row(transaction)])


def note_sent(connection: Connection, transaction: StoredTransaction, now: int) -> None:
    """Note that a transaction was handed in."""
    connection.execute(update(TRANSACTION).where(TRANSACTION.c.hash == transaction.hash).values(sent=now))


def read_transaction(row: RowMapping) -> StoredTransaction:
    return StoredTransaction(
        hash=row["hash"],
        sequence=row["sequence"],
        nonce=row["nonce"],
        gas_price_wei=row["gas_price"],
        raw_bytes=row["raw"],
        signed_at=row["signed"],
        sent_at=row["sent"],
    )


def make_transaction_row(transaction: StoredTransaction) -> Row:
    return {
        "hash": transaction.hash,
        "sequence": transaction.sequence,
        "nonce": transaction.nonce,
        "gas_price": transaction.gas_price_wei,
        "raw": transaction.raw_bytes,
        "signed": transaction.signed_at,
        "sent": transaction.sent_at,
    }
