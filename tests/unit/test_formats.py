"""The format pages say what the code does: examples are recomputed, tables compared."""

import importlib
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from anchoring.intake.rows import read_statement
from ledger import limits
from ledger.crypto.suites import parse_digest
from ledger.encoding.canonical import decode, encode_canonical
from ledger.encoding.fields import parse_hex
from ledger.proof.histories import decode_signed_history
from ledger.proof.paper import MAX_PAPER_BYTES, decode_paper
from ledger.proof.proof import MAX_LINK_DEPTH, MAX_LINKED, MAX_PROOF_BYTES, read_proof
from ledger.records.claims import MAX_CLAIMS, decode_disclosure
from ledger.records.erasures import read_signed_erasure
from ledger.records.lifecycle import IN_FORCE_STATUSES, SOURCE_STATUSES, STATUS_AFTER
from ledger.records.records import KINDS, PRESENTABLE_ACTIONS, STATUS_ACTIONS, decode_record
from ledger.records.submissions import decode_entry, decode_statement
from ledger.registry import acts
from ledger.registry.checkpoints import decode_checkpoint, decode_cosigned, decode_fork
from ledger.registry.snapshots import REFUSAL_REASONS, check_snapshot, read_events
from ledger.registry.status import MAX_ANCHOR_CHANGES, Status, decode_changes, may_become
from ledger.registry.trust_files import read_trust_file
from ledger.verification.audits import decode_signed_audit
from ledger.verification.completeness import REASONS as COMPLETENESS_REASONS
from ledger.verification.completeness import Completeness
from ledger.verification.reasons import STEP_WORDS, VERDICT_WORDS, Outcome
from ledger.verification.receipts import decode_signed_receipt

FOLDER: Final = Path(__file__).parents[2] / "docs" / "formats"
PAGES: Final = sorted(FOLDER.glob("*.md"))
BLOCK: Final = re.compile(r"<!-- example: ([a-z-]+) -->\n```(?:json|text)\n(.*?)\n```", re.DOTALL)


