"""An inspector with a USB stick and no network, between two cities' nodes in processes of their own."""

from pathlib import Path

import pytest

from api.demo.inspector import Inspector
from tests.acceptance.cities import Cities, write_rows


@pytest.mark.slow
def test_a_field_inspector_needs_nobody(cities: Cities, tmp_path: Path) -> None:
    row, proof = cities.licence(), tmp_path / "licence.proof.json"
    receipt = cities.submit(write_rows(tmp_path / "records.ndjson", row), "--wait", "60")
    assert receipt.code == 0, receipt.err
    cities.export(row["identifier"], proof)
    cities.wait_known()
    told: list[str] = []
    inspector = Inspector([cities.tianmen, cities.wuhan], tmp_path / "stick", told.append)
    inspector.prepare()
    claims = row["claims"]
    assert isinstance(claims, dict)
    inspector.inspect(proof.read_bytes(), claims)
    assert list(inspector.results.values())[1:] == [0, 0, 12, 1, 0]
    assert any("known until" in line for line in told)
