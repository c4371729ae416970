"""Policies by what a verification is for; a node may change them."""

import pytest

from api.node.policies import Ages, find_policy, list_policy_names
from ledger.records.records import KINDS


@pytest.mark.parametrize(
    ("name", "seconds"), [("default", 3600), ("counter", 3600), ("high-value", 900), ("field", 259_200)]
)
def test_the_usual_uses(name: str, seconds: int) -> None:
    policy = find_policy(name)
    assert policy
    assert {policy.get_max_age(kind) for kind in KINDS} == {seconds}
    assert name in list_policy_names()


def test_a_node_has_the_last_word() -> None:
    changes: dict[str, Ages] = {
        "field": 60,
        "inspection": {"default": 900, "seal": 300},
        "only-seals": {"seal": 10},
    }
    field, inspection, seals = (find_policy(name, changes, 1800) for name in changes)
    assert field
    assert inspection
    assert seals
    assert field.max_age_seconds == 60
    assert (inspection.get_max_age("licence"), inspection.get_max_age("seal")) == (900, 300)
    assert (seals.get_max_age("licence"), seals.get_max_age("seal")) == (1800, 10)
    assert list_policy_names(changes) == [
        "default",
        "counter",
        "field",
        "high-value",
        "inspection",
        "only-seals",
    ]


def test_an_unknown_name_is_no_policy() -> None:
    assert find_policy("lax") is None
