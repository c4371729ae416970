import json
import multiprocessing
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from anchoring.errors import RegisterBehind, SubmissionRefused
from anchoring.intake import Settings, accept
from anchoring.register import (
    Register,
    current_leaf,
    erase,
    newest_leaf,
    record,
    records_of,
    submission,
)
from anchoring.register_tables import LINEAGE, METADATA
from anchoring.rows import split_lines
from ledger import registry as acts
from ledger.claims import FullDisclosure
from ledger.keys import encode_signature, generate
from ledger.records import Record
from ledger.sealing_identifiers import SealingIdentifier
from ledger.submissions import sign_statement
from ledger.suites import SHA256, SM3
from ledger.trees import MerkleTree
from tests.databases import NewDatabase
from tests.fakes.department import (
    ISSUER,
    LOG,
    NOW,
    SETTINGS,
    Department,
    World,
    change,
    identifier,
    licence,
)
from tests.scenes import credit_code


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def register(new_database: NewDatabase) -> Iterator[Register]:
    opened = Register(new_database("register"))
    yield opened
    opened.close()


def rows_held(register: Register) -> int:
    """Count everything that is held."""
    with register.reading() as connection:
        tables = METADATA.sorted_tables
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        )


def refusal(world: World, register: Register, lines: list[bytes], now: int = NOW) -> SubmissionRefused:
    """Return why `lines` are refused, after checking that nothing was kept."""
    before = rows_held(register)
    with pytest.raises(SubmissionRefused) as caught:
        accept(register, world.trust, lines, now, SETTINGS)
    assert rows_held(register) == before
    return caught.value


def signed(
    world: World, rows: list[dict[str, Any]], *, count: int | None = None, **members: Any
) -> list[bytes]:
    """Return a submission of exactly these decoded rows, with a good signature over whatever they are."""
    department = world.department
    tree = MerkleTree(department.target.suite, [bytes.fromhex(row.pop("leaf")) for row in rows])
    statement, signature = sign_statement(
        department.key,
        members.get("registry", world.registry),
        members.get("log", LOG),
        members.get("issuer", ISSUER),
        tree,
        count=count or len(rows),
        time=NOW,
        expires=NOW + 86_400,
    )
    head = {"statement": statement.to_json(), "signature": encode_signature(signature)}
    return [json.dumps(line).encode() for line in (head, *rows)]


def decoded(world: World, *rows: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """Return drafted rows, each with its leaf hash under `leaf`."""
    with world.department.draft(rows, **options) as drafted:
        lines = list(drafted.lines())[1:]
        return [
            json.loads(line) | {"leaf": leaf.hex()} for line, leaf in zip(lines, drafted.leaves, strict=True)
        ]


# -- What is accepted --


def test_a_submission_gets_a_receipt_with_its_first_position(world: World, register: Register) -> None:
    first = world.department.submit(register, world.trust, *(licence(n) for n in range(10)))
    second = world.department.submit(register, world.trust, licence(99), now=NOW + 5)
    assert (first.first, first.count, first.accepted, first.warnings) == (0, 10, NOW, ())
    assert (second.first, second.count, second.log, second.issuer) == (10, 1, LOG, ISSUER)
    with register.reading() as connection:
        held = submission(connection, first.id)
    assert (held.receipt, held.state, held.sequence) == (first, "accepted", None)


def test_a_repeated_submission_gets_the_same_receipt(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1), licence(2)])
    receipt = accept(register, world.trust, lines, NOW, SETTINGS)
    held = rows_held(register)
    assert accept(register, world.trust, lines, NOW + 3600, SETTINGS) == receipt
    assert accept(register, world.trust, lines[:1], NOW + 30 * 86_400, SETTINGS) == receipt
    assert rows_held(register) == held


def test_the_same_records_under_another_statement_are_refused(world: World, register: Register) -> None:
    rows = decoded(world, licence(1))
    accept(register, world.trust, signed(world, [dict(row) for row in rows]), NOW, SETTINGS)
    world.department.key = generate("sm2", world.department.random)
    world.act(acts.KeyRegistered(LOG, 1, world.department.key.public.spki))
    world.grant()
    refused = refusal(world, register, signed(world, rows))
    assert refused.problem == "root-registered"
    assert "nothing needs to be sent again" in str(refused)


