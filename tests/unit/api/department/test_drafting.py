"""Drafting: rows become a signed submission, or every fault is told with its line."""

import json
from random import Random
from typing import Any

import pytest

from anchoring.errors import SubmissionRefused
from api.department.drafting import draft
from api.department.drafts import Target
from ledger.crypto.keys import decode_signature, generate_key
from ledger.crypto.suites import SHA256, SM3
from ledger.crypto.trees import MerkleTree
from ledger.encoding.canonical import decode, decode_canonical
from ledger.records.claims import FullDisclosure, decode_disclosure
from ledger.records.records import decode_record
from ledger.records.submissions import decode_statement
from tests.fakes.department import ISSUER, LOG, NOW, Department, change, identifier, licence

REGISTRY = "eip155:31337:0x" + "22" * 20 + ":" + "ab" * 8


@pytest.fixture
def department() -> Department:
    return Department(REGISTRY)


def refusal(department: Department, *rows: dict[str, object], **options: Any) -> SubmissionRefused:
    with pytest.raises(SubmissionRefused) as caught:
        department.lines(rows, **options)
    return caught.value


@pytest.mark.parametrize("suite", [SM3, SHA256])
@pytest.mark.parametrize("algorithm", ["sm2", "p256"])
def test_a_draft_is_a_signed_submission_in_order(suite, algorithm) -> None:  # type: ignore[no-untyped-def]
    department = Department(REGISTRY, suite=suite, algorithm=algorithm)
    head, *rows = [decode_canonical(line) for line in department.lines(licence(n) for n in range(50))]
    assert isinstance(head, dict)
    statement = decode_statement(head["statement"])
    records = [decode_record(row["record"]) for row in rows]  # type: ignore[call-overload, index]
    leaves = [record.hash_leaf() for record in records]
    assert leaves == sorted(leaves)
    assert statement.root == MerkleTree(suite, leaves).root
    assert (statement.record_count, statement.issuer, statement.log) == (50, ISSUER, LOG)
    assert (statement.time, statement.expires_at) == (NOW, NOW + 3 * 86_400)
    signature = decode_signature(str(head["signature"]))
    assert department.key.public.verify(statement.encode(), signature)


def test_every_record_has_a_master_and_a_salt_of_its_own(department: Department) -> None:
    rows = [json.loads(line) for line in department.lines(licence(n) for n in range(20))[1:]]
    assert len({row["record"]["salt"] for row in rows} | {row["disclosure"]["master"] for row in rows}) == 40


def test_disclosures_hash_to_the_claims_of_their_records(department: Department) -> None:
    for line in department.lines([licence(1), licence(2, claims={"B": "2", "A": 1, "C": True})])[1:]:
        row = decode(line)
        assert isinstance(row, dict)
        disclosure, record = decode_disclosure(row["disclosure"]), decode_record(row["record"])
        assert isinstance(disclosure, FullDisclosure)
        assert disclosure.digest(SM3) == record.claims


def test_documents_become_claims(department: Department) -> None:
    files = {"a.ofd": b"PK\x03\x04", "b.PDF": b"%PDF-1.7", "c": b""}
    row = licence(documents=list(files))
    lines = department.lines([row], read_file=files.__getitem__)
    claims = dict(json.loads(lines[1])["disclosure"]["claims"])
    assert [claims[f"document/{n}"]["media_type"] for n in (1, 2, 3)] == [
        "application/ofd",
        "application/pdf",
        "application/octet-stream",
    ]
    assert claims["document/1"] == {
        "media_type": "application/ofd",
        "size": 4,
        "digest": SM3.format(SM3.hash(b"PK\x03\x04")),
    }


def test_a_document_that_cannot_be_read_is_named(department: Department) -> None:
    def read(path: str) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", path)

    refused = refusal(department, licence(documents=["lost.ofd"]), read_file=read)
    assert refused.problem == "unknown-document"
    assert "lost.ofd cannot be read: No such file" in str(refused)


def test_documents_need_a_reader(department: Department) -> None:
    assert refusal(department, licence(documents=["a.ofd"])).problem == "unknown-document"


def test_rows_at_fault_are_counted_as_lines_of_the_input(department: Department) -> None:
    lines = [json.dumps(licence(1)).encode(), b"", b"{not json", json.dumps(licence(2)).encode(), b"[]"]
    with pytest.raises(SubmissionRefused) as caught:
        draft(lines, department.target, department.key, department.random, NOW)
    assert [row.row_number for row in caught.value.row_errors] == [3, 5]
    assert caught.value.problem == "malformed-row"


