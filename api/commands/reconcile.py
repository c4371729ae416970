"""`shunzheng reconcile`: whether two replicas, or a replica and a chain, tell one story."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from anchoring.audit.reconciliation import (
    ChainAccount,
    EventStatement,
    Reconciliation,
    ReplicaAccount,
    Side,
    reconcile,
)
from anchoring.audit.values import VALUE_ERRORS, describe_value_error
from anchoring.chain.presence import check_registry
from anchoring.checkpoints.store import read_first_since
from anchoring.database.engine import find_missing_file, open_snapshot
from anchoring.database.reading import open_for_reading
from anchoring.errors import AnchoringError, NotFound, RegistryAbsent, WrongRegistry
from anchoring.replica.reading import ReplicaView
from anchoring.replica.tables import SCHEMA, STATE
from api import files
from api.console import describe_error, note, say, show_json
from api.node.errors import SETTINGS_FILE, SettingsError
from api.node.loading import load_settings
from api.parsers import Commands, add_json
from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.times import format_time
from ledger.errors import LedgerError

_SAME, _DIFFERENT, _CANNOT_TELL = 0, 1, 12
_URL_STARTS: Final = ("http://", "https://")


class _ReconcileOptions(Protocol):
    first: str
    second: str
    output: Path | None
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "reconcile",
        description="Two accounts of one registry are read side by side, event by event, and every head is made anew; what "
        "is not final in a replica is left out. Nothing is changed. Exit codes: 0 the same, as far as both reach; 1 they "
        "differ, or are of two registries; 12 one of them is not there, could not be read to the end, or holds nothing.",
    )
    command.add_argument("first", metavar="A", help="directory of a node, or the file of a replica (SQLite)")
    command.add_argument("second", metavar="B", help="as A, or the URL of an endpoint of the chain")
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the first difference as evidence"
    )
    add_json(command)
    command.set_defaults(run=_run)


@dataclass(frozen=True, slots=True)
class _Replica:
    """A replica, and the checkpoints of its node where they are beside it."""

    name: str
    view: ReplicaView
    checkpoints: Connection | None = None


@contextmanager
def _open_replica(source: str, name: str) -> Iterator[_Replica]:
    """Give the replica of a node's directory or of a file, to read it alone. Raises: NotFound, AnchoringError."""
    path = Path(source)
    settings = load_settings(path) if (path / SETTINGS_FILE).exists() else None
    url = settings.replica_url if settings else f"sqlite:///{path}"
    if find_missing_file(url) is not None or (path.is_dir() and settings is None):
        raise NotFound(f"{source} is no directory of a node, and no file of a replica: name one of the two")
    with ExitStack() as stack:
        connection = stack.enter_context(_open_database(stack, url))
        _check_replica(connection, source)
        checkpoints = None
        if settings and find_missing_file(settings.checkpoints_url) is None:
            checkpoints = stack.enter_context(_open_database(stack, settings.checkpoints_url))
        yield _Replica(f"{name} ({source})", ReplicaView(connection), checkpoints)


def _open_database(stack: ExitStack, url: str) -> AbstractContextManager[Connection]:
    return open_snapshot(stack.enter_context(open_for_reading(url)))


def _check_replica(connection: Connection, source: str) -> None:
    """Check that a database is a replica of this program's schema. Raises: AnchoringError."""
    schema_numbers: list[int] = []
    if inspect(connection).has_table(STATE.name):
        schema_numbers = list(connection.execute(select(STATE.c.schema_number)).scalars())
    if not schema_numbers:
        raise NotFound(f"{source} holds no replica: start its node once")
    if schema_numbers != [SCHEMA]:
        raise AnchoringError(
            f"{source} is of schema {schema_numbers[0]}, this program reads {SCHEMA}: use the release that wrote it"
        )


def _run(options: _ReconcileOptions) -> int:
    """Reconcile; where a side cannot be looked at, or not to the end, nobody can tell."""
    try:
        reconciliation, evidence = _reconcile(options)
    except WrongRegistry as error:
        if not isinstance(error, RegistryAbsent):
            return _refuse(options, f"两者不属同一登记簿 two registries: {describe_error(error)}", _DIFFERENT)
        text = describe_error(error)
    except (AnchoringError, LedgerError, SettingsError, OSError) as error:
        text = describe_error(error)
    except (SQLAlchemyError, *VALUE_ERRORS) as error:
        text = f"{describe_value_error(error)}: audit the node"
    else:
        return _tell(options, reconciliation, evidence)
    return _refuse(options, f"无法判断 cannot tell: {text}", _CANNOT_TELL)


def _refuse(options: _ReconcileOptions, text: str, exit_code: int) -> int:
    """Say why there is no outcome, to programs too, and return the exit code."""
    note(text)
    if options.json:
        show_json({"error": text, "reason": "", "rows": []})
    return exit_code


