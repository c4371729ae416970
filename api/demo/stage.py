"""The stage of the demo: a chain, a registry, and two cities' nodes as processes."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anchoring.chain import calls, deployment
from anchoring.chain.accounts import Account
from anchoring.chain.devnet import Devnet
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.events import read_events
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.protocol import Chain, RegistryName
from anchoring.errors import NO_FUNDS, AnchoringError, DevnetError, ReorgDetected, TransactionRejected
from anchoring.processes.children import make_dying_with
from anchoring.register.access.tokens import create_token
from anchoring.register.store import Register
from api import files
from api.client.client import NodeClient
from api.demo.waiting import PATIENCE_SECONDS
from api.node.errors import SETTINGS_FILE
from api.node.keys import KEY_FILE, load_node_key, make_node_key
from api.node.loading import load_settings
from ledger.registry import acts
from ledger.registry.trust import NODE

READY_SECONDS: Final = (
    300.0  # for a node to start and to catch up with a chain of a few dozen events; mostly five
)
ENDED_SECONDS: Final = 3.0  # for a node that ended while it was waited for to be started again
_STOP_SECONDS: Final = 20.0
_PATIENCE: Final = deployment.Patience(PATIENCE_SECONDS)
_TICK_SECONDS: Final = 0.1
_TOKEN_SECONDS: Final = 86_400  # the life of a token of the demo: nobody leaves it up for longer


class NodeNotReady(AnchoringError):
    """A node did not start."""


@dataclass(slots=True)
class City:
    """A city's node: its directory, its address, and its process while it runs."""

    name: str
    title: str
    directory: Path
    url: str
    process: subprocess.Popen[bytes] | None = None
    _process_lock: threading.RLock = field(default_factory=threading.RLock)

    def launch(self) -> None:
        """Start the node's processes, from a thread that lives as long as they shall."""
        with self._process_lock, (self.directory / "node.log").open("ab") as log_file:
            command = [sys.executable, "-m", "api.cli", "node", str(self.directory)]
            self.process = subprocess.Popen(
                command,
                stdout=log_file,
                stderr=log_file,
                start_new_session=True,
                preexec_fn=make_dying_with(os.getpid()),
            )

    @property
    def has_ended(self) -> bool:
        """Whether the node ended by itself, or was killed."""
        return self.process is not None and self.process.poll() is not None

    def launch_again(self) -> bool:
        """Start a node that has ended, and tell whether it had."""
        with self._process_lock:
            if had_ended := self.has_ended:
                self.launch()
            return had_ended

    def wait_ready(self) -> None:
        """Wait until the node answers and has caught up. Raises: NodeNotReady with the end of its log."""
        deadline = last_alive = time.monotonic()
        deadline += READY_SECONDS
        with NodeClient(self.url) as node:
            while not node.is_ready():
                if self.process and not self.has_ended:
                    last_alive = time.monotonic()
                if time.monotonic() > min(deadline, last_alive + ENDED_SECONDS):
                    log_end = (self.directory / "node.log").read_text(errors="replace")[-2000:]
                    raise NodeNotReady(
                        f"the node of {self.title} did not become ready; its log ends:\n{log_end}"
                    )
                time.sleep(_TICK_SECONDS)

    def stop(self) -> None:
        """End the node as an administrator would, and wait for it."""
        with self._process_lock:
            if self.process is None:
                return
            self.process.terminate()
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


