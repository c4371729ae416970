"""The processes of a node. Each loads only what it needs: libraries of the chain are large."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from anchoring.errors import (
    AnchoringError,
    DatabaseRefused,
    DatabaseTaken,
    KeystoreError,
    NotFound,
    RegisterTooNew,
    RegistryAbsent,
    WrongRegistry,
)
from anchoring.limits import WORKER_CONNECTIONS
from anchoring.processes.logs import log_to_stderr
from anchoring.processes.supervisor import NEEDS_PERSON
from api.console import describe_error, note
from api.node import parts
from api.node.errors import SETTINGS_FILE, SettingsError
from ledger.errors import LedgerError

if TYPE_CHECKING:
    from anchoring.anchorer.batcher import BatchPolicy
    from anchoring.chain.accounts import Account
    from anchoring.chain.protocol import Chain
    from anchoring.checkpoints.cosigning import Cosigner
    from anchoring.replica.store import Replica
    from api.client.peers import HttpPeer
    from api.node.sections import Batching
    from api.node.settings import Settings

#: What starting a process again does not help.
_FOR_A_PERSON: Final = (
    SettingsError,
    LedgerError,
    KeystoreError,
    WrongRegistry,
    RegisterTooNew,
    DatabaseTaken,
    DatabaseRefused,
    NotFound,
)
# For a thread that is told to stop.
_STOP_SECONDS: Final = 2.0
logger = logging.getLogger(__name__)

# For requests under way when a process is told to stop; its supervisor waits longer.
_ANSWER_SECONDS: Final = 10


def _run_api(settings: "Settings") -> None:
    from api.http.app import create_app
    from api.http.bounds.serving import Server, configure
    from api.http.node import Node, read_system_clock
    from api.node.listening import bind_shared, raise_open_files

    raise_open_files()
    host, port = settings.address
    app = create_app(
        settings, node=Node.open(settings, read_system_clock)
    )  # opened here: what fails is said in one line
    config = configure(app, app.state.refusals, timeout_graceful_shutdown=_ANSWER_SECONDS)
    log_to_stderr()  # once more: making the configuration has set up handlers of uvicorn's
    server = Server(config)
    server.run(bind_shared(host, port))
    if not server.started:
        raise SystemExit(1)  # it said why


def _run_follower(settings: "Settings") -> None:
    from anchoring.checkpoints.store import Checkpoints
    from anchoring.follower.follower import Follower
    from anchoring.replica.store import Replica

    replica = Replica(settings.replica_url, connections=WORKER_CONNECTIONS)
    checkpoints = Checkpoints(settings.checkpoints_url, connections=WORKER_CONNECTIONS)
    follower = Follower(
        open_chain(settings),
        replica,
        settings.registry,
        first_block=settings.first_block,
        checkpoints=checkpoints,
    )
    follower.run(make_stop_event())


def _run_anchorer(settings: "Settings") -> None:
    from anchoring.anchorer.anchorer import Anchorer
    from anchoring.register.store import Register
    from anchoring.replica.store import Replica

    if not settings.log or not settings.register_url:
        raise SettingsError(
            f"{settings.directory / SETTINGS_FILE}: `log` is missing: this node issues nothing"
        )
    account = open_account(settings)
    register = Register(settings.register_url, connections=WORKER_CONNECTIONS)
    replica = Replica(settings.replica_url, connections=WORKER_CONNECTIONS)
    register.check()
    policy = make_batch_policy(settings.batching)
    anchorer = Anchorer(
        open_chain(settings),
        account,
        register,
        replica,
        settings.registry,
        settings.log,
        policy=policy,
        max_gas_price=settings.max_gas_price,
    )
    anchorer.run(make_stop_event())


def open_account(settings: "Settings") -> "Account":
    """Return the account that anchors. Raises: SettingsError, KeystoreError, NotFound, MalformedInput, OSError."""
    from anchoring.chain.accounts import Account
    from api.passwords import read_password

    if not settings.keystore or not settings.keystore_password_file:
        raise SettingsError(
            f"{settings.directory / SETTINGS_FILE}: `keystore` and `keystore_password_file` are missing: the "
            "account that anchors; "
            "make one with `shunzheng chain account` and have the city's admin name it with `shunzheng chain set-operator`"
        )
    password = read_password(settings.keystore_password_file, str(settings.keystore), "name its file")
    return Account.load(settings.keystore, password)


def make_batch_policy(batching: "Batching") -> "BatchPolicy":
    """Return the policy of the anchorer that the section [batching] describes."""
    from anchoring.anchorer.batcher import BatchPolicy

    return BatchPolicy(
        urgent_seconds=batching.urgent_seconds,
        quiet_seconds=batching.quiet_seconds,
        heartbeat_seconds=batching.heartbeat_seconds,
        full_records=batching.full_records,
        full_bytes=batching.full_bytes,
    )


def _run_monitor(settings: "Settings") -> None:
    from anchoring.monitor.monitor import Monitor
    from anchoring.replica.store import Replica

    peers_by_log = name_peers(settings)
    for peer in (peer for peers in peers_by_log.values() for peer in peers):
        logger.info("%s is %s", peer.name, peer.url)
    replica = Replica(settings.replica_url, connections=WORKER_CONNECTIONS)
    monitor = Monitor(replica, peers_by_log, withheld_after=settings.withheld_after)
    stop_event = make_stop_event()
    with collecting(settings, replica, stop_event):
        monitor.run(stop_event)


def name_peers(settings: "Settings") -> dict[str, list["HttpPeer"]]:
    """Return the nodes of the other logs, each named by its log and number: addresses are nobody else's business."""
    from api.client.authorities import load_authorities
    from api.client.peers import HttpPeer

    authorities = load_authorities(settings.ca_file)
    return {
        log: [
            HttpPeer(url, label=f"node {number} of {log}", authorities=authorities)
            for number, url in enumerate(urls, 1)
        ]
        for log, urls in settings.watched_peers.items()
    }


