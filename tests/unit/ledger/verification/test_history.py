"""The history of a certificate.

Complete, and the same as what the chain tells, or a finding says what is wrong.
"""

from ledger.registry.status import Status
from ledger.verification.completeness import CompletenessFinding
from ledger.verification.history import JudgedHistory, PlacedRecord, judge_history
from tests.scenes import City, Item, scene


def recorded(city: City, *items: Item) -> list[PlacedRecord]:
    trust, records = city.registry.knowledge, []
    for item in items:
        place = city.places.get(item.leaf)
        anchor = trust.find_anchor(city.name, place.sequence) if place else None
        records.append(PlacedRecord(item.record, item.leaf, place.position if place else None, anchor))
    return records


def lived() -> tuple[City, list[Item]]:
    """A licence that was suspended, resumed and renewed, and its renewal revoked."""
    city, (licence, *_) = scene()
    items = [licence]
    for action in ("suspend", "resume", "renew"):
        items.append(city.follow(action, licence))
        city.register(items[-1])
    items.append(city.follow("revoke", items[-1]))
    city.register(items[-1])
    return city, items


def of(city: City, records: list[PlacedRecord]) -> JudgedHistory:
    return judge_history(records, city.registry.knowledge, city.name)


def reasons(history: JudgedHistory) -> list[str]:
    return [finding.reason for finding in history.findings]


def test_a_complete_history_has_no_findings() -> None:
    city, items = lived()
    told = of(city, recorded(city, *reversed(items)))
    assert [entry.record.action for entry in told.records] == [
        "issue",
        "suspend",
        "resume",
        "renew",
        "revoke",
    ]
    assert told.status is Status.REVOKED
    assert told.findings == ()


def test_a_record_that_is_not_anchored_yet_has_no_effect_yet() -> None:
    city, items = lived()
    reinstated = city.follow("reinstate", items[-2])
    told = of(city, [*recorded(city, *items), PlacedRecord(reinstated.record, reinstated.leaf)])
    assert told.status is Status.REINSTATED
    assert told.findings == ()


def test_a_missing_record_is_found() -> None:
    city, items = lived()
    told = of(city, recorded(city, *items[:2], *items[3:]))
    assert reasons(told) == ["record_missing"]


def test_a_doubled_record_is_found() -> None:
    city, items = lived()
    twin = city.follow("suspend", items[0], previous=items[0].leaf)
    told = of(city, recorded(city, *items, twin))
    assert reasons(told) == ["record_missing"]


def test_an_impossible_record_is_found() -> None:
    city, items = lived()
    again = city.follow("revoke", items[3], previous=items[-1].leaf)
    told = of(city, [*recorded(city, *items), PlacedRecord(again.record, again.leaf)])
    assert reasons(told) == ["transition_refused"]
    assert told.status is Status.REVOKED


def test_a_status_that_no_record_explains_is_found() -> None:
    city, items = lived()
    renewal = items[3]
    city.anchor(changes=[(city.position(renewal), Status.REINSTATED)])
    told = of(city, recorded(city, *items))
    assert told.findings == (
        CompletenessFinding("word_unexplained", f"position {city.position(renewal)}, anchor {city.sequence}"),
    )


def test_a_record_without_its_status_is_found() -> None:
    city, (licence, *_) = scene()
    revocation = city.follow("revoke", licence)
    city.anchor(city.submit(revocation))
    told = of(city, recorded(city, licence, revocation))
    assert told.findings == (
        CompletenessFinding("word_missing", f"position {city.position(licence)}, anchor {city.sequence}"),
    )


def test_contradictory_statuses_are_found() -> None:
    city, (licence, *_) = scene()
    for status in (Status.REVOKED, Status.VALID):
        city.anchor(changes=[(city.position(licence), status)])
    told = of(city, recorded(city, licence))
    assert "status_contradictory" in reasons(told)


def test_nothing_and_nowhere() -> None:
    city, items = lived()
    assert of(city, []) == JudgedHistory((), None, ())
    elsewhere = judge_history(recorded(city, *items), city.registry.knowledge, "nowhere")
    assert reasons(elsewhere) == ["log_unknown"]