def test_records_and_disclosures_are_held_as_they_were_sent(world: World, register: Register) -> None:
    drafted = {row["leaf"]: row for row in decoded(world, *(licence(n) for n in range(5)))}
    receipt = accept(register, world.trust, signed(world, list(map(dict, drafted.values()))), NOW, SETTINGS)
    with register.reading() as connection:
        for place, (leaf, row) in enumerate(sorted(drafted.items())):
            held = record(connection, bytes.fromhex(leaf))
            assert held.record.to_json() == row["record"]
            assert held.disclosure is not None
            assert held.disclosure.to_json() == row["disclosure"]
            assert (held.position, held.index, held.submission.receipt.id) == (place, place, receipt.id)


def test_a_disclosure_may_stay_at_home(world: World, register: Register) -> None:
    rows = decoded(world, licence(1))
    del rows[0]["disclosure"]
    leaf = bytes.fromhex(rows[0]["leaf"])
    accept(register, world.trust, signed(world, rows), NOW, SETTINGS)
    with register.reading() as connection:
        assert record(connection, leaf).disclosure is None


def test_a_selective_disclosure_is_held_too(world: World, register: Register) -> None:
    rows = decoded(world, licence(1))
    given = rows[0]["disclosure"]
    full = FullDisclosure(
        bytes.fromhex(given["master"]), tuple((name, value) for name, value in given["claims"])
    )
    rows[0]["disclosure"] = full.select(SM3, ["ZZMC"]).to_json()
    leaf = bytes.fromhex(rows[0]["leaf"])
    accept(register, world.trust, signed(world, rows), NOW, SETTINGS)
    with register.reading() as connection:
        assert record(connection, leaf).disclosure == full.select(SM3, ["ZZMC"])


def test_an_erased_disclosure_is_gone_and_the_record_stays(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    with register.writing() as connection:
        leaf = newest_leaf(connection, identifier(1))
        erase(connection, leaf)
    with register.reading() as connection:
        assert record(connection, leaf).disclosure is None


def test_a_renewal_may_stand_in_the_submission_of_its_issue(world: World, register: Register) -> None:
    for serial in range(8):  # the order of leaf hashes is random: both orders occur
        rows = (licence(serial), change("renew", serial, 2), change("revoke", serial, 2))
        world.department.submit(register, world.trust, *rows)
        with register.reading() as connection:
            held = records_of(connection, identifier(serial))
            actions = {item.record.action: item.leaf for item in held}
            assert current_leaf(connection, identifier(serial)) == actions["renew"]
            assert newest_leaf(connection, identifier(serial, 2)) == actions["revoke"]


def test_every_action_goes_through_the_register(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    steps = [
        ("suspend", 1),
        ("resume", 1),
        ("amend", 2),
        ("cancel", 2),
        ("reinstate", 2),
        ("renew", 3),
        ("void", 3),
    ]
    for step, (action, version) in enumerate(steps):
        with register.reading() as connection:
            previous = newest_leaf(connection, identifier(1))
        row = change(action, 1, version, previous=SM3.format(previous))
        world.department.submit(register, world.trust, row, now=NOW + step)
    with register.reading() as connection:
        assert len(records_of(connection, identifier(1))) == 8
        assert connection.execute(select(LINEAGE.c.status)).scalar_one() == 7


def test_an_odd_backfilled_identifier_is_a_warning(world: World, register: Register) -> None:
    good = identifier(1)
    odd = good[:-1] + ("0" if good[-1] != "0" else "1")
    receipt = world.department.submit(register, world.trust, licence(identifier=odd, issued="2014-05-06"))
    assert [warning.row for warning in receipt.warnings] == [2]
    with register.reading() as connection:
        assert submission(connection, receipt.id).receipt == receipt


def test_an_unknown_certificate_type_is_a_warning(world: World, register: Register) -> None:
    unknown = identifier(1, type="11100000MB0143028R999")
    receipt = world.department.submit(register, world.trust, licence(identifier=unknown))
    assert "is not in the catalogue" in receipt.warnings[0].message


def test_chunks_and_spool_do_not_show(
    world: World, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CHUNK_ROWS", 7), ("LOOKUP_ROWS", 3), ("SPOOL_MEMORY_BYTES", 100)):
        monkeypatch.setattr(f"anchoring.limits.{name}", value)
    receipt = world.department.submit(register, world.trust, *(licence(n) for n in range(40)))
    with register.reading() as connection:
        held = [record(connection, newest_leaf(connection, identifier(n))) for n in range(40)]
    assert sorted(item.index for item in held) == list(range(receipt.count))
    rows = [licence(100 + n) for n in range(30)] + [licence(100), licence(129), licence(5)]
    refused = refusal(world, register, world.department.lines(rows))
    assert (refused.problem, len(refused.rows)) == ("transition-refused", 3)


@pytest.mark.slow
def test_a_submission_of_200_000_records_takes_less_than_500_mb(tmp_path: Path) -> None:
    def take() -> None:
        world, opened = World(), Register(f"sqlite:///{tmp_path / 'register.db'}")
        with world.department.draft(licence(n) for n in range(200_000)) as drafted:
            assert accept(opened, world.trust, drafted.lines(), NOW, SETTINGS).count == 200_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 500 * 1024

    process = multiprocessing.get_context("fork").Process(target=take)
    process.start()
    process.join()
    assert process.exitcode == 0


# -- Bad input, as a whole --


def test_a_first_line_that_is_no_statement(world: World, register: Register) -> None:
    for line in (b"", b"{", b"[]", b'{"statement": {}}', b"\xff"):
        refused = refusal(world, register, [line])
        assert refused.problem == "malformed-statement"
        assert 'line 1 must be {"statement": …, "signature": …}' in str(refused)


def test_an_empty_stream(world: World, register: Register) -> None:
    assert refusal(world, register, []).problem == "malformed-statement"


def test_a_statement_of_a_newer_format(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)])
    lines[0] = lines[0].replace(b"submission/1", b"submission/2")
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
    other = generate("p256", world.department.random)
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
        accept(register, world.trust, lines, NOW, Settings("xiantao"))
    assert caught.value.problem == "unknown-log"


def test_a_statement_under_another_suite(world: World, register: Register) -> None:
    world.department.target = Department(world.registry, suite=SHA256).target
    assert refusal(world, register, world.department.lines([licence(1)])).problem == "wrong-suite"


def test_another_city_registers_my_department(world: World, register: Register) -> None:
    world.act(acts.LogAdmitted("wuhan", 1, "0x" + "33" * 20, ("420100",), acts.Predecessor()))
    world.act(acts.IssuerAssigned("wuhan", ISSUER))
    refused = refusal(world, register, world.department.lines([licence(1)]))
    assert refused.problem == "unknown-issuer"


def test_an_expired_statement(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)], lifetime=3600)
    refused = refusal(world, register, lines, NOW + 3600)
    assert refused.problem == "statement-expired"
    assert "sign it again" in str(refused)


