"""Rows that several processes draft come out as of one: same order, faults and warnings."""

import os
import pickle
import secrets
from collections.abc import Iterable
from datetime import date
from itertools import islice

import pytest

from anchoring.errors import SubmissionRefused
from api.department import drafting_processes
from api.department.drafting import prepare
from api.department.drafts import Target, UnsignedDraft
from ledger.crypto.suites import SHA256, SM3
from ledger.encoding.canonical import Json, decode, decode_canonical, encode_canonical
from ledger.encoding.fields import Fields
from ledger.records.records import decode_record
from tests.fakes.department import NOW, World, change, identifier, licence

ROWS = [
    *(licence(number) for number in range(8)),
    change("amend", 3, 2, claims={"ZZMC": "营业执照"}),
    licence(20, valid_until="9999-12-30", links=[{"rel": "replaces", "identifier": identifier(5)}]),
    *(licence(number) for number in range(30, 42)),
    change("revoke", 30),
]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting_processes, "_CHUNK_ROWS", 3)
    monkeypatch.setattr(drafting_processes, "_MIN_CHUNKS", 2)


def draft_rows(rows: Iterable[dict[str, Json]], processes: int) -> UnsignedDraft:
    target = Target(World().registry, "tianmen", SM3, 0)
    lines = enumerate((encode_canonical(row) for row in rows), 1)
    return prepare(lines, target, secrets.token_bytes, NOW, today=date(2026, 11, 23), process_count=processes)


def describe(draft: UnsignedDraft) -> tuple[set[tuple[str, str, int]], object]:
    """Return of each record what it is and how many links it has, and the warnings; and check the lines."""
    records = []
    with draft:
        assert draft.leaves == sorted(draft.leaves)
        for line, leaf in zip(draft.record_lines(), draft.leaves, strict=True):
            record = decode_record(Fields(decode_canonical(line.rstrip(b"\n")), "row").take("record"))
            assert record.hash_leaf() == leaf
            records.append(record)
        by_leaf = {record.hash_leaf(): record for record in records}
        for record in records:
            if record.previous:
                assert by_leaf[record.previous].lineage == record.lineage, "it follows the row above"
        return {(record.action, record.identifier, len(record.links)) for record in records}, draft.warnings


def test_several_processes_draft_what_one_does() -> None:
    drafted, warnings = describe(draft_rows(ROWS, 2))
    assert (drafted, warnings) == describe(draft_rows(ROWS, 1))
    assert len(drafted) == len(ROWS)
    assert warnings


def test_faults_have_the_same_words() -> None:
    rows = [
        *ROWS,
        licence(3),
        licence(50, kind="song"),
        change("amend", 99, 2),
        licence(51, issuer="11429006EXAMPLE11A"),
    ]
    refusals = []
    for processes in (1, 2):
        with pytest.raises(SubmissionRefused) as caught:
            draft_rows(rows, processes)
        refusals.append((caught.value.problem, caught.value.row_errors))
    assert refusals[0] == refusals[1]
    assert [fault.row_number for fault in refusals[0][1]] == [len(ROWS) + number for number in (1, 2, 3, 4)]


class EndsElsewhere:
    """Draws random bytes in one process, and ends every other one as a killed process ends."""

    def __init__(self) -> None:
        self.process_id = os.getpid()

    def __call__(self, count: int) -> bytes:
        if os.getpid() != self.process_id:
            os._exit(9)
        return secrets.token_bytes(count)


def test_a_process_that_is_killed_costs_no_row() -> None:
    target = Target(World().registry, "tianmen", SM3, 0)
    lines = enumerate((encode_canonical(row) for row in ROWS), 1)
    drafted, _ = describe(prepare(lines, target, EndsElsewhere(), NOW, process_count=2))
    assert len(drafted) == len(ROWS)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The input is read no further ahead than a few chunks, which are cut by their bytes, too."""
    monkeypatch.setattr(drafting_processes, "_CHUNK_BYTES", 10)
    read: list[int] = []

    def lines() -> Iterable[tuple[int, bytes]]:
        for number in range(1_000):
            read.append(number)
            yield number, b"x" * 20

    assert len([*islice(drafting_processes._cut_rows(iter(lines())), 5)]) == 5
    assert len(read) == 5


def test_a_suite_is_the_same_in_every_process() -> None:
    for suite in (SM3, SHA256):
        assert pickle.loads(pickle.dumps(suite)) is suite


def test_a_row_is_written_as_canonical_json() -> None:
    with draft_rows(
        [licence(1, claims={"ZZMC": "营业执照", "KZ_LX": ["一", {"b": 1, "a": "é"}]})], 1
    ) as draft:
        (line,) = draft.record_lines()
    assert line == encode_canonical(decode(line.rstrip(b"\n"))) + b"\n"
