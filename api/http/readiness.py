"""The state of a node from its databases and processes, for `/readyz` and `/metrics`."""

import logging
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from anchoring.anchorer.lease import find_lease_holder, name_holder
from anchoring.database.engine import snapshot
from anchoring.errors import DatabaseUnavailable, EndpointsDisagree
from anchoring.intake.backlog import measure_backlog
from anchoring.processes.board import read_board
from anchoring.processes.condition import Condition, read_conditions
from anchoring.register.batches import find_last_batch, list_open_batches
from anchoring.register.missing import list_missing
from anchoring.register.tokens import is_ending, is_in_force, list_tokens
from anchoring.replica.reading import ReplicaView
from api.documents import authorities
from api.http.errors import NotReady
from api.http.node import Node
from api.http.schemas.operation import IssuingShape, LogStateShape, ProcessShape, ReadyShape
from api.limits import READY_LAG_SECONDS
from api.node.errors import SettingsError
from api.node.parts import FOLLOWER, reporting_parts

#: What a process fails at, by the class of its error. Its message, which names machines, paths and users, is in the log.
_FAILURES: Final = {
    "ChainUnavailable": "the chain does not answer",
    "ChainMisbehaved": "the chain answers what the protocol does not allow",
    "EndpointsDisagree": "endpoints of the chain contradict each other",
    "ChainBehind": "the chain lags behind a final block that is known",
    "ReorgDetected": "the chain changed its branch while it was read",
    "TransactionRejected": "the chain refuses the transaction",
    "WrongRegistry": "the chain or the database is of another registry",
    "RegistryAbsent": "there is no contract at the registry's address yet",
    "Quarantined": "the replica contradicts the chain or itself",
    "RegisterBehind": "the register lacks batches that the chain holds",
    "AnchorContradicted": "the chain holds another anchor than the register",
    "DatabaseDamaged": "a database file is damaged",
    "DatabaseUnavailable": "a database does not answer",
    "DatabaseRefused": "a database refuses this node",
    "NotFound": "what it needs is not there yet",
}
_OTHER_FAILURE: Final = "it fails, see its log"
_NO_DATABASE: Final = _FAILURES["DatabaseUnavailable"]
_NO_TRUST_LIST: Final = "the trust list 可信机构名单 cannot be read"
_UNHEARD_SECONDS: Final = 180  # a process that waits for slow endpoints or peers speaks within two minutes

logger = logging.getLogger(__name__)


def tell_readiness(node: Node) -> ReadyShape:
    """Say whether the node can answer: each of its parts came up and is heard of, its replica is not quarantined, and has
    once held all that its endpoint called final.

    A replica that lags still answers, and each report says how old its knowledge is; so a lag is shown and does not take
    the node out of service when the network is down.
    """
    now, processes, told = node.clock(), list[ProcessShape](), tuple[Condition, ...]()
    try:
        with snapshot(node.replica.engine) as connection:
            told = tuple(read_conditions(connection))
        processes = [_process(condition, now) for condition in told]
        disagreement = next((each.error for each in told if each.kind == EndpointsDisagree.__name__), None)
        with node.reading(quarantined=True) as reading:
            lag = max(0, now - reading.time)
            behind = _behind(reading, told) or _missing_part(node, told, now)
            return ReadyShape(
                ready=not reading.quarantine and not behind,
                registry=reading.registry,
                n=reading.cursor.n,
                block=reading.cursor.final_block,
                lag_seconds=lag,
                lagging=lag > READY_LAG_SECONDS,
                quarantine=reading.quarantine,
                forks=len(node.checkpoints.forks()),
                disagreement=disagreement,
                detail=behind,
                processes=processes,
                logs=_logs(node, reading, now),
                issuing=_issuing(node, reading, now),
            )
    except NotReady as error:
        return ReadyShape(
            ready=False, detail=_missing_part(node, told, now) or str(error), processes=processes
        )
    except DatabaseUnavailable:
        return ReadyShape(ready=False, detail=_NO_DATABASE)


def refuse_behind(reading: ReplicaView) -> None:
    """Check that the replica has once held all that its endpoint called final, before positions are promised.

    Until then nobody can tell whether the register came from a backup and those positions are another's. Raises: NotReady.
    """
    if not reading.caught_up:
        raise NotReady("the node has not followed the chain to its end yet: wait until it is ready (/readyz)")