def test_a_statement_that_expires_before_it_can_be_anchored(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)], lifetime=3600)
    assert refusal(world, register, lines, NOW + 3300).problem == "statement-expired"


def test_a_statement_from_the_future(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)], NOW + 3600)
    assert refusal(world, register, lines).problem == "statement-postdated"


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


# -- Bad input, row by row --


def spoil(world: World, mend: Callable[[dict[str, Any]], None], place: int = 1) -> list[bytes]:
    """Return a submission of three rows of which one was changed after its leaf hash was taken."""
    rows = decoded(world, licence(1), licence(2), licence(3))
    mend(rows[place])
    return signed(world, rows)


def test_a_malformed_line(world: World, register: Register) -> None:
    lines = world.department.lines(licence(n) for n in range(4))
    lines[2], lines[4] = b'{"record": ', b""
    refused = refusal(world, register, lines)
    assert refused.problem == "malformed-row"
    assert [row.row for row in refused.rows] == [3, 5]
    assert "not JSON" in refused.rows[0].message
    assert "nothing was accepted" in str(refused)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("type", "shunzheng/record/2", "newer-format"),
        ("type", "shunzheng/entry/1", "malformed-row"),
        ("kind", "permit", "malformed-row"),
        ("action", "burn", "malformed-row"),
        ("colour", "red", "malformed-row"),
        ("salt", "00", "malformed-row"),
        ("identifier", "1.2.156.3005.2.nothing", "invalid-identifier"),
        ("issuer", "11420100012345677G", "issuer-mismatch"),
        ("time", "2027-01-01T00:00:00Z", "record-postdated"),
        ("claims", "sha256:" + "00" * 32, "disclosure-mismatch"),
        ("claims", "sm3:" + "00" * 32, "disclosure-mismatch"),
        ("valid_from", "2022-02-30", "malformed-row"),
    ],
)
def test_a_bad_member(world: World, register: Register, name: str, value: str, problem: str) -> None:
    refused = refusal(world, register, spoil(world, lambda row: row["record"].update({name: value})))
    assert (refused.problem, [row.row for row in refused.rows]) == (problem, [3])


