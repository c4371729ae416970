"""The database of checkpoints: signed here, cosigned by others, and contradictory ones.

A database of its own beside the replica: a replica is made anew from the chain, what was signed is known nowhere else.
What a node signed is stored durably before it is given out, so that no restart lets it sign a second head for one
event. Where the database itself was lost, signatures of this node that come back from others count as signed again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, RowMapping, Table, bindparam, delete, func, select
from sqlmodel import Field, SQLModel

from anchoring.checkpoints.cities import count_node_cities, find_node_cities
from anchoring.database.columns import get_table, make_number_column, make_registry
from anchoring.database.engine import (
    begin_transaction,
    hold_tables,
    insert_missing,
    open_engine,
    open_snapshot,
)
from anchoring.database.stored import reading_row
from anchoring.errors import CheckpointRefused, NotFound
from anchoring.limits import SERVER_CONNECTIONS
from anchoring.replica.reading import ReplicaView
from ledger.crypto.keys import PrivateKey
from ledger.crypto.suites import SHA256, SM3
from ledger.encoding.canonical import decode, encode_canonical
from ledger.registry.checkpoints import (
    Checkpoint,
    Cosignature,
    CosignedCheckpoint,
    Fork,
    Roots,
    decode_checkpoint,
    decode_fork,
    find_contradiction,
)
from ledger.registry.facts import RULES_VERSION
from ledger.registry.trust_files import count_majority

# a week of one every five minutes; older ones prove nothing that newer ones do not
KEPT_CHECKPOINTS: Final = 2_000
_PAGE_ROWS: Final = 100  # of cosignatures: the newest checkpoints nearly always have enough
KEPT_FORKS: Final = 10  # against one key: one is enough to stop and ask, its thief could make millions


class _Row(SQLModel, registry=make_registry("checkpoints")):
    """Base of the tables."""


class CosignatureRow(_Row, table=True):
    """A good signature of a checkpoint; `own` where this node made it."""

    __tablename__ = "cosignature"
    n: int = make_number_column(key=True)
    key: bytes = Field(primary_key=True)
    checkpoint: bytes = Field(primary_key=True)
    signature: bytes
    own: bool


class ForkRow(_Row, table=True):
    """Two cosigned checkpoints that contradict each other, as canonical JSON."""

    __tablename__ = "fork"
    evidence: bytes = Field(primary_key=True)


METADATA: Final = _Row.metadata
COSIGNATURES: Final[Table] = get_table(CosignatureRow)
FORKS: Final[Table] = get_table(ForkRow)
_event_number, _is_own = COSIGNATURES.c.n, COSIGNATURES.c.own
_LAST_SIGNED: Final = select(COSIGNATURES).where(_is_own).order_by(_event_number.desc()).limit(1)
_COSIGNATURES_OF: Final = (
    select(COSIGNATURES).where(_event_number == bindparam("n")).order_by(COSIGNATURES.c.key)
)
_OWN_CITY: Final = ""  # no log has this name
#: Who signed which checkpoint, the newest first.
_SIGNERS: Final = select(_event_number, COSIGNATURES.c.checkpoint, COSIGNATURES.c.key, _is_own).order_by(
    _event_number.desc(), COSIGNATURES.c.checkpoint
)


class Checkpoints:
    """The checkpoint database at a URL; any number of processes may use it.

    `connections` is how many it may open to a server.
    """

    def __init__(self, url: str, *, connections: int = SERVER_CONNECTIONS) -> None:
        self.engine = open_engine(url, connections=connections)
        with begin_transaction(self.engine) as connection:
            hold_tables(connection)
            METADATA.create_all(connection)

    def close(self) -> None:
        self.engine.dispose()

    def find_last_signed(self) -> Checkpoint | None:
        """Return the checkpoint of the highest event that this node signed."""
        with open_snapshot(self.engine) as connection:
            return _find_last_signed(connection)

    def sign(self, key: PrivateKey, checkpoint: Checkpoint) -> CosignedCheckpoint:
        """Sign a checkpoint that this node computed itself, or give the signature that it has made of it already.

        It is stored, with all that a power cut leaves, before it is returned.
        Raises: CheckpointRefused below one that was signed, or where they contradict each other.
        """
        with begin_transaction(self.engine) as connection:
            hold_tables(connection)  # two processes of this node must not sign beside each other
            last_signed = _find_last_signed(connection)
            if last_signed and last_signed != checkpoint:
                _check_later(last_signed, checkpoint)
            if last_signed != checkpoint:
                _insert_cosignature(connection, checkpoint, Cosignature.make(key, checkpoint), is_own=True)
                _drop_old(connection)
            return _read_cosigned(connection, checkpoint)

    def add(self, cosigned_checkpoint: CosignedCheckpoint, own_key_id: bytes | None = None) -> None:
        """Keep cosignatures that were found good; those by `own_key_id` count as made here."""
        with begin_transaction(self.engine) as connection:
            for cosignature in cosigned_checkpoint.cosignatures:
                _insert_cosignature(
                    connection,
                    cosigned_checkpoint.checkpoint,
                    cosignature,
                    is_own=cosignature.key_id == own_key_id,
                )
            _drop_old(connection)

    def keep_fork(self, fork: Fork) -> None:
        """Keep the evidence against those who signed the second checkpoint, for ever, unless there is plenty of each.

        Of one second checkpoint it counts once against each who signed it, whatever it is set beside.
        """
        with begin_transaction(self.engine) as connection:
            hold_tables(connection)  # nobody adds to what is counted here
            signatures = {
                signer
                for fork_before in _read_forks(connection)
                for signer in _find_second_signers(fork_before)
            }
            fork_counts = Counter(key for key, _ in signatures)
            if any(fork_counts[key] < KEPT_FORKS for key, _ in _find_second_signers(fork) - signatures):
                insert_missing(connection, FORKS, [{"evidence": encode_canonical(fork.to_json())}])

    def find_newest(self) -> CosignedCheckpoint | None:
        """Return the newest checkpoint that any node has signed, with all its cosignatures."""
        return self._find_newest_with(lambda signer_rows: True)

    def find_newest_of_cities(
        self, city_by_key_id: Mapping[bytes, str | None], min_cities: int
    ) -> CosignedCheckpoint | None:
        """Return the newest checkpoint that nodes of so many cities have signed; `city_by_key_id` says whose a key is.

        A city has one vote, however many keys it has; a key of None has none. This node's own key, where the registry does
        not know it, is that of a city by itself: others' are kept only where the registry knows them.
        """

        def is_enough(signer_rows: list[RowMapping]) -> bool:
            voters = {
                city_by_key_id.get(row["key"], _OWN_CITY if row["own"] else None) for row in signer_rows
            }
            return len(voters - {None}) >= min_cities

        return self._find_newest_with(is_enough)

    def _find_newest_with(self, is_enough: Callable[[list[RowMapping]], bool]) -> CosignedCheckpoint | None:
        with open_snapshot(self.engine) as connection:
            rows = connection.execute(_SIGNERS, execution_options={"yield_per": _PAGE_ROWS}).mappings()
            for (n, checkpoint_bytes), signer_rows in groupby(
                rows, key=lambda row: (row["n"], row["checkpoint"])
            ):
                if is_enough(list(signer_rows)):
                    rows.close()
                    return _read_cosigned(connection, _read_checkpoint(n, checkpoint_bytes))
        return None

    def read_cosigned(self, checkpoint: Checkpoint) -> CosignedCheckpoint:
        """Return a checkpoint with the cosignatures that are held of it."""
        with open_snapshot(self.engine) as connection:
            return _read_cosigned(connection, checkpoint)

    def list_forks(self) -> list[Fork]:
        """Return the evidence of forks that was met."""
        with open_snapshot(self.engine) as connection:
            return _read_forks(connection)


def _check_later(last_signed: Checkpoint, checkpoint: Checkpoint) -> None:
    """Check that a checkpoint may be signed after another: never two of one event. Raises: CheckpointRefused."""
    if checkpoint.event_number < last_signed.event_number or find_contradiction(last_signed, checkpoint):
        raise CheckpointRefused(
            f"event {last_signed.event_number} with head 0x{last_signed.head.hex()} was signed before: event "
            f"{checkpoint.event_number} with head 0x{checkpoint.head.hex()} is below it or contradicts it"
        )
    if checkpoint.event_number == last_signed.event_number:
        raise CheckpointRefused(
            f"event {checkpoint.event_number} was signed before, by another release of this program: sign at a later event"
        )


def _read_forks(connection: Connection) -> list[Fork]:
    with reading_row(FORKS, "evidence of a fork"):
        return [decode_fork(decode(evidence)) for evidence in connection.execute(select(FORKS)).scalars()]


def _find_second_signers(fork: Fork) -> set[tuple[bytes, Checkpoint]]:
    """Return who signed what: the keys with the second checkpoint; the first is this node's own history."""
    return {
        (cosignature.key_id, fork.second_checkpoint.checkpoint)
        for cosignature in fork.second_checkpoint.cosignatures
    }


