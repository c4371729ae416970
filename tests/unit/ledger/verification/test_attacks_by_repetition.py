"""Attacks by an entry that is anchored twice, or by a root that others take first."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.proof.proof import Proof
from ledger.records.submissions import VERSION_1_ENDS, Window
from ledger.registry import acts
from ledger.registry.status import Status
from ledger.registry.trust import MAX_OCCURRENCES
from ledger.verification.occurrences import EntriesCheck
from ledger.verification.reasons import Verdict
from tests.scenes import DAY, City, Item, Submission, credit_code, scene
from tests.sealed import scene as sealing_scene


def repeated() -> tuple[City, Item, Proof, Proof]:
    """Return a city whose operator anchored an entry twice: the licence in it, its proof at first and at last."""
    city, _ = scene()
    licence = city.licence()
    submission = city.submit(licence)
    city.anchor(submission)
    first = city.proof(licence)
    city.anchor(submission)
    return city, licence, first, city.proof(licence)


def test_an_entry_anchored_twice_to_escape_a_revocation() -> None:
    """The operator anchors an entry again, and revokes at the first position only: the second was never revoked."""
    city, licence, first, last = repeated()
    city.anchor(changes=[(3, Status.REVOKED)])
    assert city.position(licence) == 4
    assert city.verify(first).reason == "revoked"
    unseen = city.verify(last)  # by whoever has no entries: the report says that nobody looked
    assert (unseen.verdict, unseen.entries_check) == (Verdict.VALID, EntriesCheck.NOT)
    assert unseen.to_json()["entries"] == "not_checked"
    city.publish()
    seen = city.verify(last)
    assert (seen.verdict, seen.reason, seen.entries_check) == (
        Verdict.UNVERIFIABLE,
        "entry_repeated",
        EntriesCheck.CHECKED,
    )
    evidence = seen.get_step(7).evidence or {}
    assert [evidence[name] for name in ("sequence", "earlier", "earlier_position")] == [3, 2, 3]
    assert (city.verify(first).reason, city.verify(first).entries_check) == ("revoked", EntriesCheck.CHECKED)


def test_an_entry_anchored_again_outside_of_its_window() -> None:
    """The operator waits until nobody looks any more. No entries are needed to see that this was not sanctioned."""
    city, _ = scene()
    licence = city.licence()
    submission = city.submit(licence, window=Window(2, 3))
    city.anchor(submission)
    city.anchor()
    first = city.proof(licence)
    city.anchor(submission)
    assert city.verify(first).verdict is Verdict.VALID
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "outside_window")


def test_an_entry_that_stands_twice_in_one_anchor() -> None:
    city, _ = scene()
    licence = city.licence()
    submission = city.submit(licence)
    city.anchor(submission, submission)
    city.publish()
    last = city.proof(licence)
    batch = city.places[licence.leaf].batch
    first = replace(last, batch_path=tuple(batch.find_path(0)))
    assert (city.verify(first).position, city.verify(first).verdict) == (3, Verdict.VALID)
    assert (city.verify(last).position, city.verify(last).reason) == (4, "entry_repeated")


def test_an_entry_whose_first_occurrence_is_in_a_void_anchor() -> None:
    """A void anchor is none: what was in it is anchored once more, as docs/formats says."""
    city, _ = scene()
    licence = city.licence()
    submission = city.submit(licence)
    city.anchor(submission, status_root=b"\x07" * 32)
    lost = city.proof(licence)
    city.anchor(submission)
    city.publish()
    assert city.verify(lost).reason == "anchor_void"
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.entries_check) == (Verdict.VALID, EntriesCheck.CHECKED)


def _forged(city: City, licence: Item, **members: Any) -> Submission:
    """Return a submission whose statement is another than its signature is for."""
    honest = city.submit(licence)
    statement = replace(honest.entry.statement, **members)
    return replace(honest, entry=replace(honest.entry, statement=statement))


def _by_a_key_without_a_grant(city: City, licence: Item) -> Submission:
    thief = city.new_key()
    city.registry.act(acts.KeyRegistered(city.name, 1, thief.public.spki))
    return city.submit(licence, signer=thief)


#: What an operator may anchor before a submission, with its root and without its department's word.
POISONS: dict[str, Callable[[City, Item], Submission]] = {
    "another count": lambda city, licence: _forged(city, licence, record_count=2),
    "dates that nobody signed": lambda city, licence: _forged(
        city, licence, expires_at=city.registry.now + 9
    ),
    "a window that nobody signed": lambda city, licence: _forged(city, licence, window=Window(1, 200)),
    "another issuer": lambda city, licence: city.submit(licence, issuer=credit_code("429006", 7)),
    "another log": lambda city, licence: city.submit(licence, log="wuhan"),
    "another registry": lambda city, licence: city.submit(licence, registry="eip155:1"),
    "a key without a grant": _by_a_key_without_a_grant,
    "a window that begins later": lambda city, licence: city.submit(licence, window=Window(200, 201)),
    "a time that is over": lambda city, licence: city.submit(
        licence, time=city.registry.now - DAY, expires_at=city.registry.now - 1
    ),
}


@pytest.mark.parametrize("name", POISONS)
def test_a_root_poisoned_by_a_faulty_entry(name: str) -> None:
    """The operator anchors something with the root of a submission before that one: the department's word counts."""
    city, _ = scene()
    licence = city.licence()
    faulty = POISONS[name](city, licence)
    city.anchor(*[faulty] * faulty.entry.statement.record_count)
    city.anchor(city.submit(licence))
    city.publish()
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.entries_check) == (Verdict.VALID, EntriesCheck.CHECKED)


