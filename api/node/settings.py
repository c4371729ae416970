"""The settings of a node 节点设置: `node.toml` in its directory, and the environment over it.

Each member but the tables can be set by `SHUNZHENG_<MEMBER>` too. docs/settings.md is made from this module.
Reading only: nothing is opened or created here.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from anchoring.limits import PROMISE_SECONDS, WITHHELD_SECONDS
from api.node.errors import SETTINGS_FILE, SettingsError
from api.node.mistakes import describe_unknown, explain
from api.node.policies import DEFAULT
from api.node.sections import Batching, Intake, Looks, Opening, Seconds, Unit, is_number, is_table
from ledger.records.records import KINDS

PREFIX: Final = "SHUNZHENG_"
# Names the directory of the node, for processes that get no argument.
DIRECTORY_VARIABLE: Final = PREFIX + "NODE"
POLICY_KINDS: Final = frozenset({DEFAULT, *KINDS})
# A machine with more cores runs several nodes.
_MAX_PROCESSES: Final = 64
_LISTEN_PATTERN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:\s]+):([0-9]{1,5})")
_PEER_PATTERN = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_SQLITE_PREFIX = "sqlite:///"
_REGISTER_URL: Final = _SQLITE_PREFIX + "register.db"


def _resolve_path(path: Path, info: ValidationInfo) -> Path:
    """Let a relative path begin in the node's directory."""
    directory: Path = info.data["directory"]
    return directory / path


def _resolve_database_url(url: str, info: ValidationInfo) -> str:
    """Let a relative SQLite file lie in the node's directory, wherever the process was started."""
    if url.startswith(_SQLITE_PREFIX) and not url.startswith(_SQLITE_PREFIX + "/"):
        return f"{_SQLITE_PREFIX}{info.data['directory'] / url.removeprefix(_SQLITE_PREFIX)}"
    return url


def _check_listen(address: str) -> str:
    if not _LISTEN_PATTERN.fullmatch(address):
        raise ValueError(f"must be host:port, not {address!r}")
    return address


def _check_endpoints(text: str) -> str:
    urls = text.split()
    if not urls:
        raise ValueError("is blank: one URL, or several separated by spaces")
    if len(set(urls)) < len(urls):
        raise ValueError("names an endpoint twice: it cannot vouch for itself")
    return text


def _check_policy(name: str) -> str:
    if name == DEFAULT:
        raise ValueError("is set by `max_age`, not in [policies]")
    return name


def _check_kind(kind: str) -> str:
    if kind not in POLICY_KINDS:
        raise ValueError(f"names `{kind}`; kinds are {', '.join(sorted(POLICY_KINDS))}")
    return kind


def _tell_form_of_ages(ages: object) -> str:
    return "kinds" if isinstance(ages, Mapping) else "age"


def _split_urls(value: object) -> tuple[str, ...]:
    urls = tuple(value.split()) if isinstance(value, str) else value
    if not isinstance(urls, tuple) or not urls or not all(_PEER_PATTERN.fullmatch(url) for url in urls):
        raise ValueError("must be the URL of a node, http:// or https://, or several")
    return urls


NodePath = Annotated[Path, Field(strict=False), AfterValidator(_resolve_path)]
DatabaseUrl = Annotated[str, AfterValidator(_resolve_database_url)]
PolicyName = Annotated[str, AfterValidator(_check_policy)]
Kind = Annotated[str, AfterValidator(_check_kind)]
Ages = Annotated[
    Annotated[Seconds, Tag("age")] | Annotated[Mapping[Kind, Seconds], Tag("kinds")],
    Discriminator(_tell_form_of_ages),
]
PeerUrls = Annotated[tuple[str, ...], BeforeValidator(_split_urls)]


