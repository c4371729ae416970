"""Policies 时效策略: how old the knowledge of a log may be, by what a verification is for.

A policy may differ by the kind of what is verified. Each node may change these ages, or add uses of its own, under
`[policies]` in `node.toml`; verification without a node knows them as they stand here.
"""

from collections.abc import Mapping
from typing import Final

from ledger.verification.verify import Policy

#: Of a verification that names none; in a table of kinds, the age of all the others.
DEFAULT: Final = "default"

#: Seconds, or seconds by kind.
Ages = int | Mapping[str, int]
Policies = Mapping[str, Ages]

#: Uses and their ages in seconds: a counter that sees the chain, a decision worth a fraud, an inspector with a file.
AGES_BY_USE: Final[Policies] = {"counter": 3_600, "high-value": 900, "field": 72 * 3_600}


def find_policy(
    name: str, changed_ages: Policies | None = None, max_age: int = Policy().max_age_seconds
) -> Policy | None:
    """Return the policy of this name, by the node's `changed_ages` before the table above; None where there is none."""
    if name == DEFAULT:
        return Policy(max_age_seconds=max_age)
    ages = {**AGES_BY_USE, **(changed_ages or {})}.get(name)
    if ages is None:
        return None
    if isinstance(ages, int):
        return Policy(max_age_seconds=ages)
    ages_by_kind = {kind: age for kind, age in ages.items() if kind != DEFAULT}
    return Policy(max_age_seconds=ages.get(DEFAULT, max_age), max_age_by_kind=ages_by_kind)


def list_policy_names(changed_ages: Policies | None = None) -> list[str]:
    """Return the names of all policies."""
    return [DEFAULT, *sorted({*AGES_BY_USE, *(changed_ages or {})})]
