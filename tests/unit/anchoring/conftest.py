"""A register and a department known to it.

Two endpoints of one chain; a registry that is followed.
"""

from collections.abc import Iterator

import pytest

from anchoring.register.store import Register
from tests.databases import NewDatabase
from tests.fakes.department import World
from tests.unit.anchoring.chain.endpoints import Pair
from tests.unit.anchoring.follower.followed import Town


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def register(new_database: NewDatabase) -> Iterator[Register]:
    opened = Register(new_database("register"))
    yield opened
    opened.close()


@pytest.fixture
def pair() -> Pair:
    return Pair()


@pytest.fixture
def town(new_database: NewDatabase) -> Iterator[Town]:
    town = Town(new_database)
    town.history.grow(20)
    town.follower.start()
    yield town
    town.replica.close()
