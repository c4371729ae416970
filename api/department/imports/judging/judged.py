"""A row as it was judged, and the digest by which its record names it."""

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from api.department.imports.files.sources import SourceRow
from api.department.imports.sorts import Consequence, Finding
from ledger.encoding.canonical import Json, decode, encode_canonical

#: What an act rests on of which the source says no more than its own word for the state.
SOURCE_STATE_PREFIX: Final = "来源系统状态："


@dataclass(frozen=True, slots=True)
class EndingAct:
    """What the source says was done to a certificate: our action, the certificate's number 编号, the source's own word."""

    action: str
    number: str
    word: str


@dataclass(slots=True)
class JudgedRow:
    """A row with its findings; where none rejects it, the line to sign, and what tells its certificate and content apart.

    `key` is of 16 bytes: type, folded number and holder. `content_digest` is of 32: all that is stated but what is drawn.
    `empty_claims` are the claims that the table has columns for and the row does not state; `record_line` and
    `encoded_row` are the record and the row as the journal keeps them, `equal_claims` pairs of claims that say the same.
    Where nothing stands against a row but that its source calls the certificate ended, `ending_act` says how.
    `act` is what a backfill registers right after the certificate, on this `basis`; `issued` its day of issue.
    """

    row: SourceRow
    findings: list[Finding]
    type_code: str = ""
    identifier: str = ""
    issuer: str = ""
    key: bytes = b""
    content_digest: bytes = b""
    members: "dict[str, Json] | None" = None
    salt: bytes = b""
    empty_claims: tuple[str, ...] = ()
    record_line: bytes = b""
    encoded_row: bytes = b""
    last_day: str | None = None
    ending_act: EndingAct | None = None
    is_valid_from_issue: bool = False
    equal_claims: tuple[tuple[str, str], ...] = ()
    act: str = ""
    basis: str = ""
    issued: str = ""

    @property
    def is_rejected(self) -> bool:
        return any(finding.consequence is Consequence.REJECT for finding in self.findings)

    def make_act(self) -> "JudgedRow":
        """Return the row as the journal keeps it for its act."""
        return replace(self, record_line=encode_canonical({"basis": self.basis}))

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells as they were read."""
        return self.row.cells or _decode_cells(self.encoded_row)

    def shrink(self) -> None:
        """Leave out what `record_line` and `encoded_row` have, and what is counted, before another process takes the row."""
        self.members, self.equal_claims = None, ()
        if self.encoded_row:
            self.row = self.row._replace(cells=())
        if not self.is_rejected:
            self.findings = [finding for finding in self.findings if finding.consequence is Consequence.ASK]


def digest_source_row(encoded_row: bytes, salt: bytes) -> str:
    """Return the digest of a row as it was read, under a salt: by guessing cells nobody finds them from it."""
    return "sha256:" + hashlib.sha256(salt + encoded_row).hexdigest()


def encode_source_row(row: SourceRow) -> bytes:
    """Return a row as it was read, as canonical JSON: sheet, line and cells."""
    return encode_canonical([row.sheet, row.line_number, [*row.cells]])


def _decode_cells(encoded_row: bytes) -> tuple[str, ...]:
    if not encoded_row:
        return ()
    members = decode(encoded_row)
    assert isinstance(members, list)
    assert isinstance(members[2], list)
    return tuple(map(str, members[2]))
