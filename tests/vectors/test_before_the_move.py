"""What the program wrote before its modules moved is read and answered as it was then."""

import gzip
import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from anchoring.checkpoints.store import Checkpoints
from anchoring.errors import NotFound
from anchoring.monitor.copies import EntryCopies
from anchoring.register.store import Register
from anchoring.replica.refold import refold
from anchoring.replica.store import Replica
from api.cli import main
from api.http.app import create_app
from api.node.settings import Settings
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from ledger.registry.event_trees import EventTrees
from ledger.verification.receipts import decode_signed_receipt
from tests.auditing import audit
from tests.cosigning import sign_anew

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette would have its tests import another HTTP client
    from fastapi.testclient import TestClient

FOLDER: Final = Path(__file__).parent / "before_the_move"
SAID: Final[dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
Answer = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the folder, which commands may write into, as the current one."""
    copied = tmp_path / "inspector"
    shutil.copytree(FOLDER, copied)
    monkeypatch.chdir(copied)
    return copied


@pytest.fixture
def renewed_folder(folder: Path) -> Path:
    """Return the folder with its snapshots as of today: their checkpoints were of version 1, which nobody takes any more."""
    old_trust = (folder / "cities.trust.json").read_bytes()
    for name in ("first.snapshot", "registry.snapshot"):
        file, trust = sign_anew((folder / name).read_bytes(), old_trust)
        (folder / name).write_bytes(file)
        (folder / "cities.trust.json").write_bytes(trust)
    return folder


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the node that was, with its databases unpacked."""
    directory = tmp_path_factory.mktemp("node")
    for file in (FOLDER / "node").iterdir():
        if file.suffix == ".gz":
            (directory / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
        else:
            shutil.copy(file, directory)
    return directory


@pytest.fixture(scope="module")
def node(directory: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings.load(directory, {}), lambda: int(SAID["now"]))) as client:
        yield client


@pytest.mark.parametrize("said", SAID["commands"], ids=lambda said: " ".join(said["command"]))
def test_commands_say_what_they_said(
    said: Answer, renewed_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(said["command"]) == said["code"]
    assert not list(find_lost(json.loads(capsys.readouterr().out), said["out"]))


def test_its_snapshots_are_refused_with_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["verify", "proofs/text.txt", "--snapshot", "registry.snapshot", "--trust", "cities.trust.json"]
    assert main(command) not in (0, 10, 11)
    message = capsys.readouterr().err
    assert "version 1" in message
    assert "take a newer one" in message


@pytest.mark.parametrize("said", SAID["answers"], ids=lambda said: f"{said['token']} {said['path']}")
def test_a_node_answers_from_its_old_databases(said: Answer, node: TestClient) -> None:
    headers = {"Authorization": f"Bearer {SAID['tokens'][said['token']]}"}
    if "post" in said:
        content = (FOLDER / said["post"]).read_bytes()
        answer = node.post(
            said["path"], content=content, headers=headers | {"Content-Type": "application/json"}
        )
    else:
        answer = node.get(said["path"], headers=headers)
    assert answer.status_code == said["status"]
    assert not list(find_lost(answer.json(), said["body"]))


def find_lost(answer: Json, earlier: Json, place: str = "$") -> Iterator[str]:
    """Yield the places where an answer no longer says what it said; more may be said by now."""
    if isinstance(earlier, dict) and isinstance(answer, dict):
        for name, value in earlier.items():
            if name == "words" and earlier.keys() & {"signatures", "checks"}:
                continue  # since then, the words of documents say what was looked at
            yield from find_lost(answer.get(name, "no such member"), value, f"{place}.{name}")
    elif isinstance(earlier, list) and isinstance(answer, list) and len(earlier) == len(answer):
        for number, value in enumerate(earlier):
            yield from find_lost(answer[number], value, f"{place}[{number}]")
    elif answer != earlier:
        yield f"{place}: {answer!r}, not {earlier!r}"


def test_its_replica_gets_the_trees_over_events_and_facts_that_it_holds(directory: Path) -> None:
    settings = Settings.load(directory, {})
    with closing(Replica(settings.replica_url)) as replica:
        with replica.reading() as view:
            event_number, registry, head_zero = view.cursor.event_number, view.registry, view.head_zero
            with pytest.raises(NotFound, match="from before the trees"):
                view.event_root(SM3, event_number)
        replica.prepare(registry, head_zero)
        with replica.reading() as view:
            event_trees = EventTrees()
            for event, _ in view.walk_headed_events():
                event_trees.append(event.event)
            assert view.cursor.event_number == event_number
            assert view.event_root(SM3, event_number) == event_trees.root(SM3)
            refold(view)
            report = audit(view, None, None, now=int(SAID["now"]))
            assert report.is_clean


def test_an_audit_of_its_databases_has_no_finding(directory: Path) -> None:
    settings = Settings.load(directory, {})
    assert settings.register_url
    receipt = decode_signed_receipt((FOLDER / "receipt.json").read_bytes())
    with (
        closing(Register(settings.register_url)) as register,
        closing(Replica(settings.replica_url)) as replica,
        closing(Checkpoints(settings.checkpoints_url)) as checkpoints,
        replica.reading(quarantined=True) as reading,
    ):
        copies = EntryCopies(replica.engine, settings.withheld_after)
        report = audit(
            reading, register, copies, now=int(SAID["now"]), receipts=[receipt], checkpoints=checkpoints
        )
    assert report.is_clean
    # an audit looks at more by now, and never at less
    assert all(report.checked_counts[sort] >= count for sort, count in SAID["audit"]["checked"].items())
    assert {said["text"] for said in SAID["audit"]["remarks"]} <= {remark.text for remark in report.remarks}
