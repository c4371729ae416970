"""What a status was at a moment of the past, shown by anchors.

And what cannot be said of it.
"""

from dataclasses import replace
from datetime import date

import pytest

from ledger.encoding import times
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof
from ledger.registry import acts, changes
from ledger.registry.knowledge import Knowledge
from ledger.verification.past import MAX_STRETCHES, PastStanding, PastStatus, judge_past, judge_past_span
from ledger.verification.verify import Policy, PresentedContent, verify
from tests.scenes import DAY, START, City, Item, Registry, scene

LIFE = ("suspend", "resume", "revoke", "reinstate", "cancel")


def told() -> tuple[City, Item, Proof, list[int]]:
    """A licence with a long life, the proof of everything, and the moment of each change, the first its anchor's."""
    city, items = scene()
    licence, moments, changes = items[1], [city.registry.now], []
    for action in LIFE:
        city.registry.wait(10 * DAY)
        changes.append(city.follow(action, licence))
        city.register(changes[-1])
        moments.append(city.registry.now)
    return city, licence, city.proof(licence, *changes), moments


def at(city: City, proof: Proof, moment: int) -> PastStatus:
    return judge_past(proof, city.registry.knowledge, moment)


def test_each_moment_has_the_status_that_was_anchored_by_then() -> None:
    city, _, proof, moments = told()
    expected = [
        (PastStanding.IN_FORCE, "status_valid"),
        (PastStanding.NOT_IN_FORCE, "suspended"),
        (PastStanding.IN_FORCE, "status_valid"),
        (PastStanding.NOT_IN_FORCE, "revoked"),
        (PastStanding.IN_FORCE, "status_reinstated"),
        (PastStanding.NOT_IN_FORCE, "cancelled"),
    ]
    for index, (moment, then) in enumerate(zip(moments, expected, strict=True)):
        past = at(city, proof, moment)
        assert (past.standing, past.reason) == then
        assert past.since_anchor
        assert past.known_anchor
        assert (past.since_anchor.time, past.known_anchor.time) == (moment, moment)
        assert (past.until_anchor.time if past.until_anchor else None) == dict(enumerate(moments)).get(
            index + 1
        )
        if index + 1 < len(moments):
            later = at(city, proof, moments[index + 1] - 1)
            assert (later.standing, later.reason, later.since_anchor, later.until_anchor) == (
                *then,
                past.since_anchor,
                past.until_anchor,
            )


def test_the_anchors_that_bound_it_are_named() -> None:
    city, _, proof, moments = told()
    body = at(city, proof, moments[3] + 1).to_json()
    assert body["then"] == "not_in_force"
    assert body["reason_words"] == {"zh": "已撤销", "en": "Revoked"}
    since, until = body["since"], body["until"]
    assert isinstance(since, dict)
    assert isinstance(until, dict)
    anchor = city.registry.knowledge.find_anchor(city.name, city.sequence - 2)
    assert anchor
    assert (
        since
        == body["known"]
        == {
            "sequence": anchor.sequence,
            "n": anchor.event_number,
            "block": anchor.block_number,
            "time": times.format_time(anchor.time),
        }
    )
    assert until["sequence"] == anchor.sequence + 1


def test_before_its_anchor_nothing_was_registered() -> None:
    city, _, proof, moments = told()
    past = at(city, proof, moments[0] - 1)
    assert (past.standing, past.reason, past.status) == (
        PastStanding.NOT_REGISTERED,
        "not_registered_yet",
        None,
    )
    assert past.to_json()["then"] == "not_registered"


def test_after_the_newest_anchor_nothing_can_be_said() -> None:
    city, _, proof, moments = told()
    past = at(city, proof, moments[-1] + 1)
    assert (past.standing, past.reason, past.newest_anchored_at) == (
        PastStanding.UNKNOWN,
        "later_than_known",
        moments[-1],
    )
    city.registry.wait(DAY)  # blocks alone say nothing of this log
    assert at(city, proof, moments[-1] + 1).standing is PastStanding.UNKNOWN
    city.anchor()
    assert at(city, proof, moments[-1] + 1).reason == "cancelled"


def test_a_void_anchor_sets_and_ends_nothing() -> None:
    city, _, proof, _ = told()
    before = city.registry.now
    city.registry.wait(DAY)
    city.anchor(status_root=b"\x01" * 32)
    assert at(city, proof, before + 1).reason == "later_than_known"
    city.registry.wait(DAY)
    city.anchor()
    assert at(city, proof, before + DAY + 5).reason == "cancelled"


def test_it_is_what_a_verification_said_then() -> None:
    """The trust as of each anchor is the knowledge of somebody who had read no further."""
    city, _, proof, _ = told()
    registry = city.registry
    earlier = Knowledge(registry.name, registry.head_zero)
    checked = 0
    for event in registry.events:
        earlier.apply(event)
        anchor = earlier.find_anchor(city.name, proof.sequence)
        if event.kind != acts.Anchored.KIND or anchor is None:
            continue
        carried = replace(
            proof,
            staple=None,
            linked_proofs=tuple(
                linked for linked in proof.linked_proofs if earlier.find_anchor(city.name, linked.sequence)
            ),
        )
        then = verify(PresentedContent(), carried, earlier, event.time, Policy()).get_step(9)
        past = at(city, proof, event.time)
        assert past.deciding_step
        assert (past.deciding_step.key, past.deciding_step.evidence) == (then.key, then.evidence)
        checked += 1
    assert checked == len(LIFE) + 1


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2027, 3, 1), "not_yet_valid"),
        (date(2027, 3, 2), "status_valid"),
        (date(2027, 3, 3), "status_valid"),
        (date(2027, 3, 4), "expired"),
    ],
    ids=str,
)
def test_the_dates_decide_where_the_status_allows(day: date, reason: str) -> None:
    city = City(Registry())
    licence = city.licence(valid_from=date(2027, 3, 2), valid_until=date(2027, 3, 3))
    city.register(licence)
    city.registry.wait(400 * DAY)
    city.anchor()
    past = at(city, city.proof(licence), times.find_day_bounds(day)[0])
    assert (past.reason, past.standing) == (
        reason,
        PastStanding.IN_FORCE if reason == "status_valid" else PastStanding.NOT_IN_FORCE,
    )


