"""The worked example of the format pages: one licence from its claims to its proof.

Recomputed from fixed inputs:

    python docs/formats/worked_example.py            check that every page shows what is computed
    python docs/formats/worked_example.py --write    put what is computed into the pages

The key is the public example of GB/T 32918.5, the licence is fictional. SM2 signatures are randomised, so the two signatures
are kept here and checked, not made again.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import worked_audit
import worked_checkpoint
import worked_documents
import worked_erasure
import worked_history
import worked_notes
import worked_receipt
import worked_sealing
import worked_trees

from ledger.crypto import trees
from ledger.crypto.keys import PublicKey, decode_signature, encode_signature, generate_key, keccak256
from ledger.crypto.suites import SM3
from ledger.crypto.trees import MerkleTree
from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.times import format_time, parse_date, parse_time
from ledger.proof.paper import encode_paper
from ledger.proof.proof import Proof, Staple
from ledger.proof.staples import RANGE_CHUNKS, StatusRange
from ledger.records import claims
from ledger.records.claims import FullDisclosure, make_document_claim
from ledger.records.records import Record
from ledger.records.submissions import MAX_STATEMENT_SECONDS, Entry, Statement, Window, order_by_leaf
from ledger.registry import acts
from ledger.registry.acts import Event
from ledger.registry.knowledge import Knowledge
from ledger.registry.snapshots import read_header
from ledger.registry.status import StatusTree, encode_changes
from ledger.registry.trust_files import TrustFile
from ledger.verification.past import judge_past
from ledger.verification.reasons import REASON_TABLE, Outcome
from ledger.verification.verify import Policy, PresentedContent, verify

PAGES = Path(__file__).parent
SECRET = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
SIGNATURES = (
    "EjOcbO64EiUbrbEGnG52HG4EoTgxnnYBc6spT5Y6FctbuOaMAzrq1zXHYUhX6XX0WgZu97_gTrSxGrDpr3bk7Q",
    "3DYeBCfvcaGJbcvgO_Qw-xKe5uE31ZMXDv14Z1wMKBNiVnBkWnnhn8wRHa0PaEirA8OACDZJ38SRDuxE7cbmsw",
)
ISSUER = "11429006012345671T"
IDENTIFIER = "1.2.156.3005.2.11100000MB0143028R001.11429006012345671T.TM2022A0000000000001.001.E"
OTHER_IDENTIFIER = "1.2.156.3005.2.11100000MB03271699001.11429006012345671T.TM2022A0000000000001.001.5"
DOCUMENT = "天门市示例商贸有限公司 营业执照\n".encode()
CONTRACT = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
PROVINCE = "0x" + "11" * 20
ADMIN = "0x" + "22" * 20
OPERATOR = "0x" + "33" * 20
HEAD_0 = acts.compute_head_zero(31337, CONTRACT, bytes(31) + b"\x01")
REGISTRY = acts.build_registry_name(31337, CONTRACT, HEAD_0)


@dataclass(frozen=True)
class Example:
    """Everything that the pages show, by the name of its block."""

    blocks: dict[str, Json]
    knowledge: Knowledge
    snapshot: bytes
    trust: TrustFile
    proof: Proof
    disclosure: FullDisclosure


def make_licence() -> tuple[Record, FullDisclosure]:
    document = make_document_claim(SM3, DOCUMENT, "text/plain; charset=utf-8").to_json()
    values: dict[str, Json] = {
        "KZ_JYFW": "日用百货销售",
        "ZZMC": "营业执照",
        "CZZT": "天门市示例商贸有限公司",
        "ZZBFRQ": "2022-03-28",
        "document/1": document,
    }
    disclosure = FullDisclosure(bytes(range(16)), tuple(sorted(values.items())))
    record = Record(
        suite=SM3,
        kind="licence",
        action="issue",
        identifier=IDENTIFIER,
        issuer=ISSUER,
        time=parse_time("2022-03-28T08:00:00Z"),
        salt=bytes(range(16, 32)),
        valid_from=parse_date("2022-03-28"),
        valid_until=parse_date("2027-03-27"),
        claims=disclosure.digest(SM3),
    )
    return record, disclosure


def make_neighbour(salt: int, action: str = "issue", previous: bytes | None = None) -> Record:
    digest = FullDisclosure(bytes([salt]) * 16, (("ZZMC", "不动产权证书"),)).digest(SM3)
    return Record(SM3, "licence", action, OTHER_IDENTIFIER, ISSUER, parse_time("2022-03-28T08:00:00Z"), bytes([salt]) * 16,
                  claims=digest, previous=previous)  # fmt: skip


def make_suspension(previous: bytes) -> Record:
    return Record(SM3, "licence", "suspend", OTHER_IDENTIFIER, ISSUER, parse_time("2022-03-28T09:00:00Z"), b"\x42" * 16,
                  previous=previous, basis="示例条例 第七条")  # fmt: skip


def make_entry(
    records: list[Record], key: PublicKey, signature: str, time: str
) -> tuple[Entry, trees.MerkleTree]:
    tree = MerkleTree(SM3, [leaf for leaf, _ in order_by_leaf(records)])
    signed_at = parse_time(time)
    expires_at, window = signed_at + MAX_STATEMENT_SECONDS, Window.after(0)
    statement = Statement(
        REGISTRY, "tianmen", ISSUER, key.id, len(records), SM3, tree.root, signed_at, expires_at, window
    )
    if signature.startswith("SIGNATURE"):
        signature = encode_signature(generate_key("sm2", lambda _: SECRET).sign(statement.encode()))
        print("sign again:", signature)
    if not key.verify(statement.encode(), decode_signature(signature)):
        raise SystemExit("a kept signature does not fit its statement: replace it by SIGNATURE and run again")
    return Entry(statement, decode_signature(signature), signed_at + 5), tree


@dataclass(frozen=True)
class Batch:
    """The one batch of the story: two submissions, of which the second suspends a certificate of the first."""

    records: list[tuple[Record, FullDisclosure | None]]
    suspension: Record
    entries: tuple[Entry, Entry]
    submission: trees.MerkleTree
    tree: trees.CountedTree
    status: StatusTree
    changes: bytes

    @property
    def anchor(self) -> acts.Anchored:
        return acts.Anchored("tianmen", 1, 3, self.tree.root, self.status.compute_root(), self.changes)


def make_batch(key: PublicKey, record: Record, disclosure: FullDisclosure) -> Batch:
    neighbour_record = make_neighbour(7)
    suspension = make_suspension(neighbour_record.hash_leaf())
    first_entry, submission = make_entry(
        [record, neighbour_record], key, SIGNATURES[0], "2022-03-28T08:30:00Z"
    )
    second_entry, _ = make_entry([suspension], key, SIGNATURES[1], "2022-03-28T09:00:10Z")
    status = StatusTree(SM3)
    status.grow(3)
    position = [leaf for leaf, _ in order_by_leaf([record, neighbour_record])].index(
        neighbour_record.hash_leaf()
    )
    status.set(position, 1)
    tree = trees.CountedTree(SM3, [first_entry.hash_leaf(), second_entry.hash_leaf()])
    records: list[tuple[Record, FullDisclosure | None]] = [(record, disclosure), (neighbour_record, None)]
    changes = encode_changes([(position, 1)])
    return Batch(records, suspension, (first_entry, second_entry), submission, tree, status, changes)


def replay_story(key: PublicKey, anchor: acts.Anchored) -> tuple[Knowledge, list[Event], list[Json]]:
    """Let the story happen; return what is known afterwards, the events, and how the page shows them."""
    grant = acts.KeyGranted("tianmen", key.id, ISSUER, 1, (), 1640995200, 1956527999)
    acts_of_story: list[tuple[str, int, acts.Act]] = [
        ("2022-03-01T00:00:00Z", 2, acts.ProvinceTransferred(PROVINCE)),
        ("2022-03-01T00:00:10Z", 3, acts.LogAdmitted("tianmen", 1, ADMIN, ("429006",), acts.Predecessor())),
        ("2022-03-01T00:00:20Z", 4, acts.OperatorSet("tianmen", OPERATOR)),
        ("2022-03-01T00:00:20Z", 4, acts.IssuerAdded("tianmen", ISSUER)),
        ("2022-03-01T00:00:30Z", 5, acts.KeyRegistered("tianmen", 1, key.spki)),
        ("2022-03-01T00:00:30Z", 5, grant),
        ("2022-03-28T09:00:20Z", 900, anchor),
    ]
    knowledge, history, events_json = Knowledge(REGISTRY, HEAD_0), list[Event](), list[Json]()
    for time, block, act in acts_of_story:
        fold = knowledge.fold
        event = Event(
            fold.event_number + 1, act.KIND, fold.block_number, parse_time(time), act.encode(), block
        )
        knowledge.apply(event)
        history.append(event)
        events_json.append(
            {
                "n": event.event_number,
                "kind": event.kind,
                "act": type(act).__name__,
                "previousBlock": event.previous_block_number,
                "time": event.time,
                "payload": "0x" + event.payload.hex(),
                "head": "0x" + knowledge.fold.head.hex(),
            }
        )
    return knowledge, history, events_json


def make_proof(record: Record, disclosure: FullDisclosure, batch: Batch) -> Proof:
    leaves = [leaf for leaf, _ in order_by_leaf([record for record, _ in batch.records])]
    index = leaves.index(record.hash_leaf())
    return Proof(
        record=record,
        disclosure=disclosure,
        index=index,
        path=tuple(batch.submission.find_path(index)),
        entry=batch.entries[0],
        batch_path=tuple(batch.tree.find_path(0)),
        sequence=1,
        staple=Staple(1, batch.status.get_chunk(index), tuple(batch.status.find_path(index))),
    )


def make_suspended_proofs(batch: Batch) -> tuple[Proof, Proof]:
    """Return the bare proofs of the other certificate and of its suspension."""
    neighbour_record = next(
        record for record, _ in batch.records if record.hash_leaf() == batch.suspension.previous
    )
    index = [leaf for leaf, _ in order_by_leaf([record for record, _ in batch.records])].index(
        neighbour_record.hash_leaf()
    )
    path, (first_entry, second_entry) = tuple(batch.submission.find_path(index)), batch.entries
    return (
        Proof(neighbour_record, None, index, path, first_entry, tuple(batch.tree.find_path(0)), 1),
        Proof(batch.suspension, None, 0, (), second_entry, tuple(batch.tree.find_path(1)), 1),
    )


def make_record_blocks(record: Record, disclosure: FullDisclosure, batch: Batch) -> dict[str, Json]:
    """Return what a department makes: claims, records, a submission."""
    commitments = claims.commit_claims(SM3, disclosure.master, disclosure.claims)
    first_entry = batch.entries[0]
    return {
        "disclosure": disclosure.to_json(),
        "commitments": [
            [name, value.hex()] for (name, _), value in zip(disclosure.claims, commitments, strict=True)
        ],
        "claims-digest": SM3.format(disclosure.digest(SM3)),
        "selective": disclosure.select(SM3, {"ZZMC", "CZZT"}).to_json(),
        "record": record.to_json(),
        "record-leaf": SM3.format(record.hash_leaf()),
        "status-record": batch.suspension.to_json(),
        "statement": first_entry.statement.to_json(),
        "entry": first_entry.to_json(),
        "submission-lines": _write_lines(first_entry, batch.records),
    }


def list_head_zero_words() -> list[str]:
    """Return the words of 32 bytes that head 0 is the hash of: four heads, then length and bytes of the literal."""
    literal, words = acts.FORMAT.encode(), [(4 * 32).to_bytes(32), (31337).to_bytes(32)]
    words += [bytes(12) + CONTRACT, bytes(31) + b"\x01", len(literal).to_bytes(32), literal.ljust(32, b"\0")]
    if keccak256(b"".join(words)) != HEAD_0:
        raise SystemExit("the words are not what head 0 is made of")
    return [word.hex() for word in words]


def make_anchor_blocks(batch: Batch, events: list[Json]) -> dict[str, Json]:
    """Return what is public: entries, batch, anchor, events."""
    return {
        "entries": [entry.to_json() for entry in batch.entries],
        "batch": {"root": SM3.format(batch.tree.root), "counts": [2, 1], "size_before": 0, "size": 3},
        "anchor": {
            "log": "tianmen",
            "sequence": 1,
            "size": 3,
            "root": "0x" + batch.tree.root.hex(),
            "statusRoot": "0x" + batch.status.compute_root().hex(),
            "statusChanges": "0x" + batch.changes.hex(),
        },
        "entries-page": {
            "items": [
                {"first": first, "sequence": 1, "entry": entry.to_json()}
                for first, entry in zip((0, 2), batch.entries, strict=True)
            ],
            "copies": False,
        },
        "head-zero-encoded": "\n".join(list_head_zero_words()),
        "chunk": batch.status.get_chunk(0).hex(),
        "events": events,
        "head-zero": {
            "format": acts.FORMAT,
            "chainId": 31337,
            "contract": "0x" + CONTRACT.hex(),
            "blockhash": "0x" + (bytes(31) + b"\x01").hex(),
            "head": "0x" + HEAD_0.hex(),
            "name": REGISTRY,
        },
    }


def make_proof_blocks(proof: Proof, status: StatusTree, knowledge: Knowledge) -> dict[str, Json]:
    """Return what a verifier sees: the proof in both forms, statuses, report and verdict."""
    checked_at = parse_time("2022-03-28T09:12:00Z")
    report = verify(PresentedContent(documents=(DOCUMENT,)), proof.encode(), knowledge, checked_at, Policy())
    if report.verdict != "valid":
        raise SystemExit(f"the worked example is {report.verdict}: {report.deciding_step}")
    anchored_at = knowledge.fold.time
    chunks, upper_path = status.get_chunks(0, RANGE_CHUNKS), tuple(status.find_path_above(0, RANGE_CHUNKS))
    statuses = StatusRange(SM3, "tianmen", 1, anchored_at, status.size, 0, chunks, upper_path)
    return {
        "proof": proof.to_json(),
        "paper": encode_paper(proof),
        "status-range": json.loads(statuses.encode()),
        "past-status": judge_past(proof, knowledge, anchored_at).to_json(),
        "report": report.to_json(),
        "checked-at": format_time(checked_at),
        "verdict": {
            "verdict": report.verdict.value,
            "step": report.deciding_step.number,
            "reason": report.reason,
        },
        "reasons": _write_reasons(),
    }


def build_example() -> Example:
    key = generate_key("sm2", lambda _: SECRET).public
    record, disclosure = make_licence()
    batch = make_batch(key, record, disclosure)
    knowledge, history, events = replay_story(key, batch.anchor)
    proof = make_proof(record, disclosure, batch)
    checkpoint_blocks, snapshot, trust = worked_checkpoint.make_checkpoints(
        REGISTRY, HEAD_0, knowledge.fold, history, worked_trees.make_roots(history, REGISTRY, HEAD_0)
    )
    blocks = (
        make_record_blocks(record, disclosure, batch)
        | make_anchor_blocks(batch, events)
        | make_proof_blocks(proof, batch.status, knowledge)
        | checkpoint_blocks
        | worked_trees.make_blocks(history, REGISTRY, HEAD_0)
        | {
            "pocket": worked_trees.make_pocket_block(
                history, REGISTRY, HEAD_0, read_header([snapshot]).cosigned_checkpoint, trust, proof
            )
        }
        | worked_receipt.make_blocks(batch.entries[0], 0)
        | worked_erasure.make_blocks(batch.entries[0].statement, record)
        | worked_history.make_blocks(make_suspended_proofs(batch), history, HEAD_0)
        | worked_audit.make_blocks(REGISTRY, history, HEAD_0)
        | worked_notes.make_blocks(record)
        | worked_sealing.make_blocks(ISSUER)
        | worked_documents.make_blocks()
    )
    return Example(blocks, knowledge, snapshot, trust, proof, disclosure)


def _write_lines(first_entry: Entry, records: list[tuple[Record, FullDisclosure | None]]) -> str:
    statement_line: Json = {
        "statement": first_entry.statement.to_json(),
        "signature": encode_signature(first_entry.signature),
    }
    lines = [encode_canonical(statement_line)]
    for _, record in order_by_leaf(record for record, _ in records):
        line: dict[str, Json] = {"record": record.to_json()}
        disclosure = next(found for other, found in records if other == record)
        if disclosure is not None:
            line["disclosure"] = disclosure.to_json()
        lines.append(encode_canonical(line))
    return b"\n".join(lines).decode()


def _write_reasons() -> str:
    """Return the table from step, outcome and reason to the verdict, a row a line."""
    rows = [
        (number, outcome.value, reason, row.verdict.value)
        for (number, outcome, reason), row in REASON_TABLE.items()
    ]
    outcome_order = {outcome.value: place for place, outcome in enumerate(Outcome)}
    rows.sort(key=lambda row: (row[0], outcome_order[row[1]]))
    return "\n".join(
        f"{number:>2}  {outcome:<15}{reason:<26}{verdict}" for number, outcome, reason, verdict in rows
    )


def format_block(value: Json) -> str:
    """Return the fenced block that a page shows."""
    if isinstance(value, str):
        return f"```text\n{value}\n```"
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```"


def fill_page(page: str, blocks: dict[str, Json]) -> str:
    """Return the page with every block after a line `<!-- example: NAME -->` replaced by what is computed."""

    def replace(block: re.Match[str]) -> str:
        return f"<!-- example: {block[1]} -->\n{format_block(blocks[block[1]])}"

    return re.sub(r"<!-- example: ([a-z-]+) -->\n```.*?```", replace, page, flags=re.DOTALL)


def main() -> None:
    blocks, stale_pages = build_example().blocks, []
    for path in sorted(PAGES.glob("*.md")):
        page = path.read_text("utf-8")
        if fill_page(page, blocks) != page:
            stale_pages.append(path.name)
            if "--write" in sys.argv:
                path.write_text(fill_page(page, blocks), "utf-8")
    if stale_pages and "--write" not in sys.argv:
        raise SystemExit(f"these pages show something else than is computed: {', '.join(stale_pages)}")
    print(f"{'written' if stale_pages else 'all pages agree'}: {len(blocks)} blocks")


if __name__ == "__main__":
    main()
