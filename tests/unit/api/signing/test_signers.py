"""A signer.toml describes what signs; every command that signs takes it."""

import base64
import json
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.cli import main
from api.key_files import write_key
from api.signing.errors import SignerFailed
from api.signing.signers import OutsideSigner, open_settings
from ledger.crypto.keys import PrivateKey
from tests.unit.api.city import City
from tests.unit.api.department.changing import ChangesDesk, open_desk
from tests.unit.api.department.test_submitting import licence, registered
from tests.unit.api.signing.doubles import MESSAGE, OTHER, P256, PIN, SM2, write_program, write_settings

#: A program that signs what it reads with a key file, after `change`, which rewrites `data` or `answer`.
_PROGRAM = """
import base64, sys
sys.path[:0] = {path!r}
from ledger.crypto.keys import decode_private_key
key, data = decode_private_key(open({key!r}, "rb").read()), sys.stdin.buffer.read()
{before}
answer = key.sign(data)
{after}
sys.stdout.buffer.write(answer)
"""


def write_signer(
    folder: Path, key: PrivateKey, *, before: str = "", after: str = "", **members: object
) -> Path:
    """Write a program that signs with `key`, and the signer.toml that names it."""
    if not (folder / "device.pem").exists():
        write_key(folder / "device.pem", key)
    body = _PROGRAM.format(path=sys.path, key=str(folder / "device.pem"), before=before, after=after)
    return write_settings(folder, key, **{"kind": "exec", "command": write_program(folder, body)} | members)


@pytest.mark.parametrize("key", [SM2, P256], ids=["sm2", "p256"])
def test_a_program_signs_messages(tmp_path: Path, key: PrivateKey) -> None:
    signer = open_settings(write_signer(tmp_path, key, after="answer = base64.b64encode(answer)"))
    assert key.public.verify(MESSAGE, signer.sign(MESSAGE))
    assert signer.public == key.public


@pytest.mark.parametrize(
    ("encoding", "decoder"),
    [("hexadecimal", "bytes.fromhex(data.decode())"), ("base64", "base64.b64decode(data)")],
)
def test_what_is_signed_goes_in_the_encoding_that_is_set(tmp_path: Path, encoding: str, decoder: str) -> None:
    path = write_signer(tmp_path, SM2, before=f"data = {decoder}", encoding=encoding)
    assert SM2.public.verify(MESSAGE, open_settings(path).sign(MESSAGE))


def test_the_registered_key_may_stand_in_a_file(tmp_path: Path) -> None:
    body = base64.encodebytes(SM2.public.spki).decode()
    (tmp_path / "registered.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n")
    path = write_signer(tmp_path, SM2, public_key="registered.pem")
    assert open_settings(path).public == SM2.public


def test_another_keys_signature_is_never_used(tmp_path: Path) -> None:
    path = write_signer(tmp_path, OTHER, public_key=SM2.public.spki.hex())
    with pytest.raises(SignerFailed) as caught:
        open_settings(path).sign(MESSAGE)
    assert caught.value.reason == "other-key"


def test_a_signature_over_something_else_is_never_used(tmp_path: Path) -> None:
    path = write_signer(tmp_path, SM2, before="data = data.replace(b'made', b'MADE')")
    with pytest.raises(SignerFailed, match="or other data"):
        open_settings(path).sign(MESSAGE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`kind` is file, exec, http or pkcs11"),
        ('kind = "usb"', "`kind` is file, exec, http or pkcs11"),
        ("kind = ", "is no TOML"),
        ('kind = "exec"\npublic_key = "00"', "`exec.command` is missing|`command` is missing"),
        ('kind = "exec"\npublic_key = "00"\ncommand = []', "`command`"),
        ('kind = "exec"\npublic_key = "00"\ncommand = ["a"]\npin = "87654321"', "there is no setting `pin`"),
        ('kind = "exec"\npublic_key = "00"\ncommand = ["a"]\nseconds = 86400', "`seconds`"),
        ('kind = "pkcs11"\npublic_key = "00"\nmodule = "a"\ntoken = "b"', "`mechanism` is missing"),
    ],
)
def test_a_mistake_in_the_file_is_named_and_no_pin_repeated(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "signer.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SignerFailed, match=message) as caught:
        open_settings(path)
    assert PIN not in str(caught.value)


def test_a_pin_is_asked_for_where_there_is_somebody_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_signer(tmp_path, SM2, ask_pin=True)
    assert main(["signer", "test", str(path)]) == 1
    assert "nobody to ask" in capsys.readouterr().err


def tell(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, str | bool]]]:
    code = main(["signer", "test", str(path), "--json"])
    return code, json.loads(capsys.readouterr().out)["modes"]


def test_the_test_says_which_mode_works_and_what_is_hashed_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, modes = tell(write_signer(tmp_path, SM2, after="answer = answer.hex().encode()"), capsys)
    assert code == 0
    assert modes["message"] == {"works": True, "answer": "r‖s in hexadecimal"}
    assert modes["digest"]["reason"] == "double-hash"
    assert "double hash" in str(modes["digest"]["answer"])
    code, modes = tell(write_signer(tmp_path, SM2, mode="digest"), capsys)
    assert code == 1
    assert main(["signer", "test", str(tmp_path / "signer.toml")]) == 1
    assert 'It signs with mode = "message", its file says "digest"' in capsys.readouterr().err


def test_a_device_that_takes_digests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It signs e as it comes, of 32 bytes and no others."""
    sign = "from gmssl_pyx import sm2_sign_sm3_digest as sign\nassert len(data) == 32\nanswer = sign(key._secret, data)"
    code, modes = tell(write_signer(tmp_path, SM2, after=sign, mode="digest"), capsys)
    assert (code, modes["digest"]) == (0, {"works": True, "answer": "DER"})
    assert modes["message"]["reason"] == "refused"
    assert SM2.public.verify(MESSAGE, open_settings(tmp_path / "signer.toml").sign(MESSAGE))


def test_a_key_file_is_a_signer_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_key(tmp_path / "department.pem", SM2)
    (tmp_path / "signer.toml").write_text('kind = "file"\nkey = "department.pem"')
    assert not isinstance(open_settings(tmp_path / "signer.toml"), OutsideSigner)
    assert tell(tmp_path / "signer.toml", capsys)[0] == 0


def test_records_are_handed_in_with_a_signer(
    city: City,
    tianmen: TestClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk: ChangesDesk = open_desk(city, tianmen, tmp_path, monkeypatch)
    device = tmp_path / "device"
    device.mkdir()
    settings = write_signer(device, city.key)
    rows = tmp_path / "rows.ndjson"
    rows.write_text(json.dumps(licence(1)))
    arguments = ["submit", str(rows), "--node", "http://tianmen", "--signer", str(settings)]
    assert main(arguments) == 0, capsys.readouterr().err
    assert registered(desk, licence(1))
    assert main(arguments) == 0, "the same submission again, though SM2 signs otherwise each time"
    assert len([*tmp_path.glob("*.submission")]) == 1


def test_nothing_is_handed_in_where_the_signer_fails(
    city: City,
    tianmen: TestClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk: ChangesDesk = open_desk(city, tianmen, tmp_path, monkeypatch)
    settings = write_settings(tmp_path, city.key, kind="exec", command=["/none"])
    rows = tmp_path / "rows.ndjson"
    rows.write_text(json.dumps(licence(1)))
    assert main(["submit", str(rows), "--node", "http://tianmen", "--signer", str(settings), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["reason"] == "unreachable"
    assert not [*tmp_path.glob("*.submission")]
    assert not registered(desk, licence(1))
