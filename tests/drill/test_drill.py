"""Every kind of damage is found, named and pointed at; a sound copy gives nothing."""

from pathlib import Path

import pytest

from tests.drill.damages.damage import Damage
from tests.drill.damages.table import DAMAGES
from tests.drill.damages.unshown import UNSHOWN
from tests.drill.stage import Stage

MIN_KINDS = 420  # as docs/threat-model.md says


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_named_and_pointed_at(stage: Stage, name: str, tmp_path: Path) -> None:
    damage: Damage = DAMAGES[name]
    copy = stage.copy(tmp_path)
    copy.execute(damage.database, *damage.statements)
    contents = copy.contents()
    report = copy.audit()
    places = [(finding.slug, finding.table, finding.place) for finding in report.findings]
    assert any(
        (slug, table) == (damage.slug, damage.table) and damage.where in where
        for slug, table, where in places
    ), "\n".join(str(finding) for finding in report.findings)
    assert copy.contents() == contents, "an audit changes nothing"


def test_the_table_is_long_enough() -> None:
    assert len(DAMAGES) >= MIN_KINDS


@pytest.mark.parametrize("name", UNSHOWN)
def test_what_nothing_can_show_is_listed(stage: Stage, name: str, tmp_path: Path) -> None:
    database, statements, reason = UNSHOWN[name]
    copy = stage.copy(tmp_path)
    copy.execute(database, *((statements,) if isinstance(statements, str) else statements))
    assert reason
    assert copy.audit().findings == ()
