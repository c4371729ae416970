"""The facts and events of a registry as rows of the replica's tables, and back.

One pair of functions for each table, every column written out: what is stored is what stands here. A row that is
written has the columns of its table, under their names.
"""

from typing import assert_never

import orjson
from sqlalchemy import RowMapping

from anchoring.chain.protocol import ChainEvent
from anchoring.database.stored import reading_row
from anchoring.replica.tables import GRANT, LOG, POSITION
from ledger.crypto import suites
from ledger.registry.acts import Event
from ledger.registry.event_trees import EventNodes
from ledger.registry.status import Status, StatusBlock
from ledger.registry.trust import (
    Anchor,
    Division,
    Fact,
    Governance,
    Grant,
    IssuerAssignment,
    KeyState,
    LogState,
    PositionStatus,
)

Row = dict[str, object]  # of a table, by the names of its columns

_GOVERNANCE_ID = 1  # of the one row of its table


def make_row(fact: Fact) -> Row:
    """Return the row of a fact in the table of its kind."""
    match fact:
        case Governance():
            return make_governance_row(fact)
        case Division():
            return make_division_row(fact)
        case LogState():
            return make_log_row(fact)
        case IssuerAssignment():
            return make_issuer_row(fact)
        case KeyState():
            return make_key_row(fact)
        case Grant():
            return make_grant_row(fact)
        case Anchor():
            return make_anchor_row(fact)
        case PositionStatus():
            return make_position_row(fact)
        case _:
            assert_never(fact)


def make_governance_row(governance: Governance) -> Row:
    return {
        "id": _GOVERNANCE_ID,
        "province": governance.province,
        "pending_province": governance.pending_province,
        "successor": governance.successor,
    }


def read_governance(row: RowMapping) -> Governance:
    return Governance(
        province=row["province"], pending_province=row["pending_province"], successor=row["successor"]
    )


def make_division_row(division: Division) -> Row:
    return {"division": division.division, "log": division.log}


def read_division(row: RowMapping) -> Division:
    return Division(division=row["division"], log=row["log"])


def make_log_row(log: LogState) -> Row:
    return {
        "name": log.name,
        "suite": log.suite.number,
        "n": log.event_number,
        "admin": log.admin,
        "pending_admin": log.pending_admin,
        "operator": log.operator,
        "sequence": log.sequence,
        "size": log.size,
        "anchored_at": log.anchored_at,
        "status_known": log.is_status_known,
    }


def read_log(row: RowMapping) -> LogState:
    with reading_row(LOG, f"log {row['name']}"):
        return LogState(
            name=row["name"],
            suite=suites.get_suite_by_number(row["suite"]),
            event_number=row["n"],
            admin=row["admin"],
            pending_admin=row["pending_admin"],
            operator=row["operator"],
            sequence=row["sequence"],
            size=row["size"],
            anchored_at=row["anchored_at"],
            is_status_known=row["status_known"],
        )


def make_issuer_row(assignment: IssuerAssignment) -> Row:
    return {"issuer": assignment.issuer, "n": assignment.event_number, "log": assignment.log}


def read_issuer(row: RowMapping) -> IssuerAssignment:
    return IssuerAssignment(issuer=row["issuer"], event_number=row["n"], log=row["log"])


def make_key_row(key: KeyState) -> Row:
    return {
        "id": key.id,
        "spki": key.spki,
        "purpose": key.purpose,
        "log": key.log,
        "n": key.event_number,
        "retired_at": key.retired_at,
        "compromised_since": key.compromised_since,
    }


def read_key(row: RowMapping) -> KeyState:
    return KeyState(
        id=row["id"],
        spki=row["spki"],
        purpose=row["purpose"],
        log=row["log"],
        event_number=row["n"],
        retired_at=row["retired_at"],
        compromised_since=row["compromised_since"],
    )


def make_grant_row(grant: Grant) -> Row:
    return {
        "key": grant.key_id,
        "issuer": grant.issuer,
        "n": grant.event_number,
        "kinds": grant.kinds,
        "types": orjson.dumps(grant.types).decode(),
        "not_before": grant.not_before,
        "not_after": grant.not_after,
    }


