"""Shared cases of verification: every verifier concludes the same from the same files.

Ours, the second verifier, and any third.
"""

import base64
import json
import zlib
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.crypto.suites import SM3
from ledger.encoding.times import parse_time
from ledger.errors import SnapshotRefused
from ledger.records.submissions import decode_entry
from ledger.registry.snapshots import check_snapshot, replay
from ledger.registry.trust_files import read_trust_file
from ledger.verification.entries import check_fold, list_occurrences
from ledger.verification.verify import PresentedContent, verify
from tests.cosigning import sign_anew
from tests.properties.second_verifier import second, told
from tests.vectors.verification import generate

FILES: Final = sorted(generate.FOLDER.glob("*.json"))
#: The same cases as they were with statements of version 1, which nobody generates any more.
VERSION_1: Final = sorted(generate.FOLDER.with_name("verification_1").glob("*.json"))
Concluded = dict[str, Any]


def ours(case: generate.Case, documents: list[bytes]) -> Concluded:
    file, trust = base64.b64decode(case["snapshot"]), json.dumps(case["trust"]).encode()
    try:
        check_snapshot(lambda: [file], read_trust_file(trust))
        known = replay([file])
    except SnapshotRefused as error:
        return {"refused": error.reason}
    for log, items in case.get("entries", {}).items():
        for sequence, page in groupby(items, key=lambda item: item["sequence"]):
            anchor, entries = known.find_anchor(log, sequence), [decode_entry(item["entry"]) for item in page]
            assert anchor
            assert check_fold(anchor, entries, SM3) is None
            known.keep_entries(anchor, list_occurrences(anchor, entries))
    presented = PresentedContent(tuple(documents), case["presented"]["claims"])
    report = verify(presented, case["proof"].encode(), known, parse_time(case["now"]))
    concluded: Concluded = dict(zip(("verdict", "step", "reason"), told(report)[0], strict=True))
    return concluded | ({"entries": report.entries_check.value} if "entries" in case else {})


def theirs(case: generate.Case, documents: list[bytes]) -> Concluded:
    file, trust = base64.b64decode(case["snapshot"]), json.dumps(case["trust"]).encode()
    try:
        known = second.take_snapshot(file, trust)
    except second.Unreadable as error:
        return {"refused": str(error)}
    for log, items in case.get("entries", {}).items():
        second.take_entries(known, log, json.dumps({"items": items}).encode())
    now, claims = second.read_moment(case["now"]), case["presented"]["claims"]
    judged = second.decide(second.judge(case["proof"].encode(), known, now, documents, claims))
    concluded: Concluded = dict(zip(("verdict", "step", "reason"), judged, strict=True))
    looked = second.judge_entries(case["proof"].encode(), known)
    return concluded | ({"entries": looked} if "entries" in case else {})


@pytest.mark.parametrize("path", [*FILES, *VERSION_1], ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize("verifier", [ours, theirs])
def test_cases(path: Path, verifier: Callable[[generate.Case, list[bytes]], Concluded]) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    if path in VERSION_1:  # their checkpoints are of version 1 too, which nobody takes any more
        file, trust = sign_anew(base64.b64decode(case["snapshot"]), json.dumps(case["trust"]).encode())
        case |= {"snapshot": base64.b64encode(file).decode(), "trust": json.loads(trust)}
    documents = [base64.b64decode(document) for document in case["presented"]["documents"]]
    assert verifier(case, documents) == case["expected"]


@pytest.mark.parametrize("path", VERSION_1[:3], ids=lambda path: path.stem)
@pytest.mark.parametrize("verifier", [ours, theirs])
def test_a_checkpoint_of_version_1_is_refused_by_name(
    path: Path, verifier: Callable[[generate.Case, list[bytes]], Concluded]
) -> None:
    assert verifier(json.loads(path.read_text(encoding="utf-8")), []) == {"refused": "older_format"}


def test_generating_them_again_changes_nothing() -> None:
    made = {name: inflated(case) for name, case in generate.cases()}
    assert made == {path.stem: inflated(json.loads(path.read_text(encoding="utf-8"))) for path in FILES}
    for path in FILES:
        assert path.read_text(encoding="utf-8") == generate.encode(
            json.loads(path.read_text(encoding="utf-8"))
        )


def inflated(case: generate.Case) -> generate.Case:
    """Return a case with its snapshot as it is before compression, which differs between versions of zlib."""
    header, _, stream = base64.b64decode(case["snapshot"]).partition(b"\n")
    return case | {"snapshot": (header, zlib.decompress(stream))}
