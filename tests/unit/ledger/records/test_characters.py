"""Names of claims are those that a catalogue could have."""

from anchoring.catalogue.chosen import get_catalogue
from ledger.records.characters import find_name_fault


def test_every_name_of_the_catalogue_is_a_name() -> None:
    names = get_catalogue().fields_by_name
    assert len(names) > 200
    for name in (*names, "document/1", "document/999"):
        assert find_name_fault(name) is None