def test_a_forged_proof_has_no_past() -> None:
    city, licence, proof, moments = told()
    forged = replace(proof, record=replace(licence.record, valid_until=date(2040, 1, 1)))
    past = at(city, forged, moments[0])
    assert (past.standing, past.reason) == (PastStanding.INVALID, "not_in_submission")
    assert past.to_json()["reason_words"]
    other = replace(proof, entry=replace(proof.entry, statement=replace(proof.entry.statement, log="wuhan")))
    assert at(city, other, moments[0]).standing in (PastStanding.INVALID, PastStanding.UNKNOWN)


def test_a_compromise_found_since_counts_for_every_moment() -> None:
    city, _, proof, moments = told()
    city.registry.act(acts.KeyCompromised(city.key.public.id, START))
    past = at(city, proof, moments[1])
    assert (past.standing, past.reason) == (PastStanding.UNKNOWN, "key_compromised")


def test_a_reinstatement_without_its_record_is_not_believed_then_either() -> None:
    city, licence, _, moments = told()
    past = at(city, city.proof(licence), moments[4])
    assert (past.standing, past.reason) == (PastStanding.UNKNOWN, "reinstatement_unproven")


def test_a_status_that_contradicts_itself_later_was_known_before() -> None:
    city, items = scene()
    licence, proof = items[1], city.proof(items[1])
    first = city.registry.now
    city.register(city.follow("revoke", licence))
    revoked = city.registry.now
    city.anchor(changes=[(city.position(licence), 0)])
    assert at(city, proof, first).standing is PastStanding.IN_FORCE
    assert at(city, proof, revoked).reason == "revoked"
    assert at(city, proof, city.registry.now).reason == "status_contradictory"


def test_more_changes_since_then_than_anybody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which change came next cannot be told, and an answer that names another would be wrong."""
    monkeypatch.setattr(changes, "MAX_CHANGES", len(LIFE) - 1)
    city, _, proof, moments = told()
    past = at(city, proof, moments[0])
    assert (past.standing, past.reason, past.status) == (PastStanding.UNKNOWN, "too_many_changes", None)
    assert past.until_anchor is None
    assert past.to_json()["words"] == {"zh": "无法确认", "en": "Cannot tell"}
    nearer = at(city, proof, moments[2])
    assert (nearer.standing, nearer.until_anchor and nearer.until_anchor.time) == (
        PastStanding.IN_FORCE,
        moments[3],
    )


def test_a_day_in_asia_shanghai_has_two_bounds() -> None:
    first, last = times.find_day_bounds(date(2026, 3, 1))
    assert (times.format_time(first), times.format_time(last)) == (
        "2026-02-28T16:00:00Z",
        "2026-03-01T15:59:59Z",
    )
    assert times.find_civil_date(first) == times.find_civil_date(last) == date(2026, 3, 1)
    assert times.find_civil_date(first - 1) < date(2026, 3, 1) < times.find_civil_date(last + 1)
    with pytest.raises(MalformedInput):
        times.find_day_bounds(date(1970, 1, 1))


def test_a_day_is_told_stretch_by_stretch() -> None:
    city, items = scene()
    licence = items[1]
    proof = city.proof(licence)
    day = times.find_civil_date(city.registry.now)
    beginnings = [times.find_day_bounds(day)[0], city.registry.now]
    for action in ("suspend", "resume", "suspend"):
        city.registry.wait(3600)
        city.register(city.follow(action, licence))
        beginnings.append(city.registry.now)
    city.registry.wait(DAY)
    city.anchor()
    span = judge_past_span(proof, city.registry.knowledge, day.isoformat())
    assert [past.moment for past in span.stretches] == beginnings
    assert [past.reason for past in span.stretches] == [
        "not_registered_yet",
        "status_valid",
        "suspended",
        "status_valid",
        "suspended",
    ]
    assert (span.end_status.reason, span.end_status.moment) == ("suspended", times.find_day_bounds(day)[1])


def test_a_day_with_too_many_changes_cannot_be_told() -> None:
    city, items = scene()
    day = times.find_civil_date(city.registry.now).isoformat()
    for place in range(MAX_STRETCHES):
        city.anchor(changes=[(city.position(items[0]), (1, 0)[place % 2])])
    span = judge_past_span(city.proof(items[0]), city.registry.knowledge, day)
    assert [(past.standing, past.reason) for past in span.stretches] == [
        (PastStanding.UNKNOWN, "too_many_changes")
    ]
    forged = replace(city.proof(items[0]), record=replace(items[0].record, valid_until=date(2040, 1, 1)))
    assert judge_past_span(forged, city.registry.knowledge, day).start_status.standing is PastStanding.INVALID
