"""The current version of a certificate, and what the next one carries over from it.

What a row does not name stays as it is: days, claims, documents, links. A claim or an end is taken away by saying so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from api.client.answers import LineageAnswer
from api.department.rows.columns import DAY_MEMBERS, ask_if_meant
from api.department.rows.days import NO_END, parse_day, parse_last_day
from api.department.rows.forms import find_fields, put_in_form
from ledger.encoding.canonical import Json, decode
from ledger.encoding.fields import Fields
from ledger.errors import MalformedInput
from ledger.records.claims import FullDisclosure, decode_disclosure, is_document
from ledger.records.records import Record, decode_record
from ledger.records.seal_claims import SEALED_BY

_MAX_QUOTED: Final = 40  # characters of a name that a message repeats
#: Standard claims that repeat a member of the record: where the member changes, they follow.
_MEMBERS_BY_CLAIM: Final = {
    "ZZBS": "identifier",
    "ZZBFRQ": "issued",
    "ZZYXQQSRQ": "valid_from",
    "ZZYXQJZRQ": "valid_until",
}


@dataclass(frozen=True, slots=True)
class Version:
    """A record that can be presented, with every claim that it states."""

    record: Record
    claims: Mapping[str, Json]

    @classmethod
    def of_lineage(cls, lineage: LineageAnswer) -> Self:
        """Return the current version as a node shows it, once it hashes to what the lineage names.

        Raises: MalformedInput, also where the node does not hold all of it.
        """
        shown_record, shown_claims = lineage.get("record"), lineage.get("disclosure")
        if shown_record is None or shown_claims is None:
            raise MalformedInput(
                "the node does not hold its claims, so nothing can be carried over: give the signed submission that was "
                "kept, with --kept"
            )
        version = cls.of_row({"record": shown_record, "disclosure": shown_claims})
        if version.record.suite.format(version.record.hash_leaf()) != lineage["current"]:
            raise MalformedInput("the node shows another record than the current one: ask its administrator")
        if version.record.identifier != lineage["identifier"]:
            raise MalformedInput("the node shows the record of another certificate: ask its administrator")
        return version

    @classmethod
    def of_row(cls, row: dict[str, Json]) -> Self:
        """Return the version on a line of a submission. Raises: MalformedInput, also for claims that are not its own."""
        fields = Fields(row, "line")
        record, disclosure = (
            decode_record(fields.take("record")),
            decode_disclosure(fields.take("disclosure")),
        )
        if not isinstance(disclosure, FullDisclosure) or disclosure.digest(record.suite) != record.claims:
            raise MalformedInput("the claims that are shown are not all that its record states")
        return cls(record, disclosure.values)

    @property
    def documents(self) -> list[Json]:
        """The documents, as fingerprints, in the order of their numbers."""
        numbered_claims = [
            (int(name.partition("/")[2]), claim) for name, claim in self.claims.items() if is_document(name)
        ]
        return [claim for _, claim in sorted(numbered_claims, key=lambda numbered_claim: numbered_claim[0])]

    @property
    def row(self) -> dict[str, Json]:
        """What an input row would have to say for this version."""
        record = self.record
        members: dict[str, Json] = {"identifier": record.identifier}
        days = {"issued": record.issued, "valid_from": record.valid_from}
        members |= {name: day.isoformat() for name, day in days.items() if day}
        members["valid_until"] = record.valid_until.isoformat() if record.valid_until else NO_END
        members["claims"] = {name: claim for name, claim in self.claims.items() if not is_document(name)}
        members["documents"] = self.documents
        members["links"] = [
            {"rel": link.rel, "record": record.suite.format(link.record)} for link in record.links
        ]
        return members


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a certificate in its current and in its new version; None where it has none."""

    name: str
    value_before: "Json | None"
    value_after: "Json | None"

    def to_json(self) -> dict[str, Json]:
        values = {"before": self.value_before, "after": self.value_after}
        return {"name": self.name} | {name: value for name, value in values.items() if value is not None}


def read_kept(submission_paths: Iterable[Path]) -> dict[str, Version]:
    """Return the versions in signed submissions that were kept, by the text of their leaf hash.

    Raises: MalformedInput, OSError.
    """
    versions: dict[str, Version] = {}
    for path in submission_paths:
        with path.open("rb") as submission_file:
            next(submission_file, b"")  # the statement
            for row_line in submission_file:
                row = decode(row_line)
                if isinstance(row, dict) and "disclosure" in row:
                    version = Version.of_row(row)
                    versions[version.record.suite.format(version.record.hash_leaf())] = version
    return versions