def _drop_old(connection: Connection) -> None:
    """Let the oldest checkpoints go, but never the newest that this node signed: it says what may be signed next."""
    kept_numbers = (
        select(_event_number).distinct().order_by(_event_number.desc()).offset(KEPT_CHECKPOINTS).limit(1)
    )
    last_number, last_signed = (
        connection.execute(kept_numbers).scalar_one_or_none(),
        _find_last_signed(connection),
    )
    if last_number is not None:
        kept_number = last_signed.event_number if last_signed else 0
        connection.execute(
            delete(COSIGNATURES).where(_event_number <= last_number, _event_number != kept_number)
        )


def _find_last_signed(connection: Connection) -> Checkpoint | None:
    row = connection.execute(_LAST_SIGNED).mappings().first()
    return None if row is None else _read_checkpoint(row["n"], row["checkpoint"])


def _insert_cosignature(
    connection: Connection, checkpoint: Checkpoint, cosignature: Cosignature, *, is_own: bool
) -> None:
    row: dict[str, object] = {
        "n": checkpoint.event_number,
        "key": cosignature.key_id,
        "signature": cosignature.signature,
    }
    insert_missing(connection, COSIGNATURES, [row | {"checkpoint": checkpoint.encode(), "own": is_own}])


def _read_checkpoints(connection: Connection, event_number: int) -> Iterator[CosignedCheckpoint]:
    """Yield the checkpoints that are held of an event: one, unless somebody forks."""
    rows = connection.execute(_COSIGNATURES_OF, {"n": event_number}).mappings().all()
    for checkpoint_bytes in dict.fromkeys(row["checkpoint"] for row in rows):
        cosignatures = [
            Cosignature(row["key"], row["signature"]) for row in rows if row["checkpoint"] == checkpoint_bytes
        ]
        yield CosignedCheckpoint.of(_read_checkpoint(event_number, checkpoint_bytes), cosignatures)


