"""Damage of what was erased on order, or came without its claims: no deletion passes for it."""

from typing import Final

from tests.drill.damages.damage import Row, register, replace
from tests.drill.stage import REGISTER

ERASURE = Row(REGISTER, "erasure", "number = 1", "erasure 1", "leaf")
NOTE = Row(REGISTER, "undisclosed", "count = 1", "position", "first")
TALLY = Row(REGISTER, "tally", "name = 'erasures'", "erasures", "name")
FORGET = "DELETE FROM term WHERE position = 3"

ERASURES: Final = {
    "disclosure deleted with its terms": register(
        "disclosure-missing",
        "disclosure",
        "position 3",
        "DELETE FROM disclosure WHERE position = 3",
        FORGET,
    ),
    "deletion said to be an erasure": register(
        "erasure-altered",
        "erasure",
        "erasure 2",
        "DELETE FROM disclosure WHERE position = 3",
        FORGET,
        "INSERT INTO erasure SELECT record.leaf, 2, content FROM erasure, record WHERE record.position = 3",
        "UPDATE tally SET total = 2 WHERE name = 'erasures'",
    ),
    "deletion said to be an erasure of another": register(
        "disclosure-missing",
        "disclosure",
        "position",
        "UPDATE erasure SET leaf = (SELECT leaf FROM record WHERE position = 3)",
        "DELETE FROM disclosure WHERE position = 3",
        FORGET,
    ),
    "deletion said to have come so": register(
        "undisclosed-altered",
        "undisclosed",
        "position",
        "DELETE FROM disclosure WHERE position = 3",
        FORGET,
        "UPDATE undisclosed SET first = 0",
    ),
    "deletion beside what came so": register(
        "disclosure-missing",
        "disclosure",
        "position",
        "DELETE FROM term WHERE position >= 18",
        "DELETE FROM disclosure WHERE position >= 18",
    ),
    "erased content that is back": register(
        "erasure-undone",
        "disclosure",
        "position",
        "INSERT INTO disclosure SELECT record.position, x'7b7d' FROM record JOIN erasure USING (leaf)",
    ),
    "order of an erasure changed": register(
        "erasure-altered", "erasure", "erasure 1", replace("erasure", "content", "3", "4", "number = 1")
    ),
    "erasure unreadable": ERASURE.set("erasure-altered", "content = x'7b'"),
    "erasure's signature flipped": ERASURE.flip("erasure-altered", "content"),
    "erasure of another number": ERASURE.set("erasure-missing", "number = 2", "erasure 2"),
    "erasure deleted": register("disclosure-missing", "disclosure", "position", "DELETE FROM erasure"),
    "erasure deleted, which was counted": register(
        "erasure-missing", "erasure", "erasures", "DELETE FROM erasure"
    ),
    "count of erasures lowered": TALLY.set("tally-altered", "total = 0"),
    "count of erasures deleted": TALLY.delete("tally-missing"),
    "note of what came so deleted": register(
        "disclosure-missing", "disclosure", "position", "DELETE FROM undisclosed"
    ),
    "note of what came so raised": NOTE.set("undisclosed-altered", "count = 2"),
    "note of what came so about others": NOTE.set("undisclosed-altered", "root = zeroblob(32)"),
    "note's signature flipped": NOTE.flip("undisclosed-altered", "signature"),
    "note of a submission where all is here": register(
        "undisclosed-altered",
        "undisclosed",
        "position 0",
        "INSERT INTO undisclosed SELECT 0, count, root, key, signature FROM undisclosed",
    ),
}
