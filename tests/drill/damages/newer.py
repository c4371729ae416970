"""Damage of tables that came later, and of several things that agree with one another."""

from typing import Final

from tests.drill.damages.damage import Damage, checkpoints, register, replica

FUTURE: Final = 4_102_444_800  # 2100-01-01
MAX: Final = 2**63 - 1  # the largest number of a column
DAY: Final = 86_400  # seconds
#: The table in which processes say how they are, as a node makes it.
PROCESS: Final = (
    "CREATE TABLE process (name VARCHAR NOT NULL, seen INTEGER NOT NULL, kind VARCHAR NOT NULL, error VARCHAR NOT NULL, "
    "since INTEGER, doing VARCHAR NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL, PRIMARY KEY (name))"
)

TREES: Final[dict[str, Damage]] = {
    "nodes of the two trees exchanged": replica(
        "fact-altered", "event_node", "n 4", "UPDATE event_node SET sm3 = sha256, sha256 = sm3 WHERE n = 4"
    ),
    "nodes of two events exchanged": replica(
        "fact-altered",
        "event_node",
        "n 3",
        "UPDATE event_node SET n = 99 WHERE n = 3",
        "UPDATE event_node SET n = 3 WHERE n = 5",
        "UPDATE event_node SET n = 5 WHERE n = 99",
    ),
    "nodes of no event": replica(
        "fact-altered",
        "event_node",
        "n 104",
        "INSERT INTO event_node SELECT n + 100, sm3, sha256 FROM event_node WHERE n = 4",
    ),
    "nodes before the first event": replica(
        "fact-altered",
        "event_node",
        "n 0",
        "INSERT INTO event_node SELECT 0, sm3, sha256 FROM event_node WHERE n = 4",
    ),
    "nodes emptied": replica(
        "fact-altered", "event_node", "n 3", "UPDATE event_node SET sm3 = x'' WHERE n = 3"
    ),
    "all nodes deleted": replica("fact-missing", "event_node", "n 1", "DELETE FROM event_node"),
}

BOOKS: Final[dict[str, Damage]] = {
    "log opened in the future": register(
        "log-altered", "log", "log tianmen", f"UPDATE log SET opened = {FUTURE}"
    ),
    "batch frozen before the one before": register(
        "batch-altered",
        "batch",
        "batch 3",
        f"UPDATE batch SET frozen = frozen + {DAY} WHERE sequence = 2",
    ),
    "batch frozen after its anchor, that does not wait": register(
        "batch-altered", "batch", "batch 3", "UPDATE batch SET frozen = frozen + 3600 WHERE sequence = 3"
    ),
    "transaction signed after it was executed": register(
        "transaction-altered",
        "signed_transaction",
        "batch 1",
        f"UPDATE signed_transaction SET signed = signed + {DAY}, sent = sent + {DAY} WHERE sequence = 1",
    ),
    "transaction of a batch that is not final deleted": register(
        "transaction-missing",
        "signed_transaction",
        "batch 4",
        "DELETE FROM signed_transaction WHERE sequence = 4",
    ),
    "batch said to be sent, its transactions deleted": register(
        "transaction-missing",
        "signed_transaction",
        "batch 4",
        "DELETE FROM signed_transaction WHERE sequence = 4",
        "UPDATE batch SET state = 'submitted' WHERE sequence = 4",
    ),
    "transaction once more, of another batch": register(
        "transaction-altered",
        "signed_transaction",
        "batch 2",
        "INSERT INTO signed_transaction SELECT randomblob(32), 2, nonce, gas_price, raw, signed, sent FROM signed_transaction "
        "WHERE sequence = 1",
    ),
    "suite of the log exchanged": register(
        "log-altered", "log", "log tianmen", "UPDATE log SET suite = 3 - suite"
    ),
    "receipt spelt otherwise": register(
        "receipt-altered",
        "submission",
        "position 0",
        "UPDATE submission SET receipt = CAST(' ' || CAST(receipt AS TEXT) AS BLOB) WHERE first = 0",
    ),
    "receipt deleted, deadline before acceptance": register(
        "receipt-altered",
        "submission",
        "position 6",
        "UPDATE submission SET receipt = NULL, deadline = accepted - 1 WHERE first = 6",
    ),
    "warning of a row that there is not": register(
        "entry-altered",
        "submission",
        "position 6",
        "UPDATE submission SET warnings = '[[99,\"x\"]]' WHERE first = 6",
    ),
    "warning of no row": register(
        "entry-altered",
        "submission",
        "position 6",
        "UPDATE submission SET warnings = '[[0,\"x\"]]' WHERE first = 6",
    ),
    "warning without words": register(
        "entry-altered",
        "submission",
        "position 6",
        "UPDATE submission SET warnings = '[[2,null]]' WHERE first = 6",
    ),
    "waiting submission accepted earlier": register(
        "entry-altered",
        "submission",
        "position 18",
        "UPDATE submission SET accepted = accepted - 3 WHERE first = 18",
    ),
    "waiting submission deleted, but what it is found by": register(
        "facet-stray",
        "facet",
        "position 18",
        "DELETE FROM submission WHERE first = 18",
        "DELETE FROM record WHERE position >= 18",
        "DELETE FROM disclosure WHERE position >= 18",
        "DELETE FROM lineage WHERE first >= 18",
        "UPDATE log SET size = 18",
    ),
    "all of a batch said to be missing": register(
        "missing-contradicted",
        "missing",
        "position 0",
        "INSERT INTO missing (first, count, batch) VALUES (0, 6, 1)",
    ),
    "what waits said to be missing": register(
        "missing-contradicted",
        "missing",
        "position 16",
        "INSERT INTO missing (first, count, batch, root, issuer) SELECT first, count, batch, root, issuer FROM submission "
        "WHERE first = 16",
    ),
}

