"""The key of a node: made with its directory, read when it starts."""

import stat
from pathlib import Path

import pytest

from api.cli import main
from api.node.errors import SettingsError
from api.node.keys import load_node_key, make_node_key
from api.node.settings import Settings
from ledger.crypto.keys import decode_private_key, generate_key
from tests.unit.api.city import draws

REGISTRY = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
INIT = ["init", "--registry", REGISTRY, "--chain-url", "http://127.0.0.1:8545"]


def settings(directory: Path, text: str = "") -> Settings:
    (directory / "node.toml").write_text(f'registry = "{REGISTRY}"\n{text}')
    return Settings.load(directory, {})


def test_init_makes_a_key_for_its_owner_alone_and_says_how_to_declare_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "wuhan"
    assert main([*INIT, str(directory)]) == 0
    file = directory / "node.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = load_node_key(Settings.load(directory, {}))
    assert key == decode_private_key(file.read_bytes())
    assert key.public.algorithm == "sm2"
    assert f"--purpose node --key-file {file}" in capsys.readouterr().err


def test_init_names_the_nodes_of_other_cities(tmp_path: Path) -> None:
    directory = tmp_path / "wuhan"
    assert main([*INIT, str(directory), "--peer", "tianmen=http://tianmen:8080"]) == 0
    settings = Settings.load(directory, {})
    assert settings.watched_peers == {"tianmen": ("http://tianmen:8080",)}


def test_a_peer_that_is_none_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*INIT, str(tmp_path), "--peer", "tianmen"]) == 1
    assert "the peer `tianmen`" in capsys.readouterr().err
    assert main([*INIT, str(tmp_path)]) == 0
    assert Settings.load(tmp_path, {}).watched_peers == {}


def test_a_key_that_is_there_is_kept(tmp_path: Path) -> None:
    key = make_node_key(tmp_path)
    assert make_node_key(tmp_path) == key


def test_a_node_may_have_none(tmp_path: Path) -> None:
    assert load_node_key(settings(tmp_path)) is None


def test_a_key_under_a_password(tmp_path: Path) -> None:
    key = generate_key("p256", draws("key"))
    (tmp_path / "node.key").write_bytes(key.to_encrypted_pem(b"a word", draws("salt")))
    (tmp_path / "node.password").write_bytes(b"a word\n")
    lines = 'node_key = "node.key"\nnode_key_password_file = "node.password"\n'
    assert load_node_key(settings(tmp_path, lines)) == key
    (tmp_path / "node.password").write_bytes(b"another\n")
    with pytest.raises(SettingsError, match="the password is wrong"):
        load_node_key(settings(tmp_path, lines))


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    named = settings(tmp_path, 'node_key = "node.key"\n')
    with pytest.raises(SettingsError, match=r"node\.key cannot be read \(No such file"):
        load_node_key(named)
    (tmp_path / "node.key").write_text("no key")
    with pytest.raises(SettingsError, match="not a private key in PEM"):
        load_node_key(named)
