"""Draft one row: judge what it says, draw master and salt, write the line that is handed in.

Knows nothing of the other rows: what only they can tell, the leaf hash of a record above, is asked of `RowsAbove`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, Protocol

from anchoring import limits
from anchoring.intake.faults import RowFault
from anchoring.intake.judging import (
    Oddity,
    judge_disclosure,
    judge_identifier,
    judge_note,
    judge_record,
    list_oddities,
)
from api.department.claims import read_claims
from api.department.drafts import Target
from api.department.rows.columns import check_record_members
from api.department.rows.days import NO_END, parse_day, parse_last_day
from api.department.rows.oddities import find_oddities
from ledger.crypto.suites import parse_digest
from ledger.crypto.trees import hash_leaf
from ledger.encoding.canonical import Json, decode, encode_known
from ledger.encoding.fields import Fields
from ledger.errors import InvalidIdentifier, MalformedInput
from ledger.records.claims import MASTER_BYTES, FullDisclosure
from ledger.records.randomness import find_weakness
from ledger.records.records import (
    CERTIFICATE_KINDS,
    MAX_LINKS,
    PRESENTABLE_ACTIONS,
    SALT_BYTES,
    STATUS_ACTIONS,
    Link,
    Record,
    read_link,
)

# Times that a salt is drawn; twice is rare enough never to be seen.
_MAX_DRAWS: Final = 4

#: Actions that make a version after another one: none of them ends a term without saying so.
_NEW_VERSION_ACTIONS: Final = PRESENTABLE_ACTIONS - {"issue"}


class DraftedRow(NamedTuple):
    """A row that is good by itself: leaf hash of its record, the line to hand in, and what other rows must know of it."""

    leaf: bytes
    line: bytes
    action: str
    identifier: str
    lineage: str
    issuer: str
    oddities: tuple[Oddity, ...]


class RefusedRow(NamedTuple):
    """A row at fault: the slug of its sort of problem, and what is wrong."""

    problem: str
    message: str


class RowsAbove(Protocol):
    """The rows before one, and what the department knows beside them; leaf hashes, None where there is none."""

    def find_above(self, identifier: str) -> bytes | None:
        """Return the leaf hash of the newest record above of the certificate."""
        ...

    def find_newest(self, identifier: str) -> bytes | None:
        """Return the same, or else that of the newest record that the department knows."""
        ...


@dataclass(frozen=True, slots=True)
class RowDrafter:
    """Drafts rows for a log, as of `now`.

    `draw_bytes` returns so many random bytes, `read_file` the content of a document by its path. With `today`, the civil
    date, what is odd in the members of a row is told too.
    """

    target: Target
    draw_bytes: Callable[[int], bytes]
    now: int
    read_file: Callable[[str], bytes] | None
    today: date | None = None

    def draft(self, line: bytes, rows_above: RowsAbove) -> DraftedRow | RefusedRow:
        """Return the row that a line says, or what is wrong with it."""
        try:
            return self._draft(line, rows_above)
        except RowFault as fault:
            return RefusedRow(fault.problem, str(fault))
        except InvalidIdentifier as error:
            return RefusedRow("invalid-identifier", str(error))
        except MalformedInput as error:
            return RefusedRow("malformed-row", str(error))

    def _draft(self, line: bytes, rows_above: RowsAbove) -> DraftedRow:
        row = decode(line)
        check_record_members(row)
        fields = Fields(row, "row")
        action, identifier, suite = (
            fields.take_text("action"),
            fields.take_text("identifier"),
            self.target.suite,
        )
        disclosure = None
        if action in PRESENTABLE_ACTIONS:
            disclosure = FullDisclosure(self._draw(MASTER_BYTES), read_claims(fields, suite, self.read_file))
        has_end = fields.has("valid_until")
        record = Record(
            suite=suite,
            kind=fields.take_text("kind"),
            action=action,
            identifier=identifier,
            issuer=fields.take_text("issuer"),
            time=fields.take_time("time") if fields.has("time") else self.now,
            salt=self._draw(SALT_BYTES),
            issued=fields.take_optional("issued", parse_day),
            valid_from=fields.take_optional("valid_from", parse_day),
            valid_until=_read_end(fields),
            claims=disclosure.digest(suite) if disclosure else None,
            previous=self._find_previous(fields, action, identifier, rows_above),
            links=self._read_links(fields, rows_above),
            basis=fields.take_optional("basis", str),
        )
        fields.close()
        judge_record(record)
        if disclosure:
            judge_disclosure(record, disclosure)
        judge_note(record, disclosure)
        oddities = [*_list_missing_end(action, has_end=has_end), *_judge_identity(record)]
        if self.today and isinstance(row, dict):
            oddities += find_oddities(row, self.today)
        return _write_row(record, disclosure, tuple(oddities))

    def _draw(self, byte_count: int) -> bytes:
        """Return random bytes that no node takes for weak: fewer than one in 2^36 looks so, and is drawn again."""
        for _ in range(_MAX_DRAWS):
            if not find_weakness(random_bytes := self.draw_bytes(byte_count)):
                return random_bytes
        raise RowFault(
            "weak-salt", "this machine's source of random bytes is broken: it gives the same again and again"
        )

    def _find_previous(
        self, fields: Fields, action: str, identifier: str, rows_above: RowsAbove
    ) -> bytes | None:
        if fields.has("previous"):
            suite, digest = fields.take_parsed("previous", parse_digest)
            if suite is not self.target.suite:
                raise RowFault(
                    "wrong-suite",
                    f"the log hashes with {self.target.suite.name}, `previous` with {suite.name}",
                )
            return digest
        if action == "issue" or action not in PRESENTABLE_ACTIONS | STATUS_ACTIONS:
            return None
        previous_leaf = rows_above.find_newest(identifier)
        if previous_leaf is None:
            raise RowFault(
                "previous-missing",
                f"{action} needs `previous`, the leaf hash of the newest record of {identifier}",
            )
        return previous_leaf

    def _read_links(self, fields: Fields, rows_above: RowsAbove) -> tuple[Link, ...]:
        """Read the links; one that names an `identifier` means the record of a row above."""
        link_items = fields.take_array("links", MAX_LINKS) if fields.has("links") else []
        links = [read_link(self._resolve_link(link_item, rows_above)) for link_item in link_items]
        if any(suite is not self.target.suite for suite, _ in links):
            raise RowFault(
                "wrong-suite", f"the log hashes with {self.target.suite.name}, a link is of another suite"
            )
        return tuple(link for _, link in links)

    def _resolve_link(self, link_item: Json, rows_above: RowsAbove) -> Json:
        if not isinstance(link_item, dict) or not isinstance(identifier := link_item.get("identifier"), str):
            return link_item
        leaf = rows_above.find_above(identifier)
        if leaf is None:
            raise RowFault(
                "unknown-link",
                f"no row above is of {identifier}: put it first, or name the `record` by its leaf hash",
            )
        other_members = {name: value for name, value in link_item.items() if name != "identifier"}
        return other_members | {"record": self.target.suite.format(leaf)}


def _read_end(fields: Fields) -> date | None:
    return fields.take_optional("valid_until", parse_last_day)


def _list_missing_end(action: str, *, has_end: bool) -> list[Oddity]:
    if action not in _NEW_VERSION_ACTIONS or has_end:
        return []
    return [Oddity("no-end", f"{action} states no `valid_until`: write {NO_END} if there is no end")]


def _judge_identity(record: Record) -> list[Oddity]:
    """Return what is odd about whose record it is. Raises: RowFault where the identifier and the issuer do not agree."""
    if record.kind not in CERTIFICATE_KINDS:
        if not record.names_issuer:
            raise RowFault("issuer-mismatch", f"{record.identifier} does not name the issuer {record.issuer}")
        return []
    if record.certificate.issuer != record.issuer:
        raise RowFault(
            "issuer-mismatch", f"the identifier names {record.certificate.issuer}, the row {record.issuer}"
        )
    judge_identifier(record)
    return list_oddities(record)


def _write_row(record: Record, disclosure: FullDisclosure | None, oddities: tuple[Oddity, ...]) -> DraftedRow:
    """Write the line, whose members stand in the order of their names, of parts that are canonical. Raises: RowFault."""
    record_bytes = record.encode()
    disclosed_part = b'"disclosure":' + encode_known(disclosure.to_json()) + b"," if disclosure else b""
    line = b"{" + disclosed_part + b'"record":' + record_bytes + b"}\n"
    if len(line) > limits.MAX_ROW_BYTES:
        raise RowFault(
            "row-too-long", f"the row takes {len(line)} bytes, at most {limits.MAX_ROW_BYTES} are allowed"
        )
    return DraftedRow(
        leaf=hash_leaf(record.suite, record_bytes),
        line=line,
        action=record.action,
        identifier=record.identifier,
        lineage=record.lineage,
        issuer=record.issuer,
        oddities=oddities,
    )
