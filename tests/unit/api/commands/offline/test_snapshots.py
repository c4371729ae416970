"""Checkpoints and snapshots over HTTP and at the command line; verifying with them alone."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from anchoring.checkpoints.snapshots import export
from api.http.routes import knowledge
from api.words import write_moment
from ledger.encoding.times import format_time
from ledger.registry import acts
from ledger.registry.checkpoints import read_cosigned
from ledger.registry.snapshots import replay
from tests.unit.api.commands.offline.cosigned import DOCUMENT, LICENCE, OTHERS, Cosigned3, Run


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
