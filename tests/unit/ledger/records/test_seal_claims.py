"""The claims of seals have one spelling.

That of the catalogue, of the format's page, and of what is verified.
"""

from pathlib import Path

import pytest

from anchoring.catalogue.chosen import get_catalogue
from ledger.records import seal_claims

NAMES = {name for key, name in vars(seal_claims).items() if key.isupper() and isinstance(name, str)}
CLAIMS = {name for name in NAMES if name.isupper()}
PAGE = Path("docs/formats/seals-and-signatures.md").read_text()


def test_the_claims_are_those_of_the_catalogue() -> None:
    catalogue = get_catalogue()
    types = (*catalogue.seals, catalogue.types["sealing"])
    assert {claim.name for type_ in types for claim in catalogue.list_claims(type_)} >= CLAIMS
    assert len(CLAIMS) == 9


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_page_of_the_format_names_each_link_and_claim(name: str) -> None:
    assert f"`{name}`" in PAGE or f'"{name}"' in PAGE