def test_a_wrong_check_digit_is_refused_with_the_right_one(department: Department) -> None:
    good = identifier(1)
    refused = refusal(department, licence(identifier=good[:-1] + ("0" if good[-1] != "0" else "1")))
    assert refused.problem == "invalid-identifier"
    assert f"expected {good[-1]}" in str(refused)


def test_a_backfilled_certificate_may_be_odd_and_is_warned_of(department: Department) -> None:
    good = identifier(1)
    odd = good[:-1] + ("0" if good[-1] != "0" else "1")
    with department.draft([licence(identifier=odd, issued="2014-05-06")]) as drafted:
        assert [warning.row_number for warning in drafted.warnings] == [1]


def test_a_submission_is_of_one_issuer(department: Department) -> None:
    other = "11420100012345677G"
    refused = refusal(department, licence(1), licence(2, issuer=other))
    assert (refused.problem, refused.row_errors[0].row_number) == ("issuer-mismatch", 2)


def test_the_identifier_names_the_issuer_of_the_row(department: Department) -> None:
    other = identifier("TM2022A0000000000001", issuer="11100000000013338W")
    assert refusal(department, licence(identifier=other)).problem == "issuer-mismatch"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (licence(action="burn"), "malformed-row"),
        (licence(kind="permit"), "malformed-row"),
        (licence(claims=["a"]), "malformed-row"),
        (licence(claims={"document/1": "x"}), "malformed-row"),
        (licence(colour="red"), "malformed-row"),
        (licence(valid_from="28.3.2022"), "malformed-row"),
        (licence(valid_from="2022-03-28", valid_until="2022-03-27"), "malformed-row"),
        (licence(claims={"A": "x" * 200_000}), "row-too-long"),
        (change("revoke"), "previous-missing"),
        (change("revoke", previous="sha256:" + "00" * 32), "wrong-suite"),
        (change("revoke", basis="", previous="sm3:" + "00" * 32), "malformed-row"),
    ],
)
def test_a_bad_row_is_refused(department: Department, row: dict[str, object], problem: str) -> None:
    assert refusal(department, row).problem == problem


def test_a_row_may_follow_one_before_it(department: Department) -> None:
    lines = department.lines([licence(1), change("renew", 1, 2), licence(2)])
    records = [decode_record(json.loads(line)["record"]) for line in lines[1:]]
    by_action = {record.action: record for record in records if record.lineage in identifier(1)}
    assert by_action["renew"].previous == by_action["issue"].hash_leaf()


def test_what_was_registered_before_is_asked_for(department: Department) -> None:
    newest = {identifier(7): b"\x07" * 32}
    lines = department.lines([change("suspend", 7)], find_newest_leaf=newest.get)
    assert json.loads(lines[1])["record"]["previous"] == "sm3:" + "07" * 32


def test_previous_may_be_given(department: Department) -> None:
    given = "sm3:" + "09" * 32
    lines = department.lines([change("suspend", 7, previous=given)])
    assert json.loads(lines[1])["record"]["previous"] == given


def test_an_empty_input_is_refused(department: Department) -> None:
    assert refusal(department).problem == "wrong-count"


def test_too_many_changes_are_refused(department: Department) -> None:
    previous = "sm3:" + "09" * 32
    rows = (change("suspend", n, previous=previous) for n in range(4097))
    with pytest.raises(SubmissionRefused) as caught:
        department.lines(rows)
    assert caught.value.problem == "too-many-records"


def test_the_same_randomness_gives_the_same_submission() -> None:
    key = generate_key("sm2", Random(3).randbytes)
    roots = set()
    for _ in range(2):
        lines = [json.dumps(licence(n)).encode() for n in range(5)]
        with draft(lines, Target(REGISTRY, LOG, SM3, 0), key, Random(4).randbytes, NOW) as drafted:
            roots.add(drafted.id)
    assert len(roots) == 1


def test_lines_can_be_read_again(department: Department) -> None:
    with department.draft([licence(1), licence(2)]) as drafted:
        assert list(drafted.lines()) == list(drafted.lines())
        assert len(drafted.leaves) == 2
