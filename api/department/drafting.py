"""Draft a signed submission 登记批 of plain input records, one JSON object a line.

    {"kind": "licence", "action": "issue", "identifier": "…", "issuer": "…", "claims": {"ZZMC": "营业执照"},
     "documents"?: ["licence.ofd" or {"media_type", "size", "digest"}], "time"?, "issued"?, "valid_from"?,
     "valid_until"?: "2030-12-31" or "长期", "basis"?, "previous"?,
     "links"?: [{"rel": "sealed-by", "record": "sm3:…" or "identifier": that of a row above}]}

Masters and salts are drawn here and the private key is used here; the network is somebody else's business.
"""

import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import date
from typing import IO, Final

from anchoring import limits
from anchoring.errors import SubmissionRefused
from anchoring.intake.faults import Faults, RowFault
from anchoring.intake.judging import judge_disclosure, judge_identifier, judge_record, list_oddities
from api.department.claims import read_claims
from api.department.drafts import Draft, SpooledRow, Target, UnsignedDraft
from api.department.rows.columns import check_record_members
from api.department.rows.days import NO_END, parse_day, parse_last_day
from api.department.rows.oddities import RowWarning
from ledger.crypto.keys import Signer
from ledger.crypto.suites import parse_digest
from ledger.crypto.trees import leaf_hash
from ledger.encoding.canonical import Json, decode
from ledger.encoding.canonical import encode as canonical
from ledger.encoding.fields import Fields
from ledger.errors import InvalidIdentifier, MalformedInput
from ledger.limits import MAX_STATUS_RECORDS, MAX_SUBMISSION_RECORDS
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
    lineage_of,
    read_link,
)
from ledger.records.submissions import MAX_STATEMENT_SECONDS

# Times that a salt is drawn; twice is rare enough never to be seen.
_MAX_DRAWS: Final = 4

#: Actions that make a version after another one: none of them ends a term without saying so.
_NEW_VERSIONS: Final = PRESENTABLE_ACTIONS - {"issue"}

#: Returns the leaf hash of the newest record of an identifier's lineage, as far as the department knows it.
Newest = Callable[[str], bytes | None]


def draft(
    lines: Iterable[bytes],
    target: Target,
    key: Signer,
    random: Callable[[int], bytes],
    now: int,
    *,
    read: Callable[[str], bytes] | None = None,
    newest: Newest | None = None,
    lifetime: int = MAX_STATEMENT_SECONDS,
) -> Draft:
    """Make a signed submission of input records of one issuer, as `prepare` judges them; rows are counted as lines from 1.

    `lifetime`: seconds until the statement expires. Raises: SubmissionRefused with the rows at fault.
    """
    return prepare(enumerate(lines, 1), target, random, now, read=read, newest=newest).sign(key, lifetime)


def prepare(
    rows: Iterable[tuple[int, bytes]],
    target: Target,
    random: Callable[[int], bytes],
    now: int,
    *,
    read: Callable[[str], bytes] | None = None,
    newest: Newest | None = None,
) -> UnsignedDraft:
    """Judge input records of one issuer, each with the number by which a person knows it, and make all but the signature.

    `random` returns so many random bytes; `read` returns the content of a document by its path; `newest` finds
    `previous` where a row leaves it out and no row before it is of the same certificate.
    Raises: SubmissionRefused with the rows at fault.
    """
    with ExitStack() as stack:
        spool = stack.enter_context(tempfile.SpooledTemporaryFile(limits.SPOOL_MEMORY_BYTES))
        drafter = _Drafter(target, random, now, read, newest, spool)
        for number, line in rows:
            if line.strip():
                drafter.add(number, line)
        unsigned_draft = drafter.finish()
        stack.pop_all()  # the draft closes the file from now on
        return unsigned_draft


