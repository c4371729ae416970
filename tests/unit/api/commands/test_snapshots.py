"""Checkpoints and snapshots over HTTP and at the command line; verifying with them alone."""

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fastapi.testclient import TestClient

from anchoring.checkpoints.cosigning import Cosigner
from anchoring.checkpoints.snapshots import export
from anchoring.checkpoints.store import make_checkpoint
from anchoring.replica.store import Replica
from api.cli import main
from api.client.offline import read_trust
from api.http.routes import knowledge
from api.node.loading import load_settings
from api.words import write_moment
from examples.renderings import render_pdf
from ledger.crypto.append_only import check_consistency
from ledger.crypto.key_trees import KeyProof, root_from_key
from ledger.crypto.keys import generate_key
from ledger.crypto.suites import SM3, parse_digest
from ledger.encoding.canonical import encode_canonical
from ledger.encoding.times import format_time
from ledger.registry import acts
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint, decode_fork, read_cosigned
from ledger.registry.facts import make_key
from ledger.registry.snapshots import check_snapshot, replay
from ledger.registry.trust import NODE
from ledger.registry.trust_files import TrustedCosigner as TrustedCosigner
from ledger.registry.trust_files import TrustFile
from tests.unit.api.city import LOG, City, identifier

SERIAL = "TM2022A0000000000001"
LICENCE = identifier(SERIAL)
DOCUMENT = render_pdf("营业执照", [])
OTHERS = {name: generate_key("p256", Random(name).randbytes) for name in ("wuhan", "xiantao")}
Run = Callable[..., tuple[int, str, str]]


class Cosigned3:
    """A city whose checkpoints two others cosign, a document with its proof, and the trust file of an inspector."""

    def __init__(self, city: City, node: TestClient, folder: Path) -> None:
        self.city, self.node, self.folder = city, node, folder
        for name, key in OTHERS.items():
            division = {"wuhan": "420100", "xiantao": "429004"}[name]
            admitted = acts.LogAdmitted(name, 1, "0x" + "11" * 20, (division,), acts.Predecessor())
            city.act(admitted)
            city.act(acts.KeyRegistered(name, NODE, key.public.spki))
        city.submit(city.licence(SERIAL, {"ZZMC": "营业执照"}, DOCUMENT))
        city.anchor()
        self.document = folder / "licence.pdf"
        self.document.write_bytes(DOCUMENT)
        self.document.with_name("licence.pdf.proof.json").write_bytes(city.proof(LICENCE).encode())
        cosigners = (
            TrustedCosigner("天门", city.node_key.public),
            *(TrustedCosigner(name, key.public) for name, key in OTHERS.items()),
        )
        self.trust = folder / "trust.json"
        self.trust.write_bytes(encode_canonical(TrustFile(city.registry, cosigners, 2).to_json()))

    def cosign(self, *names: str) -> CosignedCheckpoint:
        node = self.node.app.state.node  # type: ignore[attr-defined]
        cosigner = Cosigner(node.replica, node.checkpoints, node.node_key, [])
        signed = cosigner.sign()
        cosigner.take(
            CosignedCheckpoint.of(
                signed.checkpoint, [Cosignature.make(OTHERS[name], signed.checkpoint) for name in names]
            )
        )
        found = node.checkpoints.find_newest()
        assert isinstance(found, CosignedCheckpoint)
        return found

    def snapshot(self, name: str = "a.snapshot", after: int = 0) -> Path:
        self.cosign(*OTHERS)
        path = self.folder / name
        path.write_bytes(self.node.get("/v1/snapshot", params={"after": after}).content)
        return path


@pytest.fixture
def three(city: City, tianmen: TestClient, tmp_path: Path) -> Cosigned3:
    folder = tmp_path / "inspector"
    folder.mkdir()
    return Cosigned3(city, tianmen, folder)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command and return its exit code, output and messages."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def verify(three: Cosigned3, run: Run) -> Callable[..., Mapping[str, object]]:
    """Verify the document with what `--snapshot` names, at the city's clock or another."""

    def verify(path: Path, *more: object, at: int | None = None) -> Mapping[str, object]:
        moment = format_time(three.city.now if at is None else at)
        given = ("--snapshot", path, "--trust", three.trust, "--at", moment, "--json")
        _, out, err = run("verify", three.document, *given, *more)
        found: Mapping[str, object] = json.loads(out)
        return {"refused": err} if "error" in found else found

    return verify


