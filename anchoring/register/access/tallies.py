"""Tallies 计数 of tokens, looks, erasures: how many there ever were; deletion leaves a trace.

A tally goes on where rows go, and the node's key signs it. Whoever can write into the register and has not that key can
delete rows, and cannot count them anew; what remains is to put back rows and tally as they were at an earlier moment.
"""

from dataclasses import asdict, dataclass, replace
from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from anchoring.database.engine import insert_missing
from anchoring.register.tables import TALLY, Row
from ledger.crypto.keys import PrivateKey
from ledger.encoding.canonical import encode_canonical

TYPE: Final = "shunzheng/tally/1"
TOKENS: Final = ""  # the name of the tally of tokens; those of looks have the names of their tokens
ERASURES: Final = "erasures"  # of what was erased on order; no token has a name like it
#: Of a count that was altered under this node's key: the old one would be good again once the count is back where it was.
_NO_SIGNATURE: Final = b""
_OF_NAME: Final = select(TALLY).where(TALLY.c.name == bindparam("tally"))


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers that were given end with `total`; those up to `removed` were taken away, being old.

    `key` and `signature` are those of the node; None where nothing vouches for the count.
    """

    name: str
    total: int = 0
    removed: int = 0
    key: bytes | None = None
    signature: bytes | None = None

    def encode(self) -> bytes:
        """Return the bytes that are signed."""
        return encode_canonical(
            {"type": TYPE, "name": self.name, "total": self.total, "removed": self.removed}
        )

    def is_signed_by(self, key: PrivateKey) -> bool:
        return (
            self.key == key.public.id
            and self.signature is not None
            and key.public.verify(self.encode(), self.signature)
        )


def open_tally(connection: Connection, name: str, key: PrivateKey | None) -> None:
    """Begin to count, unless that is counted already."""
    insert_missing(connection, TALLY, [make_tally_row(_sign(Tally(name), key))])


def hold_tally(connection: Connection, name: str) -> Tally | None:
    """Return a tally, and be the only one to count there until the transaction ends; None where there is none."""
    row = connection.execute(_OF_NAME.with_for_update(), {"tally": name}).mappings().first()
    return read_tally(row) if row else None


def move_tally(
    connection: Connection, tally: Tally, key: PrivateKey | None, *, total: int, removed: int | None = None
) -> None:
    """Write where a tally that is held leads now. One that was altered is not vouched for again, and stays to be seen."""
    removed = tally.removed if removed is None else removed
    moved_tally = replace(tally, total=total, removed=removed)
    if key is not None and tally.is_signed_by(key):
        moved_tally = _sign(moved_tally, key)
    elif key is not None and tally.key == key.public.id:
        moved_tally = replace(moved_tally, signature=_NO_SIGNATURE)
    else:
        moved_tally = replace(moved_tally, key=None, signature=None)
    connection.execute(update(TALLY).where(TALLY.c.name == tally.name).values(make_tally_row(moved_tally)))


def _sign(tally: Tally, key: PrivateKey | None) -> Tally:
    return replace(tally, key=key.public.id, signature=key.sign(tally.encode())) if key else tally


def read_tally(row: RowMapping) -> Tally:
    return Tally(**row)


def make_tally_row(tally: Tally) -> Row:
    return asdict(tally)