CERTIFICATES: Final[dict[str, Damage]] = {
    "facets and terms of a record deleted": register(
        "facet-missing",
        "facet",
        "position 3",
        "DELETE FROM term WHERE position = 3",
        "DELETE FROM facet WHERE position = 3",
    ),
    "basis taken away": register(
        "facet-altered", "facet", "position", "UPDATE facet SET basis = NULL WHERE basis IS NOT NULL"
    ),
    "type and action exchanged": register(
        "facet-altered",
        "facet",
        "position 2",
        "UPDATE facet SET type = action, action = type WHERE position = 2",
    ),
    "facets in another lineage of another submission": register(
        "facet-altered",
        "facet",
        "position 16",
        "UPDATE facet SET lineage = 0, submission = 0 WHERE position = 16",
    ),
    "term below zero": register(
        "value-impossible", "term", "position 2", "UPDATE term SET term = -5 WHERE position = 2"
    ),
    "relations of links exchanged": register(
        "link-altered",
        "link",
        "position",
        "UPDATE link SET rel = CASE rel WHEN 'made-with' THEN 'sealed-by' ELSE 'made-with' END",
    ),
    "link of two relations": register(
        "link-stray",
        "link",
        "position",
        "INSERT INTO link SELECT target, record, 'based-on' FROM link LIMIT 1",
    ),
    "lineage of what waits deleted": register(
        "lineage-altered", "lineage", "lineage", "DELETE FROM lineage WHERE first = 18"
    ),
    "lineage of a seal said to be cancelled": register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET status = 3 WHERE kind = 'seal'"
    ),
    "name of a lineage in other letters": register(
        "lineage-altered", "lineage", "lineage", "UPDATE lineage SET name = lower(name) WHERE first = 2"
    ),
    "disclosure of all claims withheld": register(
        "disclosure-altered",
        "disclosure",
        "position 3",
        'UPDATE disclosure SET content = CAST(\'{"shown":[],"withheld":[]}\' AS BLOB) WHERE position = 3',
    ),
    "record spelt otherwise": register(
        "record-altered",
        "record",
        "position 3",
        "UPDATE record SET body = CAST(' ' || CAST(body AS TEXT) AS BLOB) WHERE position = 3",
    ),
}

TOKENS_AND_LOOKS: Final[dict[str, Damage]] = {
    "look after its token was revoked": register(
        "look-stray",
        "look",
        "look 3",
        "UPDATE token SET revoked = created + 1",
        "UPDATE look SET at = at + 3600 WHERE ordinal = 3",
    ),
    "look after its token had ended": register(
        "look-stray",
        "look",
        "look 2",
        "UPDATE token SET expires = created + 60",
        "UPDATE look SET at = at + 3600 WHERE ordinal = 2",
    ),
    "scopes said twice": register(
        "token-altered", "token", "token", "UPDATE token SET scopes = 'history history'"
    ),
    "scopes in another order": register(
        "token-altered", "token", "token", "UPDATE token SET scopes = 'proofs history'"
    ),
    "token under another name, with its looks and their tally": register(
        "tally-altered",
        "tally",
        "token zz",
        "PRAGMA defer_foreign_keys = 1",
        "UPDATE tally SET name = 'zz' WHERE name = (SELECT min(id) FROM token)",
        "UPDATE look SET token = 'zz' WHERE token = (SELECT min(id) FROM token)",
        "UPDATE token SET id = 'zz' WHERE id = (SELECT min(id) FROM token)",
    ),
    "more looks taken away than there were": register(
        "tally-altered", "tally", "token", "UPDATE tally SET removed = total + 1 WHERE name != ''"
    ),
    "tally of a token that there is not": register(
        "token-missing",
        "token",
        "token ghost",
        "INSERT INTO tally SELECT 'ghost', 0, 0, key, signature FROM tally WHERE name = ''",
    ),
    "tally without end": register(
        "value-impossible", "tally", "name", f"UPDATE tally SET total = {MAX} WHERE name = ''"
    ),
}

