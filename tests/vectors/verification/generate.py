"""Write the cases of this folder, which every verifier must judge alike.

They are always the same, but for how zlib compresses.

    python -m tests.vectors.verification.generate

A case holds a proof (its text), the snapshot and the trust file that it is verified with (base64 and JSON), `now`, what
is presented (documents in base64, values), and what must be concluded: verdict, step and reason, or why the snapshot is
refused. Where a verifier has `entries`, by log as a node gives them, it says how many of them it has looked through.
"""

import base64
import importlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

from ledger.crypto import p256
from ledger.crypto.keys import generate_key
from ledger.encoding.canonical import encode_canonical
from ledger.encoding.times import format_time
from ledger.records.erasures import Erasure, sign_erasure
from ledger.records.submissions import VERSION_1_ENDS, Window
from ledger.registry import acts
from ledger.registry.status import Status
from ledger.registry.trust import NODE
from tests.cosigning import snapshot, trust_file
from tests.properties.subjects import Subject, paper, subjects
from tests.scenes import DOCUMENT, City, Registry

FOLDER: Final = Path(__file__).parent
PAGES: Final = FOLDER.parents[2] / "docs" / "formats"
Case = dict[str, Any]

#: What is verified against the values on its paper, at once: the subject, and verdict, step and reason.
AS_THEY_ARE: Final = {
    "sealed": ("valid", 9, "status_valid"),
    "reinstated": ("valid", 9, "status_reinstated"),
    "revoked": ("not_current", 9, "revoked"),
    "reinstated without its record": ("unverifiable", 9, "reinstatement_unproven"),
    "stolen": ("unverifiable", 8, "key_compromised"),
    "void": ("unverifiable", 7, "anchor_void"),
    "of another registry": ("unverifiable", 1, "other_registry"),
    "sealed with a seal that was destroyed": ("invalid", 11, "seal_not_in_force"),
    "continued without staple": ("unverifiable", 9, "predecessor_unknown"),
    "annotated and disputed": ("valid", 9, "status_valid"),
    "with a note on another": ("unverifiable", 9, "attached_unproven"),
    "a note alone": ("unverifiable", 11, "note_alone"),
}


def cases() -> Iterator[tuple[str, Case]]:
    """Yield every case by the name of its file."""
    deterministic = partial(ECDSA, deterministic_signing=True)  # RFC 6979
    with mock.patch.object(p256, "ECDSA", deterministic):
        found = {subject.name: subject for subject in subjects()}
        for name, expected in AS_THEY_ARE.items():
            yield name.replace(" ", "-"), case(found[name], f"a licence that is {name}", expected)
        ended = ("not_current", 9, "revoked")
        yield (
            "code-alone-of-a-revoked",
            case(found["revoked"], "the code alone of a revoked licence", ended, claims={}),
        )
        plain, sha256 = found["plain"], found["sha256"]
        differs = ("unverifiable", 3, "claims_contradict_record")
        yield (
            "claims-contradict-record",
            case(found["contradictory claims"], "claims of another end", differs),
        )
        yield from erased()
        yield from extended()
        yield from anchored()
        yield from altered(plain)
        yield from spelled(plain)
        yield from refused(plain)
        expected = ("valid", 9, "status_valid")
        yield "sha256", case(sha256, "a log that hashes with SHA-256", expected, documents=[DOCUMENT])
    yield "worked-example", worked_example()


