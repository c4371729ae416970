"""A submission is taken when it will be anchored where its statement says.

Whatever waits before it.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, update

from anchoring.errors import SubmissionRefused, TooMuchWaiting
from anchoring.intake.admission import Admission, admit
from anchoring.intake.intake import accept
from anchoring.register.batches import Batch, insert_batch
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL
from anchoring.register.tables import CHANGE, SUBMISSION
from ledger.crypto.keys import encode_signature
from ledger.encoding.canonical import encode_canonical
from ledger.records.submissions import MAX_WINDOW, Window
from tests.fakes.department import NOW, SETTINGS, World, change, licence
from tests.unit.anchoring.intake.submitting import refusal


def frozen(register: Register, sequence: int) -> None:
    """Let the register have frozen batches up to `sequence`."""
    with register.writing() as connection:
        insert_batch(connection, Batch(sequence, b"", NOW, FINAL))


def lines_for(world: World, sequence: int, *rows: dict[str, Any]) -> list[bytes]:
    """Return a submission that is signed for the anchors after `sequence`."""
    target = replace(world.department.target, sequence=sequence)
    with world.department.draft(rows or [licence(1)], target=target) as drafted:
        return [line.rstrip(b"\n") for line in drafted.lines()]


def test_a_statement_of_version_1_is_not_taken_any_more(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)])
    head = json.loads(lines[0])
    for member in ("first_sequence", "last_sequence"):
        del head["statement"][member]
    head["statement"]["type"] = "shunzheng/submission/1"
    refused = refusal(world, register, [encode_canonical(head), *lines[1:]])
    assert refused.problem == "older-format"
    assert "sign it again" in str(refused)


def test_a_statement_is_drafted_for_the_anchors_that_follow(world: World) -> None:
    with world.department.draft([licence(1)]) as drafted:
        assert drafted.statement.window == Window(1, 1 + MAX_WINDOW)
        assert drafted.statement.expires_at - drafted.statement.time == 72 * 3600


@pytest.mark.parametrize(("newest", "taken"), [(MAX_WINDOW, True), (MAX_WINDOW + 1, False)])
def test_the_next_batch_is_inside_of_the_window(
    world: World, register: Register, newest: int, *, taken: bool
) -> None:
    """The register counts, not the chain: what is frozen comes before."""
    frozen(register, newest)
    lines = lines_for(world, 0)
    if taken:
        assert accept(register, world.trust, lines, NOW, SETTINGS).record_count == 1
        return
    refused = refusal(world, register, lines)
    assert refused.problem == "outside-window"
    assert f"up to sequence {MAX_WINDOW + 1} of tianmen" in str(refused)
    assert "sign it again" in str(refused)


@pytest.mark.parametrize(("last", "taken"), [(64, True), (63, False)])
def test_a_window_of_which_too_little_is_left_is_refused_at_the_first_line(
    world: World, register: Register, last: int, *, taken: bool
) -> None:
    """Its records may take minutes to arrive, and nobody sends them in vain."""
    department = world.department
    with department.draft([licence(1)]) as drafted:
        statement = replace(drafted.statement, window=Window(1, last))
    signature = encode_signature(department.key.sign(statement.encode()))
    line = encode_canonical({"statement": statement.to_json(), "signature": signature})
    if taken:
        admitted = admit(register, world.trust, line, NOW, SETTINGS)
        assert isinstance(admitted, Admission)
        return
    with pytest.raises(SubmissionRefused, match="up to sequence 63 of tianmen, which stands at 0") as refused:
        admit(register, world.trust, line, NOW, SETTINGS)
    assert refused.value.problem == "outside-window"


def test_a_window_that_begins_later_than_the_next_batch(world: World, register: Register) -> None:
    refused = refusal(world, register, lines_for(world, 5))
    assert refused.problem == "outside-window"
    assert "from sequence 6 of tianmen on, the next one is 1" in str(refused)


def test_what_was_accepted_before_is_answered_though_its_window_has_passed(
    world: World, register: Register
) -> None:
    lines = lines_for(world, 0)
    accepted = accept(register, world.trust, lines, NOW, SETTINGS)
    frozen(register, 1_000)
    assert accept(register, world.trust, lines[:1], NOW, SETTINGS) == accepted


def test_changes_of_one_position_that_wait_take_an_anchor_each(world: World, register: Register) -> None:
    """A department suspends and resumes one licence time and again: what comes behind is not promised beyond its window."""
    frozen(register, MAX_WINDOW - 5)
    department = world.department
    with department.draft([licence(1)]) as drafted:
        newest = drafted.leaves[0]
        accept(register, world.trust, _stripped(drafted.lines()), NOW, SETTINGS)
    for number in range(6):
        row = change(("suspend", "resume")[number % 2], previous="sm3:" + newest.hex())
        with department.draft([row]) as drafted:
            newest = drafted.leaves[0]
            accept(register, world.trust, _stripped(drafted.lines()), NOW, SETTINGS)
    refused = refusal(world, register, lines_for(world, 0, licence(2)))
    assert refused.problem == "outside-window"
    assert f"at {MAX_WINDOW + 2} only" in str(refused)
    assert accept(register, world.trust, lines_for(world, 200, licence(2)), NOW, SETTINGS).record_count == 1


def test_so_much_waits_that_no_window_is_wide_enough(world: World, register: Register) -> None:
    accept(register, world.trust, lines_for(world, 0), NOW, SETTINGS)
    with register.writing() as connection:
        rows = [{"record": number, "position": 0, "status": 1} for number in range(MAX_WINDOW + 10)]
        connection.execute(insert(CHANGE), rows)
        connection.execute(update(SUBMISSION).values(changes=len(rows)))
    with pytest.raises(TooMuchWaiting, match="hand this one in later"):
        accept(register, world.trust, lines_for(world, 0, licence(2)), NOW, SETTINGS)


def _stripped(lines: Any) -> list[bytes]:
    return [line.rstrip(b"\n") for line in lines]
