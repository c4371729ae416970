"""Damage of a replica's events and of what was derived from them."""

from typing import Final

from tests.drill.damages.damage import Row, double, flip, replica, swap
from tests.drill.stage import REPLICA

EVENT = Row(REPLICA, "event", "n = 11", "event 11", "n 11")
ANCHOR = Row(REPLICA, "anchor", "sequence = 1", "sequence 1", "sequence 1")
LOG_FACT = Row(REPLICA, "log", "name = 'tianmen'", "tianmen", "name tianmen")
KEY = Row(REPLICA, "registered_key", "n = 5", "id", "id")
GRANT = Row(REPLICA, "key_grant", "", "n 6", "n 6")
STATUS = Row(REPLICA, "position_status", "position = 9", "position 9", "position 9")
STATE = Row(REPLICA, "state", "", "cursor", "id 1")
PENDING = Row(REPLICA, "pending_event", "", "event", "n")

REPLICAS: Final = {
    "event deleted": replica("event-altered", "event", "event 8", "DELETE FROM event WHERE n = 7"),
    "newest event deleted": replica(
        "state-altered", "state", "cursor", "DELETE FROM event WHERE n = (SELECT max(n) FROM event)"
    ),
    "all events deleted": replica("state-altered", "state", "cursor", "DELETE FROM event"),
    "event's payload flipped": EVENT.flip("event-altered", "payload"),
    "event's payload as text": EVENT.set_impossible("payload = 'x'"),
    "event's time changed": EVENT.set("event-altered", "time = time + 1"),
    "event's kind changed": EVENT.set("event-altered", "kind = 10"),
    "event's head changed": EVENT.set("event-altered", "head = zeroblob(32)"),
    "event's block changed": EVENT.set("event-altered", "block = block + 1", place="event 12"),
    "event's block hash changed": EVENT.set("chain-differs", "block_hash = zeroblob(32)"),
    "event's transaction changed": EVENT.set("chain-differs", "transaction_hash = zeroblob(32)"),
    "events swapped": replica("event-altered", "event", "event 3", *swap("event", "n", 3, 4)),
    "anchor deleted": replica(
        "fact-missing", "anchor", "sequence 2", "DELETE FROM anchor WHERE sequence = 2"
    ),
    "anchor invented": replica(
        "fact-altered",
        "anchor",
        "sequence 9",
        "INSERT INTO anchor SELECT log, 9, n, block, time, size_before, size, root, status_root, void FROM anchor LIMIT 1",
    ),
    "anchor's size changed": ANCHOR.set("fact-altered", "size = size + 1"),
    "anchor's root changed": ANCHOR.set("fact-altered", "root = zeroblob(32)"),
    "anchor said to be void": ANCHOR.set("fact-altered", "void = 'x'"),
    "log's size changed": LOG_FACT.set("fact-altered", "size = size + 1"),
    "log's operator changed": LOG_FACT.set("fact-altered", "operator = '0x00'"),
    "log deleted": LOG_FACT.delete("fact-missing"),
    "governance changed": replica(
        "fact-altered", "governance", "id 1", "UPDATE governance SET province = '0x00'"
    ),
    "division changed": replica(
        "fact-altered", "division", "429006", "UPDATE division SET log = 'wuhan' WHERE division = '429006'"
    ),
    "issuer changed": replica(
        "fact-altered", "issuer_assignment", "n 4", "UPDATE issuer_assignment SET log = 'wuhan'"
    ),
    "key changed": KEY.set("fact-altered", "purpose = 2"),
    "key said to be retired": KEY.set("fact-altered", "retired_at = 5"),
    "key deleted": KEY.delete("fact-missing"),
    "grant changed": GRANT.set("fact-altered", "kinds = 1"),
    "grant of no JSON": GRANT.set("fact-altered", "types = '['"),
    "grant deleted": GRANT.delete("fact-missing"),
    "status deleted": STATUS.delete("fact-missing"),
    "suspension and its end deleted": replica(
        "fact-missing", "position_status", "position 4", "DELETE FROM position_status WHERE position = 4"
    ),
    "status changed": STATUS.set("fact-altered", "status = 1"),
    "status impossible": STATUS.set_impossible("status = 77"),
    "status block changed": replica(
        "fact-altered", "status_block", "number 0", flip("status_block", "content", "number = 0")
    ),
    "status blocks deleted": replica("fact-missing", "status_block", "number 0", "DELETE FROM status_block"),
    "tree node changed": replica("fact-altered", "event_node", "n 8", flip("event_node", "sm3", "n = 8")),
    "tree node cut off": replica(
        "fact-altered", "event_node", "n 8", "UPDATE event_node SET sha256 = x'00' WHERE n = 8"
    ),
    "tree that forgets": replica("fact-missing", "event_node", "n 7", "DELETE FROM event_node WHERE n = 7"),
    "tree that forgets the newest": replica(
        "fact-missing", "event_node", "n", "DELETE FROM event_node WHERE n = (SELECT max(n) FROM event_node)"
    ),
    "tree that invents": replica(
        "fact-altered",
        "event_node",
        "n 9999",
        "INSERT INTO event_node SELECT 9999, sm3, sha256 FROM event_node LIMIT 1",
    ),
    "fact changed": replica(
        "fact-altered",
        "fact_leaf",
        "key",
        "UPDATE fact_leaf SET data = x'7b7d' WHERE key = (SELECT min(key) FROM fact_leaf)",
    ),
    "fact deleted": replica(
        "fact-altered",
        "fact_leaf",
        "key",
        "DELETE FROM fact_leaf WHERE key = (SELECT min(key) FROM fact_leaf)",
    ),
    "page of facts changed": replica(
        "fact-altered", "fact_page", "pages", flip("fact_page", "content", "prefix = ''")
    ),
    "page of facts deleted": replica(
        "fact-altered", "fact_page", "pages", "DELETE FROM fact_page WHERE prefix = ''"
    ),
    "root of the facts changed": replica(
        "fact-altered",
        "fact_root",
        "n",
        "UPDATE fact_root SET root = zeroblob(32) WHERE n = (SELECT max(n) FROM fact_root)",
    ),
    "state of a later event": STATE.set("state-altered", "n = n + 1"),
    "state of another head": STATE.set("state-altered", "head = zeroblob(32)"),
    "state of an earlier final block": STATE.set("state-altered", "final_block = 1", place="final block"),
    "state of another final block": STATE.set(
        "chain-differs", "final_hash = zeroblob(32)", place="final block"
    ),
    "state of another registry": replica(
        "other-registry",
        "",
        "node.toml",
        "UPDATE state SET registry_name = 'eip155:1:0x0000000000000000000000000000000000000000:0000000000000000'",
    ),
    "state of another head 0": STATE.set("state-altered", "head_zero = zeroblob(32)", place="head_zero"),
    "state deleted": STATE.delete("unreadable", place="state"),
    "state doubled": replica("state-twice", "state", "table state", *double("state", "*")),
    "state quarantined": STATE.set("quarantined", "quarantine = 'a reason'", place=""),
    "state with text for a head": STATE.set_impossible("head = 'x'"),
    "pending event changed": PENDING.flip("pending-altered", "payload"),
    "pending event of another head": PENDING.set("pending-altered", "head = zeroblob(32)"),
    "pending event of another number": PENDING.set("pending-altered", "n = 99", place="event 99"),
    "pending event of another transaction": PENDING.set("chain-differs", "transaction_hash = zeroblob(32)"),
    "pending event as text": PENDING.set_impossible("payload = 'x'"),
}
