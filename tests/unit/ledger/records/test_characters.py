"""Names of claims are those that a catalogue could have."""

from ledger.records.catalogue import SEALING, SEALS, TYPES
from ledger.records.characters import find_name_fault
from ledger.records.vocabulary import EXTENSIONS


def test_every_name_of_the_catalogue_is_a_name() -> None:
    names = {field.name for type_ in (*TYPES, *SEALS, SEALING) for field in type_.claims} | set(EXTENSIONS)
    assert len(names) > 80
    for name in (*names, "document/1", "document/999"):
        assert find_name_fault(name) is None
