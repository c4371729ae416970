"""The lines of a submission, read and checked one by one.

Nothing is known here yet about the lineages that they touch, nor about the other rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from anchoring import limits
from anchoring.errors import RowError, SubmissionRefused
from anchoring.intake.faults import RowFault
from anchoring.intake.judging import (
    judge_disclosure,
    judge_identifier,
    judge_note,
    judge_record,
    list_oddities,
)
from anchoring.register.search.terms import list_terms
from ledger.crypto.trees import hash_leaf
from ledger.encoding.canonical import Json, decode, encode_known
from ledger.encoding.fields import Fields
from ledger.encoding.signed_files import split_signature
from ledger.errors import InvalidIdentifier, MalformedInput, NewerFormat
from ledger.limits import MAX_CLOCK_LEAD_SECONDS
from ledger.records.claims import (
    Disclosure,
    FullDisclosure,
    decode_disclosure,
    decode_document,
    is_document,
)
from ledger.records.records import CERTIFICATE_KINDS, Record, decode_record
from ledger.records.submissions import Statement, decode_statement
from ledger.registry.trust import Grant
from ledger.verification.entitlement import NEWEST_EVENT, Moment, Scope, is_granted


@dataclass(frozen=True, slots=True)
class Row:
    """A record that is good by itself: its place, leaf hash, canonical bytes, disclosure where one came along, the terms
    by which it is found, the salts and masters that were drawn for it, and what is odd about it."""

    index: int
    leaf: bytes
    record: Record
    body: bytes
    disclosure: bytes | None
    search_terms: Sequence[int]
    drawn_values: Sequence[bytes]
    oddities: Sequence[str]


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream of bytes into lines, in bounded memory. Raises: SubmissionRefused for a line that is too long."""
    unfinished_line = b""
    row_number = 1
    for chunk in chunks:
        *lines, unfinished_line = (
            (unfinished_line + chunk).split(b"\n") if unfinished_line else chunk.split(b"\n")
        )
        for line in lines:
            yield line
            row_number += 1
        if len(unfinished_line) > limits.MAX_ROW_BYTES:
            error = RowError(row_number, f"the line is longer than {limits.MAX_ROW_BYTES} bytes")
            raise SubmissionRefused("row-too-long", f"row {row_number}: {error.message}", (error,))
    if unfinished_line:
        yield unfinished_line


def read_statement(line: bytes) -> tuple[Statement, bytes]:
    """Read line 1: the statement and its signature (64 bytes). Raises: SubmissionRefused."""
    try:
        return split_signature(_decode_line(line), "line 1", "statement", decode_statement)
    except NewerFormat as error:
        raise SubmissionRefused("newer-format", str(error)) from error
    except (MalformedInput, RowFault) as error:
        message = f'line 1 must be {{"statement": …, "signature": …}}: {error}'
        raise SubmissionRefused("malformed-statement", message) from error


