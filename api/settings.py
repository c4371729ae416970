"""What a node is told: `node.toml` in its directory, each member overridable by `SHUNZHENG_<MEMBER>` in the environment.

    registry = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
    log = "tianmen"                             # left out: this node issues nothing and has no register
    chain_url = "http://127.0.0.1:8545"         # or several of one chain, separated by spaces, the preferred first
    final_depth = 12                            # only where the chain names no finalized block: final below so many blocks
    listen = "127.0.0.1:8080"
    keystore = "operator.json"                  # the account that anchors; paths are relative to the directory
    keystore_password_file = "operator.password"
    replica_url = "sqlite:///replica.db"        # defaults: replica.db and register.db in the directory
    register_url = "sqlite:///register.db"
    name = "天门市"                              # shown on pages and slips
    max_age = 3600                              # seconds: the policy of whoever names none

    [policies]                                  # further policies by name, seconds
    strict = 900
    offline = 604800

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

FILE: Final = "node.toml"
PREFIX: Final = "SHUNZHENG_"
DIRECTORY_VARIABLE: Final = PREFIX + "NODE"  # the node's directory, for processes that get no argument
DEFAULT_POLICY: Final = "default"
_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:\s]+):([0-9]{1,5})")
_NUMBERS: Final = frozenset({"max_age", "final_depth"})
_SQLITE = "sqlite:///"


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
    keystore: Path | None = None
    keystore_password_file: Path | None = None
    name: str = ""
    max_age: int = 3600
    final_depth: int | None = None
    policies: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

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
        for name in known - {"policies"}:
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

    def age(self, policy: str) -> int | None:
        """Return the greatest age in seconds that the policy of this name allows; None where there is none."""
        return self.max_age if policy == DEFAULT_POLICY else self.policies.get(policy)


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
        wanted: type = int if name in _NUMBERS else {"policies": dict}.get(name, str)
        if type(value) is not wanted:
            raise SettingsError(f"{file}: `{name}` must be {_WORDS[wanted]}")
    if "registry" not in members:
        raise SettingsError(f"{file}: `registry` is missing: the name of the registry that this node trusts")
    if not _LISTEN.fullmatch(members.get("listen", "localhost:0")):
        raise SettingsError(f"{file}: `listen` must be host:port, not {members['listen']!r}")
    _check_urls(members.get("chain_url"), file)
    members["policies"] = MappingProxyType(_policies(members.get("policies", {}), file))
    for name in _NUMBERS & members.keys():
        if members[name] < 0:
            raise SettingsError(f"{file}: `{name}` must be 0 or more")
    for name in ("keystore", "keystore_password_file"):
        if name in members:
            members[name] = directory / members[name]
    members.setdefault("replica_url", _SQLITE + "replica.db")
    if "log" in members:
        members.setdefault("register_url", _SQLITE + "register.db")
    for name in ("replica_url", "register_url"):
        if name in members:
            members[name] = _absolute(members[name], directory)
    return members


_WORDS: Final = {int: "a whole number", str: "text", dict: "a table of names and seconds"}


def _check_urls(text: str | None, file: Path) -> None:
    if text is None:
        return
    urls = text.split()
    if not urls:
        raise SettingsError(f"{file}: `chain_url` is blank: one URL, or several separated by spaces")
    if len(set(urls)) < len(urls):
        raise SettingsError(f"{file}: `chain_url` names an endpoint twice: it cannot vouch for itself")


def _policies(given: dict[str, Any], file: Path) -> dict[str, int]:
    for name, age in given.items():
        if type(age) is not int or age < 0:
            raise SettingsError(f"{file}: the policy `{name}` must be a whole number of seconds")
        if name == DEFAULT_POLICY:
            raise SettingsError(f"{file}: the default policy is set by `max_age`, not in [policies]")
    return given


def _absolute(url: str, directory: Path) -> str:
    """Let a relative SQLite file lie in the node's directory, wherever the process was started."""
    if url.startswith(_SQLITE) and not url.startswith(_SQLITE + "/"):
        return f"{_SQLITE}{directory / url.removeprefix(_SQLITE)}"
    return url