class _Drafter:
    def __init__(
        self,
        target: Target,
        random: Callable[[int], bytes],
        now: int,
        read: Callable[[str], bytes] | None,
        newest: Newest | None,
        spool_file: IO[bytes],
    ) -> None:
        self._target, self._random, self._now, self._read, self._spool_file = (
            target,
            random,
            now,
            read,
            spool_file,
        )
        self._newest = newest or (lambda _: None)
        self._newest_leaves: dict[str, bytes] = {}
        self._rows: list[SpooledRow] = []
        self._faults = Faults()
        self._warnings: list[RowWarning] = []
        self._issued: dict[str, int] = {}
        self._issuer = ""
        self._status_changes = 0
        self._offset = 0

    def add(self, number: int, line: bytes) -> None:
        """Draft the row on line `number`; a fault is noted."""
        if self._faults.is_full:
            return
        try:
            record, disclosure = self._draft_record(number, line)
            self._spool(record, disclosure)
        except RowFault as fault:
            self._faults.add(number, fault.problem, str(fault))
        except InvalidIdentifier as error:
            self._faults.add(number, "invalid-identifier", str(error))
        except MalformedInput as error:
            self._faults.add(number, "malformed-row", str(error))

    def finish(self) -> UnsignedDraft:
        """Order the rows. Raises: SubmissionRefused."""
        self._faults.refuse()
        count = len(self._rows)
        if not count:
            raise SubmissionRefused("wrong-count", "there is no record in the input")
        if count > MAX_SUBMISSION_RECORDS or self._status_changes > MAX_STATUS_RECORDS:
            raise SubmissionRefused(
                "too-many-records",
                f"a submission has at most {MAX_SUBMISSION_RECORDS} records, of which {MAX_STATUS_RECORDS} may be "
                f"other than issue; here are {count} and {self._status_changes}: split the input",
            )
        self._rows.sort(key=lambda row: row.leaf)
        return UnsignedDraft(
            self._target, self._issuer, self._rows, self._spool_file, self._warnings, self._now
        )

    def _draft_record(self, number: int, line: bytes) -> tuple[Record, FullDisclosure | None]:
        row = decode(line)
        check_record_members(row)
        fields = Fields(row, "row")
        action, identifier, suite = fields.text("action"), fields.text("identifier"), self._target.suite
        disclosure = None
        if action in PRESENTABLE_ACTIONS:
            disclosure = FullDisclosure(self._draw(MASTER_BYTES), read_claims(fields, suite, self._read))
        record = Record(
            suite=suite,
            kind=fields.text("kind"),
            action=action,
            identifier=identifier,
            issuer=fields.text("issuer"),
            time=fields.time("time") if fields.has("time") else self._now,
            salt=self._draw(SALT_BYTES),
            issued=fields.optional("issued", parse_day),
            valid_from=fields.optional("valid_from", parse_day),
            valid_until=self._read_end(number, fields, action),
            claims=disclosure.digest(suite) if disclosure else None,
            previous=self._find_previous(fields, action, identifier),
            links=self._read_links(fields),
            basis=fields.optional("basis", str),
        )
        fields.close()
        judge_record(record)
        if disclosure:
            judge_disclosure(record, disclosure)
        self._check_row(number, record)
        self._check_not_issued(number, record)
        return record, disclosure

    def _draw(self, count: int) -> bytes:
        """Return random bytes that no node takes for weak: fewer than one in 2^36 looks so, and is drawn again."""
        for _ in range(_MAX_DRAWS):
            if not find_weakness(random_bytes := self._random(count)):
                return random_bytes
        raise RowFault(
            "weak-salt", "this machine's source of random bytes is broken: it gives the same again and again"
        )

    def _check_row(self, number: int, record: Record) -> None:
        self._issuer = self._issuer or record.issuer
        if record.issuer != self._issuer:
            raise RowFault(
                "issuer-mismatch",
                f"a submission is of one issuer, so far {self._issuer}, and this row is of {record.issuer}: "
                "sort the input by issuer",
            )
        if record.kind not in CERTIFICATE_KINDS:
            if not record.names_issuer:
                raise RowFault(
                    "issuer-mismatch", f"{record.identifier} does not name the issuer {record.issuer}"
                )
            return
        if record.certificate.issuer != record.issuer:
            raise RowFault(
                "issuer-mismatch",
                f"the identifier names {record.certificate.issuer}, the row {record.issuer}",
            )
        judge_identifier(record)
        self._warnings += [
            RowWarning(number, oddity.name, oddity.message) for oddity in list_oddities(record)
        ]

    def _check_not_issued(self, number: int, record: Record) -> None:
        """Check that no row above begins the same certificate. Raises: RowFault."""
        first_row = self._issued.setdefault(record.lineage, number) if record.action == "issue" else number
        if first_row != number:
            raise RowFault(
                "row-twice", f"{record.identifier} stands in row {first_row} already: take one of them out"
            )

    def _read_end(self, number: int, fields: Fields, action: str) -> date | None:
        if action in _NEW_VERSIONS and not fields.has("valid_until"):
            self._warnings.append(
                RowWarning(
                    number, "no-end", f"{action} states no `valid_until`: write {NO_END} if there is no end"
                )
            )
        return fields.optional("valid_until", parse_last_day)

    def _find_previous(self, fields: Fields, action: str, identifier: str) -> bytes | None:
        if fields.has("previous"):
            suite, digest = fields.parsed("previous", parse_digest)
            if suite is not self._target.suite:
                raise RowFault(
                    "wrong-suite",
                    f"the log hashes with {self._target.suite.name}, `previous` with {suite.name}",
                )
            return digest
        if action == "issue" or action not in PRESENTABLE_ACTIONS | STATUS_ACTIONS:
            return None
        previous = self._newest_leaves.get(lineage_of(identifier)) or self._newest(identifier)
        if previous is None:
            raise RowFault(
                "previous-missing",
                f"{action} needs `previous`, the leaf hash of the newest record of {identifier}",
            )
        return previous

    def _read_links(self, fields: Fields) -> tuple[Link, ...]:
        """Read the links; one that names an `identifier` means the record of a row above."""
        items = fields.array("links", MAX_LINKS) if fields.has("links") else []
        links = [read_link(self._resolve_link(item)) for item in items]
        if any(suite is not self._target.suite for suite, _ in links):
            raise RowFault(
                "wrong-suite", f"the log hashes with {self._target.suite.name}, a link is of another suite"
            )
        return tuple(link for _, link in links)

    def _resolve_link(self, item: Json) -> Json:
        if not isinstance(item, dict) or not isinstance(identifier := item.get("identifier"), str):
            return item
        leaf = self._newest_leaves.get(lineage_of(identifier))
        if leaf is None:
            raise RowFault(
                "unknown-link",
                f"no row above is of {identifier}: put it first, or name the `record` by its leaf hash",
            )
        other_members = {name: value for name, value in item.items() if name != "identifier"}
        return other_members | {"record": self._target.suite.format(leaf)}

    def _spool(self, record: Record, disclosure: FullDisclosure | None) -> None:
        record_json = record.to_json()
        leaf = leaf_hash(record.suite, canonical(record_json))
        row: dict[str, Json] = {"record": record_json}
        if disclosure:
            row["disclosure"] = disclosure.to_json()
        line = canonical(row) + b"\n"
        if len(line) > limits.MAX_ROW_BYTES:
            raise RowFault(
                "row-too-long", f"the row takes {len(line)} bytes, at most {limits.MAX_ROW_BYTES} are allowed"
            )
        self._spool_file.write(line)
        self._rows.append(SpooledRow(leaf, self._offset, len(line)))
        self._offset += len(line)
        self._newest_leaves[record.lineage] = leaf
        self._status_changes += record.action != "issue"
