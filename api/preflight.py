"""Look before a node starts at all that its settings name, and at what they lead to.

What only a person can mend `fails`; what passes by itself, a chain or a database that is not up yet, `waits`. Looking
changes nothing: databases that are not there are not made.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from anchoring.errors import (
    AnchoringError,
    ChainUnavailable,
    DatabaseRefused,
    DatabaseUnavailable,
    NotAChain,
    RegistryAbsent,
)
from api.console import describe_error
from api.node.errors import SettingsError
from api.node.parts import ANCHORER, API, FOLLOWER, MONITOR
from ledger.errors import LedgerError
from ledger.words import Words

if TYPE_CHECKING:
    from api.node.settings import Settings


class State(StrEnum):
    """What came of a look."""

    GOOD = "good"
    WAITS = "waits"
    FAILS = "fails"


STATE_WORDS: Final = {
    State.GOOD: Words("正常", "good"),
    State.WAITS: Words("等待", "waits"),
    State.FAILS: Words("须人工处理", "fails"),
}


@dataclass(frozen=True, slots=True)
class PreflightFinding:
    """What a look at one part of a node showed: its `name` in the settings, in words, and what to do where it fails."""

    name: str
    words: Words
    state: State
    message: str
    remedy: Words

    def line(self) -> str:
        """Return the one line with which a node ends, or says what it waits for."""
        if self.state is State.WAITS:
            return f"waiting 等待 ({self.words.en} {self.words.zh}): {self.message}"
        return (
            f"the node cannot start 节点无法启动 ({self.words.en} {self.words.zh}): {self.message} "
            f"— {self.remedy.en} {self.remedy.zh}"
        )


class _NotYet(Exception):
    """What is looked at may come to be as it should, without anything changed here."""


_EVERY_PART: Final = frozenset({API, FOLLOWER, ANCHORER, MONITOR})


@dataclass(frozen=True, slots=True)
class _Need:
    """What a node needs: how it is named, what looks at it, what to do where that fails, and the parts that need it."""

    name: str
    words: Words
    check: Callable[["Settings"], str]
    remedy: Words
    parts: frozenset[str] = _EVERY_PART
    looks_before: frozenset[str] = frozenset()  # looks without whose good end this one shows nothing


def check_node(
    settings: "Settings", parts: Sequence[str], *, has_lock: bool = False
) -> Iterator[PreflightFinding]:
    """Yield what each look shows at which one of these parts needs; `has_lock` where the caller has the directory's lock."""
    good_looks: set[str] = set()
    for need in _NEEDS:
        if (need.check is _look_at_directory and has_lock) or need.parts.isdisjoint(parts):
            continue
        if not need.looks_before <= good_looks:
            continue
        state, message = _judge_look(need, settings)
        if state is State.GOOD:
            good_looks.add(need.name)
        if message:
            yield PreflightFinding(need.name, need.words, state, message, need.remedy)


def _judge_look(need: _Need, settings: "Settings") -> tuple[State, str]:
    try:
        return State.GOOD, need.check(settings)
    except (DatabaseRefused, NotAChain) as error:
        return State.FAILS, str(error)
    except (ChainUnavailable, DatabaseUnavailable, RegistryAbsent, _NotYet) as error:
        return State.WAITS, str(error)
    except (AnchoringError, LedgerError, SettingsError, OSError, ValueError) as error:
        return State.FAILS, describe_error(error)
    except SQLAlchemyError as error:
        return State.FAILS, f"{type(error).__name__}: it is no database of this program"


# -- The looks: each returns what it saw, nothing where there is nothing to look at, or raises --


def _look_at_directory(settings: "Settings") -> str:
    from api.node.lock import lock_directory

    os.close(lock_directory(settings.directory))
    return f"{settings.directory} is free and can be written to"


def _look_at_trust_list(settings: "Settings") -> str:
    from api.documents import load_trust_list

    trust_list = load_trust_list(settings.trust_list)
    return f"{len(trust_list.authorities)} authorities" if trust_list else ""