def _behind(reading: ReplicaView, told: Iterable[Condition]) -> str:
    """Say how far the follower is, where the replica has never caught up; empty where it has."""
    if reading.caught_up:
        return ""
    for condition in told:
        if condition.name == FOLLOWER:
            return f"{condition.doing or 'starting'}: {condition.done:,} of {condition.total:,} events"
    return "the follower has not reported yet"


def _missing_part(node: Node, told: Iterable[Condition], now: int) -> str:
    """Name the first part that did not come up, or keeps dying; empty where all are there."""
    if dying := read_board():
        return f"the {dying[0]} keeps dying: see its log"
    conditions = {condition.name: condition for condition in told}
    for name in reporting_parts(node.settings):
        condition = conditions.get(name)
        if condition is None:
            return f"the {name} has not reported yet"
        if now - condition.seen > _UNHEARD_SECONDS:
            return f"the {name} was last heard of {now - condition.seen} s ago: see its log"
    try:
        authorities(node.settings.trust_list)
    except SettingsError as error:
        logger.error("%s", error)
        return _NO_TRUST_LIST
    return ""


def _process(condition: Condition, now: int) -> ProcessShape:
    return ProcessShape(
        name=condition.name,
        seen=max(0, now - condition.seen),
        doing=condition.doing or None,
        done=condition.done if condition.doing else None,
        total=condition.total if condition.doing else None,
        error=_FAILURES.get(condition.kind, _OTHER_FAILURE) if condition.kind else None,
        kind=condition.kind or None,
        failing=None if condition.since is None else max(0, now - condition.since),
    )


def _logs(node: Node, reading: ReplicaView, now: int) -> list[LogStateShape]:
    void, published = reading.void_anchors(), node.published.count_states(now)
    return [
        LogStateShape(
            log=log.name,
            sequence=log.sequence,
            size=log.size,
            anchor_age=max(0, now - log.anchored_at) if log.sequence else None,
            void_anchors=void.get(log.name, 0),
            entries={str(state): count for state, count in published[log.name].items()}
            if log.name in published
            else None,
        )
        for log in reading.logs()
    ]


def _issuing(node: Node, reading: ReplicaView, now: int) -> IssuingShape | None:
    if node.issuing is None:
        return None
    with node.issuing.reading() as connection:
        waiting, batch = measure_backlog(connection), next(iter(list_open_batches(connection)), None)
        tokens = [token for token in list_tokens(connection) if is_in_force(token, now)]
        ends = [token.expires for token in tokens if token.expires and is_ending(token, now)]
        return IssuingShape(
            log=node.log,
            waiting_submissions=waiting.submissions,
            waiting_records=waiting.records,
            waiting_bytes=waiting.bytes,
            oldest_waiting=None if waiting.oldest_accepted is None else max(0, now - waiting.oldest_accepted),
            promise_left=None if waiting.deadline is None else waiting.deadline - now,
            open_batch=batch.sequence if batch else None,
            open_batch_state=batch.state if batch else None,
            open_batch_age=max(0, now - batch.frozen) if batch else None,
            lease_holder=_label_holder(find_lease_holder(connection, node.log)),
            missing_batches=_missing(connection, reading, node.log),
            missing_records=sum(one.count for one in list_missing(connection)),
            tokens_ending=len(ends),
            token_left=min(ends) - now if ends else None,
            tokens_without_end=sum(token.expires is None for token in tokens),
        )


def _label_holder(holder: str) -> str | None:
    """Tell whose the lease is without the name of the machine; None where it is nobody's."""
    machine, _, number = holder.rpartition(":")
    if not holder:
        return None
    return (
        f"process {number} of this machine"
        if machine == name_holder().rpartition(":")[0]
        else "another machine"
    )


def _missing(connection: Connection, reading: ReplicaView, log: str) -> tuple[int, int] | None:
    """Return the first and the last sequence that the chain shows beyond the register's own."""
    state, last = reading.log(log), find_last_batch(connection)
    known = last.sequence if last else 0
    return (known + 1, state.sequence) if state and state.sequence > known else None
