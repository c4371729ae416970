"""Attacks that make what was revoked or destroyed look as if it were in force."""

import pytest

from ledger.registry import acts
from ledger.registry.status import Status
from ledger.verification.reasons import Verdict
from tests.scenes import DOCUMENT, City, Registry, scene
from tests.sealed import scene as sealing_scene


@pytest.mark.parametrize("action", ["suspend", "resume", "revoke", "reinstate"])
def test_a_change_of_status_presented_as_a_certificate(action: str) -> None:
    """A genuine, anchored record that revokes a licence carries the licence's identifier and issuer."""
    city, (licence, *_) = scene()
    change = city.follow(action, licence)
    city.anchor(city.submit(change))
    report = city.verify(city.proof(change), documents=[DOCUMENT])
    assert (report.verdict, report.reason) == (Verdict.INVALID, "not_presentable")


def test_revoked_turned_valid_again() -> None:
    """The operator writes a word that the state machine does not know: the position is contradictory for good."""
    city, (licence, *_) = scene()
    position = city.position(licence)
    for status in (Status.REVOKED, Status.VALID, Status.SUSPENDED, Status.VALID):
        city.anchor(changes=[(position, status)])
        assert city.verify(city.proof(licence)).verdict is not Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "status_contradictory"


def test_revoked_turned_valid_again_where_a_log_continues_another() -> None:
    """Of such a log no tree is kept; what its own words said before is remembered all the same."""
    before = acts.Predecessor("eip155:1:0x00:00", "tianmen", 7, b"\x01" * 32, 100, b"\x02" * 32)
    city = City(Registry(), "tianmen", predecessor=before)
    licence = city.licence()
    city.register(licence)
    assert city.verify(city.proof(licence)).verdict is Verdict.VALID
    for status in (Status.REVOKED, Status.VALID):
        city.anchor(changes=[(city.position(licence), status)])
    assert city.verify(city.proof(licence)).reason == "status_contradictory"


def test_revoked_turned_valid_again_by_allowed_words_alone() -> None:
    """4, 8, 1, 0 are all allowed one after another; without the department's record they do not make it valid."""
    city, (licence, *_) = scene()
    position = city.position(licence)
    for status in (Status.REVOKED, Status.REINSTATED, Status.SUSPENDED, Status.VALID):
        city.anchor(changes=[(position, status)])
        assert city.verify(city.proof(licence)).verdict is not Verdict.VALID
    assert city.verify(city.proof(licence)).reason == "reinstatement_unproven"


def test_a_reinstatement_of_another_certificate() -> None:
    """The operator revives a licence with the record that revived another, anchored together with its word."""
    city, (licence, other, _) = scene()
    city.register(city.follow("revoke", licence), city.follow("revoke", other))
    revived = city.follow("reinstate", other)
    words = [(city.position(item), Status.REINSTATED) for item in (licence, other)]
    city.anchor(city.submit(revived), changes=sorted(words))
    assert city.verify(city.proof(other, revived)).verdict is Verdict.VALID
    assert city.verify(city.proof(licence, revived)).verdict is Verdict.UNVERIFIABLE


def test_a_reinstatement_of_another_version() -> None:
    """A licence was renewed, the renewal revoked and reinstated: the operator revives the old paper along with it."""
    city, (licence, *_) = scene()
    renewal = city.follow("renew", licence)
    city.register(renewal)
    city.register(city.follow("revoke", renewal))
    revived = city.follow("reinstate", renewal)
    words = [(city.position(item), Status.REINSTATED) for item in (licence, renewal)]
    city.anchor(city.submit(revived), changes=sorted(words))
    assert city.verify(city.proof(renewal, revived)).verdict is Verdict.VALID
    for attached in ([], [revived]):
        assert city.verify(city.proof(licence, *attached)).verdict is Verdict.UNVERIFIABLE


def test_an_older_reinstatement_shown_for_a_newer_one() -> None:
    """A licence was reinstated by record once; revoked again, the operator writes the second 8 on its own."""
    city, (licence, *_) = scene()
    city.register(city.follow("revoke", licence))
    reinstated = city.follow("reinstate", licence)
    city.register(reinstated)
    assert city.verify(city.proof(licence, reinstated)).verdict is Verdict.VALID
    city.register(city.follow("revoke", licence))
    city.anchor(changes=[(city.position(licence), Status.REINSTATED)])
    assert city.verify(city.proof(licence, reinstated)).reason == "reinstatement_unproven"


def test_back_dated_sealing_with_a_destroyed_seal() -> None:
    """The sealing declares a time from before the destruction; the anchor of its record tells when it came to light."""
    sealed = sealing_scene(lambda city, seal: city.register(city.follow("cancel", seal)))
    assert sealed.signature.disclosure
    assert str(sealed.signature.disclosure.values["ZZQZSJ"]) < "2026-03-02"
    report = sealed.verify()
    assert (report.verdict, report.reason) == (Verdict.INVALID, "seal_not_in_force")


def test_an_old_staple_against_newer_knowledge() -> None:
    """The holder keeps the proof from before the revocation: what the verifier itself knows decides."""
    city, (licence, *_) = scene()
    old = city.proof(licence)
    city.register(city.follow("revoke", licence))
    assert city.verify(old).reason == "revoked"
