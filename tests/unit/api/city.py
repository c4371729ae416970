"""A city with one department, its register, and a replica, with no chain between them.

Acts become events, events become facts, and facts go into the replica the way the follower puts them there. Everything but
signatures is drawn from a seed, so that two runs differ in nothing else.
"""

import hashlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from sqlalchemy import update

from anchoring.anchorer.batcher import BatchPolicy, freeze
from anchoring.chain.protocol import ChainEvent
from anchoring.database.columns import get_table
from anchoring.database.engine import begin_transaction
from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.intake.rows import split_lines
from anchoring.monitor.copies import EntryCopies
from anchoring.register.access.tokens import create_token
from anchoring.register.batches import Batch, set_states
from anchoring.register.proofs import make_proof
from anchoring.register.records import find_current_leaf, find_newest_leaf
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, Acceptance, read_batch_entries
from anchoring.replica.status_trees import StatusTrees
from anchoring.replica.store import FoldedEvent, Replica
from anchoring.replica.tables import StateRow
from api.key_files import write_key
from api.node.keys import KEY_FILE
from api.node.settings import Settings
from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import Json, decode
from ledger.proof.proof import Proof
from ledger.records.submissions import decode_entry
from ledger.registry import acts
from ledger.registry.acts import Act, Event, build_registry_name, compute_head_zero
from ledger.registry.knowledge import Knowledge
from ledger.registry.trust import NODE
from ledger.verification.entries import Fault
from tests.fakes.department import ADDRESS, NOW, Department
from tests.fakes.department import ISSUER as ISSUER
from tests.fakes.department import LOG as LOG
from tests.fakes.department import identifier as identifier

START = NOW  # 09:00 in Tianmen
_CONTRACT = bytes.fromhex("22" * 20)


def draws(seed: str) -> Callable[[int], bytes]:
    """Return a source of bytes that is the same for the same seed."""
    numbers = itertools.count()

    def draw(length: int) -> bytes:
        return hashlib.shake_256(f"{seed} {next(numbers)}".encode()).digest(length)

    return draw