class Settings(BaseSettings):
    """The settings of one node. URLs and paths are absolute, ages in seconds."""

    model_config = SettingsConfigDict(
        frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )

    directory: Path
    """the directory that holds `node.toml`"""
    registry: str
    """the name of the registry that this node trusts"""
    log: str | None = None
    """the log that this node issues into; left out: it issues nothing and has no register"""
    chain_url: Annotated[str, AfterValidator(_check_endpoints)] | None = None
    """an endpoint of the chain, or several of one chain, separated by spaces, the preferred first"""
    final_depth: Annotated[int | None, Unit("blocks"), Field(ge=0)] = None
    """only where the chain names no finalized block: final below so many blocks"""
    chain_headers_file: NodePath | None = None
    """headers that gateways want, a key for instance: one JSON object, of endpoints and their headers"""
    first_block: Annotated[int, Unit("block number"), Field(ge=1)] = 1
    """the block of the registry's deployment, or an earlier one: nothing is asked of those before it"""
    max_gas_price: Annotated[int | None, Unit("wei"), Field(ge=0)] = None
    """the most that a unit of gas may cost; where more is asked nothing is sent; left out: what is asked is paid"""
    listen: Annotated[str, AfterValidator(_check_listen)] = "127.0.0.1:8080"
    """host:port that answers HTTP"""
    name: str = ""
    """the city, as pages and slips show it"""
    keystore: NodePath | None = None
    """the account that anchors"""
    keystore_password_file: NodePath | None = None
    """the password of the keystore"""
    node_key: NodePath | None = None
    """the key that signs receipts and checkpoints"""
    node_key_password_file: NodePath | None = None
    """its password, where the key file has one"""
    trust_list: NodePath | None = None
    """seal makers and certificate authorities that this city accepts"""
    issuer_names: NodePath | None = None
    """names of issuers that pages show beside their codes: one JSON object, credit code and name"""
    catalogue: NodePath | None = None
    """a folder that extends or overrides the types of certificates that come with the program; see docs/catalogue.md"""
    promise_seconds: Annotated[Seconds, Field(ge=1)] = PROMISE_SECONDS
    """from acceptance to the anchor, as receipts promise it"""
    withheld_after: Seconds = WITHHELD_SECONDS
    """from an anchor until entries that nobody gives count as withheld"""
    max_age: Seconds = 3600
    """the policy of a verification that names none"""
    replica_url: DatabaseUrl = _SQLITE_PREFIX + "replica.db"
    """the database of the replica"""
    register_url: DatabaseUrl | None = None
    """the database of the register; left out: `register.db` in the directory of a node with a log"""
    checkpoints_url: DatabaseUrl = _SQLITE_PREFIX + "checkpoints.db"
    """the database of what this node signed: back it up, or declare a new node key"""
    api_processes: Annotated[int, Unit("processes"), Field(ge=1, le=_MAX_PROCESSES)] = 1
    """processes that answer HTTP on the one port"""
    spool_directory: NodePath | None = None
    """for submissions on their way in; left out: the system's temporary directory"""
    policies: Mapping[PolicyName, Ages] = Field(default_factory=dict)
    """how old knowledge may be, by what a verification is for, or also by the kind of what is verified"""
    batching: Batching = Batching()
    """when a batch closes"""
    intake: Intake = Intake()
    """what may wait for the chain"""
    documents: Opening = Opening()
    """what opening a document may take"""
    looks: Looks = Looks()
    """which looks at certificates are kept, and how many there may be"""
    ca_file: NodePath | None = None
    """certificate authorities of other cities' nodes at https://, in PEM; left out: the public ones"""
    peers: Mapping[str, PeerUrls] = Field(default_factory=dict)
    """nodes from which the entries of other logs are fetched, by log"""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, members: dict[str, object]) -> dict[str, object]:
        """Take an empty text as left out, and let a node with a log have a register."""
        given_members = {name: value for name, value in members.items() if value != ""}
        if given_members.get("log") is not None:
            given_members.setdefault("register_url", _REGISTER_URL)
        return given_members

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take members from nowhere but the arguments: `load` alone reads the file and the environment."""
        return (init_settings,)

    @classmethod
    def load(cls, directory: Path, environment: Mapping[str, str] | None = None) -> Self:
        """Read `node.toml` in `directory` and the overrides. Raises: SettingsError."""
        settings_path = directory / SETTINGS_FILE
        members = _read_file(settings_path)
        known_names = cls.model_fields.keys() - {"directory"}
        if unknown_names := sorted(members.keys() - known_names):
            raise SettingsError(f"{settings_path}: {describe_unknown(unknown_names[0], known_names)}")
        members |= _Environment(cls, os.environ if environment is None else environment)()
        try:
            return cls.model_validate(members | {"directory": directory.absolute()})
        except ValidationError as error:
            raise SettingsError(f"{settings_path}: {explain(error, cls)}") from error

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
        listen_match = _LISTEN_PATTERN.fullmatch(self.listen)
        assert listen_match, "checked when the settings were read"
        return listen_match[1].strip("[]"), int(listen_match[2])

    @property
    def watched_peers(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes of the other logs whose entries this node fetches, by log."""
        return {log: urls for log, urls in self.peers.items() if log != self.log}


class _Environment(PydanticBaseSettingsSource):
    """Members from `SHUNZHENG_<MEMBER>`: texts, and whole numbers in digits. Tables stand in the file alone."""

    def __init__(self, settings: type[Settings], environment: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._environment = environment

    def __call__(self) -> dict[str, object]:
        fields = {
            name: field
            for name, field in self.settings_cls.model_fields.items()
            if is_overridable(name, field)
        }
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[int | str | None, str, bool]:
        text = self._environment.get(PREFIX + field_name.upper())
        if text and is_number(field) and text.isascii() and text.isdigit():
            return int(text), field_name, False
        return text, field_name, False


def is_overridable(name: str, field: FieldInfo) -> bool:
    """Say whether the environment can set this member: all but the tables, and the directory itself."""
    return name != "directory" and not is_table(field)


def _read_file(settings_path: Path) -> dict[str, object]:
    if not settings_path.exists():
        raise SettingsError(f"{settings_path} does not exist: is this the directory of a node?")
    try:
        return TomlConfigSettingsSource(Settings, settings_path).toml_data
    except OSError as error:
        raise SettingsError(f"{settings_path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{settings_path} is not TOML: {error}") from error
