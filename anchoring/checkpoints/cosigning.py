"""Sign checkpoints of what this node followed itself, and collect others' cosignatures.

All nodes sign at the same events: the last one before each full five minutes of block time. So nobody has to propose, and
a checkpoint has the signatures of all who hold the same history as soon as they have asked each other once. A node that
holds another history signs another text, which is kept as evidence.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

from anchoring.checkpoints.cities import find_declared_node_keys
from anchoring.checkpoints.store import Checkpoints, make_checkpoint
from anchoring.errors import AnchoringError, CheckpointRefused, NotFound, PeerFailed
from anchoring.limits import CHECKPOINT_SECONDS
from anchoring.processes.loops import Stop
from anchoring.replica.reading import ReplicaView
from anchoring.replica.store import Replica
from ledger.crypto.keys import PrivateKey, PublicKey, decode_public_key
from ledger.errors import BrokenHead, LedgerError, MalformedInput
from ledger.registry.checkpoints import (
    Checkpoint,
    CosignedCheckpoint,
    Fork,
    Roots,
    find_contradiction,
    read_cosigned,
)
from ledger.registry.event_trees import SUITES, EventTrees
from ledger.registry.knowledge import Fold

ROUND_SECONDS: Final = 10.0  # between two looks at the chain and at the others

logger = logging.getLogger(__name__)


class CosigningPeer(Protocol):
    """Another city's node."""

    @property
    def name(self) -> str: ...

    def fetch_checkpoint(self) -> bytes | None:
        """Return its newest checkpoint with cosignatures, None where it has none. Raises: PeerFailed."""


