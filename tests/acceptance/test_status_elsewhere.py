"""A status changed in one city is known in another within seconds, and asking tells nobody."""

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.client.client import NodeClient
from api.commands.verify import request_body
from api.demo.stage import City
from api.node.errors import SETTINGS_FILE
from ledger.proof.proof import decode_proof
from tests.acceptance.cities import Cities, eventually, write_rows
from tests.acceptance.relay import Relay, lay_guard

BLOCK_SECONDS = 1.0
MOST_SECONDS = 5 + 2 * BLOCK_SECONDS
TRIES = 3  # two processors, shared with the other tests


@dataclass(frozen=True, slots=True)
class Watched:
    """A verifying node whose only endpoint is a relay, and the addresses to which its processes made sockets."""

    city: City
    relay: Relay
    calls: Path


@pytest.fixture
def watched(cities: Cities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    stage = cities.stage
    relay = Relay(int(stage.chain_url.rpartition(":")[2].strip("/")))
    city = stage.found_city(f"jingzhou-{relay.port}", "荆州市", issues=False)
    settings = city.directory / SETTINGS_FILE
    settings.write_text(settings.read_text().replace(stage.chain_url, f"http://127.0.0.1:{relay.port}"))
    lay_guard(tmp_path / "guard")
    with monkeypatch.context() as patch:
        patch.setenv("CALLS_LOG", str(tmp_path / "calls"))
        patch.setenv(
            "PYTHONPATH", os.pathsep.join([str(tmp_path / "guard"), os.environ.get("PYTHONPATH", "")])
        )
        city.launch()
    city.wait_ready()
    yield Watched(city, relay, tmp_path / "calls")
    city.stop()
    relay.close()


def revoke(cities: Cities, identifier: str, token: str, folder: Path) -> float:
    """Revoke as a clerk does, and return the moment at which Tianmen's node had accepted it."""
    (folder / "token").write_text(token)
    done = cities.shunzheng(
        "revoke", identifier, "--basis", "行政许可法 第六十九条", "--key", cities.key_file, "--node", cities.tianmen.url,
        "--token-file", folder / "token", "--yes",
    )  # fmt: skip
    assert done.code == 0, done.err
    return time.monotonic()


def test_a_revocation_is_known_elsewhere_within_seconds_and_nobody_is_told_whose(
    cities: Cities, watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [cities.licence() for _ in range(TRIES)]
    receipt = cities.submit(write_rows(tmp_path / "records.ndjson", *rows), "--wait", "60")
    assert receipt.code == 0, receipt.err
    token = cities.stage.make_token(cities.tianmen, ["history"])
    taken = []
    proofs = []
    with NodeClient(watched.city.url) as node:
        for row in rows:
            path = tmp_path / "proof.json"
            cities.export(row["identifier"], path)
            proofs.append(decode_proof(path.read_bytes()))
            body = request_body(path.read_text(), [], row["claims"])
            eventually(lambda body=body: node.verify(body)["verdict"] == "valid")  # type: ignore[misc]
            accepted = revoke(cities, str(row["identifier"]), token, tmp_path)
            eventually(lambda body=body: node.verify(body)["reason"] == "revoked")  # type: ignore[misc]
            taken.append(time.monotonic() - accepted)
            if taken[-1] < MOST_SECONDS:
                break
    print(f"known elsewhere after {taken[-1]:.1f} s")
    assert taken[-1] < MOST_SECONDS, taken

    said = bytes(watched.relay.said).lower()
    assert said.count(b"eth_getlogs") > 1, "the relay must see what the node says"
    for proof in proofs:
        statement, record = proof.entry.statement, proof.record
        named = [record.identifier, record.lineage, record.issuer, statement.issuer]
        hashes = [record.hash_leaf(), statement.root, record.claims or b"", statement.key_id, record.salt]
        assert proof.staple
        hashes += [
            proof.staple.chunk,
            *proof.staple.path,
            *proof.path,
            *(element.hash for element in proof.batch_path),
        ]
        # A chunk in which nothing changed has no name to betray.
        for secret in [
            *(name.encode().lower() for name in named),
            *(found.hex().encode() for found in hashes if any(found)),
        ]:
            assert secret not in said
    called = {json.dumps(line) for line in watched.calls.read_text().splitlines()}
    ports = {int(port) for line in called for port in re.findall(r"\b(\d{4,5})\b", line)}
    assert watched.relay.port in ports, "the guard must see what the node connects to"
    assert ports <= {watched.relay.port, int(watched.city.url.rpartition(":")[2])}, called
