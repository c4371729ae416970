"""A node whose register is being recovered, over HTTP."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from anchoring.recovery.planning import make_plan
from anchoring.recovery.recovery import take_back
from anchoring.register.store import Register
from api.http.app import create_app
from tests.fakes.backups import KeptCopies
from tests.unit.api.city import LOG, City
from tests.unit.api.http.test_submissions import CLAIMS, FIRST, SECOND, post


@pytest.fixture
def sent(city: City, tianmen: TestClient) -> list[bytes]:
    """Two submissions that were anchored, as the department keeps them."""
    made = []
    for serial in (FIRST, SECOND):
        made.append(city.draft(city.licence(serial, CLAIMS)))
        assert post(tianmen, made[-1]).status_code == 201
        city.anchor()
    return made


@pytest.fixture
def recovering(city: City, sent: list[bytes]) -> Iterator[TestClient]:
    """The same node with a register of which nothing is left; the entries of its batches came from elsewhere."""
    settings = city.settings.model_copy(
        update={"register_url": f"sqlite:///{city.settings.directory / 'restored.db'}"}
    )
    register = Register(str(settings.register_url))
    with city.replica.reading() as reading:
        take_back(register, reading, make_plan(register, reading, LOG, [KeptCopies(city.register)]), city.now)
    register.close()
    with TestClient(create_app(settings, city.clock)) as node:
        yield node


def test_what_is_missing_shows_until_it_is_back(
    city: City, recovering: TestClient, sent: list[bytes]
) -> None:
    issuing = recovering.get("/readyz").json()["issuing"]
    assert ("missing_batches" in issuing, issuing["missing_records"]) == (False, 2)
    assert f'shunzheng_missing_records{{log="{LOG}"}} 2\n' in recovering.get("/metrics").text
    answer = post(recovering, city.draft(city.licence("TM2022A0000000000003", CLAIMS)))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/records-missing")
    for content, first in zip(sent, (0, 1), strict=True):
        answer = post(recovering, content)
        assert (answer.status_code, answer.json()["first"]) == (200, first)
    assert recovering.get("/readyz").json()["issuing"]["missing_records"] == 0
    assert post(recovering, city.draft(city.licence("TM2022A0000000000003", CLAIMS))).status_code == 201


def test_nothing_is_promised_before_the_replica_has_once_caught_up(city: City, tianmen: TestClient) -> None:
    """Until then, nobody can know whether the register came from a backup."""
    content = city.draft(city.licence(FIRST, CLAIMS))
    city.forget_having_caught_up()
    answer = post(tianmen, content)
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-ready")
    city.catch_up()
    assert post(tianmen, content).status_code == 201
