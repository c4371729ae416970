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
from benchmarks.core import City, build, city, documents, rows
from benchmarks.documents import NOW as SIGNED_AT
from benchmarks.documents import pdfs
from ledger.crypto import p256, sm2
from ledger.crypto.suites import SHA256
from ledger.crypto.trees import MerkleTree, leaf_hash, root_from_path
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
        trees(size)
    durable()
    signatures()
    print("  canonical JSON (RFC 8785); ours refuses what its profile leaves out, such as fractions")
    objects = [values for _, values in documents(OFTEN)]
    must(all(canonical(one) == rfc8785.dumps(one) for one in objects))
    beside("objects of 20 fields", "rfc8785", each(objects, canonical), each(objects, rfc8785.dumps))
    signed_pdfs()
    proofs(sizes)


def beside(what: str, peer: str, ours: Work, theirs: Work, clock: Callable[[], float] = process_time) -> None:
    """Measure both in turns and print the line."""
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(PASSES):
        for found, work in zip(rates, (ours, theirs), strict=True):
            started = clock()
            done = work()
            found.append(done / (clock() - started))
    own, other = map(median, rates)
    print(f"    {what:<44}{own:>12,.0f}{other:>12,.0f}{own / other:>8.2f}  {peer}")


def each(things: Sequence[object], work: Callable[..., object]) -> Work:
    def done() -> int:
        for thing in things:
            work(thing)
        return len(things)

    return done


def repeated(times: int, work: Callable[..., object], *given: object) -> Work:
    return each(range(times), lambda _: work(*given))


def must(agreed: bool) -> None:
    if not agreed:
        raise SystemExit("what is measured does not verify, or ours and the peer's do not agree")


# -- Trees --


def trees(size: int) -> None:
    data = [canonical({"identifier": identifier, **values}) for identifier, values in documents(size)]
    leaf = partial(leaf_hash, SHA256)
    own, other = MerkleTree(SHA256, [leaf(one) for one in data]), InmemoryTree.init_from_entries(data)
    root = own.root

    def our_root() -> int:
        must(MerkleTree(SHA256, [leaf(one) for one in data]).root == root)
        return size

    def peer_root() -> int:
        must(InmemoryTree.init_from_entries(data).get_root() == root)
        return size

    def our_path(place: int) -> None:
        must(root_from_path(SHA256, leaf(data[place]), place, size, own.path(place)) == root)

    def peer_path(place: int) -> None:
        verify_inclusion(leaf(data[place]), root, other.prove_inclusion(place + 1), place + 1, size)

    print(f"  a tree of {size:,} documents of 1 kB, in memory (RFC 9162, SHA-256)")
    beside("documents to their root", "pymerkle", our_root, peer_root)
    drawn = Random(size).sample(range(size), PATHS)
    beside("paths made and checked", "pymerkle", each(drawn, our_path), each(drawn, peer_path))


def durable() -> None:
    """Documents that a register accepts, and that the peer's tree takes, on the same disk."""
    print("  durable in SQLite; pymerkle keeps bytes and hashes, ours also checks and indexes every record")
    with tempfile.TemporaryDirectory(prefix="shunzheng-") as folder:
        register, world, serials = Register(f"sqlite:///{folder}/register.db"), World(suite=SHA256), count(1)
        with SqliteTree(f"{folder}/tree.db") as tree:
            for size, times in DURABLE:
                passes = [[submission(world, serials, size) for _ in range(times)] for _ in range(PASSES)]
                ours, theirs = partial(accepted, register, world), partial(appended, tree)
                beside(
                    f"documents, {size:,} at once",
                    "pymerkle",
                    partial(ours, iter(passes)),
                    partial(theirs, iter(passes)),
                    perf_counter,
                )
        register.close()


def submission(world: World, serials: Iterator[int], size: int) -> list[bytes]:
    """Return the lines of a submission: its statement, then its records with 20 claims each."""
    claims = documents(1)[0][1]
    return world.department.lines(licence(next(serials), claims=claims) for _ in range(size))


