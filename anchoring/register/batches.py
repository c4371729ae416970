"""The log that a register keeps, and the batches that were frozen for it.

Whoever promises positions or freezes a batch holds the row of the log until its transaction ends: one at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from anchoring.database.engine import insert_missing
from anchoring.database.stored import reading_row
from anchoring.errors import RegisterBehind
from anchoring.register.submissions import FINAL, FROZEN, SUBMITTED
from anchoring.register.tables import BATCH, LOG, Row
from ledger.crypto import suites
from ledger.crypto.suites import Suite
from ledger.encoding.times import format_time
from ledger.registry.acts import Anchored, decode_act
from ledger.registry.trust import LogState, Trust


@dataclass(frozen=True, slots=True)
class OwnLog:
    """The log of this register: `start` positions belong to a predecessor, `size` are promised so far."""

    name: str
    registry_name: str
    suite: Suite
    start: int
    size: int
    opened_at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A frozen batch: its anchor, byte for byte as it is sent, and how far it came."""

    sequence: int
    payload: bytes
    frozen_at: int
    state: str

    @property
    def anchor(self) -> Anchored:
        with reading_row(BATCH, f"batch {self.sequence}"):
            act = decode_act(Anchored.KIND, self.payload)
            assert isinstance(act, Anchored)
            return act


_LOCKED_LOG: Final = select(LOG).with_for_update()
_LAST_SEQUENCE: Final = select(func.max(BATCH.c.sequence))


def check_complete(connection: Connection, log_state: LogState | None, trust: Trust) -> None:
    """Check that the register has every batch of which the chain has an anchor. Raises: RegisterBehind."""
    last_sequence = connection.execute(_LAST_SEQUENCE).scalar() or 0
    if log_state and log_state.sequence > last_sequence:
        raise RegisterBehind(_describe_lacking(trust, log_state, last_sequence + 1))


def _describe_lacking(trust: Trust, log_state: LogState, first_sequence: int) -> str:
    """Say which batches the register lacks, from sequence `first_sequence` on."""
    oldest_anchor, newest_anchor = (
        trust.find_anchor(log_state.name, first_sequence),
        trust.find_anchor(log_state.name, log_state.sequence),
    )
    record_count = log_state.size - oldest_anchor.size_before if oldest_anchor else 0
    times = [format_time(anchor.time) for anchor in (oldest_anchor, newest_anchor) if anchor]
    return (
        f"the chain holds batches {first_sequence} to {log_state.sequence} of {log_state.name}, anchored from "
        f"{' to '.join(times)} with {record_count:,} records, and this register does not: it was restored from a backup, "
        "or is another city's. It takes and anchors nothing until it has them back: run `shunzheng recover`"
    )


def hold_log(connection: Connection, log_state: LogState, trust: Trust, now: int) -> OwnLog:
    """Return the log of this register and keep its row until the transaction ends: one writer at a time.

    The first call ties a new register to the log `log_state`. Raises: RegisterBehind.
    """
    row = connection.execute(_LOCKED_LOG).mappings().first()
    check_complete(connection, log_state, trust)
    registry = trust.registry
    if row is None:
        new_log = OwnLog(log_state.name, registry, log_state.suite, log_state.size, log_state.size, now)
        insert_missing(connection, LOG, [make_log_row(new_log)])  # another process may just be doing the same
        row = connection.execute(_LOCKED_LOG).mappings().one()
    log = read_log(row)
    if (log.registry_name, log.name) != (registry, log_state.name):
        raise RegisterBehind(
            f"this register belongs to {log.name} of {log.registry_name}, not to {log_state.name} of {registry}"
        )
    return log


def find_own_log(connection: Connection) -> OwnLog | None:
    """Return the log of this register; None while it has accepted nothing."""
    row = connection.execute(select(LOG)).mappings().first()
    return read_log(row) if row else None


def read_log(row: RowMapping) -> OwnLog:
    with reading_row(LOG, f"log {row['name']}"):
        return OwnLog(
            name=row["name"],
            registry_name=row["registry_name"],
            suite=suites.get_suite_by_number(row["suite"]),
            start=row["start"],
            size=row["size"],
            opened_at=row["opened"],
        )


def make_log_row(log: OwnLog) -> Row:
    return {
        "name": log.name,
        "registry_name": log.registry_name,
        "suite": log.suite.number,
        "start": log.start,
        "size": log.size,
        "opened": log.opened_at,
    }


_BATCHES: Final = select(BATCH).order_by(BATCH.c.sequence)
_OPEN_BATCHES: Final = _BATCHES.where(BATCH.c.state != FINAL)
_LAST_BATCH: Final = select(BATCH).order_by(BATCH.c.sequence.desc()).limit(1)
_BATCHES_AFTER: Final = _BATCHES.where(BATCH.c.sequence > bindparam("after"))


def find_last_batch(connection: Connection) -> Batch | None:
    row = connection.execute(_LAST_BATCH).mappings().first()
    return read_batch(row) if row else None


def list_open_batches(connection: Connection) -> list[Batch]:
    """Return the batches that are not final, in order."""
    return [read_batch(row) for row in connection.execute(_OPEN_BATCHES).mappings()]


def walk_batches(connection: Connection, *, after_sequence: int = 0) -> Iterator[Batch]:
    """Walk through the batches beyond a sequence, in order."""
    for row in connection.execute(_BATCHES_AFTER, {"after": after_sequence}).mappings():
        yield read_batch(row)


def set_states(connection: Connection, states: Sequence[tuple[int, str]]) -> None:
    """Write how far batches came, by sequence."""
    if states:
        state_update = (
            update(BATCH)
            .where(BATCH.c.sequence == bindparam("batch_sequence"))
            .values(state=bindparam("new_state"))
        )
        connection.execute(
            state_update, [{"batch_sequence": sequence, "new_state": state} for sequence, state in states]
        )


def note_submitted(connection: Connection, sequence: int) -> None:
    """Write that a frozen batch was handed in; the state of one that came further stays."""
    is_frozen = (BATCH.c.sequence == sequence) & (BATCH.c.state == FROZEN)
    connection.execute(update(BATCH).where(is_frozen).values(state=SUBMITTED))


def set_log_size(connection: Connection, size: int) -> None:
    """Write how many positions of the log are promised."""
    connection.execute(update(LOG).values(size=size))


def insert_batch(connection: Connection, batch: Batch) -> None:
    connection.execute(insert(BATCH), [make_batch_row(batch)])


def read_batch(row: RowMapping) -> Batch:
    return Batch(row["sequence"], row["payload"], row["frozen"], row["state"])


def make_batch_row(batch: Batch) -> Row:
    return {
        "sequence": batch.sequence,
        "payload": batch.payload,
        "frozen": batch.frozen_at,
        "state": batch.state,
    }
