"""The uses of a seal: sealings that link to it, certificates that link to those."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from anchoring import limits
from anchoring.register.records import StoredRecord, find_record, find_records, read_body
from anchoring.register.tables import LINK, RECORD
from ledger.limits import MAX_LOG_SIZE
from ledger.records.seal_claims import MADE_WITH, SEALED_BY

_SEALING_POSITIONS: Final = select(LINK.c.record).where(
    LINK.c.target.in_(bindparam("seals", expanding=True)), LINK.c.rel == MADE_WITH
)
_SEALING_LEAVES: Final = (
    select(RECORD.c.leaf)
    .where(
        RECORD.c.position.in_(_SEALING_POSITIONS),
        RECORD.c.position >= bindparam("first"),
        RECORD.c.position < bindparam("end"),
    )
    .order_by(RECORD.c.position)
    .limit(bindparam("limit"))
)
_SEALED_RECORDS: Final = (
    select(LINK.c.target, RECORD.c.position, RECORD.c.body)
    .join(RECORD, RECORD.c.position == LINK.c.record)
    .where(LINK.c.target.in_(bindparam("sealings", expanding=True)), LINK.c.rel == SEALED_BY)
    .order_by(RECORD.c.position)
)


@dataclass(frozen=True, slots=True)
class SealUse:
    """A sealing, and the identifiers of the certificates that carry what it sealed."""

    sealing: StoredRecord
    certificates: tuple[str, ...]


def find_uses(
    connection: Connection,
    identifier: str,
    *,
    first_position: int = 0,
    end_position: int = MAX_LOG_SIZE,
    limit: int = 100,
) -> list[SealUse]:
    """Return the uses of a seal, of whichever version, in the order of their positions.

    These are from `first_position` to before `end_position`. Raises: NotFound where the seal is not registered here.
    """
    seal_leaves = [seal.leaf for seal in find_records(connection, identifier)]
    parameters = {"seals": seal_leaves, "first": first_position, "end": end_position, "limit": limit}
    sealings = [
        find_record(connection, leaf)
        for leaf in connection.execute(_SEALING_LEAVES, parameters).scalars().all()
    ]
    identifiers_by_sealing: dict[bytes, list[str]] = defaultdict(list)
    for start in range(0, len(sealings), limits.LOOKUP_ROWS):
        sealing_leaves = [sealing.leaf for sealing in sealings[start : start + limits.LOOKUP_ROWS]]
        for target, position, body in connection.execute(_SEALED_RECORDS, {"sealings": sealing_leaves}):
            identifiers_by_sealing[target].append(read_body(position, body).identifier)
    return [SealUse(sealing, tuple(identifiers_by_sealing[sealing.leaf])) for sealing in sealings]