def erased() -> Iterator[tuple[str, Case]]:
    """Yield a licence of which the node erased what it disclosed, and one of which somebody else says so."""
    city = City(Registry())
    licence = city.licence()
    city.register(licence)
    key = generate_key("p256", Random(47).randbytes)
    city.registry.act(acts.KeyRegistered(city.name, NODE, key.public.spki))
    erasure = Erasure(
        registry=city.registry.name,
        log=city.name,
        suite=licence.record.suite,
        leaf=licence.leaf,
        order="天网信删〔2026〕3号",
        basis="个人信息保护法 第四十七条",
        time=city.registry.now,
        key_id=key.public.id,
    )
    bare = replace(city.proof(licence), disclosure=None)
    for name, what, signed, reason in (
        (
            "content-erased",
            "a licence whose content was erased",
            sign_erasure(key, erasure),
            "content_erased",
        ),
        (
            "erasure-of-another",
            "an erasure that is of another record",
            sign_erasure(key, replace(erasure, leaf=bytes(32))),
            "nothing_disclosed",
        ),
    ):
        subject = Subject.of(name, city, replace(bare, erasure=signed))
        yield name, case(subject, what, ("unverifiable", 2, reason), documents=[DOCUMENT])


def extended() -> Iterator[tuple[str, Case]]:
    """Yield a signed PDF with something behind it, and one of which a signature covers a part alone."""
    signed = b"%PDF-1.7\n<< /ByteRange [0 70 76 6] /Contents ".ljust(70) + b"<00ff>" + b"\n%%EOF"
    for name, what, original, expected in (
        (
            "document-extended",
            "a signed PDF with more behind it",
            signed,
            ("unverifiable", 2, "document_extended"),
        ),
        ("partly-signed", "a PDF signed in part", signed + b"\n", ("invalid", 2, "document_mismatch")),
    ):
        city = City(Registry())
        licence = city.licence(documents=[original])
        city.register(licence)
        subject = Subject.of(name, city, city.proof(licence))
        yield name, case(subject, what, expected, documents=[original + b"%more"])


def anchored() -> Iterator[tuple[str, Case]]:
    """Yield where an entry may stand and where not: twice, outside of its window, and by a statement of version 1."""
    city = City(Registry())
    licence, late = city.licence(), city.licence()
    submission = city.submit(licence)
    city.anchor(submission)
    first = Subject.of("", city, city.proof(licence))
    city.anchor(submission)
    again = Subject.of("", city, city.proof(licence))
    city.anchor(city.submit(late, window=Window(1, 2)), changes=[(0, Status.REVOKED)])
    outside = Subject.of("", city, city.proof(late))
    city.publish()
    entries = {city.name: [item for _, page in city.registry.published for item in page]}
    repeated, revoked = ("unverifiable", 7, "entry_repeated"), ("not_current", 9, "revoked")
    valid = ("valid", 9, "status_valid")
    yield "repeated-entry", case(again, "the second occurrence of an entry", repeated, entries=entries)
    yield "repeated-entry-unseen", case(again, "the same, for whoever has no entries", valid, entries={})
    yield "first-of-a-repeated-entry", case(first, "the first one, revoked", revoked, entries=entries)
    elsewhere = ("unverifiable", 7, "outside_window")
    yield "outside-window", case(outside, "an entry anchored after its window", elsewhere)
    for name, what, time, expected in (
        ("version-1-in-time", "the last second of version 1", VERSION_1_ENDS - 1, valid),
        ("version-1-too-late", "the second after", VERSION_1_ENDS, ("unverifiable", 7, "older_format")),
    ):
        city = City(Registry())
        city.registry.wait(time - 1 - city.registry.now)
        licence = city.licence()
        city.anchor(city.submit(licence, window=None))
        yield name, case(Subject.of("", city, city.proof(licence)), f"version 1, {what}", expected)


def spelled(plain: Subject) -> Iterator[tuple[str, Case]]:
    """Yield papers that spell an item in another way, and one that only looks the same."""
    holder = "天门市示例商贸有限公司"
    for name, what, presented_holder, expected in (
        (
            "canonically-equal",
            "a compatibility ideograph",
            holder.replace("例", "\uf9b5"),
            ("valid", 9, "status_valid"),
        ),
        ("spelled-otherwise", "a blank", f"{holder} ", ("unverifiable", 2, "spelled_otherwise")),
        ("looks-alike", "another ideograph", holder.replace("天", "夭"), ("invalid", 2, "claim_mismatch")),
    ):
        claims = paper(plain.proof) | {"CZZT": presented_holder}
        yield name, case(plain, f"a paper with {what}", expected, claims=claims)


