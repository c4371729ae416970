"""Make proofs from the register, with the newest status that the replica knows."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from anchoring.errors import NotFinal, NotFound
from anchoring.register.records import StoredRecord, find_causes, find_record
from anchoring.register.store import Register
from anchoring.register.submissions import read_batch_entries, read_leaves
from anchoring.register.trees import BatchTree
from anchoring.replica.reading import ReplicaView
from anchoring.replica.status_trees import StatusTrees
from ledger.crypto.trees import MerkleTree
from ledger.proof.linking import trim_linked
from ledger.proof.proof import MAX_LINK_DEPTH, Proof
from ledger.records.claims import FullDisclosure


def make_proof(
    register: Register,
    reading: ReplicaView,
    trees: StatusTrees,
    leaf: bytes,
    *,
    names: Collection[str] | None = None,
) -> Proof:
    """Return the proof of the record of a leaf hash, with its newest staple and the records that explain its status.

    `names` are the claims to show while the others are withheld; None shows all. What was never disclosed to this node,
    or was erased, is left out. Raises: NotFound, NotFinal, MalformedInput for a claim that is not there.
    """
    with register.reading() as connection:
        maker = _Maker(register, connection, reading, trees)
        stored = find_record(connection, leaf)
        disclosure = stored.disclosure
        if names is not None and isinstance(disclosure, FullDisclosure):
            disclosure = disclosure.select(stored.record.suite, names)
        bare = maker.proof(stored)
        causes = (maker.proof(cause) for cause in maker.causes(stored))
        return replace(
            bare,
            disclosure=disclosure,
            status=trees.staple(reading, stored.submission.acceptance.log, stored.position),
            linked=(*maker.linked(stored), *causes),
        )


@dataclass(frozen=True, slots=True)
class _Maker:
    """One consistent state of the register and one of the replica."""

    register: Register
    connection: Connection
    reading: ReplicaView
    trees: StatusTrees

    def proof(self, stored: StoredRecord) -> Proof:
        """Return the proof that the record is anchored, and nothing more. Raises: NotFinal."""
        submission = stored.submission
        log, sequence = submission.acceptance.log, submission.sequence
        if sequence is None or self.reading.anchor(log, sequence) is None:
            raise NotFinal(submission.state)
        return Proof(
            record=stored.record,
            disclosure=None,
            index=stored.index,
            path=tuple(self._submission_tree(stored).path(stored.index)),
            entry=submission.entry,
            batch=tuple(self._batch_tree(stored, sequence).path(submission.acceptance.first)),
            sequence=sequence,
        )

    def linked(self, stored: StoredRecord, depth: int = 0) -> Iterator[Proof]:
        """Yield the proofs of the seals and sealings to which the record links, each with those to which it links.

        What another city registered is not here (`shunzheng proof --linked` adds it), and what was not disclosed here
        stays undisclosed: whoever verifies then says what is missing.
        """
        for link in stored.record.links if depth < MAX_LINK_DEPTH else ():
            try:
                target = find_record(self.connection, link.record)
                proof = self.proof(target)
            except (NotFound, NotFinal):
                continue
            inner = tuple(self.linked(target, depth + 1))
            yield trim_linked(replace(proof, disclosure=target.disclosure, linked=inner))

    def causes(self, stored: StoredRecord) -> list[StoredRecord]:
        """Return the newest final record that changed the status, and the newest that reinstated, oldest first.

        The second is needed where more happened since: a suspension that was lifted does not prove a reinstatement.
        """
        log = self.reading.log(stored.submission.acceptance.log)
        known = log.sequence if log else 0
        changing = [
            find_record(self.connection, leaf) for leaf in find_causes(self.connection, stored.position)
        ]
        final = [cause for cause in changing if (cause.submission.sequence or known + 1) <= known]
        reinstating = [cause for cause in final[:-1] if cause.record.action == "reinstate"]
        if final and final[-1].record.action == "reinstate":
            reinstating = []
        return reinstating[-1:] + final[-1:]

    def _submission_tree(self, stored: StoredRecord) -> MerkleTree:
        acceptance, suite = stored.submission.acceptance, stored.record.suite

        def build() -> tuple[MerkleTree, int]:
            return MerkleTree(suite, read_leaves(self.connection, acceptance)), acceptance.count

        return self.register.trees.submissions.get(acceptance.id, build)

    def _batch_tree(self, stored: StoredRecord, sequence: int) -> BatchTree:
        def build() -> tuple[BatchTree, int]:
            entries = read_batch_entries(self.connection, sequence)
            return BatchTree(stored.record.suite, entries), len(entries)

        return self.register.trees.batches.get(sequence, build)