def _reconcile(options: _ReconcileOptions) -> tuple[Reconciliation, dict[str, Json]]:
    """Read both sides, and return the outcome with its evidence. Raises: WrongRegistry, what a side raises."""
    with ExitStack() as stack:
        first_replica = stack.enter_context(_open_replica(options.first, "A"))
        replicas = [first_replica]
        if options.second.startswith(_URL_STARTS):
            second_account: Side = _open_chain(options.second, first_replica.view.registry)
        else:
            second_replica = stack.enter_context(_open_replica(options.second, "B"))
            _check_same_registry(first_replica, second_replica)
            second_account = ReplicaAccount(second_replica.name, second_replica.view)
            replicas.append(second_replica)
        first_account = ReplicaAccount(first_replica.name, first_replica.view)
        reconciliation = reconcile(first_account, second_account, first_replica.view.head_zero)
        return reconciliation, _make_evidence(
            reconciliation, replicas, (first_replica.name, second_account.name)
        )


def _tell(options: _ReconcileOptions, reconciliation: Reconciliation, evidence: dict[str, Json]) -> int:
    """Write and show an outcome, and return its exit code."""
    if options.output is not None and reconciliation.difference is not None:
        files.write(options.output, encode_canonical(evidence) + b"\n", public=True)
        note(f"{options.output}: what each of the two says of event {reconciliation.difference.event_number}")
    show_json(evidence) if options.json else _say_outcome(reconciliation)
    if reconciliation.difference is not None:
        return _DIFFERENT
    return _SAME if reconciliation.common_head.event_number else _CANNOT_TELL


def _check_same_registry(first_replica: _Replica, second_replica: _Replica) -> None:
    """Raises: WrongRegistry."""
    registries = [
        (replica.view.registry, replica.view.head_zero) for replica in (first_replica, second_replica)
    ]
    if registries[0] != registries[1]:
        raise WrongRegistry(
            f"{first_replica.name} is of {registries[0][0]}, {second_replica.name} of {registries[1][0]}"
        )


def _open_chain(url: str, registry: str) -> Side:
    """Return what an endpoint shows of a registry. Raises: WrongRegistry, ChainUnavailable."""
    from anchoring.chain.ethereum import EthereumChain  # loads the libraries of the chain
    from anchoring.chain.jsonrpc import Endpoint

    chain = EthereumChain(Endpoint(url))
    check_registry(chain, registry, time.time())
    return ChainAccount("B (the endpoint)", chain, registry)


def _say_outcome(reconciliation: Reconciliation) -> None:
    common, difference = reconciliation.common_head, reconciliation.difference
    say(f"一致至事件 the same up to event {common.event_number}, head 0x{common.head.hex()}")
    if reconciliation.shorter_name:
        say(f"{reconciliation.shorter_name} ends there; the other goes on")
    if difference is None:
        return
    say(f"不一致 DIFFERENT at event {difference.event_number}: {difference.words}")
    for name, statement in (("A", difference.first_statement), ("B", difference.second_statement)):
        say(f"  {name}: {_describe_statement(statement)}")


def _describe_statement(statement: EventStatement | None) -> str:
    if statement is None:
        return "no such event"
    event = statement.event.event
    return (
        f"kind {event.kind}, block {event.block_number} {_write_bytes(statement.event.block_hash)}, "
        f"{_write_time(event.time)}, transaction {_write_bytes(statement.event.transaction_hash)}, "
        f"{len(event.payload)} bytes"
    )


def _write_bytes(value: object) -> str:
    """Write bytes; of what stands there instead, in a database that somebody changed, that it is none."""
    return "0x" + value.hex() if isinstance(value, bytes) else f"no bytes: {value!s:.80}"


def _write_time(time_value: object) -> str:
    return format_time(time_value) if isinstance(time_value, int) else f"no time: {time_value!s:.80}"


def _make_evidence(
    reconciliation: Reconciliation, replicas: Sequence[_Replica], side_names: tuple[str, str]
) -> dict[str, Json]:
    """Return the outcome for programs, and what each side says where they part, with the checkpoints that cover it."""
    difference, common = reconciliation.difference, reconciliation.common_head
    evidence: dict[str, Json] = {
        "registry": replicas[0].view.registry,
        "n": common.event_number,
        "head": "0x" + common.head.hex(),
        "same": difference is None,
        "shorter": reconciliation.shorter_name or "",
    }
    if difference is not None:
        sides = zip(side_names, (difference.first_statement, difference.second_statement), strict=True)
        evidence["difference"] = {
            "n": difference.event_number,
            "words": difference.words,
            "sides": [
                _make_side(name, statement, difference.event_number, replicas) for name, statement in sides
            ],
        }
    return evidence


def _make_side(
    name: str, statement: EventStatement | None, event_number: int, replicas: Sequence[_Replica]
) -> dict[str, Json]:
    side: dict[str, Json] = {"name": name}
    if statement is not None:
        event = statement.event.event
        side["event"] = {
            "n": event.event_number,
            "kind": event.kind,
            "block": event.block_number,
            "previous_block": event.previous_block_number,
            "time": _write_time(event.time),
            "payload": _write_bytes(event.payload),
            "block_hash": _write_bytes(statement.event.block_hash),
            "transaction": _write_bytes(statement.event.transaction_hash),
        }
        if statement.head is not None:
            side["head"] = _write_bytes(statement.head)
    for replica in replicas:
        if replica.name == name and replica.checkpoints is not None:
            cosigned_checkpoint = read_first_since(replica.checkpoints, event_number)
            side |= {"checkpoint": cosigned_checkpoint.to_json()} if cosigned_checkpoint else {}
    return side
