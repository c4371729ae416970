"""Rows that are refused: by themselves, against the register, and as lines of a stream."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from anchoring.errors import SubmissionRefused
from anchoring.intake.rows import split_lines
from anchoring.register.records import find_newest_leaf
from anchoring.register.store import Register
from api.department.drafting import FindNewestLeaf
from ledger.crypto.suites import SM3
from ledger.records.claims import FullDisclosure
from ledger.records.records import Record
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.registry import acts
from tests.fakes.department import ISSUER, LOG, NOW, World, change, identifier, licence
from tests.scenes import credit_code
from tests.unit.anchoring.intake.submitting import decoded, merged, refusal, signed

# -- By themselves --


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
    assert [row.row_number for row in refused.row_errors] == [3, 5]
    assert "not JSON" in refused.row_errors[0].message
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
    assert (refused.problem, [row.row_number for row in refused.row_errors]) == (problem, [3])


def test_a_wrong_check_digit(world: World, register: Register) -> None:
    def mend(row: dict[str, Any]) -> None:
        good = row["record"]["identifier"]
        row["record"]["identifier"] = good[:-1] + ("0" if good[-1] != "0" else "1")

    refused = refusal(world, register, spoil(world, mend))
    assert refused.problem == "invalid-identifier"
    assert "check digit" in refused.row_errors[0].message


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


def test_a_grant_of_an_empty_type_lets_nothing_pass_that_has_no_type(register: Register) -> None:
    """The contract takes 21 zero bytes for a type; a verification finds no seal covered by such a grant."""
    world = World(granted=False)
    world.act(acts.KeyRegistered(LOG, 1, world.department.key.public.spki))
    world.grant(types=("", "11100000MB0143028R001"))
    world.department.submit(register, world.trust, licence(1))
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
    disclosure = FullDisclosure(bytes.fromhex("8f1c5be29d0347a6b87f21c44ed05a93"), (("document/1", "a.ofd"),))
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
    assert len(refused.row_errors) == 2
    assert "2 rows are at fault" in str(refused)


def test_at_most_a_hundred_rows_are_reported(world: World, register: Register) -> None:
    lines = world.department.lines(licence(n) for n in range(150))
    refused = refusal(world, register, lines[:1] + [b"x"] * 150)
    assert len(refused.row_errors) == 100
    assert "at least 100 rows" in str(refused)


# -- Against the register --


def test_an_identifier_that_is_registered(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    refused = refusal(world, register, world.department.lines([licence(2), licence(1), licence(3)]))
    assert refused.problem == "transition-refused"
    assert "renew or amend it" in refused.row_errors[0].message
    assert len(refused.row_errors) == 1


def test_an_identifier_that_is_issued_twice_in_one_submission(world: World, register: Register) -> None:
    refused = refusal(world, register, merged(world, licence(1), licence(1)))
    assert refused.problem == "transition-refused"
    assert [row.row_number for row in refused.row_errors] == [3]
    assert "is issued twice in this submission" in str(refused)


def test_two_versions_are_one_certificate(world: World, register: Register) -> None:
    refused = refusal(world, register, merged(world, licence(1), licence(1, 2)))
    assert refused.problem == "transition-refused"


def test_a_change_of_what_is_not_registered(world: World, register: Register) -> None:
    row = change("revoke", previous="sm3:" + "00" * 32)
    refused = refusal(world, register, world.department.lines([row]))
    assert refused.problem == "transition-refused"
    assert "issue it first" in str(refused)


def test_a_change_that_leaves_a_record_out(world: World, register: Register) -> None:
    world.department.submit(register, world.trust, licence(1))
    with register.reading() as connection:
        first = SM3.format(find_newest_leaf(connection, identifier(1)))
    world.department.submit(register, world.trust, change("suspend", previous=first), now=NOW + 1)
    refused = refusal(world, register, world.department.lines([change("revoke", previous=first)]))
    assert refused.problem == "transition-refused"
    assert "`previous` must be the newest record" in str(refused)


def test_revoked_turned_valid_again_without_a_record(world: World, register: Register) -> None:
    """Attack: a renewal of a revoked licence would make it valid anew."""
    world.department.submit(register, world.trust, licence(1), change("revoke"))
    with register.reading() as connection:
        tip = SM3.format(find_newest_leaf(connection, identifier(1)))
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
        tip = SM3.format(find_newest_leaf(connection, identifier(1)))
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
            Random(n).randbytes(16),
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
        ({"record": r.to_json(), "leaf": r.hash_leaf().hex()} for r in records),
        key=lambda row: str(row["leaf"]),
    )
    refused = refusal(world, register, signed(world, rows))
    assert refused.problem == "too-many-changes"


# -- As lines --


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
    assert (caught.value.problem, caught.value.row_errors[0].row_number) == ("row-too-long", 2)


# -- In bounded memory --


def test_changes_are_bounded_in_bytes_because_they_are_ordered_in_memory(
    world: World, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: 4,096 amendments of 190 kB each."""
    monkeypatch.setattr("anchoring.intake.spool.MAX_CHANGES_BYTES", 2_000)
    newest: FindNewestLeaf = lambda _: b"1" * 32  # noqa: E731
    fitting = world.department.lines([change("revoke", 1)], find_newest_leaf=newest)
    assert refusal(world, register, fitting).problem == "transition-refused"
    large = world.department.lines(
        [change("revoke", n, basis="条" * 300) for n in (1, 2)], find_newest_leaf=newest
    )
    refused = refusal(world, register, large)
    assert refused.problem == "too-many-changes"
    assert "2,000 bytes" in str(refused)


def test_large_issues_are_spooled_in_smaller_chunks(
    world: World, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anchoring.limits.CHUNK_BYTES", 1_000)
    acceptance = world.department.submit(register, world.trust, *(licence(n) for n in range(5)))
    assert acceptance.record_count == 5
