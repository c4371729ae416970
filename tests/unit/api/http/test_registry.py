"""What the chain says, page by page, and how the node is."""

import pytest
from fastapi.testclient import TestClient

from anchoring.processes.condition import Reporter
from api.node.parts import list_reporting_parts
from tests.unit.api.city import LOG, City

CLAIMS = {"ZZMC": "营业执照"}


@pytest.fixture
def five(city: City) -> City:
    """Five submissions of two records, each anchored."""
    for number in range(0, 10, 2):
        city.submit(*(city.licence(f"TM2022A{number + more:013d}", CLAIMS) for more in (0, 1)))
        city.anchor()
    return city


def walk(node: TestClient, address: str | None) -> list[dict[str, object]]:
    items = []
    while address:
        page = node.get(address).json()
        items += page["items"]
        address = page.get("next")
    return items


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 100])
def test_anchors_are_paged_the_newest_first(five: City, wuhan: TestClient, limit: int) -> None:
    anchors = walk(wuhan, f"/v1/anchors?log={LOG}&limit={limit}")
    assert [item["sequence"] for item in anchors] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 100])
def test_entries_are_paged_in_the_order_of_positions(five: City, tianmen: TestClient, limit: int) -> None:
    entries = walk(tianmen, f"/v1/logs/{LOG}/entries?limit={limit}")
    assert [(item["first"], item["sequence"]) for item in entries] == [(0, 1), (2, 2), (4, 3), (6, 4), (8, 5)]


def test_logs_say_who_holds_their_entries(five: City, tianmen: TestClient, wuhan: TestClient) -> None:
    (log,) = tianmen.get("/v1/logs").json()["items"]
    assert (log["name"], log["suite"], log["size"], log["divisions"]) == (LOG, "sm3", 10, ["429006"])
    assert log["held"] is True
    assert wuhan.get("/v1/logs").json()["items"][0]["held"] is False


def test_entries_of_another_citys_log_are_with_that_city(five: City, wuhan: TestClient) -> None:
    answer = wuhan.get(f"/v1/logs/{LOG}/entries")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-held")


@pytest.mark.parametrize(
    "path", ["/v1/anchors?log=nowhere", "/v1/logs/nowhere/entries", "/v1/nothing", "/static/x"]
)
def test_unknown_things_are_not_found(wuhan: TestClient, path: str) -> None:
    answer = wuhan.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/anchors",
        "/v1/anchors?log=TIANMEN",
        "/v1/anchors?log=tianmen&limit=0",
        "/v1/anchors?log=tianmen&limit=100000",
        "/v1/anchors?log=tianmen&before=-1",
        "/v1/anchors?log=tianmen&before=NaN",
        "/v1/logs/tianmen/entries?position=99999999999999999999",
        "/v1/logs/%00/entries",
    ],
)
def test_parameters_out_of_form_are_named_and_not_repeated(wuhan: TestClient, path: str) -> None:
    answer = wuhan.get(path)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-parameter")
    assert answer.json()["errors"][0]["where"].startswith(("query.", "path."))
    assert "TIANMEN" not in answer.text


def test_a_method_that_an_address_does_not_take(wuhan: TestClient) -> None:
    answer = wuhan.delete("/v1/logs")
    assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")
    assert answer.headers["allow"] == "GET"


def report(city: City) -> None:
    """Let the processes of a node say that they live."""
    for part in list_reporting_parts(city.settings):
        Reporter(city.replica.engine, part, city.clock).tell()


def test_readiness_follows_the_replica(five: City, wuhan: TestClient, empty: TestClient) -> None:
    report(five)
    answer = wuhan.get("/readyz")
    assert (answer.status_code, answer.json()["ready"], answer.json()["lagging"]) == (200, True, False)
    five.now += 2000
    report(five)
    answer = wuhan.get("/readyz")
    assert (answer.status_code, answer.json()["lag_seconds"], answer.json()["lagging"]) == (200, 2000, True)
    five.replica.set_quarantine("event 4 is not what the chain holds")
    answer = wuhan.get("/readyz")
    assert (answer.status_code, answer.json()["quarantine"]) == (503, "event 4 is not what the chain holds")
    assert empty.get("/readyz").status_code == 503
    assert empty.get("/healthz").json() == {"alive": True}


def test_metrics_are_plain_figures(five: City, wuhan: TestClient, empty: TestClient) -> None:
    report(five)
    text = wuhan.get("/metrics").text
    assert "shunzheng_ready 1\n" in text
    assert "shunzheng_lag_seconds 0\n" in text
    assert "shunzheng_ready 0\n" in empty.get("/metrics").text
