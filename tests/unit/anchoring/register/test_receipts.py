"""What intake promises, and that everybody who asks gets the same signed receipt."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from anchoring.errors import NotFound
from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.limits import PROMISE_SECONDS
from anchoring.register import receipts
from anchoring.register.receipts import find_or_sign_receipt
from anchoring.register.store import Register
from anchoring.register.submissions import Acceptance, find_submission
from anchoring.register.tables import SUBMISSION
from ledger.crypto.keys import PrivateKey, generate_key
from ledger.verification.receipts import Receipt as Promised
from ledger.verification.receipts import SignedReceipt, decode_signed_receipt, sign_receipt
from tests.databases import NewDatabase
from tests.fakes.department import LOG, NOW, World, licence

KEY = generate_key("sm2", Random(7).randbytes)
OTHER = generate_key("sm2", Random(8).randbytes)


@pytest.fixture
def register(new_database: NewDatabase) -> Iterator[Register]:
    made = Register(new_database("register"))
    yield made
    made.close()


def submit(register: Register, world: World, serial: int = 1) -> Acceptance:
    return accept(register, world.trust, world.department.lines([licence(serial)]), NOW, IntakeRules(LOG))


def receipt_of(register: Register, id: str, key: PrivateKey | None) -> SignedReceipt | None:
    with register.reading() as connection:
        stored = find_submission(connection, id)
    return find_or_sign_receipt(register, stored, key)


def test_a_receipt_says_what_was_promised(register: Register) -> None:
    world = World()
    submit(register, world)
    accepted = submit(register, world, 2)
    signed = receipt_of(register, accepted.id, KEY)
    assert signed
    receipt = signed.receipt
    assert KEY.public.verify(receipt.encode(), signed.signature)
    assert (receipt.registry, receipt.log, receipt.root.hex()) == (world.registry, LOG, accepted.id)
    assert (receipt.record_count, receipt.first_position, receipt.accepted_at) == (1, 1, NOW)
    assert (receipt.deadline, receipt.key_id) == (NOW + PROMISE_SECONDS, KEY.public.id)


@pytest.mark.parametrize(("lifetime", "promise", "deadline"), [(900, 3600, 900), (86_400, 60, 60)])
def test_nothing_is_promised_beyond_the_statements_end(
    tmp_path: Path, lifetime: int, promise: int, deadline: int
) -> None:
    register = Register(f"sqlite:///{tmp_path / 'register.db'}")
    world = World()
    lines = world.department.lines([licence()], lifetime_seconds=lifetime)
    accepted = accept(register, world.trust, lines, NOW, IntakeRules(LOG, promise_seconds=promise))
    assert accepted.deadline == NOW + deadline
    register.close()


def test_sent_again_it_gets_the_same_bytes(register: Register) -> None:
    """Signatures of SM2 differ each time; the key and the pace may have changed since. The receipt is the first one."""
    world = World()
    lines = world.department.lines([licence()])
    accepted = accept(register, world.trust, lines, NOW, IntakeRules(LOG))
    first = receipt_of(register, accepted.id, KEY)
    again = accept(register, world.trust, lines, NOW + 99, IntakeRules(LOG, promise_seconds=7))
    assert receipt_of(register, again.id, OTHER) == first
    assert receipt_of(register, again.id, None) == first
    assert again.signed_receipt is not None
    assert decode_signed_receipt(again.signed_receipt) == first


def test_a_crash_before_signing_loses_no_promise(register: Register) -> None:
    """The submission is written, then the process ends: what was promised is signed for whoever asks next."""
    world = World()
    lines = world.department.lines([licence()])
    accepted = accept(register, world.trust, lines, NOW, IntakeRules(LOG))
    found = accept(register, world.trust, lines, NOW + 99, IntakeRules(LOG, promise_seconds=7))
    assert (found.signed_receipt, found.deadline) == (None, accepted.deadline)
    signed = receipt_of(register, accepted.id, KEY)
    assert signed
    assert signed.receipt.deadline == accepted.deadline


def test_of_two_that_sign_at_once_one_receipt_stays(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = submit(register, World())
    overtaken = []

    def slowly(key: PrivateKey, receipt: Promised) -> SignedReceipt:
        monkeypatch.undo()
        overtaken.append(receipt_of(register, accepted.id, KEY))
        return sign_receipt(key, receipt)

    monkeypatch.setattr(receipts, "sign_receipt", slowly)
    assert receipt_of(register, accepted.id, KEY) == overtaken[0]


def test_without_a_key_nothing_is_signed(register: Register) -> None:
    accepted = submit(register, World())
    assert receipt_of(register, accepted.id, None) is None
    assert receipt_of(register, accepted.id, KEY), "a key that came later signs it"


def test_what_was_accepted_before_there_were_receipts_was_promised_nothing(register: Register) -> None:
    accepted = submit(register, World())
    with register.writing() as connection:
        connection.execute(update(SUBMISSION).values(deadline=None))
    assert receipt_of(register, accepted.id, KEY) is None


def test_a_submission_that_is_not_here(register: Register) -> None:
    with pytest.raises(NotFound):
        receipt_of(register, "00" * 32, KEY)