def test_a_document_with_its_proof_inside_needs_nothing_beside_it(
    three: Cosigned3, verify: Callable[..., Mapping[str, object]], run: Run, tmp_path: Path
) -> None:
    """`attach` and `detach` on the way: what comes out is what was registered, and its proof."""
    snapshot, registered = three.snapshot(), three.document
    three.document = tmp_path / "carried.pdf"
    assert run("attach", registered, "-o", three.document)[0] == 0
    assert three.document.read_bytes() != DOCUMENT
    assert verify(snapshot)["verdict"] == "valid"
    code, _, said = run(
        "attach", three.document, "--proof", f"{registered}.proof.json", "-o", tmp_path / "twice.pdf"
    )
    assert (code, "carries a proof already" in said) == (1, True)
    out = tmp_path / "out.pdf"
    assert run("detach", three.document, "-o", out)[0] == 0
    assert out.read_bytes() == DOCUMENT
    three.document = out
    assert verify(snapshot)["verdict"] == "valid"
    assert run("detach", out, "-o", tmp_path / "none.pdf")[0] == 1


def test_the_newest_checkpoint_of_a_majority(three: Cosigned3) -> None:
    answer = three.node.get("/v1/checkpoint")
    assert answer.status_code == 404
    assert "2 cities" in answer.json()["detail"]
    three.cosign()
    assert three.node.get("/v1/checkpoint").status_code == 404
    own = read_cosigned(three.node.get("/v1/checkpoint?cosigned=1").content)
    assert len(own.cosignatures) == 1
    all_three = three.cosign(*OTHERS)
    assert read_cosigned(three.node.get("/v1/checkpoint").content) == all_three
    assert three.node.get("/v1/checkpoint?cosigned=4").status_code == 404
    assert three.node.get("/v1/checkpoint?cosigned=0").status_code == 422


def test_a_snapshot_over_http_says_what_the_node_knows(three: Cosigned3) -> None:
    path = three.snapshot()
    answer = three.node.get("/v1/snapshot")
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert path.read_bytes() == answer.content
    knowledge = replay([answer.content])
    assert knowledge.list_logs() == three.city.knowledge.list_logs()
    after = three.city.knowledge.fold.event_number
    assert three.node.get(f"/v1/snapshot?after={after}").status_code == 200
    assert three.node.get(f"/v1/snapshot?after={after + 1}").status_code == 404
    assert three.node.get("/v1/snapshot?after=-1").status_code == 422


