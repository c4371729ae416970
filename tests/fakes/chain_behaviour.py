"""What every chain does, as tests that run on the fake and on anvil.

So the fake cannot drift.
"""

import re

import pytest

from anchoring.chain import calls
from anchoring.chain.events import read_events
from anchoring.chain.presence import check_registry, find_obstacle
from anchoring.chain.protocol import Price, RegistryName
from anchoring.errors import NONCE_TOO_LOW, UNDERPRICED, RegistryAbsent, TransactionRejected, WrongRegistry
from ledger.crypto.keys import keccak256
from ledger.registry import acts
from ledger.registry.acts import decode_act, extend_head
from tests.fakes.nets import Net, act_on, deploy_on

ISSUER = "11429006012345671T"
SPKI = b"\x30" * 91


def admitted(log: str, admin: str) -> acts.LogAdmitted:
    return acts.LogAdmitted(log, 1, admin, ("429006",), acts.Predecessor())


class ChainBehaviour:
    """Subclasses provide the fixture `net`."""

    def test_blocks_follow_one_another_and_become_final(self, net: Net) -> None:
        net.mine(5)
        latest, final = net.chain.fetch_latest_block(), net.chain.fetch_final_block()
        assert latest.number - final.number == 2
        below = net.chain.find_block(latest.number - 1)
        assert below is not None
        assert latest.parent_hash == below.hash
        assert net.chain.find_block(latest.number) == latest
        assert net.chain.find_block(latest.number + 1) is None

    def test_a_registry_is_deployed_under_the_name_that_its_head_0_gives(self, net: Net) -> None:
        name = RegistryName.parse(deploy_on(net, net.account("province")))
        assert name.chain_id == net.chain.fetch_chain_id()
        assert net.chain.fetch_head_zero(name.contract)[:8] == name.head_prefix
        assert net.chain.fetch_code(name.contract)
        assert not net.chain.fetch_code("0x" + "77" * 20)

    def test_a_registry_that_is_not_there_is_told_from_one_that_may_come(self, net: Net) -> None:
        name = deploy_on(net, net.account("province"))
        now = net.chain.fetch_latest_block().time
        assert check_registry(net.chain, name, now) == net.chain.fetch_head_zero(
            RegistryName.parse(name).contract
        )
        for other, said in (
            (name.replace(":31337:", ":1:"), "serves chain"),
            (name[:-16] + "0" * 16, "head 0 of the contract"),
            (re.sub("0x[0-9a-f]{40}", "0x" + "77" * 20, name), "there is no contract"),
        ):
            for moment in (now, now + 10**6):  # the endpoint says that it has every block there is
                with pytest.raises(WrongRegistry, match=said) as refusal:
                    check_registry(net.chain, other, moment)
                assert not isinstance(refusal.value, RegistryAbsent)

    def test_what_keeps_an_account_from_anchoring_is_asked_of_the_contract(self, net: Net) -> None:
        province, operator = net.account("province"), net.account("operator")
        name = deploy_on(net, province)
        contract = RegistryName.parse(name).contract
        assert "no log tianmen yet" in find_obstacle(net.chain, name, "tianmen", operator.address)
        act_on(net, province, contract, calls.encode_call(admitted("tianmen", province.address)))
        assert "set-operator" in find_obstacle(net.chain, name, "tianmen", operator.address)
        act_on(net, province, contract, calls.encode_call(acts.OperatorSet("tianmen", operator.address)))
        assert find_obstacle(net.chain, name, "tianmen", operator.address) == ""
        assert "may not anchor" in find_obstacle(net.chain, name, "tianmen", province.address)

    def test_every_act_is_an_event_and_the_head_folds_over_all_of_them(self, net: Net) -> None:
        province, admin, operator = (net.account(name) for name in ("province", "admin", "operator"))
        contract = RegistryName.parse(deploy_on(net, province)).contract
        key = acts.KeyRegistered("tianmen", 1, SPKI)
        sent = [
            (province, admitted("tianmen", admin.address)),
            (province, acts.DivisionAssigned("429004", "tianmen")),
            (admin, acts.OperatorSet("tianmen", operator.address)),
            (admin, acts.IssuerAdded("tianmen", ISSUER)),
            (province, acts.IssuerAssigned("tianmen", "11429004012345671T")),
            (admin, key),
            (admin, acts.KeyGranted("tianmen", keccak256(SPKI), ISSUER, 1, ("A1", "B2"), 0, 10**10)),
            (admin, acts.KeyRetired(keccak256(SPKI), 10**10)),
            (admin, acts.KeyCompromised(keccak256(SPKI), 1)),
            (operator, acts.Anchored("tianmen", 1, 10, b"\x01" * 32, b"\x02" * 32, b"")),
            (operator, acts.Anchored("tianmen", 2, 10, bytes(32), b"\x02" * 32, bytes(12))),
            (admin, acts.AdminTransferStarted("tianmen", operator.address)),
            (province, acts.AdminReplaced("tianmen", operator.address)),
            (province, acts.ProvinceTransferStarted(admin.address)),
        ]
        for account, act in sent:
            act_on(net, account, contract, calls.encode_call(act))
        act_on(net, admin, contract, calls.encode_accept_province())
        act_on(net, admin, contract, calls.encode_call(acts.RegistryClosed("eip155:1:0x0")))
        events = [logged.event for logged in read_events(net.chain, contract)]
        recorded = [decode_act(event.kind, event.payload) for event in events]
        assert recorded == [
            acts.ProvinceTransferred(province.address),
            *(act for _, act in sent),
            acts.ProvinceTransferred(admin.address),
            acts.RegistryClosed("eip155:1:0x0"),
        ]
        head = net.chain.fetch_head_zero(contract)
        for event in events:
            head = extend_head(head, event)
        stated = net.chain.fetch_head(contract)
        assert (stated.event_number, stated.head, stated.is_closed) == (len(events), head, True)
        assert stated.last_block_number == events[-1].block_number

    def test_an_admin_hands_over_in_two_steps(self, net: Net) -> None:
        province, admin, heir = (net.account(name) for name in ("province", "admin", "heir"))
        contract = RegistryName.parse(deploy_on(net, province)).contract
        act_on(net, province, contract, calls.encode_call(admitted("tianmen", admin.address)))
        act_on(net, admin, contract, calls.encode_call(acts.AdminTransferStarted("tianmen", heir.address)))
        with pytest.raises(TransactionRejected) as caught:
            act_on(net, admin, contract, calls.encode_accept_admin("tianmen"))
        assert caught.value.name == "NotPendingAdmin"
        act_on(net, heir, contract, calls.encode_accept_admin("tianmen"))
        act_on(net, heir, contract, calls.encode_call(acts.OperatorSet("tianmen", heir.address)))

    def test_refusals_carry_the_contracts_error_and_its_values(self, net: Net) -> None:
        province, admin = net.account("province"), net.account("admin")
        contract = RegistryName.parse(deploy_on(net, province)).contract
        act_on(net, province, contract, calls.encode_call(admitted("tianmen", admin.address)))
        act_on(net, admin, contract, calls.encode_call(acts.OperatorSet("tianmen", admin.address)))
        anchored = acts.Anchored("tianmen", 1, 10, b"\x01" * 32, b"\x02" * 32, b"")
        act_on(net, admin, contract, calls.encode_call(anchored))
        name = b"tianmen".ljust(32, b"\0")
        other = acts.Anchored("tianmen", 1, 11, b"\x01" * 32, b"\x02" * 32, b"")
        later = acts.Anchored("tianmen", 5, 11, b"\x01" * 32, b"\x02" * 32, b"")
        shrunk = acts.Anchored("tianmen", 2, 9, b"\x01" * 32, b"\x02" * 32, b"")
        refused = [
            (province, admitted("tianmen", admin.address), "LogExists", (name,)),
            (admin, admitted("wuhan", admin.address), "NotProvince", (admin.address,)),
            (province, anchored, "NotOperator", (name, province.address)),
            (admin, anchored, "AlreadyAnchored", (name, 1)),
            (admin, other, "AnchorConflict", (name, 1)),
            (admin, later, "WrongSequence", (5, 2)),
            (admin, shrunk, "SizeOutOfRange", (9, 10, 10 + 2**20)),
            (admin, acts.IssuerAdded("tianmen", "11110000012345671T"), "IssuerOutsideDivisions", None),
            (admin, acts.KeyRetired(bytes(32), 10**10), "UnknownKey", (bytes(32),)),
        ]
        for account, act, error, values in refused:
            with pytest.raises(TransactionRejected) as caught:
                net.chain.simulate(account.address, contract, calls.encode_call(act))
            assert caught.value.name == error
            assert values is None or caught.value.values == values

    def test_a_transaction_waits_until_it_is_mined_and_may_be_sent_twice(self, net: Net) -> None:
        province = net.account("province")
        contract = RegistryName.parse(deploy_on(net, province)).contract
        call = calls.encode_call(admitted("tianmen", province.address))
        nonce = net.chain.count_transactions(province.address)
        signed = sign(net, province, contract, call, nonce)
        assert net.chain.find_receipt(signed.hash) is None
        assert net.chain.send(signed.raw_bytes) == net.chain.send(signed.raw_bytes) == signed.hash
        assert net.chain.count_transactions(province.address) == nonce
        assert net.chain.count_transactions(province.address, pending=True) == nonce + 1
        net.mine()
        receipt = net.chain.find_receipt(signed.hash)
        assert receipt is not None
        assert receipt.has_succeeded
        assert receipt.block_number == net.chain.fetch_latest_block().number
        with pytest.raises(TransactionRejected) as caught:
            net.chain.send(sign(net, province, contract, call, nonce, gas=900_000).raw_bytes)
        assert caught.value.name == NONCE_TOO_LOW
        assert net.chain.send(signed.raw_bytes) == signed.hash

    def test_a_waiting_transaction_is_replaced_only_for_a_higher_fee(self, net: Net) -> None:
        province = net.account("province")
        contract = RegistryName.parse(deploy_on(net, province)).contract
        call = calls.encode_call(admitted("tianmen", province.address))
        nonce = net.chain.count_transactions(province.address)
        first = sign(net, province, contract, call, nonce)
        net.chain.send(first.raw_bytes)
        with pytest.raises(TransactionRejected) as caught:
            net.chain.send(sign(net, province, contract, call, nonce, gas=900_000).raw_bytes)
        assert caught.value.name == UNDERPRICED
        second = sign(net, province, contract, call, nonce, price=2)
        net.chain.send(second.raw_bytes)
        net.mine()
        assert net.chain.find_receipt(first.hash) is None
        assert net.chain.find_receipt(second.hash) is not None

    def test_a_refused_transaction_is_mined_as_failed(self, net: Net) -> None:
        province, stranger = net.account("province"), net.account("stranger")
        contract = RegistryName.parse(deploy_on(net, province)).contract
        call = calls.encode_call(admitted("tianmen", stranger.address))
        signed = sign(net, stranger, contract, call, 0)
        net.chain.send(signed.raw_bytes)
        net.mine()
        receipt = net.chain.find_receipt(signed.hash)
        assert receipt is not None
        assert not receipt.has_succeeded
        assert net.chain.fetch_head(contract).event_number == 1

    def test_a_reorg_takes_events_and_receipts_back(self, net: Net) -> None:
        province = net.account("province")
        contract = RegistryName.parse(deploy_on(net, province)).contract
        net.mine(3)
        before = net.chain.fetch_head(contract)
        act_on(net, province, contract, calls.encode_call(admitted("tianmen", province.address)))
        replaced = net.chain.fetch_latest_block()
        net.reorg(1)
        now = net.chain.find_block(replaced.number)
        assert now is not None
        assert now.hash != replaced.hash
        assert net.chain.fetch_head(contract) == before
        assert len(net.chain.fetch_events(contract, 0, replaced.number)) == 1


def sign(net: Net, account: object, to: str, data: bytes, nonce: int, *, gas: int = 800_000, price: int = 1):  # type: ignore[no-untyped-def]
    return account.sign(  # type: ignore[attr-defined]
        chain_id=net.chain.fetch_chain_id(),
        nonce=nonce,
        to=to,
        data=data,
        gas=gas,
        price=Price(price * 2 * (net.chain.fetch_fee_terms().price_wei or 1)),
    )
