"""What intake accepts, and what is held of it."""

import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import select

from anchoring.errors import RegisterBehind
from anchoring.intake.intake import accept
from anchoring.register.records import find_current_leaf, find_newest_leaf, find_record, find_records
from anchoring.register.store import Register
from anchoring.register.submissions import find_submission
from anchoring.register.tables import LINEAGE
from ledger.crypto.keys import generate_key
from ledger.crypto.suites import SM3
from ledger.records.claims import FullDisclosure
from ledger.registry import acts
from tests.acceptance.intake_process import peak_bytes
from tests.fakes.department import ISSUER, LOG, NOW, SETTINGS, World, change, identifier, licence
from tests.fakes.erasing import erase_content
from tests.unit.anchoring.intake.submitting import decoded, merged, refusal, rows_held, signed


def test_a_submission_gets_a_receipt_with_its_first_position(world: World, register: Register) -> None:
    first = world.department.submit(register, world.trust, *(licence(n) for n in range(10)))
    second = world.department.submit(register, world.trust, licence(99), now=NOW + 5)
    assert (first.first_position, first.record_count, first.accepted_at, first.warnings) == (0, 10, NOW, ())
    assert (second.first_position, second.record_count, second.log, second.issuer) == (10, 1, LOG, ISSUER)
    with register.reading() as connection:
        held = find_submission(connection, first.id)
    assert (held.acceptance, held.state, held.sequence) == (first, "accepted", None)


def test_a_repeated_submission_gets_the_same_receipt(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1), licence(2)])
    acceptance = accept(register, world.trust, lines, NOW, SETTINGS)
    held = rows_held(register)
    assert accept(register, world.trust, lines, NOW + 3600, SETTINGS) == acceptance
    assert accept(register, world.trust, lines[:1], NOW + 30 * 86_400, SETTINGS) == acceptance
    assert rows_held(register) == held


def test_the_same_records_under_another_statement_are_refused(world: World, register: Register) -> None:
    rows = decoded(world, licence(1))
    accept(register, world.trust, signed(world, [dict(row) for row in rows]), NOW, SETTINGS)
    first_key = world.department.key.public.id
    world.department.key = generate_key("sm2", world.department.random)
    world.act(acts.KeyRegistered(LOG, 1, world.department.key.public.spki))
    world.grant()
    refused = refusal(world, register, signed(world, rows))
    assert refused.problem == "root-registered"
    assert "nothing needs to be sent again, unless the key" in str(refused)
    assert f"0x{first_key.hex()}, was reported stolen; for that, and for new records, draft again" in str(
        refused
    )


def test_records_and_disclosures_are_held_as_they_were_sent(world: World, register: Register) -> None:
    drafted = {row["leaf"]: row for row in decoded(world, *(licence(n) for n in range(5)))}
    acceptance = accept(
        register, world.trust, signed(world, list(map(dict, drafted.values()))), NOW, SETTINGS
    )
    with register.reading() as connection:
        for place, (leaf, row) in enumerate(sorted(drafted.items())):
            held = find_record(connection, bytes.fromhex(leaf))
            assert held.record.to_json() == row["record"]
            assert held.disclosure is not None
            assert held.disclosure.to_json() == row["disclosure"]
            assert (held.position, held.index, held.submission.acceptance.id) == (place, place, acceptance.id)


def test_a_disclosure_may_stay_at_home(world: World, register: Register) -> None:
    rows = decoded(world, licence(1))
    del rows[0]["disclosure"]
    leaf = bytes.fromhex(rows[0]["leaf"])
    accept(register, world.trust, signed(world, rows), NOW, SETTINGS)
    with register.reading() as connection:
        assert find_record(connection, leaf).disclosure is None


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
        assert find_record(connection, leaf).disclosure == full.select(SM3, ["ZZMC"])


def test_an_erased_disclosure_is_gone_and_the_record_stays(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    with register.writing() as connection:
        leaf = find_newest_leaf(connection, identifier(1))
        erase_content(connection, leaf)
    with register.reading() as connection:
        assert find_record(connection, leaf).disclosure is None


def test_a_renewal_may_stand_in_the_submission_of_its_issue(world: World, register: Register) -> None:
    for serial in range(8):  # the order of leaf hashes is random: both orders occur
        rows = (licence(serial), change("renew", serial, 2), change("revoke", serial, 2))
        world.department.submit(register, world.trust, *rows)
        with register.reading() as connection:
            held = find_records(connection, identifier(serial))
            actions = {item.record.action: item.leaf for item in held}
            assert find_current_leaf(connection, identifier(serial)) == actions["renew"]
            assert find_newest_leaf(connection, identifier(serial, 2)) == actions["revoke"]


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
            previous = find_newest_leaf(connection, identifier(1))
        row = change(action, 1, version, previous=SM3.format(previous))
        world.department.submit(register, world.trust, row, now=NOW + step)
    with register.reading() as connection:
        assert len(find_records(connection, identifier(1))) == 8
        assert connection.execute(select(LINEAGE.c.status)).scalar_one() == 7


def test_an_odd_backfilled_identifier_is_a_warning(world: World, register: Register) -> None:
    good = identifier(1)
    odd = good[:-1] + ("0" if good[-1] != "0" else "1")
    acceptance = world.department.submit(register, world.trust, licence(identifier=odd, issued="2014-05-06"))
    assert [warning.row_number for warning in acceptance.warnings] == [2]
    with register.reading() as connection:
        assert find_submission(connection, acceptance.id).acceptance == acceptance


def test_an_unknown_certificate_type_is_a_warning(world: World, register: Register) -> None:
    unknown = identifier(1, type="11100000MB0143028R999")
    acceptance = world.department.submit(register, world.trust, licence(identifier=unknown))
    assert "is not in the catalogue" in acceptance.warnings[0].message


def test_chunks_and_spool_do_not_show(
    world: World, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CHUNK_ROWS", 7), ("SPOOL_MEMORY_BYTES", 100)):
        monkeypatch.setattr(f"anchoring.limits.{name}", value)
    acceptance = world.department.submit(register, world.trust, *(licence(n) for n in range(40)))
    with register.reading() as connection:
        held = [find_record(connection, find_newest_leaf(connection, identifier(n))) for n in range(40)]
    assert sorted(item.index for item in held) == list(range(acceptance.record_count))
    rows = [licence(100 + n) for n in range(30)] + [licence(100), licence(129), licence(5)]
    refused = refusal(world, register, merged(world, *rows))
    assert (refused.problem, len(refused.row_errors)) == ("transition-refused", 3)


def take_200_000_records(folder: Path) -> None:
    """Take a submission in a process of its own. Raises: AssertionError where it takes more memory."""
    world, opened = World(), Register(f"sqlite:///{folder / 'register.db'}")
    with world.department.draft(licence(n) for n in range(200_000)) as drafted:
        assert accept(opened, world.trust, drafted.lines(), NOW, SETTINGS).record_count == 200_000
    assert peak_bytes() < 500 * 2**20, f"{peak_bytes():,} bytes"


@pytest.mark.slow
def test_a_submission_of_200_000_records_takes_less_than_500_mb(tmp_path: Path) -> None:
    # spawned: a forked process would begin with the memory of all the tests before
    process = multiprocessing.get_context("spawn").Process(target=take_200_000_records, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0


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
        patch.setattr("anchoring.intake.intake.Acceptance", fail)
        with pytest.raises(OSError, match="disk full"):
            accept(register, world.trust, lines, NOW, SETTINGS)
    assert rows_held(register) == 0
    assert accept(register, world.trust, lines, NOW, SETTINGS).first_position == 0
