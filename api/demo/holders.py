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
    proof_bytes: bytes
    claims: dict[str, Json]
    document_bytes: bytes | None = None

    def make_request(self, **changed_members: Json) -> dict[str, Json]:
        """Return the request with which a counter verifies it."""
        request_members: dict[str, Json] = {"proof": self.proof_bytes.decode()}
        if self.document_bytes is None:
            request_members["claims"] = self.claims
        else:
            request_members["documents"] = [base64.b64encode(self.document_bytes).decode()]
        return request_members | changed_members


def write_proof(node: NodeClient, row: Row, folder: Path) -> Holding:
    """Fetch the proof of one certificate and put it, with its document if there is one, into the holders' folder."""
    identifier = row["identifier"]
    proof_bytes = node.fetch_certificate_proof(identifier)
    document_paths = row.get("documents", [])
    document_bytes = (EXAMPLES / document_paths[0]).read_bytes() if document_paths else None
    file_name = Path(document_paths[0]).name if document_paths else identifier
    if document_bytes is not None:
        (folder / file_name).write_bytes(document_bytes)
    (folder / f"{file_name}.proof.json").write_bytes(proof_bytes)
    return Holding(identifier, proof_bytes, row["claims"], document_bytes)


def group_by_issuer(path: Path) -> dict[str, list[bytes]]:
    """Return the lines of a file of input rows by the issuer that they name."""
    lines_by_issuer: dict[str, list[bytes]] = {}
    for line in path.read_bytes().splitlines():
        lines_by_issuer.setdefault(json.loads(line)["issuer"], []).append(line)
    return lines_by_issuer


def make_forgeries(
    paper_holding: Holding, document_holding: Holding
) -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Yield what is tried with a paper licence and one with a document: in words, the reason that must come, the request."""
    assert document_holding.document_bytes is not None
    altered_document = bytearray(document_holding.document_bytes)
    altered_document[len(altered_document) // 2] ^= 1
    encoded_documents: list[Json] = [base64.b64encode(bytes(altered_document)).decode()]
    yield (
        "one byte of a document altered",
        "document_mismatch",
        document_holding.make_request(documents=encoded_documents),
    )
    proof_members = json.loads(paper_holding.proof_bytes)
    claim_name, value = next(
        claim for claim in proof_members["disclosure"]["claims"] if isinstance(claim[1], str)
    )
    claims = paper_holding.claims | {claim_name: value + "改"}
    for claim in proof_members["disclosure"]["claims"]:
        if claim[0] == claim_name:
            claim[1] = value + "改"
    altered_request = paper_holding.make_request(proof=json.dumps(proof_members), claims=claims)
    yield "one claim altered, on the paper and in the proof", "claims_altered", altered_request
    yield "one claim altered on the paper alone", "claim_mismatch", paper_holding.make_request(claims=claims)
    moved_proof_members = json.loads(paper_holding.proof_bytes) | {
        "sequence": json.loads(document_holding.proof_bytes)["sequence"]
    }
    yield (
        "a proof that names another batch",
        "not_in_batch",
        paper_holding.make_request(proof=json.dumps(moved_proof_members)),
    )


def encode_request(value: object) -> bytes:
    """Return the body of a request."""
    return json.dumps(value, ensure_ascii=False).encode()
