"""Make proofs from the register, with the newest status that the replica knows."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection

from anchoring.errors import NotFinal, NotFound
from anchoring.register.content.erasing import find_erasure
from anchoring.register.notes import find_notes, find_settled_notes
from anchoring.register.records import StoredRecord, find_causes, find_record
from anchoring.register.store import Register
from anchoring.register.submissions import read_batch_entries, read_leaves
from anchoring.register.trees import BatchTree
from anchoring.replica.reading import ReplicaView
from anchoring.replica.status_trees import StatusTrees
from ledger.crypto.trees import MerkleTree
from ledger.proof.linking import trim_linked
from ledger.proof.proof import MAX_LINK_DEPTH, MAX_LINKED, Proof, count_linked
from ledger.records.claims import FullDisclosure


def make_proof(
    register: Register,
    view: ReplicaView,
    trees: StatusTrees,
    leaf: bytes,
    *,
    names: Collection[str] | None = None,
) -> Proof:
    """Return the proof of the record of a leaf hash, with its newest staple and the records that explain its status.

    `names` are the claims to show while the others are withheld; None shows all. What was never disclosed to this node
    is left out; of what was erased on order its erasure comes along. Where claims are shown, the notes on the certificate
    that nothing settled come along. Raises: NotFound, NotFinal, MalformedInput for a claim that is not there.
    """
    with register.reading() as connection:
        maker = _ProofMaker(register, connection, view)
        stored_record = find_record(connection, leaf)
        disclosure = stored_record.disclosure
        if names is not None and isinstance(disclosure, FullDisclosure):
            disclosure = disclosure.select(stored_record.record.suite, names)
        bare_proof = maker.make_bare_proof(stored_record)
        causes = (maker.make_bare_proof(cause) for cause in maker.select_causes(stored_record))
        proof = replace(
            bare_proof,
            disclosure=disclosure,
            staple=trees.make_staple(view, stored_record.submission.acceptance.log, stored_record.position),
            linked_proofs=(*maker.make_linked_proofs(stored_record), *causes),
            erasure=None if disclosure else find_erasure(connection, leaf),
        )
        if names is not None and not names:
            return proof
        room = MAX_LINKED - count_linked(proof)
        note_proofs = maker.make_note_proofs(find_notes(connection, leaf) or ())
        return replace(proof, linked_proofs=(*proof.linked_proofs, *islice(note_proofs, room)))


def make_note_proofs(
    register: Register, view: ReplicaView, leaf: bytes, *, with_settled: bool = False
) -> list[Proof] | None:
    """Return proofs of the notes 附注 on the certificate of a record, with what they say, as far as they are anchored.

    None where the record is not registered here.
    """
    with register.reading() as connection:
        notes = find_notes(connection, leaf)
        if notes is None:
            return None
        settled_notes = find_settled_notes(connection, leaf) if with_settled else []
        return list(_ProofMaker(register, connection, view).make_note_proofs((*notes, *settled_notes)))


def make_bare_proof(
    register: Register, connection: Connection, view: ReplicaView, stored_record: StoredRecord
) -> Proof:
    """Return the proof that a record is anchored, and nothing more. Raises: NotFinal."""
    return _ProofMaker(register, connection, view).make_bare_proof(stored_record)


@dataclass(frozen=True, slots=True)
class _ProofMaker:
    """One consistent state of the register and one of the replica."""

    register: Register
    connection: Connection
    view: ReplicaView

    def make_bare_proof(self, stored_record: StoredRecord) -> Proof:
        """Return the proof that the record is anchored, and nothing more. Raises: NotFinal."""
        submission = stored_record.submission
        log, sequence = submission.acceptance.log, submission.sequence
        if sequence is None or self.view.find_anchor(log, sequence) is None:
            raise NotFinal(submission.state)
        return Proof(
            record=stored_record.record,
            disclosure=None,
            index=stored_record.index,
            path=tuple(self._get_submission_tree(stored_record).find_path(stored_record.index)),
            entry=submission.entry,
            batch_path=tuple(
                self._get_batch_tree(stored_record, sequence).find_path(submission.acceptance.first_position)
            ),
            sequence=sequence,
        )

    def make_linked_proofs(self, stored_record: StoredRecord, depth: int = 0) -> Iterator[Proof]:
        """Yield the proofs of the seals and sealings to which the record links, each with those to which it links.

        What another city registered is not here (`shunzheng proof --linked` adds it), and what was not disclosed here
        stays undisclosed: whoever verifies then says what is missing.
        """
        for link in stored_record.record.links if depth < MAX_LINK_DEPTH else ():
            try:
                target_record = find_record(self.connection, link.record)
                proof = self.make_bare_proof(target_record)
            except (NotFound, NotFinal):
                continue
            inner_proofs = tuple(self.make_linked_proofs(target_record, depth + 1))
            yield trim_linked(replace(proof, disclosure=target_record.disclosure, linked_proofs=inner_proofs))

    def make_note_proofs(self, notes: Iterable[StoredRecord]) -> Iterator[Proof]:
        """Yield the proofs of notes; one that is not anchored yet, or whose claims were erased, shows nothing."""
        for note in notes:
            if note.disclosure is None:
                continue
            with suppress(NotFinal):
                yield replace(self.make_bare_proof(note), disclosure=note.disclosure)

    def select_causes(self, stored_record: StoredRecord) -> list[StoredRecord]:
        """Return the newest final record that changed the status, and the newest that reinstated, oldest first.

        The second is needed where more happened since: a suspension that was lifted does not prove a reinstatement.
        """
        log = self.view.find_log(stored_record.submission.acceptance.log)
        known_sequence = log.sequence if log else 0
        changing_records = [
            find_record(self.connection, leaf)
            for leaf in find_causes(self.connection, stored_record.position)
        ]
        final_records = [
            cause
            for cause in changing_records
            if (cause.submission.sequence or known_sequence + 1) <= known_sequence
        ]
        reinstating_records = [cause for cause in final_records[:-1] if cause.record.action == "reinstate"]
        if final_records and final_records[-1].record.action == "reinstate":
            reinstating_records = []
        return reinstating_records[-1:] + final_records[-1:]

    def _get_submission_tree(self, stored_record: StoredRecord) -> MerkleTree:
        acceptance, suite = stored_record.submission.acceptance, stored_record.record.suite

        def build() -> tuple[MerkleTree, int]:
            return MerkleTree(suite, read_leaves(self.connection, acceptance)), acceptance.record_count

        return self.register.trees.submission_trees.get(acceptance.id, build)

    def _get_batch_tree(self, stored_record: StoredRecord, sequence: int) -> BatchTree:
        def build() -> tuple[BatchTree, int]:
            entries = read_batch_entries(self.connection, sequence)
            return BatchTree(stored_record.record.suite, entries), len(entries)

        return self.register.trees.batch_trees.get(sequence, build)
