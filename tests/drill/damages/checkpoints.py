"""Damage of checkpoints, their cosignatures and forks."""

from typing import Final

from tests.drill.damages.damage import Row, checkpoints
from tests.drill.stage import CHECKPOINTS

COSIGNATURE = Row(CHECKPOINTS, "cosignature", "", "event", "n")
OTHERS_COSIGNATURE = Row(CHECKPOINTS, "cosignature", "NOT own", "event", "n")

SIGNED: Final = {
    "cosignature changed": COSIGNATURE.flip("checkpoint-forged", "signature"),
    "cosignature cut": COSIGNATURE.set("checkpoint-forged", "signature = x'00'"),
    "cosignature as text": COSIGNATURE.set_impossible("signature = 'x'"),
    "cosignature of an unknown key": OTHERS_COSIGNATURE.set("checkpoint-forged", "key = zeroblob(32)"),
    "checkpoint unreadable": OTHERS_COSIGNATURE.set("unreadable", "checkpoint = x'7b'"),
    "checkpoint of another event": OTHERS_COSIGNATURE.set("checkpoint-altered", "n = 5", place="event 5"),
    "fork unreadable": checkpoints("unreadable", "fork", "fork 1", "INSERT INTO fork VALUES (x'7b')"),
    "fork as text": checkpoints("value-impossible", "fork", "evidence", "INSERT INTO fork VALUES ('x')"),
}