def test_a_snapshot_is_not_made_anew_for_each_who_asks(
    three: Cosigned3, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.cosign(*OTHERS)
    made: list[object] = []

    def count(*asked: object) -> Iterator[bytes]:
        made.append(asked)
        yield from export(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(knowledge, "export", count)
    assert len({three.node.get("/v1/snapshot").content for _ in range(3)}) == 1
    assert len(made) == 1
    three.city.act(acts.IssuerAdded("tianmen", "11429006012345672R"))
    three.cosign(*OTHERS)
    assert replay([three.node.get("/v1/snapshot").content]).list_logs() == three.city.knowledge.list_logs()
    assert len(made) == 2


def test_before_anything_was_signed_there_is_no_snapshot(three: Cosigned3, empty: TestClient) -> None:
    assert three.node.get("/v1/snapshot").status_code == 404
    assert empty.get("/v1/snapshot").status_code == 503


def test_a_document_is_verified_with_a_snapshot_alone(
    three: Cosigned3, verify: Callable[..., Mapping[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = three.snapshot()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    report = verify(path)
    assert (report["verdict"], report["compared"]) == ("valid", "document")
    assert report["status"]["source"] == "snapshot"  # type: ignore[index]
    three.document.write_bytes(b"another")
    assert verify(path)["verdict"] == "invalid"


def test_the_exit_codes_are_those_of_every_verification(three: Cosigned3, run: Run) -> None:
    path = three.snapshot()
    given = ("--snapshot", path, "--trust", three.trust, "--at", format_time(three.city.now))
    assert run("verify", three.document, *given)[0] == 0
    late = format_time(three.city.now + 3601)
    code, out, _ = run("verify", three.document, *given[:-1], late)
    assert code == 12
    known_at = format_time(three.city.knowledge.time)
    assert f"现已无法判断；所知止于 {write_moment(known_at, 'zh')}" in out
    _, out, _ = run("verify", three.document, *given[:-1], late, "--lang", "en")
    assert f"Cannot tell any more; known until {write_moment(known_at, 'en')}" in out


@pytest.mark.parametrize(("policy", "seconds"), [("high-value", 900), ("counter", 3600), ("field", 259_200)])
def test_the_policy_says_how_old_a_snapshot_may_be(
    three: Cosigned3, verify: Callable[..., Mapping[str, object]], policy: str, seconds: int
) -> None:
    path, known_at = three.snapshot(), three.city.knowledge.time
    assert verify(path, "--policy", policy, at=known_at + seconds)["verdict"] == "valid"
    stale = verify(path, "--policy", policy, at=known_at + seconds + 1)
    assert (stale["verdict"], stale["reason"]) == ("unverifiable", "knowledge_stale")


def test_a_clock_behind_the_snapshot_is_unknown(
    three: Cosigned3, verify: Callable[..., Mapping[str, object]]
) -> None:
    report = verify(three.snapshot(), at=three.city.knowledge.time - 121)
    assert (report["verdict"], report["reason"]) == ("unverifiable", "clock_behind")


def test_what_was_seen_is_not_forgotten(
    three: Cosigned3, verify: Callable[..., Mapping[str, object]]
) -> None:
    old = three.snapshot("old.snapshot")
    three.city.submit(three.city.change("revoke", LICENCE))
    three.city.anchor()
    new = three.snapshot("new.snapshot")
    assert verify(old)["verdict"] == "valid"
    assert verify(new)["reason"] == "revoked"
    assert "(older)" in str(verify(old)["refused"])
    assert verify(new)["reason"] == "revoked"


def test_imported_snapshots_and_deltas(
    three: Cosigned3, verify: Callable[..., Mapping[str, object]], run: Run
) -> None:
    held = three.folder / "held"
    code, out, _ = run("snapshot", "import", three.snapshot(), "--trust", three.trust, "--into", held)
    assert code == 0
    assert "signed by  " in out
    assert verify(held)["verdict"] == "valid"
    n = three.city.knowledge.fold.event_number
    three.city.submit(three.city.change("revoke", LICENCE))
    three.city.anchor()
    delta = three.snapshot("delta.snapshot", after=n)
    assert "(not_held)" in str(verify(delta)["refused"])
    assert run("snapshot", "import", delta, "--trust", three.trust, "--into", held)[0] == 0
    assert verify(held)["reason"] == "revoked"


def test_a_refused_snapshot_leaves_what_was_held(
    three: Cosigned3, verify: Callable[..., Mapping[str, object]], run: Run
) -> None:
    held = three.folder / "held"
    good = three.snapshot()
    assert run("snapshot", "import", good, "--trust", three.trust, "--into", held)[0] == 0
    alone = three.folder / "alone.snapshot"
    three.city.act(acts.IssuerAssigned("11420100000000001X", "wuhan"))
    three.cosign()
    alone.write_bytes(three.node.get("/v1/snapshot?cosigned=1").content)
    for path, reason in ((alone, "below_threshold"), (_altered(good), "truncated")):
        code, _, err = run("snapshot", "import", path, "--trust", three.trust, "--into", held)
        assert code == 1
        assert f"({reason})" in err
    assert verify(held)["verdict"] == "valid"


def _altered(path: Path) -> Path:
    altered = path.with_name("altered.snapshot")
    altered.write_bytes(path.read_bytes()[:-5])
    return altered


def test_show_says_what_is_in_the_file(three: Cosigned3, run: Run) -> None:
    path = three.snapshot()
    code, out, _ = run("snapshot", "show", path)
    assert code == 0
    assert "3 keys, not checked" in out
    code, out, _ = run("snapshot", "show", path, "--trust", three.trust, "--json")
    assert code == 0
    assert set(json.loads(out)["signed_by"]) == {"天门", *OTHERS}
    assert run("snapshot", "show", _altered(path), "--trust", three.trust)[0] == 1
    assert run("snapshot", "show", three.trust)[0] == 1


def test_a_snapshot_needs_a_trust_file(three: Cosigned3, run: Run) -> None:
    code, _, err = run("verify", three.document, "--snapshot", three.snapshot())
    assert code == 1
    assert "--trust" in err


@pytest.fixture
def directory(three: Cosigned3) -> Path:
    """Return the directory of the city's node, as the command line reads it."""
    folder = three.city.settings.directory
    lines = [f'registry = "{three.city.registry}"', 'node_key = "node.key"', f'log = "{LOG}"']
    (folder / "node.toml").write_text("\n".join(lines))
    return folder


def test_checkpoints_pass_as_files(three: Cosigned3, run: Run, directory: Path, tmp_path: Path) -> None:
    own, others = tmp_path / "own.json", tmp_path / "others.json"
    assert run("checkpoint", "sign", directory, "-o", own)[0] == 0
    signed = read_cosigned(own.read_bytes())
    made = [Cosignature.make(key, signed.checkpoint) for key in OTHERS.values()]
    others.write_bytes(encode_canonical(CosignedCheckpoint.of(signed.checkpoint, made).to_json()))
    code, _, err = run("checkpoint", "add", directory, others)
    assert (code, "2 good" in err) == (0, True)
    code, out, _ = run("checkpoint", "sign", directory, "--of", others)
    assert len(json.loads(out)["cosignatures"]) == 3
    assert run("checkpoint", "show", others, "--trust", three.trust)[0] == 0
    assert run("checkpoint", "show", own, "--trust", three.trust)[0] == 1
    assert run("checkpoint", "forks", directory) == (0, "", "")
    forked = replace(signed.checkpoint, head=bytes(32))
    others.write_bytes(
        encode_canonical(CosignedCheckpoint.of(forked, [Cosignature.make(OTHERS["wuhan"], forked)]).to_json())
    )
    assert run("checkpoint", "add", directory, others)[0] == 1
    code, out, _ = run("checkpoint", "forks", directory)
    assert (code, decode_fork(json.loads(out)).second_checkpoint.checkpoint) == (1, forked)
    output = tmp_path / "exported.snapshot"
    assert run("snapshot", "export", directory, "-o", output)[0] == 0
    check_snapshot(lambda: [output.read_bytes()], read_trust(three.trust))
    inward, outward = os.pipe()
    code, _, said = run("snapshot", "export", directory, "-o", f"/dev/fd/{outward}")
    os.close(outward)
    with open(inward, "rb") as pipe:
        assert (code, pipe.read()) == (0, output.read_bytes())
    assert "events 1 to" in said


def test_checkpoints_are_compared(three: Cosigned3, run: Run, tmp_path: Path) -> None:
    one = three.cosign(*OTHERS)
    body: Any = one.to_json()
    checkpoint, files = body["checkpoint"], {}
    for name, altered in (
        ("one", {}),
        ("same", {}),
        ("forked", {"head": "0x" + "00" * 32}),
        ("later", {"n": one.checkpoint.event_number + 1, "block": one.checkpoint.block_number + 1}),
    ):
        files[name] = tmp_path / f"{name}.json"
        files[name].write_bytes(encode_canonical(body | {"checkpoint": checkpoint | altered}))
    assert run("checkpoint", "compare", files["one"], files["same"])[0] == 0
    code, out, _ = run("checkpoint", "compare", files["one"], files["forked"], "--json")
    assert (code, json.loads(out)["type"]) == (11, "shunzheng/fork/1")
    code, out, _ = run("checkpoint", "compare", files["one"], files["forked"])
    assert out.startswith("contradiction: event")
    assert run("checkpoint", "compare", files["one"], files["later"])[0] == 12


def test_a_growth_shows_that_one_checkpoint_goes_on_from_another(
    run: Run, directory: Path, tmp_path: Path
) -> None:
    with closing(Replica(load_settings(directory).replica_url)) as replica, replica.reading() as view:
        checkpoints = {n: make_checkpoint(view, n) for n in (2, 3, view.cursor.event_number)}
    last_n = max(checkpoints)
    files = {n: tmp_path / f"{n}.json" for n in checkpoints}
    for n, path in files.items():
        path.write_bytes(encode_canonical(CosignedCheckpoint(checkpoints[n]).to_json()))
    growth_path = tmp_path / "growth.json"
    growth_path.write_text(run("checkpoint", "growth", directory, "--since", 2)[1], encoding="utf-8")
    compare = ("checkpoint", "compare", files[last_n])
    code, out, _ = run(*compare, files[2], "--growth", growth_path)
    assert (code, f"event {last_n} goes on from event 2" in out) == (0, True)
    assert run(*compare, files[2])[0] == 12
    code, out, _ = run(*compare, files[3], "--growth", growth_path)
    assert (code, f"ask for one from event 3 to event {last_n}" in out) == (12, True)
    forked = replace(checkpoints[2], roots=checkpoints[3].roots)
    files[2].write_bytes(encode_canonical(CosignedCheckpoint(forked).to_json()))
    code, out, _ = run(*compare, files[2], "--growth", growth_path)
    assert (code, "does not lead to both roots" in out) == (12, True)


@pytest.fixture
def pocketed(three: Cosigned3, directory: Path, run: Run) -> Path:
    """Return the document of an inspector beside whose proof there is nothing but a trust file: it holds a pocket."""
    three.cosign(*OTHERS)
    proof_path = three.document.with_name("licence.pdf.proof.json")
    code, _, err = run("checkpoint", "pocket", directory, proof_path, "-o", proof_path)
    assert (code, "6 facts, 3 cosignatures" in err) == (0, True)
    return three.document


def test_a_document_is_verified_with_a_trust_file_alone(three: Cosigned3, pocketed: Path, run: Run) -> None:
    command = ("verify", pocketed, "--trust", three.trust, "--json", "--at")
    code, out, _ = run(*command, format_time(three.city.now))
    report = json.loads(out)
    assert (code, report["verdict"], report["compared"]) == (0, "valid", "document")
    assert report["status"]["source"].startswith("pocket: 天门、")
    code, out, _ = run(*command, format_time(three.city.now + 86_400))
    assert (code, json.loads(out)["reason"]) == (12, "knowledge_stale")


def test_attack_a_pocket_older_than_what_was_seen(
    three: Cosigned3, pocketed: Path, run: Run, directory: Path
) -> None:
    old_proof = pocketed.with_name("licence.pdf.proof.json").read_bytes()
    three.city.anchor()
    three.cosign(*OTHERS)
    proof_path = pocketed.with_name("licence.pdf.proof.json")
    assert run("checkpoint", "pocket", directory, proof_path, "-o", proof_path)[0] == 0
    command = ("verify", pocketed, "--trust", three.trust, "--at", format_time(three.city.now))
    assert run(*command)[0] == 0
    proof_path.write_bytes(old_proof)
    code, _, err = run(*command)
    assert (code, "is refused (older)" in err) == (1, True)


def test_without_a_pocket_it_is_said_what_to_do(
    three: Cosigned3, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run("verify", three.document, "--trust", three.trust)
    assert (code, "carries no pocket" in err) == (1, True)
    with pytest.raises(SystemExit, match="2"):
        run("verify", three.document)
    assert "name who knows the registry" in capsys.readouterr().err


def test_roots_go_on_from_earlier_ones(run: Run, directory: Path) -> None:
    code, out, _ = run("checkpoint", "roots", directory, "--since", 2)
    answer = json.loads(out)
    assert (code, [root["root"].partition(":")[0] for root in answer["roots"]]) == (0, ["sm3", "sha256"])
    for root in answer["roots"]:
        suite, new_root = parse_digest(root["root"])
        _, old_root = parse_digest(root["since"]["root"])
        proof_hashes = [bytes.fromhex(text) for text in root["since"]["consistency"]]
        check_consistency(suite, 2, old_root, answer["n"], new_root, proof_hashes)
    earlier = json.loads(run("checkpoint", "roots", directory, "--event", 2)[1])
    assert [root["root"] for root in earlier["roots"]] == [root["since"]["root"] for root in answer["roots"]]
    code, out, _ = run("checkpoint", "fact", directory, "log", LOG)
    shown = json.loads(out)
    assert (code, shown["fact"]["log"], shown["root"]) == (0, LOG, answer["facts"]["root"])
    code, out, _ = run("checkpoint", "fact", directory, "position", LOG, 0)
    proof_json = json.loads(out)
    assert (code, "fact" in proof_json) == (1, False)
    path = tuple(bytes.fromhex(text) for text in proof_json["path"])
    other = proof_json.get("other")
    leaf = (bytes.fromhex(other["key"]), bytes.fromhex(other["digest"])) if other else None
    key = make_key(("position", LOG, "0"))
    root = parse_digest(proof_json["root"])[1]
    assert root_from_key(SM3, key, KeyProof(path, leaf)) == (root, None)
    code, _, err = run("checkpoint", "roots", directory, "--event", 9999)
    assert (code, "is not final here" in err) == (1, True)
