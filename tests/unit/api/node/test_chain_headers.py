"""The file of headers for gateways: each endpoint its own, nothing that HTTP cannot carry."""

import json
from pathlib import Path

import pytest

from api.cli import main
from api.node.chain_headers import load_chain_headers
from api.node.errors import SettingsError
from api.node.loading import load_settings

GATEWAY, OTHER = "https://gateway.example/rpc", "https://other.example"


def test_each_endpoint_gets_its_own(tmp_path: Path) -> None:
    file = tmp_path / "headers.json"
    file.write_text(json.dumps({GATEWAY: {"X-Api-Key": "s3cret"}}))
    assert load_chain_headers(file, [GATEWAY, OTHER]) == {GATEWAY: {"X-Api-Key": "s3cret"}}
    assert load_chain_headers(None, [GATEWAY]) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "headers of the chain"),
        ("[]", "one JSON object"),
        (json.dumps({OTHER: {}}), "none of the chain's endpoints"),
        (json.dumps({GATEWAY: "key"}), "one JSON object"),
        (json.dumps({GATEWAY: {"X-Api-Key": 5}}), "not one that HTTP can carry"),
        (json.dumps({GATEWAY: {"X-Api-Key": "a\r\nHost: b"}}), "not one that HTTP can carry"),
        (json.dumps({GATEWAY: {"X Api Key": "a"}}), "not one that HTTP can carry"),
        (json.dumps({GATEWAY: {"": "a"}}), "not one that HTTP can carry"),
    ],
)
def test_what_is_no_such_file_says_so(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "headers.json"
    file.write_text(content)
    with pytest.raises(SettingsError, match=said) as caught:
        load_chain_headers(file, [GATEWAY])
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.json"):
        load_chain_headers(tmp_path / "missing.json", [GATEWAY])


def test_init_writes_what_other_chains_need(tmp_path: Path) -> None:
    headers = tmp_path / "headers.json"
    headers.write_text(json.dumps({GATEWAY: {"X-Api-Key": "s3cret"}}))
    registry = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
    options = {"registry": registry, "chain-url": GATEWAY, "chain-headers-file": str(headers)}
    options |= {"final-depth": "0", "first-block": "4711", "max-gas-price": "30000000000"}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    assert main(["init", str(tmp_path / "node"), *words]) == 0
    settings = load_settings(tmp_path / "node")
    assert (settings.final_depth, settings.first_block) == (0, 4711)
    assert (settings.max_gas_price, settings.chain_headers_file) == (30_000_000_000, headers)
