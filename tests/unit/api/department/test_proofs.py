"""Proofs of many go into a folder, once each; a broken-off command goes on."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import files
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.department.proofs import NOT_FINAL, SPOILT_REASON, fetch_proofs, list_identifiers
from ledger.documents.carriers import detach
from ledger.errors import MalformedInput
from ledger.proof.proof import decode_proof
from tests.unit.api.city import City
from tests.unit.api.department.changing import LICENCES, ChangesDesk, open_desk
from tests.unit.api.department.test_submitting import licence

OFD = Path(__file__).parents[4] / "examples/documents/building-permit.ofd"


@pytest.fixture
def desk(city: City, tianmen: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChangesDesk:
    desk = open_desk(city, tianmen, tmp_path, monkeypatch)
    (tmp_path / "token").write_text(city.token("proofs", "claims", "history"))
    monkeypatch.setattr("api.commands.certificates.NodeClient", desk.client)
    return desk


def fetch(desk: ChangesDesk, *options: str) -> int:
    return desk.run(
        "proof", *options, "--folder", "proofs", "--node", "http://tianmen.example", "--token-file", "token"
    )


def write_list(desk: ChangesDesk, *identifiers: str) -> str:
    (desk.folder / "list.txt").write_text(
        "\ufeffidentifier\r\n" + "\r\n".join(identifiers) + "\r\n\r\n", "utf-8"
    )
    return "list.txt"


def test_a_list_of_certificates(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(desk, "--of", write_list(desk, *LICENCES)) == 0
    assert "3 of 3 proofs 存证凭据, 3 of them new" in capsys.readouterr().out
    for identifier in LICENCES:
        content = (desk.folder / "proofs" / f"{identifier}.proof.json").read_bytes()
        assert decode_proof(content).record.identifier == identifier
    assert fetch(desk, "--of", "list.txt") == 0
    assert "0 of them new" in capsys.readouterr().out
    assert fetch(desk, "--of", "list.txt", "--anew") == 0
    assert "3 of them new" in capsys.readouterr().out


def test_everything_that_a_department_kept(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    for numbers in ((1, 2), (3,)):
        assert desk.submit(*map(licence, numbers)) == 0
    assert desk.change("revoke", LICENCES[0]) == 0
    assert len(list_identifiers([desk.folder])) == 3, "the revoked one was issued elsewhere"
    capsys.readouterr()
    assert fetch(desk, "--of", ".", "--json") == 3
    outcome = json.loads(capsys.readouterr().out)
    assert {failure["reason"] for failure in outcome["failed"]} == {NOT_FINAL}
    desk.city.anchor()
    assert fetch(desk, "--of", ".") == 0
    assert len([*(desk.folder / "proofs").iterdir()]) == 3


def test_what_is_not_there_is_named_and_the_others_come(
    desk: ChangesDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = str(licence(9)["identifier"])
    assert fetch(desk, "--of", write_list(desk, LICENCES[0], unknown, "../../etc/passwd", LICENCES[1])) == 1
    captured = capsys.readouterr()
    assert f"{unknown}: " in captured.err
    assert "2 of 4 proofs" in captured.out
    assert {path.name for path in desk.folder.glob("**/*.proof.json")} == {
        f"{name}.proof.json" for name in LICENCES[:2]
    }


def test_documents_get_their_proof(desk: ChangesDesk) -> None:
    documents = desk.folder / "documents" / "2026"
    documents.mkdir(parents=True)
    (documents / "许可证.ofd").write_bytes(OFD.read_bytes())
    (documents / "page.html").write_bytes(b"<p>a licence")
    (documents / "other.html").write_bytes(b"<p>another's")
    assert desk.submit(licence(1, documents=["documents/2026/许可证.ofd", "documents/2026/page.html"])) == 0
    desk.city.anchor()
    assert fetch(desk, "--of", ".", "--documents", "documents") == 0
    written = {
        path.relative_to(desk.folder / "proofs").as_posix()
        for path in desk.folder.glob("proofs/**/*")
        if path.is_file()
    }
    identifier = licence(1)["identifier"]
    assert written == {"2026/许可证.ofd", "2026/page.html.proof.json", f"{identifier}.proof.json"}
    restored = detach((desk.folder / "proofs/2026/许可证.ofd").read_bytes())
    assert restored.document == OFD.read_bytes()
    assert restored.proof
    assert restored.proof.record.identifier == identifier


class Node(NodeClient):
    """A node that answers as planned, by certificate."""

    was_reached = True

    def __init__(self, **answers: list[bytes | NodeError]) -> None:
        self.answers = answers

    def fetch_certificate_proof(self, identifier: str) -> bytes:
        answer = self.answers[identifier].pop(0)
        if isinstance(answer, NodeError):
            raise answer
        return answer


def test_a_node_that_lies_is_not_believed(desk: ChangesDesk, tmp_path: Path) -> None:
    proof = (desk.city.proof(LICENCES[0])).encode()
    node = Node(a=[proof], b=[b"{}"], c=[b"\xff" * 100])
    outcomes = [*fetch_proofs(node, ["a", "b", "c"], tmp_path / "out")]
    assert [outcome.reason for outcome in outcomes] == [SPOILT_REASON] * 3
    assert not [*(tmp_path / "out").iterdir()]


def test_a_node_that_is_gone_or_busy_is_asked_again(desk: ChangesDesk, tmp_path: Path) -> None:
    gone = NodeError("gone", is_out_of_reach=True)
    busy = NodeError("busy", "node-busy", 503, 7)
    slept: list[float] = []
    told: list[str] = []
    answers: list[bytes | NodeError] = [gone, busy, gone, desk.city.proof(LICENCES[0]).encode()]
    node = Node(**{LICENCES[0]: answers})
    outcomes = [*fetch_proofs(node, LICENCES[:1], tmp_path / "out", sleep=slept.append, tell=told.append)]
    assert outcomes[0].is_new
    assert slept == [2, 7, 4]
    assert len(told) == 3


@pytest.mark.parametrize(
    "error", [NodeError("no", "token-required", 401), NodeError("a day", "too-many-looks", 429, 80_000)]
)
def test_what_no_other_certificate_would_fare_better_with_ends_it(tmp_path: Path, error: NodeError) -> None:
    node = Node(a=[error], b=[error])
    with pytest.raises(NodeError):
        list(fetch_proofs(node, ["a", "b"], tmp_path / "out", parallel=1, sleep=lambda _: None))


def test_what_is_no_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="holds no kept submission"):
        list_identifiers([tmp_path])
    (tmp_path / "a.submission").write_bytes(b'{"statement": {}}\n{"record": 1}\n')
    with pytest.raises(MalformedInput, match="line 2: it is no record"):
        list_identifiers([tmp_path])
    (tmp_path / "long").write_bytes(b"a" * 10_000)
    with pytest.raises(MalformedInput, match="characters at most"):
        list_identifiers([tmp_path / "long"])


def test_options_that_do_not_go_together(desk: ChangesDesk, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ((), ("a", "--of", "b"), ("--of", "b", "-o", "c")):
        node = ("--node", "http://tianmen.example", "--folder", "proofs")
        assert desk.run("proof", *options, *node) == 1
    assert files.PROOF_SUFFIX not in capsys.readouterr().out