def accepted(register: Register, world: World, passes: Iterator[list[list[bytes]]]) -> int:
    return sum(accept(register, world.trust, lines, NOW, SETTINGS).count for lines in next(passes))


def appended(tree: SqliteTree, passes: Iterator[list[list[bytes]]]) -> int:
    before = tree.get_size()
    for lines in next(passes):
        tree.append_entries(lines[1:])
    return int(tree.get_size() - before)


# -- Signatures --


def signatures() -> None:
    print("  signatures of 64 bytes, from and to plain numbers; the libraries below show what that costs")
    secret = Random(1).randbytes(32)
    point = sm2.point_of(secret)
    r, s = sm2.sign(secret, point, MESSAGE)
    halves, der = (r.to_bytes(32, "big"), s.to_bytes(32, "big")), encode_dss_signature(r, s)
    other = gmalg.SM2(sk=secret, pk=b"\x04" + point, uid=sm2.IDENTITY)
    digest = sm2.message_digest(point, MESSAGE)
    must(other.verify(MESSAGE, *halves) and sm2_verify_sm3_digest(point, digest, der))
    made = repeated(OFTEN, sm2.sign, secret, point, MESSAGE)
    checked = repeated(OFTEN, sm2.verify, point, MESSAGE, r, s)
    beside("SM2, made", "gmalg", made, repeated(SELDOM, other.sign, MESSAGE))
    beside("SM2, checked", "gmalg", checked, repeated(SELDOM, other.verify, MESSAGE, *halves))
    below = repeated(OFTEN, sm2_verify_sm3_digest, point, digest, der)
    beside("SM2, checked", "gmssl-pyx, the library below", checked, below)
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    point = p256.point_of(secret)
    r, s = p256.sign(secret, point, MESSAGE)
    how, public, der = ec.ECDSA(DIGEST()), key.public_key(), encode_dss_signature(r, s)
    must(p256.verify(point, MESSAGE, r, s))
    checked = repeated(OFTEN, p256.verify, point, MESSAGE, r, s)
    below = repeated(OFTEN, public.verify, der, MESSAGE, how)
    beside("P-256, checked", "cryptography, the library below", checked, below)


# -- Documents and proofs --


def signed_pdfs() -> None:
    print("  signed PDFs of one page; pyHanko follows chains as X.509 has it, ours by the trust list alone")
    files, trust = pdfs(PDFS)
    roots = [Certificate.load(one.certificate.der) for one in trust.authorities]
    moment = datetime.fromtimestamp(SIGNED_AT, UTC)

    def by_pyhanko(file: bytes) -> None:
        context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=moment)
        (found,) = PdfFileReader(BytesIO(file)).embedded_regular_signatures
        must(validate_pdf_signature(found, context).bottom_line)

    def ours(file: bytes) -> None:
        must(inspect(file, trust).verdict is Verdict.VALID)

    beside("PDFs", "pyHanko alone", each(files, ours), each(files, by_pyhanko))


def proofs(sizes: Sequence[int]) -> None:
    print(f"\n{'Bytes of a proof':<48}" + "".join(f"{size:>10,}" for size in sizes))
    table: dict[str, list[int]] = {}
    for size in sizes:
        proof = next(iter(build(city(SHA256, "sm2", City), rows(documents(size)))))
        tree = InmemoryTree.init_from_entries([b"%d" % number for number in range(size)])
        for what, text in {
            "ours, with 20 claims and their status": proof.encode(),
            "ours, without claims and status": replace(proof, disclosure=None, status=None).encode(),
            "ours, as the code printed on paper": encode_paper(proof).encode(),
            "pymerkle: path": dumps(tree.prove_inclusion(1).serialize()).encode(),
        }.items():
            table.setdefault(what, []).append(len(text))
    for what, lengths in (table | ELSEWHERE).items():
        shown = "".join(f"{length:>10,}" for length in lengths[: len(sizes)])
        print(f"  {what:<46}{shown}" + ("  taken over, not measured" if what in ELSEWHERE else ""))


if __name__ == "__main__":
    main()