def read_grant(row: RowMapping) -> Grant:
    with reading_row(GRANT, f"issuer {row['issuer']}, event {row['n']}"):
        return Grant(
            key_id=row["key"],
            issuer=row["issuer"],
            event_number=row["n"],
            kinds=row["kinds"],
            types=tuple(orjson.loads(row["types"])),
            not_before=row["not_before"],
            not_after=row["not_after"],
        )


def make_anchor_row(anchor: Anchor) -> Row:
    return {
        "log": anchor.log,
        "sequence": anchor.sequence,
        "n": anchor.event_number,
        "block": anchor.block_number,
        "time": anchor.time,
        "size_before": anchor.size_before,
        "size": anchor.size,
        "root": anchor.root,
        "status_root": anchor.status_root,
        "void": anchor.void_reason,
    }


def read_anchor(row: RowMapping) -> Anchor:
    return Anchor(
        log=row["log"],
        sequence=row["sequence"],
        event_number=row["n"],
        block_number=row["block"],
        time=row["time"],
        size_before=row["size_before"],
        size=row["size"],
        root=row["root"],
        status_root=row["status_root"],
        void_reason=row["void"],
    )


def make_position_row(position: PositionStatus) -> Row:
    return {
        "log": position.log,
        "position": position.position,
        "sequence": position.sequence,
        "since": position.since,
        "status": int(position.status),
        "contradictory": position.is_contradictory,
    }


def read_position(row: RowMapping) -> PositionStatus:
    with reading_row(POSITION, f"log {row['log']}, position {row['position']}"):
        return PositionStatus(
            log=row["log"],
            position=row["position"],
            sequence=row["sequence"],
            since=row["since"],
            status=Status(row["status"]),
            is_contradictory=row["contradictory"],
        )


def make_block_row(log: str, block: StatusBlock) -> Row:
    """Return the row of a block of a log's status tree."""
    return {"log": log, "number": block.number, "content": block.content, "node": block.node}


def read_block(row: RowMapping) -> StatusBlock:
    return StatusBlock(number=row["number"], content=row["content"], node=row["node"])


def make_event_row(event: ChainEvent, head: bytes) -> Row:
    """Return the row of an event; `head` is the registry's head after it."""
    return {
        "n": event.event.event_number,
        "kind": event.event.kind,
        "previous_block": event.event.previous_block_number,
        "time": event.event.time,
        "payload": event.event.payload,
        "block": event.event.block_number,
        "block_hash": event.block_hash,
        "transaction_hash": event.transaction_hash,
        "head": head,
    }


def event_nodes_row(nodes: EventNodes) -> Row:
    return {"n": nodes.n, "sm3": nodes.sm3, "sha256": nodes.sha256}


def read_event_nodes(row: RowMapping) -> EventNodes:
    return EventNodes(n=row["n"], sm3=row["sm3"], sha256=row["sha256"])


def leaf_row(key: bytes, data: bytes) -> Row:
    """Return the row of a leaf of the tree over the facts."""
    return {"key": key.hex(), "data": data}


def page_row(prefix: str, content: bytes) -> Row:
    """Return the row of a page of the tree over the facts."""
    return {"prefix": prefix, "content": content}


def before_row(place: str, period: int, content: bytes) -> Row:
    """Return the row of what stood at a place of the tree over the facts before the events of a period."""
    return {"place": place, "period": period, "content": content}


def fact_root_row(n: int, root: bytes) -> Row:
    """Return the row of the root of the tree over the facts after event `n`."""
    return {"n": n, "root": root}


def read_event(row: RowMapping) -> ChainEvent:
    event = Event(
        event_number=row["n"],
        kind=row["kind"],
        previous_block_number=row["previous_block"],
        time=row["time"],
        payload=row["payload"],
        block_number=row["block"],
    )
    return ChainEvent(event, block_hash=row["block_hash"], transaction_hash=row["transaction_hash"])
