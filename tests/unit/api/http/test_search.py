"""Whoever searches says why, and leaves a look at every certificate that was shown."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from anchoring.register.access.looks import Look, list_looks
from anchoring.register.search.terms import Sort, make_term
from anchoring.register.tables import TERM
from tests.unit.api.city import City, identifier
from tests.unit.api.http.test_certificates import bearer

FIRST, SECOND = (identifier(f"TM2022A000000000000{number}") for number in (1, 2))
HOLDER = "429006199001010012"
DOCUMENT = b"a document"
REASON = "信访 2026-17"


@pytest.fixture
def registered_city(city: City) -> City:
    claims = {"ZZMC": "营业执照", "CZZT": "张三", "CZZTDM": HOLDER}
    city.submit(
        city.licence("TM2022A0000000000001", claims | {"ZZBH": "JY-000001"}, DOCUMENT, issued="2026-11-20"),
        city.licence("TM2022A0000000000002", claims | {"ZZBH": "JY-000002"}, issued="2026-11-21"),
    )
    city.anchor()
    city.submit(city.change("suspend", SECOND))
    return city


def ask(node: TestClient, city: City, path: str, **question: Any) -> Any:
    body = {"reason": REASON} | question
    return node.post(f"/v1/{path}", json=body, headers=bearer(city.token("search")))


def looks(city: City) -> list[Look]:
    with city.register.reading() as connection:
        return list(list_looks(connection))


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"holder": "张三"}, [FIRST, SECOND]),
        ({"holder": " 张 三"}, [FIRST, SECOND]),
        ({"holder": HOLDER}, [FIRST, SECOND]),
        ({"number": "jy-000002"}, [SECOND]),
        ({"number": "JY\uff0d000001"}, [FIRST]),
        ({"number": HOLDER}, []),
        ({"holder": "张"}, []),
        ({"holder": "' OR 1=1 --"}, []),
    ],
)
def test_a_number_or_a_holder_is_found_however_it_is_spelled(
    registered_city: City, tianmen: TestClient, question: dict[str, str], found: list[str]
) -> None:
    answer = ask(tianmen, registered_city, "certificates/find", **question)
    assert answer.status_code == 200
    assert sorted(item["identifier"] for item in answer.json()["items"]) == found
    assert sorted(look.identifier for look in looks(registered_city)) == (found or [""])
    assert {(look.purpose, look.reason) for look in looks(registered_city)} == {("search", REASON)}


def test_a_document_is_found_by_its_digest(registered_city: City, tianmen: TestClient) -> None:
    suite = registered_city.department.target.suite
    digest = suite.format(suite.hash(DOCUMENT))
    answer = ask(tianmen, registered_city, "certificates/find", document=digest).json()
    assert [(item["identifier"], item["number"], item["status"]) for item in answer["items"]] == [
        (FIRST, "JY-****01", "valid")
    ]


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ({"holder": "张三"}, ["JY-****01", "JY-****02"]),
        ({"holder": HOLDER}, ["JY-****01", "JY-****02"]),
        ({"number": "jy-000001"}, ["JY-000001"]),
    ],
)
def test_a_number_is_shown_whole_to_who_named_it(
    registered_city: City, tianmen: TestClient, question: dict[str, str], numbers: list[str]
) -> None:
    """On the card of a person it is the person's own number, which the name alone must not lead to."""
    answer = ask(tianmen, registered_city, "certificates/find", **question).json()
    assert sorted(item["number"] for item in answer["items"]) == numbers


def test_the_number_of_a_body_is_shown_whole(registered_city: City, tianmen: TestClient) -> None:
    claims = {"ZZMC": "营业执照", "CZZT": "天门示例店", "CZZTDM": "92429006EXAMPLE034", "ZZBH": "JY-000003"}
    registered_city.submit(registered_city.licence("TM2022A0000000000003", claims))
    answer = ask(tianmen, registered_city, "certificates/find", holder="天门示例店").json()
    assert [item["number"] for item in answer["items"]] == ["JY-000003"]