def test_a_wrong_check_digit(world: World, register: Register) -> None:
    def mend(row: dict[str, Any]) -> None:
        good = row["record"]["identifier"]
        row["record"]["identifier"] = good[:-1] + ("0" if good[-1] != "0" else "1")

    refused = refusal(world, register, spoil(world, mend))
    assert refused.problem == "invalid-identifier"
    assert "check digit" in refused.rows[0].message


def test_a_record_of_b_inside_a_statement_of_a(world: World, register: Register) -> None:
    """Attack: the identifier, not the record, names another issuer."""
    other = identifier("TM2022A0000000000001", issuer="11100000000013338W")
    refused = refusal(world, register, spoil(world, lambda row: row["record"].update(identifier=other)))
    assert refused.problem == "issuer-mismatch"


def test_a_kind_or_type_that_is_not_granted(register: Register) -> None:
    world = World(granted=False)
    world.act(acts.KeyRegistered(LOG, 1, world.department.key.public.spki))
    world.grant(kinds=1, types=("11100000MB0143028R001",))
    world.department.submit(register, world.trust, licence(1))
    other = identifier(2, type="11100000MB03271699001")
    refused = refusal(world, register, world.department.lines([licence(identifier=other)]))
    assert refused.problem == "not-granted"
    assert "ask the city's administrator for a grant" in str(refused)
    seal = licence(kind="seal", identifier=SealingIdentifier.build("seal", ISSUER, "429006000001").text)
    assert refusal(world, register, world.department.lines([seal])).problem == "not-granted"


def test_a_seal_whose_identifier_names_another_issuer(world: World, register: Register) -> None:
    other = SealingIdentifier.build("seal", credit_code("429006", 9), "429006000001").text
    rows = decoded(world, licence(1))
    rows[0]["record"] |= {"kind": "seal", "identifier": other}
    assert refusal(world, register, signed(world, rows)).problem == "issuer-mismatch"


def test_rows_out_of_order(world: World, register: Register) -> None:
    rows = decoded(world, licence(1), licence(2), licence(3))
    refused = refusal(world, register, signed(world, rows[::-1]))
    assert refused.problem == "wrong-order"


def test_the_same_record_twice(world: World, register: Register) -> None:
    rows = decoded(world, licence(1), licence(2))
    refused = refusal(world, register, signed(world, [rows[0], dict(rows[0])]))
    assert refused.problem == "record-twice"
    assert "draw a salt for each" in str(refused)


def test_four_claims_shown_as_three(world: World, register: Register) -> None:
    refused = refusal(world, register, spoil(world, lambda row: row["disclosure"]["claims"].pop()))
    assert refused.problem == "disclosure-mismatch"


def test_two_claims_of_one_name(world: World, register: Register) -> None:
    def mend(row: dict[str, Any]) -> None:
        row["disclosure"]["claims"].append(row["disclosure"]["claims"][-1])

    assert refusal(world, register, spoil(world, mend)).problem == "malformed-row"


def test_a_document_claim_that_says_nothing(world: World, register: Register) -> None:
    disclosure = FullDisclosure(bytes(16), (("document/1", "a.ofd"),))
    claims = SM3.format(disclosure.digest(SM3))

    def mend(row: dict[str, Any]) -> None:
        row["record"]["claims"], row["disclosure"] = claims, disclosure.to_json()

    assert refusal(world, register, spoil(world, mend)).problem == "malformed-row"


def test_a_line_that_is_too_long(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1), licence(2)])
    lines[1] = lines[1][:-1] + b" " * 200_000 + b"}"
    assert refusal(world, register, lines).problem == "row-too-long"


def test_faults_of_several_sorts(world: World, register: Register) -> None:
    lines = world.department.lines(licence(n) for n in range(4))
    lines[1] = b"x"
    lines[2] = lines[2].replace(b"shunzheng/record/1", b"shunzheng/record/9")
    refused = refusal(world, register, lines)
    assert refused.problem == "rows-refused"
    assert len(refused.rows) == 2
    assert "2 rows are at fault" in str(refused)


def test_at_most_a_hundred_rows_are_reported(world: World, register: Register) -> None:
    lines = world.department.lines(licence(n) for n in range(150))
    refused = refusal(world, register, lines[:1] + [b"x"] * 150)
    assert len(refused.rows) == 100
    assert "at least 100 rows" in str(refused)


# -- Rows against the register --


