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
from cryptography.hazmat.primitives.hashes import SHA256 as DIGEST
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
from ledger.encoding.canonical import encode as canonical
from ledger.proof.paper import encode_paper
from ledger.verification.reasons import Verdict
from tests.fakes.department import NOW, SETTINGS, World, licence

Work = Callable[[], int]  # does its work once and says of how many things

PASSES: Final = 3
SIZES: Final = (1_000, 10_000, 100_000)
DURABLE: Final = ((1, 50), (10_000, 1))  # documents of a submission, submissions of a pass
PATHS: Final = 1_000
PDFS: Final = 30
OFTEN: Final = 1_000
SELDOM: Final = 20  # for what takes milliseconds
MESSAGE: Final = bytes(64)

#: Bytes of a proof at `SIZES`, of peers in other languages. Taken over, not measured here.
ELSEWHERE: Final = {
    "OpenTimestamps: path and anchor": (427, 555, 689),
    "OpenAttestation: path": (865, 1_109, 1_332),
    "Blockcerts: path, anchor and signature": (1_271, 1_654, 1_941),
}


def main() -> None:
    """Print the tables."""
    sizes = SIZES[:-1] if "--quick" in sys.argv else SIZES
    print(f"\n{'Beside peers, per second':<48}{'ours':>12}{'peer':>12}{'ratio':>8}")
    for size in sizes:
        measure_trees(size)
    measure_durable()
    measure_signatures()
    print("  canonical JSON (RFC 8785); ours refuses what its profile leaves out, such as fractions")
    objects = [values for _, values in make_documents(OFTEN)]
    require_agreement(all(canonical(value) == rfc8785.dumps(value) for value in objects))
    measure_beside(
        "objects of 20 fields",
        "rfc8785",
        make_work(objects, canonical),
        make_work(objects, rfc8785.dumps),
    )
    measure_pdfs()
    measure_proofs(sizes)


def measure_beside(
    description: str, peer: str, ours: Work, theirs: Work, clock: Callable[[], float] = process_time
) -> None:
    """Measure both in turns and print the line."""
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(PASSES):
        for peer_rates, work in zip(rates, (ours, theirs), strict=True):
            start = clock()
            work_count = work()
            peer_rates.append(work_count / (clock() - start))
    own_rate, peer_rate = map(median, rates)
    print(f"    {description:<44}{own_rate:>12,.0f}{peer_rate:>12,.0f}{own_rate / peer_rate:>8.2f}  {peer}")


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


def measure_trees(size: int) -> None:
    entries = [canonical({"identifier": identifier, **values}) for identifier, values in make_documents(size)]
    leaf = partial(hash_leaf, SHA256)
    own_tree, peer_tree = (
        MerkleTree(SHA256, [leaf(entry) for entry in entries]),
        InmemoryTree.init_from_entries(entries),
    )
    root = own_tree.root

    def our_root() -> int:
        require_agreement(MerkleTree(SHA256, [leaf(entry) for entry in entries]).root == root)
        return size

    def peer_root() -> int:
        require_agreement(InmemoryTree.init_from_entries(entries).get_root() == root)
        return size

    def our_path(index: int) -> None:
        require_agreement(
            compute_root(SHA256, leaf(entries[index]), index, size, own_tree.find_path(index)) == root
        )

    def peer_path(index: int) -> None:
        verify_inclusion(leaf(entries[index]), root, peer_tree.prove_inclusion(index + 1), index + 1, size)

    print(f"  a tree of {size:,} documents of 1 kB, in memory (RFC 9162, SHA-256)")
    measure_beside("documents to their root", "pymerkle", our_root, peer_root)
    places = Random(size).sample(range(size), PATHS)
    measure_beside(
        "paths made and checked", "pymerkle", make_work(places, our_path), make_work(places, peer_path)
    )


def measure_durable() -> None:
    """Documents that a register accepts, and that the peer's tree takes, on the same disk."""
    print("  durable in SQLite; pymerkle keeps bytes and hashes, ours also checks and indexes every record")
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder:
        register, world, serials = Register(f"sqlite:///{folder}/register.db"), World(suite=SHA256), count(1)
        with SqliteTree(f"{folder}/tree.db") as tree:
            for size, repeat_count in DURABLE:
                passes = [
                    [make_submission(world, serials, size) for _ in range(repeat_count)]
                    for _ in range(PASSES)
                ]
                ours, theirs = partial(accept_all, register, world), partial(append_all, tree)
                measure_beside(
                    f"documents, {size:,} at once",
                    "pymerkle",
                    partial(ours, iter(passes)),
                    partial(theirs, iter(passes)),
                    perf_counter,
                )
        register.close()


