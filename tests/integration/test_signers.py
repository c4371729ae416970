"""Signing servers over HTTP, and a PKCS#11 token of SoftHSM2, where it is installed."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from api.cli import main
from api.signing.errors import SignerFailed
from api.signing.signers import open_settings
from ledger.crypto.keys import decode_public_key
from tests.unit.api.signing.doubles import (
    MESSAGE,
    OTHER,
    PIN,
    SM2,
    Answer,
    answer_as_svs,
    serve,
    write_settings,
)

_MODULE: Final = Path("/usr/lib/softhsm/libsofthsm2.so")
_ECDSA: Final = 0x1041  # CKM_ECDSA: the digest is made outside
_SM2_OF_A_VENDOR: Final = 0x80000001


def write_service(folder: Path, url: str, **members: object) -> Path:
    (folder / "pin").write_text(PIN + "\n")
    defaults: dict[str, object] = {"kind": "http", "url": url, "pin_file": "pin", "seconds": 5}
    return write_settings(folder, SM2, **defaults | members)


def test_a_server_of_gm_t_0029_signs(tmp_path: Path) -> None:
    with serve(answer_as_svs(SM2)) as url:
        path = write_service(tmp_path, url)
        assert SM2.public.verify(MESSAGE, open_settings(path).sign(MESSAGE))
        assert main(["signer", "test", str(path)]) == 0


def test_a_server_that_takes_the_message_as_the_body_signs(tmp_path: Path) -> None:
    with serve(lambda body: (200, SM2.sign(body))) as url:
        path = write_service(tmp_path, url, style="plain")
        assert SM2.public.verify(MESSAGE, open_settings(path).sign(MESSAGE))


def failing(folder: Path, answer: Answer, **members: object) -> SignerFailed:
    with serve(answer) as url, pytest.raises(SignerFailed) as caught:
        open_settings(write_service(folder, url, **members)).sign(MESSAGE)
    assert PIN not in str(caught.value)
    return caught.value


def test_a_wrong_pin_and_a_missing_key_are_told(tmp_path: Path) -> None:
    assert "check `key_index`" in str(failing(tmp_path, answer_as_svs(SM2), key_index=7))
    (tmp_path / "other").write_text("00000000")
    assert "PIN" in str(failing(tmp_path, answer_as_svs(SM2), pin_file="other"))
    assert "0x0400000c" in str(failing(tmp_path, lambda _: (200, b'{"respValue": 67108876}')))


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("too-long", lambda _: (200, b"a" * 10**6)),
        ("refused", lambda _: (500, b"")),
        ("refused", lambda _: (302, b"")),
        ("no-signature", lambda _: (200, b"<html>sign in</html>")),
        ("no-signature", lambda _: (200, b'{"respValue": 0}')),
        ("no-signature", lambda _: (200, b"[" * 100_000)),
        ("other-key", lambda body: (200, OTHER.sign(body))),
        ("other-key", lambda _: (200, SM2.sign(b"a transfer of all its property"))),
    ],
    ids=["huge", "fails", "redirects", "page", "empty", "nested", "another key", "something else"],
)
def test_a_hostile_server_makes_a_clear_error(tmp_path: Path, reason: str, answer: Answer) -> None:
    assert failing(tmp_path, answer).reason == reason


def test_a_server_that_drips_is_not_waited_for(tmp_path: Path) -> None:
    def drip(content: bytes) -> Iterator[bytes]:
        for byte in content:
            time.sleep(0.1)
            yield bytes([byte])

    start = time.monotonic()
    with serve(lambda _: (200, b"a" * 100), drip) as url, pytest.raises(SignerFailed) as caught:
        open_settings(write_service(tmp_path, url, seconds=1)).sign(MESSAGE)
    assert caught.value.reason == "timeout"
    assert time.monotonic() - start < 8


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignerFailed) as caught:
        open_settings(write_service(tmp_path, "http://127.0.0.1:9/SignData")).sign(MESSAGE)
    assert caught.value.reason == "unreachable"


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a token with one P-256 key, `department`."""
    pytest.importorskip("pkcs11", reason="python-pkcs11, the extra `pkcs11`, is not installed")
    if not _MODULE.exists() or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM2 is not installed: the package softhsm2 of Debian")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(
        f"directories.tokendir = {tmp_path / 'tokens'}\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    arguments = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "city",
        "--pin",
        PIN,
        "--so-pin",
        "12345678",
    ]
    subprocess.run(arguments, check=True, capture_output=True, env=os.environ)
    return tmp_path


def make_key_in_token() -> bytes:
    """Make a key that never leaves the token, and return the SubjectPublicKeyInfo of its public part."""
    import pkcs11
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

    with pkcs11.lib(str(_MODULE)).get_token(token_label="city").open(user_pin=PIN, rw=True) as session:
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        public, _ = parameters.generate_keypair(store=True, label="department")
        return bytes(encode_ec_public_key(public))


def test_a_token_signs(token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (token / "pin").write_text(PIN)
    members: dict[str, object] = {
        "kind": "pkcs11", "module": str(_MODULE), "token": "city", "label": "department", "pin_file": "pin",
        "mechanism": _ECDSA, "mode": "digest",
    }  # fmt: skip
    key = decode_public_key(make_key_in_token())
    members["public_key"] = key.spki.hex()
    signer = open_settings(write_settings(token, SM2, **members))
    assert all(key.verify(MESSAGE, signer.sign(MESSAGE)) for _ in range(4)), (
        "also where its s is the high one"
    )
    assert main(["signer", "test", str(token / "signer.toml")]) == 0
    assert "✓ r‖s" in capsys.readouterr().out
    for changed, words in (
        ({"label": "another"}, "not one such private key"),
        ({"token": "another"}, "it is not there"),
        ({"mechanism": _SM2_OF_A_VENDOR}, "does not know the mechanism"),
        ({"module": "/none.so"}, "its library failed"),
        ({"pin_file": None}, "not one such private key"),
    ):
        settings = {name: member for name, member in (members | changed).items() if member is not None}
        with pytest.raises(SignerFailed, match=words):
            open_settings(write_settings(token, SM2, **settings)).sign(MESSAGE)
    (token / "pin").write_text("11111111")
    with pytest.raises(SignerFailed, match="PIN 口令 is wrong"):
        open_settings(write_settings(token, SM2, **members)).sign(MESSAGE)
