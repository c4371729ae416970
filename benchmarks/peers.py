"""Ours beside public peers that do the same work, on the same inputs, in one run.

    python -m benchmarks peers [--quick]

`make bench` installs the peer that nothing else needs (`uv sync --group bench`). Passes take turns, ours and the peer's, so
that other work on the machine meets both; medians of three, and how many times as fast ours is. Seconds of the processor; of
the clock where a disk makes something durable. Both sides must agree before anything is measured, and what one of them does
beyond the other is said. `--quick` leaves out the largest tree.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from itertools import count
from json import dumps
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Final

import gmalg
import rfc8785
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256 as SHA256_HASH
from gmssl_pyx import sm2_verify_sm3_digest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pymerkle import InmemoryTree, SqliteTree, verify_inclusion

from anchoring.intake.intake import accept
from anchoring.register.store import Register
from benchmarks.core import (
    FIRST_DAY,
    LAST_DAY,
    City,
    build,
    make_city,
    make_document,
    make_documents,
    make_rows,
)
from benchmarks.documents import NOW as SIGNED_AT
from benchmarks.documents import make_pdfs
from ledger.crypto import p256, sm2
from ledger.crypto.suites import SHA256
from ledger.crypto.trees import MerkleTree, compute_root, hash_leaf
from ledger.documents.openers import inspect
from ledger.encoding.canonical import encode_canonical
from ledger.proof.paper import encode_paper
from ledger.verification.reasons import Verdict
from tests.fakes.department import NOW, SETTINGS, World, licence

Work = Callable[[], int]  # does its work once and says of how many things

PASS_COUNT: Final = 3
DOCUMENT_COUNTS: Final = (1_000, 10_000, 100_000)
SUBMISSION_SIZES: Final = ((1, 50), (10_000, 1))  # documents of a submission, submissions of a pass
PATH_COUNT: Final = 1_000
PDF_COUNT: Final = 30
MANY_REPEATS: Final = 1_000
FEW_REPEATS: Final = 20  # for what takes milliseconds
MESSAGE: Final = bytes(64)

#: Bytes of a proof at `DOCUMENT_COUNTS`, of peers in other languages. Taken over, not measured here.
SIZES_ELSEWHERE: Final = {
    "OpenTimestamps: path and anchor": (427, 555, 689),
    "OpenAttestation: path": (865, 1_109, 1_332),
    "Blockcerts: path, anchor and signature": (1_271, 1_654, 1_941),
}


def main() -> None:
    """Print the tables."""
    document_counts = DOCUMENT_COUNTS[:-1] if "--quick" in sys.argv else DOCUMENT_COUNTS
    print(f"\n{'Beside peers, per second':<48}{'ours':>12}{'peer':>12}{'ratio':>8}")
    for document_count in document_counts:
        measure_trees(document_count)
    measure_durable()
    measure_signatures()
    print("  canonical JSON (RFC 8785); ours refuses what its profile leaves out, such as fractions")
    claim_objects = [values for _, values in make_documents(MANY_REPEATS)]
    require_agreement(all(encode_canonical(value) == rfc8785.dumps(value) for value in claim_objects))
    measure_beside(
        "objects of 20 fields",
        "rfc8785",
        make_work(claim_objects, encode_canonical),
        make_work(claim_objects, rfc8785.dumps),
    )
    measure_pdfs()
    measure_proofs(document_counts)


def measure_beside(
    description: str,
    peer_name: str,
    own_work: Work,
    peer_work: Work,
    read_clock: Callable[[], float] = process_time,
) -> None:
    """Measure both in turns and print the line."""
    rates_of_both: tuple[list[float], list[float]] = ([], [])
    for _ in range(PASS_COUNT):
        for peer_rates, work in zip(rates_of_both, (own_work, peer_work), strict=True):
            start_seconds = read_clock()
            work_count = work()
            peer_rates.append(work_count / (read_clock() - start_seconds))
    own_rate, peer_rate = map(median, rates_of_both)
    print(
        f"    {description:<44}{own_rate:>12,.0f}{peer_rate:>12,.0f}{own_rate / peer_rate:>8.2f}  {peer_name}"
    )


def make_work(arguments: Sequence[object], work: Callable[..., object]) -> Work:
    def work_through() -> int:
        for argument in arguments:
            work(argument)
        return len(arguments)

    return work_through


def make_repeated_work(repeat_count: int, work: Callable[..., object], *arguments: object) -> Work:
    return make_work(range(repeat_count), lambda _: work(*arguments))


def require_agreement(is_agreed: bool) -> None:
    if not is_agreed:
        raise SystemExit("what is measured does not verify, or ours and the peer's do not agree")


# -- Trees --


def measure_trees(document_count: int) -> None:
    entries = [
        encode_canonical({"identifier": identifier, **values})
        for identifier, values in make_documents(document_count)
    ]
    hash_entry = partial(hash_leaf, SHA256)
    own_tree, peer_tree = (
        MerkleTree(SHA256, [hash_entry(entry) for entry in entries]),
        InmemoryTree.init_from_entries(entries),
    )
    root = own_tree.root

    def make_own_root() -> int:
        require_agreement(MerkleTree(SHA256, [hash_entry(entry) for entry in entries]).root == root)
        return document_count

    def make_peer_root() -> int:
        require_agreement(InmemoryTree.init_from_entries(entries).get_root() == root)
        return document_count

    def check_own_path(index: int) -> None:
        require_agreement(
            compute_root(SHA256, hash_entry(entries[index]), index, document_count, own_tree.find_path(index))
            == root
        )

    def check_peer_path(index: int) -> None:
        verify_inclusion(
            hash_entry(entries[index]), root, peer_tree.prove_inclusion(index + 1), index + 1, document_count
        )

    print(f"  a tree of {document_count:,} documents of 1 kB, in memory (RFC 9162, SHA-256)")
    measure_beside("documents to their root", "pymerkle", make_own_root, make_peer_root)
    leaf_indices = Random(document_count).sample(range(document_count), PATH_COUNT)
    measure_beside(
        "paths made and checked",
        "pymerkle",
        make_work(leaf_indices, check_own_path),
        make_work(leaf_indices, check_peer_path),
    )


def measure_durable() -> None:
    """Documents that a register accepts, and that the peer's tree takes, on the same disk."""
    print("  durable in SQLite; pymerkle keeps bytes and hashes, ours also checks and indexes every record")
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder_name:
        register, world, serials = (
            Register(f"sqlite:///{folder_name}/register.db"),
            World(suite=SHA256),
            count(1),
        )
        with SqliteTree(f"{folder_name}/tree.db") as tree:
            for document_count, repeat_count in SUBMISSION_SIZES:
                submissions_by_pass = [
                    [make_submission(world, serials, document_count) for _ in range(repeat_count)]
                    for _ in range(PASS_COUNT)
                ]
                accept_own, append_peer = partial(accept_all, register, world), partial(append_all, tree)
                measure_beside(
                    f"documents, {document_count:,} at once",
                    "pymerkle",
                    partial(accept_own, iter(submissions_by_pass)),
                    partial(append_peer, iter(submissions_by_pass)),
                    perf_counter,
                )
        register.close()


