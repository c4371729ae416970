"""Judge the content of a record and of the claims that come with it.

For the node that takes them and for the department that drafts them, by the same rules.

Judged is what is new: what was registered before is read as it is. Salts and masters are judged one by one here; whether one
stands twice, where the rows are read (`rows`, `reuse`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from anchoring.intake.faults import RowFault
from ledger.encoding.canonical import Json
from ledger.encoding.unseen import find_unseen_character
from ledger.errors import MalformedInput
from ledger.records.characters import describe, find_name_fault
from ledger.records.claims import Disclosure, FullDisclosure
from ledger.records.contradictions import find_contradictions
from ledger.records.notes import is_note, read_note
from ledger.records.randomness import find_weakness
from ledger.records.records import PRESENTABLE_ACTIONS, Record

_MAX_QUOTED: Final = 80  # characters of a name that a message repeats


def judge_record(record: Record) -> None:
    """Check the salt and the basis of a record. Raises: RowFault."""
    _judge_randomness("the record's salt", record.salt)
    if record.basis is not None and (place_and_character := find_unseen_character(record.basis)):
        raise _make_unseen_fault("`basis`", *place_and_character)


@dataclass(frozen=True, slots=True)
class Oddity:
    """What may be meant and is rare; `name` is its sort, by which a department accepts it before it signs."""

    name: str
    message: str


def judge_identifier(record: Record) -> None:
    """Check that a new certificate has an identifier as the standard has it; of those of the past some have not.

    Raises: RowFault.
    """
    warnings = record.certificate.warnings
    if warnings and record.issued is None and record.action in PRESENTABLE_ACTIONS:
        raise RowFault("invalid-identifier", f"{record.identifier}: {'; '.join(warnings)}")


def judge_note(record: Record, disclosure: Disclosure | None) -> None:
    """Check that a record with a link of a note 附注 is one, and discloses all that it says. Raises: RowFault."""
    if not is_note(record):
        return
    if disclosure is None or disclosure.withheld_names:
        raise RowFault("malformed-note", "a note is for everybody who verifies: disclose all of its claims")
    try:
        read_note(record, disclosure.values)
    except MalformedInput as error:
        raise RowFault("malformed-note", str(error)) from error


def list_oddities(record: Record) -> list[Oddity]:
    """Return what is odd about the record of a certificate and let pass."""
    if record.action not in PRESENTABLE_ACTIONS:
        return []
    certificate = record.certificate
    oddities = [Oddity("identifier", f"{record.identifier}: {odd}") for odd in certificate.warnings]
    if get_catalogue().find_type(certificate.type) is None:
        oddities.append(Oddity("type", f"the certificate type {certificate.type} is not in the catalogue"))
    return oddities


def judge_disclosure(record: Record, disclosure: Disclosure) -> None:
    """Check names, values and salts of the claims of a record. Raises: RowFault."""
    if isinstance(disclosure, FullDisclosure):
        _judge_randomness("the master of the claims", disclosure.master)
    else:
        _judge_salts(disclosure.shown_claims)
    for name in disclosure.withheld_names:
        _judge_name(name)
    values = disclosure.values
    for name, value in values.items():
        _judge_name(name)
        for text in (value,) if isinstance(value, str) else _walk_texts(value):
            if place_and_character := find_unseen_character(text):
                raise _make_unseen_fault(f"the claim {name}", *place_and_character)
    for contradiction in find_contradictions(record, values):
        raise RowFault(
            "claims-contradict-record",
            f"the claim {contradiction.name} says {contradiction.claimed_text!r} and the record "
            f"{contradiction.recorded_words.en!r}: put the same into both",
        )


def _judge_randomness(label: str, random_bytes: bytes) -> None:
    if fault := find_weakness(random_bytes):
        raise RowFault("weak-salt", f"{label} {fault}: draw 16 bytes from a source of random bytes for each")


def _judge_salts(shown_claims: tuple[tuple[str, bytes, Json], ...]) -> None:
    salts = set()
    for name, salt, _ in shown_claims:
        _judge_randomness(f"the salt of the claim {name[:_MAX_QUOTED]!r}", salt)
        salts.add(salt)
    if len(salts) != len(shown_claims):
        raise RowFault("salt-reused", "two claims of one record have the same salt: draw one for each")


def _judge_name(name: str) -> None:
    if fault := find_name_fault(name):
        raise RowFault("unusable-claim", f"the name of a claim, {name[:_MAX_QUOTED]!r}, {fault}")


def _make_unseen_fault(label: str, place: int, character: str) -> RowFault:
    return RowFault(
        "unusable-claim",
        f"{label} has {describe(character)} at place {place}, which nobody can see: take it out, or put a blank there",
    )


def _walk_texts(value: Json) -> Iterator[str]:
    """Return every text in a value, the names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _walk_texts(element)
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _walk_texts(member)