@dataclass(slots=True)
class Stage:
    """The chain with its accounts, the registry, the gas that its acts took."""

    directory: Path
    chain: Chain
    chain_url: str
    registry: str = ""
    gas_by_act: dict[str, int] = field(default_factory=dict)
    devnet: Devnet | None = None
    shared_account: Account | None = None
    _save_lock: threading.Lock = field(default_factory=threading.Lock)

    def open_account(self, name: str) -> Account:
        """Return the account that plays a role: one each on a devnet, the same for all on a chain of somebody else's."""
        if self.devnet:
            return self.devnet.open_account(name)
        assert self.shared_account is not None
        return self.shared_account

    def deploy(self) -> None:
        """Deploy the registry. A deployment whose answer was lost is made again; nothing names the first.

        Raises: TransactionRejected, ChainUnavailable, also where the chain ended before it was saved.
        """
        province = self.open_account("province")
        if self.devnet:
            self.devnet.mine()  # anvil tells a contract a wrong hash of a block that it has loaded
        with self._funds_as_they_were():
            self.registry = deployment.deploy(self.chain, province, province.address, patience=_PATIENCE)
        self.save()
        registry_name = RegistryName.parse(self.registry)
        if (
            self.chain.fetch_head_zero(registry_name.contract)[: len(registry_name.head_prefix)]
            != registry_name.head_prefix
        ):
            raise ReorgDetected("the chain lost the deployment")

    def record_acts(self, role: str, *joined_acts: acts.Act) -> None:
        """Have acts that do not need one another recorded by the account of a role; what is recorded already stays alone.

        Raises: TransactionRejected, ChainUnavailable, also where the chain ended before it was saved.
        """
        contract = RegistryName.parse(self.registry).contract
        missing_acts = self._list_missing(contract, joined_acts)
        encoded_calls = [calls.encode_call(act) for act in missing_acts]
        with self._funds_as_they_were():
            receipts = deployment.execute_together(
                self.chain, self.open_account(role), contract, encoded_calls, patience=_PATIENCE
            )
        for act, receipt in zip(missing_acts, receipts, strict=True):
            act_name = type(act).__name__
            self.gas_by_act[act_name] = max(self.gas_by_act.get(act_name, 0), receipt.gas_used)
        self.save()
        if self._list_missing(contract, missing_acts):
            raise ReorgDetected("the chain lost acts that were mined")

    @contextmanager
    def _funds_as_they_were(self) -> Iterator[None]:
        """Say what it means that an account of the devnet lacks funds: the chain ended before it was saved."""
        try:
            yield
        except TransactionRejected as refusal:
            if self.devnet and refusal.name == NO_FUNDS:
                raise ReorgDetected("the chain lost the funds of its accounts") from refusal
            raise

    def _list_missing(self, contract: str, joined_acts: Sequence[acts.Act]) -> list[acts.Act]:
        recorded_acts = {
            (recorded_act.event.kind, recorded_act.event.payload)
            for recorded_act in read_events(self.chain, contract)
        }
        return [act for act in joined_acts if (act.KIND, act.encode()) not in recorded_acts]

    def save(self) -> None:
        """Save a devnet, so that what was done there outlives it."""
        if self.devnet:
            with self._save_lock:
                self.devnet.save()

    def list_anchor_gas(self) -> list[int]:
        """Return the gas that each anchor of the registry took, as its receipt says."""
        contract = RegistryName.parse(self.registry).contract
        receipts = [
            self.chain.find_receipt(recorded_act.transaction_hash)
            for recorded_act in read_events(self.chain, contract)
            if recorded_act.event.kind == acts.Anchored.KIND
        ]
        return [receipt.gas_used for receipt in receipts if receipt]

    def found_city(self, name: str, title: str, *, issues: bool) -> City:
        """Lay out a node's directory, with its own databases, and return the city."""
        operator = self.open_account(f"{name}-operator") if issues else None
        directory = self.directory / name
        directory.mkdir(parents=True)
        listen_address = f"127.0.0.1:{_find_free_port()}"
        settings_lines = [
            f'registry = "{self.registry}"',
            f'chain_url = "{self.chain_url}"',
            f'listen = "{listen_address}"',
            f'name = "{title}"',
            f'node_key = "{KEY_FILE}"',
        ]
        make_node_key(directory)
        if operator:
            password_text = secrets.token_hex(16)
            files.write(directory / "operator.password", password_text.encode())
            operator.save(directory / "operator.json", password_text, rounds=1_000)
            settings_lines += [
                f'log = "{name}"',
                'keystore = "operator.json"',
                'keystore_password_file = "operator.password"',
            ]
        files.write(directory / SETTINGS_FILE, "\n".join(settings_lines).encode() + b"\n")
        return City(name, title, directory, f"http://{listen_address}")

    def declare_node(self, city: City) -> None:
        """Have the admin of the city's log declare the key of its node."""
        node_key = make_node_key(city.directory)
        self.record_acts(f"{city.name}-admin", acts.KeyRegistered(city.name, NODE, node_key.public.spki))

    def watch(self, city: City, *other_cities: City) -> None:
        """Have the city's node fetch the entries of other cities' logs."""
        with (city.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
            file.write(
                "[peers]\n"
                + "".join(f'{other_city.name} = "{other_city.url}"\n' for other_city in other_cities)
            )

    def make_token(self, city: City, scopes: Iterable[str]) -> str:
        """Give out a token of a city's node, as `shunzheng token create` does."""
        settings = load_settings(city.directory)
        url = settings.register_url
        assert url is not None
        with closing(Register(url)) as register, register.writing() as connection:
            now = int(time.time())
            _, secret = create_token(
                connection,
                secrets.token_bytes,
                label="demo",
                scopes=scopes,
                now=now,
                ends_at=now + _TOKEN_SECONDS,
                key=load_node_key(settings),
            )
        return secret


def open_stage(directory: Path, block_seconds: float) -> Stage:
    """Clear the demo's directory and start a devnet there, or use the chain that CHAIN_URL names. Raises: DevnetError."""
    marker_path = directory / "shunzheng-demo"
    if directory.exists():
        if not marker_path.exists() and any(directory.iterdir()):
            raise DevnetError(f"{directory} holds something else than a demo: name another with --directory")
        shutil.rmtree(directory)
    directory.mkdir(mode=0o700, parents=True)  # keys, tokens and what was registered lie in it
    marker_path.touch()
    url = os.environ.get("CHAIN_URL")
    if not url:
        devnet = Devnet(directory / "chain", block_seconds=block_seconds)
        devnet.start()
        return Stage(directory, devnet.chain, devnet.url, devnet=devnet)
    keystore_path, password_path = os.environ.get("CHAIN_KEYSTORE"), os.environ.get("CHAIN_PASSWORD_FILE")
    if not keystore_path or not password_path:
        raise DevnetError(
            "CHAIN_URL names a chain that runs already: name an account that can pay there, with CHAIN_KEYSTORE (an "
            "encrypted keystore file, see `shunzheng chain account`) and CHAIN_PASSWORD_FILE"
        )
    open_account = Account.load(Path(keystore_path), Path(password_path).read_text().rstrip("\n"))
    return Stage(directory, EthereumChain(Endpoint(url)), url, shared_account=open_account)


def _find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
