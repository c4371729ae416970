"""The development chain: back with its blocks after any end, and no anvil left behind."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from anchoring.chain import devnet
from anchoring.chain.deployment import Patience, deploy
from anchoring.chain.devnet import Devnet, find_anvil
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.protocol import RegistryName
from anchoring.errors import ChainUnavailable, DevnetError

pytestmark = pytest.mark.enable_socket

RUNNING = """
import sys, threading
from pathlib import Path
from anchoring.chain.devnet import Devnet
net = Devnet(Path(sys.argv[1]), block_seconds=0.2)
net.start()
print(net.url, net._process.pid, flush=True)
net.run(threading.Event())
"""


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    with Devnet(tmp_path, block_seconds=None) as net:
        url, province = net.url, net.open_account("province")
        name = deploy(net.chain, province, province.address, patience=Patience(wait=lambda _: net.mine()))
        net.mine(3)
        latest = net.chain.fetch_latest_block()
    with Devnet(tmp_path, block_seconds=None) as net:
        assert net.url == url
        assert net.chain.fetch_latest_block() == latest
        assert len(net.chain.fetch_events(RegistryName.parse(name).contract, 0, latest.number)) == 1
        assert net.open_account("province").address == province.address
        net.mine()
        assert abs(net.chain.fetch_latest_block().time - time.time()) < 10


def test_blocks_come_by_themselves_and_a_deployment_waits_for_them(tmp_path: Path) -> None:
    with Devnet(tmp_path, block_seconds=0.1) as net:
        province = net.open_account("province")
        assert deploy(net.chain, province, province.address).startswith("eip155:31337:0x")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_killed_devnet_leaves_no_anvil_and_comes_back_with_its_final_blocks(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUNNING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url, pid = process.stdout.readline().split()
            chain = EthereumChain(Endpoint(url))
            eventually(lambda: chain.fetch_final_block().number >= 10)
            final = chain.fetch_final_block()
            eventually(lambda: saved(tmp_path) >= final.number)
        finally:
            process.kill()
    eventually(lambda: not alive(int(pid)))
    with pytest.raises(ChainUnavailable):
        chain.fetch_latest_block()
    with Devnet(tmp_path, block_seconds=None) as net:
        assert net.url == url
        assert net.chain.find_block(final.number) == final


def saved(folder: Path) -> int:
    try:
        return int(json.loads((folder / "state.json").read_text())["best_block_number"])
    except FileNotFoundError:
        return 0


def test_a_save_that_was_cut_short_leaves_the_last_whole_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Devnet(tmp_path, block_seconds=None) as net:
        net.mine(5)
    before = (tmp_path / "state.json").read_bytes()

    def cut(*_: object) -> None:
        raise OSError("no space left on device")

    net = Devnet(tmp_path, block_seconds=None)
    net.start()
    net.mine(5)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut)
        with pytest.raises(OSError, match="no space"):
            net.stop()
    assert (tmp_path / "state.json").read_bytes() == before
    with Devnet(tmp_path, block_seconds=None) as net:
        assert net.chain.fetch_latest_block().number == 5


def test_it_is_saved_while_it_runs_and_its_end_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devnet, "SAVE_SECONDS", 0.1)
    net = Devnet(tmp_path, block_seconds=None)
    net.start()
    assert net._process
    pid = net._process.pid
    raised: list[BaseException] = []

    def run() -> None:
        try:
            net.run(threading.Event())
        except DevnetError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    net.mine(7)
    eventually(lambda: saved(tmp_path) == 7)
    os.kill(pid, signal.SIGKILL)
    thread.join(10)
    assert "anvil ended" in str(raised[0])
    net.stop()


def test_keystores_and_password_are_their_owners_alone(tmp_path: Path) -> None:
    with Devnet(tmp_path, block_seconds=None) as net:
        net.open_account("province")
    for path in (tmp_path / "password", tmp_path / "accounts" / "province.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_directory_has_one_devnet(tmp_path: Path) -> None:
    with Devnet(tmp_path, block_seconds=None), pytest.raises(DevnetError, match="already"):
        Devnet(tmp_path).start()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DevnetError, match=str(port)):
            Devnet(tmp_path, port=port).start()


def test_a_state_that_anvil_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    with pytest.raises(DevnetError, match=r"anvil ended: .+"):
        Devnet(tmp_path).start()


def test_a_missing_anvil_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANVIL", str(tmp_path / "anvil"))
    with pytest.raises(DevnetError, match=r"make demo.*ANVIL.*CHAIN_URL"):
        Devnet(tmp_path / "net").start()
    monkeypatch.delenv("ANVIL")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(DevnetError):
        find_anvil()
