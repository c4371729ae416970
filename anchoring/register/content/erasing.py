"""Erase on order what records disclosed: claims, salts, and the terms that led to them.

The records stay, and say nothing of a person without master and claims. Each erasure is signed by the node's key and
counted, so that an audit tells it from a deletion. Free pages of the database are `anchoring.database.purging`'s.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from anchoring.database.engine import insert_missing
from anchoring.database.stored import reading_row
from anchoring.register.access.tallies import ERASURES, hold_tally, move_tally, open_tally
from anchoring.register.batches import find_own_log
from anchoring.register.records import StoredRecord, find_record, find_records
from anchoring.register.search.terms import Sort, make_term
from anchoring.register.tables import DISCLOSURE, ERASURE, RECORD, TERM
from ledger.crypto.keys import PrivateKey
from ledger.encoding.canonical import Json
from ledger.encoding.unseen import find_unseen_character
from ledger.errors import MalformedInput
from ledger.records.erasures import Erasure, SignedErasure, decode_signed_erasure, sign_erasure
from ledger.records.spellings import fold_characters

# Characters of the number of an order, and of the provision that it rests on: whole sentences fit.
_MAX_WORDS: Final = 400
_HOLDER_CODES: Final = "CZZTDM"  # 持证主体代码 of GB/T 36903: of one holder or a list of several
_OF_LEAF: Final = select(ERASURE.c.content).where(ERASURE.c.leaf == bindparam("leaf"))
_LEAVES_OF_TERM: Final = (
    select(RECORD.c.leaf)
    .select_from(TERM.join(RECORD, RECORD.c.position == TERM.c.position))
    .where(TERM.c.term == bindparam("term"))
    .order_by(RECORD.c.position)
)
_ERASED_BETWEEN: Final = (
    select(RECORD.c.position)
    .select_from(ERASURE.join(RECORD, RECORD.c.leaf == ERASURE.c.leaf))
    .where(RECORD.c.position >= bindparam("first"), RECORD.c.position < bindparam("end"))
)


@dataclass(frozen=True, slots=True)
class Order:
    """An order to erase 删除决定: its number, the provision it rests on, when it is carried out (seconds since 1970)."""

    number: str
    basis: str
    time: int

    def __post_init__(self) -> None:
        """Raises: MalformedInput where number or basis is nothing that a person can read."""
        for name, words in (("number of the order", self.number), ("basis", self.basis)):
            if not words.strip() or len(words) > _MAX_WORDS or find_unseen_character(words):
                raise MalformedInput(
                    f"the {name} has 1 to {_MAX_WORDS} characters that people can see, in one line"
                )


def find_content_of_certificate(connection: Connection, identifier: str) -> list[StoredRecord]:
    """Return the records of a certificate, of every version, that disclose something here. Raises: NotFound."""
    return [record for record in find_records(connection, identifier) if record.disclosure]


def find_content_of_holder(connection: Connection, code: str) -> list[StoredRecord]:
    """Return the records that disclose a holder by this code 持证主体代码, of whichever certificate.

    A name is no code: several persons may have it.
    """
    term = make_term(Sort.HOLDER, code)
    leaves = list(connection.execute(_LEAVES_OF_TERM, {"term": term}).scalars())
    records = [find_record(connection, leaf) for leaf in leaves]
    return [record for record in records if fold_characters(code) in list_holder_codes(record)]


def list_holder_codes(record: StoredRecord) -> list[str]:
    """Return the codes of all holders that a record discloses, folded."""
    value = record.disclosure.values.get(_HOLDER_CODES) if record.disclosure else None
    codes: Sequence[Json] = value if isinstance(value, list) else (value or "",)
    return [fold_characters(code) for code in codes if isinstance(code, str) and code]


def sign_erasures(records: Iterable[StoredRecord], order: Order, key: PrivateKey) -> list[SignedErasure]:
    """Sign that what these records disclose is erased."""
    return [
        sign_erasure(
            key,
            Erasure(
                registry=record.submission.entry.statement.registry,
                log=record.submission.acceptance.log,
                suite=record.record.suite,
                leaf=record.leaf,
                order=order.number,
                basis=order.basis,
                time=order.time,
                key_id=key.public.id,
            ),
        )
        for record in records
    ]


def erase(connection: Connection, signed_erasures: Sequence[SignedErasure], key: PrivateKey) -> None:
    """Destroy what the records of these erasures disclose, with their terms, and count the acts; said again, nothing more.

    Of a record that is not here, as after a restore, it is noted, and what comes back of it is destroyed as it comes.
    """
    positions = [_find_position(connection, signed.erasure.leaf) for signed in signed_erasures]
    _destroy(connection, [position for position in positions if position is not None])
    new_erasures = [
        signed_erasure
        for signed_erasure in signed_erasures
        if find_erasure(connection, signed_erasure.erasure.leaf) is None
    ]
    if connection.execute(select(ERASURE.c.leaf).limit(1)).first() is None:
        open_tally(connection, ERASURES, key)
    tally = hold_tally(connection, ERASURES)
    last_number = tally.total if tally else _find_last_number(connection)
    rows = [
        {"leaf": new.erasure.leaf, "number": number, "content": new.encode()}
        for number, new in enumerate(new_erasures, last_number + 1)
    ]
    insert_missing(connection, ERASURE, rows)
    if tally:
        move_tally(connection, tally, key, total=last_number + len(rows))


def find_erasure(connection: Connection, leaf: bytes) -> SignedErasure | None:
    """Return the erasure of what the record of a leaf hash disclosed; None where it was not erased. Raises: RowDamaged."""
    content = connection.execute(_OF_LEAF, {"leaf": leaf}).scalar_one_or_none()
    if content is None:
        return None
    with reading_row(ERASURE, f"record {leaf.hex()}"):
        return decode_signed_erasure(content)


def list_undone(connection: Connection, signed_erasures: Iterable[SignedErasure]) -> Iterator[SignedErasure]:
    """Yield the erasures of this log that its register does not know of, or whose content is back, as after a restore."""
    log = find_own_log(connection)
    for signed_erasure in signed_erasures:
        erasure = signed_erasure.erasure
        if log is None or (erasure.registry, erasure.log) != (log.registry_name, log.name):
            continue
        position = _find_position(connection, erasure.leaf)
        content = select(DISCLOSURE.c.position).where(DISCLOSURE.c.position == position)
        if find_erasure(connection, erasure.leaf) is None or connection.execute(content).first():
            yield signed_erasure


def _find_position(connection: Connection, leaf: bytes) -> int | None:
    query = select(RECORD.c.position).where(RECORD.c.leaf == leaf)
    return connection.execute(query).scalar_one_or_none()


def drop_erased(connection: Connection, first: int, end: int) -> frozenset[int]:
    """Destroy again what came back with records that were handed in once more, at positions from `first` to before `end`.

    Returns the positions of which something was erased.
    """
    positions = list(connection.execute(_ERASED_BETWEEN, {"first": first, "end": end}).scalars())
    _destroy(connection, positions)
    return frozenset(positions)


def _destroy(connection: Connection, positions: Sequence[int]) -> None:
    """Delete disclosures, and every term of their positions, whatever it is of."""
    position_rows = [{"erased": position} for position in positions]
    for table in (TERM, DISCLOSURE):
        if position_rows:
            connection.execute(delete(table).where(table.c.position == bindparam("erased")), position_rows)


def _find_last_number(connection: Connection) -> int:
    """Return the number that comes before the next where the tally was deleted, which stays so for an audit to find."""
    return int(connection.execute(select(func.max(ERASURE.c.number))).scalar_one() or 0)
