"""Submissions over HTTP: a receipt, or one problem that names the rows."""

import errno
from collections import Counter
from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import event

from anchoring.intake import rows
from anchoring.intake.admission import Admission
from api import limits
from api.http.app import create_app
from api.http.bounds.uploads import Uploads
from api.node.sections import Intake
from ledger.encoding.canonical import Json
from ledger.records.submissions import Statement, decode_statement
from tests.unit.api.city import LOG, City, identifier

FIRST, SECOND = "TM2022A0000000000001", "TM2022A0000000000002"
CLAIMS = {"ZZMC": "营业执照", "CZZT": "张三"}


def post(node: TestClient, content: bytes, content_type: str = "application/x-ndjson") -> Response:
    answer: Response = node.post("/v1/submissions", content=content, headers={"Content-Type": content_type})
    return answer


def admitted(sent: bytes) -> Admission:
    """Return what a submission's first line is when it is admitted."""
    return Admission(*rows.read_statement(sent.partition(b"\n")[0]))


def kept(node: TestClient) -> int:
    """Return how many positions the log has promised."""
    items = node.get(f"/v1/logs/{LOG}/entries").json()["items"]
    return sum(item["entry"]["statement"]["count"] for item in items)


def test_a_receipt_and_the_way_to_final(city: City, tianmen: TestClient) -> None:
    sent = city.draft(city.licence(FIRST, CLAIMS), city.licence(SECOND, CLAIMS))
    answer = post(tianmen, sent)
    assert answer.status_code == 201
    receipt = answer.json()
    assert (receipt["log"], receipt["count"], receipt["first"]) == (LOG, 2, 0)
    where = f"/v1/submissions/{receipt['id']}"
    assert tianmen.get(where).json()["state"] == "accepted"
    city.anchor()
    submission = tianmen.get(where).json()
    assert (submission["state"], submission["sequence"]) == ("final", 1)


