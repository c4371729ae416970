"""Proofs 存证凭据 that travel with documents: their JSON form, and the position they show.

Nothing is judged here; `ledger.verification` judges. Format: docs/formats/proof.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger import limits
from ledger.crypto.trees import PathElement, follow_counted_path
from ledger.encoding.canonical import MAX_INTEGER, Json, decode, encode_canonical
from ledger.encoding.fields import Fields, parse_hex
from ledger.errors import LimitExceeded, MalformedInput
from ledger.records.claims import Disclosure, decode_disclosure
from ledger.records.erasures import SignedErasure, read_signed_erasure
from ledger.records.records import Record, decode_record
from ledger.records.submissions import Entry, decode_entry
from ledger.registry.status import CHUNK_BYTES
from ledger.registry.trust import Anchor

TYPE: Final = "shunzheng/proof/1"

# JSON text; 40 path elements and 256 claims fit many times over.
MAX_PROOF_BYTES: Final = 256 * 1024
# Linked proofs in all, counted through every level.
MAX_LINKED: Final = 16
# Licence -> signature -> seal.
MAX_LINK_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class Staple:
    """What a status was at an anchor: the chunk of 64 positions (32 bytes), its path to the status root."""

    sequence: int
    chunk: bytes
    path: tuple[bytes, ...]

    def to_json(self) -> Json:
        return {
            "sequence": self.sequence,
            "chunk": self.chunk.hex(),
            "path": [node.hex() for node in self.path],
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """A record, its place in a submission, the submission's place in a batch, proofs of linked records.

    `erasure` says why nothing is disclosed, where a node erased it on order. `pocket` is what `ledger.pocket.pockets` reads,
    for whoever verifies with nothing else; nobody else looks into it.
    """

    record: Record
    disclosure: Disclosure | None
    index: int
    path: tuple[bytes, ...]
    entry: Entry
    batch_path: tuple[PathElement, ...]
    sequence: int
    staple: Staple | None = None
    linked_proofs: tuple["Proof", ...] = ()
    erasure: SignedErasure | None = None
    pocket: Mapping[str, Json] | None = None

    def to_json(self) -> dict[str, Json]:
        body: dict[str, Json] = {
            "type": TYPE,
            "record": self.record.to_json(),
            "submission": {"index": self.index, "path": [node.hex() for node in self.path]},
            "entry": self.entry.to_json(),
            "batch": [
                [element.side, element.record_count, element.hash.hex()] for element in self.batch_path
            ],
            "sequence": self.sequence,
        }
        if self.disclosure is not None:
            body["disclosure"] = self.disclosure.to_json()
        if self.staple is not None:
            body["status"] = self.staple.to_json()
        if self.linked_proofs:
            body["linked"] = [proof.to_json() for proof in self.linked_proofs]
        if self.erasure is not None:
            body["erasure"] = self.erasure.to_json()
        if self.pocket is not None:
            body["pocket"] = dict(self.pocket)
        return body

    def encode(self) -> bytes:
        """Return the canonical JSON text. Raises: LimitExceeded for what no reader takes."""
        linked_count = count_linked(self)
        if linked_count > MAX_LINKED:
            raise LimitExceeded(f"{linked_count} proofs are linked, at most {MAX_LINKED} are allowed")
        data = encode_canonical(self.to_json())
        if len(data) > MAX_PROOF_BYTES:
            raise LimitExceeded(f"the proof has {len(data)} bytes, at most {MAX_PROOF_BYTES} are allowed")
        return data


def count_linked(proof: Proof) -> int:
    """Return how many proofs a proof carries, through every level."""
    return len(proof.linked_proofs) + sum(map(count_linked, proof.linked_proofs))


def decode_proof(data: bytes) -> Proof:
    """Read a proof from its JSON text, in any layout. Raises: MalformedInput, LimitExceeded, NewerFormat."""
    if len(data) > MAX_PROOF_BYTES:
        raise LimitExceeded(f"the proof has {len(data)} bytes, at most {MAX_PROOF_BYTES} are allowed")
    return read_proof(decode(data))


def read_proof(value: Json) -> Proof:
    """Read a proof from decoded JSON. Raises: MalformedInput, LimitExceeded, NewerFormat."""
    return _read_proof(value, depth=0, budget=[MAX_LINKED])


def _read_proof(value: Json, depth: int, budget: list[int]) -> Proof:
    fields = Fields(value, "proof")
    fields.take_type(TYPE)
    submission_fields = Fields(fields.take("submission"), "proof.submission")
    index, path = (
        submission_fields.take_integer("index", 0, limits.MAX_SUBMISSION_RECORDS - 1),
        submission_fields.take_hashes("path"),
    )
    submission_fields.close()
    proof = Proof(
        record=decode_record(fields.take("record")),
        disclosure=decode_disclosure(fields.take("disclosure")) if fields.has("disclosure") else None,
        index=index,
        path=path,
        entry=decode_entry(fields.take("entry")),
        batch_path=tuple(_read_element(item) for item in fields.take_array("batch", limits.MAX_PATH)),
        sequence=fields.take_integer("sequence", 1, MAX_INTEGER),
        staple=_read_staple(fields.take("status")) if fields.has("status") else None,
        linked_proofs=_read_linked_proofs(fields, depth, budget),
        erasure=read_signed_erasure(fields.take("erasure")) if fields.has("erasure") else None,
        pocket=_read_pocket(fields) if depth == 0 and fields.has("pocket") else None,
    )
    fields.close()
    return proof


def _read_pocket(fields: Fields) -> Mapping[str, Json]:
    pocket = fields.take("pocket")
    if not isinstance(pocket, dict):
        raise MalformedInput("`pocket` must be a JSON object")
    return pocket


def _read_linked_proofs(fields: Fields, depth: int, budget: list[int]) -> tuple[Proof, ...]:
    """Read linked proofs within what is left of the budget for the whole proof; nesting rules out cycles."""
    if not fields.has("linked"):
        return ()
    if depth == MAX_LINK_DEPTH:
        raise LimitExceeded(f"proofs are linked more than {MAX_LINK_DEPTH} deep")
    linked_items = fields.take_array("linked", MAX_LINKED)
    if not linked_items:
        raise MalformedInput("`linked` is left out when there are none")
    budget[0] -= len(linked_items)
    if budget[0] < 0:
        raise LimitExceeded(f"more than {MAX_LINKED} proofs are linked")
    return tuple(_read_proof(item, depth + 1, budget) for item in linked_items)


def _read_element(item: Json) -> PathElement:
    match item:
        case [("left" | "right") as side, int(count), str(digest)] if not isinstance(count, bool):
            return PathElement(side, count, parse_hex(digest, 32))
    raise MalformedInput('an element of `batch` is ["left" or "right", count, hash]')


def _read_staple(value: Json) -> Staple:
    fields = Fields(value, "status")
    staple = Staple(
        sequence=fields.take_integer("sequence", 1, MAX_INTEGER),
        chunk=fields.take_hex("chunk", CHUNK_BYTES),
        path=fields.take_hashes("path"),
    )
    fields.close()
    return staple


class OutsideBatch(MalformedInput):
    """The path of the entry leads to another root than that of the anchor."""


class CountMismatch(MalformedInput):
    """The batch counts other records than the log grew by at the anchor."""

    def __init__(self, record_count: int, growth: int) -> None:
        super().__init__(f"the batch counts {record_count} records, the log grew by {growth}")
        self.record_count, self.growth = record_count, growth


def compute_position(proof: Proof, anchor: Anchor) -> int:
    """Return the position of the record in its log, given the anchor of its entry.

    Raises: OutsideBatch, CountMismatch, MalformedInput when the path is none.
    """
    statement = proof.entry.statement
    counted_path = follow_counted_path(
        statement.suite, statement.record_count, proof.entry.hash_leaf()[1], proof.batch_path
    )
    growth = anchor.size - anchor.size_before
    if counted_path.root != anchor.root:
        raise OutsideBatch(f"the path of the entry does not lead to anchor {anchor.sequence} of {anchor.log}")
    if counted_path.record_count != growth:
        raise CountMismatch(counted_path.record_count, growth)
    return anchor.size_before + counted_path.first_position + proof.index


def is_proof(value: Json) -> bool:
    """Tell whether decoded JSON presents itself as a proof of any version."""
    return isinstance(value, Mapping) and str(value.get("type", "")).startswith("shunzheng/proof/")