def _look_at_issuer_names(settings: "Settings") -> str:
    from api.node.issuer_names import load_issuer_names

    return f"{len(load_issuer_names(settings.issuer_names))} issuers" if settings.issuer_names else ""


def _look_at_keystore(settings: "Settings") -> str:
    if not settings.log:
        return ""
    from api.processes import open_account

    return f"opens, account {open_account(settings).address}"


def _look_at_node_key(settings: "Settings") -> str:
    from api.node.keys import load_node_key

    node_key = load_node_key(settings)
    return f"opens, key 0x{node_key.public.id.hex()}" if node_key else ""


def _look_at_spool(settings: "Settings") -> str:
    if not settings.log:
        return ""
    with tempfile.TemporaryFile(dir=settings.spool_directory) as probe_file:
        probe_file.write(b"\0")
    return f"{settings.spool_directory or tempfile.gettempdir()} can be written to"


def _look_at_peers(settings: "Settings") -> str:
    from api.client.authorities import load_authorities

    load_authorities(settings.ca_file)
    for url in (url for urls in settings.watched_peers.values() for url in urls):
        url_parts = urlsplit(url)
        if not url_parts.hostname or url_parts.port == 0:  # `port` raises ValueError above 65535
            raise SettingsError("the URL of a peer names no host or no port that there is")
    node_count = sum(map(len, settings.watched_peers.values()))
    return f"{node_count} nodes of {len(settings.watched_peers)} logs" if node_count else ""


def _look_at_replica(settings: "Settings") -> str:
    from anchoring.replica.store import Replica

    if settings.replica_url in (settings.register_url, settings.checkpoints_url):
        raise SettingsError("`replica_url` names the database of the register or of the checkpoints as well")
    if _is_to_be_made(settings.replica_url):
        return "will be made"
    with closing(Replica(settings.replica_url)) as replica:
        return "holds this registry" if replica.check(settings.registry) else "is empty"


def _look_at_register(settings: "Settings") -> str:
    from anchoring.register.store import check_database

    if not settings.log or not settings.register_url:
        return ""
    if _is_to_be_made(settings.register_url):
        return "will be made"
    log = check_database(settings.register_url, settings.registry, settings.log)
    return f"is the register of {log}" if log else "holds no submissions yet"


def _look_at_checkpoints(settings: "Settings") -> str:
    from anchoring.database.engine import open_engine, open_snapshot

    if settings.register_url == settings.checkpoints_url:
        raise SettingsError("`register_url` and `checkpoints_url` name the same database")
    if _is_to_be_made(settings.checkpoints_url):
        return "will be made"
    engine = open_engine(settings.checkpoints_url)
    try:
        with open_snapshot(engine) as connection:
            connection.exec_driver_sql("SELECT 1 FROM (SELECT 1 AS one) AS reached")
    finally:
        engine.dispose()
    return "can be read"


def _is_to_be_made(database_url: str) -> bool:
    """Tell whether an SQLite file is not there yet. Raises: SettingsError where it cannot be made."""
    from anchoring.database.engine import find_file

    database_path = find_file(database_url)
    if database_path and database_path.exists():
        if not database_path.is_file() or not os.access(database_path, os.R_OK | os.W_OK):
            raise SettingsError(f"{database_path} cannot be opened: it is no file, or not open to this user")
        return False
    if database_path and not os.access(database_path.parent, os.W_OK | os.X_OK):
        raise SettingsError(
            f"{database_path} cannot be made: its directory is missing or not open to this user"
        )
    return database_path is not None


def _look_at_chain(settings: "Settings") -> str:
    from anchoring.chain.presence import check_registry
    from api.processes import open_chain

    chain = open_chain(settings)
    check_registry(chain, settings.registry, time.time())
    return f"chain {chain.fetch_chain_id()} holds the registry"


