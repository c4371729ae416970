"""Cities cosign, and an inspector with a USB stick and no network needs nobody.

The nodes run in processes of their own.
"""

from pathlib import Path

import httpx
import pytest

from api.demo.inspector import Inspector
from api.node.keys import make_node_key
from ledger.registry.checkpoints import read_cosigned
from tests.acceptance.cities import Cities, eventually, write_rows


@pytest.mark.slow
def test_what_one_node_signs_comes_to_the_other(cities: Cities) -> None:
    signed = cities.shunzheng("checkpoint", "sign", cities.tianmen.directory)
    assert signed.code == 0, signed.err
    key = make_node_key(cities.tianmen.directory).public.id

    def has_come() -> bool:
        """Tell whether Wuhan's node gives out what its monitor fetched from Tianmen's."""
        with httpx.Client(trust_env=False) as client:
            answer = client.get(f"{cities.wuhan.url}/v1/checkpoint?cosigned=1")
        return answer.is_success and key in {one.key_id for one in read_cosigned(answer.content).cosignatures}

    eventually(has_come)


@pytest.mark.slow
def test_a_field_inspector_needs_nobody(cities: Cities, tmp_path: Path) -> None:
    row, proof = cities.licence(), tmp_path / "licence.proof.json"
    receipt = cities.submit(write_rows(tmp_path / "records.ndjson", row), "--wait", "60")
    assert receipt.code == 0, receipt.err
    cities.export(row["identifier"], proof)
    cities.wait_known()
    told: list[str] = []
    inspector = Inspector([cities.tianmen, cities.wuhan], tmp_path / "laptop", told.append)
    inspector.prepare()
    claims = row["claims"]
    assert isinstance(claims, dict)
    inspector.inspect(proof.read_bytes(), claims)
    assert list(inspector.results_by_description.values())[1:] == [0, 0, 12, 1, 0]
    assert any("known until" in line for line in told)
