"""Tallies: a deleted row leaves a trace, and what was altered is not vouched for again."""

import os
from dataclasses import replace

from sqlalchemy import delete, select, update

from anchoring.register.access.looks import SHOWN_OUTCOME, LookRules, Purpose, log_looks
from anchoring.register.access.tallies import TOKENS, Tally, read_tally
from anchoring.register.access.tokens import create_token
from anchoring.register.store import Register
from anchoring.register.tables import LOOK, TALLY
from ledger.crypto.keys import PrivateKey, generate_key
from tests.fakes.department import NOW

DAY = 86_400
RULES = LookRules(days=3, daily=50)
KEY = generate_key("p256", lambda count: b"\x07" * count)
OTHER_KEY = generate_key("p256", lambda count: b"\x08" * count)


def make_token(register: Register, key: PrivateKey | None = KEY) -> str:
    with register.writing() as connection:
        token, _ = create_token(
            connection, os.urandom, label="a", scopes=["proofs"], now=NOW, ends_at=None, key=key
        )
    return token.id


def look(
    register: Register, token: str, *identifiers: str, at: int = NOW, key: PrivateKey | None = KEY
) -> None:
    with register.writing() as connection:
        outcomes = dict.fromkeys(identifiers, SHOWN_OUTCOME)
        log_looks(connection, token, Purpose.PROOF, outcomes, at, RULES, key=key)


def read_tallies(register: Register) -> dict[str, Tally]:
    with register.reading() as connection:
        return {row["name"]: read_tally(row) for row in connection.execute(select(TALLY)).mappings()}


def alter(register: Register, name: str, **values: object) -> None:
    with register.writing() as connection:
        connection.execute(update(TALLY).where(TALLY.c.name == name).values(values))


def counts(tally: Tally) -> tuple[int, int]:
    return tally.total, tally.removed


def test_tokens_and_their_looks_are_counted_and_the_count_is_signed(register: Register) -> None:
    first, second = make_token(register), make_token(register)
    look(register, first, "a", "b")
    look(register, first, "c")
    tallies = read_tallies(register)
    assert {name: counts(tally) for name, tally in tallies.items()} == {
        TOKENS: (2, 0), first: (3, 0), second: (0, 0),
    }  # fmt: skip
    assert all(tally.is_signed_by(KEY) and not tally.is_signed_by(OTHER_KEY) for tally in tallies.values())


def test_what_is_taken_away_for_its_age_is_counted_too(register: Register) -> None:
    busy, idle = make_token(register), make_token(register)
    look(register, busy, "a", "b")
    look(register, idle, "a")
    look(register, busy, "c", at=NOW + 4 * DAY)
    tallies = read_tallies(register)
    assert (counts(tallies[busy]), counts(tallies[idle])) == ((3, 2), (1, 1))
    assert all(tally.is_signed_by(KEY) for tally in tallies.values())
    with register.reading() as connection:
        assert connection.execute(select(LOOK.c.ordinal)).scalars().all() == [3]
    look(register, idle, "d", at=NOW + 4 * DAY)
    assert counts(read_tallies(register)[idle]) == (2, 1), "the next number is never one that was given"


def test_a_look_of_a_clock_that_was_wrong_holds_back_those_after_it(register: Register) -> None:
    token = make_token(register)
    look(register, token, "a", at=NOW + 9 * DAY)
    look(register, token, "b", at=NOW)
    look(register, token, "c", at=NOW + 4 * DAY)
    assert counts(read_tallies(register)[token]) == (3, 0)


def test_an_altered_count_is_not_signed_again(register: Register) -> None:
    token = make_token(register)
    look(register, token, "a", "b")
    alter(register, token, total=1)
    with register.writing() as connection:
        connection.execute(delete(LOOK).where(LOOK.c.ordinal == 2))
    look(register, token, "c")
    tally = read_tallies(register)[token]
    assert tally.total == 2
    assert tally.key == KEY.public.id
    assert not tally.is_signed_by(KEY)


def test_a_signature_that_was_taken_away_does_not_come_back(register: Register) -> None:
    token = make_token(register)
    alter(register, token, key=None, signature=None)
    look(register, token, "a")
    assert read_tallies(register)[token] == Tally(token, 1)


def test_a_node_without_a_key_or_with_another_one_counts_unsigned(register: Register) -> None:
    keyless, turned = make_token(register, key=None), make_token(register)
    look(register, keyless, "a", key=None)
    look(register, turned, "a", key=OTHER_KEY)
    tallies = read_tallies(register)
    assert [tallies[name] for name in (keyless, turned)] == [Tally(keyless, 1), Tally(turned, 1)]


def test_a_tally_that_was_deleted_stays_so_and_looks_go_on(register: Register) -> None:
    token = make_token(register)
    look(register, token, "a", "b")
    with register.writing() as connection:
        connection.execute(delete(TALLY))
    look(register, token, "c")
    make_token(register)
    assert read_tallies(register).keys().isdisjoint({TOKENS, token})
    with register.reading() as connection:
        assert connection.execute(select(LOOK.c.ordinal)).scalars().all() == [1, 2, 3]


def test_what_is_signed_is_the_name_and_both_numbers() -> None:
    tally = Tally("a", 3, 2)
    assert tally.encode() == b'{"name":"a","removed":2,"total":3,"type":"shunzheng/tally/1"}'
    assert tally.encode() == replace(tally, key=b"key", signature=b"signature").encode()
