"""The short story on doubles of other chains, from the deployment to a final record."""

from pathlib import Path

import pytest

from tests.chains.__main__ import tell_on_double
from tests.fakes.doubles import ALL_KINDS

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_city_is_founded_and_anchors(kind: str, tmp_path: Path) -> None:
    tell_on_double(kind, tmp_path, short=True)
