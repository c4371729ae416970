"""What every test starts from: no network, no race with a clock, fresh databases.

The network is open where a folder's name says so.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from tests.databases import BOTH, NewDatabase, new_databases

LOOPBACK: Final = ["127.0.0.1", "::1"]
# They start chains and nodes, on this machine only.
OPEN_FOLDERS: Final = ("integration", "acceptance", "browser", "chains")
#: Its tests share two running cities, and mostly wait: one worker runs them, first of all, while the others compute.
WAITING_FOLDER: Final = "tests/acceptance"

# A busy machine fails no property: neither an example's time nor that of drawing it is judged.
settings.register_profile(
    "shunzheng", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shunzheng")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of the open folders connect to this machine; `--disable-socket` keeps all others from any socket."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in OPEN_FOLDERS:
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))


class InOrder(LoadFileScheduling):  # type: ignore[misc]
    """`--dist loadfile` in the order of the folders, with one of them for one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return (
            WAITING_FOLDER if nodeid.startswith(f"{WAITING_FOLDER}/") else str(super()._split_scope(nodeid))
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> InOrder | None:
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return InOrder(config, log)


@pytest.fixture(params=BOTH)
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Return what makes fresh databases; a test that asks for it runs on SQLite and on PostgreSQL."""
    with new_databases(request.param, tmp_path) as new:
        yield new
