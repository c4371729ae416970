"""The stage of the drill, built once a run."""

import pytest

from tests.drill.stage import Stage, build_stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return build_stage(tmp_path_factory.mktemp("drill") / "stage")
