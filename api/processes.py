"""The processes of a node. Each loads only what it needs: libraries of the chain are large."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from api.node.errors import FILE, SettingsError

if TYPE_CHECKING:
    from anchoring.anchorer.batcher import BatchPolicy
    from anchoring.chain.protocol import Chain
    from anchoring.checkpoints.cosigning import Cosigner
    from api.node.sections import Batching
    from api.node.settings import Settings

# For a thread that is told to stop.
_FAREWELL_SECONDS: Final = 2.0
# For requests under way when a process is told to stop; its supervisor waits longer.
_ANSWER_SECONDS: Final = 10


def _api(settings: "Settings") -> None:
    import uvicorn

    from api.http.app import create_app
    from api.http.bounds.serving import configure
    from api.node.listening import raise_open_files, shared_socket

    raise_open_files()
    host, port = settings.address
    app = create_app(settings)
    config = configure(
        app, app.state.refusals, host=host, port=port, timeout_graceful_shutdown=_ANSWER_SECONDS
    )
    server = uvicorn.Server(config)
    server.run([shared_socket(host, port)] if settings.api_processes > 1 else None)
    if not server.started:
        raise SystemExit(1)  # it said why


def _follower(settings: "Settings") -> None:
    from anchoring.checkpoints.store import Checkpoints
    from anchoring.follower.follower import Follower
    from anchoring.replica.store import Replica

    replica, checkpoints = Replica(settings.replica_url), Checkpoints(settings.checkpoints_url)
    Follower(open_chain(settings), replica, settings.registry, checkpoints=checkpoints).run(stop_on_signal())


def _anchorer(settings: "Settings") -> None:
    from anchoring.anchorer.anchorer import Anchorer
    from anchoring.chain.accounts import Account
    from anchoring.register.store import Register
    from anchoring.replica.store import Replica

    if not settings.log or not settings.register_url:
        raise SettingsError(f"{settings.directory / FILE}: `log` is missing: this node issues nothing")
    if not settings.keystore or not settings.keystore_password_file:
        raise SettingsError(
            f"{settings.directory / FILE}: `keystore` and `keystore_password_file` are missing: the account that anchors; "
            "make one with `shunzheng chain account` and have the city's admin name it with `shunzheng chain set-operator`"
        )
    account = Account.load(settings.keystore, settings.keystore_password_file.read_text().rstrip("\n"))
    register, replica = Register(settings.register_url), Replica(settings.replica_url)
    register.check()
    policy = batch_policy(settings.batching)
    anchorer = Anchorer(
        open_chain(settings), account, register, replica, settings.registry, settings.log, policy=policy
    )
    anchorer.run(stop_on_signal())


def batch_policy(batching: "Batching") -> "BatchPolicy":
    """Return the policy of the anchorer that the section [batching] describes."""
    from anchoring.anchorer.batcher import BatchPolicy

    return BatchPolicy(
        urgent_seconds=batching.urgent_seconds,
        quiet_seconds=batching.quiet_seconds,
        heartbeat_seconds=batching.heartbeat_seconds,
        full_records=batching.full_records,
        full_bytes=batching.full_bytes,
    )


def _monitor(settings: "Settings") -> None:
    from anchoring.monitor.monitor import Monitor
    from anchoring.replica.store import Replica
    from api.client.peers import HttpPeer

    nodes = {log: [HttpPeer(url) for url in urls] for log, urls in settings.watched.items()}
    monitor = Monitor(Replica(settings.replica_url), nodes, withheld_after=settings.withheld_after)
    stop = stop_on_signal()
    with collecting(settings, stop):
        monitor.run(stop)


@contextmanager
def collecting(settings: "Settings", stop: threading.Event) -> Iterator[None]:
    """Sign checkpoints and collect those of the other nodes beside whatever else the process does."""
    thread = threading.Thread(target=open_cosigner(settings).run, args=(stop,), name="cosigner", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_FAREWELL_SECONDS)  # it may wait for a peer; what it has begun to write is kept or not


def open_cosigner(settings: "Settings") -> "Cosigner":
    """Return what signs checkpoints for a node and asks its peers for theirs. Raises: SettingsError."""
    from anchoring.checkpoints.cosigning import Cosigner
    from anchoring.checkpoints.store import Checkpoints
    from anchoring.replica.store import Replica
    from api.client.peers import HttpPeer
    from api.node.keys import load_node_key

    peers = [HttpPeer(url) for urls in settings.watched.values() for url in urls]
    replica, checkpoints = Replica(settings.replica_url), Checkpoints(settings.checkpoints_url)
    return Cosigner(replica, checkpoints, load_node_key(settings), peers)


PARTS: Final[Mapping[str, Callable[["Settings"], None]]] = {
    "api": _api,
    "follower": _follower,
    "anchorer": _anchorer,
    "monitor": _monitor,
}


def parts_of(settings: "Settings") -> list[str]:
    """Return the processes that a node of these settings has."""
    reasons = {"anchorer": settings.log, "monitor": settings.watched or settings.node_key}
    return [part for part in PARTS if reasons.get(part, True)]


def named_parts(settings: "Settings") -> dict[str, str]:
    """Return the part of each process by the name of the process: there may be several that answer HTTP."""
    further = {f"api-{number}": "api" for number in range(2, settings.api_processes + 1)}
    return {part: part for part in parts_of(settings)} | further


def run(part: str, settings: "Settings") -> None:
    """Run one process until it is told to stop."""
    log_to_stderr()
    PARTS[part](settings)


def open_chain(settings: "Settings") -> "Chain":
    """Return the chain through all of its endpoints. Raises: SettingsError, MalformedInput."""
    from anchoring.chain.ethereum import EthereumChain
    from anchoring.chain.failover import Failover
    from anchoring.chain.jsonrpc import Endpoint
    from anchoring.chain.protocol import RegistryName

    try:
        endpoints = [Endpoint(url) for url in chain_url(settings).split()]
    except ValueError as error:
        raise SettingsError(f"{settings.directory / FILE}: {error}") from error
    named: list[tuple[str, Chain]] = [
        (f"endpoint {number} ({endpoint.place})", EthereumChain(endpoint, final_depth=settings.final_depth))
        for number, endpoint in enumerate(endpoints, 1)
    ]
    return Failover(named, RegistryName.parse(settings.registry).chain_id)


def chain_url(settings: "Settings") -> str:
    """Return the endpoints as they are set, separated by spaces. Raises: SettingsError where none is set."""
    if settings.chain_url is None:
        raise SettingsError(
            f"{settings.directory / FILE}: `chain_url` is missing: the chain that this node follows"
        )
    return settings.chain_url


def stop_on_signal() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