class City:
    """Acts, submits, anchors; `now` is the clock of everybody."""

    def __init__(self, directory: Path, seed: str = "tianmen") -> None:
        self.now = START
        self.random = draws(seed)
        zero = compute_head_zero(31337, _CONTRACT, bytes(32))
        self.registry = build_registry_name(31337, _CONTRACT, zero)
        self.knowledge = Knowledge(self.registry, zero)
        self.settings = Settings(
            directory=directory,
            registry=self.registry,
            replica_url=f"sqlite:///{directory / 'replica.db'}",
            register_url=f"sqlite:///{directory / 'register.db'}",
            log=LOG,
            name="天门市",
            policies={"strict": 60},
            node_key=directory / KEY_FILE,
        )
        self.node_key = generate_key("sm2", draws("node"))
        write_key(directory / KEY_FILE, self.node_key)
        self.replica = Replica(self.settings.replica_url)
        self.replica.prepare(self.registry, zero)
        self.register = Register(f"sqlite:///{directory / 'register.db'}")
        self.trees = StatusTrees()
        self.documents: dict[str, bytes] = {}
        self.department = Department(self.registry, algorithm="sm2", random=self.random)
        self.key = self.department.key
        self.act(acts.ProvinceTransferred(ADDRESS))
        self.act(acts.LogAdmitted(LOG, 1, ADDRESS, ("429006",), acts.Predecessor()))
        self.act(acts.OperatorSet(LOG, ADDRESS))
        self.act(acts.IssuerAdded(LOG, ISSUER))
        self.act(acts.KeyRegistered(LOG, 1, self.key.public.spki))
        self.act(acts.KeyRegistered(LOG, NODE, self.node_key.public.spki))
        self.act(acts.KeyGranted(LOG, self.key.public.id, ISSUER, 1, (), 0, 2**40))

    @property
    def verifier(self) -> Settings:
        """The settings of a node in another city that only verifies, over the same replica."""
        return self.settings.model_copy(update={"log": None, "register_url": None, "name": "武汉市"})

    def clock(self) -> int:
        return self.now

    def close(self) -> None:
        self.replica.close()
        self.register.close()

    def act(self, act: Act) -> None:
        """Let the chain hold an act and the replica learn it."""
        chain = self.knowledge.fold
        self.now += 12
        event = Event(
            chain.event_number + 1,
            act.KIND,
            chain.block_number,
            self.now,
            act.encode(),
            chain.block_number + 1,
        )
        with self.replica.reading() as reading:
            before = reading.cursor
        facts = self.knowledge.apply(event)
        block_hash = hashlib.sha256(event.block_number.to_bytes(8, "big")).digest()
        after = replace(
            before,
            event_number=event.event_number,
            head=chain.head,
            block_number=event.block_number,
            time=event.time,
            final_block_number=event.block_number,
            final_hash=block_hash,
            final_time=event.time,
        )
        taken = FoldedEvent(ChainEvent(event, block_hash, bytes(32)), chain.head, facts)
        self.replica.store(before, after, [taken], [], self.knowledge.trees, is_caught_up=True)

    def forget_having_caught_up(self) -> None:
        """Make the replica one whose follower is still on its way to the end of the chain."""
        with begin_transaction(self.replica.engine) as connection:
            connection.execute(update(get_table(StateRow)).values(caught_up=False))

    def catch_up(self) -> None:
        """Let the follower come to the end of the chain."""
        with self.replica.reading() as reading:
            cursor = reading.cursor
        self.replica.store(cursor, cursor, [], [], {}, is_caught_up=True)

    def licence(
        self, serial: str, claims: Mapping[str, Json], *documents: bytes, **members: Json
    ) -> dict[str, Json]:
        """Return the input row of a new certificate that states `claims` and `documents`."""
        paths: list[Json] = []
        for content in documents:
            paths.append(f"{len(self.documents)}.pdf")
            self.documents[str(paths[-1])] = content
        row: dict[str, Json] = {
            "kind": "licence",
            "action": "issue",
            "identifier": identifier(serial),
            "issuer": ISSUER,
            "valid_from": "2022-03-28",
            "claims": dict(claims),
            "documents": paths,
        }
        return row | members

    def change(self, action: str, identifier: str) -> dict[str, Json]:
        """Return the input row of a change of status."""
        basis = "行政许可法 第七十条"
        return {
            "kind": "licence",
            "action": action,
            "identifier": identifier,
            "issuer": ISSUER,
            "basis": basis,
        }

    def draft(self, *rows: Mapping[str, Json]) -> bytes:
        """Return a signed submission as it is sent."""
        read = self.documents.__getitem__
        with self.replica.reading() as trust:
            log = trust.find_log(LOG)
        target = replace(self.department.target, sequence=log.sequence if log else 0)
        with self.department.draft(
            rows, self.now, target, read_file=read, find_newest_leaf=self._newest
        ) as drafted:
            return b"".join(drafted.lines())

    def submit(self, *rows: Mapping[str, Json]) -> Acceptance:
        lines = split_lines([self.draft(*rows)])
        with self.replica.reading() as trust:
            return accept(self.register, trust, lines, self.now, IntakeRules(LOG))

    def freeze(self) -> Batch:
        self.now += 5
        with self.replica.reading() as reading:
            batch = freeze(self.register, reading, self.trees, LOG, self.now, BatchPolicy(0, 0, 0, 1))
        assert batch is not None
        return batch

    def anchor(self) -> None:
        """Freeze what was submitted and let the chain hold it, final."""
        batch = self.freeze()
        self.act(batch.anchor)
        with self.register.writing() as connection:
            set_states(connection, [(batch.sequence, FINAL)])

    def publish(self, source: str = "http://tianmen", *faults: Fault, sequence: int | None = None) -> None:
        """Put copies of the entries of every anchor, or of one, beside the replica, as a monitor does."""
        published = EntryCopies(self.replica.engine)
        published.prepare()
        with self.replica.reading() as reading, self.register.reading() as connection:
            anchors = reading.list_anchors(LOG)[::-1]
            if published.find_walked_sequence(LOG) < anchors[-1].sequence:
                published.walk(LOG, anchors[published.find_walked_sequence(LOG) :], self.now)
            for anchor in anchors:
                if sequence in (None, anchor.sequence):
                    encoded = read_batch_entries(connection, anchor.sequence)
                    entries = [decode_entry(decode(entry)) for _, _, entry in encoded]
                    published.keep(anchor, entries, source, faults, self.now)

    def proof(self, identifier: str) -> Proof:
        with self.register.reading() as connection:
            leaf = find_current_leaf(connection, identifier)
        with self.replica.reading() as reading:
            return make_proof(self.register, reading, self.trees, leaf)

    def token(self, *scopes: str) -> str:
        with self.register.writing() as connection:
            return create_token(
                connection, self.random, label="test", scopes=scopes, now=self.now, ends_at=None
            )[1]

    def _newest(self, identifier: str) -> bytes | None:
        with self.register.reading() as connection:
            return find_newest_leaf(connection, identifier)
