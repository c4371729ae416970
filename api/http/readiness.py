"""The state of a node from its databases and processes, for `/readyz` and `/metrics`."""

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection

from anchoring.anchorer.lease import find_lease_holder, name_holder
from anchoring.database.engine import open_snapshot
from anchoring.errors import DatabaseUnavailable, EndpointsDisagree
from anchoring.intake.backlog import measure_backlog
from anchoring.processes.board import read_board
from anchoring.processes.condition import Condition, read_conditions
from anchoring.processes.measures import ANCHORS_LEFT, BALANCE, CHAIN_CLOCK_LEAD, read_measures
from anchoring.register.access.tokens import is_ending, is_in_force, list_tokens
from anchoring.register.batches import find_last_batch, list_open_batches
from anchoring.register.missing import list_missing
from anchoring.replica.reading import ReplicaView
from api.documents import load_trust_list
from api.http.errors import NotReady
from api.http.node import Node
from api.http.schemas.operation import IssuingShape, LogStateShape, ProcessShape, ReadyShape
from api.limits import READY_LAG_SECONDS, REPORTS_SILENCE_SECONDS
from api.node.errors import SettingsError
from api.node.parts import FOLLOWER, list_reporting_parts

#: What a process fails at, by the class of its error. Its message, which names machines, paths and users, is in the log.
_FAILURE_WORDS: Final = {
    "ChainUnavailable": "the chain does not answer",
    "ChainMisbehaved": "the chain answers what the protocol does not allow",
    "EndpointsDisagree": "endpoints of the chain contradict each other",
    "NotAChain": "what answers for the chain is no JSON-RPC endpoint",
    "ChainBehind": "the chain lags behind a final block that is known",
    "ReorgDetected": "the chain changed its branch while it was read",
    "TransactionRejected": "the chain refuses the transaction",
    "WrongRegistry": "the chain or the database is of another registry",
    "RegistryAbsent": "there is no contract at the registry's address yet",
    "Quarantined": "the replica contradicts the chain or itself",
    "RegisterBehind": "the register lacks batches that the chain holds",
    "AnchorContradicted": "the chain holds another anchor than the register",
    "DatabaseDamaged": "a database file is damaged",
    "RowDamaged": "a row of a database is damaged",
    "DatabaseUnavailable": "a database does not answer",
    "DatabaseRefused": "a database refuses this node",
    "NotFound": "what it needs is not there yet",
}
_OTHER_FAILURE: Final = "it fails, see its log"
_NO_DATABASE: Final = _FAILURE_WORDS["DatabaseUnavailable"]
_NO_TRUST_LIST: Final = "the trust list 可信机构名单 cannot be read"

logger = logging.getLogger(__name__)


def tell_readiness(node: Node) -> ReadyShape:
    """Say whether the node can answer: each of its parts came up and is heard of, its replica is not quarantined, and has
    once held all that its endpoint called final.

    A replica that lags still answers, and each report says how old its knowledge is; so a lag is shown and does not take
    the node out of service when the network is down.
    """
    now, processes, conditions = node.clock(), list[ProcessShape](), tuple[Condition, ...]()
    try:
        with open_snapshot(node.replica.engine) as connection:
            conditions, measures = tuple(read_conditions(connection)), read_measures(connection, now)
        processes = [_describe_process(condition, now) for condition in conditions]
        disagreement = next(
            (condition.error for condition in conditions if condition.kind == EndpointsDisagree.__name__),
            None,
        )
        with node.reading(quarantined=True) as replica_view:
            lag_seconds = now - replica_view.time
            detail = _describe_lag(replica_view, conditions) or _find_missing_part(node, conditions, now)
            return ReadyShape(
                ready=not replica_view.quarantine and not detail,
                registry=replica_view.registry,
                n=replica_view.cursor.event_number,
                block=replica_view.cursor.final_block_number,
                lag_seconds=lag_seconds,
                chain_clock_lead=measures.get(CHAIN_CLOCK_LEAD),
                lagging=lag_seconds > READY_LAG_SECONDS,
                quarantine=replica_view.quarantine,
                forks=len(node.checkpoints.list_forks()),
                disagreement=disagreement,
                detail=detail,
                processes=processes,
                logs=_describe_logs(node, replica_view, now),
                issuing=_describe_issuing(node, replica_view, measures, now),
            )
    except NotReady as error:
        return ReadyShape(
            ready=False, detail=_find_missing_part(node, conditions, now) or str(error), processes=processes
        )
    except DatabaseUnavailable:
        return ReadyShape(ready=False, detail=_NO_DATABASE)


def refuse_behind(replica_view: ReplicaView) -> None:
    """Check that the replica has once held all that its endpoint called final, before positions are promised.

    Until then nobody can tell whether the register came from a backup and those positions are another's. Raises: NotReady.
    """
    if not replica_view.is_caught_up:
        raise NotReady("the node has not followed the chain to its end yet: wait until it is ready (/readyz)")


