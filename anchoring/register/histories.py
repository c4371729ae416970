"""Make the signed history of a certificate from register and replica."""

from collections.abc import Sequence

from sqlalchemy import Connection

from anchoring.register.proofs import make_bare_proof
from anchoring.register.records import StoredRecord
from anchoring.register.store import Register
from anchoring.replica.reading import ReplicaView
from ledger.crypto.keys import PrivateKey
from ledger.errors import LimitExceeded
from ledger.proof.histories import MAX_RECORDS, History, SignedHistory, sign_history
from ledger.registry.trust import Anchor
from ledger.verification.history import PlacedRecord


def place_record(stored_record: StoredRecord, view: ReplicaView) -> PlacedRecord:
    """Give a record its anchor where that is final; the chain decides, not the register."""
    anchor = _find_anchor(stored_record, view)
    return PlacedRecord(
        stored_record.record, stored_record.leaf, stored_record.position if anchor else None, anchor
    )


def make_history(
    register: Register,
    connection: Connection,
    view: ReplicaView,
    stored_records: Sequence[StoredRecord],
    key: PrivateKey,
    now: int,
) -> SignedHistory:
    """Sign the history of these records, which are all of one lineage in the order of positions.

    `connection` is to be opened after `view`: a record that is anchored by the one must be registered by the other.
    Raises: LimitExceeded where they are too many.
    """
    if len(stored_records) > MAX_RECORDS:
        raise LimitExceeded(
            f"the certificate has {len(stored_records)} records, a history at most {MAX_RECORDS}"
        )
    anchored_records = [stored for stored in stored_records if _find_anchor(stored, view)]
    history = History(
        registry=view.registry,
        log=stored_records[0].submission.acceptance.log,
        event_number=view.cursor.event_number,
        head=view.cursor.head,
        proofs=tuple(make_bare_proof(register, connection, view, stored) for stored in anchored_records),
        waiting_records=tuple(stored.record for stored in stored_records if not _find_anchor(stored, view)),
        time=now,
        key_id=key.public.id,
    )
    return sign_history(key, history)


def _find_anchor(stored_record: StoredRecord, view: ReplicaView) -> Anchor | None:
    submission = stored_record.submission
    sequence = submission.sequence
    return None if sequence is None else view.find_anchor(submission.acceptance.log, sequence)
