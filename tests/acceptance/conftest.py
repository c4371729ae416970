"""One chain and two cities for all stories that a worker tells."""

from collections.abc import Iterator

import pytest

from tests.acceptance.cities import Cities, close, found


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHAIN_URL", raising=False)  # some stories stop the chain, so it must be our own
        cities = found(tmp_path_factory.mktemp("cities") / "stage")
    yield cities
    close(cities.stage, cities.tianmen, cities.wuhan)


@pytest.fixture
def cities(running: Cities) -> Cities:
    """Return the cities with both nodes up, whatever the story before did."""
    for city in (running.tianmen, running.wuhan):
        if city.process is None:
            city.launch()
    for city in (running.tianmen, running.wuhan):
        city.wait_ready()
    return running
