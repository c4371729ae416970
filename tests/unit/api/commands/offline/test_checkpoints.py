"""Checkpoints at the command line: passed on as files, compared, shown to go on from others."""

import json
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from anchoring.checkpoints.store import make_checkpoint
from anchoring.replica.store import Replica
from api.client.offline import read_trust
from api.node.loading import load_settings
from ledger.crypto.append_only import check_consistency
from ledger.crypto.key_trees import KeyProof, root_from_key
from ledger.crypto.suites import SM3, parse_digest
from ledger.encoding.canonical import encode_canonical
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint, decode_fork, read_cosigned
from ledger.registry.facts import make_key
from ledger.registry.snapshots import check_snapshot
from tests.unit.api.city import LOG
from tests.unit.api.commands.offline.cosigned import OTHERS, Cosigned3, Run


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
    others.write_bytes(encode_canonical(CosignedCheckpoint(forked).to_json()))
    code, _, err = run("checkpoint", "sign", directory, "--of", others)
    assert (code, "another history: event" in err) == (11, True), "whoever signed it"
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
    code, out, _ = run("checkpoint", "compare", files["one"], files["later"])
    assert (code, "two events of one" in out) == (12, True)


def test_two_versions_at_one_event_are_not_called_two_events(
    three: Cosigned3, run: Run, tmp_path: Path
) -> None:
    checkpoint = three.cosign(*OTHERS).checkpoint
    paths = tmp_path / "new.json", tmp_path / "old.json"
    for path, version in zip(paths, (checkpoint, replace(checkpoint, roots=None)), strict=True):
        path.write_bytes(encode_canonical(CosignedCheckpoint(version).to_json()))
    code, out, _ = run("checkpoint", "compare", *paths)
    assert (code, "agree in all that both name" in out, "two events" in out) == (12, True, False)


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