def _read_checkpoint(n: int, text: bytes) -> Checkpoint:
    with reading_row(COSIGNATURES, f"event {n}"):
        return decode_checkpoint(decode(text))


def read_first_since(connection: Connection, event_number: int) -> CosignedCheckpoint | None:
    """Return the first checkpoint that is held of this event or a later one: what its signers say covers that event."""
    query = select(func.min(COSIGNATURES.c.n)).where(COSIGNATURES.c.n >= event_number)
    checkpoint_event_number = connection.execute(query).scalar_one()
    return (
        None
        if checkpoint_event_number is None
        else next(_read_checkpoints(connection, checkpoint_event_number), None)
    )


def _read_cosigned(connection: Connection, checkpoint: Checkpoint) -> CosignedCheckpoint:
    return next(
        (
            cosigned
            for cosigned in _read_checkpoints(connection, checkpoint.event_number)
            if cosigned.checkpoint == checkpoint
        ),
        CosignedCheckpoint(checkpoint),
    )


def make_checkpoint(view: ReplicaView, event_number: int) -> Checkpoint:
    """Return the checkpoint at a final event as this replica holds it: without roots where it has no trees yet.

    Raises: NotFound, CheckpointRefused, Quarantined.
    """
    events = list(view.walk_events(event_number - 1, limit=2)) if event_number else []
    head = view.find_head(event_number)
    if not events or events[0].event.event_number != event_number or head is None:
        raise NotFound(
            f"event {event_number} is not final here: the replica holds {view.cursor.event_number} events"
        )
    event = events[0].event
    if len(events) > 1 and events[1].event.block_number == event.block_number:
        raise CheckpointRefused(
            f"event {event_number} is not the last of block {event.block_number}: name one that is, or the newest"
        )
    roots = _make_roots(view, event_number) if view.has_trees else None
    return Checkpoint(
        view.registry, event_number, head, event.block_number, events[0].block_hash, event.time, roots
    )


def _make_roots(view: ReplicaView, event_number: int) -> Roots:
    return Roots(
        events_sm3=view.event_root(SM3, event_number),
        events_sha256=view.event_root(SHA256, event_number),
        facts=view.fact_root(event_number),
        rules=RULES_VERSION,
    )


def compare(view: ReplicaView, checkpoints: Checkpoints) -> str | None:
    """Say in what a replica differs from the newest checkpoint that this node holds with others' signatures, or its own.

    None where it does not: what was cosigned was this replica's own word at the time.
    """
    newest_cosigned = (
        checkpoints.find_newest_of_cities(find_node_cities(view), 2) or checkpoints.find_newest()
    )
    if newest_cosigned is None or newest_cosigned.checkpoint.registry != view.registry:
        return None
    newest_checkpoint = newest_cosigned.checkpoint
    if newest_checkpoint.event_number > view.cursor.event_number:
        return None  # it is being followed anew
    try:
        return find_contradiction(newest_checkpoint, make_checkpoint(view, newest_checkpoint.event_number))
    except CheckpointRefused as error:
        return str(error)


def find_newest_cosigned(
    checkpoints: Checkpoints, view: ReplicaView, city_count: int | None = None
) -> CosignedCheckpoint:
    """Return the newest checkpoint that so many cities have signed, a majority of them where no count is given.

    Raises: NotFound.
    """
    min_cities = city_count or count_majority(count_node_cities(view))
    checkpoint = checkpoints.find_newest_of_cities(find_node_cities(view), min_cities)
    if checkpoint is None:
        raise NotFound(
            f"no checkpoint is signed by {min_cities} cities here yet: try again in some minutes, or let their nodes cosign "
            "(shunzheng checkpoint sign, add)"
        )
    return checkpoint