@dataclass(frozen=True, slots=True)
class RowJudge:
    """Judges the rows of one submission, each by itself; it can go to other processes.

    `is_anchored`: the records are read and not judged again. They were, and rules may have become stricter since.
    """

    statement: Statement
    grants: Sequence[Grant]
    now: int
    is_anchored: bool = False
    _granted_scopes: dict[Scope, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def judge(self, index: int, line: bytes) -> Row:
        """Return the row at `index`, counted from 0. Raises: RowFault."""
        try:
            fields = Fields(_decode_line(line), "row")
            record = decode_record(fields.take("record"))
            disclosure_json = fields.take("disclosure") if fields.has("disclosure") else None
            fields.close()
            body = record.encode()
            disclosure = (
                self._read_disclosure(record, disclosure_json) if disclosure_json is not None else None
            )
        except NewerFormat as error:
            raise RowFault("newer-format", str(error)) from error
        except InvalidIdentifier as error:
            raise RowFault("invalid-identifier", str(error)) from error
        except MalformedInput as error:
            raise RowFault("malformed-row", str(error)) from error
        drawn_values: list[bytes] = []
        oddities: Sequence[str] = ()
        if not self.is_anchored:
            oddities = self._judge_record(record)
            judge_note(record, disclosure)
            drawn_values.append(record.salt)
            if isinstance(disclosure, FullDisclosure):
                drawn_values.append(disclosure.master)
        return Row(
            index,
            hash_leaf(record.suite, body),
            record,
            body,
            encode_known(disclosure_json) if disclosure_json is not None else None,
            list_terms(disclosure.values) if disclosure else (),
            drawn_values,
            oddities,
        )

    def _judge_record(self, record: Record) -> Sequence[str]:
        """Return what is odd about a record. Raises: RowFault."""
        judge_record(record)
        if record.suite is not self.statement.suite:
            raise RowFault(
                "wrong-suite",
                f"the log's suite is {self.statement.suite.name}, the record's {record.suite.name}",
            )
        if record.issuer != self.statement.issuer:
            raise RowFault(
                "issuer-mismatch",
                f"the statement is by {self.statement.issuer}, the record by {record.issuer}",
            )
        if record.time > self.now + MAX_CLOCK_LEAD_SECONDS:
            raise RowFault(
                "record-postdated", "the record's time lies in the future: check the clock that set it"
            )
        if record.kind in CERTIFICATE_KINDS:
            return self._judge_certificate(record)
        if not record.names_issuer:
            raise RowFault("issuer-mismatch", f"{record.identifier} does not name the issuer {record.issuer}")
        if not self._is_granted(record):
            raise RowFault(
                "not-granted", f"the key is not granted {record.kind} records of {record.issuer} now"
            )
        return ()

    def _judge_certificate(self, record: Record) -> Sequence[str]:
        certificate = record.certificate
        if certificate.issuer != record.issuer:
            raise RowFault(
                "issuer-mismatch",
                f"the identifier names {certificate.issuer} as issuer, the record {record.issuer}",
            )
        if not self._is_granted(record):
            raise RowFault(
                "not-granted",
                f"the key is not granted {record.kind} records of type {certificate.type} for {record.issuer} now: "
                "ask the city's administrator for a grant",
            )
        judge_identifier(record)
        return [oddity.message for oddity in list_oddities(record)]

    def _is_granted(self, record: Record) -> bool:
        scope = Scope.of_record(record)
        is_scope_granted = self._granted_scopes.get(scope)
        if is_scope_granted is None:
            moment = Moment(self.statement.log, NEWEST_EVENT, self.now)
            is_scope_granted = self._granted_scopes[scope] = is_granted(self.grants, moment, scope)
        return is_scope_granted

    def _read_disclosure(self, record: Record, disclosure_json: Json) -> Disclosure:
        """Return the disclosure, when it hashes to the record's claims. Raises: MalformedInput, RowFault."""
        if record.claims is None:
            raise RowFault(
                "disclosure-mismatch", f"{record.action} states no claims, so there is nothing to disclose"
            )
        disclosure = decode_disclosure(disclosure_json)
        if not self.is_anchored:
            judge_disclosure(record, disclosure)
        if disclosure.digest(record.suite) != record.claims:
            raise RowFault("disclosure-mismatch", "the disclosed claims do not hash to the record's `claims`")
        for name, value in disclosure.values.items():
            if is_document(name) and decode_document(value).suite is not record.suite:
                raise RowFault("wrong-suite", f"{name} is hashed under another suite than the log's")
        return disclosure


def _decode_line(line: bytes) -> Json:
    if len(line) > limits.MAX_ROW_BYTES:
        raise RowFault("row-too-long", f"the line is longer than {limits.MAX_ROW_BYTES} bytes")
    if not line.strip():
        raise RowFault("malformed-row", "the line is empty")
    return decode(line)
