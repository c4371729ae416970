"""Damage of a register's lease, tokens and looks."""

from typing import Final

from tests.drill.damages.damage import Row, register
from tests.drill.stage import REGISTER

TOKEN = Row(REGISTER, "token", "id = (SELECT min(id) FROM token)", "token", "id")
TALLY = Row(REGISTER, "tally", "name = (SELECT min(id) FROM token)", "token", "name")
TOKEN_TALLY = Row(REGISTER, "tally", "name = ''", "tokens", "name")
UNSEEN = "DELETE FROM look WHERE token = (SELECT max(id) FROM token)"
LOOK = Row(REGISTER, "look", "ordinal = 1", "look 1", "ordinal 1")

ACCESS: Final = {
    "lease of another log": register("lease-altered", "lease", "wuhan", "UPDATE lease SET log = 'wuhan'"),
    "lease with text for an epoch": register(
        "value-impossible", "lease", "log tianmen", "UPDATE lease SET epoch = 'x'"
    ),
    "token deleted": register(
        "look-stray", "look", "token", "DELETE FROM token WHERE id = (SELECT min(id) FROM token)"
    ),
    "token deleted with its looks": register(
        "token-missing", "token", "token", UNSEEN, "DELETE FROM token WHERE id = (SELECT max(id) FROM token)"
    ),
    "token deleted with its looks and their tally": register(
        "token-missing",
        "token",
        "tokens",
        UNSEEN,
        "DELETE FROM tally WHERE name = (SELECT max(id) FROM token)",
        "DELETE FROM token WHERE id = (SELECT max(id) FROM token)",
    ),
    "token deleted with all that counts it": register(
        "tally-altered",
        "tally",
        "tokens",
        UNSEEN,
        "DELETE FROM tally WHERE name = (SELECT max(id) FROM token)",
        "DELETE FROM token WHERE id = (SELECT max(id) FROM token)",
        "UPDATE tally SET total = total - 1 WHERE name = ''",
    ),
    "token that no node made": register(
        "token-stray",
        "token",
        "tokens",
        "INSERT INTO token SELECT 'f', zeroblob(32), label, scopes, created, expires, revoked FROM token LIMIT 1",
        "INSERT INTO tally SELECT 'f', total, removed, key, signature FROM tally WHERE name != '' LIMIT 1",
    ),
    "oldest look deleted": register("look-missing", "look", "token", "DELETE FROM look WHERE ordinal = 1"),
    "newest look deleted": register("look-missing", "look", "token", "DELETE FROM look WHERE ordinal = 3"),
    "all looks of a token deleted": register("look-missing", "look", "token", UNSEEN),
    "newest look deleted and counted anew": register(
        "tally-altered",
        "tally",
        "token",
        "DELETE FROM look WHERE ordinal = 3",
        "UPDATE tally SET total = 2 WHERE name != ''",
    ),
    "oldest look said to be taken away": register(
        "tally-altered",
        "tally",
        "token",
        "DELETE FROM look WHERE ordinal = 1",
        "UPDATE tally SET removed = 1 WHERE name != ''",
    ),
    "look that was not counted": register(
        "look-stray",
        "look",
        "token",
        "INSERT INTO look SELECT token, 4, at, purpose, identifier, outcome, reason FROM look WHERE ordinal = 3",
    ),
    "tally of tokens deleted": TOKEN_TALLY.delete("tally-missing"),
    "tally of looks deleted": TALLY.delete("tally-missing"),
    "tally under another name": TALLY.set("tally-altered", "name = 'x'", "token x"),
    "tally's signature flipped": TALLY.flip("tally-altered", "signature"),
    "tally as text": TALLY.set_impossible("total = 'x'"),
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
        "INSERT INTO look SELECT 'nobody', ordinal, at, purpose, identifier, outcome, reason FROM look LIMIT 1",
    ),
    "look at no time": LOOK.set_impossible("at = 'noon'"),
}
