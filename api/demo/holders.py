"""Holders in the demo: their proofs and documents, and what a forger makes of them."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NotRequired, TypedDict

from api.client.client import NodeClient
from ledger.encoding.canonical import Json

EXAMPLES: Final = Path(__file__).parents[2] / "examples"


class Row(TypedDict):
    """An input row of the examples, as far as the demo reads it."""

    identifier: str
    claims: dict[str, Json]
    documents: NotRequired[list[str]]


@dataclass(slots=True)
class Holding:
    """What a holder has in hand: the proof, the values on the paper, the document if there is one."""

    identifier: str
    proof: bytes
    claims: dict[str, Json]
    document: bytes | None = None

    def request(self, **changes: Json) -> dict[str, Json]:
        """Return the request with which a counter verifies it."""
        body: dict[str, Json] = {"proof": self.proof.decode()}
        if self.document is None:
            body["claims"] = self.claims
        else:
            body["documents"] = [base64.b64encode(self.document).decode()]
        return body | changes


def write_proof(node: NodeClient, row: Row, folder: Path) -> Holding:
    """Fetch the proof of one certificate and put it, with its document if there is one, into the holders' folder."""
    identifier = row["identifier"]
    proof = node.fetch_certificate_proof(identifier)
    paths = row.get("documents", [])
    document = (EXAMPLES / paths[0]).read_bytes() if paths else None
    name = Path(paths[0]).name if paths else identifier
    if document is not None:
        (folder / name).write_bytes(document)
    (folder / f"{name}.proof.json").write_bytes(proof)
    return Holding(identifier, proof, row["claims"], document)


def group_by_issuer(path: Path) -> dict[str, list[bytes]]:
    """Return the lines of a file of input rows by the issuer that they name."""
    lines: dict[str, list[bytes]] = {}
    for line in path.read_bytes().splitlines():
        lines.setdefault(json.loads(line)["issuer"], []).append(line)
    return lines


def make_forgeries(sample: Holding, other_holding: Holding) -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Yield what is tried with a paper licence and one with a document: in words, the reason that must come, the request."""
    assert other_holding.document is not None
    altered_document = bytearray(other_holding.document)
    altered_document[len(altered_document) // 2] ^= 1
    documents: list[Json] = [base64.b64encode(bytes(altered_document)).decode()]
    yield "one byte of a document altered", "document_mismatch", other_holding.request(documents=documents)
    proof = json.loads(sample.proof)
    name, value = next(claim for claim in proof["disclosure"]["claims"] if isinstance(claim[1], str))
    claims = sample.claims | {name: value + "改"}
    for claim in proof["disclosure"]["claims"]:
        if claim[0] == name:
            claim[1] = value + "改"
    both_altered = sample.request(proof=json.dumps(proof), claims=claims)
    yield "one claim altered, on the paper and in the proof", "claims_altered", both_altered
    yield "one claim altered on the paper alone", "claim_mismatch", sample.request(claims=claims)
    moved_proof = json.loads(sample.proof) | {"sequence": json.loads(other_holding.proof)["sequence"]}
    yield "a proof that names another batch", "not_in_batch", sample.request(proof=json.dumps(moved_proof))


def encode_request(value: object) -> bytes:
    """Return the body of a request."""
    return json.dumps(value, ensure_ascii=False).encode()