def page(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def worked() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield importlib.import_module("worked_example")


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    """Return every block that a page shows, by its name."""
    return {name: text for path in PAGES for name, text in BLOCK.findall(path.read_text(encoding="utf-8"))}


def test_every_page_shows_what_is_computed(worked: ModuleType, shown: dict[str, str]) -> None:
    blocks = worked.build_example().blocks
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        assert worked.fill_page(text, blocks) == text, path.name
    assert set(shown) <= set(blocks)


@pytest.mark.parametrize(
    "path", [path for path in PAGES if path.stem != "README"], ids=lambda path: path.stem
)
def test_every_page_opens_with_an_example(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert 0 < text.find("<!-- example: ") < (text.find("\n## ") % len(text))


def test_every_block_of_json_is_a_checked_example() -> None:
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        assert text.count("```json") == len(re.findall(r"<!-- example: [a-z-]+ -->\n```json", text)), (
            path.name
        )


DECODERS: Final[dict[str, Callable[[Any], Any]]] = {
    "disclosure": decode_disclosure,
    "selective": decode_disclosure,
    "record": decode_record,
    "status-record": decode_record,
    "statement": decode_statement,
    "entry": decode_entry,
    "receipt": lambda value: decode_signed_receipt(encode_canonical(value)),
    "erasure": read_signed_erasure,
    "proof": read_proof,
    "history": lambda value: decode_signed_history(encode_canonical(value)),
    "audit": lambda value: decode_signed_audit(encode_canonical(value)),
    "checkpoint": decode_checkpoint,
    "cosigned": decode_cosigned,
    "fork": decode_fork,
    "trust-file": lambda value: read_trust_file(encode_canonical(value)),
}


@pytest.mark.parametrize("name", DECODERS)
def test_an_example_decodes_to_itself(shown: dict[str, str], name: str) -> None:
    value = decode(shown[name].encode())
    assert DECODERS[name](value).to_json() == value


def test_the_snapshot_is_taken_and_holds_the_events(worked: ModuleType, shown: dict[str, str]) -> None:
    example = worked.build_example()
    header, names = check_snapshot(lambda: [example.snapshot], example.trust)
    assert set(names) == {"天门", "武汉"}
    assert json.loads(header.encode()) == json.loads(shown["snapshot-header"])
    assert shown["checkpoint-signed"].encode() == header.checkpoint.encode()
    inflated = zlib.decompress(example.snapshot.partition(b"\n")[2])
    assert inflated.hex().startswith(shown["snapshot-event"].replace("\n", ""))
    acts = [
        (event.event_number, event.kind, "0x" + event.payload.hex())
        for event in read_events([example.snapshot])
    ]
    assert acts == [(act["n"], act["kind"], act["payload"]) for act in json.loads(shown["events"])]


def test_the_reasons_to_refuse_a_snapshot() -> None:
    steps = page("snapshot").partition("## Taking a snapshot")[2].partition("A reader that inflates")[0]
    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", steps)) - {"n", "after", "time"} == {
        *REFUSAL_REASONS,
        "fork",
    }
    counting = page("trust-file").partition("## Counting cosignatures")[2]
    assert {"other_registry", "cosignature_bad", "below_threshold"} <= set(
        re.findall(r"`([a-z_]+)`", counting)
    )


def test_the_reasons_of_a_history() -> None:
    """Rule 0 is the decoder's; all others are those of the table, each beside what it leads to."""
    rules = page("history").partition("## Judging")[2].partition("## What it does not show")[0]
    listed: dict[str, str] = {}
    for completeness, reason in re.findall(r"`([a-z_]+)`\s+`([a-z_]+)`", rules):
        if completeness in set(Completeness) and reason in COMPLETENESS_REASONS:
            assert listed.setdefault(reason, completeness) == completeness, reason
    assert listed == {reason: row.completeness.value for reason, row in COMPLETENESS_REASONS.items()}


def test_the_paper_is_the_proof(shown: dict[str, str]) -> None:
    assert decode_paper(shown["paper"]).to_json() == json.loads(shown["proof"])


def test_the_lines_of_the_submission_are_sent_as_shown(shown: dict[str, str]) -> None:
    head, *rows = shown["submission-lines"].encode().split(b"\n")
    statement, _ = read_statement(head)
    assert statement.to_json() == json.loads(shown["statement"])
    assert len(rows) == statement.record_count
    for row in rows:
        assert encode_canonical(decode(row)) == row
        decode_record(json.loads(row)["record"])


def test_digests_and_changes_decode(shown: dict[str, str]) -> None:
    anchor = json.loads(shown["anchor"])
    assert parse_digest(shown["record-leaf"])[1]
    assert parse_digest(shown["claims-digest"])[1]
    assert decode_changes(parse_hex(anchor["statusChanges"].removeprefix("0x")), anchor["size"]) == [
        (0, Status.SUSPENDED)
    ]
    assert shown["chunk"][0] == "1"


def test_the_events_are_acts_of_their_names(shown: dict[str, str]) -> None:
    for event in json.loads(shown["events"]):
        act = acts.decode_act(event["kind"], bytes.fromhex(event["payload"][2:]))
        assert type(act).__name__ == event["act"]
        assert "0x" + act.encode().hex() == event["payload"]


def test_the_kinds_of_events() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", page("registry-events"), re.MULTILINE)
    known = {act.KIND: act.__name__ for act in acts.Act.__subclasses__()}
    assert {int(kind): name for kind, name in rows} == known
    assert len(rows) == 16


def test_the_views_of_the_contract() -> None:
    """The table names every view of the compiled contract, with its parameters and the types that it returns."""
    table = page("registry-events").partition("## The contract's views")[2].partition("## Replaying")[0]
    artefact = json.loads((FOLDER.parents[1] / "contracts" / "artefact" / "Registry.json").read_text("utf-8"))
    views = [view for view in artefact["abi"] if view.get("stateMutability") == "view"]
    listed = {
        signature: row.partition("|")[2]
        for row in table.split("\n| ")
        for signature in re.findall(r"`(\w+\([^)]*\))`", row.partition("|")[0])
    }
    assert listed.keys() == {
        "{}({})".format(view["name"], ", ".join("{type} {name}".format(**item) for item in view["inputs"]))
        for view in views
    }
    for signature, text in listed.items():
        outputs = next(view["outputs"] for view in views if view["name"] == signature.partition("(")[0])
        assert all(output["type"] in text and output["name"] in text for output in outputs), signature


def test_the_kinds_and_actions_of_records() -> None:
    listed = dict(re.findall(r"^\| `(kind|action)` \| required \| (.*) \|$", page("record"), re.MULTILINE))
    assert set(re.findall(r"`([a-z]+)`", listed["kind"])) == set(KINDS)
    assert set(re.findall(r"`([a-z]+)`", listed["action"])) == PRESENTABLE_ACTIONS | STATUS_ACTIONS


def test_what_each_action_needs_and_leads_to() -> None:
    table = page("record").partition("| action | possible from | leads to |")[2].partition("\n\n")[0]
    listed = set()
    for actions, sources, results in re.findall(r"^\| ([a-z, ]+) \| (.*) \| (.*) \|$", table, re.MULTILINE):
        if actions == "issue":
            continue
        names, into = actions.split(", "), [int(code) for code in re.findall(r"\d", results)]
        for place, name in enumerate(names):
            to = Status.VALID if name in PRESENTABLE_ACTIONS else Status(into[place])
            listed.add((name, frozenset(Status(int(code)) for code in re.findall(r"\d", sources)), to))
    known = {
        (name, frozenset(SOURCE_STATUSES[name]), STATUS_AFTER.get(name, Status.VALID))
        for name in SOURCE_STATUSES
    }
    assert listed == known


def test_the_codes_of_status() -> None:
    text = page("batch-and-anchor").partition("## Status")[2]
    assert {int(code): word for code, word in re.findall(r"[|] (\d) ([a-z]+) ", text)} == {
        int(status): status.name.lower() for status in Status
    }
    assert [Status[name.upper()] in IN_FORCE_STATUSES for name in ("valid", "suspended", "reinstated")] == [
        True,
        False,
        True,
    ]


def test_the_transitions_of_status() -> None:
    line = re.search(r"^.*Transitions: (.*?)\. ", page("batch-and-anchor"), re.MULTILINE)
    assert line
    listed = set()
    for sources, targets in re.findall(r"([\d-]+)→([\d-]+)", line[1]):
        listed |= {(before, after) for before in span(sources) for after in span(targets)}
    assert listed == {
        (before, after) for before in range(16) for after in range(16) if may_become(before, after)
    }


def span(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def test_the_steps_and_verdicts() -> None:
    text = page("proof")
    steps = text.partition("## Verification")[2].partition("The verdict follows")[0]
    assert [int(number) for number in re.findall(r"^ ?(\d+)\. ", steps, re.MULTILINE)] == list(STEP_WORDS)
    joined = text.replace("\n", " ")
    for verdict, (chinese, _) in VERDICT_WORDS.items():
        assert f"`{verdict}` {chinese}" in joined
    assert all(f"`{outcome}`" in steps for outcome in Outcome)


def test_the_limits() -> None:
    text = page("README").replace("\n", " ")
    for sentence in (
        f"a proof {MAX_PROOF_BYTES // 1024} KiB",
        f"a printed code {MAX_PAPER_BYTES // 1024} KiB",
        f"nesting {limits.MAX_NESTING}",
        f"a path {limits.MAX_PATH}",
        f"claims {MAX_CLAIMS}",
        f"linked proofs {MAX_LINKED} in all and {MAX_LINK_DEPTH} deep",
        f"of which {limits.MAX_STATUS_RECORDS:,} may change a status",
        f"an anchor {MAX_ANCHOR_CHANGES:,} status words",
    ):
        assert sentence in text, sentence
    assert limits.MAX_SUBMISSION_RECORDS == limits.MAX_ANCHOR_GROWTH == 2**20
