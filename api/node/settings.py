"""What a node is told: `node.toml` in its directory, each member overridable by `SHUNZHENG_<MEMBER>` in the environment.

    registry = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
    log = "tianmen"                             # left out: this node issues nothing and has no register
    chain_url = "http://127.0.0.1:8545"         # or several of one chain, separated by spaces, the preferred first
    final_depth = 12                            # only where the chain names no finalized block: final below so many blocks
    listen = "127.0.0.1:8080"
    keystore = "operator.json"                  # the account that anchors; paths are relative to the directory
    keystore_password_file = "operator.password"
    node_key = "node.key"                       # signs receipts and checkpoints
    node_key_password_file = "node.password"    # only where the key file has a password
    trust_list = "authorities.json"             # seal makers and certificate authorities that this city accepts
    promise_seconds = 3600                      # from acceptance to the anchor, as receipts promise it
    withheld_after = 3600                       # from an anchor until entries that nobody gives count as withheld
    replica_url = "sqlite:///replica.db"        # defaults: replica.db and register.db in the directory
    register_url = "sqlite:///register.db"
    checkpoints_url = "sqlite:///checkpoints.db"    # what this node signed: back it up, or declare a new node key
    name = "天门市"                              # shown on pages and slips
    max_age = 3600                              # seconds: the policy of whoever names none

    api_processes = 1                           # that answer HTTP on the one port
    spool_directory = "/var/tmp"                # for submissions on their way in; default: the system's temporary directory

    [policies]                                  # seconds by what a verification is for: besides counter, high-value, field
    field = 259200
    strict = { default = 900, seal = 300 }      # or by the kind of what is verified

    [batching]                                  # when a batch closes; defaults and reasons: anchoring/limits.py
    urgent_seconds = 1                          # that a change of status waits for company, at most 4
    quiet_seconds = 3                           # that other submissions do
    full_records = 50000                        # a batch of so many records, or bytes of entries, waits no more
    full_bytes = 4194304
    heartbeat_seconds = 600                     # without anything new

    [intake]                                    # what may wait for the chain before submissions are refused for a while
    waiting_records = 4194304
    waiting_bytes = 67108864                    # of entries
    waiting_seconds = 1800                      # of the oldest; default: half of promise_seconds
    uploads = 16                                # submissions under way at once, for each process

    [peers]                                     # nodes from which the entries of other logs are fetched, by log
    wuhan = "http://wuhan.example:8080"         # or several, separated by spaces, the log's own first

Reading only: nothing is opened or created here.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from anchoring.limits import PROMISE_SECONDS, WITHHELD_SECONDS

FILE: Final = "node.toml"
PREFIX: Final = "SHUNZHENG_"
DIRECTORY_VARIABLE: Final = PREFIX + "NODE"  # the node's directory, for processes that get no argument
DEFAULT_POLICY: Final = "default"
_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:\s]+):([0-9]{1,5})")
_NUMBERS: Final = frozenset({"max_age", "final_depth", "promise_seconds", "withheld_after", "api_processes"})
_TABLES: Final = frozenset({"policies", "peers", "batching", "intake"})
#: Members of two tables with the least and the most that each may be. A change of status is on its way within 5 seconds.
_BATCHING: Final = {
    "urgent_seconds": (0, 4),
    "quiet_seconds": (0, 3600),
    "heartbeat_seconds": (1, 86_400),
    "full_records": (1, 2**20),
    "full_bytes": (1, 2**30),
}
_INTAKE: Final = {
    "waiting_records": (1, 2**40),
    "waiting_bytes": (1, 2**40),
    "waiting_seconds": (1, 7 * 86_400),
    "uploads": (1, 1_000),
}
_MOST_PROCESSES: Final = 64  # a machine with more cores runs several nodes
_KINDS: Final = frozenset({DEFAULT_POLICY, "licence", "seal", "signature", "material"})
_SQLITE = "sqlite:///"
_PEER = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class SettingsError(Exception):
    """A setting is missing or malformed; the message names the member and where it was looked for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one node. URLs and paths are absolute, ages in seconds."""

    directory: Path
    registry: str
    replica_url: str
    listen: str = "127.0.0.1:8080"
    chain_url: str | None = None
    log: str | None = None
    register_url: str | None = None
    checkpoints_url: str | None = None
    keystore: Path | None = None
    keystore_password_file: Path | None = None
    node_key: Path | None = None
    node_key_password_file: Path | None = None
    trust_list: Path | None = None
    promise_seconds: int = PROMISE_SECONDS
    withheld_after: int = WITHHELD_SECONDS
    name: str = ""
    max_age: int = 3600
    final_depth: int | None = None
    api_processes: int = 1
    spool_directory: Path | None = None
    batching: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    intake: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    policies: Mapping[str, int | Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    peers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def load(cls, directory: Path, environment: Mapping[str, str] | None = None) -> Self:
        """Read `node.toml` in `directory` and the overrides. Raises: SettingsError."""
        environment = os.environ if environment is None else environment
        file = directory / FILE
        given = _read(file)
        known = {member.name for member in fields(cls)} - {"directory"}
        if unknown := sorted(given.keys() - known):
            raise SettingsError(
                f"{file}: unknown setting `{unknown[0]}`; known are {', '.join(sorted(known))}"
            )
        for name in known - _TABLES:
            if (text := environment.get(PREFIX + name.upper())) is not None:
                given[name] = _number(text) if name in _NUMBERS else text
        return cls(directory=directory.absolute(), **_checked(given, file, directory.absolute()))

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings of the directory that `SHUNZHENG_NODE` names. Raises: SettingsError."""
        directory = os.environ.get(DIRECTORY_VARIABLE)
        if not directory:
            raise SettingsError(f"set {DIRECTORY_VARIABLE} to the directory of the node")
        return cls.load(Path(directory))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        found = _LISTEN.fullmatch(self.listen)
        assert found, "checked when the settings were read"
        return found[1].strip("[]"), int(found[2])

    @property
    def checkpoints(self) -> str:
        """The URL of the database of checkpoints."""
        return self.checkpoints_url or f"{_SQLITE}{self.directory / 'checkpoints.db'}"

    @property
    def watched(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes of the other logs whose entries this node fetches, by log."""
        return {log: urls for log, urls in self.peers.items() if log != self.log}


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{file} does not exist: is this the directory of a node?") from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _checked(given: dict[str, Any], file: Path, directory: Path) -> dict[str, Any]:
    """Check every member and make paths and database URLs absolute."""
    members = {name: value for name, value in given.items() if value != ""}
    for name, value in members.items():
        wanted: type = int if name in _NUMBERS else dict if name in _TABLES else str
        if type(value) is not wanted:
            raise SettingsError(f"{file}: `{name}` must be {_WORDS[wanted]}")
    if "registry" not in members:
        raise SettingsError(f"{file}: `registry` is missing: the name of the registry that this node trusts")
    if not _LISTEN.fullmatch(members.get("listen", "localhost:0")):
        raise SettingsError(f"{file}: `listen` must be host:port, not {members['listen']!r}")
    _check_urls(members.get("chain_url"), file)
    members["policies"] = MappingProxyType(_policies(members.get("policies", {}), file))
    for name, known in (("batching", _BATCHING), ("intake", _INTAKE)):
        members[name] = MappingProxyType(_numbers(name, members.get(name, {}), known, file))
    if not 1 <= members.get("api_processes", 1) <= _MOST_PROCESSES:
        raise SettingsError(f"{file}: `api_processes` must be 1 to {_MOST_PROCESSES}")
    members["peers"] = MappingProxyType(_peers(members.get("peers", {}), file))
    for name in _NUMBERS & members.keys():
        if members[name] < 0:
            raise SettingsError(f"{file}: `{name}` must be 0 or more")
    if members.get("promise_seconds") == 0:
        raise SettingsError(f"{file}: `promise_seconds` must be 1 or more")
    for name in (
        "keystore",
        "keystore_password_file",
        "node_key",
        "node_key_password_file",
        "spool_directory",
        "trust_list",
    ):
        if name in members:
            members[name] = directory / members[name]
    members.setdefault("replica_url", _SQLITE + "replica.db")
    if "log" in members:
        members.setdefault("register_url", _SQLITE + "register.db")
    for name in ("replica_url", "register_url", "checkpoints_url"):
        if name in members:
            members[name] = _absolute(members[name], directory)
    return members


_WORDS: Final = {int: "a whole number", str: "text", dict: "a table"}


def _check_urls(text: str | None, file: Path) -> None:
    if text is None:
        return
    urls = text.split()
    if not urls:
        raise SettingsError(f"{file}: `chain_url` is blank: one URL, or several separated by spaces")
    if len(set(urls)) < len(urls):
        raise SettingsError(f"{file}: `chain_url` names an endpoint twice: it cannot vouch for itself")


def _policies(given: dict[str, Any], file: Path) -> dict[str, int | Mapping[str, int]]:
    for name, ages in given.items():
        by_kind = ages if type(ages) is dict else {DEFAULT_POLICY: ages}
        if unknown := sorted(by_kind.keys() - _KINDS):
            raise SettingsError(
                f"{file}: the policy `{name}` names `{unknown[0]}`; kinds are {', '.join(sorted(_KINDS))}"
            )
        for age in by_kind.values():
            if type(age) is not int or age < 0:
                raise SettingsError(f"{file}: the policy `{name}` must be a whole number of seconds")
        if name == DEFAULT_POLICY:
            raise SettingsError(f"{file}: the default policy is set by `max_age`, not in [policies]")
    return given


def _numbers(
    table: str, given: dict[str, Any], known: Mapping[str, tuple[int, int]], file: Path
) -> dict[str, int]:
    for name, value in given.items():
        if name not in known:
            raise SettingsError(
                f"{file}: unknown setting `{name}` in [{table}]; known are {', '.join(sorted(known))}"
            )
        least, most = known[name]
        if type(value) is not int or not least <= value <= most:
            raise SettingsError(
                f"{file}: `{name}` in [{table}] must be a whole number from {least} to {most}"
            )
    return given


def _peers(given: dict[str, Any], file: Path) -> dict[str, tuple[str, ...]]:
    peers: dict[str, tuple[str, ...]] = {}
    for log, text in given.items():
        urls = tuple(text.split()) if type(text) is str else ()
        if not urls or not all(_PEER.fullmatch(url) for url in urls):
            raise SettingsError(
                f"{file}: the peer `{log}` must be the URL of a node, http:// or https://, or several"
            )
        peers[log] = urls
    return peers


def _absolute(url: str, directory: Path) -> str:
    """Let a relative SQLite file lie in the node's directory, wherever the process was started."""
    if url.startswith(_SQLITE) and not url.startswith(_SQLITE + "/"):
        return f"{_SQLITE}{directory / url.removeprefix(_SQLITE)}"
    return url
