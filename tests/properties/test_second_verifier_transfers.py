"""The tests of transfers once more, with the second verifier looking on.

At every verification.
"""

from collections.abc import Iterator

import pytest

from tests.properties.second_verifier import BothVerifiers
from tests.scenes import City
from tests.unit.ledger.verification.test_transfers import *  # noqa: F403 - the tests themselves


@pytest.fixture(autouse=True, scope="module")
def both() -> Iterator[None]:
    asked = BothVerifiers()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            City, "verify", lambda city, proof, **presented: asked.verify(city, proof, **presented)
        )
        yield
    assert asked.asked > 10, f"only {asked.asked} verifications were repeated"
    assert not asked.unwritten