def test_each_thing_is_asked_once_and_the_root_again_where_it_is_written(
    city: City, tianmen: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submission may have arrived twice at the same time, so its root is looked up again while the register is held."""
    asked: Counter[str] = Counter()
    key = type(city.key.public)

    def parsed(value: Json) -> Statement:
        asked["parsed"] += 1
        return decode_statement(value)

    def verified(self: Any, message: bytes, signature: bytes, check: Any = key.verify) -> bool:
        asked["verified"] += 1
        return bool(check(self, message, signature))

    def looked_up(*query: Any) -> None:
        asked["looked up"] += "WHERE submission.root = " in query[2]

    sent = city.draft(city.licence(FIRST, CLAIMS))
    monkeypatch.setattr(rows, "decode_statement", parsed)
    monkeypatch.setattr(key, "verify", verified)
    event.listen(tianmen.app.state.node.register.engine, "before_cursor_execute", looked_up)  # type: ignore[attr-defined]
    answer = post(tianmen, sent)
    assert (answer.status_code, asked) == (201, {"parsed": 1, "verified": 1, "looked up": 2})
    asked.clear()
    assert post(tianmen, sent).status_code == 200
    assert asked == {"parsed": 1, "looked up": 1}
    asked.clear()
    assert tianmen.get(f"/v1/submissions/{answer.json()['id']}").status_code == 200
    assert asked == {"looked up": 1}


def test_sent_again_it_gets_the_same_receipt_with_200(city: City, tianmen: TestClient) -> None:
    sent = city.draft(city.licence(FIRST, CLAIMS))
    first = post(tianmen, sent)
    city.now += 3600
    again = post(tianmen, sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() | {"warnings": []}
    assert kept(tianmen) == 1


def test_a_published_statement_opens_nothing(
    city: City, tianmen: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: the public first line of a submission, and anything behind it; it is answered, and the rest not read."""
    sent = city.draft(city.licence(FIRST, CLAIMS))
    receipt = post(tianmen, sent).json()
    monkeypatch.setattr(Uploads, "take_place", None)
    answer = post(tianmen, sent.partition(b"\n")[0] + b"\n" + b"x" * 2**20)
    assert (answer.status_code, answer.json()["id"]) == (200, receipt["id"])
    assert answer.headers["connection"] == "close"


def test_a_revocation_finds_a_place_when_all_are_taken(city: City, narrow: TestClient) -> None:
    """Attack: as many uploads under way as there are places."""
    sent = city.draft(city.licence(FIRST, CLAIMS))
    assert post(narrow, sent).status_code == 201
    node = narrow.app.state.node  # type: ignore[attr-defined]
    with node.uploads.take_place(admitted(sent)):
        assert post(narrow, city.draft(city.change("revoke", identifier(FIRST)))).status_code == 201


def test_warnings_are_for_the_sender_alone(city: City, tianmen: TestClient) -> None:
    """A backfilled record with an odd identifier is let pass with a warning that quotes it; the entry is public."""
    odd = identifier(FIRST)[:-1] + "Z"
    sent = city.draft(city.licence(FIRST, CLAIMS, identifier=odd, issued="2014-05-06"))
    first = post(tianmen, sent)
    assert odd in first.json()["warnings"][0]["message"]
    public = sent.split(b"\n")[0]
    for answer in (post(tianmen, public), tianmen.get(f"/v1/submissions/{first.json()['id']}")):
        assert answer.status_code == 200
        assert odd not in answer.text


def test_a_refusal_names_rows_and_keeps_nothing(city: City, tianmen: TestClient) -> None:
    lines = city.draft(*(city.licence(f"TM2022A{number:013d}", CLAIMS) for number in range(5))).split(b"\n")
    lines[2] = lines[2].replace("营业执照".encode(), "营业执昭".encode())
    lines[4] = b"{"
    answer = post(tianmen, b"\n".join(lines))
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "/problems/rows-refused"
    assert [row["row"] for row in problem["rows"]] == [3, 5]
    assert "张三" not in answer.text
    assert kept(tianmen) == 0


FAULTS: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "nothing": (lambda sent: b"", 422, "malformed-statement"),
    "not UTF-8": (lambda sent: b"\xff\n" + sent, 422, "malformed-statement"),
    "no statement": (lambda sent: sent.split(b"\n", 1)[1], 422, "malformed-statement"),
    "nesting": (lambda sent: b"[" * 100_000, 422, "malformed-statement"),
    "a long first line": (lambda sent: b" " * 400_000 + sent, 422, "malformed-statement"),
    "a long row": (lambda sent: sent.replace(b"}\n", b"}\n" + b"x" * 400_000, 1), 422, "row-too-long"),
    "too few": (lambda sent: sent.split(b"\n", 1)[0], 422, "wrong-count"),
    "too many": (lambda sent: sent + sent.split(b"\n", 1)[1], 422, "wrong-count"),
    "another count": (lambda sent: sent.replace(b'"count":1', b'"count":2'), 403, "bad-signature"),
    "another log": (lambda sent: sent.replace(b'"log":"tianmen"', b'"log":"wuhan"'), 422, "other-log"),
    "a newer format": (lambda sent: sent.replace(b"submission/2", b"submission/3"), 422, "newer-format"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_problem(city: City, tianmen: TestClient, name: str) -> None:
    change, status, slug = FAULTS[name]
    answer = post(tianmen, change(city.draft(city.licence(FIRST, CLAIMS))))
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert kept(tianmen) == 0


def test_other_content_types_are_refused(city: City, tianmen: TestClient) -> None:
    for content_type in ("", "application/json", "text/plain"):
        answer = post(tianmen, city.draft(city.licence(FIRST, CLAIMS)), content_type)
        assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-media-type")


def test_the_body_is_limited(tianmen: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SUBMISSION_BYTES", 1000)
    answer = tianmen.post(
        "/v1/submissions", content=iter([b" " * 600] * 2), headers={"Content-Type": "application/x-ndjson"}
    )
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")


def test_a_node_that_issues_nothing_says_so(city: City, wuhan: TestClient) -> None:
    answers = [
        post(wuhan, city.draft(city.licence(FIRST, CLAIMS))),
        wuhan.get("/v1/submissions/" + "00" * 32),
        wuhan.get(f"/v1/certificates/{identifier(FIRST)}/proof"),
        wuhan.get(f"/v1/certificates/{identifier(FIRST)}/history"),
        wuhan.get("/v1/records/" + "00" * 32 + "/proof"),
    ]
    assert {(answer.status_code, answer.json()["type"]) for answer in answers} == {
        (404, "/problems/issues-nothing")
    }


@pytest.mark.parametrize("id", ["00" * 32, "xyz", "", "../../etc/passwd", "%00", "顺"])
def test_an_unknown_submission_is_not_found(tianmen: TestClient, id: str) -> None:
    answer = tianmen.get(f"/v1/submissions/{id}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.fixture
def narrow(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Return a node where two records may wait."""
    monkeypatch.setattr("anchoring.intake.backlog._MEASURE_SECONDS", 0)
    settings = city.settings.model_copy(update={"intake": Intake(waiting_records=2, uploads=1)})
    with TestClient(create_app(settings, city.clock)) as client:
        yield client


def test_past_the_limit_a_node_says_when_to_come_again(city: City, narrow: TestClient) -> None:
    first = city.draft(city.licence(FIRST, CLAIMS), city.licence(SECOND, CLAIMS))
    second = city.draft(city.licence("TM2022A0000000000003", CLAIMS))
    assert post(narrow, first).status_code == 201
    refused = post(narrow, second)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-much-waiting")
    assert 1 <= int(refused.headers["retry-after"]) <= 300
    assert post(narrow, first).status_code == 200, "a receipt is given again"
    assert post(narrow, city.draft(city.change("revoke", identifier(FIRST)))).status_code == 201
    city.anchor()
    assert post(narrow, second).status_code == 201


def test_so_many_submissions_are_taken_in_at_once(city: City, narrow: TestClient) -> None:
    sent = city.draft(city.licence(FIRST, CLAIMS))
    node = narrow.app.state.node  # type: ignore[attr-defined]
    with node.uploads.take_place(admitted(sent)):
        refused = post(narrow, sent)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-much-waiting"), (
        "it is small, and no change"
    )
    assert refused.headers["retry-after"] == "3"
    for _ in range(3):
        assert post(narrow, b"{}").status_code == 422
    assert post(narrow, sent).status_code == 201, "what failed does not count on"


@pytest.mark.parametrize("place", ["api.http.bounds.spooling", "anchoring.intake.intake.tempfile"])
def test_a_full_disk_is_said_and_nothing_is_kept(
    city: City, tianmen: TestClient, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    class Full(SpooledTemporaryFile[bytes]):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device", "/spool/personal")

    sent = city.draft(city.licence(FIRST, CLAIMS))
    with monkeypatch.context() as patch:
        patch.setattr(f"{place}.SpooledTemporaryFile", Full)
        answer = post(tianmen, sent)
    assert (answer.status_code, answer.json()["type"]) == (507, "/problems/no-space")
    assert "personal" not in answer.text
    assert answer.headers["retry-after"] == "300"
    assert kept(tianmen) == 0
    assert post(tianmen, sent).status_code == 201
