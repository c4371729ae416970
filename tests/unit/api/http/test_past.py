"""`POST /v1/status` and `shunzheng status`: what a status was on a day, from a replica."""

import importlib
import json
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient

from api.cli import main
from api.words import write_moment
from ledger.encoding import times
from ledger.encoding.canonical import Json, encode_canonical
from tests.unit.api.city import City, identifier
from tests.unit.api.desk import client_of

SERIAL: Final = "TM2022A0000000000001"
LICENCE: Final = identifier(SERIAL)
CLAIMS: Final[dict[str, Json]] = {"ZZMC": "营业执照"}
DAY: Final = 86_400


@pytest.fixture
def told(city: City, wuhan: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the proof of a licence that was revoked two days after it was registered; five days have passed."""
    monkeypatch.setattr("api.client.client.NodeClient", client_of(wuhan))
    city.submit(city.licence(SERIAL, CLAIMS))
    city.anchor()
    city.now += 2 * DAY
    city.submit(city.change("revoke", LICENCE))
    city.anchor()
    city.now += 3 * DAY
    city.submit(city.licence("TM2022A0000000000002", CLAIMS))
    city.anchor()
    path = tmp_path / "proof.json"
    path.write_bytes(city.proof(LICENCE).encode())
    return path


def day(city: City, before: int) -> str:
    return times.find_civil_date(city.now - before * DAY).isoformat()


def run(path: Path | str, at: str, *options: str) -> int:
    return main(["status", str(path), "--at", at, "--node", "http://wuhan.example", *options])


def test_the_day_of_a_change_has_two_ends(told: Path, city: City, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(told, day(city, 3), "--json") == 10
    ends = json.loads(capsys.readouterr().out)
    assert (ends["start"]["then"], ends["end"]["then"]) == ("in_force", "not_in_force")
    assert ends["start"]["until"] == ends["end"]["since"]
    assert ends["end"]["status"]["basis"] == "行政许可法 第七十条"


def test_a_suspension_of_five_hours_is_told(
    told: Path, city: City, wuhan: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    other = identifier("TM2022A0000000000002")
    city.now = times.find_day_bounds(times.find_civil_date(city.now + DAY))[0] + 2 * 3600
    for action in ("suspend", "resume"):
        city.submit(city.change(action, other))
        city.anchor()
        city.now += 5 * 3600 - 17
    city.now += DAY
    city.submit(city.licence("TM2022A0000000000003", CLAIMS))
    city.anchor()
    told.write_bytes(city.proof(other).encode())
    assert run(told, day(city, 1), "--lang", "zh") == 10
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "当日有 5 小时 0 分未处于有效状态"
    assert [line.split(" (")[0] for line in out if line.endswith(")")] == [
        "当时有效",
        "当时未处于有效状态",
        "当时有效",
    ]
    assert run(told, day(city, 1), "--lang", "en") == 10
    assert capsys.readouterr().out.startswith("Not in force for 5 h 0 min of that day\nIn force then (")
    answer = wuhan.post("/v1/status", json={"proof": told.read_text(), "at": day(city, 1)}).json()
    assert [past["reason"] for past in answer["during"]] == ["status_valid", "suspended", "status_valid"]


@pytest.mark.parametrize(
    ("before", "code", "said"),
    [
        (6, 13, "当时尚未登记"),
        (4, 0, "当时有效"),
        (2, 10, "当时未处于有效状态"),
        (-1, 12, "无法确认"),
    ],
    ids=["before", "in force", "revoked", "later than known"],
)
def test_other_days(
    before: int, code: int, said: str, told: Path, city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(told, day(city, before)) == code
    assert capsys.readouterr().out.startswith(said)


def test_a_moment_is_one_answer(told: Path, city: City, capsys: pytest.CaptureFixture[str]) -> None:
    at = times.format_time(city.now - 4 * DAY)
    assert run(told, at, "--lang", "en") == 0
    said = capsys.readouterr().out
    assert said.startswith(f"In force then ({write_moment(at, 'en')})\n  The status is valid")
    assert "changed by anchor 2" in said


def test_what_is_forged_has_no_status(told: Path, city: City, capsys: pytest.CaptureFixture[str]) -> None:
    proof = json.loads(told.read_text())
    proof["record"]["valid_until"] = "2099-01-01"
    told.write_text(json.dumps(proof))
    assert run(told, day(city, 4)) == 11
    assert capsys.readouterr().out.startswith("核验不通过")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"at": "2026-01-01"}, "proof-missing"),
        ({"proof": "SZ1:!", "at": "2026-01-01"}, "malformed-input"),
        ({"proof": {}, "at": "2026-01-01"}, "malformed-input"),
        ({"proof": None, "at": "2026-01-01"}, "malformed-input"),
        ({"proof": "{}", "at": "2026-01-01", "more": 1}, "malformed-request"),
    ],
    ids=["no proof", "no code", "no proof inside", "null", "more"],
)
def test_what_is_no_question(body: dict[str, Any], problem: str, wuhan: TestClient) -> None:
    answer = wuhan.post("/v1/status", json=body)
    assert (answer.status_code // 100, answer.json()["type"]) == (4, f"/problems/{problem}")


@pytest.mark.parametrize(
    "at", ["yesterday", "2026-1-1", "2026-02-30", "2026-01-01T00:00:00", 5, None], ids=str
)
def test_what_is_no_day(at: Json, wuhan: TestClient, told: Path) -> None:
    answer = wuhan.post("/v1/status", json={"proof": told.read_text(), "at": at})
    assert answer.status_code // 100 == 4


def test_a_snapshot_answers_where_there_is_no_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[4] / "docs" / "formats")
        worked = importlib.import_module("worked_example").build_example()
    for name, content in {
        "a.snapshot": worked.snapshot,
        "trust.json": encode_canonical(worked.trust.to_json()),
        "proof.json": worked.proof.encode(),
    }.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    offline = ["--snapshot", "a.snapshot", "--trust", "trust.json"]
    assert main(["status", "proof.json", "--at", "2022-03-28T09:00:20Z", *offline]) == 0
    assert "自锚定 1" in capsys.readouterr().out
    assert main(["status", "proof.json", "--at", "2022-03-28", *offline]) == 12
    assert [line for line in capsys.readouterr().out.splitlines() if line.endswith(")")] == [
        "当时尚未登记 (2022年3月28日 00:00:00 至 2022年3月28日 17:00:20)",
        "当时有效 (2022年3月28日 17:00:20 至 2022年3月28日 17:00:21)",
        "无法确认 (2022年3月28日 17:00:21 至 2022年3月28日 23:59:59)",
    ]
    assert main(["status", "proof.json", "--at", "2022-03-28", *offline[:2]]) == 1
    assert "--snapshot needs --trust" in capsys.readouterr().err
