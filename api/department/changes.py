"""Make rows to sign of rows that name certificates, each with the status before and after.

A file of changes has one certificate a line: NDJSON with the members of a record except those that follow from where the
certificate stands (`kind`, `action`, `issuer`, `previous`), or CSV with a header, in which every column that is no member of
a record is a claim of the new version.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from anchoring.intake.faults import Faults
from api.client.answers import LineageAnswer
from ledger.encoding.canonical import Json, decode
from ledger.errors import LedgerError, MalformedInput
from ledger.limits import MAX_STATUS_RECORDS
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.lifecycle import SOURCE_STATUSES, STATUS_AFTER, possible_actions
from ledger.records.records import CERTIFICATE_KINDS, PRESENTABLE_ACTIONS
from ledger.records.seal_identifiers import SealingIdentifier
from ledger.registry.status import Status

_DERIVED_MEMBERS: Final = frozenset({"kind", "action", "issuer", "previous"})
_RECORD_COLUMNS: Final = frozenset({"identifier", "basis", "issued", "valid_from", "valid_until"})


@dataclass(frozen=True, slots=True)
class Change:
    """A row to sign; the identifier, status and issuer of the certificate before, and its status afterwards."""

    row: dict[str, Json]
    identifier: str
    issuer: str
    before: Status
    after: Status

    def to_json(self) -> dict[str, Json]:
        return {
            "identifier": self.identifier,
            "before": self.before.name.lower(),
            "after": self.after.name.lower(),
            "row": self.row,
        }


def read_rows(path: Path) -> list[dict[str, Json]]:
    """Return the rows of a file of changes. Raises: MalformedInput, OSError."""
    content = path.read_bytes()
    if path.suffix.lower() == ".csv":
        return list(_csv_rows(content))
    rows = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        row = decode(line)
        if not isinstance(row, dict) or not isinstance(row.get("identifier"), str):
            raise MalformedInput(f"line {number} of {path.name} is not an object with an `identifier`")
        if _DERIVED_MEMBERS & row.keys():
            names = ", ".join(sorted(_DERIVED_MEMBERS & row.keys()))
            raise MalformedInput(
                f"line {number} of {path.name} states {names}, which follow from the register"
            )
        rows.append(dict(row))
    return rows


def _csv_rows(content: bytes) -> Iterator[dict[str, Json]]:
    try:
        table = csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if "identifier" not in (table.fieldnames or ()):
            raise MalformedInput("the first line of a CSV names its columns, among them `identifier`")
        for cells in table:
            if None in cells or None in cells.values():
                raise MalformedInput(f"line {table.line_num} has more or fewer cells than the first line")
            row: dict[str, Json] = {
                name: cell for name, cell in cells.items() if name in _RECORD_COLUMNS and cell
            }
            claims: dict[str, Json] = {
                name: cell for name, cell in cells.items() if name not in _RECORD_COLUMNS and cell
            }
            yield row | ({"claims": claims} if claims else {})
    except UnicodeDecodeError as error:
        raise MalformedInput("a CSV must be UTF-8: save it as “CSV UTF-8”") from error
    except csv.Error as error:
        raise MalformedInput(f"the CSV cannot be read: {error}") from error


def plan(
    action: str,
    rows: Sequence[Mapping[str, Json]],
    lineages: Sequence[LineageAnswer | None],
    basis: str | None,
) -> list[Change]:
    """Return the change that `action` makes of each row; `lineages` is where each certificate stands, as the node says.

    `basis` holds where a row names none. Raises: SubmissionRefused with every row that cannot be, and what could.
    """
    changes: list[Change] = []
    faults, changed_lineages = Faults(), set[str]()
    for number, (row, lineage) in enumerate(zip(rows, lineages, strict=True), 1):
        if lineage is None:
            faults.add(number, "not-found", f"{row.get('identifier')} is not registered in this city")
            continue
        if lineage["newest"] in changed_lineages:
            faults.add(number, "changed-twice", f"{lineage['identifier']} is named twice")
            continue
        changed_lineages.add(lineage["newest"])
        status_before = Status[lineage["status"].upper()]
        if status_before not in SOURCE_STATUSES[action]:
            allowed_actions = ", ".join(possible_actions(status_before)) or "nothing"
            standing = f"{lineage['identifier']} is {lineage['status']}, which allows {allowed_actions}"
            faults.add(number, "transition-refused", f"{action} is not possible: {standing}")
            continue
        try:
            changes.append(_make_change(action, row, lineage, status_before, basis))
        except LedgerError as error:
            faults.add(number, "malformed-row", str(error))
    faults.refuse()
    return changes


def _make_change(
    action: str, row: Mapping[str, Json], lineage: LineageAnswer, status_before: Status, basis: str | None
) -> Change:
    new_row: dict[str, Json] = dict(row)
    if "basis" not in new_row and basis is not None:
        new_row["basis"] = basis
    if action not in PRESENTABLE_ACTIONS and "basis" not in new_row:
        raise MalformedInput(f"{action} needs its legal basis: give --basis, or `basis` in the row")
    new_row["identifier"] = lineage["identifier"]
    if action in PRESENTABLE_ACTIONS:
        if "claims" not in new_row:
            raise MalformedInput(f"{action} needs the claims of the new version")
        new_row["identifier"] = _next_version(lineage["kind"], lineage["identifier"])
    new_row |= {"action": action, "kind": lineage["kind"], "issuer": lineage["issuer"]}
    new_row["previous"] = lineage["newest"]
    status_after = STATUS_AFTER.get(action, Status.SUPERSEDED)
    return Change(new_row, lineage["identifier"], lineage["issuer"], status_before, status_after)


def _next_version(kind: str, text: str) -> str:
    identifier: CertificateIdentifier | SealingIdentifier = (
        CertificateIdentifier.parse(text, strict=False)
        if kind in CERTIFICATE_KINDS
        else SealingIdentifier.parse(text)
    )
    return identifier.with_version(identifier.version + 1).text


def submissions_of(changes: Sequence[Change]) -> list[list[Change]]:
    """Divide changes into submissions: one issuer each, and no more changes of status than one may carry."""
    changes_by_issuer: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        changes_by_issuer[change.issuer].append(change)
    return [
        issuer_changes[start : start + MAX_STATUS_RECORDS]
        for issuer_changes in changes_by_issuer.values()
        for start in range(0, len(issuer_changes), MAX_STATUS_RECORDS)
    ]