def make_submission(world: World, serials: Iterator[int], size: int) -> list[bytes]:
    """Return the lines of a submission: its statement, then its records with 20 claims each."""
    documents = (make_document(next(serials)) for _ in range(size))
    return world.department.lines(
        licence(identifier=identifier, claims=values, valid_from=FIRST_DAY, valid_until=LAST_DAY)
        for identifier, values in documents
    )


def accept_all(register: Register, world: World, passes: Iterator[list[list[bytes]]]) -> int:
    return sum(accept(register, world.trust, lines, NOW, SETTINGS).count for lines in next(passes))


def append_all(tree: SqliteTree, passes: Iterator[list[list[bytes]]]) -> int:
    size_before = tree.get_size()
    for lines in next(passes):
        tree.append_entries(lines[1:])
    return int(tree.get_size() - size_before)


# -- Signatures --


def measure_signatures() -> None:
    print("  signatures of 64 bytes, from and to plain numbers; the libraries below show what that costs")
    secret = Random(1).randbytes(32)
    point = sm2.point_of(secret)
    r, s = sm2.sign(secret, point, MESSAGE)
    halves, der = (r.to_bytes(32, "big"), s.to_bytes(32, "big")), encode_dss_signature(r, s)
    peer_key = gmalg.SM2(sk=secret, pk=b"\x04" + point, uid=sm2.IDENTITY)
    digest = sm2.message_digest(point, MESSAGE)
    require_agreement(peer_key.verify(MESSAGE, *halves) and sm2_verify_sm3_digest(point, digest, der))
    signing = make_repeated_work(OFTEN, sm2.sign, secret, point, MESSAGE)
    checking = make_repeated_work(OFTEN, sm2.verify, point, MESSAGE, r, s)
    measure_beside("SM2, made", "gmalg", signing, make_repeated_work(SELDOM, peer_key.sign, MESSAGE))
    measure_beside(
        "SM2, checked", "gmalg", checking, make_repeated_work(SELDOM, peer_key.verify, MESSAGE, *halves)
    )
    library_checking = make_repeated_work(OFTEN, sm2_verify_sm3_digest, point, digest, der)
    measure_beside("SM2, checked", "gmssl-pyx, the library below", checking, library_checking)
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    point = p256.point_of(secret)
    r, s = p256.sign(secret, point, MESSAGE)
    algorithm, public, der = ec.ECDSA(DIGEST()), key.public_key(), encode_dss_signature(r, s)
    require_agreement(p256.verify(point, MESSAGE, r, s))
    checking = make_repeated_work(OFTEN, p256.verify, point, MESSAGE, r, s)
    library_checking = make_repeated_work(OFTEN, public.verify, der, MESSAGE, algorithm)
    measure_beside("P-256, checked", "cryptography, the library below", checking, library_checking)


# -- Documents and proofs --


def measure_pdfs() -> None:
    print("  signed PDFs of one page; pyHanko follows chains as X.509 has it, ours by the trust list alone")
    files, trust = make_pdfs(PDFS)
    roots = [Certificate.load(authority.certificate.der) for authority in trust.authorities]
    moment = datetime.fromtimestamp(SIGNED_AT, UTC)

    def by_pyhanko(file: bytes) -> None:
        context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=moment)
        (signature,) = PdfFileReader(BytesIO(file)).embedded_regular_signatures
        require_agreement(validate_pdf_signature(signature, context).bottom_line)

    def ours(file: bytes) -> None:
        require_agreement(inspect(file, trust).verdict is Verdict.VALID)

    measure_beside("PDFs", "pyHanko alone", make_work(files, ours), make_work(files, by_pyhanko))


def measure_proofs(sizes: Sequence[int]) -> None:
    print(f"\n{'Bytes of a proof':<48}" + "".join(f"{size:>10,}" for size in sizes))
    table: dict[str, list[int]] = {}
    for size in sizes:
        proof = next(iter(build(make_city(SHA256, "sm2", City), make_rows(make_documents(size)))))
        tree = InmemoryTree.init_from_entries([b"%d" % number for number in range(size)])
        for description, text in {
            "ours, with 20 claims and their status": proof.encode(),
            "ours, without claims and status": replace(proof, disclosure=None, staple=None).encode(),
            "ours, as the code printed on paper": encode_paper(proof).encode(),
            "pymerkle: path": dumps(tree.prove_inclusion(1).serialize()).encode(),
        }.items():
            table.setdefault(description, []).append(len(text))
    for description, lengths in (table | ELSEWHERE).items():
        columns_text = "".join(f"{length:>10,}" for length in lengths[: len(sizes)])
        print(
            f"  {description:<46}{columns_text}"
            + ("  taken over, not measured" if description in ELSEWHERE else "")
        )


if __name__ == "__main__":
    main()
