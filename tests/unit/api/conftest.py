"""A city whose register and replica are real databases, and nodes over them."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.http.app import create_app
from tests.unit.api.city import City

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette would have its tests import another HTTP client
    from fastapi.testclient import TestClient


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """Return a city that has registered nothing yet."""
    city = City(tmp_path)
    yield city
    city.close()


@pytest.fixture
def tianmen(city: City) -> Iterator[TestClient]:
    """Return the issuing city's node."""
    with TestClient(create_app(city.settings, city.clock)) as client:
        yield client


@pytest.fixture
def wuhan(city: City) -> Iterator[TestClient]:
    """Return the node of another city, which issues nothing and has no register."""
    with TestClient(create_app(city.verifier, city.clock)) as client:
        yield client


@pytest.fixture
def empty(city: City, tmp_path: Path) -> Iterator[TestClient]:
    """Return a node whose follower has never run."""
    settings = city.verifier.model_copy(update={"replica_url": f"sqlite:///{tmp_path / 'none.db'}"})
    with TestClient(create_app(settings, city.clock)) as client:
        yield client
