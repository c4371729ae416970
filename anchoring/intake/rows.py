"""The lines of a submission, read and checked one by one.

Nothing is known here yet about the lineages that they touch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from anchoring import limits
from anchoring.errors import RowError, SubmissionRefused
from anchoring.intake.faults import FIRST_ROW, MAX_ROW_ERRORS, RowFault
from anchoring.intake.judging import judge_disclosure, judge_identifier, judge_record, list_oddities
from anchoring.register.search.terms import list_terms
from ledger.crypto.trees import leaf_hash
from ledger.encoding.canonical import Json, decode, encode_known
from ledger.encoding.fields import Fields
from ledger.encoding.signed_files import split_signature
from ledger.errors import InvalidIdentifier, MalformedInput, NewerFormat
from ledger.limits import MAX_CLOCK_LEAD_SECONDS
from ledger.records.claims import FullDisclosure, decode_disclosure, decode_document, is_document
from ledger.records.randomness import RandomValues
from ledger.records.records import CERTIFICATE_KINDS, Record, decode_record
from ledger.records.submissions import Statement, decode_statement
from ledger.registry.trust import Grant
from ledger.verification.entitlement import NEWEST_EVENT, Moment, Scope, is_granted


@dataclass(frozen=True, slots=True)
class Row:
    """A record that is good by itself: its place, leaf hash, canonical bytes, disclosure where one came along, and the terms
    by which it is found."""

    index: int
    leaf: bytes
    record: Record
    body: bytes
    disclosure: bytes | None
    terms: Sequence[int] = ()


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


class RowReader:
    """Reads the rows of one submission in their order; holds the leaf hash of the row before, and every salt and master.

    `is_anchored`: the records are read and not judged again. They were, and rules may have become stricter since.
    """

    def __init__(
        self, statement: Statement, grants: Sequence[Grant], now: int, *, is_anchored: bool = False
    ) -> None:
        self._statement, self._now, self._is_anchored = statement, now, is_anchored
        self._grants, self._moment = grants, Moment(statement.log, NEWEST_EVENT, now)
        self._granted_scopes: dict[Scope, bool] = {}
        self._leaf_before = b""
        self.warnings: list[RowError] = []
        self.drawn_values = RandomValues()

    def read(self, index: int, line: bytes) -> Row:
        """Read the row at `index`, counted from 0. Raises: RowFault."""
        try:
            fields = Fields(_decode_line(line), "row")
            record = decode_record(fields.take("record"))
            disclosure_json = fields.take("disclosure") if fields.has("disclosure") else None
            fields.close()
            body = record.encode()
            disclosure, terms = (
                self._read_disclosure(index, record, disclosure_json)
                if disclosure_json is not None
                else (None, ())
            )
        except NewerFormat as error:
            raise RowFault("newer-format", str(error)) from error
        except InvalidIdentifier as error:
            raise RowFault("invalid-identifier", str(error)) from error
        except MalformedInput as error:
            raise RowFault("malformed-row", str(error)) from error
        if not self._is_anchored:
            self._judge(index, record)
            self.drawn_values.add(record.salt, index)
        leaf = leaf_hash(record.suite, body)
        leaf_before, self._leaf_before = self._leaf_before, leaf
        if leaf <= leaf_before:
            raise RowFault(*_ORDER_FAULTS[leaf == leaf_before])
        return Row(index, leaf, record, body, disclosure, terms)

    def _judge(self, index: int, record: Record) -> None:
        statement = self._statement
        judge_record(record)
        if record.suite is not statement.suite:
            raise RowFault(
                "wrong-suite", f"the log's suite is {statement.suite.name}, the record's {record.suite.name}"
            )
        if record.issuer != statement.issuer:
            raise RowFault(
                "issuer-mismatch", f"the statement is by {statement.issuer}, the record by {record.issuer}"
            )
        if record.time > self._now + MAX_CLOCK_LEAD_SECONDS:
            raise RowFault(
                "record-postdated", "the record's time lies in the future: check the clock that set it"
            )
        if record.kind in CERTIFICATE_KINDS:
            self._judge_certificate(index, record)
        elif not record.names_issuer:
            raise RowFault("issuer-mismatch", f"{record.identifier} does not name the issuer {record.issuer}")
        elif not self._is_granted(record):
            raise RowFault(
                "not-granted", f"the key is not granted {record.kind} records of {record.issuer} now"
            )

    def _judge_certificate(self, index: int, record: Record) -> None:
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
        for oddity in list_oddities(record):
            self._warn(index, oddity.message)

    def _is_granted(self, record: Record) -> bool:
        scope = Scope.of_record(record)
        is_scope_granted = self._granted_scopes.get(scope)
        if is_scope_granted is None:
            is_scope_granted = self._granted_scopes[scope] = is_granted(self._grants, self._moment, scope)
        return is_scope_granted

    def _read_disclosure(
        self, index: int, record: Record, disclosure_json: Json
    ) -> tuple[bytes, Sequence[int]]:
        """Return the canonical disclosure, and its terms, when it hashes to the record's claims.

        Raises: MalformedInput, RowFault.
        """
        if record.claims is None:
            raise RowFault(
                "disclosure-mismatch", f"{record.action} states no claims, so there is nothing to disclose"
            )
        disclosure = decode_disclosure(disclosure_json)
        if not self._is_anchored:
            judge_disclosure(record, disclosure)
            if isinstance(disclosure, FullDisclosure):
                self.drawn_values.add(disclosure.master, index)
        if disclosure.digest(record.suite) != record.claims:
            raise RowFault("disclosure-mismatch", "the disclosed claims do not hash to the record's `claims`")
        values = disclosure.values
        for name, value in values.items():
            if is_document(name) and decode_document(value).suite is not record.suite:
                raise RowFault("wrong-suite", f"{name} is hashed under another suite than the log's")
        return encode_known(disclosure_json), list_terms(values)

    def _warn(self, index: int, message: str) -> None:
        if len(self.warnings) < MAX_ROW_ERRORS:
            self.warnings.append(RowError(index + FIRST_ROW, message))


_ORDER_FAULTS: Final = {
    True: ("record-twice", "the same record stands twice: draw a salt for each"),
    False: ("wrong-order", "the records must stand in ascending order of their leaf hashes"),
}


def _decode_line(line: bytes) -> Json:
    if len(line) > limits.MAX_ROW_BYTES:
        raise RowFault("row-too-long", f"the line is longer than {limits.MAX_ROW_BYTES} bytes")
    if not line.strip():
        raise RowFault("malformed-row", "the line is empty")
    return decode(line)
