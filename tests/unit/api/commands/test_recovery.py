"""`shunzheng audit` and `shunzheng recover` on a node whose register was restored."""

import errno
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from anchoring.anchorer.lease import Lease, hold_lease
from anchoring.checkpoints.store import Checkpoints
from anchoring.errors import ChainUnavailable
from anchoring.register.receipts import find_or_sign_receipt
from anchoring.register.submissions import find_submission
from api.cli import main
from api.commands import recover
from ledger.crypto.keys import generate_key
from ledger.verification.audits import decode_signed_audit
from tests.fakes.backups import Unreachable, back_up
from tests.fakes.department import LOG
from tests.fakes.issuing import City
from tests.fakes.restored import Restored

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restored]:
    city = City(tmp_path)
    made = Restored(city)
    node = f'registry = "{city.registry}"\nlog = "{LOG}"\nchain_url = "http://127.0.0.1:1"\n'
    (tmp_path / "node.toml").write_text(node)
    Checkpoints(f"sqlite:///{tmp_path / 'checkpoints.db'}").close()
    monkeypatch.setattr("api.commands.recover.time.time", lambda: city.chain.now)
    nodes = {"http://wuhan": made.copies, "http://nobody": Unreachable()}
    monkeypatch.setattr("api.commands.recover.HttpPeer", lambda url, authorities: nodes[url])
    for name, lines in made.sent.items():
        (tmp_path / f"{name}.submission").write_bytes(b"\n".join(lines) + b"\n")
    yield made
    city.stop()


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(command: str, *options: str) -> tuple[int, str]:
        alone = ["--no-chain"] if command == "audit" else []  # the endpoint of these settings answers nobody
        code = main([command, str(tmp_path), *options, *alone])
        return code, capsys.readouterr().out

    return call


def files(folder: Path, *names: str) -> list[str]:
    return ["--submissions", *(str(folder / f"{name}.submission") for name in names)]


def test_the_way_back_by_the_commands(story: Restored, run: Run, tmp_path: Path) -> None:
    code, said = run("audit")
    assert (code, "FOUND batch-missing: register batch batch 2" in said) == (1, True)
    code, said = run("recover", "--from", "http://nobody", "http://wuhan", "--dry-run")
    assert code == 1
    assert "batch 2, anchored 2026-11-23 09:00" in said
    assert "4 records: entries from wuhan" in said
    code, said = run("recover", "--from", "http://wuhan")
    assert code == 1
    assert "missing: positions 6 to 9, batch 2: submission " in said
    code, said = run("audit")
    assert (code, "核查无异" in said, said.count("NOT CHECKED position")) == (12, False, 2)
    assert "4 records are not back yet: bring them back with `shunzheng recover`" in said
    given = files(tmp_path, "waiting", "third", "second")  # in any order
    code, said = run("recover", "--from", "http://wuhan", *given)
    assert (code, "登记库完整" in said) == (0, True)
    assert [line.split()[1] for line in said.splitlines() if line.startswith("taken")] == [
        "second.submission,",
        "third.submission,",
        "waiting.submission,",
    ]
    code, said = run("audit")
    assert (code, "核查无异" in said, "15 records" in said) == (0, True, False)
    assert "13 records" in said


def test_programs_read_json(story: Restored, run: Run, tmp_path: Path) -> None:
    found = json.loads(run("audit", "--json")[1])
    assert (found["clean"], found["findings"][0]["slug"], found["unlisted"]) == (False, "batch-missing", 0)
    dry = json.loads(run("recover", "--dry-run", "--json")[1])
    assert [(one["sequence"], one["count"], one["entries"]) for one in dry["batches"]] == [
        (2, 4, False),
        (3, 2, False),
    ]
    code, said = run("recover", "--json", "--from", "http://wuhan", *files(tmp_path, "third", "first"))
    done = json.loads(said)
    assert code == 1
    assert [one["source"] for one in done["batches"]] == ["wuhan", "wuhan"]
    assert [Path(one["file"]).name for one in done["refused"]] == ["third.submission"]  # it follows `second`
    assert [(one["first"], one["count"], one["batch"]) for one in done["missing"]] == [(6, 4, 2), (10, 2, 3)]
    assert json.loads(run("audit", "--json")[1])["checked"]["records not back yet"] == 6


