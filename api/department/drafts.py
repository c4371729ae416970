"""Signed submissions 登记批 before they are sent, and what they are signed for.

The finished lines stand in a spool, because their order is known only at the end: memory stays at some hundred bytes a
record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import IO, Self

from api.department.rows.oddities import RowWarning
from ledger.crypto.keys import Signer
from ledger.crypto.suites import Suite
from ledger.crypto.trees import MerkleTree
from ledger.encoding.canonical import encode_canonical
from ledger.encoding.signed_files import join_signature
from ledger.errors import MalformedInput
from ledger.records.submissions import MAX_STATEMENT_SECONDS, Statement, Window, sign_statement


@dataclass(frozen=True, slots=True)
class Target:
    """Where a submission goes: the registry's name, the log and its suite; `sequence` is that of its newest anchor.

    A submission is signed for the anchors that follow.
    """

    registry: str
    log: str
    suite: Suite
    sequence: int


@dataclass(frozen=True, slots=True)
class SpooledRow:
    """A record's leaf hash, and where its line stands in the spool, in bytes."""

    leaf: bytes
    offset_bytes: int
    length_bytes: int


class UnsignedDraft:
    """Records that were judged, in the order in which they are sent. Close it: the spool holds personal data."""

    def __init__(
        self,
        target: Target,
        issuer: str,
        rows: list[SpooledRow],
        spool_file: IO[bytes],
        warnings: list[RowWarning],
        now: int,
    ) -> None:
        self.warnings = tuple(warnings)
        self._target, self._issuer, self._now = target, issuer, now
        self._rows, self._spool_file = rows, spool_file

    @property
    def leaves(self) -> list[bytes]:
        """The leaf hashes of the records, in the order in which they are sent."""
        return [row.leaf for row in self._rows]

    def sign(self, signer: Signer, lifetime: int = MAX_STATEMENT_SECONDS) -> "Draft":
        """Return the submission, signed for `lifetime` seconds; it closes what this draft holds."""
        target = self._target
        statement, signature = sign_statement(
            signer,
            target.registry,
            target.log,
            self._issuer,
            MerkleTree(target.suite, self.leaves),
            record_count=len(self._rows),
            time=self._now,
            expires_at=self._now + lifetime,
            window=Window.after(target.sequence),
        )
        return Draft(self, statement, signature)

    def record_lines(self) -> Iterator[bytes]:
        """Return the line of each record, with its line feed; as often as wanted."""
        for row in self._rows:
            self._spool_file.seek(row.offset_bytes)
            yield self._spool_file.read(row.length_bytes)

    def close(self) -> None:
        self._spool_file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Draft:
    """A signed submission; `lines` are what is sent. Close it: the spool holds personal data."""

    def __init__(self, unsigned_draft: UnsignedDraft, statement: Statement, signature: bytes) -> None:
        self.statement, self.signature, self.warnings = statement, signature, unsigned_draft.warnings
        self._unsigned_draft = unsigned_draft

    @property
    def id(self) -> str:
        """The id that the receipt will have."""
        return self.statement.root.hex()

    @property
    def leaves(self) -> list[bytes]:
        """The leaf hashes of the records, in the order in which they are sent."""
        return self._unsigned_draft.leaves

    def lines(self) -> Iterator[bytes]:
        """Return the lines to send, each with its line feed; as often as wanted."""
        yield _encode_first_line(self.statement, self.signature)
        yield from self._unsigned_draft.record_lines()

    def close(self) -> None:
        self._unsigned_draft.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sign_again(statement: Statement, target: Target, signer: Signer, now: int) -> bytes:
    """Return the first line of a submission with the same records, for the anchors that follow now.

    Raises: MalformedInput where the statement is for another registry or log.
    """
    if (statement.registry, statement.log, statement.suite) != (target.registry, target.log, target.suite):
        raise MalformedInput(
            f"the submission was signed for the log {statement.log} of {statement.registry}, this node keeps "
            f"{target.log} of {target.registry}: hand it in there"
        )
    new_statement = replace(
        statement,
        key_id=signer.public.id,
        time=now,
        expires_at=now + MAX_STATEMENT_SECONDS,
        window=Window.after(target.sequence),
    )
    return _encode_first_line(new_statement, signer.sign(new_statement.encode()))


def _encode_first_line(statement: Statement, signature: bytes) -> bytes:
    return encode_canonical(join_signature("statement", statement.to_json(), signature)) + b"\n"
