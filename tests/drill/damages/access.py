"""Damage of a register's lease, tokens and looks."""

from typing import Final

from tests.drill.damages.damage import Row, register
from tests.drill.stage import REGISTER

TOKEN = Row(REGISTER, "token", "id = (SELECT min(id) FROM token)", "token", "id")
LOOK = Row(REGISTER, "look", "ordinal = 1", "look 1", "ordinal 1")

ACCESS: Final = {
    "lease of another log": register("lease-altered", "lease", "wuhan", "UPDATE lease SET log = 'wuhan'"),
    "lease with text for an epoch": register(
        "value-impossible", "lease", "log tianmen", "UPDATE lease SET epoch = 'x'"
    ),
    "token deleted": register(
        "look-stray", "look", "token", "DELETE FROM token WHERE id = (SELECT min(id) FROM token)"
    ),
    "token of unknown scopes": TOKEN.set("token-altered", "scopes = 'everything'"),
    "token of no scopes": TOKEN.set("token-altered", "scopes = ''"),
    "token's digest cut": TOKEN.set("token-altered", "digest = x'00'"),
    "token's digest as text": TOKEN.set_impossible("digest = 'x'"),
    "token revoked before it was made": TOKEN.set("token-altered", "revoked = 1"),
    "look deleted in the middle": register(
        "look-missing", "look", "look 3", "DELETE FROM look WHERE ordinal = 2"
    ),
    "look of an impossible purpose": LOOK.set("look-stray", "purpose = 'fun'"),
    "look of no token": register(
        "look-stray",
        "look",
        "token nobody",
        "INSERT INTO look SELECT 'nobody', ordinal, at, purpose, identifier, outcome FROM look LIMIT 1",
    ),
    "look at no time": LOOK.set_impossible("at = 'noon'"),
}
