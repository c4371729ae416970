"""A city with everything that an audit of its register looks at."""

from collections.abc import Iterator

import pytest

from tests.fakes.department import change, licence
from tests.fakes.issuing import City


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city with everything that an audit looks at: final batches, changes of status, submissions that wait."""
    made = City(tmp_path_factory.mktemp("city"))
    made.submit(*(licence(n) for n in range(6)))
    made.settle()
    made.submit(change("suspend", 1), change("renew", 2, 2), licence(10), change("revoke", 10))
    made.submit(licence(20))
    made.settle()
    made.submit(change("resume", 1), licence(30))
    made.settle()
    made.submit(licence(40), licence(41))
    yield made
    made.stop()
