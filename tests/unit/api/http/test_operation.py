"""The state of a node, told to people and to machines."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from anchoring.anchorer.lease import Lease
from anchoring.errors import ChainUnavailable, DatabaseUnavailable, EndpointsDisagree
from anchoring.processes.board import VARIABLE, Board
from anchoring.processes.condition import Reporter
from anchoring.processes.measures import ANCHORS_LEFT, BALANCE, CHAIN_CLOCK_LEAD, write_measures
from anchoring.register.access.tokens import create_token
from api.http.app import create_app
from api.http.metrics import render
from api.http.schemas.operation import LogStateShape, ProcessShape, ReadyShape
from ledger.registry.acts import Anchored
from tests.unit.api.city import LOG, City, draws

CLAIMS = {"ZZMC": "营业执照"}
EXPOSITION = re.compile(
    r'(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="([^"\\\n]|\\[\\"n])*"(,[a-z]+="([^"\\\n]|\\[\\"n])*")*\})? -?\d+)\n'
)


def reporter(city: City, name: str) -> Reporter:
    return Reporter(city.replica.engine, name, city.clock)


def report(city: City, *names: str) -> None:
    """Let the processes of a node say that they live."""
    for name in names or ("follower", "anchorer", "monitor"):
        reporter(city, name).tell()


def test_a_part_that_did_not_come_up_or_dies_makes_the_node_not_ready(
    city: City, tianmen: TestClient
) -> None:
    report(city, "follower", "monitor")
    answer = tianmen.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the anchorer has not reported yet")
    report(city)
    assert tianmen.get("/readyz").status_code == 200
    city.now += 300
    report(city, "follower", "anchorer")
    answer = tianmen.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the monitor was last heard of 300 s ago: see its log"


def test_a_part_that_keeps_dying_makes_the_node_not_ready_however_young_its_report(
    city: City, tianmen: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board()
    report(city)
    monkeypatch.setenv(VARIABLE, str(board.descriptor))
    assert tianmen.get("/readyz").status_code == 200
    board.write(["anchorer", "monitor"])
    answer = tianmen.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the anchorer keeps dying: see its log")


def test_a_trust_list_that_is_lost_makes_the_node_not_ready(city: City, tmp_path: Path) -> None:
    report(city)
    settings = city.settings.model_copy(update={"trust_list": tmp_path / "secret-place" / "list.json"})
    with TestClient(create_app(settings, city.clock)) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "trust list" in answer.json()["detail"]
    assert "secret-place" not in answer.text


def test_tokens_are_named_before_they_end(city: City, tianmen: TestClient) -> None:
    with city.register.writing() as connection:
        for label, end in {
            "over": city.now,
            "soon": city.now + 86_400,
            "later": city.now + 8 * 86_400,
        }.items():
            create_token(connection, draws(label), label=label, scopes=["proofs"], now=city.now, ends_at=end)
    city.token("proofs")
    issuing = tianmen.get("/readyz").json()["issuing"]
    told = [issuing[name] for name in ("tokens_ending", "token_left", "tokens_without_end")]
    assert told == [1, 86_400, 1]
    figures = tianmen.get("/metrics").text
    assert f'shunzheng_token_left_seconds{{log="{LOG}"}} 86400\n' in figures
    assert f'shunzheng_tokens_ending{{log="{LOG}"}} 1\n' in figures


def test_a_node_is_not_ready_until_its_follower_has_caught_up_once(city: City, wuhan: TestClient) -> None:
    city.forget_having_caught_up()
    report(city, "monitor")
    answer = wuhan.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the follower has not reported yet")
    reporter(city, "follower").tell(activity="following", progress=(2_000, 40_000))
    answer = wuhan.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "following: 2,000 of 40,000 events")
    city.catch_up()
    assert wuhan.get("/readyz").status_code == 200
    reporter(city, "follower").tell(activity="following", progress=(40_000, 40_007))
    assert wuhan.get("/readyz").status_code == 200, "a restart does not make it forget"


def test_a_node_that_is_cut_off_stays_ready_and_says_since_when(city: City, wuhan: TestClient) -> None:
    follower = reporter(city, "follower")
    follower.tell(ChainUnavailable("no answer"))
    city.now += 3_000
    follower.tell(ChainUnavailable("still no answer from 10.1.2.3"))
    report(city, "monitor")
    answer = wuhan.get("/readyz")
    assert (answer.status_code, answer.json()["lagging"]) == (200, True)
    [said, _] = answer.json()["processes"]
    assert (said["error"], said["kind"], said["failing"]) == (
        "the chain does not answer",
        "ChainUnavailable",
        3_000,
    )
    follower.tell()
    [said, _] = wuhan.get("/readyz").json()["processes"]
    assert "error" not in said


def test_what_a_database_says_of_machines_and_users_is_not_repeated(city: City, wuhan: TestClient) -> None:
    reporter(city, "anchorer").tell(DatabaseUnavailable("connection to server at 10.1.2.3 failed for user x"))
    answer = wuhan.get("/readyz")
    assert answer.json()["processes"][0]["error"] == "a database does not answer"
    assert "10.1.2.3" not in answer.text


def test_a_process_that_is_not_heard_of_shows(city: City, wuhan: TestClient) -> None:
    reporter(city, "anchorer").tell()
    city.now += 70
    [said] = wuhan.get("/readyz").json()["processes"]
    assert (said["name"], said["seen"]) == ("anchorer", 70)


def test_endpoints_that_disagree_are_named(city: City, wuhan: TestClient) -> None:
    error = EndpointsDisagree(77, ("endpoint 1", b"\1" * 32), ("endpoint 2", b"\2" * 32))
    follower = reporter(city, "follower")
    follower.tell(error)
    said = wuhan.get("/readyz").json()["disagreement"]
    assert "block 77" in said
    assert "endpoint 1" in said
    assert "endpoint 2" in said
    assert "shunzheng_endpoints_disagree 1\n" in wuhan.get("/metrics").text
    follower.tell()
    assert "disagreement" not in wuhan.get("/readyz").json()


def test_what_waits_and_who_anchors_shows(city: City, tianmen: TestClient) -> None:
    city.submit(city.licence("TM2022A0000000000001", CLAIMS))
    city.anchor()
    city.submit(city.licence("TM2022A0000000000002", CLAIMS))
    lease = Lease(city.register, LOG, 'node "1"\n')
    lease.renew(0)
    city.now += 60
    issuing = tianmen.get("/readyz").json()["issuing"]
    assert (issuing["waiting_records"], issuing["oldest_waiting"]) == (1, 60)
    assert issuing["lease_holder"] == "another machine"
    assert issuing["promise_left"] == city.settings.promise_seconds - 60
    assert "open_batch" not in issuing
    city.freeze()
    city.now += 30
    issuing = tianmen.get("/readyz").json()["issuing"]
    assert (issuing["open_batch"], issuing["open_batch_state"], issuing["open_batch_age"]) == (
        2,
        "frozen",
        30,
    )
    text = tianmen.get("/metrics").text
    assert f'shunzheng_waiting_records{{log="{LOG}"}} 1\n' in text
    assert f'shunzheng_lease_held{{log="{LOG}",holder="another machine"}} 1\n' in text
    lease.release()
    assert "lease_holder" not in tianmen.get("/readyz").json()["issuing"]


def test_a_register_that_lacks_batches_says_which(city: City, tianmen: TestClient) -> None:
    for number in (1, 2, 3):
        city.submit(city.licence(f"TM2022A{number:013d}", CLAIMS))
        city.anchor()
    settings = city.settings.model_copy(
        update={"register_url": f"sqlite:///{city.settings.directory / 'restored.db'}"}
    )
    with TestClient(create_app(settings, city.clock)) as restored:
        assert restored.get("/readyz").json()["issuing"]["missing_batches"] == [1, 3]
        assert f'shunzheng_missing_batches{{log="{LOG}"}} 3\n' in restored.get("/metrics").text
    assert "missing_batches" not in tianmen.get("/readyz").json()["issuing"]


def test_every_log_shows_with_the_age_of_its_last_anchor(city: City, wuhan: TestClient) -> None:
    city.submit(city.licence("TM2022A0000000000001", CLAIMS))
    city.anchor()
    city.now += 500
    [log] = wuhan.get("/readyz").json()["logs"]
    assert (log["log"], log["sequence"], log["size"], log["anchor_age"], log["void_anchors"]) == (
        LOG,
        1,
        1,
        500,
        0,
    )


def test_a_void_anchor_is_counted(city: City, wuhan: TestClient) -> None:
    city.act(Anchored(LOG, 1, 1, bytes(31) + b"1", bytes(31) + b"2", b""))
    [log] = wuhan.get("/readyz").json()["logs"]
    assert log["void_anchors"] == 1
    assert f'shunzheng_log_void_anchors{{log="{LOG}"}} 1\n' in wuhan.get("/metrics").text


@pytest.mark.parametrize("name", ["x", 'a"b', "a\\b", "a\nb", "}", "日志"])
def test_labels_are_escaped(name: str) -> None:
    text = render(
        ReadyShape(
            ready=True,
            processes=[ProcessShape(name=name, seen=1, error="x", kind=name, failing=2)],
            logs=[LogStateShape(log=name, sequence=1, size=2, void_anchors=0, entries={name: 3})],
        )
    )
    assert "".join(match[0] for match in EXPOSITION.finditer(text)) == text
    assert len(text.splitlines()) > 10


def test_the_figures_to_watch_are_those_that_a_node_gives(city: City, tianmen: TestClient) -> None:
    city.submit(city.licence("TM2022A0000000000001", CLAIMS))
    city.anchor()
    city.submit(city.licence("TM2022A0000000000002", CLAIMS))
    reporter(city, "follower").tell(ChainUnavailable("no answer"))
    write_measures(
        city.replica.engine, dict.fromkeys((CHAIN_CLOCK_LEAD, BALANCE, ANCHORS_LEFT), 1), int(city.clock())
    )
    page = (Path(__file__).parents[4] / "docs" / "operations.md").read_text(encoding="utf-8")
    watched = set(re.findall(r"`(shunzheng_[a-z_]+)`", page))
    metrics = set(re.findall(r"^(shunzheng_[a-z_]+)", tianmen.get("/metrics").text, re.MULTILINE))
    assert len(watched) >= 12
    assert watched <= metrics
