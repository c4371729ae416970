"""Whether a key may speak for an issuer at a moment.

Each objection, the order of them, and both ends of each period.
"""

from dataclasses import replace
from typing import Any, Final

import pytest

from ledger.registry.trust import DEPARTMENT, NODE, Grant, KeyState
from ledger.verification.entitlement import (
    NEWEST_EVENT,
    Moment,
    Objection,
    Scope,
    find_objection,
    list_objections,
)
from ledger.verification.reasons import REASON_TABLE

KEY: Final = KeyState(b"\1" * 32, b"", DEPARTMENT, "tianmen", event_number=5)
GRANT: Final = Grant(KEY.id, "A", event_number=6, kinds=1 | 2, types=(), not_before=100, not_after=200)
THEN: Final = Moment("tianmen", event_number=9, time=150)
LICENCE: Final = Scope("licence", "T1")


def asked(
    *,
    key: KeyState | None = KEY,
    grants: tuple[Grant, ...] = (GRANT,),
    issuer_log: str | None = "tianmen",
    moment: Moment = THEN,
    scope: Scope | None = LICENCE,
) -> Objection | None:
    return find_objection(key, grants, issuer_log, moment, scope)


def test_a_key_that_may_speak() -> None:
    assert asked() is None
    assert asked(scope=None) is None
    assert asked(moment=replace(THEN, event_number=NEWEST_EVENT)) is None


@pytest.mark.parametrize(
    ("altered", "objection"),
    [
        ({"issuer_log": "wuhan"}, Objection.ISSUER_NOT_IN_LOG),
        ({"issuer_log": None}, Objection.ISSUER_NOT_IN_LOG),
        ({"key": None}, Objection.KEY_NOT_REGISTERED),
        ({"key": replace(KEY, event_number=10)}, Objection.KEY_NOT_REGISTERED),
        ({"key": replace(KEY, purpose=NODE)}, Objection.KEY_NOT_DEPARTMENT),
        ({"key": replace(KEY, log="wuhan")}, Objection.KEY_OF_ANOTHER_LOG),
        ({"grants": ()}, Objection.NOT_GRANTED),
        ({"grants": (replace(GRANT, event_number=10),)}, Objection.NOT_GRANTED),
        ({"scope": Scope("signature", None)}, Objection.NOT_GRANTED),
        ({"key": replace(KEY, compromised_since=150)}, Objection.KEY_COMPROMISED),
        ({"key": replace(KEY, retired_at=150)}, Objection.KEY_RETIRED),
    ],
)
def test_each_objection_alone(altered: dict[str, Any], objection: Objection) -> None:
    assert asked(**altered) is objection
    assert any(step == 8 and reason == objection.reason for step, _, reason in REASON_TABLE)


@pytest.mark.parametrize(
    ("time", "objection"),
    [(99, Objection.NOT_GRANTED), (100, None), (200, None), (201, Objection.NOT_GRANTED)],
)
def test_a_grant_counts_from_its_first_second_to_its_last(time: int, objection: Objection | None) -> None:
    assert asked(moment=replace(THEN, time=time)) is objection


@pytest.mark.parametrize(
    ("types", "scope", "granted"),
    [
        ((), Scope("seal", None), True),
        (("T1",), Scope("licence", "T1"), True),
        (("T1",), Scope("licence", "T2"), False),
        (("T1",), Scope("seal", None), False),
        (("",), Scope("seal", None), False),
        (("",), Scope("licence", "T1"), False),
        (("T1",), None, True),
    ],
)
def test_a_grant_with_types_covers_certificates_of_those_alone(
    types: tuple[str, ...], scope: Scope | None, granted: bool
) -> None:
    assert (asked(grants=(replace(GRANT, types=types),), scope=scope) is None) == granted


def test_a_key_that_ends_a_second_later_may_still_speak() -> None:
    assert asked(key=replace(KEY, compromised_since=151, retired_at=151)) is None


def test_every_objection_is_told_in_the_order_of_step_8() -> None:
    stolen = replace(KEY, compromised_since=0, retired_at=0)
    assert list(list_objections(stolen, (), "wuhan", THEN)) == [
        Objection.ISSUER_NOT_IN_LOG,
        Objection.NOT_GRANTED,
        Objection.KEY_COMPROMISED,
    ]
    assert list(list_objections(None, (GRANT,), None, THEN)) == [
        Objection.ISSUER_NOT_IN_LOG,
        Objection.KEY_NOT_REGISTERED,
    ]
