"""The whole story of `make demo`, and a short one, told on a chain that runs already."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anchoring.chain.accounts import Account
from api.client.client import NodeClient
from api.demo.stage import City
from tests.chains.programs import find_free_port

_ROOT: Final = Path(__file__).parents[2]
#: The longest: a gateway that lets five requests a second through, on a busy machine.
_STORY_SECONDS: Final = 1_800
_COMMAND_SECONDS: Final = 300
_READY_SECONDS: Final = 300.0
_TICK_SECONDS: Final = 1.0
_LAST_WORDS: Final = 2_000  # characters of what was said, which are shown where a story fails
_ISSUER: Final = "11429006012345671T"  # of the first example
_LOG: Final = "tianmen"

#: What is done again and again while a story is told, by the thread that started the chain.
Beside = Callable[[], object]


class StoryFailed(Exception):
    """The message is what was said last."""


@dataclass(frozen=True)
class ChainAtHand:
    """A chain that runs: its URLs, an account that can pay there, and its final depth (None: it names final blocks)."""

    urls: str
    account: Account
    final_depth: int | None


def tell_whole(chain: ChainAtHand, directory: Path, beside: Beside = lambda: None) -> None:
    """Tell the story of `make demo`, and do what is `beside` it. Raises: StoryFailed."""
    keystore, password = _save_account(chain.account, directory)
    environment = {
        "CHAIN_URL": chain.urls,
        "CHAIN_KEYSTORE": str(keystore),
        "CHAIN_PASSWORD_FILE": str(password),
    } | _name_depth(chain)
    log = directory / "story.log"
    with log.open("wb") as output:
        story = subprocess.Popen(
            _command("demo", "--once", "--json", "--directory", directory / "demo"),
            env=os.environ | environment,
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + _STORY_SECONDS
    try:
        while story.poll() is None:
            if time.monotonic() > deadline:
                raise StoryFailed(f"it has not ended after {_STORY_SECONDS:,} s; {_read_last_words(log)}")
            beside()
            time.sleep(_TICK_SECONDS)
    finally:
        story.terminate()
        story.wait()
    if story.returncode:
        raise StoryFailed(_read_last_words(log))


@dataclass
class ShortStory:
    """One city: its registry, its node, one department. Each `register` brings a licence onto the chain, to finality."""

    chain: ChainAtHand
    directory: Path
    registry: str = ""
    city: City | None = None
    licence_count: int = 0
    _options: list[str | Path] = field(default_factory=list)

    def begin(self) -> None:
        """Deploy, admit, onboard and start the node. Raises: StoryFailed."""
        keystore, password = _save_account(self.chain.account, self.directory)
        self._options = ["--keystore", keystore, "--password-file", password]
        govern: list[str | Path] = ["--chain-url", self.chain.urls.split()[0], *self._options]
        self.registry = self._run("chain", "deploy", *govern).strip()
        to_log: list[str | Path] = ["--registry", self.registry, "--log", _LOG, *govern]
        address, key = self.chain.account.address, self.directory / "department.pem"
        self._run("chain", "admit-log", "--admin", address, "--division", "429006", *to_log)
        self._run("chain", "set-operator", "--operator", address, *to_log)
        self._run("keys", "generate", "--plain", "-o", key)
        self._run("chain", "onboard-department", "--issuer", _ISSUER, "--key-file", key, *to_log)
        self._start_node()

    def register(self) -> None:
        """Register a licence and wait until it is final. Raises: StoryFailed."""
        assert self.city
        examples = (_ROOT / "examples" / "licences.ndjson").read_text(encoding="utf-8").splitlines()
        rows = self.directory / f"{self.licence_count}.ndjson"
        rows.write_text(examples[self.licence_count] + "\n", encoding="utf-8")
        self.licence_count += 1
        key = self.directory / "department.pem"
        self._run("submit", rows, "--key", key, "--node", self.city.url, "--wait", _COMMAND_SECONDS)

    def end(self) -> None:
        """Read the registry whole, hold it and the node against the chain; stop the node. Raises: StoryFailed."""
        govern = ["--chain-url", self.chain.urls.split()[0], "--registry", self.registry]
        self._run("chain", "show", *govern, "--json")
        self._run("audit", self.directory / "node")
        self._run("reconcile", self.directory / "node", self.chain.urls.split()[0])
        self.close()

    def close(self) -> None:
        if self.city:
            self.city.stop()

    def _start_node(self) -> None:
        directory, port = self.directory / "node", find_free_port()
        depth = [] if self.chain.final_depth is None else ["--final-depth", str(self.chain.final_depth)]
        place = ["--chain-url", self.chain.urls, "--listen", f"127.0.0.1:{port}", "--log", _LOG]
        self._run("init", directory, "--registry", self.registry, *place, *self._options, *depth)
        self.city = City(_LOG, _LOG, directory, f"http://127.0.0.1:{port}")
        self.city.launch()
        deadline = time.monotonic() + _READY_SECONDS
        with NodeClient(self.city.url) as node:
            while not node.is_ready():
                if self.city.has_ended or time.monotonic() > deadline:
                    last_words = _read_last_words(directory / "node.log")
                    raise StoryFailed(f"the node is not ready; its log ends: {last_words}")
                time.sleep(_TICK_SECONDS)

    def _run(self, *arguments: str | int | Path) -> str:
        command = subprocess.run(
            _command(*arguments), capture_output=True, text=True, timeout=2 * _COMMAND_SECONDS, check=False
        )
        if command.returncode:
            said = command.stderr[-_LAST_WORDS:]
            raise StoryFailed(f"shunzheng {' '.join(map(str, arguments[:2]))}: {said}")
        return command.stdout


def tell_short(chain: ChainAtHand, directory: Path, *between: Beside) -> None:
    """Tell the short story; what is `between` is done between one licence and the next. Raises: StoryFailed."""
    story = ShortStory(chain, directory)
    try:
        story.begin()
        story.register()
        for do in between:
            do()
            story.register()
        story.end()
    finally:
        story.close()


def _save_account(account: Account, directory: Path) -> tuple[Path, Path]:
    keystore, password = directory / "keystore.json", directory / "password"
    if not keystore.exists():
        password.write_text("secret")
        account.save(keystore, "secret", rounds=1_000)
    return keystore, password


def _read_last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-_LAST_WORDS:]


def _name_depth(chain: ChainAtHand) -> dict[str, str]:
    return {} if chain.final_depth is None else {"SHUNZHENG_FINAL_DEPTH": str(chain.final_depth)}


def _command(*arguments: str | int | Path) -> list[str]:
    return [sys.executable, "-m", "api.cli", *map(str, arguments)]
