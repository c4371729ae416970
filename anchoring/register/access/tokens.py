"""Bearer tokens: what may be asked beyond open verification.

Only hashes are stored. Without a token, or beyond its scopes, everything is denied.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from anchoring.errors import AnchoringError, NotFound
from anchoring.register.access.tallies import TOKENS, hold_tally, move_tally, open_tally
from anchoring.register.tables import TOKEN, Row
from ledger.crypto.keys import PrivateKey

PREFIX: Final = "sz_"  # lets people, and scanners of leaked secrets, recognise a token
_SECRET_BYTES: Final = 32
_ID_BYTES: Final = 8

# A token that says nothing else ends after this long: a quarter, in which people change places.
TOKEN_DAYS: Final = 90
# Before a token ends, its node says so: a week to make and bring the next.
_WARNING_DAYS: Final = 7

#: What a token may allow: histories, disclosed claims, proofs by identifier, searches as an auditor makes them, and the
#: erasure of disclosures.
SCOPES: Final = frozenset({"history", "claims", "proofs", "search", "erase"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret; times in seconds since 1970."""

    id: str
    label: str
    scopes: frozenset[str]
    created_at: int
    ends_at: int | None
    revoked_at: int | None


def create_token(
    connection: Connection,
    random: Callable[[int], bytes],
    *,
    label: str,
    scopes: Iterable[str],
    now: int,
    ends_at: int | None,
    key: PrivateKey | None = None,
) -> tuple[Token, str]:
    """Make a token and return it with its text, which cannot be shown again. Without `ends_at` it has no end.

    `key` signs how many tokens there are. Raises: AnchoringError for unknown scopes.
    """
    scope_set = frozenset(scopes)
    if not scope_set or not scope_set <= SCOPES:
        raise AnchoringError(f"the scopes of a token are some of {', '.join(sorted(SCOPES))}")
    text = PREFIX + random(_SECRET_BYTES).hex()
    token = Token(random(_ID_BYTES).hex(), label, scope_set, now, ends_at, None)
    _count_token(connection, key)
    connection.execute(insert(TOKEN), [make_token_row(token, _digest_text(text))])
    open_tally(connection, token.id, key)
    return token, text


def _count_token(connection: Connection, key: PrivateKey | None) -> None:
    """Count a token that is about to be made; a tally that was deleted stays so, for an audit to find."""
    if connection.execute(select(TOKEN.c.id).limit(1)).first() is None:
        open_tally(connection, TOKENS, key)
    if tally := hold_tally(connection, TOKENS):
        move_tally(connection, tally, key, total=tally.total + 1)


def check_token(connection: Connection, text: str, now: int) -> Token | None:
    """Return the token of a text; None where it is unknown, revoked or expired."""
    row = connection.execute(select(TOKEN).where(TOKEN.c.digest == _digest_text(text))).mappings().first()
    token = read_token(row) if row else None
    return token if token and is_in_force(token, now) else None


def is_in_force(token: Token, now: int) -> bool:
    """Tell whether a token opens anything at a moment."""
    return token.revoked_at is None and (token.ends_at is None or now < token.ends_at)


def is_ending(token: Token, now: int) -> bool:
    """Tell whether a token is in force and ends so soon that another one should be made."""
    warning_end = now + _WARNING_DAYS * 86_400
    return is_in_force(token, now) and token.ends_at is not None and token.ends_at <= warning_end


def revoke_token(connection: Connection, id: str, now: int) -> None:
    """End a token; ending it again changes nothing. Raises: NotFound."""
    if connection.execute(select(TOKEN.c.id).where(TOKEN.c.id == id)).first() is None:
        raise NotFound(f"there is no token {id[:40]!r}")
    connection.execute(update(TOKEN).where(TOKEN.c.id == id, TOKEN.c.revoked.is_(None)).values(revoked=now))


def list_tokens(connection: Connection) -> list[Token]:
    """Return every token, in the order of creation."""
    rows = connection.execute(select(TOKEN).order_by(TOKEN.c.created, TOKEN.c.id)).mappings()
    return [read_token(row) for row in rows]


def _digest_text(text: str) -> bytes:
    """A token has 256 random bits, so a plain hash cannot be searched; no slow one is needed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def read_token(row: RowMapping) -> Token:
    return Token(
        id=row["id"],
        label=row["label"],
        scopes=frozenset(row["scopes"].split()),
        created_at=row["created"],
        ends_at=row["expires"],
        revoked_at=row["revoked"],
    )


def make_token_row(token: Token, digest: bytes) -> Row:
    return {
        "id": token.id,
        "digest": digest,
        "label": token.label,
        "scopes": " ".join(sorted(token.scopes)),
        "created": token.created_at,
        "expires": token.ends_at,
        "revoked": token.revoked_at,
    }
