"""Govern a registry from the command line: every command once, with `--dry-run` first."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from anchoring.chain.devnet import Devnet
from anchoring.chain.ethereum import EthereumChain
from anchoring.chain.jsonrpc import Endpoint
from anchoring.chain.protocol import RegistryName
from api.cli import build_parser, main
from api.commands import chain as commands
from ledger.crypto.keys import keccak256
from ledger.encoding.times import format_time

ISSUER = "11429006012345671T"
ELSEWHERE = "11420100012345671R"
OUTSIDE = "114203000123456714"
NEXT = "eip155:1:0x" + "ab" * 20 + ":0123456789abcdef"
HIDDEN = ("password", "province", "admin", "operator", "heir")


@dataclass
class Office:
    """A chain with people who govern: `run` is the command line, and looks that no secret is ever printed."""

    net: Devnet
    folder: Path
    capture: pytest.CaptureFixture[str] | None = None
    registry: str = ""

    def address(self, role: str) -> str:
        return self.net.open_account(role).address

    def options(self, role: str) -> list[str]:
        self.address(role)
        keystore, password = self.folder / "accounts" / f"{role}.json", self.folder / "password"
        return ["--keystore", str(keystore), "--password-file", str(password)]

    def run(self, action: str, *arguments: str | Path) -> tuple[int, str, str]:
        assert self.capture
        self.capture.readouterr()
        code = main(["chain", action, *map(str, arguments)])
        out, err = self.capture.readouterr()
        for secret in self.secrets():
            assert secret not in out + err, "a secret was printed"
        assert "Traceback" not in err
        return code, out, err

    def secrets(self) -> Iterator[str]:
        yield (self.folder / "password").read_text()
        for role in HIDDEN:
            yield keccak256(b"shunzheng/devnet/account/1:" + role.encode()).hex()

    def deploy(self) -> None:
        deploy = ["deploy", "--chain-url", self.net.url, *self.options("province")]
        nonce = self.nonce("province")
        code, out, _ = self.run(*deploy, "--dry-run")
        assert code == 0
        assert f"whose province is {self.address('province')}" in out
        assert self.nonce("province") == nonce
        code, out, err = self.run(*deploy, "--json")
        assert code == 0, err
        self.registry = json.loads(out)["registry"]

    @property
    def target(self) -> list[str]:
        return ["--chain-url", self.net.url, "--registry", self.registry]

    def standing(self) -> tuple[int, bytes]:
        stated = self.net.chain.fetch_head(RegistryName.parse(self.registry).contract)
        return stated.event_number, stated.head

    def act(self, role: str, action: str, *arguments: str | Path, acts: int = 1) -> str:
        """Look with --dry-run, which must change nothing, then act; return what was said."""
        options = [*self.target, *self.options(role), *arguments]
        before, nonce = self.standing(), self.nonce(role)
        code, planned, err = self.run(action, *options, "--dry-run")
        assert code == 0, err
        assert (self.standing(), self.nonce(role)) == (before, nonce)
        assert "Nothing was sent." in planned
        assert f"  nonce      {nonce}\n" in planned
        assert f"  from       {self.address(role)}\n" in planned
        assert "the registry would take it" in planned
        assert "gas limit" in planned
        code, out, err = self.run(action, *options)
        assert code == 0, err
        assert self.standing()[0] == before[0] + acts
        return out + err

    def nonce(self, role: str) -> int:
        return self.net.chain.count_transactions(self.address(role), pending=True)

    def refused(self, role: str, action: str, *arguments: str | Path) -> str:
        """Return what is said where the command fails; nothing may have been sent."""
        before = self.standing()
        code, out, err = self.run(action, *self.target, *self.options(role), *arguments)
        assert (code, out) == (1, "")
        assert self.standing() == before
        return err

    def show(self, *arguments: str) -> Any:
        code, out, err = self.run("show", *self.target, "--json", *arguments)
        assert code == 0, err
        return json.loads(out)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with Devnet(folder, block_seconds=0.1) as net:
        yield Office(net, folder)


@pytest.fixture
def office(running: Office, capsys: pytest.CaptureFixture[str]) -> Office:
    running.capture = capsys
    if not running.registry:
        running.deploy()
    return running


def key_file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        assert main(["keys", "generate", "--plain", "-o", str(path)]) == 0
    return path


def key_id(path: Path, office: Office) -> str:
    assert office.capture
    office.capture.readouterr()
    assert main(["keys", "show", str(path), "--json"]) == 0
    return str(json.loads(office.capture.readouterr().out)["key"])


def test_every_command_does_what_it_says(office: Office) -> None:
    province, admin, heir = map(office.address, ("province", "admin", "heir"))
    # The province admits the city.
    said = office.act("province", "admit-log", "--log", "tianmen", "--admin", admin, "--division", "429006")
    assert "log tianmen admitted: suite sm3" in said
    assert "set-operator --log tianmen" in said
    before = ["--predecessor-registry", NEXT, "--predecessor-log", "wuhan", "--predecessor-n", "9"]
    before += ["--predecessor-head", "0x" + "01" * 32, "--predecessor-size", "70"]
    before += ["--predecessor-status-root", "0x" + "02" * 32]
    wuhan = ["--log", "wuhan", "--admin", heir, "--division", "420100", "--suite", "sha256"]
    assert "going on after 70 records" in office.act("province", "admit-log", *wuhan, *before)
    assert office.show("--log", "wuhan")["logs"][0]["size"] == 70
    office.act("province", "assign-division", "--division", "429005", "--log", "tianmen")
    assert "no log" in office.act("province", "assign-division", "--division", "429005", "--no-log")
    office.act("province", "assign-issuer", "--log", "tianmen", "--issuer", ELSEWHERE)
    # The city appoints its operator, and takes in a department.
    office.act("admin", "set-operator", "--log", "tianmen", "--operator", office.address("operator"))
    office.act("admin", "add-issuer", "--log", "tianmen", "--issuer", ISSUER)
    pem = key_file(office.folder, "department.pem")
    key = key_id(pem, office)
    assert "speaks for nobody yet" in office.act("admin", "add-key", "--log", "tianmen", "--key-file", pem)
    granted = ["--log", "tianmen", "--key", key, "--issuer", ISSUER, "--kind", "licence", "--kind", "seal"]
    granted += ["--not-before", "2020-01-01T00:00:00Z", "--type", "11100000MB0143028R001"]
    office.act("admin", "grant", *granted)
    node = key_file(office.folder, "node.pem")
    office.act("admin", "add-key", "--log", "tianmen", "--key-file", node, "--purpose", "node")
    now = office.net.chain.fetch_latest_block().time
    office.act("admin", "retire-key", "--key", key, "--at", format_time(now + 86_400))
    office.act("admin", "compromise-key", "--key", key, "--since", format_time(now - 60))
    # Two hand over, one is replaced.
    office.act("admin", "transfer-admin", "--log", "tianmen", "--to", heir)
    assert office.show()["logs"][0]["pending_admin"] == heir
    office.act("heir", "accept-admin", "--log", "tianmen")
    office.act("province", "replace-admin", "--log", "tianmen", "--admin", admin)
    office.act("province", "transfer-province", "--to", heir)
    assert office.show()["pending_province"] == heir
    office.act("heir", "accept-province")
    office.act("heir", "transfer-province", "--to", province)
    office.act("province", "accept-province")
    # All of it can be seen.
    shown = office.show("--log", "tianmen")
    assert shown["province"] == province
    assert shown["disagreements"] == []
    (log,) = shown["logs"]
    assert log["issuers"] == sorted([ISSUER, ELSEWHERE])
    assert log["operator"] == office.address("operator")
    assert (log["divisions"], log["admin"], log["pending_admin"]) == (["429006"], admin, "")
    department, city = log["keys"]
    assert (department["key"], department["purpose"], city["purpose"]) == (key, "department", "node")
    assert department["compromised_since"] == format_time(now - 60)
    (grant,) = department["grants"]
    assert (grant["issuer"], grant["kinds"]) == (ISSUER, ["licence", "seal"])
    code, text, _ = office.run("show", *office.target, "--log", "tianmen")
    assert code == 0
    assert f"STOLEN since {format_time(now - 60)}" in text
    assert "log wuhan" not in text
    assert text.endswith("The contract's own state agrees.\n")


def test_onboarding_a_department_is_one_step_and_can_be_repeated(office: Office) -> None:
    admit(office, "huanggang", "421100")
    pem = key_file(office.folder, "onboarded.pem")
    board = ["--log", "huanggang", "--issuer", credit_code("421100"), "--key-file", str(pem)]
    options = [*office.target, *office.options("admin"), *board]
    code, planned, _ = office.run("onboard-department", *options, "--dry-run")
    assert code == 0
    assert planned.count("would send") == 3
    nonce = office.nonce("admin")
    assert [line.split()[1] for line in planned.splitlines() if line.startswith("  nonce")] == [
        str(nonce),
        str(nonce + 1),
        str(nonce + 2),
    ]
    assert "not before the act in front of it is recorded" in planned
    # Cut off after the first step, and taken up again.
    office.act("admin", "add-issuer", "--log", "huanggang", "--issuer", credit_code("421100"))
    said = office.act("admin", "onboard-department", *board, acts=2)
    assert "1 of 3" in said
    assert "(held already)" in said
    assert f"shunzheng submit RECORDS.ndjson --key {pem}" in said
    before = office.standing()
    code, out, _ = office.run("onboard-department", *options, "--json")
    assert code == 0
    assert [step["already"] for step in json.loads(out)] == [True] * 3
    assert office.standing() == before
    # A key that cannot serve is named before anything is sent.
    admit(office, "xiantao", "429004")
    elsewhere = ["--log", "xiantao", "--issuer", credit_code("429004"), "--key-file", str(pem)]
    assert "registered by log huanggang" in office.refused("admin", "onboard-department", *elsewhere)
    since = format_time(office.net.chain.fetch_latest_block().time - 60)
    office.act("admin", "compromise-key", "--key", key_id(pem, office), "--since", since)
    assert "retired or stolen" in office.refused("admin", "onboard-department", *board)


def admit(office: Office, log: str, division: str) -> None:
    arguments = ["--log", log, "--admin", office.address("admin"), "--division", division]
    office.act("province", "admit-log", *arguments)


def credit_code(division: str) -> str:
    return {"421100": "114211000123456716", "429004": "11429004012345671X"}[division]


def test_a_refusal_says_what_to_do(office: Office) -> None:
    admit(office, "jingzhou", "421000")
    log = ["--log", "jingzhou"]
    said = office.refused("heir", "set-operator", *log, "--operator", office.address("heir"))
    assert "NotAdmin(log jingzhou, caller " in said
    assert "send it from the admin's account" in said
    said = office.refused("heir", "set-operator", *log, "--operator", office.address("heir"), "--dry-run")
    assert "send it from the admin's account" in said, "a dry run says so too"
    said = office.refused("admin", "add-issuer", *log, "--issuer", OUTSIDE)
    assert "ask the province for `shunzheng chain assign-issuer`" in said
    said = office.refused("heir", "accept-admin", *log)
    assert "transfer-admin" in said
    mistyped = office.address("admin")[:-1] + "G"
    assert "an address is" in office.refused("admin", "set-operator", *log, "--operator", mistyped)
    assert "check" in office.refused("admin", "add-issuer", *log, "--issuer", ISSUER[:-1] + "0")


def test_a_keystore_that_does_not_open(office: Office, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("a wrong one\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    keystore, password = office.options("admin")[1], office.options("admin")[3]
    for files, said in (
        ([keystore, tmp_path / "wrong"], "wrong password"),
        ([keystore, tmp_path / "nowhere"], "there is no password file at"),
        ([keystore, tmp_path / "binary"], "does not hold a password"),
        ([tmp_path / "nowhere", password], "there is no keystore at"),
    ):
        options = ["--keystore", str(files[0]), "--password-file", str(files[1]), "--log", "tianmen"]
        code, out, err = office.run("accept-admin", *office.target, *options)
        assert (code, out) == (1, "")
        assert said in err


def test_another_registry_or_chain_is_noticed_before_anything_is_sent(office: Office) -> None:
    _, chain, contract, head = office.registry.split(":")
    good = office.registry
    try:
        for registry, said in (
            (f"eip155:1:{contract}:{head}", "the endpoint serves chain 31337, the registry is on 1"),
            (f"eip155:{chain}:0x{'77' * 20}:{head}", "there is no contract at"),
            (f"eip155:{chain}:{contract}:{'0' * 16}", "is another registry than"),
            ("tianmen", "a registry is named"),
        ):
            for action in ("show", "accept-province"):
                options = [] if action == "show" else office.options("heir")
                code, out, err = office.run(
                    action, "--chain-url", office.net.url, "--registry", registry, *options
                )
                assert (code, out) == (1, "")
                assert said in err
    finally:
        office.registry = good
    for url, said in (("http://127.0.0.1:1", "no answer"), ("ftp://x", "must begin with http")):
        code, _, err = office.run("show", "--chain-url", url, "--registry", good)
        assert code == 1
        assert said in err


def test_a_log_that_is_not_there(office: Office) -> None:
    code, out, err = office.run("show", *office.target, "--log", "nowhere")
    assert (code, out) == (1, "")
    assert "the registry has no log nowhere" in err


def test_a_contract_that_contradicts_its_acts_is_shown(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lying(EthereumChain):
        def simulate(
            self, sender: str, contract: str | None, data: bytes, *, gas: int | None = None
        ) -> bytes:
            answer = super().simulate(sender, contract, data)
            return answer if len(data) > 4 else bytes(12) + b"\x66" * 20 if len(answer) == 32 else answer

    monkeypatch.setattr(commands, "_open_chain", lambda options: Lying(Endpoint(options.chain_url)))
    code, out, _ = office.run("show", *office.target)
    assert code == 1
    said = f"province: {office.address('province')} by the events, 0x{'66' * 20} by the contract"
    assert "THE CONTRACT'S OWN STATE DIFFERS" in out
    assert said in out
    code, out, _ = office.run("show", *office.target, "--json")
    assert (code, said in json.loads(out)["disagreements"]) == (1, True)


def test_an_account_is_made_for_its_owner(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    made = ["account", "-o", path, "--password-file", office.folder / "password"]
    code, out, _ = office.run(*map(str, made))
    assert code == 0
    assert out.strip().removeprefix("0x") == json.loads(path.read_text())["address"].lower()
    content = path.read_bytes()
    code, _, err = office.run(*map(str, made))
    assert code == 1
    assert "never overwritten" in err
    assert path.read_bytes() == content


def test_the_end(office: Office) -> None:
    office = replace(office)
    office.deploy()
    assert "--irrevocably" in office.refused("province", "close", "--successor", NEXT)
    assert "closed for ever" in office.act("province", "close", "--successor", NEXT, "--irrevocably")
    code, out, _ = office.run("show", *office.target)
    assert code == 0
    assert f"CLOSED for ever; its successor is {NEXT}" in out
    assert "its successor goes on" in office.refused("province", "transfer-province", "--to", "0x" + "0" * 40)


def test_no_command_was_left_out() -> None:
    (topics,) = build_parser(["chain"])._subparsers._group_actions  # type: ignore[union-attr]
    assert isinstance(topics, argparse._SubParsersAction)
    (actions,) = topics.choices["chain"]._subparsers._group_actions
    here = Path(__file__).read_text(encoding="utf-8")
    assert {action for action in actions.choices if f'"{action}"' not in here} == set()