def test_an_identifier_that_is_registered(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    refused = refusal(world, register, world.department.lines([licence(2), licence(1), licence(3)]))
    assert refused.problem == "transition-refused"
    assert "renew or amend it" in refused.rows[0].message
    assert len(refused.rows) == 1


def test_an_identifier_that_is_issued_twice_in_one_submission(world: World, register: Register) -> None:
    refused = refusal(world, register, world.department.lines([licence(1), licence(1)]))
    assert refused.problem == "transition-refused"
    assert [row.row for row in refused.rows] == [3]


def test_two_versions_are_one_certificate(world: World, register: Register) -> None:
    refused = refusal(world, register, world.department.lines([licence(1), licence(1, 2)]))
    assert refused.problem == "transition-refused"


def test_a_change_of_what_is_not_registered(world: World, register: Register) -> None:
    row = change("revoke", previous="sm3:" + "00" * 32)
    refused = refusal(world, register, world.department.lines([row]))
    assert refused.problem == "transition-refused"
    assert "issue it first" in str(refused)


def test_a_change_that_leaves_a_record_out(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    with register.reading() as connection:
        first = SM3.format(newest_leaf(connection, identifier(1)))
    world.department.submit(register, world.trust, change("suspend", previous=first), now=NOW + 1)
    refused = refusal(world, register, world.department.lines([change("revoke", previous=first)]))
    assert refused.problem == "transition-refused"
    assert "`previous` must be the newest record" in str(refused)


def test_revoked_turned_valid_again_without_a_record(world: World, register: Register) -> None:
    """Attack: a renewal of a revoked licence would make it valid anew."""
    world.department.submit(register, world.trust, licence(1), change("revoke"))
    with register.reading() as connection:
        tip = SM3.format(newest_leaf(connection, identifier(1)))
    for row in (change("renew", 1, 2, previous=tip), change("resume", previous=tip)):
        refused = refusal(world, register, world.department.lines([row]))
        assert (refused.problem, "is revoked" in str(refused)) == ("transition-refused", True)


def test_two_changes_of_one_position_in_one_submission(world: World, register: Register) -> None:
    refused = refusal(
        world, register, world.department.lines([licence(1), change("suspend"), change("resume")])
    )
    assert refused.problem == "changed-twice"
    assert "send the later change in another submission" in str(refused)


def test_two_records_that_follow_the_same_one(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    with register.reading() as connection:
        tip = SM3.format(newest_leaf(connection, identifier(1)))
    rows = [change("suspend", previous=tip), change("revoke", previous=tip)]
    assert refusal(world, register, world.department.lines(rows)).problem == "transition-refused"


def test_more_changes_than_an_anchor_carries(world: World, register: Register) -> None:
    tip = b"\x01" * 32
    day = None
    records = [
        Record(
            SM3,
            "licence",
            "revoke",
            identifier(n),
            ISSUER,
            NOW,
            bytes(16),
            day,
            day,
            day,
            None,
            tip,
            (),
            "法",
        )
        for n in range(4097)
    ]
    rows = sorted(
        ({"record": r.to_json(), "leaf": r.leaf().hex()} for r in records), key=lambda row: str(row["leaf"])
    )
    refused = refusal(world, register, signed(world, rows))
    assert refused.problem == "too-many-changes"


def test_a_register_behind_the_chain_takes_nothing(world: World, register: Register) -> None:
    world.act(acts.Anchored(LOG, 1, 0, bytes(32), bytes(32), b""))
    with pytest.raises(RegisterBehind) as caught:
        world.department.submit(register, world.trust, licence(1))
    assert "restored from a backup" in str(caught.value)
    assert rows_held(register) == 0


def test_a_fault_while_writing_keeps_nothing(
    world: World, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise OSError("disk full")

    lines = world.department.lines([licence(1)])
    with monkeypatch.context() as patch:
        patch.setattr("anchoring.intake.Receipt", fail)
        with pytest.raises(OSError, match="disk full"):
            accept(register, world.trust, lines, NOW, SETTINGS)
    assert rows_held(register) == 0
    assert accept(register, world.trust, lines, NOW, SETTINGS).first == 0


# -- Lines --


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_are_cut_whatever_the_chunks(size: int) -> None:
    text = b"one\n\nthree\nfour"
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(split_lines(chunks)) == [b"one", b"", b"three", b"four"]
    assert list(split_lines([*chunks, b"\n"])) == [b"one", b"", b"three", b"four"]


def test_a_line_without_end_is_refused_early() -> None:
    def endless() -> Iterator[bytes]:
        yield b"one\n"
        while True:
            yield b"x" * 65_536

    with pytest.raises(SubmissionRefused) as caught:
        list(split_lines(endless()))
    assert (caught.value.problem, caught.value.rows[0].row) == ("row-too-long", 2)