@contextmanager
def collecting(settings: "Settings", replica: "Replica", stop_event: threading.Event) -> Iterator[None]:
    """Sign checkpoints and collect those of the other nodes beside whatever else the process does."""
    cosigner = open_cosigner(settings, replica)
    thread = threading.Thread(target=cosigner.run, args=(stop_event,), name="cosigner", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop_event.set()
        thread.join(_STOP_SECONDS)  # it may wait for a peer; what it has begun to write is kept or not


def open_cosigner(settings: "Settings", replica: "Replica") -> "Cosigner":
    """Return what signs checkpoints for a node and asks its peers for theirs. Raises: SettingsError."""
    from anchoring.checkpoints.cosigning import Cosigner
    from anchoring.checkpoints.store import Checkpoints
    from api.node.keys import load_node_key

    peers = [peer for peers_of_log in name_peers(settings).values() for peer in peers_of_log]
    checkpoints = Checkpoints(settings.checkpoints_url, connections=WORKER_CONNECTIONS)
    return Cosigner(replica, checkpoints, load_node_key(settings), peers)


RUNNERS_BY_PART: Final[Mapping[str, Callable[["Settings"], None]]] = {
    parts.API: _run_api,
    parts.FOLLOWER: _run_follower,
    parts.ANCHORER: _run_anchorer,
    parts.MONITOR: _run_monitor,
}


def name_processes(settings: "Settings", chosen_parts: Sequence[str]) -> dict[str, str]:
    """Return the part of each process by the name of the process: there may be several that answer HTTP."""
    further_numbers = range(2, settings.api_processes + 1) if parts.API in chosen_parts else ()
    return {part: part for part in chosen_parts} | {f"api-{number}": parts.API for number in further_numbers}


def run(part: str, settings: "Settings") -> int:
    """Run one process until it is told to stop; return its exit code, `NEEDS_PERSON` where it would fail for ever."""
    log_to_stderr()
    try:
        RUNNERS_BY_PART[part](settings)
    except RegistryAbsent as error:
        logger.warning("%s: %s", part, error)
        return 1
    except (*_FOR_A_PERSON, OSError) as error:
        note(f"shunzheng: {part}: {describe_error(error)}")
        return NEEDS_PERSON
    except (AnchoringError, SQLAlchemyError) as error:
        logger.warning("%s: %s", part, error)
        return 1
    return 0


def open_chain(settings: "Settings") -> "Chain":
    """Return the chain through all of its endpoints. Raises: SettingsError, MalformedInput."""
    from anchoring.chain.ethereum import EthereumChain
    from anchoring.chain.failover import Failover
    from anchoring.chain.jsonrpc import Endpoint
    from anchoring.chain.protocol import RegistryName
    from api.node.chain_headers import load_chain_headers

    urls = require_chain_url(settings).split()
    headers_by_url = load_chain_headers(settings.chain_headers_file, urls)
    try:
        endpoints = [Endpoint(url, headers=headers_by_url.get(url)) for url in urls]
    except ValueError as error:
        raise SettingsError(f"{settings.directory / SETTINGS_FILE}: {error}") from error
    named_chains: list[tuple[str, Chain]] = []
    for endpoint_number, endpoint in enumerate(endpoints, 1):
        endpoint_name = f"endpoint {endpoint_number}"
        logger.info(
            "%s is %s", endpoint_name, endpoint.place
        )  # elsewhere it is named by its number: others read that too
        named_chains.append((endpoint_name, EthereumChain(endpoint, final_depth=settings.final_depth)))
    return Failover(named_chains, RegistryName.parse(settings.registry).chain_id)


def require_chain_url(settings: "Settings") -> str:
    """Return the endpoints as they are set, separated by spaces. Raises: SettingsError where none is set."""
    if settings.chain_url is None:
        raise SettingsError(
            f"{settings.directory / SETTINGS_FILE}: `chain_url` is missing: the chain that this node follows"
        )
    return settings.chain_url


def make_stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop_event = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop_event.set())
    return stop_event