def altered(plain: Subject) -> Iterator[tuple[str, Case]]:
    """Yield what somebody changed in a good proof, or presented beside it, or did later."""
    text = json.dumps(plain.proof, ensure_ascii=False)
    unreadable, newer = ("unverifiable", 1, "proof_unreadable"), ("unverifiable", 1, "newer_format")
    for name, what, old, new, expected in (
        ("claim-altered", "another value of a claim", "日用", "危险", ("invalid", 3, "claims_altered")),
        ("member-twice", "a member that stands twice", '"index"', '"index": 1, "index"', unreadable),
        ("newer-format", "a record of a later version", "record/1", "record/2", newer),
    ):
        proof = text.replace(old, new, 1)
        try:
            read = paper(json.loads(proof))
        except ValueError:
            read = {}
        yield name, case(plain, what, expected, text=proof, claims=read)
    another = ("invalid", 2, "document_mismatch")
    yield (
        "another-document",
        case(plain, "another document than the registered one", another, documents=[b"another"]),
    )
    stale = ("unverifiable", 12, "knowledge_stale")
    yield "stale", case(plain, "a good proof, two hours after the newest anchor", stale, later=7200)


def refused(plain: Subject) -> Iterator[tuple[str, Case]]:
    """Yield snapshots that nobody takes."""
    registry = plain.city.registry
    below = snapshot(registry, names=["wuhan"])
    yield (
        "below-threshold",
        case(plain, "a snapshot that one city alone cosigned", "below_threshold", file=below),
    )
    less = snapshot(registry, events=[event for event in registry.events if event.event_number != 9])
    yield "event-left-out", case(plain, "a snapshot without one of its events", "event_missing", file=less)


def case(
    subject: Subject,
    what: str,
    expected: tuple[str, int, str] | str,
    *,
    text: str | None = None,
    claims: Mapping[str, Any] | None = None,
    documents: Sequence[bytes] = (),
    later: int = 0,
    file: bytes | None = None,
    entries: Mapping[str, Any] | None = None,
) -> Case:
    registry = subject.city.registry
    read = paper(subject.proof) if claims is None and not documents else claims or {}
    made = written(
        what,
        text or encode_canonical(subject.proof).decode(),
        file or snapshot(registry),
        trust_file(registry).to_json(),
        format_time(registry.now + later),
        {"documents": [base64.b64encode(document).decode() for document in documents], "claims": dict(read)},
        expected,
    )
    if entries is not None:
        made["entries"] = dict(entries)
        made["expected"]["entries"] = "checked" if entries else "not_checked"
    return made


def worked_example() -> Case:
    """Return the licence of the format pages, which is signed with SM2."""
    with mock.patch.object(sys, "path", [str(PAGES), *sys.path]):
        worked = importlib.import_module("worked_example")
    example = worked.build_example()
    return written(
        "the licence of docs/formats, signed and cosigned with SM2",
        example.proof.encode().decode(),
        example.snapshot,
        example.trust.to_json(),
        format_time(example.knowledge.time),
        {"documents": [base64.b64encode(worked.DOCUMENT).decode()], "claims": {}},
        ("valid", 9, "status_valid"),
    )


def written(
    what: str,
    proof: str,
    file: bytes,
    trust: Any,
    now: str,
    presented: Any,
    expected: tuple[str, int, str] | str,
) -> Case:
    if isinstance(expected, str):
        concluded: dict[str, Any] = {"refused": expected}
    else:
        concluded = dict(zip(("verdict", "step", "reason"), expected, strict=True))
    return {
        "what": what,
        "proof": proof,
        "snapshot": base64.b64encode(file).decode(),
        "trust": trust,
        "now": now,
        "presented": presented,
        "expected": concluded,
    }


def encode(case: Case) -> str:
    """Return the text of a case's file."""
    return json.dumps(case, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name, found in cases():
        (FOLDER / f"{name}.json").write_text(encode(found), encoding="utf-8")
