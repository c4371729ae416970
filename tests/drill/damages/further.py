"""Damage of further kinds: several columns or tables at once, values that look right."""

from typing import Final

from tests.drill.damages.damage import Damage, checkpoints, register, replica

MAX: Final = 2**63 - 1  # the largest number of a column

FURTHER: Final[dict[str, Damage]] = {
    # what a register says of itself
    "batch frozen after its anchor": register(
        "batch-altered", "batch", "batch 1", "UPDATE batch SET frozen = 4102444800 WHERE sequence = 1"
    ),
    "batches' payloads swapped": register(
        "batch-altered",
        "batch",
        "batch 1",
        "UPDATE batch SET payload = (SELECT payload FROM batch AS other WHERE other.sequence = 3 - batch.sequence) WHERE sequence IN (1, 2)",
    ),
    "newest batch deleted with its transactions": register(
        "batch-missing",
        "batch",
        "position 16",
        "DELETE FROM signed_transaction WHERE sequence = 4",
        "DELETE FROM batch WHERE sequence = 4",
    ),
    "final batch said to be frozen": register(
        "batch-altered", "batch", "batch 1", "UPDATE batch SET state = 'frozen' WHERE sequence = 1"
    ),
    "submission moved into another batch": register(
        "batch-size", "submission", "batch", "UPDATE submission SET batch = 3 WHERE first = 10"
    ),
    "anchored submission said to wait": register(
        "batch-size", "submission", "batch 2", "UPDATE submission SET batch = NULL WHERE first = 10"
    ),
    "waiting submission said to be anchored": register(
        "batch-size", "submission", "batch 3", "UPDATE submission SET batch = 3 WHERE first = 18"
    ),
    "issuers of row and lineage changed": register(
        "entry-altered",
        "submission",
        "position 0",
        "UPDATE submission SET issuer = 'x' WHERE first = 0",
        "UPDATE lineage SET issuer = 'x' WHERE first = 0",
    ),
    "accepted and deadline moved together": register(
        "receipt-altered",
        "submission",
        "position 0",
        "UPDATE submission SET accepted = accepted - 60, deadline = deadline - 60 WHERE first = 0",
    ),
    "deadline taken away": register(
        "receipt-altered", "submission", "position 0", "UPDATE submission SET deadline = NULL WHERE first = 0"
    ),
    "receipts of two submissions swapped": register(
        "receipt-altered",
        "submission",
        "position 0",
        "UPDATE submission SET receipt = (SELECT receipt FROM submission AS other WHERE other.first = 6) WHERE first = 0",
    ),
    "warnings that nobody gave": register(
        "entry-altered", "submission", "position 0", "UPDATE submission SET warnings = '{}' WHERE first = 0"
    ),
    "record and its row of disclosure moved": register(
        "record-missing",
        "record",
        "position 3",
        "UPDATE record SET position = 70 WHERE position = 3",
        "UPDATE disclosure SET position = 70 WHERE position = 3",
    ),
    "record in another lineage": register(
        "lineage-broken", "record", "lineage", "UPDATE record SET lineage = 1 WHERE position = 2"
    ),
    "record stands twice": register(
        "record-stray",
        "record",
        "position 60",
        "DROP INDEX IF EXISTS ix_record_lineage",
        "CREATE TABLE loose AS SELECT * FROM record",
        "DROP TABLE record",
        "ALTER TABLE loose RENAME TO record",
        "INSERT INTO record SELECT 60, leaf, lineage, body FROM record WHERE position = 3",
    ),
    "lineage and its records deleted": register(
        "record-missing",
        "record",
        "position 5",
        "DELETE FROM disclosure WHERE position = 5",
        "DELETE FROM lineage WHERE first = 5",
        "DELETE FROM record WHERE position = 5",
    ),
    "lineage points to an older record": register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET position = first WHERE position != first"
    ),
    "lineage's tip is its first record": register(
        "lineage-altered",
        "lineage",
        "lineage",
        "UPDATE lineage SET tip = (SELECT leaf FROM record WHERE record.position = lineage.first)",
    ),
    "lineage of a suspended one said to be valid, and its change": register(
        "change-altered",
        "status_change",
        "position",
        "UPDATE lineage SET status = 0 WHERE status != 0",
        "UPDATE status_change SET status = 0",
    ),
    "change moved to another record": register(
        "change-altered",
        "status_change",
        "position",
        "UPDATE status_change SET record = 0 WHERE record = (SELECT max(record) FROM status_change)",
    ),
    "changes and their count taken away": register(
        "change-altered",
        "status_change",
        "position",
        "DELETE FROM status_change",
        "UPDATE submission SET changes = 0",
    ),
    "disclosures of two records swapped": register(
        "disclosure-altered",
        "disclosure",
        "position 0",
        "UPDATE disclosure SET content = (SELECT content FROM disclosure AS other WHERE other.position = 1 - disclosure.position) WHERE position IN (0, 1)",
    ),
    "disclosure of a record without claims": register(
        "disclosure-altered",
        "disclosure",
        "position",
        "INSERT INTO disclosure SELECT record, x'7b7d' FROM status_change WHERE record NOT IN (SELECT position FROM disclosure) LIMIT 1",
    ),
    "link of another record": register("link-stray", "link", "position 2", "UPDATE link SET record = 2"),
    "missing invented where nothing is anchored": register(
        "missing-contradicted",
        "missing",
        "position",
        "INSERT INTO missing (first, count, batch) VALUES (900, 5, 1)",
    ),
    "transactions of two batches swapped": register(
        "transaction-altered",
        "signed_transaction",
        "batch",
        "UPDATE signed_transaction SET sequence = 3 - sequence WHERE sequence IN (1, 2)",
    ),
    "transaction under another hash": register(
        "transaction-altered",
        "signed_transaction",
        "batch 1",
        "UPDATE signed_transaction SET hash = zeroblob(32) WHERE sequence = 1",
    ),
    "two leases": register(
        "lease-altered", "lease", "log wuhan", "INSERT INTO lease VALUES ('wuhan', 'x', 1, 1)"
    ),
    "token that ends before it began": register(
        "token-altered", "token", "token", "UPDATE token SET expires = created"
    ),
    "looks of two tokens exchanged": register(
        "look-missing",
        "look",
        "token",
        "UPDATE look SET token = (SELECT max(id) FROM token), ordinal = ordinal + 3 WHERE token = (SELECT min(id) FROM token)",
    ),
    "disclosure deleted, by which it is found": register(
        "term-stray", "term", "position 3", "DELETE FROM disclosure WHERE position = 3"
    ),
    # replica, copies and checkpoints
    "governance and keys taken away": replica(
        "fact-missing", "registered_key", "id", "DELETE FROM registered_key", "DELETE FROM key_grant"
    ),
    "a key given to another log": replica(
        "fact-altered", "registered_key", "id", "UPDATE registered_key SET log = 'wuhan' WHERE n = 5"
    ),
    "anchor of another log": replica(
        "fact-missing", "anchor", "sequence 1", "UPDATE anchor SET log = 'wuhan' WHERE sequence = 1"
    ),
    "grant that lasts longer": replica(
        "fact-altered", "key_grant", "n 6", "UPDATE key_grant SET not_after = not_after + 1"
    ),
    "status that came earlier": replica(
        "fact-altered",
        "position_status",
        "position 9",
        "UPDATE position_status SET since = since - 60 WHERE position = 9",
    ),
    "status of another position": replica(
        "fact-altered",
        "position_status",
        "position 1",
        "UPDATE position_status SET position = 1 WHERE position = 9",
    ),
    "all of a log's facts taken away": replica(
        "fact-missing",
        "log",
        "tianmen",
        "DELETE FROM log WHERE name = 'tianmen'",
        "DELETE FROM anchor",
        "DELETE FROM position_status",
        "DELETE FROM status_block",
    ),
    "copied entries of two anchors exchanged": replica(
        "copy-altered",
        "published_entry",
        "first",
        "UPDATE published_entry SET entry = (SELECT entry FROM published_entry AS other WHERE other.first != published_entry.first ORDER BY other.first LIMIT 1)",
    ),
    "cosignatures of two keys exchanged": checkpoints(
        "checkpoint-forged",
        "cosignature",
        "event",
        "UPDATE cosignature SET signature = (SELECT signature FROM cosignature AS other WHERE other.signature != cosignature.signature LIMIT 1)",
    ),
    "cosignature said to be of another's key": checkpoints(
        "checkpoint-forged",
        "cosignature",
        "event",
        "UPDATE cosignature SET key = (SELECT key FROM cosignature WHERE NOT own LIMIT 1) WHERE own AND n = (SELECT min(n) FROM cosignature)",
    ),
    # clocks and counters
    "batch frozen before its submissions came": register(
        "batch-altered", "batch", "batch 2", "UPDATE batch SET frozen = 0 WHERE sequence = 2"
    ),
    "transaction signed before its batch was frozen": register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        "UPDATE signed_transaction SET signed = 0 WHERE sequence = 2",
    ),
    "transaction sent in no year": register(
        "value-impossible",
        "signed_transaction",
        "hash",
        f"UPDATE signed_transaction SET sent = {MAX} WHERE sequence = 2",
    ),
    "log opened in no year": register(
        "value-impossible", "log", "name tianmen", f"UPDATE log SET opened = {MAX}"
    ),
    "lease of no epoch that is reached": register(
        "value-impossible", "lease", "log tianmen", f"UPDATE lease SET epoch = {MAX}"
    ),
    "lease renewed more often than can be": register(
        "value-impossible", "lease", "log tianmen", f"UPDATE lease SET renewals = {MAX}"
    ),
    "token that never ends": register("value-impossible", "token", "id", f"UPDATE token SET expires = {MAX}"),
    "token from a time to come": register(
        "token-altered", "token", "token", "UPDATE token SET created = 4102444800"
    ),
    "look from before its token": register(
        "look-stray", "look", "look 2", "UPDATE look SET at = 0 WHERE ordinal = 2"
    ),
    "look from a time to come": register(
        "look-stray", "look", "look 3", "UPDATE look SET at = 4102444800 WHERE ordinal = 3"
    ),
    "look in no year": register(
        "value-impossible", "look", "ordinal 3", f"UPDATE look SET at = {MAX} WHERE ordinal = 3"
    ),
    "log of more anchors than there can be": replica(
        "fact-altered", "log", "tianmen", f"UPDATE log SET sequence = {MAX}"
    ),
    "log of more anchors, and walked so far": replica(
        "copy-altered",
        "published_log",
        "log tianmen",
        f"UPDATE log SET sequence = {MAX} WHERE name = 'tianmen'",
        f"UPDATE published_log SET walked = {MAX} WHERE name = 'tianmen'",
        "UPDATE log SET sequence = 3 WHERE name = 'tianmen'",
    ),
    "copies to be fetched in no year": replica(
        "value-impossible", "published_anchor", "sequence 1", f"UPDATE published_anchor SET due = {MAX}"
    ),
    "copies at fault, without a fault": replica(
        "copy-altered",
        "published_anchor",
        "anchor 2",
        "UPDATE published_anchor SET state = 'faulty' WHERE sequence = 2",
    ),
    "faults of copies that are no JSON": replica(
        "copy-altered",
        "published_anchor",
        "anchor 2",
        "UPDATE published_anchor SET findings = '[' WHERE sequence = 2",
    ),
    "another city's checkpoint said to be this node's": checkpoints(
        "checkpoint-altered", "cosignature", "event", "UPDATE cosignature SET own = 1 WHERE NOT own"
    ),
    "events behind the newest": replica(
        "event-altered",
        "event",
        "event 105",
        "INSERT INTO event SELECT n + 100, kind, previous_block, time, payload, block, block_hash, transaction_hash, head FROM event WHERE n = 5",
    ),
    "event before the first": replica(
        "event-altered",
        "event",
        "event 0",
        "INSERT INTO event SELECT 0, kind, previous_block, time, payload, block, block_hash, transaction_hash, head FROM event WHERE n = 1",
    ),
    "final event said to be pending": replica(
        "state-altered",
        "state",
        "cursor",
        "INSERT OR REPLACE INTO pending_event SELECT * FROM event WHERE n = (SELECT max(n) FROM event)",
        "DELETE FROM event WHERE n = (SELECT max(n) FROM event)",
    ),
    "pending event said to be final": replica(
        "state-altered",
        "state",
        "cursor",
        "INSERT INTO event SELECT * FROM pending_event",
        "DELETE FROM pending_event",
    ),
    "name of a lineage with a null in it": register(
        "lineage-altered",
        "lineage",
        "lineage",
        "UPDATE lineage SET name = name || char(0) || 'x' WHERE first = 3",
    ),
    "name of a log with a null in it": register(
        "other-log", "", "node.toml", "UPDATE log SET name = name || char(0)"
    ),
    "tallies of two tokens exchanged": register(
        "tally-altered",
        "tally",
        "token",
        "UPDATE tally SET name = 'x' WHERE name = (SELECT min(id) FROM token)",
        "UPDATE tally SET name = (SELECT min(id) FROM token) WHERE name = (SELECT max(id) FROM token)",
        "UPDATE tally SET name = (SELECT max(id) FROM token) WHERE name = 'x'",
    ),
}
