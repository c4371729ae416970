"""The three processes of a node. Each loads only what it needs: the chain's libraries are large."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from api.settings import FILE, Settings, SettingsError

if TYPE_CHECKING:
    from anchoring.chain import Chain


def _api(settings: Settings) -> None:
    import uvicorn

    from api.app import create_app

    host, port = settings.address
    uvicorn.run(create_app(settings), host=host, port=port, log_level="warning", server_header=False)


def _follower(settings: Settings) -> None:
    from anchoring.follower import Follower
    from anchoring.replica import Replica

    Follower(chain(settings), Replica(settings.replica_url), settings.registry).run(stop_on_signal())


def _anchorer(settings: Settings) -> None:
    from anchoring.anchorer import Anchorer
    from anchoring.ethereum import Account
    from anchoring.register import Register
    from anchoring.replica import Replica

    if not settings.log or not settings.register_url:
        raise SettingsError(f"{settings.directory / FILE}: `log` is missing: this node issues nothing")
    if not settings.keystore or not settings.keystore_password_file:
        raise SettingsError(
            f"{settings.directory / FILE}: `keystore` and `keystore_password_file` are missing: the account that anchors; "
            "make one with `shunzheng chain account` and have the city's admin name it with `shunzheng chain set-operator`"
        )
    account = Account.load(settings.keystore, settings.keystore_password_file.read_text().rstrip("\n"))
    register, replica = Register(settings.register_url), Replica(settings.replica_url)
    anchorer = Anchorer(chain(settings), account, register, replica, settings.registry, settings.log)
    anchorer.run(stop_on_signal())


PARTS: Final[Mapping[str, Callable[[Settings], None]]] = {
    "api": _api,
    "follower": _follower,
    "anchorer": _anchorer,
}


def parts(settings: Settings) -> list[str]:
    """Return the processes that a node of these settings has."""
    return [part for part in PARTS if settings.log or part != "anchorer"]


def run(part: str, settings: Settings) -> None:
    """Run one process until it is told to stop."""
    log_to_stderr()
    PARTS[part](settings)


def chain(settings: Settings) -> "Chain":
    """Return the chain through all of its endpoints. Raises: SettingsError, MalformedInput."""
    from anchoring.chain import RegistryName
    from anchoring.ethereum import Endpoint, EthereumChain
    from anchoring.failover import Failover

    try:
        endpoints = [Endpoint(url) for url in chain_url(settings).split()]
    except ValueError as error:
        raise SettingsError(f"{settings.directory / FILE}: {error}") from error
    named: list[tuple[str, Chain]] = [
        (f"endpoint {number} ({endpoint.place})", EthereumChain(endpoint, final_depth=settings.final_depth))
        for number, endpoint in enumerate(endpoints, 1)
    ]
    return Failover(named, RegistryName.parse(settings.registry).chain_id)


def chain_url(settings: Settings) -> str:
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