def find_due_event_number(view: ReplicaView) -> int:
    """Return the event at which all nodes sign now; 0 where there is none yet."""
    return view.find_newest_before(view.time // CHECKPOINT_SECONDS * CHECKPOINT_SECONDS)


def recompute(view: ReplicaView, checkpoint: Checkpoint, signed_checkpoint: Checkpoint | None) -> None:
    """Fold the replica's events anew up to a checkpoint, from the one that was signed last.

    The replica holds what the node's own endpoint gave; the point to start from lies in another database, so that
    events which were altered in the replica afterwards, or are missing in the trees over them, are noticed. Of the facts
    the replica's own daily refold tells. Raises: CheckpointRefused, Quarantined.
    """
    if checkpoint.roots is None:
        raise CheckpointRefused(
            "this replica is from before the trees: start its node once, which makes them"
        )
    fold, event_trees, are_trees_kept = Fold(view.head_zero), EventTrees(), True
    if signed_checkpoint:
        fold = Fold(
            signed_checkpoint.head,
            signed_checkpoint.event_number,
            signed_checkpoint.block_number,
            signed_checkpoint.time,
        )
        event_trees = EventTrees(signed_checkpoint.event_number, view.event_nodes)
        signed_roots = signed_checkpoint.roots
        are_trees_kept = signed_roots is None or _list_event_roots(signed_roots) == _list_roots(event_trees)
    try:
        for event in view.walk_events(fold.event_number, limit=checkpoint.event_number - fold.event_number):
            fold.extend(event.event)
            event_trees.append(event.event)
    except BrokenHead as error:
        raise CheckpointRefused(f"the replica's events do not follow what was signed: {error}") from error
    if (fold.event_number, fold.head) != (checkpoint.event_number, checkpoint.head):
        raise CheckpointRefused(
            f"the replica's events do not make the head of event {checkpoint.event_number}"
        )
    if not are_trees_kept or _list_roots(event_trees) != _list_event_roots(checkpoint.roots):
        raise CheckpointRefused(
            f"the replica's trees do not hold the events up to event {checkpoint.event_number}: one forgets or alters some"
        )


def _list_roots(event_trees: EventTrees) -> list[bytes]:
    return [event_trees.root(suite) for suite in SUITES]


def _list_event_roots(roots: Roots) -> list[bytes]:
    return [roots.events_sm3, roots.events_sha256]


def find_node_keys(view: ReplicaView) -> dict[bytes, PublicKey]:
    """Return the keys of nodes that the registry knows and nobody has retired or reported stolen, by their ids.

    The registry takes any bytes for a key; what is none is left out.
    """
    keys = {}
    for key in find_declared_node_keys(view):
        if key.retired_at is None and key.compromised_since is None:
            with suppress(MalformedInput):
                keys[key.id] = decode_public_key(key.spki)
    return keys


class Cosigner:
    """Signs with `key`, where the node has one, and asks `peers`."""

    def __init__(
        self,
        replica: Replica,
        checkpoints: Checkpoints,
        key: PrivateKey | None,
        peers: Sequence[CosigningPeer],
    ) -> None:
        self._replica, self._checkpoints, self._key, self._peers = replica, checkpoints, key, peers

    def sign(self, event_number: int | None = None) -> CosignedCheckpoint:
        """Sign at an event, by default the newest final one. Raises: CheckpointRefused, NotFound, Quarantined."""
        if self._key is None:
            raise CheckpointRefused("this node has no key: name one as `node_key` in its settings")
        with self._replica.reading() as view:
            checkpoint = make_checkpoint(
                view, view.cursor.event_number if event_number is None else event_number
            )
            signed_checkpoint = self._checkpoints.find_last_signed()
            if signed_checkpoint is None or checkpoint.event_number > signed_checkpoint.event_number:
                recompute(view, checkpoint, signed_checkpoint)
        return self._checkpoints.sign(self._key, checkpoint)

    def take(self, cosigned_checkpoint: CosignedCheckpoint) -> int:
        """Keep somebody's good cosignatures by keys that the registry knows as nodes', and return how many they are.

        They are kept beside this node's own, and where this node holds another history, as evidence of a fork.
        Raises: CheckpointRefused for another registry, or another release's, NotFound for an event not final here yet.
        """
        checkpoint = cosigned_checkpoint.checkpoint
        with self._replica.reading() as view:
            if checkpoint.registry != view.registry:
                raise CheckpointRefused(f"the checkpoint is of {checkpoint.registry}, not of {view.registry}")
            own_checkpoint = make_checkpoint(view, checkpoint.event_number)
            proven_checkpoint = cosigned_checkpoint.keep_proven(find_node_keys(view))
        contradiction = find_contradiction(own_checkpoint, checkpoint)
        if contradiction:
            self._tell_contradiction(own_checkpoint, proven_checkpoint, contradiction)
            return 0
        if own_checkpoint != checkpoint:
            raise CheckpointRefused(
                f"the checkpoint at event {checkpoint.event_number} is of another version, or its facts follow by other "
                "rules: its node runs another release of this program"
            )
        self._checkpoints.add(proven_checkpoint, self._key.public.id if self._key else None)
        return len(proven_checkpoint.cosignatures)

    def _tell_contradiction(
        self, own_checkpoint: Checkpoint, proven_checkpoint: CosignedCheckpoint, contradiction: str
    ) -> None:
        """Keep as evidence what a node of the registry signed; what nobody known signed proves nothing."""
        if proven_checkpoint.cosignatures:
            self._checkpoints.keep_fork(
                Fork(self._checkpoints.read_cosigned(own_checkpoint), proven_checkpoint)
            )
            logger.error("the registry is forked: %s", contradiction)
        else:
            logger.warning(
                "a checkpoint that no node of the registry signed is of another history: %s", contradiction
            )

    def step(self) -> None:
        """1. Sign where it is time to. 2. Ask every peer for its newest checkpoint. Raises: AnchoringError."""
        with self._replica.reading() as view:
            due_number = find_due_event_number(view)
        signed_checkpoint = self._checkpoints.find_last_signed()
        if (
            self._key
            and due_number
            and (signed_checkpoint is None or due_number > signed_checkpoint.event_number)
        ):  # 1
            self.sign(due_number)
        for peer in self._peers:  # 2
            try:
                cosigned_bytes = peer.fetch_checkpoint()
                if cosigned_bytes is not None:
                    self.take(read_cosigned(cosigned_bytes))
            except (PeerFailed, MalformedInput, CheckpointRefused, NotFound) as error:
                logger.warning("%s: %s", peer.name, error)

    def run(self, stop: Stop) -> None:
        """Sign and collect until told to stop."""
        while not stop.is_set():
            try:
                self.step()
            except (AnchoringError, LedgerError) as error:
                logger.warning("%s", error)
            stop.wait(ROUND_SECONDS)