def carry_over(stated_members: Mapping[str, Json], version: Version, identifier: str) -> dict[str, Json]:
    """Return the row of the next version, with that `identifier`: what is stated, and everything else as it is.

    Raises: MalformedInput.
    """
    row_before = version.row
    members = {name: value for name, value in stated_members.items() if name not in ("claims", "without")}
    row = row_before | members | {"identifier": identifier}
    _check_days(row)
    row["claims"] = _merge_claims(stated_members, row_before, row, version)
    if "documents" in stated_members and "links" not in stated_members:
        row["links"] = [link for link in _list_items(row_before["links"]) if not _is_sealed_by(link)]
    return {name: value for name, value in row.items() if name not in ("documents", "links") or value}


def compare_rows(row_before: Mapping[str, Json], row_after: Mapping[str, Json]) -> list[FieldChange]:
    """Return every field of two rows of one certificate, changed or not."""
    field_changes = [
        FieldChange(name, row_before.get(name), row_after.get(name)) for name in ("identifier", *DAY_MEMBERS)
    ]
    claims_before, claims_after = _read_claims(row_before), _read_claims(row_after)
    field_changes += [
        FieldChange(name, claims_before.get(name), claims_after.get(name))
        for name in dict.fromkeys((*claims_before, *claims_after))
    ]
    for name in ("documents", "links"):
        items_before, items_after = _list_items(row_before.get(name)), _list_items(row_after.get(name))
        for index in range(max(len(items_before), len(items_after))):
            values_at_place = (
                items[index] if index < len(items) else None for items in (items_before, items_after)
            )
            field_changes.append(FieldChange(f"{name} {index + 1}", *values_at_place))
    return field_changes


def _check_days(row: Mapping[str, Json]) -> None:
    for name in DAY_MEMBERS:
        day = row.get(name)
        if name in row and not isinstance(day, str):
            raise MalformedInput(f"`{name}` is text: YYYY-MM-DD{f', or {NO_END}' * (name == 'valid_until')}")
        if isinstance(day, str):
            try:
                _ = parse_last_day(day) if name == "valid_until" else parse_day(day)
            except MalformedInput as error:
                raise MalformedInput(f"`{name}`: {error}") from error


def _merge_claims(
    stated_members: Mapping[str, Json],
    row_before: Mapping[str, Json],
    row: Mapping[str, Json],
    version: Version,
) -> dict[str, Json]:
    new_claims = stated_members.get("claims", {})
    if not isinstance(new_claims, dict):
        raise MalformedInput("`claims` is an object of names and values")
    claims = _read_claims(row_before)
    for name, member in _MEMBERS_BY_CLAIM.items():
        if name in claims and row_before.get(member) != row.get(member):
            claims.pop(name)
            if (value := row.get(member)) is not None and value != NO_END:
                claims[name] = value
    for name in _read_omitted_names(stated_members, claims):
        claims.pop(name)
    fields_by_name = find_fields(version.record.identifier)
    return claims | {
        name: put_in_form(value, claims.get(name), fields_by_name.get(name))
        for name, value in new_claims.items()
    }


def _read_omitted_names(stated_members: Mapping[str, Json], claims: Mapping[str, Json]) -> list[str]:
    """Return the names of the claims that are taken out. Raises: MalformedInput."""
    omitted_names = stated_members.get("without", [])
    if not isinstance(omitted_names, list):
        raise MalformedInput("`without` is an array of names of claims")
    for name in omitted_names:
        if name not in claims:
            question = ask_if_meant(str(name), [*claims])
            raise MalformedInput(
                f"`without` names “{str(name)[:_MAX_QUOTED]}”, which is not stated now{question}"
            )
    return [str(name) for name in omitted_names]


def _is_sealed_by(link: Json) -> bool:
    """Tell whether a link is to the sealing of a document: it goes where its document goes."""
    return isinstance(link, dict) and link.get("rel") == SEALED_BY


def _read_claims(row: Mapping[str, Json]) -> dict[str, Json]:
    claims = row.get("claims")
    return dict(claims) if isinstance(claims, dict) else {}


def _list_items(value: "Json | None") -> list[Json]:
    return value if isinstance(value, list) else []
