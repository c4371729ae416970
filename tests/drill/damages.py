"""The table of damage: what is done, and what the audit must say, and where."""

from dataclasses import dataclass
from typing import Final

from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA


@dataclass(frozen=True)
class Damage:
    """Statements of SQL on one database, and the finding that they must give: its slug, its table, a part of its place."""

    database: str
    statements: tuple[str, ...]
    slug: str
    table: str
    where: str = ""


def _replace(table: str, column: str, old: str, new: str, condition: str) -> str:
    return (
        f"UPDATE {table} SET {column} = CAST(replace(CAST({column} AS TEXT), '{old}', '{new}') AS BLOB) "
        f"WHERE {condition} AND instr(CAST({column} AS TEXT), '{old}')"
    )


def _flip(table: str, column: str, condition: str) -> str:
    """Change the last byte of a value."""
    return (
        f"UPDATE {table} SET {column} = CAST(substr({column}, 1, length({column}) - 1) || x'7f' AS BLOB) "
        f"WHERE {condition}"
    )


def _double(table: str, columns: str, condition: str = "1") -> tuple[str, ...]:
    """Let rows stand twice, in a table without the keys that forbid it."""
    return (
        f"CREATE TABLE loose AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE loose RENAME TO {table}",
        f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE {condition}",
    )


def _register(slug: str, table: str, where: str, *statements: str) -> Damage:
    return Damage(REGISTER, statements, slug, table, where)


def _replica(slug: str, table: str, where: str, *statements: str) -> Damage:
    return Damage(REPLICA, statements, slug, table, where)


def _checkpoints(slug: str, table: str, where: str, *statements: str) -> Damage:
    return Damage(CHECKPOINTS, statements, slug, table, where)