def test_a_file_that_is_no_submission_stops_nobody(story: Restored, run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.submission").write_text("{}")
    code, said = run("recover", "--from", "http://wuhan", *files(tmp_path, "broken", "second", "third"))
    assert (code, "refused: broken.submission: line 1 must be" in said) == (1, True)
    assert run("recover")[0] == 0


def test_files_that_cannot_be_read_stop_nobody(story: Restored, run: Run, tmp_path: Path) -> None:
    """What was taken back is told, and what could not be read by name."""
    (tmp_path / "folder.submission").mkdir()
    (tmp_path / "second.receipt.json").mkdir()
    (tmp_path / "third.receipt.json").write_bytes(b" " * 9000)
    given = files(tmp_path, "folder", "nowhere", "second", "third")
    code, said = run("recover", "--json", "--from", "http://wuhan", *given)
    told = json.loads(said)
    assert (code, len(told["batches"]), len(told["taken"])) == (1, 2, 2)
    assert [one["reason"] for one in told["refused"]] == [
        f"{tmp_path}/folder.submission is a directory: name a file in it",
        f"{tmp_path}/nowhere.submission does not exist: check its name",
    ]
    unread, large = (one["reason"] for one in told["receipts"])
    assert unread == f"{tmp_path}/second.receipt.json is a directory: name a file in it"
    assert "more than 8,192 bytes" in large


def test_a_disk_that_fails_while_a_file_is_handed_in_stops_nobody(
    story: Restored, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(recover, "accept", fails)
    code, said = run("recover", "--from", "http://wuhan", *files(tmp_path, "second"))
    assert (code, "refused: second.submission: [Errno 5]" in said) == (1, True)


def test_what_was_set_aside_is_handed_in_again(
    story: Restored, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.take_early()
    code, said = run("recover", "--from", "http://wuhan", *files(tmp_path, "second", "third"))
    assert code == 0
    assert said.count("set aside: ") == 1
    assert "from position 12" in said
    assert list((tmp_path / "set-aside").iterdir()) == []
    assert run("audit")[0] == 0


def test_a_departments_folder_of_the_same_name_keeps_its_files(
    story: Restored, run: Run, tmp_path: Path
) -> None:
    """Only what this node set aside is removed: another folder may be called `set-aside` too, and may lead to anywhere."""
    (theirs := tmp_path / "department" / "set-aside").mkdir(parents=True)
    for name in ("second", "third"):
        (tmp_path / f"{name}.submission").rename(theirs / f"{name}.submission")
    for _ in range(2):  # handed in, and then found to be in the register
        assert run("recover", "--from", "http://wuhan", *files(theirs, "second", "third"))[0] == 0
        assert sorted(file.name for file in theirs.iterdir()) == ["second.submission", "third.submission"]


def test_what_was_set_aside_is_removed_by_whatever_name_its_folder_has(
    story: Restored, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "set-aside").mkdir()
    (tmp_path / "second.submission").rename(tmp_path / "set-aside" / "second.submission")
    (tmp_path / "link").symlink_to(tmp_path / "set-aside")
    given = [*files(tmp_path / "link", "second"), str(tmp_path / "third.submission")]
    assert run("recover", "--from", "http://wuhan", *given)[0] == 0
    assert list((tmp_path / "set-aside").iterdir()) == []
    assert (tmp_path / "third.submission").exists()


def test_receipts_show_what_the_register_lost(story: Restored, run: Run, tmp_path: Path) -> None:
    """What was accepted after the backup and never anchored is lost to the register: the receipt is what shows it."""
    receipt = story.signed_receipt("waiting", deadline=story.city.chain.now + 60)
    (tmp_path / "waiting.receipt.json").write_bytes(receipt)
    story.city.mine(100)
    run("recover", "--from", "http://wuhan", *files(tmp_path, "second", "third"))
    found = json.loads(run("audit", "--json", "--receipts", str(tmp_path / "waiting.receipt.json"))[1])
    assert [one["slug"] for one in found["findings"]] == ["promise-broken"]


def test_receipts_come_back_from_the_departments_and_only_genuine_ones(
    story: Restored, run: Run, tmp_path: Path
) -> None:
    """What the node signs for whoever asks again are the very bytes that it signed first."""
    deadline = story.acceptances["second"].deadline
    assert deadline
    genuine = story.signed_receipt("second", deadline)
    kept = tmp_path / "second.receipt.json"
    given = ("--from", "http://wuhan", "--json", *files(tmp_path, "second", "third", "waiting"))

    def told() -> list[str]:
        code, said = run("recover", *given)
        assert code == 0
        return [one["reason"] for one in json.loads(said)["receipts"]]

    def signed() -> bytes | None:
        with story.city.register.reading() as connection:
            stored = find_submission(connection, story.acceptances["second"].id)
        found = find_or_sign_receipt(story.city.register, stored, key=None)
        return found.encode() if found else None

    second = story.acceptances["second"]
    story.acceptances |= {
        "elsewhere": replace(second, first_position=7),
        "nowhere": replace(second, id="00" * 32),
    }
    assert (told(), signed()) == ([], None)
    for false, why in (
        (b"{", "not JSON"),
        (genuine.replace(b'"count":4', b'"count":5'), "its signature is not that of the key"),
        (story.signed_receipt("third", deadline, seed=8), ""),
        (story.signed_receipt("elsewhere", deadline, seed=9), "it promises something else"),
        (story.signed_receipt("nowhere", deadline, seed=10), "is not registered here"),
    ):
        kept.write_bytes(false)
        (reason,) = told()
        assert why in reason
    assert signed() is None
    kept.write_bytes(genuine + b"\n")
    assert (told(), signed()) == ([""], genuine)
    for later, why in (
        (0, "another receipt is kept here"),
        (1, "it promises something else than stands here"),
    ):
        kept.write_bytes(story.signed_receipt("second", deadline + later, seed=11 + later))
        assert (told(), signed()) == ([why], genuine)
    assert run("audit")[0] == 0


def test_nothing_is_taken_back_beside_an_anchorer_and_looking_is_no_work(
    story: Restored,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    anchorer, now = Lease(story.city.register, LOG, "tianmen:4711"), [0.0]
    anchorer.renew(now[0])

    def wait(seconds: float) -> None:
        now[0] += seconds
        anchorer.renew(now[0])

    monkeypatch.setattr(recover, "hold_lease", partial(hold_lease, steady_clock=lambda: now[0], wait=wait))
    before = back_up(story.city.register)
    assert run("recover", "--from", "http://wuhan", "--dry-run")[0] == 1
    assert main(["recover", str(tmp_path), "--from", "http://wuhan"]) == 1
    assert "tianmen:4711 (machine and process) anchors tianmen" in capsys.readouterr().err
    assert back_up(story.city.register) == before
    anchorer.release()
    assert run("recover", "--from", "http://wuhan", *files(tmp_path, "second", "third"))[0] == 0


def test_a_node_without_a_log_has_nothing_to_recover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city: Any = City(tmp_path)
    (tmp_path / "node.toml").write_text(f'registry = "{city.registry}"\n')
    assert main(["recover", str(tmp_path)]) == 1
    assert "no register" in capsys.readouterr().err
    assert main(["audit", str(tmp_path), "--no-chain"]) == 12
    assert "cannot tell: no finding in what was checked" in capsys.readouterr().out
    Checkpoints(f"sqlite:///{tmp_path / 'checkpoints.db'}").close()
    assert main(["audit", str(tmp_path), "--no-chain"]) == 0
    city.stop()


def test_an_audit_whose_endpoint_does_not_answer_cannot_tell(
    story: Restored,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A caller that looks at exit codes alone learns that the chain was not looked at."""

    class Deaf:
        def __getattr__(self, name: str) -> object:
            raise ChainUnavailable("no answer")

    monkeypatch.setattr("api.processes.open_chain", lambda settings: Deaf())
    assert run("recover", "--from", "http://wuhan", *files(tmp_path, "second", "third"))[0] == 0
    assert main(["audit", str(tmp_path)]) == 12
    assert "NOT CHECKED chain" in capsys.readouterr().out


def test_an_audit_writes_a_report_that_the_given_key_signed(
    story: Restored, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.json"
    assert main(["audit", str(tmp_path), "--no-chain", "-o", str(file)]) == 1
    assert "name the one that signs the report with --key" in capsys.readouterr().err
    key = generate_key("p256", Random(3).randbytes)
    (tmp_path / "auditor.key").write_bytes(key.to_pem())
    assert run("audit", "-o", str(file), "--key", str(tmp_path / "auditor.key"))[0] == 1
    signed = decode_signed_audit(file.read_bytes())
    assert (signed.is_genuine, signed.key.id) == (True, key.public.id)
    assert {finding.slug for finding in signed.statement.findings} >= {"batch-missing"}
    assert [unchecked.slug for unchecked in signed.statement.unchecked_findings] == [
        "chain-not-asked",
    ]
    assert signed.statement.standing
    assert signed.statement.standing.sequence == 3


def test_a_spoilt_file_of_an_erasure_is_a_finding_and_stops_no_audit(
    story: Restored, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "erasures"
    folder.mkdir()
    (folder / f"{'00' * 32}.erasure.json").write_bytes(b"{")
    code, output = run("audit")
    assert code == 1
    assert "FOUND unreadable" in output
    assert ".erasure.json" in output


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize("content", [b"{", b"", b'{"type": "shunzheng/trust/1"}'])
def test_a_file_that_is_no_receipt_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "other.json").write_bytes(content)
    receipts = ("--receipts", str(tmp_path / "other.json"))
    assert main(["audit", str(tmp_path), "--no-chain", *receipts]) == 1
    assert "other.json" in capsys.readouterr().err
