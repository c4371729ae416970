"""Rows of changes with the certificates that they name, known and unknown apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from anchoring.intake.faults import Faults
from api.client.certificates import (
    Name,
    UnknownCertificate,
    ask_suite,
    choose_identifier,
    read_name,
)
from api.client.client import NodeClient
from api.department.rows.reading import InputRow
from ledger.errors import InvalidIdentifier, MalformedInput
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.seal_identifiers import PREFIXES, SealingIdentifier


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row of a change, and how it names its certificate."""

    row: InputRow
    name: Name

    def with_identifier(self, identifier: str) -> "NamedRow":
        return replace(self, row=replace(self.row, members={**self.row.members, "identifier": identifier}))


def name_rows(node: NodeClient, rows: Iterable[InputRow]) -> list[NamedRow]:
    """Return the rows, each with how it names its certificate. Raises: SubmissionRefused, NodeError, OSError."""
    suite, named_rows, faults = ask_suite(node), list[NamedRow](), Faults()
    for row in rows:
        try:
            named_rows.append(NamedRow(row, read_name(row.identifier, suite)))
        except MalformedInput as error:
            faults.add(row.row_number, "certificate-not-named", str(error))
    faults.refuse()
    return named_rows


def divide_known(
    node: NodeClient, named_rows: Sequence[NamedRow], reason: str
) -> tuple[list[NamedRow], list[NamedRow]]:
    """Return the rows with the identifiers of their certificates, and those whose certificate nobody registered here.

    `reason` is why a number or a document is looked for. Raises: SubmissionRefused for a name that means several, NodeError.
    """
    identified_rows, unknown_rows, faults = list[NamedRow](), list[NamedRow](), Faults()
    for named_row in named_rows:
        try:
            identifier = choose_identifier(node, named_row.name, reason)
        except UnknownCertificate:
            unknown_rows.append(named_row)
        except MalformedInput as error:
            faults.add(named_row.row.row_number, "certificate-not-named", str(error))
        else:
            identified_rows.append(named_row.with_identifier(identifier))
    faults.refuse()
    lineages = node.fetch_lineages([named_row.row.identifier for named_row in identified_rows])
    known_rows = list[NamedRow]()
    for named_row, lineage in zip(identified_rows, lineages, strict=True):
        is_unknown = lineage is None and _is_well_formed(named_row.row.identifier)
        (unknown_rows if is_unknown else known_rows).append(named_row)
    return known_rows, unknown_rows


def _is_well_formed(identifier: str) -> bool:
    """Tell whether an identifier can be one: a slip in it is a fault to mend, and waits for nothing."""
    try:
        if identifier.startswith(PREFIXES):
            SealingIdentifier.parse(identifier)
        else:
            CertificateIdentifier.parse(identifier, strict=True)
    except InvalidIdentifier:
        return False
    return True
