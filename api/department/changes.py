"""Make rows to sign of rows that name certificates, each with what it changes.

A new version carries over what its row does not name (`versions`). A row names the current version: an older identifier, or
a wrong check digit, may be a slip and acts on nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from anchoring.intake.faults import Faults, RowFault
from anchoring.intake.judging import Oddity
from api.client.answers import LineageAnswer
from api.department.rows.notes import RELATION_OF_ACTION, make_note_row
from api.department.rows.oddities import find_oddities
from api.department.rows.reading import InputRow
from api.department.rows.versions import FieldChange, Version, carry_over, compare_rows
from api.rendering.listings import HitJson
from ledger.encoding.canonical import Json
from ledger.errors import InvalidIdentifier, LedgerError, MalformedInput
from ledger.limits import MAX_STATUS_RECORDS
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.lifecycle import STATUS_AFTER, describe_possible, is_possible
from ledger.records.records import CERTIFICATE_KINDS, PRESENTABLE_ACTIONS
from ledger.records.seal_identifiers import PREFIXES, SealingIdentifier
from ledger.registry.status import Status

_MAX_QUOTED: Final = 100  # characters of an identifier that a message repeats


@dataclass(frozen=True, slots=True)
class Change:
    """A row to sign and its number in the input; the certificate before, its status afterwards, and each of its fields.

    `certificate` is which one it is, where the node tells.
    """

    row_number: int
    row: dict[str, Json]
    identifier: str
    issuer: str
    status_before: Status
    status_after: Status
    field_changes: tuple[FieldChange, ...]
    oddities: tuple[Oddity, ...]
    certificate: HitJson | None

    @property
    def is_noted(self) -> bool:
        """Whether the row is that of a note, which leaves the certificate as it is."""
        return self.row["identifier"] != self.identifier and self.status_before is self.status_after

    def to_json(self) -> dict[str, Json]:
        members: dict[str, Json] = {
            "number": self.row_number,
            "identifier": self.identifier,
            "before": self.status_before.name.lower(),
            "after": self.status_after.name.lower(),
            "fields": [field_change.to_json() for field_change in self.field_changes],
            "row": self.row,
        }
        if self.certificate:
            members["certificate"] = cast(Json, self.certificate)
        return members


def plan(
    action: str,
    rows: Sequence[InputRow],
    lineages: Sequence[LineageAnswer | None],
    basis: str | None,
    kept_versions: Mapping[str, Version],
    today: date,
) -> list[Change]:
    """Return the change that `action` makes of each row; `lineages` is where each certificate stands, as the node says.

    `basis` holds where a row names none; `kept_versions` are those that the department has itself, by the text of
    their leaf hash. Raises: SubmissionRefused with every row that cannot be, and what could.
    """
    changes: list[Change] = []
    faults, row_numbers_by_leaf = Faults(), dict[str, int]()
    for row, lineage in zip(rows, lineages, strict=True):
        try:
            lineage = _require_registered(row.identifier, lineage)
            _check_current(row.identifier, lineage)
            if (
                first_row_number := row_numbers_by_leaf.setdefault(lineage["newest"], row.row_number)
            ) != row.row_number:
                raise RowFault(
                    "changed-twice",
                    f"{lineage['identifier']} is named twice, first in row {first_row_number}",
                )
            changes.append(_make_change(action, row, lineage, basis, kept_versions, today))
        except RowFault as fault:
            faults.add(row.row_number, fault.problem, str(fault))
        except InvalidIdentifier as error:
            faults.add(row.row_number, "invalid-identifier", str(error))
        except LedgerError as error:
            faults.add(row.row_number, "malformed-row", str(error))
    faults.refuse()
    return changes


def _require_registered(identifier: str, lineage: LineageAnswer | None) -> LineageAnswer:
    """Return the lineage that there is. Raises: InvalidIdentifier, RowFault."""
    if lineage is not None:
        return lineage
    if identifier.startswith(PREFIXES):
        SealingIdentifier.parse(identifier)
    else:
        CertificateIdentifier.parse(identifier, strict=True)
    raise RowFault("not-found", f"{identifier[:_MAX_QUOTED]} is not registered in this city")


def _check_current(identifier: str, lineage: LineageAnswer) -> None:
    """Check that an identifier is that of the current version, in every character. Raises: InvalidIdentifier."""
    current_identifier = lineage["identifier"]
    if identifier == current_identifier:
        return
    if lineage["kind"] in CERTIFICATE_KINDS:
        CertificateIdentifier.parse(
            identifier, strict=CertificateIdentifier.parse(current_identifier, strict=False).warnings == ()
        )
    raise InvalidIdentifier(
        f"{identifier[:_MAX_QUOTED]} is not the current version 不是当前版本, which is {current_identifier}: name that "
        "one if it is meant"
    )


def _make_change(
    action: str,
    row: InputRow,
    lineage: LineageAnswer,
    basis: str | None,
    kept_versions: Mapping[str, Version],
    today: date,
) -> Change:
    status = Status[lineage["status"].upper()]
    if action in RELATION_OF_ACTION:
        return _make_note(action, row, lineage, basis, today)
    if not is_possible(action, lineage["kind"], status):
        allowed_actions_text = describe_possible(lineage["kind"], status)
        status_text = f"{lineage['identifier']} is {lineage['status']}, which allows {allowed_actions_text}"
        raise RowFault("transition-refused", f"{action} is not possible: {status_text}")
    new_row: dict[str, Json] = dict(row.members)
    if "basis" not in new_row and basis is not None:
        new_row["basis"] = basis
    field_changes: list[FieldChange] = []
    oddities: list[Oddity] = []
    if action in PRESENTABLE_ACTIONS:
        version = kept_versions.get(lineage["current"]) or Version.of_lineage(lineage)
        stated_row = new_row
        new_row = carry_over(
            stated_row, version, _make_next_identifier(lineage["kind"], lineage["identifier"])
        )
        field_changes = compare_rows(version.row, new_row)
        oddities = [*find_oddities(stated_row, today, version)]
    elif "basis" not in new_row:
        raise MalformedInput(f"{action} needs its legal basis: give --basis, or `basis` in the row")
    else:
        oddities = [*find_oddities(new_row, today)]
    new_row |= {
        "action": action,
        "kind": lineage["kind"],
        "issuer": lineage["issuer"],
        "previous": lineage["newest"],
    }
    return Change(
        row_number=row.row_number,
        row=new_row,
        identifier=lineage["identifier"],
        issuer=lineage["issuer"],
        status_before=status,
        status_after=STATUS_AFTER.get(action, Status.SUPERSEDED),
        field_changes=tuple(field_changes),
        oddities=tuple(oddities),
        certificate=lineage.get("certificate"),
    )


def _make_note(action: str, row: InputRow, lineage: LineageAnswer, basis: str | None, today: date) -> Change:
    """Return the registration of a note, which leaves the certificate as it is."""
    basis_members: dict[str, Json] = {"basis": basis} if basis else {}
    note_row = make_note_row(
        InputRow(row.row_number, basis_members | dict(row.members)), action, lineage, today
    )
    status = Status[lineage["status"].upper()]
    return Change(
        row_number=row.row_number,
        row=note_row,
        identifier=lineage["identifier"],
        issuer=lineage["issuer"],
        status_before=status,
        status_after=status,
        field_changes=(),
        oddities=tuple(find_oddities(note_row, today)),
        certificate=lineage.get("certificate"),
    )


def _make_next_identifier(kind: str, identifier_text: str) -> str:
    identifier: CertificateIdentifier | SealingIdentifier = (
        CertificateIdentifier.parse(identifier_text, strict=False)
        if kind in CERTIFICATE_KINDS
        else SealingIdentifier.parse(identifier_text)
    )
    return identifier.with_version(identifier.version + 1).text


def divide_changes(changes: Sequence[Change]) -> list[list[Change]]:
    """Divide changes into submissions: one issuer each, and no more changes of status than one may carry."""
    changes_by_issuer: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        changes_by_issuer[change.issuer].append(change)
    return [
        issuer_changes[start : start + MAX_STATUS_RECORDS]
        for issuer_changes in changes_by_issuer.values()
        for start in range(0, len(issuer_changes), MAX_STATUS_RECORDS)
    ]