def make_submission(world: World, serials: Iterator[int], document_count: int) -> list[bytes]:
    """Return the lines of a submission: its statement, then its records with 20 claims each."""
    documents = (make_document(next(serials)) for _ in range(document_count))
    return world.department.lines(
        licence(identifier=identifier, claims=values, valid_from=FIRST_DAY, valid_until=LAST_DAY)
        for identifier, values in documents
    )


def accept_all(register: Register, world: World, submissions_by_pass: Iterator[list[list[bytes]]]) -> int:
    return sum(
        accept(register, world.trust, lines, NOW, SETTINGS).record_count
        for lines in next(submissions_by_pass)
    )


def append_all(tree: SqliteTree, submissions_by_pass: Iterator[list[list[bytes]]]) -> int:
    size_before = tree.get_size()
    for lines in next(submissions_by_pass):
        tree.append_entries(lines[1:])
    return int(tree.get_size() - size_before)


# -- Signatures --


def measure_signatures() -> None:
    print("  signatures of 64 bytes, from and to plain numbers; the libraries below show what that costs")
    private_bytes = Random(1).randbytes(32)
    public_point = sm2.point_of(private_bytes)
    r_number, s_number = sm2.sign(private_bytes, public_point, MESSAGE)
    number_bytes, der_signature = (
        (r_number.to_bytes(32, "big"), s_number.to_bytes(32, "big")),
        encode_dss_signature(r_number, s_number),
    )
    peer_key = gmalg.SM2(sk=private_bytes, pk=b"\x04" + public_point, uid=sm2.IDENTITY)
    message_digest = sm2.message_digest(public_point, MESSAGE)
    require_agreement(
        peer_key.verify(MESSAGE, *number_bytes)
        and sm2_verify_sm3_digest(public_point, message_digest, der_signature)
    )
    own_signing = make_repeated_work(MANY_REPEATS, sm2.sign, private_bytes, public_point, MESSAGE)
    own_checking = make_repeated_work(MANY_REPEATS, sm2.verify, public_point, MESSAGE, r_number, s_number)
    measure_beside("SM2, made", "gmalg", own_signing, make_repeated_work(FEW_REPEATS, peer_key.sign, MESSAGE))
    measure_beside(
        "SM2, checked",
        "gmalg",
        own_checking,
        make_repeated_work(FEW_REPEATS, peer_key.verify, MESSAGE, *number_bytes),
    )
    library_checking = make_repeated_work(
        MANY_REPEATS, sm2_verify_sm3_digest, public_point, message_digest, der_signature
    )
    measure_beside("SM2, checked", "gmssl-pyx, the library below", own_checking, library_checking)
    private_key = ec.derive_private_key(int.from_bytes(private_bytes, "big"), ec.SECP256R1())
    public_point = p256.point_of(private_bytes)
    r_number, s_number = p256.sign(private_bytes, public_point, MESSAGE)
    algorithm, public_key, der_signature = (
        ec.ECDSA(SHA256_HASH()),
        private_key.public_key(),
        encode_dss_signature(r_number, s_number),
    )
    require_agreement(p256.verify(public_point, MESSAGE, r_number, s_number))
    own_checking = make_repeated_work(MANY_REPEATS, p256.verify, public_point, MESSAGE, r_number, s_number)
    library_checking = make_repeated_work(MANY_REPEATS, public_key.verify, der_signature, MESSAGE, algorithm)
    measure_beside("P-256, checked", "cryptography, the library below", own_checking, library_checking)


