"""Copies of another city's entries, as a node shows them and gives them on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from anchoring.limits import WITHHELD_SECONDS
from anchoring.monitor.copies import EntryCopies
from anchoring.monitor.monitor import Monitor
from api.http.app import create_app
from ledger.encoding.times import format_time
from ledger.verification.entries import Fault
from tests.auditing import audit
from tests.fakes.publishing import FakePeer, KnownReplica
from tests.unit.api.city import LOG, City, identifier

SERIAL = "TM2022A0000000000001"
CLAIMS = {"ZZMC": "营业执照"}


@pytest.fixture
def three(city: City) -> City:
    """Three submissions, each anchored, and a heartbeat."""
    for number in range(3):
        city.submit(city.licence(f"TM2022A{number + 1:013d}", CLAIMS))
        city.anchor()
    city.now += 1000
    city.anchor()
    return city


@pytest.fixture
def watching(three: City) -> Iterator[TestClient]:
    """Return the node of a city that fetches the entries of Tianmen."""
    settings = three.verifier.model_copy(update={"peers": {LOG: ("http://tianmen",)}})
    with TestClient(create_app(settings, three.clock)) as node:
        yield node


def states(node: TestClient) -> tuple[str | None, list[str | None]]:
    """Return what the node says of the entries of the log, and of those of each anchor, the newest first."""
    (log,) = node.get("/v1/logs").json()["items"]
    return log["entries"], [anchor.get("entries") for anchor in anchors(node)]


def anchors(node: TestClient) -> list[dict[str, Any]]:
    anchors: list[dict[str, Any]] = node.get(f"/v1/anchors?log={LOG}").json()["items"]
    return anchors


def test_what_became_of_the_entries_is_shown(three: City, watching: TestClient) -> None:
    assert states(watching) == ("awaited", [None] * 4)
    three.publish(sequence=1)
    assert states(watching) == ("awaited", [None, "awaited", "awaited", "published"])
    three.publish(sequence=2)
    three.publish(sequence=3)
    assert states(watching) == ("published", [None, "published", "published", "published"])


def test_a_fault_is_shown_with_its_finding(three: City, watching: TestClient) -> None:
    three.publish("http://tianmen", Fault("not_entitled", 1, "the key was not granted"), sequence=2)
    assert states(watching)[0] == "faulty"
    anchor = watching.get(f"/v1/anchors?log={LOG}&before=3").json()["items"][0]
    assert (anchor["entries"], anchor["findings"]) == (
        "faulty",
        ["position 1: the key was not granted (not_entitled)"],
    )


def test_the_worst_is_what_a_log_shows(three: City, watching: TestClient) -> None:
    three.publish()
    copies = EntryCopies(three.replica.engine)
    with three.replica.reading() as reading:
        anchor = reading.find_anchor(LOG, 2)
        assert anchor
        three.now = anchor.time + WITHHELD_SECONDS + 1
        copies.put_off(
            anchor,
            ["http://tianmen: it does not have them"],
            3,
            three.now + 9,
            asked_at=three.now,
            was_answered=True,
        )
    assert states(watching) == ("withheld", [None, "published", "withheld", "published"])


def test_withheld_is_named_everywhere_once_it_was_asked_for_after_the_grace(
    three: City, watching: TestClient
) -> None:
    """Until then no page says so, however late it is."""
    with three.replica.reading() as reading:
        deadline = reading.list_anchors(LOG)[-1].time + WITHHELD_SECONDS
    monitor = Monitor(three.replica, {LOG: [FakePeer("http://tianmen")]}, clock=lambda: three.now)
    for now, looks, state in (
        (deadline - 1, True, "awaited"),
        (deadline + 9, False, "awaited"),
        (deadline + 9, True, "withheld"),
    ):
        three.now = now
        assert not looks or monitor.step() == 0
        assert states(watching)[0] == state
        assert states(watching)[1] == [None, "awaited", "awaited", state]
        (log,) = watching.get("/readyz").json()["logs"]
        assert log["entries"].get("withheld", 0) == (state == "withheld")
        counted = f'shunzheng_log_entries_anchors{{log="{LOG}",state="withheld"}} 1\n'
        assert (counted in watching.get("/metrics").text) == (state == "withheld")
        with three.replica.reading() as reading:
            report = audit(reading, entry_copies=EntryCopies(three.replica.engine), now=three.now)
        assert ("entries-withheld" in {remark.slug for remark in report.remarks}) == (state == "withheld")
    asked = [anchor.get("entries_asked") for anchor in anchors(watching)]
    assert asked[0] is None
    assert asked[-1] == format_time(deadline + 9)


def test_the_own_log_has_no_copies(three: City, tianmen: TestClient) -> None:
    assert states(tianmen) == (None, [None] * 4)
    assert tianmen.get(f"/v1/logs/{LOG}/entries").json()["copies"] is False


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_copies_are_given_on_with_their_origin(three: City, watching: TestClient, limit: int) -> None:
    three.publish("http://tianmen")
    copies: list[dict[str, Any]] = []
    address: str | None = f"/v1/logs/{LOG}/entries?limit={limit}"
    while address:
        page = watching.get(address).json()
        assert page["copies"] is True
        copies += page["items"]
        address = page.get("next")
    assert [(item["first"], item["sequence"], item["source"]) for item in copies] == [
        (0, 1, "a node"),
        (1, 2, "a node"),
        (2, 3, "a node"),
    ]


def test_a_watched_log_without_copies_has_none_to_give(watching: TestClient) -> None:
    assert watching.get(f"/v1/logs/{LOG}/entries").json() == {"items": [], "copies": True}


def test_a_third_city_takes_the_copies_of_the_second(
    three: City, watching: TestClient, tmp_path: Path
) -> None:
    """Tianmen is gone; Xiaogan asks Wuhan."""
    three.publish()
    wuhan = FakePeer("http://wuhan")
    wuhan.broken = lambda log, position: watching.get(f"/v1/logs/{log}/entries?position={position}").content
    xiaogan = KnownReplica(f"sqlite:///{tmp_path / 'xiaogan.db'}", three.knowledge)
    monitor = Monitor(xiaogan, {LOG: [], "wuhan": [wuhan]}, clock=lambda: three.now)
    assert monitor.step() == 3
    assert [copy.source_name for copy in EntryCopies(xiaogan.engine).list_page(LOG, 0, 10)] == [
        "http://wuhan"
    ] * 3
    xiaogan.close()


@pytest.mark.parametrize("statement", ["DROP TABLE published_entry", "DELETE FROM published_entry"])
def test_verification_does_without_the_copies(three: City, watching: TestClient, statement: str) -> None:
    """They say whether an entry was anchored before, and nothing else; where they are gone nobody has looked."""
    three.publish()
    proof = three.proof(identifier(SERIAL)).encode().decode()
    report = watching.post("/v1/verify", json={"proof": proof, "claims": CLAIMS}).json()
    assert (report["verdict"], report["entries"]) == ("valid", "checked")
    with three.replica.engine.begin() as connection:
        connection.execute(text(statement))
    report = watching.post("/v1/verify", json={"proof": proof, "claims": CLAIMS}).json()
    assert report["verdict"] == "valid"
    assert report["entries"] in ("not_checked", "partly_checked")


def test_a_replica_that_is_followed_anew_keeps_the_copies(three: City) -> None:
    three.publish()
    with three.replica.engine.begin() as connection:
        connection.execute(text("UPDATE state SET schema_number = 0"))
    three.replica.prepare(three.registry, _zero(three))
    with three.replica.reading() as reading:
        assert reading.cursor.event_number == 0
    assert len(EntryCopies(three.replica.engine).list_page(LOG, 0, 10)) == 3


def _zero(city: City) -> bytes:
    with city.replica.engine.connect() as connection:
        head_zero: bytes = connection.execute(text("SELECT head_zero FROM state")).scalar_one()
        return head_zero
