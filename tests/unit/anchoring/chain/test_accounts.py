"""Accounts of a chain and their keystores."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from anchoring.chain.accounts import Account, read_transaction
from anchoring.chain.protocol import Price
from anchoring.errors import KeystoreError
from ledger.crypto.keys import keccak256
from tests.fakes.fake_chain import Transaction


def test_a_keystore_opens_with_its_password_and_is_its_owners_alone(tmp_path: Path) -> None:
    account = Account.generate()
    path = tmp_path / "operator.json"
    account.save(path, "secret", rounds=10)
    assert Account.load(path, "secret").address == account.address
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["version"] == 3
    with pytest.raises(KeystoreError, match="password"):
        Account.load(path, "other")
    with pytest.raises(FileExistsError):
        account.save(path, "secret", rounds=10)


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", '{"version": 3}', "\x00", '{"crypto": [], "version": 3}', "[" * 100_000],
)
def test_a_file_that_is_no_keystore_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "operator.json"
    path.write_text(content)
    with pytest.raises(KeystoreError, match="not a keystore"):
        Account.load(path, "secret")
    with pytest.raises(KeystoreError, match="no keystore at"):
        Account.load(tmp_path / "missing.json", "secret")


@pytest.mark.parametrize("module", ["ethereum", "accounts", "devnet", "deployment", "failover"])
def test_no_library_lets_recursion_end_the_process(module: str) -> None:
    """One that is brought along lifts the limit so far that a list of lists ends Python with a fault of memory."""
    code = f"import sys, anchoring.chain.{module}; sys.exit(sys.getrecursionlimit() > 1000)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("price", [Price(7), Price(0), Price(900, 100), Price(5, 0)])
def test_what_is_signed_is_read_back(price: Price) -> None:
    account = Account(keccak256(b"operator"))
    signed = account.sign(chain_id=31337, nonce=3, to=None, data=b"\x01", gas=10**6, price=price)
    fields = read_transaction(signed.raw_bytes)
    assert (fields.hash, fields.sender, fields.nonce, fields.gas) == (signed.hash, account.address, 3, 10**6)
    assert (fields.price, fields.cost) == (price, price.max_wei * 10**6)


def test_a_signed_transaction_is_named_before_it_is_sent() -> None:
    account = Account(keccak256(b"operator"))
    signed = account.sign(
        chain_id=31337, nonce=3, to="0x" + "12" * 20, data=b"\x01\x02", gas=10**6, price=Price(7)
    )
    assert signed.hash == keccak256(signed.raw_bytes)
    sent = Transaction.decode(signed.raw_bytes)
    assert (sent.sender, sent.nonce, sent.price) == (account.address, 3, 7)
    assert (sent.to, sent.data) == ("0x" + "12" * 20, b"\x01\x02")
    again = account.sign(
        chain_id=31337, nonce=3, to="0x" + "12" * 20, data=b"\x01\x02", gas=10**6, price=Price(7)
    )
    assert again == signed