_LOG: Final = {
    "log row deleted": _register("log-altered", "log", "log tianmen", "DELETE FROM log"),
    "log row and submissions deleted": _register(
        "register-empty", "", "log tianmen", "DELETE FROM log", "DELETE FROM submission"
    ),
    "everything deleted": _register(
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
    "log row doubled": _register(
        "log-twice",
        "log",
        "",
        "INSERT INTO log SELECT 'wuhan', registry_name, suite, start, size, opened FROM log",
    ),
    "log of another name": _register("other-log", "", "node.toml", "UPDATE log SET name = 'wuhan'"),
    "log of no name": _register("other-log", "", "node.toml", "UPDATE log SET name = ''"),
    "log of another registry": _register(
        "other-registry", "log", "tianmen", "UPDATE log SET registry_name = 'eip155:1:0x00:00'"
    ),
    "log of another suite": _register("log-altered", "log", "tianmen", "UPDATE log SET suite = 2"),
    "log of an impossible suite": _register(
        "value-impossible", "log", "name tianmen", "UPDATE log SET suite = 9"
    ),
    "log with a later start": _register("log-altered", "log", "tianmen", "UPDATE log SET start = 3"),
    "log of a smaller size": _register("log-size", "log", "tianmen", "UPDATE log SET size = size - 1"),
    "log of a larger size": _register("log-size", "log", "tianmen", "UPDATE log SET size = size + 100"),
    "log of a negative size": _register(
        "value-impossible", "log", "name tianmen", "UPDATE log SET size = -1"
    ),
    "log with text for a size": _register(
        "value-impossible", "log", "name tianmen", "UPDATE log SET size = 'x'"
    ),
}
_BATCH: Final = {
    "batch deleted in the middle": _register(
        "batch-missing", "batch", "batch 2", "DELETE FROM batch WHERE sequence = 2"
    ),
    "first batch deleted": _register(
        "batch-missing", "batch", "batch 1", "DELETE FROM batch WHERE sequence = 1"
    ),
    "newest final batch deleted": _register(
        "batch-missing", "batch", "batch 3", "DELETE FROM batch WHERE sequence = 3"
    ),
    "all batches deleted": _register("batch-missing", "batch", "batch 3", "DELETE FROM batch"),
    "batch that waits deleted": _register(
        "batch-missing", "batch", "position 16", "DELETE FROM batch WHERE sequence = 4"
    ),
    "batches swapped": _register(
        "anchor-differs",
        "batch",
        "batch 2",
        "UPDATE batch SET sequence = 99 WHERE sequence = 2",
        "UPDATE batch SET sequence = 2 WHERE sequence = 3",
        "UPDATE batch SET sequence = 3 WHERE sequence = 99",
    ),
    "batch payload cut": _register(
        "batch-altered",
        "batch",
        "batch 2",
        "UPDATE batch SET payload = substr(payload, 1, 100) WHERE sequence = 2",
    ),
    "batch payload emptied": _register(
        "batch-altered", "batch", "batch 2", "UPDATE batch SET payload = x'' WHERE sequence = 2"
    ),
    "batch payload as text": _register(
        "value-impossible", "batch", "sequence 2", "UPDATE batch SET payload = 'x' WHERE sequence = 2"
    ),
    "batch payload's end flipped": _register(
        "batch-altered", "batch", "batch 2", _flip("batch", "payload", "sequence = 2")
    ),
    "batch's root changed": _register(
        "anchor-differs",
        "batch",
        "batch 2",
        "UPDATE batch SET payload = CAST(substr(payload, 1, 96) || zeroblob(4) || substr(payload, 101) AS BLOB) WHERE sequence = 2",
    ),
    "payload of a batch that waits flipped": _register(
        "transaction-altered", "signed_transaction", "batch 4", _flip("batch", "payload", "sequence = 4")
    ),
    "batch payload of another": _register(
        "batch-altered",
        "batch",
        "batch 3",
        "UPDATE batch SET payload = (SELECT payload FROM batch WHERE sequence = 1) WHERE sequence = 3",
    ),
    "batch of an impossible state": _register(
        "value-impossible", "batch", "sequence 2", "UPDATE batch SET state = 'burnt' WHERE sequence = 2"
    ),
    "batch final that is not": _register(
        "anchor-missing", "batch", "batch 4", "UPDATE batch SET state = 'final' WHERE sequence = 4"
    ),
    "batch invented": _register(
        "batch-altered",
        "batch",
        "batch 5",
        "INSERT INTO batch SELECT 5, payload, frozen, 'frozen' FROM batch WHERE sequence = 4",
    ),
    "batch of a far sequence": _register(
        "batch-missing",
        "batch",
        "batch 5",
        "INSERT INTO batch SELECT 9000000000000000000, payload, frozen, 'frozen' FROM batch WHERE sequence = 4",
    ),
    "batch frozen at text": _register(
        "value-impossible", "batch", "sequence 1", "UPDATE batch SET frozen = 'noon' WHERE sequence = 1"
    ),
}
_SUBMISSION: Final = {
    "submission deleted": _register(
        "position-gap", "submission", "position 10", "DELETE FROM submission WHERE first = 6"
    ),
    "newest submission deleted": _register(
        "log-size", "log", "tianmen", "DELETE FROM submission WHERE first = 18"
    ),
    "all submissions deleted": _register("log-size", "log", "tianmen", "DELETE FROM submission"),
    "submissions swapped": _register(
        "receipt-altered",
        "submission",
        "position 6",
        "UPDATE submission SET first = 99 WHERE first = 6",
        "UPDATE submission SET first = 6 WHERE first = 10",
        "UPDATE submission SET first = 10 WHERE first = 99",
    ),
    "submission doubled": _register(
        "root-twice",
        "submission",
        "root",
        *_double("submission", "*", "first = 10"),
    ),
    "submission in another batch": _register(
        "batch-root", "submission", "batch 2", "UPDATE submission SET batch = 3 WHERE first = 10"
    ),
    "submission in no batch": _register(
        "batch-root", "submission", "batch 2", "UPDATE submission SET batch = NULL WHERE first = 10"
    ),
    "submission in an absent batch": _register(
        "batch-missing", "batch", "position 10", "UPDATE submission SET batch = 9 WHERE first = 10"
    ),
    "entry unreadable": _register(
        "entry-altered", "submission", "position 6", "UPDATE submission SET entry = x'7b' WHERE first = 6"
    ),
    "entry as text": _register(
        "value-impossible", "submission", "first 6", "UPDATE submission SET entry = 'x' WHERE first = 6"
    ),
    "entry's signature changed": _register(
        "entry-altered",
        "submission",
        "position 6",
        _replace("submission", "entry", '"signature":"', '"signature":"A', "first = 6"),
    ),
    "entry's acceptance changed": _register(
        "receipt-altered",
        "submission",
        "position 6",
        _replace("submission", "entry", '"accepted":"2026', '"accepted":"2025', "first = 6"),
    ),
    "entry's count changed": _register(
        "entry-altered",
        "submission",
        "position 6",
        _replace("submission", "entry", '"count":4', '"count":3', "first = 6"),
    ),
    "entry's issuer changed": _register(
        "entry-altered",
        "submission",
        "position 6",
        _replace("submission", "entry", "11429006012345671T", "11429006012345672R", "first = 6"),
    ),
    "entry of one that waits changed": _register(
        "entry-altered",
        "submission",
        "position 18",
        _replace("submission", "entry", '"count":2', '"count":3', "first = 18"),
    ),
    "accepted changed in entry and row": _register(
        "receipt-altered",
        "submission",
        "position 18",
        "UPDATE submission SET accepted = accepted - 1 WHERE first = 18",
        _replace("submission", "entry", '54Z"', '53Z"', "first = 18"),
    ),
    "accepted changed in the row": _register(
        "entry-altered", "submission", "position 6", "UPDATE submission SET accepted = 1 WHERE first = 6"
    ),
    "root changed": _register(
        "submission-root",
        "submission",
        "position 6",
        "UPDATE submission SET root = zeroblob(32) WHERE first = 6",
    ),
    "root cut": _register(
        "entry-altered",
        "submission",
        "position 6",
        "UPDATE submission SET root = substr(root, 1, 31) WHERE first = 6",
    ),
    "root as text": _register(
        "value-impossible", "submission", "first 6", "UPDATE submission SET root = 'root' WHERE first = 6"
    ),
    "count changed": _register(
        "entry-altered", "submission", "position 6", "UPDATE submission SET count = 3 WHERE first = 6"
    ),
    "count as text": _register(
        "value-impossible", "submission", "first 6", "UPDATE submission SET count = 'x' WHERE first = 6"
    ),
    "count negative": _register(
        "value-impossible", "submission", "first 6", "UPDATE submission SET count = -4 WHERE first = 6"
    ),
    "count a fraction": _register(
        "value-impossible", "submission", "first 6", "UPDATE submission SET count = 4.5 WHERE first = 6"
    ),
    "issuer changed": _register(
        "entry-altered", "submission", "position 6", "UPDATE submission SET issuer = 'x' WHERE first = 6"
    ),
    "issuer no text": _register(
        "value-impossible",
        "submission",
        "first 6",
        "UPDATE submission SET issuer = CAST(x'ff' AS TEXT) WHERE first = 6",
    ),
    "number of changes altered": _register(
        "changes-altered", "submission", "position 6", "UPDATE submission SET changes = 7 WHERE first = 6"
    ),
    "warnings no JSON": _register(
        "entry-altered", "submission", "position 6", "UPDATE submission SET warnings = '[' WHERE first = 6"
    ),
    "warnings of another shape": _register(
        "entry-altered", "submission", "position 6", "UPDATE submission SET warnings = '{}' WHERE first = 6"
    ),
}
_RECEIPT: Final = {
    "deadline later": _register(
        "receipt-altered",
        "submission",
        "position 18",
        "UPDATE submission SET deadline = deadline + 9 WHERE first = 18",
    ),
    "deadline deleted": _register(
        "receipt-altered",
        "submission",
        "position 18",
        "UPDATE submission SET deadline = NULL WHERE first = 18",
    ),
    "deadline before acceptance": _register(
        "receipt-altered",
        "submission",
        "position 6",
        "UPDATE submission SET deadline = 1, receipt = NULL WHERE first = 6",
    ),
    "deadline as text": _register(
        "value-impossible", "submission", "first 6", "UPDATE submission SET deadline = 'x' WHERE first = 6"
    ),
    "receipt of another": _register(
        "receipt-altered",
        "submission",
        "position 6",
        "UPDATE submission SET receipt = (SELECT receipt FROM submission WHERE first = 10) WHERE first = 6",
    ),
    "receipt unreadable": _register(
        "receipt-altered", "submission", "position 6", "UPDATE submission SET receipt = x'7b' WHERE first = 6"
    ),
    "receipt as text": _register(
        "value-impossible", "submission", "first 6", "UPDATE submission SET receipt = 'x' WHERE first = 6"
    ),
    "receipt's signature changed": _register(
        "receipt-altered",
        "submission",
        "position 6",
        _replace("submission", "receipt", '"signature":"', '"signature":"AA', "first = 6"),
    ),
    "receipt's deadline changed with the row": _register(
        "receipt-altered",
        "submission",
        "position 18",
        "UPDATE submission SET deadline = deadline - 1 WHERE first = 18",
        _replace("submission", "receipt", '54Z","', '53Z","', "first = 18"),
    ),
    "receipt's position changed": _register(
        "receipt-altered",
        "submission",
        "position 6",
        _replace("submission", "receipt", '"first":6', '"first":7', "first = 6"),
    ),
}
_RECORD: Final = {
    "record deleted": _register(
        "record-missing", "record", "position 3", "DELETE FROM record WHERE position = 3"
    ),
    "newest record deleted": _register(
        "record-missing", "record", "position 19", "DELETE FROM record WHERE position = 19"
    ),
    "all records deleted": _register("record-missing", "record", "position 0", "DELETE FROM record"),
    "record doubled": _register("record-twice", "record", "record", *_double("record", "*", "position = 3")),
    "record beyond all": _register(
        "record-stray",
        "record",
        "position 99",
        "INSERT INTO record SELECT 99, zeroblob(32), lineage, body FROM record WHERE position = 3",
    ),
    "records swapped": _register(
        "record-order",
        "record",
        "position",
        "UPDATE record SET position = 99 WHERE position = 2",
        "UPDATE record SET position = 2 WHERE position = 3",
        "UPDATE record SET position = 3 WHERE position = 99",
    ),
    "record changed": _register(
        "record-altered",
        "record",
        "position 3",
        _replace("record", "body", "2022-03-28", "2022-03-29", "position = 3"),
    ),
    "record of another issuer": _register(
        "issuer-mismatch",
        "record",
        "position 3",
        _replace("record", "body", "11429006012345671T", "11429006012345672R", "position = 3"),
    ),
    "record unreadable": _register(
        "record-altered", "record", "position 3", "UPDATE record SET body = x'7b' WHERE position = 3"
    ),
    "record emptied": _register(
        "record-altered", "record", "position 3", "UPDATE record SET body = x'' WHERE position = 3"
    ),
    "record as text": _register(
        "value-impossible", "record", "position 3", "UPDATE record SET body = 'x' WHERE position = 3"
    ),
    "leaf changed": _register(
        "record-altered", "record", "position 3", "UPDATE record SET leaf = zeroblob(32) WHERE position = 3"
    ),
    "leaf as text": _register(
        "value-impossible", "record", "position 3", "UPDATE record SET leaf = 'x' WHERE position = 3"
    ),
    "record in another lineage": _register(
        "lineage-broken", "record", "lineage", "UPDATE record SET lineage = 1 WHERE position = 0"
    ),
    "record in no lineage": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE record SET lineage = 98 WHERE position = 3"
    ),
    "record with text for a lineage": _register(
        "value-impossible", "record", "position 3", "UPDATE record SET lineage = 'x' WHERE position = 3"
    ),
}
_LINEAGE: Final = {
    "lineage deleted": _register(
        "lineage-altered", "lineage", "lineage", "DELETE FROM lineage WHERE first = 3"
    ),
    "lineage invented": _register(
        "lineage-stray",
        "lineage",
        "lineage x",
        "INSERT INTO lineage SELECT 99, 'x', kind, issuer, identifier, tip, current, position, 0 FROM lineage LIMIT 1",
    ),
    "lineage doubled": _register(
        "lineage-twice", "lineage", "lineage", *_double("lineage", "*", "first = 3")
    ),
    "lineage of another name": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET name = 'y' WHERE first = 3"
    ),
    "lineage of another kind": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET kind = 'seal' WHERE first = 3"
    ),
    "lineage of another issuer": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET issuer = 'x' WHERE first = 3"
    ),
    "lineage's identifier changed": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET identifier = 'x' WHERE first = 3"
    ),
    "lineage's tip changed": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET tip = zeroblob(32) WHERE first = 3"
    ),
    "lineage's current changed": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET current = zeroblob(32) WHERE first = 3"
    ),
    "lineage's position changed": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET position = 4 WHERE first = 3"
    ),
    "lineage's status changed": _register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET status = 1 WHERE first = 3"
    ),
    "lineage of an impossible status": _register(
        "value-impossible", "lineage", "first 3", "UPDATE lineage SET status = 77 WHERE first = 3"
    ),
    "lineage with text for a tip": _register(
        "value-impossible", "lineage", "first 3", "UPDATE lineage SET tip = 'x' WHERE first = 3"
    ),
}
_CHANGE: Final = {
    "change deleted": _register(
        "change-altered", "status_change", "position 6", "DELETE FROM status_change WHERE record = 6"
    ),
    "change pair deleted": _register(
        "change-altered", "status_change", "position 6", "DELETE FROM status_change WHERE record IN (6, 11)"
    ),
    "suspend and resume deleted with their records": _register(
        "record-missing",
        "record",
        "position 6",
        "DELETE FROM status_change WHERE record IN (6, 11)",
        "DELETE FROM record WHERE position IN (6, 11)",
    ),
    "all changes deleted": _register(
        "change-altered", "status_change", "position 8", "DELETE FROM status_change"
    ),
    "change to another status": _register(
        "change-altered",
        "status_change",
        "position 6",
        "UPDATE status_change SET status = 4 WHERE record = 6",
    ),
    "change of another position": _register(
        "change-altered",
        "status_change",
        "position 6",
        "UPDATE status_change SET position = 5 WHERE record = 6",
    ),
    "change to an impossible status": _register(
        "change-altered",
        "status_change",
        "position 6",
        "UPDATE status_change SET status = 77 WHERE record = 6",
    ),
    "change by no record": _register(
        "change-stray", "status_change", "position 99", "INSERT INTO status_change VALUES (99, 3, 1)"
    ),
    "change by an issue": _register(
        "change-stray", "status_change", "", "INSERT INTO status_change VALUES (10, 3, 1)"
    ),
    "changes swapped": _register(
        "change-altered",
        "status_change",
        "position 6",
        "UPDATE status_change SET record = 99 WHERE record = 6",
        "UPDATE status_change SET record = 6 WHERE record = 7",
        "UPDATE status_change SET record = 7 WHERE record = 99",
    ),
}
_DISCLOSURE: Final = {
    "disclosure changed": _register(
        "disclosure-altered",
        "disclosure",
        "position 3",
        _replace("disclosure", "content", "营业", "经营", "position = 3"),
    ),
    "disclosure unreadable": _register(
        "disclosure-altered",
        "disclosure",
        "position 3",
        "UPDATE disclosure SET content = x'7b' WHERE position = 3",
    ),
    "disclosure as text": _register(
        "value-impossible",
        "disclosure",
        "position 3",
        "UPDATE disclosure SET content = '{}' WHERE position = 3",
    ),
    "disclosure of nothing": _register(
        "disclosure-stray",
        "disclosure",
        "position 99",
        "INSERT INTO disclosure SELECT 99, content FROM disclosure WHERE position = 3",
    ),
    "disclosures swapped": _register(
        "disclosure-altered",
        "disclosure",
        "position 2",
        "UPDATE disclosure SET position = 99 WHERE position = 2",
        "UPDATE disclosure SET position = 2 WHERE position = 3",
        "UPDATE disclosure SET position = 3 WHERE position = 99",
    ),
}
_LINK: Final = {
    "links deleted": _register("link-missing", "link", "position 14", "DELETE FROM link"),
    "link of another relation": _register(
        "link-altered", "link", "position 14", "UPDATE link SET rel = 'x' WHERE record = 14"
    ),
    "link to another record": _register(
        "link-altered", "link", "position 14", "UPDATE link SET target = zeroblob(32) WHERE record = 14"
    ),
    "link by another record": _register(
        "link-stray", "link", "position 3", "UPDATE link SET record = 3 WHERE record = 14"
    ),
    "link invented": _register(
        "link-stray", "link", "position 0", "INSERT INTO link VALUES (zeroblob(32), 0, 'made-with')"
    ),
    "link to text": _register(
        "value-impossible", "link", "record 14", "UPDATE link SET target = 'x' WHERE record = 14"
    ),
}
_MISSING: Final = {
    "records deleted and said to be missing": _register(
        "missing-contradicted",
        "missing",
        "position 6",
        "INSERT INTO missing SELECT first, count, batch, root, issuer FROM submission WHERE first = 6",
        "DELETE FROM record WHERE position BETWEEN 6 AND 9",
        "DELETE FROM status_change WHERE record BETWEEN 6 AND 9",
    ),
    "records said to be missing that stand there": _register(
        "missing-contradicted",
        "missing",
        "position 10",
        "INSERT INTO missing SELECT first, count, batch, root, issuer FROM submission WHERE first = 10",
    ),
    "entries said to be missing": _register(
        "missing-contradicted", "missing", "position 6", "INSERT INTO missing VALUES (6, 5, 2, NULL, NULL)"
    ),
    "positions beyond all said to be missing": _register(
        "missing-contradicted",
        "missing",
        "position 700",
        "INSERT INTO missing VALUES (700, 5, 2, NULL, NULL)",
    ),
    "another submission said to be missing": _register(
        "missing-contradicted",
        "missing",
        "position 10",
        "INSERT INTO missing SELECT first, 1, batch, zeroblob(32), issuer FROM submission WHERE first = 10",
    ),
}
_TRANSACTION: Final = {
    "transaction unreadable": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        "UPDATE signed_transaction SET raw = x'00' WHERE sequence = 2",
    ),
    "transaction emptied": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        "UPDATE signed_transaction SET raw = x'' WHERE sequence = 2",
    ),
    "transaction as text": _register(
        "value-impossible",
        "signed_transaction",
        "hash",
        "UPDATE signed_transaction SET raw = 'x' WHERE sequence = 2",
    ),
    "transaction flipped": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        _flip("signed_transaction", "raw", "sequence = 2"),
    ),
    "transaction of another hash": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        "UPDATE signed_transaction SET hash = zeroblob(32) WHERE sequence = 2",
    ),
    "transaction of another batch": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 1",
        "UPDATE signed_transaction SET sequence = 1 WHERE sequence = 2",
    ),
    "transaction of no batch": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 9",
        "UPDATE signed_transaction SET sequence = 9 WHERE sequence = 2",
    ),
    "transaction of another nonce": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        "UPDATE signed_transaction SET nonce = 77 WHERE sequence = 2",
    ),
    "transaction of another price": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        "UPDATE signed_transaction SET gas_price = 1 WHERE sequence = 2",
    ),
    "transaction sent before it was signed": _register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        "UPDATE signed_transaction SET sent = 1 WHERE sequence = 2",
    ),
    "transaction deleted": _register(
        "transaction-missing",
        "signed_transaction",
        "batch 2",
        "DELETE FROM signed_transaction WHERE sequence = 2",
    ),
    "all transactions deleted": _register(
        "transaction-missing", "signed_transaction", "batch 1", "DELETE FROM signed_transaction"
    ),
}
_ACCESS: Final = {
    "lease of another log": _register("lease-altered", "lease", "wuhan", "UPDATE lease SET log = 'wuhan'"),
    "lease with text for an epoch": _register(
        "value-impossible", "lease", "log tianmen", "UPDATE lease SET epoch = 'x'"
    ),
    "token deleted": _register(
        "look-stray", "look", "token", "DELETE FROM token WHERE id = (SELECT min(id) FROM token)"
    ),
    "token of unknown scopes": _register(
        "token-altered",
        "token",
        "token",
        "UPDATE token SET scopes = 'everything' WHERE id = (SELECT min(id) FROM token)",
    ),
    "token of no scopes": _register(
        "token-altered",
        "token",
        "token",
        "UPDATE token SET scopes = '' WHERE id = (SELECT min(id) FROM token)",
    ),
    "token's digest cut": _register(
        "token-altered",
        "token",
        "token",
        "UPDATE token SET digest = x'00' WHERE id = (SELECT min(id) FROM token)",
    ),
    "token's digest as text": _register(
        "value-impossible",
        "token",
        "id",
        "UPDATE token SET digest = 'x' WHERE id = (SELECT min(id) FROM token)",
    ),
    "token revoked before it was made": _register(
        "token-altered",
        "token",
        "token",
        "UPDATE token SET revoked = 1 WHERE id = (SELECT min(id) FROM token)",
    ),
    "look deleted in the middle": _register(
        "look-missing", "look", "look 3", "DELETE FROM look WHERE ordinal = 2"
    ),
    "look of an impossible purpose": _register(
        "look-stray", "look", "look 1", "UPDATE look SET purpose = 'fun' WHERE ordinal = 1"
    ),
    "look of no token": _register(
        "look-stray",
        "look",
        "token nobody",
        "INSERT INTO look SELECT 'nobody', ordinal, at, purpose, identifier, outcome FROM look LIMIT 1",
    ),
    "look at no time": _register(
        "value-impossible", "look", "ordinal 1", "UPDATE look SET at = 'noon' WHERE ordinal = 1"
    ),
}
_SCHEMA: Final = {
    "trigger on submissions": _register(
        "schema-altered",
        "submission",
        "trigger t",
        "CREATE TRIGGER t AFTER INSERT ON submission BEGIN DELETE FROM record WHERE position = 0; END",
    ),
    "view beside the tables": _register(
        "schema-altered", "v", "view v", "CREATE VIEW v AS SELECT * FROM record"
    ),
    "index of records dropped": _register(
        "schema-altered", "record", "table record", "DROP INDEX ix_record_lineage"
    ),
    "index of submissions dropped": _register(
        "schema-altered", "submission", "table submission", "DROP INDEX ix_submission_batch"
    ),
    "link table dropped": _register("schema-altered", "link", "table link", "DROP TABLE link"),
    "lease table dropped": _register("schema-altered", "lease", "table lease", "DROP TABLE lease"),
    "submission table dropped": _register(
        "schema-altered", "submission", "table submission", "DROP TABLE submission"
    ),
    "log table dropped": _register("schema-altered", "log", "table log", "DROP TABLE log"),
    "column dropped": _register(
        "schema-altered", "submission", "table submission", "ALTER TABLE submission DROP COLUMN warnings"
    ),
    "trigger in the replica": _replica(
        "schema-altered",
        "event",
        "trigger t",
        "CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM anchor; END",
    ),
    "index of void anchors dropped": _replica(
        "schema-altered", "anchor", "table anchor", "DROP INDEX anchor_void"
    ),
    "anchor table dropped": _replica("schema-altered", "anchor", "table anchor", "DROP TABLE anchor"),
    "trigger in the checkpoints": _checkpoints(
        "schema-altered",
        "cosignature",
        "trigger t",
        "CREATE TRIGGER t AFTER INSERT ON cosignature BEGIN DELETE FROM fork; END",
    ),
    "fork table dropped": _checkpoints("schema-altered", "fork", "table fork", "DROP TABLE fork"),
}
_REPLICA: Final = {
    "event deleted": _replica("event-altered", "event", "event 8", "DELETE FROM event WHERE n = 7"),
    "newest event deleted": _replica(
        "state-altered", "state", "cursor", "DELETE FROM event WHERE n = (SELECT max(n) FROM event)"
    ),
    "all events deleted": _replica("state-altered", "state", "cursor", "DELETE FROM event"),
    "event's payload flipped": _replica(
        "event-altered", "event", "event 11", _flip("event", "payload", "n = 11")
    ),
    "event's payload as text": _replica(
        "value-impossible", "event", "n 11", "UPDATE event SET payload = 'x' WHERE n = 11"
    ),
    "event's time changed": _replica(
        "event-altered", "event", "event 11", "UPDATE event SET time = time + 1 WHERE n = 11"
    ),
    "event's kind changed": _replica(
        "event-altered", "event", "event 11", "UPDATE event SET kind = 10 WHERE n = 11"
    ),
    "event's head changed": _replica(
        "event-altered", "event", "event 11", "UPDATE event SET head = zeroblob(32) WHERE n = 11"
    ),
    "event's block changed": _replica(
        "event-altered", "event", "event 12", "UPDATE event SET block = block + 1 WHERE n = 11"
    ),
    "event's block hash changed": _replica(
        "chain-differs", "event", "event 11", "UPDATE event SET block_hash = zeroblob(32) WHERE n = 11"
    ),
    "event's transaction changed": _replica(
        "chain-differs", "event", "event 11", "UPDATE event SET transaction_hash = zeroblob(32) WHERE n = 11"
    ),
    "events swapped": _replica(
        "event-altered",
        "event",
        "event 3",
        "UPDATE event SET n = 99 WHERE n = 3",
        "UPDATE event SET n = 3 WHERE n = 4",
        "UPDATE event SET n = 4 WHERE n = 99",
    ),
    "anchor deleted": _replica(
        "fact-missing", "anchor", "sequence 2", "DELETE FROM anchor WHERE sequence = 2"
    ),
    "anchor invented": _replica(
        "fact-altered",
        "anchor",
        "sequence 9",
        "INSERT INTO anchor SELECT log, 9, n, block, time, size_before, size, root, status_root, void FROM anchor LIMIT 1",
    ),
    "anchor's size changed": _replica(
        "fact-altered", "anchor", "sequence 1", "UPDATE anchor SET size = size + 1 WHERE sequence = 1"
    ),
    "anchor's root changed": _replica(
        "fact-altered", "anchor", "sequence 1", "UPDATE anchor SET root = zeroblob(32) WHERE sequence = 1"
    ),
    "anchor said to be void": _replica(
        "fact-altered", "anchor", "sequence 1", "UPDATE anchor SET void = 'x' WHERE sequence = 1"
    ),
    "log's size changed": _replica(
        "fact-altered", "log", "tianmen", "UPDATE log SET size = size + 1 WHERE name = 'tianmen'"
    ),
    "log's operator changed": _replica(
        "fact-altered", "log", "tianmen", "UPDATE log SET operator = '0x00' WHERE name = 'tianmen'"
    ),
    "log deleted": _replica("fact-missing", "log", "tianmen", "DELETE FROM log WHERE name = 'tianmen'"),
    "governance changed": _replica(
        "fact-altered", "governance", "id 1", "UPDATE governance SET province = '0x00'"
    ),
    "division changed": _replica(
        "fact-altered", "division", "429006", "UPDATE division SET log = 'wuhan' WHERE division = '429006'"
    ),
    "issuer changed": _replica(
        "fact-altered", "issuer_assignment", "n 4", "UPDATE issuer_assignment SET log = 'wuhan'"
    ),
    "key changed": _replica(
        "fact-altered", "registered_key", "id", "UPDATE registered_key SET purpose = 2 WHERE n = 5"
    ),
    "key said to be retired": _replica(
        "fact-altered", "registered_key", "id", "UPDATE registered_key SET retired_at = 5 WHERE n = 5"
    ),
    "key deleted": _replica("fact-missing", "registered_key", "id", "DELETE FROM registered_key WHERE n = 5"),
    "grant changed": _replica("fact-altered", "key_grant", "n 6", "UPDATE key_grant SET kinds = 1"),
    "grant of no JSON": _replica("fact-altered", "key_grant", "n 6", "UPDATE key_grant SET types = '['"),
    "grant deleted": _replica("fact-missing", "key_grant", "n 6", "DELETE FROM key_grant"),
    "status deleted": _replica(
        "fact-missing", "position_status", "position 9", "DELETE FROM position_status WHERE position = 9"
    ),
    "suspension and its end deleted": _replica(
        "fact-missing", "position_status", "position 4", "DELETE FROM position_status WHERE position = 4"
    ),
    "status changed": _replica(
        "fact-altered",
        "position_status",
        "position 9",
        "UPDATE position_status SET status = 1 WHERE position = 9",
    ),
    "status impossible": _replica(
        "value-impossible",
        "position_status",
        "position 9",
        "UPDATE position_status SET status = 77 WHERE position = 9",
    ),
    "status block changed": _replica(
        "fact-altered", "status_block", "number 0", _flip("status_block", "content", "number = 0")
    ),
    "status blocks deleted": _replica("fact-missing", "status_block", "number 0", "DELETE FROM status_block"),
    "state of a later event": _replica("state-altered", "state", "cursor", "UPDATE state SET n = n + 1"),
    "state of another head": _replica(
        "state-altered", "state", "cursor", "UPDATE state SET head = zeroblob(32)"
    ),
    "state of an earlier final block": _replica(
        "state-altered", "state", "final block", "UPDATE state SET final_block = 1"
    ),
    "state of another final block": _replica(
        "chain-differs", "state", "final block", "UPDATE state SET final_hash = zeroblob(32)"
    ),
    "state of another registry": _replica(
        "other-registry",
        "",
        "node.toml",
        "UPDATE state SET registry_name = 'eip155:1:0x0000000000000000000000000000000000000000:0000000000000000'",
    ),
    "state of another head 0": _replica(
        "state-altered", "state", "head_zero", "UPDATE state SET head_zero = zeroblob(32)"
    ),
    "state deleted": _replica("unreadable", "state", "state", "DELETE FROM state"),
    "state doubled": _replica("state-twice", "state", "table state", *_double("state", "*")),
    "state quarantined": _replica("quarantined", "state", "", "UPDATE state SET quarantine = 'a reason'"),
    "state with text for a head": _replica(
        "value-impossible", "state", "id 1", "UPDATE state SET head = 'x'"
    ),
    "pending event changed": _replica(
        "pending-altered", "pending_event", "event", _flip("pending_event", "payload", "1")
    ),
    "pending event of another head": _replica(
        "pending-altered", "pending_event", "event", "UPDATE pending_event SET head = zeroblob(32)"
    ),
    "pending event of another number": _replica(
        "pending-altered", "pending_event", "event 99", "UPDATE pending_event SET n = 99"
    ),
    "pending event of another transaction": _replica(
        "chain-differs", "pending_event", "event", "UPDATE pending_event SET transaction_hash = zeroblob(32)"
    ),
    "pending event as text": _replica(
        "value-impossible", "pending_event", "n", "UPDATE pending_event SET payload = 'x'"
    ),
}
_COPIES: Final = {
    "copied entry deleted": _replica(
        "count-mismatch", "published_entry", "anchor 2", "DELETE FROM published_entry WHERE first = 10"
    ),
    "copied entries of an anchor deleted": _replica(
        "copies-missing", "published_entry", "anchor 1", "DELETE FROM published_entry WHERE first = 0"
    ),
    "all copied entries deleted": _replica(
        "copies-missing", "published_entry", "anchor 3", "DELETE FROM published_entry"
    ),
    "copied entry of another": _replica(
        "copy-altered",
        "published_entry",
        "first 0",
        "UPDATE published_entry SET entry = (SELECT entry FROM published_entry WHERE first = 10) WHERE first = 0",
    ),
    "copied entry unreadable": _replica(
        "unreadable",
        "published_entry",
        "anchor 1",
        "UPDATE published_entry SET entry = x'7b' WHERE first = 0",
    ),
    "copied entry as text": _replica(
        "value-impossible",
        "published_entry",
        "first 0",
        "UPDATE published_entry SET entry = 'x' WHERE first = 0",
    ),
    "copied entry of another root": _replica(
        "copy-altered",
        "published_entry",
        "first 0",
        "UPDATE published_entry SET root = zeroblob(32) WHERE first = 0",
    ),
    "copied entry at another position": _replica(
        "copy-altered", "published_entry", "first 1", "UPDATE published_entry SET first = 1 WHERE first = 0"
    ),
    "copied entry of no anchor": _replica(
        "copy-unanchored",
        "published_entry",
        "anchor 9",
        "UPDATE published_entry SET sequence = 9 WHERE first = 0",
    ),
    "walked anchor deleted": _replica(
        "copies-missing", "published_anchor", "anchor 2", "DELETE FROM published_anchor WHERE sequence = 2"
    ),
    "anchor and entries deleted": _replica(
        "copies-missing",
        "published_anchor",
        "anchor 2",
        "DELETE FROM published_anchor WHERE sequence = 2",
        "DELETE FROM published_entry WHERE sequence = 2",
    ),
    "walked anchor of another time": _replica(
        "copy-altered",
        "published_anchor",
        "anchor 2",
        "UPDATE published_anchor SET anchored = 1 WHERE sequence = 2",
    ),
    "walked anchor of an impossible state": _replica(
        "value-impossible",
        "published_anchor",
        "sequence 2",
        "UPDATE published_anchor SET state = 'x' WHERE sequence = 2",
    ),
    "walked anchor said to be awaited": _replica(
        "copy-altered",
        "published_anchor",
        "anchor 2",
        "UPDATE published_anchor SET state = 'awaited' WHERE sequence = 2",
    ),
    "walked less far": _replica(
        "copy-altered", "published_anchor", "anchor 3", "UPDATE published_log SET walked = 1"
    ),
    "walked too far": _replica(
        "copy-altered", "published_log", "log tianmen", "UPDATE published_log SET walked = 99"
    ),
    "walked log deleted": _replica(
        "copies-missing", "published_log", "log tianmen", "DELETE FROM published_log"
    ),
    "walked log unknown": _replica(
        "copy-altered", "published_log", "log nowhere", "INSERT INTO published_log VALUES ('nowhere', 1)"
    ),
}
_SIGNED: Final = {
    "cosignature changed": _checkpoints(
        "checkpoint-forged", "cosignature", "event", _flip("cosignature", "signature", "1")
    ),
    "cosignature cut": _checkpoints(
        "checkpoint-forged", "cosignature", "event", "UPDATE cosignature SET signature = x'00'"
    ),
    "cosignature as text": _checkpoints(
        "value-impossible", "cosignature", "n", "UPDATE cosignature SET signature = 'x'"
    ),
    "cosignature of an unknown key": _checkpoints(
        "checkpoint-forged", "cosignature", "event", "UPDATE cosignature SET key = zeroblob(32) WHERE NOT own"
    ),
    "checkpoint unreadable": _checkpoints(
        "unreadable", "cosignature", "event", "UPDATE cosignature SET checkpoint = x'7b' WHERE NOT own"
    ),
    "checkpoint of another event": _checkpoints(
        "checkpoint-altered", "cosignature", "event 5", "UPDATE cosignature SET n = 5 WHERE NOT own"
    ),
    "fork unreadable": _checkpoints("unreadable", "fork", "fork 1", "INSERT INTO fork VALUES (x'7b')"),
    "fork as text": _checkpoints("value-impossible", "fork", "evidence", "INSERT INTO fork VALUES ('x')"),
}

