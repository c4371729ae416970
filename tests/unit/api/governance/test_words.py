"""Acts in words, refusals with what to do, and options that become acts."""

import argparse
import json
from dataclasses import replace

import pytest

from anchoring.chain import calls
from anchoring.chain.protocol import ZERO_ADDRESS
from anchoring.errors import ENDPOINT_REFUSALS, PRICE_LIMIT, REFUSED, TransactionRejected
from api.governance.options import admit_log, check_address
from api.governance.words import ADVICE, add_advice, describe_act, describe_scope, name_next_step
from ledger.errors import MalformedInput
from ledger.registry import acts
from ledger.registry.acts import ACTS, Act
from tests.unit.ledger.registry.test_acts import EXAMPLES

ANCHORING = {
    "NotOperator",
    "NotCanonical",
    "AlreadyAnchored",
    "AnchorConflict",
    "WrongSequence",
    "SizeOutOfRange",
    "RootUnfit",
    "InvalidStatusLength",
}
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # an example of EIP-55


def test_every_refusal_of_an_act_of_governance_comes_with_advice() -> None:
    abi = json.loads(calls.ARTEFACT.read_text())["abi"]
    known = {item["name"] for item in abi if item["type"] == "error"}
    assert set(ADVICE) == known - ANCHORING | (ENDPOINT_REFUSALS - {REFUSED, PRICE_LIMIT})


def test_advice_stands_behind_what_was_said() -> None:
    error = add_advice(TransactionRejected("NotAdmin", (b"a", "b"), "the registry refuses: NotAdmin(…)"))
    assert str(error).startswith("the registry refuses: NotAdmin(…); this act is the log's admin's")
    assert (error.name, error.values) == ("NotAdmin", (b"a", "b"))
    other = TransactionRejected("Reverted", (), "who knows")
    assert add_advice(other) is other


@pytest.mark.parametrize("act", [act for act in EXAMPLES if not isinstance(act, acts.Anchored)])
def test_every_act_has_words(act: Act) -> None:
    match act:  # the contract takes no time beyond this one
        case acts.KeyGranted():
            act = replace(act, not_after=acts.NO_END)
        case acts.KeyRetired():
            act = replace(act, at=acts.NO_END)
    said = describe_act(act)
    assert type(act).__name__ not in said
    assert "\n" not in said + name_next_step(act)


def test_nobody_has_words_of_their_own() -> None:
    for act in (
        acts.ProvinceTransferStarted(ZERO_ADDRESS),
        acts.AdminTransferStarted("tianmen", ZERO_ADDRESS),
        acts.OperatorSet("tianmen", ZERO_ADDRESS),
        acts.DivisionAssigned("429006", ""),
    ):
        assert ZERO_ADDRESS not in describe_act(act)
        assert name_next_step(act) == ""


def test_every_act_has_a_function() -> None:
    functions = {calls.name_function(act) for act in EXAMPLES}
    assert len(functions) == len(ACTS)
    assert calls.encode_call(acts.ProvinceTransferred(ZERO_ADDRESS)) == calls.encode_accept_province()
    assert calls.encode_call(acts.AdminTransferred("tianmen", ZERO_ADDRESS)) == calls.encode_accept_admin(
        "tianmen"
    )


def test_a_type_that_would_write_to_the_terminal_is_shown_without_it() -> None:
    grant = acts.KeyGranted("tianmen", bytes(32), "X", 5, ("A\x1b[2J",), 0, acts.NO_END)
    assert describe_scope(grant) == "licence, signature; A?[2J"
    assert describe_scope(acts.KeyGranted("t", bytes(32), "X", 2, (), 1, 2)) == (
        "seal; every type, from 1970-01-01T00:00:01Z, until 1970-01-01T00:00:02Z"
    )


@pytest.mark.parametrize("given", [MIXED, MIXED.lower(), "0x" + "0" * 40])
def test_an_address_is_read_in_lowercase(given: str) -> None:
    assert check_address(given) == given.lower()


@pytest.mark.parametrize(
    "given", [MIXED.replace("A", "a", 1), MIXED[:-1], "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", ""]
)
def test_an_address_that_is_mistyped_is_refused(given: str) -> None:
    with pytest.raises(MalformedInput, match="address"):
        check_address(given)


REGISTRY = "eip155:1:0x" + "11" * 20 + ":0123456789abcdef"
PREDECESSOR = {"registry": REGISTRY, "log": "old", "n": "7", "head": "0x" + "01" * 32, "size": "70"}


def admitted(**predecessor: str | None) -> acts.LogAdmitted:
    names = ("registry", "log", "n", "head", "size", "status_root")
    given = {f"predecessor_{name}": predecessor.get(name) for name in names}
    args = argparse.Namespace(log="tianmen", suite="sm3", admin=MIXED, division=["429006"], **given)
    act = admit_log(args, ZERO_ADDRESS)
    assert isinstance(act, acts.LogAdmitted)
    return act


def test_a_log_may_go_on_after_another() -> None:
    root = "02" * 32
    assert admitted().predecessor == acts.Predecessor()
    whole = admitted(**PREDECESSOR, status_root=root)
    assert whole.predecessor == acts.Predecessor(REGISTRY, "old", 7, b"\1" * 32, 70, b"\2" * 32)
    assert "going on after 70 records of old in " + REGISTRY in describe_act(whole)


@pytest.mark.parametrize(
    ("bent", "said"),
    [
        ({}, "all six"),
        ({"status_root": "0x00"}, "--predecessor-status-root: expected 32 bytes"),
        ({"status_root": "00" * 32, "n": "-1"}, "--predecessor-n is a number"),
        ({"status_root": "00" * 32, "registry": "elsewhere"}, "a registry is named"),
    ],
)
def test_a_predecessor_is_whole_or_absent(bent: dict[str, str], said: str) -> None:
    with pytest.raises(MalformedInput, match=said):
        admitted(**PREDECESSOR | bent)
