"""What only a person can mend is said before a node starts, in one line, in both languages."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from anchoring.errors import ChainUnavailable, NotAChain
from api.cli import main
from api.node.errors import SettingsError
from api.node.lock import lock_directory
from api.node.parts import ANCHORER, API, FOLLOWER, MONITOR, choose_parts, list_parts
from api.node.settings import Settings
from api.preflight import PreflightFinding, State, check_node
from tests.unit.api.city import City

NOBODY = "http://127.0.0.1:9"  # no endpoint: it may come up, so it is waited for


def findings(settings: Settings) -> dict[str, PreflightFinding]:
    return {finding.name: finding for finding in check_node(settings, list_parts(settings))}


@pytest.fixture
def settings(city: City) -> Settings:
    return city.verifier.model_copy(update={"chain_url": NOBODY, "listen": "127.0.0.1:18097"})


@pytest.fixture
def chainless(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_chain(settings: Settings) -> None:
        raise ChainUnavailable("no answer")

    monkeypatch.setattr("api.node.listening.check_free", lambda host, port: None)
    monkeypatch.setattr("api.processes.open_chain", open_chain)


@pytest.mark.usefixtures("chainless")
def test_what_is_as_it_should_be_is_good_and_a_chain_that_is_down_is_waited_for(settings: Settings) -> None:
    states = {name: finding.state for name, finding in findings(settings).items()}
    assert states.pop("chain_url") is State.WAITS
    assert set(states.values()) == {State.GOOD}
    assert not (settings.directory / "checkpoints.db").exists(), "looking makes nothing"


@pytest.mark.usefixtures("chainless")
def test_a_web_server_in_place_of_a_chain_is_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_chain(settings: Settings) -> None:
        raise NotAChain("what answers is no JSON-RPC endpoint of a chain")

    monkeypatch.setattr("api.processes.open_chain", open_chain)
    assert findings(settings)["chain_url"].state is State.FAILS


@pytest.mark.usefixtures("chainless")
@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("trust_list", Path("/nowhere/list.json"), "可信机构名单"),
        ("issuer_names", Path("/nowhere/names.json"), "颁发机构名录"),
        ("replica_url", "sqlite:////", "cannot be opened"),
        ("checkpoints_url", "sqlite:////dev", "cannot be opened"),
        ("node_key", Path("/nowhere/node.key"), "节点密钥"),
        ("replica_url", "mysql://user:secret@host/x", "本地副本"),
        ("replica_url", "sqlite:////nowhere/replica.db", "cannot be made"),
        ("registry", "eip155:31337:0x" + "11" * 20 + ":" + "22" * 8, "use another file"),
        ("peers", {"wuhan": ("http://host:99999",)}, "其他城市节点"),
    ],
)
def test_what_a_person_must_mend_is_one_line(
    settings: Settings, member: str, value: object, said: str
) -> None:
    failing = [
        finding.line()
        for finding in check_node(settings.model_copy(update={member: value}), list_parts(settings))
        if finding.state is State.FAILS
    ]
    assert len(failing) == 1
    assert said in failing[0]
    assert "\n" not in failing[0]
    assert "节点无法启动" in failing[0]
    assert "secret" not in failing[0]


@pytest.mark.usefixtures("chainless")
def test_a_replica_in_the_register_and_a_register_of_another_log_fail(city: City) -> None:
    register = city.settings.register_url
    settings = city.settings.model_copy(update={"chain_url": NOBODY, "replica_url": register})
    assert findings(settings)["replica_url"].state is State.FAILS


@pytest.mark.usefixtures("chainless")
def test_a_register_of_another_log_or_registry_is_one_line(city: City) -> None:
    city.submit(city.licence("TM2022A0000000000001", {"ZZMC": "营业执照"}))
    for member, value, said in (
        ("log", "wuhan", "this is the register of tianmen, not of wuhan"),
        ("registry", city.registry.replace(":31337:", ":1:"), "use another database"),
    ):
        settings = city.settings.model_copy(update={"chain_url": NOBODY, member: value})
        finding = findings(settings)["register_url"]
        assert finding.state is State.FAILS
        assert said in finding.line()
        assert "登记库" in finding.line()


def test_a_second_node_on_a_directory_is_told_who_is_there_and_a_dead_one_stops_nobody(
    tmp_path: Path,
) -> None:
    holding = "import sys, pathlib, time; from api.node.lock import lock_directory; lock_directory(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"  # noqa: E501
    holder = subprocess.Popen([sys.executable, "-c", holding, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    with pytest.raises(SettingsError, match=f"process {holder.pid}"):
        lock_directory(tmp_path)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    os.close(lock_directory(tmp_path))


@pytest.mark.enable_socket
def test_a_port_in_use_ends_the_node_with_one_line(
    city: City, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.node.listening._PATIENCE_SECONDS", 0.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        file = city.settings.directory / "node.toml"
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        file.write_text(f'registry = "{city.registry}"\nchain_url = "{NOBODY}"\nlisten = "{listen}"\n')
        assert main(["node", str(file.parent)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert listen in line
    assert "监听端口" in line


@pytest.mark.usefixtures("chainless")
def test_looking_says_how_many_connections_the_node_asks_of_a_server(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = city.settings.directory
    server = f"postgresql://clerk:secret@/replica?host={directory}"  # which may come up
    lines = f'registry = "{city.registry}"\nchain_url = "{NOBODY}"\nreplica_url = "{server}"\n'
    (directory / "node.toml").write_text(lines)
    assert main(["node", str(directory), "--check"]) == 0
    assert f"up to 25 connections 数据库连接数 to {directory}" in capsys.readouterr().out
    assert main(["node", str(directory), "--check", "--json", "--parts", "follower"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["connections"] == {str(directory): 5}
    assert "secret" not in printed
    (directory / "node.toml").write_text(f'{lines}trust_list = "/nowhere/list.json"\n')
    assert main(["node", str(directory), "--check"]) == 1
    assert "up to 25 connections" in capsys.readouterr().out, "also while something fails"


@pytest.mark.usefixtures("chainless")
def test_a_place_that_runs_some_parts_needs_what_those_need(settings: Settings) -> None:
    issuing = settings.model_copy(
        update={
            "log": "tianmen",
            "keystore": Path("/nowhere/a"),
            "keystore_password_file": Path("/nowhere/b"),
        }
    )

    def failing(*parts: str) -> set[str]:
        return {finding.name for finding in check_node(issuing, parts) if finding.state is State.FAILS}

    assert "keystore" in failing(ANCHORER), "the operator's key lies where the anchorer runs"
    assert "keystore" not in failing(API, FOLLOWER, MONITOR), "and nowhere else"
    keyless = settings.model_copy(update={"node_key": Path("/nowhere/node.key")})
    assert "node_key" not in {finding.name for finding in check_node(keyless, [ANCHORER])}


def test_parts_that_a_node_does_not_have_are_named(settings: Settings) -> None:
    with pytest.raises(
        SettingsError, match=r"names anchorer, which this node does not have: it has api, follower"
    ):
        choose_parts(settings, [ANCHORER])
    assert choose_parts(settings, [FOLLOWER, API]) == [API, FOLLOWER]
