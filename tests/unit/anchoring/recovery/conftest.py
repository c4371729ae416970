"""A city whose register was restored from a backup."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import NewDatabase
from tests.fakes.issuing import City
from tests.fakes.restored import Restored


@pytest.fixture
def restored(tmp_path: Path, new_database: NewDatabase) -> Iterator[Restored]:
    city = City(tmp_path, new_database=new_database)
    yield Restored(city)
    city.stop()


@pytest.fixture
def fallen(tmp_path: Path) -> Iterator[Restored]:
    """On SQLite alone, where the database makes no difference."""
    city = City(tmp_path)
    yield Restored(city)
    city.stop()
