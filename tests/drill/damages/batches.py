"""Damage of a register's log, its batches and their transactions."""

from typing import Final

from tests.drill.damages.damage import Row, flip, register, swap
from tests.drill.stage import REGISTER

LOG = Row(REGISTER, "log", "", "tianmen", "name tianmen")
BATCH = Row(REGISTER, "batch", "sequence = 2", "batch 2", "sequence 2")
WAITING_BATCH = Row(REGISTER, "batch", "sequence = 4", "batch 4", "sequence 4")
TRANSACTION = Row(REGISTER, "signed_transaction", "sequence = 2", "batch 2", "hash")

LOGS: Final = {
    "log row deleted": LOG.delete("log-altered", place="log tianmen"),
    "log row and submissions deleted": register(
        "register-empty", "", "log tianmen", "DELETE FROM log", "DELETE FROM submission"
    ),
    "everything deleted": register(
        "register-empty",
        "",
        "log tianmen",
        *(
            f"DELETE FROM {table}"
            for table in (
                "log",
                "batch",
                "submission",
                "record",
                "lineage",
                "link",
                "disclosure",
                "status_change",
            )
        ),
    ),
    "log row doubled": register(
        "log-twice",
        "log",
        "",
        "INSERT INTO log SELECT 'wuhan', registry_name, suite, start, size, opened FROM log",
    ),
    "log of another name": register("other-log", "", "node.toml", "UPDATE log SET name = 'wuhan'"),
    "log of no name": register("other-log", "", "node.toml", "UPDATE log SET name = ''"),
    "log of another registry": LOG.set("other-registry", "registry_name = 'eip155:1:0x00:00'"),
    "log of another suite": LOG.set("log-altered", "suite = 2"),
    "log of an impossible suite": LOG.set_impossible("suite = 9"),
    "log with a later start": LOG.set("log-altered", "start = 3"),
    "log of a smaller size": LOG.set("log-size", "size = size - 1"),
    "log of a larger size": LOG.set("log-size", "size = size + 100"),
    "log of a negative size": LOG.set_impossible("size = -1"),
    "log with text for a size": LOG.set_impossible("size = 'x'"),
}

BATCHES: Final = {
    "batch deleted in the middle": BATCH.delete("batch-missing"),
    "first batch deleted": register(
        "batch-missing", "batch", "batch 1", "DELETE FROM batch WHERE sequence = 1"
    ),
    "newest final batch deleted": register(
        "batch-missing", "batch", "batch 3", "DELETE FROM batch WHERE sequence = 3"
    ),
    "all batches deleted": register("batch-missing", "batch", "batch 3", "DELETE FROM batch"),
    "batch that waits deleted": WAITING_BATCH.delete("batch-missing", place="position 16"),
    "batches swapped": register("anchor-differs", "batch", "batch 2", *swap("batch", "sequence", 2, 3)),
    "batch payload cut": BATCH.set("batch-altered", "payload = substr(payload, 1, 100)"),
    "batch payload emptied": BATCH.set("batch-altered", "payload = x''"),
    "batch payload as text": BATCH.set_impossible("payload = 'x'"),
    "batch payload's end flipped": BATCH.flip("batch-altered", "payload"),
    "batch's root changed": BATCH.set(
        "anchor-differs",
        "payload = CAST(substr(payload, 1, 96) || zeroblob(4) || substr(payload, 101) AS BLOB)",
    ),
    "payload of a batch that waits flipped": register(
        "transaction-altered", "signed_transaction", "batch 4", flip("batch", "payload", "sequence = 4")
    ),
    "batch payload of another": register(
        "batch-altered",
        "batch",
        "batch 3",
        "UPDATE batch SET payload = (SELECT payload FROM batch WHERE sequence = 1) WHERE sequence = 3",
    ),
    "batch of an impossible state": BATCH.set_impossible("state = 'burnt'"),
    "batch final that is not": WAITING_BATCH.set("anchor-missing", "state = 'final'"),
    "batch invented": register(
        "batch-altered",
        "batch",
        "batch 5",
        "INSERT INTO batch SELECT 5, payload, frozen, 'frozen' FROM batch WHERE sequence = 4",
    ),
    "batch of a far sequence": register(
        "batch-missing",
        "batch",
        "batch 5",
        "INSERT INTO batch SELECT 9000000000000000000, payload, frozen, 'frozen' FROM batch WHERE sequence = 4",
    ),
    "batch frozen at text": register(
        "value-impossible", "batch", "sequence 1", "UPDATE batch SET frozen = 'noon' WHERE sequence = 1"
    ),
}

TRANSACTIONS: Final = {
    "transaction unreadable": TRANSACTION.set("transaction-altered", "raw = x'00'"),
    "transaction emptied": TRANSACTION.set("transaction-altered", "raw = x''"),
    "transaction as text": TRANSACTION.set_impossible("raw = 'x'"),
    "transaction flipped": TRANSACTION.flip("transaction-altered", "raw"),
    "transaction of another hash": TRANSACTION.set("transaction-altered", "hash = zeroblob(32)"),
    "transaction of another batch": TRANSACTION.set("transaction-altered", "sequence = 1", place="batch 1"),
    "transaction of no batch": TRANSACTION.set("transaction-altered", "sequence = 9", place="batch 9"),
    "transaction of another nonce": TRANSACTION.set("transaction-altered", "nonce = 77"),
    "transaction of another price": TRANSACTION.set("transaction-altered", "gas_price = 1"),
    "transaction sent before it was signed": TRANSACTION.set("transaction-altered", "sent = 1"),
    "transaction deleted": TRANSACTION.delete("transaction-missing"),
    "all transactions deleted": register(
        "transaction-missing", "signed_transaction", "batch 1", "DELETE FROM signed_transaction"
    ),
}