# -- Documents and proofs --


def measure_pdfs() -> None:
    print("  signed PDFs of one page; pyHanko follows chains as X.509 has it, ours by the trust list alone")
    pdf_documents, trust_list = make_pdfs(PDF_COUNT)
    root_certificates = [Certificate.load(authority.certificate.der) for authority in trust_list.authorities]
    signed_at = datetime.fromtimestamp(SIGNED_AT, UTC)

    def check_by_pyhanko(pdf_bytes: bytes) -> None:
        context = ValidationContext(trust_roots=root_certificates, allow_fetching=False, moment=signed_at)
        (signature,) = PdfFileReader(BytesIO(pdf_bytes)).embedded_regular_signatures
        require_agreement(validate_pdf_signature(signature, context).bottom_line)

    def check_by_own(pdf_bytes: bytes) -> None:
        require_agreement(inspect(pdf_bytes, trust_list).verdict is Verdict.VALID)

    measure_beside(
        "PDFs",
        "pyHanko alone",
        make_work(pdf_documents, check_by_own),
        make_work(pdf_documents, check_by_pyhanko),
    )


def measure_proofs(document_counts: Sequence[int]) -> None:
    print(
        f"\n{'Bytes of a proof':<48}"
        + "".join(f"{document_count:>10,}" for document_count in document_counts)
    )
    sizes_by_description: dict[str, list[int]] = {}
    for document_count in document_counts:
        proof = next(iter(build(make_city(SHA256, "sm2", City), make_rows(make_documents(document_count)))))
        tree = InmemoryTree.init_from_entries([b"%d" % number for number in range(document_count)])
        for description, encoding in {
            "ours, with 20 claims and their status": proof.encode(),
            "ours, without claims and status": replace(proof, disclosure=None, staple=None).encode(),
            "ours, as the code printed on paper": encode_paper(proof).encode(),
            "pymerkle: path": dumps(tree.prove_inclusion(1).serialize()).encode(),
        }.items():
            sizes_by_description.setdefault(description, []).append(len(encoding))
    for description, proof_sizes in (sizes_by_description | SIZES_ELSEWHERE).items():
        size_columns = "".join(f"{proof_size:>10,}" for proof_size in proof_sizes[: len(document_counts)])
        print(
            f"  {description:<46}{size_columns}"
            + ("  taken over, not measured" if description in SIZES_ELSEWHERE else "")
        )


if __name__ == "__main__":
    main()
