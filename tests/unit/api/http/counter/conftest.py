"""Proofs of licences, the hidden fields of a page, and an intake that compares nothing."""

import pytest
from fastapi.testclient import TestClient

from anchoring.intake import rows
from api.department import row_drafts
from ledger.proof.paper import encode_paper
from tests.unit.api.city import City, identifier
from tests.unit.api.http.counter.page import CLAIMS, DOCUMENT, LICENCE, OTHER, SERIAL, check, hidden_fields


@pytest.fixture
def proof(city: City) -> bytes:
    city.submit(city.licence(SERIAL, CLAIMS, DOCUMENT, valid_until="2027-03-27"))
    city.anchor()
    return city.proof(LICENCE).encode()


@pytest.fixture
def two(city: City, proof: bytes) -> tuple[bytes, bytes]:
    """Return the proofs of two licences, the second of which registers OTHER."""
    city.submit(city.licence("TM2022A0000000000002", {**CLAIMS, "CZZT": "别家店"}, OTHER))
    city.anchor()
    return proof, city.proof(identifier("TM2022A0000000000002")).encode()


@pytest.fixture
def shown(city: City, wuhan: TestClient, proof: bytes) -> dict[str, str]:
    """Return the hidden fields of the page that shows the items of a proof."""
    return hidden_fields(check(wuhan, {}, code=encode_paper(city.proof(LICENCE))))


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let intake take what it took before it compared claims with their record."""
    for module in (rows, row_drafts):
        monkeypatch.setattr(module, "judge_disclosure", lambda *_: None)
