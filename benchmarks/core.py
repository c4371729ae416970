"""How fast the core is, in one process, beside what the machine can do at best.

    python -m benchmarks.core [--quick]

Building: documents of 20 fields to salted claims, records and a signed submission, as a department drafts them; an anchored
batch; the JSON text of every proof, made of the submission's lines as a node makes it. Verifying: proofs as bytes to
reports. Seconds are those of the processor, so that other work on the machine counts little; medians of three passes.
`--quick` leaves out the largest size.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from cProfile import Profile
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pstats import Stats
from random import Random
from secrets import token_bytes
from statistics import median
from time import perf_counter, process_time
from typing import Final, TypeVar

from anchoring.processes.workers import count_processes
from api.department.drafting import draft
from api.department.drafts import Target
from ledger.crypto.keys import Algorithm, PrivateKey, generate_key
from ledger.crypto.suites import SHA256, SM3, Suite
from ledger.crypto.trees import CountedTree, MerkleTree
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.encoding.fields import Fields
from ledger.proof.paper import encode_paper
from ledger.proof.proof import Proof, Staple
from ledger.records.claims import decode_disclosure
from ledger.records.identifiers import CertificateIdentifier
from ledger.records.records import decode_record
from ledger.records.submissions import Entry
from ledger.registry import acts
from ledger.registry.acts import Act, Event, build_registry_name, compute_head_zero
from ledger.registry.knowledge import Knowledge
from ledger.registry.status import StatusTree
from ledger.verification.occurrences import is_signed_by
from ledger.verification.verify import PresentedContent, verify

T = TypeVar("T")
C = TypeVar("C", bound="City")
Document = tuple[str, dict[str, Json]]

ALGORITHMS: Final[tuple[Algorithm, ...]] = ("sm2", "p256")
PASS_COUNT = 3
NOW = 1_772_413_200  # 2026-03-02, 09:00 in Tianmen
ISSUER = "11429006012345671T"
TYPE_CODE = "11100000MB0143028R001"
ADDRESS = "0x" + "11" * 20
FIRST_DAY, LAST_DAY = "2026-03-02", "2031-03-01"
#: Fields that say what no record says; beside them stand six that repeat the record and must agree with it.
FIELD_NAMES = (
    "CZZT CZZTDM CZZTDMLX CZZTDMLXDM KZ_CLRQ KZ_DZ KZ_FDDBR KZ_JYFW KZ_LX KZ_ZCZB ZZBFJG ZZBH ZZMC ZZQZR"
).split()


@dataclass(frozen=True)
class City:
    """A log, its key, and what anybody knows of it."""

    suite: Suite
    private_key: PrivateKey
    knowledge: Knowledge

    def act(self, act: Act) -> None:
        fold = self.knowledge.fold
        self.knowledge.apply(
            Event(
                fold.event_number + 1, act.KIND, fold.block_number, NOW, act.encode(), fold.block_number + 1
            )
        )


def make_city(suite: Suite, algorithm: Algorithm, city_class: type[C]) -> C:
    contract_bytes = bytes(20)
    first_head = compute_head_zero(31337, contract_bytes, bytes(32))
    private_key = generate_key(algorithm, Random(1).randbytes)
    new_city = city_class(
        suite, private_key, Knowledge(build_registry_name(31337, contract_bytes, first_head), first_head)
    )
    new_city.act(acts.ProvinceTransferred(ADDRESS))
    new_city.act(acts.LogAdmitted("tianmen", suite.number, ADDRESS, ("429006",), acts.Predecessor()))
    new_city.act(acts.IssuerAdded("tianmen", ISSUER))
    new_city.act(acts.KeyRegistered("tianmen", 1, private_key.public.spki))
    new_city.act(acts.KeyGranted("tianmen", private_key.public.id, ISSUER, 1, (), 0, 2 * NOW))
    return new_city


def make_documents(document_count: int) -> list[Document]:
    """Return identifiers and fields: about 1,000 bytes a document."""
    return [make_document(serial) for serial in range(document_count)]


def make_document(serial: int) -> Document:
    """Return the identifier and the 20 fields of one document."""
    identifier = CertificateIdentifier.build(TYPE_CODE, ISSUER, f"TM{serial:018d}", 1).text
    claim_values: dict[str, Json] = {name: f"{name} 天门市示例{serial:08d}" for name in FIELD_NAMES}
    day_claims = {"ZZBFRQ": FIRST_DAY, "ZZYXQQSRQ": FIRST_DAY, "ZZYXQJZRQ": LAST_DAY}
    return identifier, claim_values | day_claims | {
        "ZZBS": identifier,
        "ZZLXDM": TYPE_CODE,
        "ZZBFJGDM": ISSUER,
    }


def make_rows(documents: Iterable[Document]) -> list[bytes]:
    """Return the rows that a department registers of documents, as lines."""
    day_members: dict[str, Json] = {"valid_from": FIRST_DAY, "valid_until": LAST_DAY}
    row_members: dict[str, Json] = {"kind": "licence", "action": "issue", "issuer": ISSUER}
    return [
        encode_canonical(row_members | day_members | {"identifier": identifier, "claims": values})
        for identifier, values in documents
    ]


def build(city: City, rows: Sequence[bytes]) -> Iterable[Proof]:
    """Draft one submission as a department does, anchor it, and yield the proofs that a node makes of its lines."""
    log = city.knowledge.find_log("tianmen")
    assert log
    target = Target(city.knowledge.registry, "tianmen", city.suite, log.sequence)
    with draft(rows, target, city.private_key, Random(2).randbytes, NOW) as signed_draft:
        tree = MerkleTree(city.suite, signed_draft.leaves)
        entry = Entry(signed_draft.statement, signed_draft.signature, NOW)
        batch = CountedTree(city.suite, [entry.hash_leaf()])
        status_tree, sequence = StatusTree(city.suite), log.sequence + 1
        status_tree.grow(log.size + len(rows))
        city.act(
            acts.Anchored("tianmen", sequence, status_tree.size, batch.root, status_tree.compute_root(), b"")
        )
        batch_path = tuple(batch.find_path(0))
        for index, line in enumerate(islice(signed_draft.lines(), 1, None)):
            fields, position = Fields(decode(line), "row"), log.size + index
            yield Proof(
                record=decode_record(fields.take("record")),
                disclosure=decode_disclosure(fields.take("disclosure")),
                index=index,
                path=tuple(tree.find_path(index)),
                entry=entry,
                batch_path=batch_path,
                sequence=sequence,
                staple=Staple(
                    sequence, status_tree.get_chunk(position), tuple(status_tree.find_path(position))
                ),
            )


def measure_rate(item_count: int, work: Callable[[], object]) -> float:
    """Return how many of `item_count` are done in a second, the median of the passes."""
    rates_per_second = []
    for _ in range(PASS_COUNT):
        start_seconds = process_time()
        work()
        rates_per_second.append(item_count / (process_time() - start_seconds))
    return median(rates_per_second)


def measure_shares(work: Callable[[], object]) -> dict[str, float]:
    """Return which part of the time hashing, canonical JSON and signatures take, under the profiler."""
    profiler = Profile()
    profiler.runcall(work)
    stats = Stats(profiler)
    seconds_by_part = {"hashing": 0.0, "JSON": 0.0, "signatures": 0.0}
    for (module_path, _, name), (_, _, own_seconds, total_seconds, _) in stats.stats.items():  # type: ignore[attr-defined]
        if "sm3_hash" in name or "openssl_sha256" in name or ("digest" in name and "HASH" in name):
            seconds_by_part["hashing"] += own_seconds
        elif module_path.endswith("canonical.py") and name in ("encode_canonical", "decode"):
            seconds_by_part["JSON"] += total_seconds
        elif module_path.endswith(("sm2.py", "p256.py")) and name in ("sign", "verify"):
            seconds_by_part["signatures"] += total_seconds
    return {name: part_seconds / stats.total_tt for name, part_seconds in seconds_by_part.items()}  # type: ignore[attr-defined]


def write_shares(shares_by_part: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in shares_by_part.items() if share >= 0.005)


def print_line(label: str, value: float) -> None:
    print(f"  {label:<44}{value:>12,.0f}")


def measure_drafting(document_count: int) -> None:
    """Documents of 20 claims to a signed submission, by the clock: all cores are one machine."""
    print(f"\ndrafting and signing {document_count:,} documents of 20 claims, per second of the clock")
    rows, city = make_rows(make_documents(document_count)), make_city(SM3, "sm2", City)
    target = Target(city.knowledge.registry, "tianmen", SM3, 0)
    for process_count in dict.fromkeys((1, count_processes())):
        rates_per_second = []
        for _ in range(PASS_COUNT):
            start_seconds = perf_counter()
            draft(rows, target, city.private_key, token_bytes, NOW, process_count=process_count).close()
            rates_per_second.append(document_count / (perf_counter() - start_seconds))
        print_line(f"processes {process_count}", median(rates_per_second))


def measure_machine() -> None:
    """What the machine does at best: everything below stays under this."""
    block_bytes, claim_values = bytes(64), make_documents(1)[0][1]
    print("raw, per second")
    for suite in (SM3, SHA256):
        print_line(
            f"{suite.name} of 64 bytes",
            measure_rate(200_000, partial(repeat, 200_000, suite.hash, block_bytes)),
        )
    print_line(
        "canonical JSON of 20 fields",
        measure_rate(20_000, partial(repeat, 20_000, encode_canonical, claim_values)),
    )
    for algorithm in ALGORITHMS:
        private_key = generate_key(algorithm, Random(1).randbytes)
        verify_block = partial(private_key.public.verify, block_bytes)
        print_line(
            f"{algorithm} verify",
            measure_rate(1_000, partial(repeat, 1_000, verify_block, private_key.sign(block_bytes))),
        )


def repeat(repeat_count: int, work: Callable[[T], object], argument: T) -> None:
    for _ in range(repeat_count):
        work(argument)


def build_all(city: City, rows: Sequence[bytes]) -> int:
    """Build everything and return the bytes of all proofs; they are written one by one and not kept."""
    return sum(len(proof.encode()) for proof in build(city, rows))


def measure_building(document_counts: Sequence[int]) -> None:
    print("\ndocuments of 20 fields to a signed submission and its proofs, per second")
    for suite in (SM3, SHA256):
        rates_per_second = []
        for document_count in document_counts:
            rates_per_second.append(
                measure_rate(
                    document_count,
                    partial(
                        build_all, make_city(suite, "sm2", City), make_rows(make_documents(document_count))
                    ),
                )
            )
            print_line(f"{suite.name} {document_count:,}", rates_per_second[-1])
        print(f"  {'largest to smallest':<44}{rates_per_second[-1] / rates_per_second[0]:>12.0%}")
        print(
            "    "
            + write_shares(
                measure_shares(
                    partial(build_all, make_city(suite, "sm2", City), make_rows(make_documents(2_000)))
                )
            )
        )


def measure_proof_sizes(document_counts: Sequence[int]) -> None:
    print("\nbytes of a proof: JSON with 20 claims, JSON without claims, printed code, path alone")
    for document_count in document_counts:
        proof = next(iter(build(make_city(SM3, "sm2", City), make_rows(make_documents(document_count)))))
        bare_proof = replace(proof, disclosure=None, staple=None)
        path_bytes = 32 * (len(proof.path) + len(proof.batch_path))
        encodings = (proof.encode(), bare_proof.encode(), encode_paper(proof))
        print(
            f"  {f'{document_count:,}':<24}"
            + "".join(f"{len(encoding):>8,}" for encoding in encodings)
            + f"{path_bytes:>8,}"
        )


def verify_all(city: City, proofs: Sequence[tuple[bytes, PresentedContent]], *, is_cached: bool) -> None:
    for proof_bytes, presented_content in proofs:
        if not is_cached:
            is_signed_by.cache_clear()
        if verify(presented_content, proof_bytes, city.knowledge, NOW).verdict != "valid":
            raise SystemExit("a proof of the benchmark does not verify")


def measure_verifying(proof_count: int) -> None:
    print(f"\nfull verification of a proof from its JSON text, per second (a batch of {proof_count:,})")
    for algorithm in ALGORITHMS:
        city, proofs = make_city(SM3, algorithm, City), []
        for proof in build(city, make_rows(make_documents(proof_count))):
            assert proof.disclosure
            proofs.append((proof.encode(), PresentedContent(claims=proof.disclosure.values)))
        for is_cached, description in (
            (False, "every signature checked"),
            (True, "a submission's checked once"),
        ):
            work = partial(verify_all, city, proofs, is_cached=is_cached)
            print_line(f"{algorithm}, {description}", measure_rate(proof_count, work))
            print("    " + write_shares(measure_shares(work)))


def main() -> None:
    document_counts = (1_000, 10_000) if "--quick" in sys.argv else (1_000, 10_000, 100_000)
    measure_machine()
    measure_verifying(1_000)
    measure_proof_sizes(document_counts)
    measure_drafting(document_counts[-1])
    measure_building(document_counts)


if __name__ == "__main__":
    main()
