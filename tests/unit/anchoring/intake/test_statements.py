"""Submissions that are refused as a whole, each by its name."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from anchoring.errors import SubmissionRefused
from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.register.store import Register
from ledger.crypto.keys import encode_signature, generate_key
from ledger.crypto.suites import SHA256
from ledger.registry import acts
from tests.fakes.department import ISSUER, LOG, NOW, SETTINGS, Department, World, licence
from tests.unit.anchoring.intake.submitting import decoded, refusal, signed


def test_a_first_line_that_is_no_statement(world: World, register: Register) -> None:
    for line in (b"", b"{", b"[]", b'{"statement": {}}', b"\xff"):
        refused = refusal(world, register, [line])
        assert refused.problem == "malformed-statement"
        assert 'line 1 must be {"statement": …, "signature": …}' in str(refused)


def test_an_empty_stream(world: World, register: Register) -> None:
    assert refusal(world, register, []).problem == "malformed-statement"


def test_a_statement_of_a_newer_format(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)])
    lines[0] = lines[0].replace(b"submission/2", b"submission/3")
    refused = refusal(world, register, lines)
    assert refused.problem == "newer-format"
    assert "update the program" in str(refused)


def test_an_unknown_key(register: Register) -> None:
    world = World(granted=False)
    refused = refusal(world, register, world.department.lines([licence(1)]))
    assert refused.problem == "unknown-key"
    assert "ask the city's administrator to register it" in str(refused)


def test_a_node_key_signs_no_submissions(register: Register) -> None:
    world = World(granted=False)
    world.act(acts.KeyRegistered(LOG, 2, world.department.key.public.spki))
    assert refusal(world, register, world.department.lines([licence(1)])).problem == "unknown-key"


def test_a_key_without_a_grant(register: Register) -> None:
    world = World(granted=False)
    world.act(acts.KeyRegistered(LOG, 1, world.department.key.public.spki))
    assert refusal(world, register, world.department.lines([licence(1)])).problem == "not-granted"


def test_a_grant_that_ended(register: Register) -> None:
    world = World(granted=False)
    world.act(acts.KeyRegistered(LOG, 1, world.department.key.public.spki))
    world.grant(until=NOW - 1)
    assert refusal(world, register, world.department.lines([licence(1)])).problem == "not-granted"


def test_a_retired_key(world: World, register: Register) -> None:
    world.act(acts.KeyRetired(world.department.key.public.id, NOW + 60))
    world.department.submit(register, world.trust, licence(1))
    lines = world.department.lines([licence(2)], NOW + 60)
    assert refusal(world, register, lines, NOW + 60).problem == "key-retired"


def test_a_compromised_key(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)])
    world.act(acts.KeyCompromised(world.department.key.public.id, NOW - 1))
    refused = refusal(world, register, lines)
    assert refused.problem == "key-compromised"
    assert "use a new key" in str(refused)


def test_a_bad_signature(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)])
    head = json.loads(lines[0])
    other = generate_key("p256", world.department.random)
    head["signature"] = encode_signature(other.sign(b"something else"))
    lines[0] = json.dumps(head).encode()
    assert refusal(world, register, lines).problem == "bad-signature"


def test_a_statement_that_was_changed_after_signing(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1), licence(2)])
    lines[0] = lines[0].replace(b'"count":2', b'"count":1')
    assert refusal(world, register, lines).problem == "bad-signature"


def test_a_statement_for_another_registry(world: World, register: Register) -> None:
    other = "eip155:31337:0x" + "22" * 20 + ":" + "ab" * 8
    rows = decoded(world, licence(1))
    assert refusal(world, register, signed(world, rows, registry=other)).problem == "other-registry"


def test_a_statement_for_another_log(world: World, register: Register) -> None:
    rows = decoded(world, licence(1))
    refused = refusal(world, register, signed(world, rows, log="wuhan"))
    assert refused.problem == "other-log"
    assert "'wuhan'; this node keeps 'tianmen'" in str(refused)


def test_a_log_that_is_not_admitted(world: World, register: Register) -> None:
    lines = signed(world, decoded(world, licence(1)), log="xiantao")
    with pytest.raises(SubmissionRefused) as caught:
        accept(register, world.trust, lines, NOW, IntakeRules("xiantao"))
    assert caught.value.problem == "unknown-log"


def test_a_statement_under_another_suite(world: World, register: Register) -> None:
    world.department.target = Department(world.registry, suite=SHA256).target
    assert refusal(world, register, world.department.lines([licence(1)])).problem == "wrong-suite"


def test_another_city_registers_my_department(world: World, register: Register) -> None:
    world.act(acts.LogAdmitted("wuhan", 1, "0x" + "33" * 20, ("420100",), acts.Predecessor()))
    world.act(acts.IssuerAssigned("wuhan", ISSUER))
    refused = refusal(world, register, world.department.lines([licence(1)]))
    assert refused.problem == "unknown-issuer"


def test_a_key_of_the_log_that_the_issuer_has_left(register: Register) -> None:
    """Its grants are never taken back, and no verification would accept what it states in the new log."""
    world = World(granted=False)
    key = world.department.key.public
    world.act(acts.LogAdmitted("wuhan", 1, "0x" + "33" * 20, ("420100",), acts.Predecessor()))
    world.act(acts.IssuerAssigned("wuhan", ISSUER))
    world.act(acts.KeyRegistered("wuhan", 1, key.spki))
    world.act(acts.KeyGranted("wuhan", key.id, ISSUER, 15, (), 0, NOW + 3600))
    world.act(acts.IssuerAssigned(LOG, ISSUER))
    refused = refusal(world, register, world.department.lines([licence(1)]))
    assert refused.problem == "unknown-key"
    assert "is registered in the log 'wuhan': sign with a key that is registered in the log 'tianmen'" in str(
        refused
    )


def test_a_stolen_key_without_a_grant_is_called_stolen(register: Register) -> None:
    world = World(granted=False)
    key = world.department.key.public
    world.act(acts.KeyRegistered(LOG, 1, key.spki))
    world.act(acts.KeyCompromised(key.id, NOW - 1))
    assert refusal(world, register, world.department.lines([licence(1)])).problem == "key-compromised"


def test_an_expired_statement(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)], lifetime_seconds=3600)
    refused = refusal(world, register, lines, NOW + 3600)
    assert refused.problem == "statement-expired"
    assert "sign it again" in str(refused)


def test_a_statement_that_expires_before_it_can_be_anchored(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)], lifetime_seconds=3600)
    assert refusal(world, register, lines, NOW + 3300).problem == "statement-expired"


def test_a_statement_from_the_future(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)], NOW + 3600)
    assert refusal(world, register, lines).problem == "statement-postdated"


@pytest.mark.parametrize(
    ("lead", "said"),
    [(-1200, "before its own date"), (2 * 86_400, "after it expires")],
    ids=["behind", "ahead"],
)
def test_a_chain_whose_clock_differs(world: World, register: Register, lead: int, said: str) -> None:
    """Anchored there, the statement would count nowhere; it is refused before anything is promised."""
    lines = world.department.lines([licence(1)], lifetime_seconds=86_400)
    rules = replace(SETTINGS, measure_chain_lead=lambda now: lead)
    with pytest.raises(SubmissionRefused, match=said) as caught:
        accept(register, world.trust, lines, NOW, rules)
    assert caught.value.problem == "clocks-differ"
    for small_lead in (None, 0, -599, 500):
        rules = replace(SETTINGS, measure_chain_lead=lambda now, lead=small_lead: lead)  # type: ignore[misc]
        accept(register, world.trust, lines, NOW, rules)


def test_too_few_rows(world: World, register: Register) -> None:
    lines = world.department.lines(licence(n) for n in range(5))
    refused = refusal(world, register, lines[:-1])
    assert refused.problem == "wrong-count"
    assert "5 records, only 4 came" in str(refused)


def test_too_many_rows(world: World, register: Register) -> None:
    rows = decoded(world, licence(1), licence(2), licence(3))
    lines = [*signed(world, rows[:2]), json.dumps(rows[2]).encode()]
    assert refusal(world, register, lines).problem == "wrong-count"


def test_an_endless_stream_is_not_read_to_its_end(world: World, register: Register) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield from lines
        while True:
            taken += 1
            yield lines[-1]

    lines = world.department.lines([licence(1), licence(2)])
    with pytest.raises(SubmissionRefused) as caught:
        accept(register, world.trust, endless(), NOW, SETTINGS)
    assert caught.value.problem == "wrong-count"
    assert taken == 1


def test_another_root(world: World, register: Register) -> None:
    rows, others = decoded(world, licence(1)), decoded(world, licence(2))
    lines = signed(world, rows)[:1] + signed(world, others)[1:]
    refused = refusal(world, register, lines)
    assert refused.problem == "wrong-root"
    assert "draft and sign them again" in str(refused)
