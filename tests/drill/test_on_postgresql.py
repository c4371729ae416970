"""Damage of the drill on a real PostgreSQL server, some of each database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.drill.damages.table import DAMAGES
from tests.drill.on_postgresql import ServerStage, open_server_stage

#: Names of the table of damage.
NAMES: Final = (
    "register: batch deleted in the middle",
    "register: lineage's status changed",
    "register: term deleted",
    "register: newest look deleted",
    "replica: event's time changed",
    "copies: walked anchor deleted",
    "checkpoints: cosignature of an unknown key",
)


@pytest.fixture(scope="module")
def server_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerStage]:
    with open_server_stage(tmp_path_factory.mktemp("drill") / "stage") as server_stage:
        yield server_stage


def test_an_untouched_copy_gives_nothing(server_stage: ServerStage, tmp_path: Path) -> None:
    with server_stage.copy(tmp_path) as copy:
        report = copy.audit()
    assert (report.findings, report.unchecked_findings) == ((), ())


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_found_on_a_server_too(server_stage: ServerStage, name: str, tmp_path: Path) -> None:
    damage = DAMAGES[name]
    with server_stage.copy(tmp_path) as copy:
        copy.execute(damage.database, *damage.statements)
        findings = copy.audit().findings
    assert any(
        (finding.slug, finding.table) == (damage.slug, damage.table) and damage.where in finding.place
        for finding in findings
    ), "\n".join(map(str, findings))