def _describe_lag(replica_view: ReplicaView, conditions: Iterable[Condition]) -> str:
    """Say how far the follower is, where the replica has never caught up; empty where it has."""
    if replica_view.is_caught_up:
        return ""
    for condition in conditions:
        if condition.name == FOLLOWER:
            return f"{condition.doing or 'starting'}: {condition.done:,} of {condition.total:,} events"
    return "the follower has not reported yet"


def _find_missing_part(node: Node, conditions: Iterable[Condition], now: int) -> str:
    """Name the first part that did not come up, or keeps dying; empty where all are there."""
    if dying_parts := read_board():
        return f"the {dying_parts[0]} keeps dying: see its log"
    conditions_by_name = {condition.name: condition for condition in conditions}
    for name in list_reporting_parts(node.settings):
        condition = conditions_by_name.get(name)
        if condition is None:
            return f"the {name} has not reported yet"
        if now - condition.seen > REPORTS_SILENCE_SECONDS:
            return f"the {name} was last heard of {now - condition.seen} s ago: see its log"
    try:
        load_trust_list(node.settings.trust_list)
    except SettingsError as error:
        logger.error("%s", error)
        return _NO_TRUST_LIST
    return ""


def _describe_process(condition: Condition, now: int) -> ProcessShape:
    return ProcessShape(
        name=condition.name,
        seen=max(0, now - condition.seen),
        doing=condition.doing or None,
        done=condition.done if condition.doing else None,
        total=condition.total if condition.doing else None,
        error=_FAILURE_WORDS.get(condition.kind, _OTHER_FAILURE) if condition.kind else None,
        kind=condition.kind or None,
        failing=None if condition.since is None else max(0, now - condition.since),
    )


def _describe_logs(node: Node, replica_view: ReplicaView, now: int) -> list[LogStateShape]:
    void_counts, entry_counts = replica_view.count_void_anchors(), node.entry_copies.count_states(now)
    return [
        LogStateShape(
            log=log_state.name,
            sequence=log_state.sequence,
            size=log_state.size,
            anchor_age=max(0, now - log_state.anchored_at) if log_state.sequence else None,
            void_anchors=void_counts.get(log_state.name, 0),
            entries={str(state): count for state, count in entry_counts[log_state.name].items()}
            if log_state.name in entry_counts
            else None,
        )
        for log_state in replica_view.list_logs()
    ]


def _describe_issuing(
    node: Node, replica_view: ReplicaView, measures: Mapping[str, int], now: int
) -> IssuingShape | None:
    if node.issuing_register is None:
        return None
    with node.issuing_register.reading() as connection:
        backlog, open_batch = measure_backlog(connection), next(iter(list_open_batches(connection)), None)
        tokens = [token for token in list_tokens(connection) if is_in_force(token, now)]
        end_times = [token.ends_at for token in tokens if token.ends_at and is_ending(token, now)]
        return IssuingShape(
            log=node.log,
            waiting_submissions=backlog.submission_count,
            waiting_records=backlog.record_count,
            waiting_bytes=backlog.byte_count,
            oldest_waiting=None
            if backlog.oldest_accepted_at is None
            else max(0, now - backlog.oldest_accepted_at),
            promise_left=None if backlog.deadline is None else backlog.deadline - now,
            open_batch=open_batch.sequence if open_batch else None,
            open_batch_state=open_batch.state if open_batch else None,
            open_batch_age=max(0, now - open_batch.frozen_at) if open_batch else None,
            lease_holder=_label_holder(find_lease_holder(connection, node.log)),
            missing_batches=_find_missing_batches(connection, replica_view, node.log),
            missing_records=sum(stretch.record_count for stretch in list_missing(connection)),
            balance_gwei=measures.get(BALANCE),
            anchors_left=measures.get(ANCHORS_LEFT),
            tokens_ending=len(end_times),
            token_left=min(end_times) - now if end_times else None,
            tokens_without_end=sum(token.ends_at is None for token in tokens),
        )


def _label_holder(holder: str) -> str | None:
    """Tell whose the lease is without the name of the machine; None where it is nobody's."""
    machine_name, _, process_number = holder.rpartition(":")
    if not holder:
        return None
    return (
        f"process {process_number} of this machine"
        if machine_name == name_holder().rpartition(":")[0]
        else "another machine"
    )


def _find_missing_batches(
    connection: Connection, replica_view: ReplicaView, log: str
) -> tuple[int, int] | None:
    """Return the first and the last sequence that the chain shows beyond the register's own."""
    log_state, last_batch = replica_view.find_log(log), find_last_batch(connection)
    last_sequence = last_batch.sequence if last_batch else 0
    return (
        (last_sequence + 1, log_state.sequence) if log_state and log_state.sequence > last_sequence else None
    )