DAMAGES: Final = {
    **{
        f"register: {name}": damage
        for part in (
            _LOG,
            _BATCH,
            _SUBMISSION,
            _RECEIPT,
            _RECORD,
            _LINEAGE,
            _CHANGE,
            _DISCLOSURE,
            _LINK,
            _MISSING,
            _TRANSACTION,
            _ACCESS,
        )
        for name, damage in part.items()
    },
    **{f"schema: {name}": damage for name, damage in _SCHEMA.items()},
    **{f"replica: {name}": damage for name, damage in _REPLICA.items()},
    **{f"copies: {name}": damage for name, damage in _COPIES.items()},
    **{f"checkpoints: {name}": damage for name, damage in _SIGNED.items()},
}

#: What nothing can show, and why; an audit of each says nothing.
UNSHOWN: Final = {
    "clock of the freeze": (
        REGISTER,
        "UPDATE batch SET frozen = frozen - 1",
        "the moment is this machine's own, and stands nowhere else",
    ),
    "disclosure deleted": (
        REGISTER,
        "DELETE FROM disclosure WHERE position = 3",
        "its deletion is erasure, which leaves no record yet",
    ),
    "newest look deleted": (
        REGISTER,
        "DELETE FROM look WHERE ordinal = 3",
        "looks are counted by what is there: a gap shows, an end does not",
    ),
    "token without looks renamed": (REGISTER, "UPDATE token SET label = 'x'", "a label stands nowhere else"),
    "lease held by another": (
        REGISTER,
        "UPDATE lease SET holder = 'x', epoch = epoch + 1",
        "whoever anchors takes it so",
    ),
    "state of a batch behind the chain": (
        REGISTER,
        "UPDATE batch SET state = 'mined' WHERE sequence = 3",
        "a node that was stopped has not noted it yet",
    ),
    "own checkpoints deleted": (
        CHECKPOINTS,
        "DELETE FROM cosignature WHERE own",
        "only others' copies of the signature show it",
    ),
    "source of a copy": (
        REPLICA,
        "UPDATE published_entry SET source = 'x'",
        "who gave it stands nowhere else",
    ),
}
