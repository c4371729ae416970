"""The log of looks: counted a token, within a rate, and for so many days."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from anchoring.errors import TooManyLooks
from anchoring.register.access.looks import (
    SHOWN_OUTCOME,
    Look,
    LookRules,
    Purpose,
    list_looks,
    log_looks,
    remove_old_looks,
)
from anchoring.register.access.tokens import create_token
from anchoring.register.store import Register
from anchoring.register.tables import LOOK
from tests.fakes.department import NOW, identifier
from tests.unit.api.city import draws

DAY = 86_400
FIRST, SECOND = identifier("TM2022A0000000000001"), identifier("TM2022A0000000000011")
RULES = LookRules(days=3, daily=5)


def make_token(register: Register, label: str = "a") -> str:
    with register.writing() as connection:
        return create_token(connection, draws(label), label=label, scopes=["proofs"], now=NOW, ends_at=None)[
            0
        ].id


def look(register: Register, token: str, *identifiers: str, at: int = NOW, rules: LookRules = RULES) -> None:
    with register.writing() as connection:
        log_looks(connection, token, Purpose.PROOF, dict.fromkeys(identifiers, SHOWN_OUTCOME), at, rules)


def looks(register: Register, **chosen: str | int) -> list[Look]:
    with register.reading() as connection:
        return list(list_looks(connection, **chosen))  # type: ignore[arg-type]


def test_looks_are_listed_by_token_certificate_and_moment(register: Register) -> None:
    one, other = make_token(register), make_token(register, "b")
    look(register, one, FIRST)
    look(register, other, FIRST, SECOND, at=NOW + 1)
    assert looks(register) == [
        Look(one, 1, NOW, "proof", FIRST, SHOWN_OUTCOME),
        Look(other, 1, NOW + 1, "proof", FIRST, SHOWN_OUTCOME),
        Look(other, 2, NOW + 1, "proof", SECOND, SHOWN_OUTCOME),
    ]
    assert [each.identifier for each in looks(register, token=other)] == [FIRST, SECOND]
    assert [each.token for each in looks(register, identifier=FIRST)] == [one, other]
    assert looks(register, since_time=NOW + 2) == []
    assert looks(register, token="sz_\0", identifier="%") == []


def test_every_version_of_a_certificate_is_found_and_no_other(register: Register) -> None:
    token, lineage = make_token(register), FIRST.rpartition(".")[0].rpartition(".")[0]
    newer, neighbour = f"{lineage}.002.X", f"{lineage}1.001.X"
    look(register, token, FIRST, newer, neighbour)
    assert [each.identifier for each in looks(register, identifier=FIRST)] == [FIRST, newer]


def test_a_token_has_its_looks_of_a_day_and_no_more(register: Register) -> None:
    token, other = make_token(register), make_token(register, "b")
    with pytest.raises(TooManyLooks):
        look(register, token, *"abcdef")  # more at once than in a day
    look(register, token, *"abc")
    look(register, token, *"de", at=NOW + 100)
    with pytest.raises(TooManyLooks) as refusal:
        look(register, token, "f", at=NOW + DAY - 1)
    assert refusal.value.retry_after_seconds == 1
    look(register, other, "f", at=NOW + 100)
    look(register, token, *"fgh", at=NOW + DAY)
    with pytest.raises(TooManyLooks):
        look(register, token, "i", at=NOW + DAY)
    assert len(looks(register, token=token)) == 8


def test_old_looks_go_with_new_ones(register: Register) -> None:
    token = make_token(register)
    look(register, token, *"abc")
    look(register, token, "d", at=NOW + 3 * DAY + 1)
    assert [(each.identifier, each.ordinal) for each in looks(register)] == [("d", 4)]
    with register.writing() as connection:
        remove_old_looks(connection, NOW + 7 * DAY, RULES)
    assert looks(register) == []


def test_a_token_at_its_rate_whose_looks_were_taken_away_goes_on(register: Register) -> None:
    token, rules = make_token(register), LookRules(days=1, daily=3)
    look(register, token, *"abc", rules=rules)
    for day in range(1, 4):
        look(register, token, *"def", at=NOW + 2 * day * DAY, rules=rules)
    assert [each.ordinal for each in looks(register)] == [10, 11, 12]


def test_looks_at_once_are_all_counted(register: Register) -> None:
    token, rules = make_token(register), LookRules(days=1, daily=20)

    def ask(number: int) -> bool:
        try:
            look(register, token, str(number), rules=rules)
        except TooManyLooks:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(ask, range(40))) == 20
    with register.reading() as connection:
        assert connection.execute(select(func.max(LOOK.c.ordinal))).scalar_one() == 20


def test_what_is_asked_for_is_kept_short_and_storable(register: Register) -> None:
    token = make_token(register)
    look(register, token, "x" * 4_096, "\0", "\ud800")
    assert [each.identifier for each in looks(register)] == ["x" * 256, "", ""]