def test_a_root_poisoned_by_an_anchor_that_does_not_fold() -> None:
    """Its entries are nobody's: they are not what was anchored, and what they would be cannot be known."""
    city, _ = scene()
    licence = city.licence()
    city.anchor(city.submit(licence), root=b"\x07" * 32)
    city.anchor(city.submit(licence))
    city.publish()
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.entries_check) == (Verdict.VALID, EntriesCheck.PARTLY)


def test_a_root_among_so_many_others_that_nobody_looks_at_all() -> None:
    """Faulty entries hide the first good one, so that what stands behind them cannot be told."""
    city, _ = scene()
    licence = city.licence()
    honest, faulty = city.submit(licence), _forged(city, licence, window=Window(1, 200))
    city.anchor(*[faulty] * MAX_OCCURRENCES)
    city.anchor(honest)
    first = city.proof(licence)
    city.anchor(honest)
    city.publish()
    assert city.verify(first).verdict is Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "entry_repeated"


def test_an_entry_that_is_stated_anew_over_the_same_root() -> None:
    """A department signs its records again because their window is over, and the operator anchors both statements."""
    city, _ = scene()
    licence = city.licence()
    city.anchor(city.submit(licence, window=Window(2, 2)))
    first = city.proof(licence)
    city.anchor(city.submit(licence))
    city.publish()
    assert city.verify(first).verdict is Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "entry_repeated"


def test_an_evasion_by_version_1() -> None:
    """A statement without a window is kept for a time when nobody has the entries any more: then it does not count."""
    city, _ = scene()
    city.registry.wait(VERSION_1_ENDS - DAY - city.registry.now)
    licence = city.licence(valid_until=None)
    old = city.submit(licence, window=None, expires_at=city.registry.now + 7 * DAY)
    city.anchor(old)
    first = city.proof(licence)
    city.registry.wait(2 * DAY)
    city.anchor(old)
    assert city.verify(first).verdict is Verdict.VALID
    report = city.verify(city.proof(licence))
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "older_format")


def test_an_entry_anchored_twice_to_use_a_seal_that_was_destroyed() -> None:
    """The operator gives a destroyed seal a second position, and the licence brings the seal's proof for that one."""

    def destroy(city: City, seal: Item) -> None:
        submission = city.places[seal.leaf].submission
        city.register(city.follow("cancel", seal))
        city.anchor(submission)

    sealed = sealing_scene(destroy)
    assert sealed.verify().verdict is Verdict.VALID
    sealed.city.publish()
    report = sealed.verify()
    assert (report.verdict, report.reason) == (Verdict.UNVERIFIABLE, "linked_unproven")