@pytest.mark.parametrize("path", ["certificates/find", "search", "figures"])
def test_no_other_scope_opens_a_search(registered_city: City, tianmen: TestClient, path: str) -> None:
    token = registered_city.token("history", "claims", "proofs", "erase")
    body = {"reason": REASON, "holder": "张三"}
    assert tianmen.post(f"/v1/{path}", json=body, headers=bearer(token)).status_code == 403
    assert tianmen.post(f"/v1/{path}", json=body).status_code == 401
    assert [look.outcome for look in looks(registered_city)] == ["scope-missing"]


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("certificates/find", {"reason": "", "holder": "张三"}),
        ("certificates/find", {"reason": " \u3000", "holder": "张三"}),
        ("certificates/find", {"holder": "张三", "number": "1"}),
        ("certificates/find", {}),
        ("certificates/find", {"document": "sm3:zz"}),
        ("search", {"state": "gone"}),
        ("search", {"key": "0x00"}),
        ("search", {"night": [25, 1]}),
        ("search", {"limit": 0}),
        ("search", {"since": "yesterday"}),
        ("figures", {"unknown": 1}),
    ],
)
def test_a_question_without_a_reason_or_sense_is_refused(
    registered_city: City, tianmen: TestClient, path: str, question: dict[str, Any]
) -> None:
    assert ask(tianmen, registered_city, path, **question).status_code == 422
    assert looks(registered_city) == []


def test_records_are_listed_by_what_they_state(registered_city: City, tianmen: TestClient) -> None:
    city, key = registered_city, "0x" + registered_city.key.public.id.hex()

    def acts(**criteria: Any) -> list[tuple[str, str]]:
        answer = ask(tianmen, city, "search", **criteria).json()
        return sorted((item["action"], item["identifier"]) for item in answer["items"])

    everything = [("issue", FIRST), ("issue", SECOND), ("suspend", SECOND)]
    assert acts() == acts(key=key) == everything
    assert acts(state="suspended") == everything[1:]
    assert acts(until="2026-11-20") == everything[:1]
    assert acts(since="2026-11-21") == everything[1:2]
    assert acts(action="suspend") == acts(basis="第七十条") == acts(within_day=True) == everything[2:]
    assert acts(holder="张三") == everything[:2]
    assert acts(key="0x" + "00" * 32) == acts(type="x") == acts(issuer="x") == acts(basis="%") == []
    assert len({look.identifier for look in looks(city)}) == 3  # one of them names nobody


def test_pages_lead_on(registered_city: City, tianmen: TestClient) -> None:
    first = ask(tianmen, registered_city, "search", limit=2).json()
    assert len(first["items"]) == 2
    second = ask(tianmen, registered_city, "search", limit=2, position=first["next"]).json()
    assert [item["action"] for item in second["items"]] == ["suspend"]
    assert "next" not in second


def test_a_term_that_two_values_share_ends_no_page(registered_city: City, tianmen: TestClient) -> None:
    registered_city.submit(registered_city.licence("TM2022A0000000000003", {"CZZT": "李四"}))
    with registered_city.register.writing() as connection:
        connection.execute(insert(TERM), [{"term": make_term(Sort.HOLDER, "李四"), "position": 0}])
    answer = ask(tianmen, registered_city, "search", holder="李四", limit=1).json()
    assert [item["identifier"] for item in answer["items"]] == [identifier("TM2022A0000000000003")]


def test_hours_are_those_of_a_clock_in_china(registered_city: City, tianmen: TestClient) -> None:
    accepted = ask(tianmen, registered_city, "search").json()["items"][0]["accepted"]
    hour = (int(accepted[11:13]) + 8) % 24
    inside, outside = [hour, hour + 1], [(hour + 2) % 24, hour]
    assert ask(tianmen, registered_city, "search", night=inside).json()["items"]
    assert not ask(tianmen, registered_city, "search", night=outside).json()["items"]


def test_figures_are_counted_by_month_type_issuer_and_act(registered_city: City, tianmen: TestClient) -> None:
    items = ask(tianmen, registered_city, "figures").json()["items"]
    assert sorted((item["action"], item["count"]) for item in items) == [("issue", 2), ("suspend", 1)]
    assert {item["month"] for item in items} == {"2026-11"}
    assert [(look.purpose, look.identifier) for look in looks(registered_city)] == [("figures", "")]
