"""Damage of the copies of entries that a replica keeps."""

from typing import Final

from tests.drill.damages.damage import Row, replica
from tests.drill.stage import REPLICA

COPIED = Row(REPLICA, "published_entry", "first = 0", "first 0", "first 0")
WALKED = Row(REPLICA, "published_anchor", "sequence = 2", "anchor 2", "sequence 2")

COPIES: Final = {
    "copied entry deleted": replica(
        "count-mismatch", "published_entry", "anchor 2", "DELETE FROM published_entry WHERE first = 10"
    ),
    "copied entries of an anchor deleted": COPIED.delete("copies-missing", place="anchor 1"),
    "all copied entries deleted": replica(
        "copies-missing", "published_entry", "anchor 3", "DELETE FROM published_entry"
    ),
    "copied entry of another": COPIED.set(
        "copy-altered", "entry = (SELECT entry FROM published_entry WHERE first = 10)"
    ),
    "copied entry unreadable": COPIED.set("unreadable", "entry = x'7b'", place="anchor 1"),
    "copied entry as text": COPIED.set_impossible("entry = 'x'"),
    "copied entry of another root": COPIED.set("copy-altered", "root = zeroblob(32)"),
    "copied entry at another position": COPIED.set("copy-altered", "first = 1", place="first 1"),
    "copied entry of no anchor": COPIED.set("copy-unanchored", "sequence = 9", place="anchor 9"),
    "walked anchor deleted": WALKED.delete("copies-missing"),
    "anchor and entries deleted": replica(
        "copies-missing",
        "published_anchor",
        "anchor 2",
        "DELETE FROM published_anchor WHERE sequence = 2",
        "DELETE FROM published_entry WHERE sequence = 2",
    ),
    "walked anchor of another time": WALKED.set("copy-altered", "anchored = 1"),
    "walked anchor of an impossible state": WALKED.set_impossible("state = 'x'"),
    "walked anchor said to be awaited": WALKED.set("copy-altered", "state = 'awaited'"),
    "walked less far": replica(
        "copy-altered", "published_anchor", "anchor 3", "UPDATE published_log SET walked = 1"
    ),
    "walked too far": replica(
        "copy-altered", "published_log", "log tianmen", "UPDATE published_log SET walked = 99"
    ),
    "walked log deleted": replica(
        "copies-missing", "published_log", "log tianmen", "DELETE FROM published_log"
    ),
    "walked log unknown": replica(
        "copy-altered", "published_log", "log nowhere", "INSERT INTO published_log VALUES ('nowhere', 1)"
    ),
}