REPLICAS_AND_COPIES: Final[dict[str, Damage]] = {
    "second governance": replica(
        "state-twice",
        "governance",
        "table governance",
        "INSERT INTO governance SELECT 2, province, pending_province, successor FROM governance",
    ),
    "final block at another time": replica(
        "chain-differs", "state", "final block", "UPDATE state SET final_time = final_time + 1"
    ),
    "types of a grant spelt otherwise": replica(
        "fact-altered", "key_grant", "n 6", "UPDATE key_grant SET types = types || ' '"
    ),
    "key of another purpose": replica(
        "fact-altered", "registered_key", "id", "UPDATE registered_key SET purpose = 2 WHERE n = 5"
    ),
    "status said to be contradictory": replica(
        "fact-altered",
        "position_status",
        "position 9",
        "UPDATE position_status SET contradictory = 1 WHERE position = 9",
    ),
    "transactions of all events changed": replica(
        "chain-differs", "event", "event 1", "UPDATE event SET transaction_hash = zeroblob(32)"
    ),
    "pending event once more": replica(
        "pending-altered",
        "pending_event",
        "event",
        "INSERT INTO pending_event SELECT n + 1, kind, previous_block, time, payload, block, block_hash, transaction_hash, head "
        "FROM pending_event",
    ),
    "copies that are here, and asked for again": replica(
        "copy-altered",
        "published_anchor",
        "anchor 2",
        "UPDATE published_anchor SET due = 5 WHERE sequence = 2",
    ),
    "copies that are sound, with a fault": replica(
        "copy-altered",
        "published_anchor",
        "anchor 2",
        "UPDATE published_anchor SET findings = '[\"all is well\"]' WHERE sequence = 2",
    ),
    "copies asked for without end": replica(
        "value-impossible",
        "published_anchor",
        "sequence 2",
        f"UPDATE published_anchor SET attempts = {MAX} WHERE sequence = 2",
    ),
    "copies late by ages": replica(
        "value-impossible",
        "published_anchor",
        "sequence 2",
        f"UPDATE published_anchor SET late = {MAX} WHERE sequence = 2",
    ),
    "log walked up to no anchor": replica(
        "copy-altered", "published_log", "log wuhan", "INSERT INTO published_log VALUES ('wuhan', 0)"
    ),
    "copied entry under another anchor": replica(
        "count-mismatch",
        "published_entry",
        "anchor 1",
        "UPDATE published_entry SET sequence = 1 WHERE first = 10",
    ),
    "process of no time": replica(
        "value-impossible",
        "process",
        "name follower",
        PROCESS,
        "INSERT INTO process VALUES ('follower', 'never', '', '', NULL, '', 0, 0)",
    ),
    "table of processes of another shape": replica(
        "schema-altered",
        "process",
        "table process",
        "CREATE TABLE process (name VARCHAR PRIMARY KEY, seen TEXT)",
    ),
}

SIGNED: Final[dict[str, Damage]] = {
    "checkpoint spelt otherwise": checkpoints(
        "checkpoint-altered",
        "cosignature",
        "event",
        "UPDATE cosignature SET checkpoint = CAST(' ' || CAST(checkpoint AS TEXT) AS BLOB) WHERE NOT own",
    ),
    "checkpoint of another registry": checkpoints(
        "checkpoint-forged",
        "cosignature",
        "event",
        "UPDATE cosignature SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT), 'eip155:', 'eip156:') AS BLOB)",
    ),
    "own checkpoint under another event": checkpoints(
        "checkpoint-altered", "cosignature", "event", "UPDATE cosignature SET n = n + 1 WHERE own"
    ),
}
