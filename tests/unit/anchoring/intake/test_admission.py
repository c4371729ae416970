"""What lies between a submission's first line and its records.

Minutes in which things change.
"""

import pytest
from sqlalchemy import delete

from anchoring.errors import RegisterBehind, SubmissionRefused
from anchoring.intake.admission import Admission, admit
from anchoring.intake.intake import accept, take
from anchoring.register.missing import Missing, note_missing
from anchoring.register.store import Register
from anchoring.register.submissions import Submission
from anchoring.register.tables import BATCH, DISCLOSURE, LINEAGE, RECORD, SUBMISSION
from ledger.registry import acts
from tests.fakes.department import LOG, NOW, SETTINGS, World, licence
from tests.unit.anchoring.intake.submitting import rows_held


def admitted(world: World, register: Register, lines: list[bytes]) -> Admission:
    admission = admit(register, world.trust, lines[0], NOW, SETTINGS)
    assert isinstance(admission, Admission)
    return admission


def test_a_key_that_is_retired_while_the_records_arrive(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)])
    admission = admitted(world, register, lines)
    world.act(acts.KeyRetired(world.department.key.public.id, NOW + 60))
    with pytest.raises(SubmissionRefused) as caught:
        take(register, world.trust, admission, iter(lines[1:]), NOW + 60, SETTINGS)
    assert caught.value.problem == "key-retired"
    assert rows_held(register) == 0


def test_a_statement_that_expires_while_the_records_arrive(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)], lifetime_seconds=3600)
    admission = admitted(world, register, lines)
    with pytest.raises(SubmissionRefused) as caught:
        take(register, world.trust, admission, iter(lines[1:]), NOW + 3600, SETTINGS)
    assert caught.value.problem == "statement-expired"


def test_a_grant_that_ends_while_the_records_arrive(register: Register) -> None:
    """A row is judged by what the key is granted once it is here; another grant may let the statement pass."""
    world = World(granted=False)
    world.act(acts.KeyRegistered(LOG, 1, world.department.key.public.spki))
    world.grant(kinds=1, until=NOW + 59)
    world.grant(kinds=4)
    lines = world.department.lines([licence(1)])
    admission = admitted(world, register, lines)
    with pytest.raises(SubmissionRefused, match="not granted licence records") as caught:
        take(register, world.trust, admission, iter(lines[1:]), NOW + 60, SETTINGS)
    assert caught.value.problem == "not-granted"


def test_of_two_that_arrive_at_once_the_second_is_not_new(world: World, register: Register) -> None:
    lines = world.department.lines([licence(1)])
    admission = admitted(world, register, lines)
    promised = accept(register, world.trust, lines, NOW, SETTINGS)
    submission, is_new = take(register, world.trust, admission, iter(lines[1:]), NOW + 1, SETTINGS)
    assert (submission.acceptance, is_new) == (promised, False)
    again = admit(register, world.trust, lines[0], NOW + 2, SETTINGS)
    assert isinstance(again, Submission)
    assert again.acceptance == promised


def test_records_that_come_back_are_not_taken_as_new_ones(world: World, register: Register) -> None:
    """They are not judged again, so they go to where they stood or nowhere."""
    lines = world.department.lines([licence(1)])
    promised = accept(register, world.trust, lines, NOW, SETTINGS)
    with register.writing() as connection:
        for table in (RECORD, DISCLOSURE, LINEAGE):
            connection.execute(delete(table))
        batch = {"sequence": 1, "payload": b"", "frozen": NOW, "state": "final"}
        connection.execute(BATCH.insert(), [batch])
        root = bytes.fromhex(promised.id)
        note_missing(connection, [Missing(0, 1, 1, root, promised.issuer)])
    admission = admitted(world, register, lines)
    assert admission.is_anchored
    with register.writing() as connection:
        connection.execute(delete(SUBMISSION))
    with pytest.raises(RegisterBehind, match="send it again"):
        take(register, world.trust, admission, iter(lines[1:]), NOW, SETTINGS)
