"""The log of looks 查阅记录: which token was shown what of whose certificate, and when.

A look is kept before its answer leaves: what cannot be logged is not shown. Tokens are named by their identifiers, never by
their texts. The log tells who asked, so it is personal data of its own: looks older than the rules say are taken away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select

from anchoring import limits
from anchoring.database.engine import make_findable
from anchoring.errors import TooManyLooks
from anchoring.register.access.tallies import Tally, hold_tally, move_tally, read_tally
from anchoring.register.tables import LOOK, TALLY, Row
from ledger.crypto.keys import PrivateKey
from ledger.records.records import read_lineage
from ledger.words import Words

_DAY_SECONDS: Final = 86_400
# Old looks that go with a new one: as many as can come at once, and more.
_REMOVED_LOOKS: Final = 2_000
_REMOVED_TOKENS: Final = (
    20  # whose old looks go with a new one: each costs a signature, milliseconds with SM2
)
# Of an identifier, and of a reason, in the log: twice the longest identifier that there is.
_MAX_IDENTIFIER_CHARS: Final = 256
SHOWN_OUTCOME: Final = (
    "shown"  # the outcome of a look that was answered; else the slug of the problem that was
)


class Purpose(StrEnum):
    """What of a certificate was asked for."""

    PROOF = "proof"
    CLAIMS = "claims"
    HISTORY = "history"
    USES = "uses"
    LINEAGE = "lineage"
    SEARCH = "search"
    FIGURES = "figures"


PURPOSE_WORDS: Final = {
    Purpose.PROOF: Words("存证凭据，信息项不披露", "proof, claims withheld"),
    Purpose.CLAIMS: Words("存证凭据及信息项", "proof with claims"),
    Purpose.HISTORY: Words("登记经过", "history"),
    Purpose.USES: Words("用印记录", "uses of a seal"),
    Purpose.LINEAGE: Words("现状", "where it stands"),
    Purpose.SEARCH: Words("检索", "search"),
    Purpose.FIGURES: Words("统计", "figures"),
}


@dataclass(frozen=True, slots=True)
class LookRules:
    """For how many days a look is kept, and how many a token has in any 24 hours."""

    days: int
    daily: int


@dataclass(frozen=True, slots=True)
class Look:
    """The look `ordinal` of a token, at seconds since 1970, and what became of it.

    `identifier` is of the version that was shown, or as it was asked for; `purpose` one of `Purpose`;
    `reason` what was stated where a reason is asked for.
    """

    token: str
    ordinal: int
    at: int
    purpose: str
    identifier: str
    outcome: str
    reason: str | None = None


def log_looks(
    connection: Connection,
    token: str,
    purpose: Purpose,
    outcomes: Mapping[str, str],
    now: int,
    rules: LookRules,
    reason: str | None = None,
    *,
    key: PrivateKey | None = None,
) -> None:
    """Log one look for each identifier of `outcomes`, and take away what is older than the rules say.

    `reason` is what was stated, where one is asked for; `key` signs how many looks there are.

    Raises: TooManyLooks, and nothing is logged.
    """
    tally = hold_tally(connection, token) or _count_looks(connection, token)
    last_ordinal = tally.total
    _check_rate(connection, token, last_ordinal, len(outcomes), now, rules)
    stored_reason = reason and _make_storable(reason)
    looks = [
        Look(token, ordinal, now, purpose, _make_storable(identifier), outcome, stored_reason)
        for ordinal, (identifier, outcome) in enumerate(outcomes.items(), last_ordinal + 1)
    ]
    connection.execute(insert(LOOK), [make_look_row(look) for look in looks])
    move_tally(connection, tally, key, total=last_ordinal + len(looks))
    remove_old_looks(connection, now, rules, key)


def remove_old_looks(
    connection: Connection, now: int, rules: LookRules, key: PrivateKey | None = None
) -> None:
    """Take away the oldest looks beyond the days that they are kept, of some tokens, some thousand at a time.

    Of each token the first ones go, and its tally says up to which; `key` signs that.
    """
    moment = now - rules.days * _DAY_SECONDS
    old_looks = (
        select(LOOK.c.token, LOOK.c.ordinal)
        .where(LOOK.c.at < moment)
        .order_by(LOOK.c.at)
        .limit(_REMOVED_LOOKS)
        .subquery()
    )
    end_ordinals_query = (
        select(old_looks.c.token, func.max(old_looks.c.ordinal))
        .group_by(old_looks.c.token)
        .limit(_REMOVED_TOKENS)
    )
    end_ordinals = {token: int(end_ordinal) for token, end_ordinal in connection.execute(end_ordinals_query)}
    tally_query = (
        select(TALLY)
        .where(TALLY.c.name.in_(list(end_ordinals)))
        .with_for_update(skip_locked=True)  # what another transaction is counting is its own affair
    )
    for row in connection.execute(tally_query).mappings().all():
        _remove_first_looks(connection, read_tally(row), end_ordinals[row["name"]], moment, key)


def _remove_first_looks(
    connection: Connection, tally: Tally, end_ordinal: int, moment: int, key: PrivateKey | None
) -> None:
    """Take away the looks of a token up to a number, as far as all of them are from before the moment."""
    first_young_ordinal = connection.execute(
        select(func.min(LOOK.c.ordinal)).where(LOOK.c.token == tally.name, LOOK.c.at >= moment)
    ).scalar_one()
    end_ordinal = end_ordinal if first_young_ordinal is None else min(end_ordinal, first_young_ordinal - 1)
    if end_ordinal > tally.removed:
        connection.execute(delete(LOOK).where(LOOK.c.token == tally.name, LOOK.c.ordinal <= end_ordinal))
        move_tally(connection, tally, key, total=tally.total, removed=end_ordinal)


def list_looks(
    connection: Connection, *, token: str | None = None, identifier: str | None = None, since_time: int = 0
) -> Iterator[Look]:
    """Yield the looks since a moment, in their order; only of one token, at one certificate of any version, where named."""
    query = select(LOOK).where(LOOK.c.at >= since_time).order_by(LOOK.c.at, LOOK.c.token, LOOK.c.ordinal)
    if token is not None:
        query = query.where(LOOK.c.token == make_findable(token))
    if identifier is not None:
        lineage_name = make_findable(read_lineage(identifier))
        is_version = LOOK.c.identifier.startswith(f"{lineage_name}.", autoescape=True)
        query = query.where(or_(LOOK.c.identifier == lineage_name, is_version))
    for row in connection.execute(query.execution_options(yield_per=limits.CHUNK_ROWS)).mappings():
        yield read_look(row)


def _count_looks(connection: Connection, token: str) -> Tally:
    """Return the count where the tally was deleted, which stays so for an audit to find."""
    last_ordinal = connection.execute(
        select(func.max(LOOK.c.ordinal)).where(LOOK.c.token == token)
    ).scalar_one()
    return Tally(token, int(last_ordinal or 0))


def _check_rate(
    connection: Connection, token: str, last_ordinal: int, look_count: int, now: int, rules: LookRules
) -> None:
    """Check that so many looks more are within the rate: by the moment of the one that a full day's looks would follow.

    One that was taken away was made before that day. Raises: TooManyLooks.
    """
    compared_ordinal = last_ordinal + look_count - rules.daily
    query = select(LOOK.c.at).where(LOOK.c.token == token, LOOK.c.ordinal == compared_ordinal)
    compared_at = now if compared_ordinal > last_ordinal else connection.execute(query).scalar_one_or_none()
    if compared_at is not None and now < compared_at + _DAY_SECONDS:
        raise TooManyLooks(
            f"a token has {rules.daily:,} looks at certificates in 24 hours: ask again later, or for fewer at once; "
            "the administrator of the node may allow more (`daily` in [looks])",
            retry_after_seconds=compared_at + _DAY_SECONDS - now,
        )


def _make_storable(identifier: str) -> str:
    """Return an identifier or a reason as it was given, without what no database holds, cut where none is as long."""
    return make_findable(identifier)[:_MAX_IDENTIFIER_CHARS]


def read_look(row: RowMapping) -> Look:
    return Look(**row)


def make_look_row(look: Look) -> Row:
    return asdict(look)
