"""The log that a register keeps, and the batches that were frozen for it.

Whoever promises positions or freezes a batch holds the row of the log until its transaction ends: one at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from anchoring.database.engine import insert_missing
from anchoring.errors import RegisterBehind
from anchoring.register.submissions import FINAL
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
    opened: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A frozen batch: its anchor, byte for byte as it is sent, and how far it came."""

    sequence: int
    payload: bytes
    frozen: int
    state: str

    @property
    def anchor(self) -> Anchored:
        act = decode_act(Anchored.KIND, self.payload)
        assert isinstance(act, Anchored)
        return act


_LOG: Final = select(LOG).with_for_update()
_LAST_SEQUENCE: Final = select(func.max(BATCH.c.sequence))


def check_complete(connection: Connection, state: LogState | None, trust: Trust) -> None:
    """Check that the register has every batch of which the chain has an anchor. Raises: RegisterBehind."""
    known = connection.execute(_LAST_SEQUENCE).scalar() or 0
    if state and state.sequence > known:
        raise RegisterBehind(_lacking(trust, state, known + 1))


def _lacking(trust: Trust, state: LogState, first: int) -> str:
    """Say which batches the register lacks, from sequence `first` on."""
    oldest, newest = trust.anchor(state.name, first), trust.anchor(state.name, state.sequence)
    count = state.size - oldest.size_before if oldest else 0
    times = [format_time(anchor.time) for anchor in (oldest, newest) if anchor]
    return (
        f"the chain holds batches {first} to {state.sequence} of {state.name}, anchored from {' to '.join(times)} with "
        f"{count:,} records, and this register does not: it was restored from a backup, or is another city's. It takes and "
        "anchors nothing until it has them back: run `shunzheng recover`"
    )


def hold_log(connection: Connection, state: LogState, trust: Trust, now: int) -> OwnLog:
    """Return the log of this register and keep its row until the transaction ends: one writer at a time.

    The first call ties a new register to the log `state`. Raises: RegisterBehind.
    """
    row = connection.execute(_LOG).mappings().first()
    check_complete(connection, state, trust)
    registry = trust.registry
    if row is None:
        new = OwnLog(state.name, registry, state.suite, state.size, state.size, now)
        insert_missing(connection, LOG, [log_row(new)])  # another process may just be doing the same
        row = connection.execute(_LOG).mappings().one()
    log = log_of(row)
    if (log.registry_name, log.name) != (registry, state.name):
        raise RegisterBehind(
            f"this register belongs to {log.name} of {log.registry_name}, not to {state.name} of {registry}"
        )
    return log


def find_own_log(connection: Connection) -> OwnLog | None:
    """Return the log of this register; None while it has accepted nothing."""
    row = connection.execute(select(LOG)).mappings().first()
    return log_of(row) if row else None


def log_of(row: RowMapping) -> OwnLog:
    return OwnLog(
        name=row["name"],
        registry_name=row["registry_name"],
        suite=suites.by_number(row["suite"]),
        start=row["start"],
        size=row["size"],
        opened=row["opened"],
    )


def log_row(log: OwnLog) -> Row:
    return {
        "name": log.name,
        "registry_name": log.registry_name,
        "suite": log.suite.number,
        "start": log.start,
        "size": log.size,
        "opened": log.opened,
    }


_BATCHES: Final = select(BATCH).order_by(BATCH.c.sequence)
_OPEN: Final = _BATCHES.where(BATCH.c.state != FINAL)
_LAST: Final = select(BATCH).order_by(BATCH.c.sequence.desc()).limit(1)
_AFTER: Final = _BATCHES.where(BATCH.c.sequence > bindparam("after"))


def find_last_batch(connection: Connection) -> Batch | None:
    row = connection.execute(_LAST).mappings().first()
    return batch_of(row) if row else None


def list_open_batches(connection: Connection) -> list[Batch]:
    """Return the batches that are not final, in order."""
    return [batch_of(row) for row in connection.execute(_OPEN).mappings()]


def walk_batches(connection: Connection, *, after: int = 0) -> Iterator[Batch]:
    """Walk through the batches beyond a sequence, in order."""
    for row in connection.execute(_AFTER, {"after": after}).mappings():
        yield batch_of(row)


def set_states(connection: Connection, states: Sequence[tuple[int, str]]) -> None:
    """Write how far batches came, by sequence."""
    if states:
        change = update(BATCH).where(BATCH.c.sequence == bindparam("of")).values(state=bindparam("to"))
        connection.execute(change, [{"of": sequence, "to": state} for sequence, state in states])


def insert_batch(connection: Connection, batch: Batch) -> None:
    connection.execute(insert(BATCH), [batch_row(batch)])


def batch_of(row: RowMapping) -> Batch:
    return Batch(row["sequence"], row["payload"], row["frozen"], row["state"])


def batch_row(batch: Batch) -> Row:
    return {
        "sequence": batch.sequence,
        "payload": batch.payload,
        "frozen": batch.frozen,
        "state": batch.state,
    }
