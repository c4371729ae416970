"""A watch of one city's node by another's monitor, on SQLite and on either database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.fakes.publishing import Watch
from tests.scenes import City, Registry


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    made = Watch(f"sqlite:///{tmp_path / 'replica.db'}", City(Registry()))
    yield made
    made.close()


@pytest.fixture
def either(new_database: NewDatabase) -> Iterator[Watch]:
    """Return a watch on either database."""
    made = Watch(new_database("replica"), City(Registry()))
    yield made
    made.close()
