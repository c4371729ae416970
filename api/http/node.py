"""A node as its requests share it: settings, databases, clock.

It is opened when the application starts.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from anchoring.checkpoints.store import Checkpoints
from anchoring.database.engine import open_snapshot
from anchoring.errors import DatabaseDamaged, DatabaseUnavailable, NotFound
from anchoring.intake.admission import IntakeRules
from anchoring.intake.backlog import Gate, Room
from anchoring.monitor.copies import EntryCopies
from anchoring.monitor.entries import EntriesByRegister
from anchoring.processes.measures import CHAIN_CLOCK_LEAD, read_measures
from anchoring.processes.workers import Workers, count_processes
from anchoring.register.access.looks import LookRules, remove_old_looks
from anchoring.register.proofs import make_note_proofs
from anchoring.register.store import Register
from anchoring.replica.reading import ReplicaView
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import Replica
from api.http.bounds.uploads import Uploads
from api.http.counter.confirmation import Confirmations, open_confirmations
from api.http.errors import IssuesNothing, NotReady
from api.http.snapshots import Snapshots
from api.node.issuer_names import load_issuer_names
from api.node.keys import load_node_key
from api.node.settings import Settings
from api.opening.readers import DocumentReaders
from ledger.crypto.keys import PrivateKey
from ledger.proof.proof import Proof

Clock = Callable[[], int]
_NO_LOG: Final = "this node has no log of its own, so it accepts no submissions and holds no records"


def read_system_clock() -> int:
    """Return the seconds since 1970 by this machine's clock."""
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Node:
    """One node. Its replica answers verification; the register is there only where the node issues.

    `node_key` signs receipts and checkpoints; a node may have none. `intake_rules` says what may come in, `uploads` how
    much at once. `document_readers` opens what is presented. `confirmations` tells which pages showed the items of a
    proof; `issuer_names` are those that pages show, by code.
    """

    settings: Settings
    replica: Replica
    issuing_register: Register | None
    clock: Clock
    status_trees: StatusTrees
    entry_copies: EntryCopies
    intake_rules: IntakeRules
    uploads: Uploads
    document_readers: DocumentReaders
    checkpoints: Checkpoints
    confirmations: Confirmations
    snapshots: Snapshots
    issuer_names: Mapping[str, str]
    node_key: PrivateKey | None = None

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> "Node":
        node_key = load_node_key(settings)
        register = Register(settings.register_url) if settings.log and settings.register_url else None
        replica = Replica(settings.replica_url)
        node = cls(
            settings,
            replica,
            register,
            clock,
            StatusTrees(),
            EntryCopies(replica.engine, settings.withheld_after),
            _make_intake_rules(settings, register, replica, node_key),
            Uploads(settings.intake.uploads, settings.intake.spool_bytes),
            DocumentReaders(settings.documents, settings.trust_list),
            Checkpoints(settings.checkpoints_url),
            open_confirmations(settings, node_key),
            Snapshots(settings.spool_directory or settings.directory),
            load_issuer_names(settings.issuer_names),
            node_key,
        )
        if register:
            with register.writing() as connection:  # where nobody looks, the next look takes none away
                remove_old_looks(connection, clock(), node.look_rules, node_key)
        return node

    async def close(self) -> None:
        await self.document_readers.close()
        if self.intake_rules.workers:
            self.intake_rules.workers.close()
        self.replica.close()
        self.checkpoints.close()
        if self.issuing_register:
            self.issuing_register.close()

    @property
    def register(self) -> Register:
        """The register. Raises: IssuesNothing on a node that has none."""
        if self.issuing_register is None:
            raise IssuesNothing(_NO_LOG)
        return self.issuing_register

    @property
    def look_rules(self) -> LookRules:
        """What is kept of the looks at certificates, and how many there may be."""
        return LookRules(self.settings.looks.days, self.settings.looks.daily)

    @property
    def log(self) -> str:
        """The log that this node issues into. Raises: IssuesNothing."""
        if self.settings.log is None:
            raise IssuesNothing(_NO_LOG)
        return self.settings.log

    def find_notes(self, replica_view: ReplicaView, proof: Proof) -> list[Proof] | None:
        """Return proofs of the notes that this node's register has on the certificate of a proof.

        None where the certificate is not registered here, or the register does not answer or is damaged: verification
        waits for none.
        """
        statement = proof.entry.statement
        is_own = (statement.registry, statement.log) == (replica_view.registry, self.settings.log)
        if self.issuing_register is None or not is_own:
            return None
        try:
            return make_note_proofs(self.issuing_register, replica_view, proof.record.hash_leaf())
        except (DatabaseDamaged, DatabaseUnavailable):
            return None

    @contextmanager
    def reading(self, *, quarantined: bool = False) -> Iterator[ReplicaView]:
        """Give one consistent state of the replica. Raises: NotReady, Quarantined."""
        with ExitStack() as stack:
            try:
                replica_view = stack.enter_context(self.replica.reading(quarantined=quarantined))
            except NotFound as error:
                raise NotReady(str(error)) from error
            replica_view.entries = EntriesByRegister(
                self.settings.log or "", self.issuing_register, self.entry_copies
            )
            yield replica_view


def _make_intake_rules(
    settings: Settings, register: Register | None, replica: Replica, node_key: PrivateKey | None
) -> IntakeRules:
    intake_section, promise_seconds = settings.intake, settings.promise_seconds
    room = Room(
        intake_section.waiting_records,
        intake_section.waiting_bytes,
        intake_section.waiting_seconds or promise_seconds // 2,
    )
    spool_directory = str(settings.spool_directory) if settings.spool_directory else None
    intake_gate = Gate(register, room, time.monotonic) if register else None

    def read_lead(now: int) -> int | None:
        with open_snapshot(replica.engine) as connection:
            return read_measures(connection, now).get(CHAIN_CLOCK_LEAD)

    process_count = intake_section.processes or count_processes() // settings.api_processes
    return IntakeRules(
        settings.log or "",
        spool_directory,
        promise_seconds,
        intake_gate,
        read_lead,
        Workers(process_count),
        node_key,
    )


async def get_node(request: Request) -> Node:
    """Return the node that this application serves."""
    node = request.app.state.node
    assert isinstance(node, Node)
    return node


NodeNeeded = Annotated[Node, Depends(get_node)]
