"""Records that came without what they claim: a node signs which, so a deletion is missed.

A department may hand in a record without its claims. Without this note nobody could tell it from one whose disclosure
somebody took out of the register.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, delete, insert

from anchoring.register.tables import UNDISCLOSED, Row
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import Suite
from ledger.crypto.trees import MerkleTree
from ledger.encoding.canonical import encode_canonical

TYPE: Final = "shunzheng/undisclosed/1"


@dataclass(frozen=True, slots=True)
class Undisclosed:
    """Of the submission whose first position is `first`, `count` records came without what they claim.

    `root` is that of the tree over their leaf hashes, in the order of positions; None in a register from before they were
    noted. `key` and `signature` are those of the node; None where nothing vouches for the note.
    """

    first: int
    count: int
    root: bytes | None = None
    key: bytes | None = None
    signature: bytes | None = None

    def encode(self, submission_root: bytes) -> bytes:
        """Return the bytes that are signed, for the submission of a root: positions move where a register is recovered."""
        return encode_canonical(
            {
                "type": TYPE,
                "submission": submission_root.hex(),
                "count": self.count,
                "root": (self.root or b"").hex(),
            }
        )


def note_undisclosed(
    connection: Connection,
    first: int,
    submission_root: bytes,
    suite: Suite,
    leaves: Sequence[bytes],
    key: PrivateKey | None,
) -> None:
    """Write that these records, by their leaf hashes in the order of positions, came without what they claim."""
    connection.execute(delete(UNDISCLOSED).where(UNDISCLOSED.c.first == first))
    if not leaves:
        return
    note = Undisclosed(first, len(leaves), MerkleTree(suite, leaves).root)
    if key is not None:
        note = Undisclosed(
            first, note.count, note.root, key.public.id, key.sign(note.encode(submission_root))
        )
    connection.execute(insert(UNDISCLOSED), [undisclosed_row(note)])


def read_undisclosed(row: RowMapping) -> Undisclosed:
    return Undisclosed(**row)


def undisclosed_row(note: Undisclosed) -> Row:
    return asdict(note)