def _look_at_log(settings: "Settings") -> str:
    from anchoring.chain.presence import find_obstacle
    from api.processes import open_account, open_chain

    if not settings.log:
        return ""
    account_address = open_account(settings).address
    if obstacle := find_obstacle(open_chain(settings), settings.registry, settings.log, account_address):
        raise _NotYet(obstacle)
    return f"{settings.log} is admitted, and {account_address} may anchor for it"


def _look_at_port(settings: "Settings") -> str:
    from api.node.listening import check_free

    check_free(*settings.address)
    return f"{settings.listen} is free"


_OTHER_DATABASE: Final = Words(
    "请在 node.toml 中为其指定单独的、本登记簿的数据库，并检查用户与口令。",
    "Name a database of its own and of this registry in node.toml, and check user and password.",
)
_NEEDS: Final = (
    _Need(
        "directory",
        Words("节点目录", "directory"),
        _look_at_directory,
        Words(
            "请先停止该目录中的另一节点，或检查目录权限。", "Stop the other node, or check the permissions."
        ),
    ),
    _Need(
        "listen",
        Words("监听端口", "port"),
        _look_at_port,
        Words("请停止占用该端口的程序，或修改 `listen`。", "Stop what uses it, or change `listen`."),
        frozenset({API}),
    ),
    _Need(
        "trust_list",
        Words("可信机构名单", "trust list"),
        _look_at_trust_list,
        Words("请放回名单文件，或修改 `trust_list`。", "Put the file back, or change `trust_list`."),
        frozenset({API}),
    ),
    _Need(
        "issuer_names",
        Words("颁发机构名录", "issuers' names"),
        _look_at_issuer_names,
        Words(
            "请放回或改正名录文件，或修改 `issuer_names`。", "Put the file right, or change `issuer_names`."
        ),
    ),
    _Need(
        "keystore",
        Words("锚定账户", "keystore"),
        _look_at_keystore,
        Words(
            "请检查 `keystore` 与 `keystore_password_file`。",
            "Check `keystore` and `keystore_password_file`.",
        ),
        frozenset({ANCHORER}),
    ),
    _Need(
        "node_key",
        Words("节点密钥", "node key"),
        _look_at_node_key,
        Words(
            "请检查 `node_key` 与 `node_key_password_file`。",
            "Check `node_key` and `node_key_password_file`.",
        ),
        frozenset({API, MONITOR}),
    ),
    _Need(
        "spool_directory",
        Words("接收暂存目录", "spool directory"),
        _look_at_spool,
        Words("请创建该目录并开放写权限。", "Make the directory, and let the node write there."),
        frozenset({API}),
    ),
    _Need(
        "peers",
        Words("其他城市节点", "peers"),
        _look_at_peers,
        Words("请检查 [peers] 中的地址与 `ca_file`。", "Check the addresses in [peers], and `ca_file`."),
        frozenset({MONITOR}),
    ),
    _Need("replica_url", Words("本地副本", "replica"), _look_at_replica, _OTHER_DATABASE),
    _Need(
        "register_url",
        Words("登记库", "register"),
        _look_at_register,
        _OTHER_DATABASE,
        frozenset({API, ANCHORER}),
    ),
    _Need(
        "checkpoints_url",
        Words("检查点库", "checkpoints"),
        _look_at_checkpoints,
        _OTHER_DATABASE,
        _EVERY_PART - {ANCHORER},
    ),
    _Need(
        "chain_url",
        Words("链与登记簿", "chain and registry"),
        _look_at_chain,
        Words("请检查 `chain_url` 与 `registry`。", "Check `chain_url` and `registry`."),
        frozenset({FOLLOWER, ANCHORER}),
    ),
    _Need(
        "log",
        Words("本市日志", "log"),
        _look_at_log,
        Words("请检查 `log` 与 `keystore`。", "Check `log` and `keystore`."),
        frozenset({ANCHORER}),
        looks_before=frozenset({"keystore", "chain_url"}),
    ),
)
