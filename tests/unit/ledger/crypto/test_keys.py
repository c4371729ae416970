"""Keys: exact forms, one encoding of each signature, key files that OpenSSL shares."""

import base64
import hashlib
import itertools
import os
import pickle
import shutil
import subprocess
from pathlib import Path

import gmalg
import gmssl_pyx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.crypto import keyfiles, p256, sm2
from ledger.crypto.keys import (
    Algorithm,
    PrivateKey,
    decode_private_key,
    decode_public_key,
    decode_signature,
    encode_signature,
    generate_key,
    keccak256,
)
from ledger.errors import MalformedInput

MESSAGE = b"shunzheng/submission/1"
ALGORITHMS: list[Algorithm] = ["sm2", "p256"]
CURVES = {"sm2": sm2, "p256": p256}


def made(algorithm: Algorithm, seed: bytes = b"seed") -> PrivateKey:
    """A key from a fixed source of bytes."""
    counter = itertools.count()

    def random(count: int) -> bytes:
        return hashlib.sha256(seed + next(counter).to_bytes(4, "big")).digest()[:count]

    return generate_key(algorithm, random)


@pytest.fixture(params=ALGORITHMS)
def key(request: pytest.FixtureRequest) -> PrivateKey:
    return made(request.param)


def split(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def joined(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def armoured(der: bytes, label: str = "PRIVATE KEY") -> bytes:
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n".encode()


def opened(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.split(b"\n")[1:-2]))


# --- what names a key


def test_keccak256_is_that_of_ethereum_not_sha3() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"") != hashlib.sha3_256(b"").digest()


def test_a_key_is_named_by_keccak_of_its_spki(key: PrivateKey) -> None:
    assert len(key.public.spki) == 91
    assert key.public.id == keccak256(key.public.spki)
    assert decode_public_key(key.public.spki) == key.public


def test_the_p256_spki_is_that_of_another_library() -> None:
    loaded = serialization.load_der_public_key(made("p256").public.spki)
    assert isinstance(loaded, ec.EllipticCurvePublicKey)
    der = loaded.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert der == made("p256").public.spki


def test_other_forms_of_a_public_key_are_refused(key: PrivateKey) -> None:
    spki = key.public.spki
    compressed = bytes.fromhex("3039") + spki[2:23] + bytes.fromhex("032200") + b"\x02" + spki[27:59]
    others = [b"", spki[:-1], spki + b"\x00", spki[1:], b"\x31" + spki[1:], spki[27:], spki[26:], compressed]
    others.append(spki[:26] + b"\x06" + spki[27:])  # the hybrid form of the same point
    for other in others:
        with pytest.raises(MalformedInput, match="a public key is the DER"):
            decode_public_key(other)


def test_a_point_off_the_curve_is_refused(key: PrivateKey) -> None:
    spki = key.public.spki
    for point in (bytes(64), spki[27:59] + spki[27:59], spki[59:] + spki[27:59], b"\xff" * 64):
        with pytest.raises(MalformedInput, match="not a point on the curve"):
            decode_public_key(spki[:27] + point)


FIELDS = {  # modulus p and b of y^2 = x^3 - 3x + b
    "sm2": (
        2**256 - 2**224 - 2**96 + 2**64 - 1,
        0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    ),
    "p256": (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
}


def test_a_point_has_no_second_spelling(key: PrivateKey) -> None:
    """x and x + p are the same number of the field: for a small x both fit into 32 bytes."""
    p, b = FIELDS[key.public.algorithm]
    squares = ((x, (x**3 - 3 * x + b) % p) for x in itertools.count())
    x, square = next(pair for pair in squares if pow(pair[1], (p - 1) // 2, p) == 1)
    y = pow(square, (p + 1) // 4, p)
    head = key.public.spki[:27]
    assert decode_public_key(head + joined(x, y)).algorithm == key.public.algorithm
    with pytest.raises(MalformedInput, match="not a point on the curve"):
        decode_public_key(head + joined(x + p, y))


def test_a_key_of_one_curve_is_none_of_the_other() -> None:
    one, other = made("sm2").public.spki, made("p256").public.spki
    for spki in (one[:27] + other[27:], other[:27] + one[27:]):
        with pytest.raises(MalformedInput, match="not a point on the curve"):
            decode_public_key(spki)


def test_public_keys_travel_between_processes(key: PrivateKey) -> None:
    assert pickle.loads(pickle.dumps(key.public)) == key.public


# --- signatures


def test_sign_and_verify(key: PrivateKey) -> None:
    for message in (b"", MESSAGE, os.urandom(10_000)):
        signature = key.sign(message)
        assert len(signature) == 64
        assert key.public.verify(message, signature)


def test_a_signature_is_of_one_message_and_one_key(key: PrivateKey) -> None:
    signature = key.sign(MESSAGE)
    assert not key.public.verify(MESSAGE + b" ", signature)
    assert not made(key.public.algorithm, b"another").public.verify(MESSAGE, signature)
    assert not made("p256" if key.public.algorithm == "sm2" else "sm2").public.verify(MESSAGE, signature)


def test_second_encodings_of_a_signature_are_refused(key: PrivateKey) -> None:
    order = CURVES[key.public.algorithm].ORDER
    r, s = split(key.sign(MESSAGE))
    assert key.public.verify(MESSAGE, joined(r, s))
    others = [(r, order - s), (order - r, s), (order - r, order - s), (s, r)]
    for other in others:
        assert not key.public.verify(MESSAGE, joined(*other))


def test_only_the_low_s_of_p256_is_taken_and_made() -> None:
    key = made("p256")
    for count in range(50):
        message = count.to_bytes(4, "big")
        r, s = split(key.sign(message))
        assert s <= p256.ORDER // 2
        assert p256.verify(key.public.spki[-64:], message, r, p256.ORDER - s)  # the curve takes it, we do not
        assert not key.public.verify(message, joined(r, p256.ORDER - s))


def test_numbers_out_of_range_are_refused(key: PrivateKey) -> None:
    order = CURVES[key.public.algorithm].ORDER
    r, s = split(key.sign(MESSAGE))
    for other in ((0, s), (r, 0), (0, 0), (order, s), (r, order), (2**256 - 1, s), (r, 2**256 - 1)):
        assert not key.public.verify(MESSAGE, joined(*other))


def test_numbers_at_the_ends_of_the_range_are_refused_without_an_error(key: PrivateKey) -> None:
    curve = CURVES[key.public.algorithm]
    ends = [1, 2, 127, 128, 2**128, curve.MAX_S, curve.MAX_S - 1]
    for r, s in itertools.product([*ends, curve.ORDER - 1], ends):
        assert not key.public.verify(MESSAGE, joined(r, s))


def test_signatures_of_another_length_are_refused(key: PrivateKey) -> None:
    signature = key.sign(MESSAGE)
    for other in (
        b"",
        signature[:-1],
        signature + b"\x00",
        b"\x00" + signature,
        signature[:32],
        signature * 2,
    ):
        assert not key.public.verify(MESSAGE, other)


def test_length_and_range_do_not_depend_on_what_a_library_lets_through(
    key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve = CURVES[key.public.algorithm]
    monkeypatch.setattr(curve, "verify", lambda *_: True)
    assert key.public.verify(MESSAGE, joined(1, 1))
    assert key.public.verify(MESSAGE, joined(curve.ORDER - 1, curve.MAX_S))
    for r, s in ((0, 1), (1, 0), (curve.ORDER, 1), (1, curve.MAX_S + 1)):
        assert not key.public.verify(MESSAGE, joined(r, s))
    for other in (joined(1, 256)[:-1], joined(1, 1) + b"\x00", joined(256, 1)[1:], b""):
        assert not key.public.verify(MESSAGE, other)


def test_sm2_where_r_and_s_cancel_out_is_refused() -> None:
    """t = r + s = 0 modulo the order takes the key out of the equation (GB/T 32918.2 section 7.1, B5)."""
    r, _ = split(made("sm2").sign(MESSAGE))
    assert not made("sm2").public.verify(MESSAGE, joined(r, sm2.ORDER - r))


def test_sm2_agrees_with_a_second_implementation() -> None:
    for count in range(6):
        key = made("sm2", b"%d" % count)
        point, secret = key.public.spki[-64:], key._secret
        other = gmalg.SM2(sk=secret, pk=b"\x04" + point, uid=sm2.IDENTITY)
        r, s = (half.rjust(32, b"\0") for half in other.sign(MESSAGE))  # it leaves leading zeros out
        assert key.public.verify(MESSAGE, r + s)
        signature = key.sign(MESSAGE)
        assert other.verify(MESSAGE, signature[:32], signature[32:])


def test_sm2_public_point_is_that_of_the_library_that_signs() -> None:
    for _ in range(5):
        point, secret = gmssl_pyx.sm2_key_generate()
        assert sm2.point_of(secret) == point
    with pytest.raises(ValueError, match="zero"):
        sm2.point_of(bytes(32))


# --- generating


def test_generating_asks_again_for_numbers_out_of_range() -> None:
    for algorithm in ALGORITHMS:
        order = CURVES[algorithm].ORDER
        draws = [0, order, order - 1, 2**256 - 1, order - 2]
        source = iter(draw.to_bytes(32, "big") for draw in draws)
        key = generate_key(algorithm, lambda _, source=source: next(source))  # type: ignore[misc]
        assert next(source, None) is None
        assert key.public.verify(MESSAGE, key.sign(MESSAGE))


def test_the_same_bytes_make_the_same_key() -> None:
    for algorithm in ALGORITHMS:
        assert made(algorithm) == made(algorithm) != made(algorithm, b"other")


def test_no_other_algorithm_is_known() -> None:
    with pytest.raises(MalformedInput, match="sm2 or p256, not 'ed25519'"):
        generate_key("ed25519", os.urandom)


def test_a_private_key_does_not_show_its_secret(key: PrivateKey) -> None:
    assert repr(key._secret) not in repr(key)
    assert key._secret.hex() not in repr(key)


# --- key files


def test_key_files_round_trip(key: PrivateKey) -> None:
    assert decode_private_key(key.to_pem()) == key
    assert decode_private_key(key.to_encrypted_pem(b"correct horse", os.urandom), b"correct horse") == key
    assert decode_private_key(key.to_pem(), b"needless") == key


def test_a_wrong_password_is_told_as_one_also_where_the_padding_comes_out_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keyfiles, "PBKDF2_ROUNDS", 1)
    pem = generate_key("sm2", os.urandom).to_encrypted_pem(b"right", os.urandom)
    for guess in range(2_000):  # one in 256 ends in a padding
        with pytest.raises(MalformedInput, match="the password is wrong"):
            decode_private_key(pem, b"%d" % guess)


def test_a_password_is_needed_and_must_be_right(key: PrivateKey) -> None:
    pem = key.to_encrypted_pem(b"correct horse", os.urandom)
    assert b"ENCRYPTED" in pem
    with pytest.raises(MalformedInput, match="needs a password"):
        decode_private_key(pem)
    with pytest.raises(MalformedInput):
        decode_private_key(pem, b"battery staple")


def test_salt_and_vector_differ_from_file_to_file(key: PrivateKey) -> None:
    assert key.to_encrypted_pem(b"pw", os.urandom) != key.to_encrypted_pem(b"pw", os.urandom)


def test_the_p256_file_is_that_of_another_library() -> None:
    key = made("p256")
    for pem, password in ((key.to_pem(), None), (key.to_encrypted_pem(b"pw", os.urandom), b"pw")):
        loaded = serialization.load_pem_private_key(pem, password)
        plain = loaded.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        assert plain == key.to_pem()
        sealed = loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"their password"),
        )
        assert decode_private_key(sealed, b"their password") == key


def openssl(*arguments: str) -> bytes:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl program here")
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def test_openssl_reads_our_files(key: PrivateKey, tmp_path: Path) -> None:
    plain, sealed = tmp_path / "plain.pem", tmp_path / "sealed.pem"
    plain.write_bytes(key.to_pem())
    sealed.write_bytes(key.to_encrypted_pem(b"pw", os.urandom))
    public = ("-pubout", "-outform", "DER")
    assert openssl("pkey", "-in", str(plain), *public) == key.public.spki
    assert openssl("pkey", "-in", str(sealed), "-passin", "pass:pw", *public) == key.public.spki


@pytest.mark.parametrize(("algorithm", "curve"), [("sm2", "SM2"), ("p256", "P-256")])
def test_we_read_the_files_of_openssl(algorithm: Algorithm, curve: str, tmp_path: Path) -> None:
    plain, sealed = tmp_path / "plain.pem", tmp_path / "sealed.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", str(plain))
    openssl(
        "pkcs8", "-topk8", "-in", str(plain), "-v2", "aes-256-cbc", "-passout", "pass:pw", "-out", str(sealed)
    )
    key = decode_private_key(plain.read_bytes())
    assert key.public.algorithm == algorithm
    assert key.public.spki == openssl("pkey", "-in", str(plain), "-pubout", "-outform", "DER")
    assert decode_private_key(sealed.read_bytes(), b"pw") == key


def test_files_that_are_no_key_are_refused(key: PrivateKey) -> None:
    der = opened(key.to_pem())
    texts = [
        b"",
        b"key",
        der,
        key.to_pem()[:-10],
        key.to_pem() * 2,
        key.to_pem().replace(b"PRIVATE", b"PUBLIC"),
        bytes(5000),
    ]
    texts += [
        armoured(der[:-1]),
        armoured(der + b"\x00"),
        armoured(b""),
        armoured(der[:40]),
        armoured(bytes(138)),
    ]
    texts += [
        b"-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n",
        key.to_pem().replace(b"\n", b"\n" * 2000),
    ]
    texts += [armoured(der, "EC PRIVATE KEY")]
    for text in texts:
        with pytest.raises(MalformedInput):
            decode_private_key(text)


def test_a_file_whose_public_key_is_not_its_own_is_refused(key: PrivateKey) -> None:
    mine, another = opened(key.to_pem()), opened(made(key.public.algorithm, b"another").to_pem())
    with pytest.raises(MalformedInput, match="together with its public key"):
        decode_private_key(armoured(mine[:-64] + another[-64:]))


def test_a_file_with_a_secret_out_of_range_is_refused(key: PrivateKey) -> None:
    der, curve = opened(key.to_pem()), CURVES[key.public.algorithm]
    for secret in (0, curve.ORDER - 1, curve.ORDER, 2**256 - 1):
        with pytest.raises(MalformedInput):
            decode_private_key(armoured(der[:36] + secret.to_bytes(32, "big") + der[68:]))


def test_another_encryption_than_ours_is_refused_by_name(key: PrivateKey) -> None:
    der = opened(key.to_encrypted_pem(b"pw", os.urandom))
    aes_128 = der.replace(bytes.fromhex("60864801650304012a"), bytes.fromhex("608648016503040102"))
    for other in (aes_128, der[:-1], der + b"\x00", der[:50], b"", b"\x30", b"\x30\x81", bytes(200)):
        with pytest.raises(MalformedInput, match="not under PBES2"):
            decode_private_key(armoured(other, "ENCRYPTED PRIVATE KEY"), b"pw")


@pytest.mark.parametrize("rounds", [0, keyfiles.MAX_PBKDF2_ROUNDS + 1, 2**63])
def test_a_file_cannot_ask_for_endless_work(rounds: int) -> None:
    der = keyfiles._encode_encrypted_info(bytes(16), rounds, bytes(16), bytes(144))
    with pytest.raises(MalformedInput, match="PBKDF2 takes 1 to 10000000 rounds"):
        decode_private_key(armoured(der, "ENCRYPTED PRIVATE KEY"), b"pw")


@pytest.mark.parametrize(("vector", "data"), [(8, 144), (16, 0), (16, 100), (16, 15)])
def test_a_broken_cipher_text_is_refused(vector: int, data: int) -> None:
    der = keyfiles._encode_encrypted_info(bytes(16), 1, bytes(vector), bytes(data))
    with pytest.raises(MalformedInput):
        decode_private_key(armoured(der, "ENCRYPTED PRIVATE KEY"), b"pw")


# --- text of signatures


def test_signature_text_and_back() -> None:
    for signature in (bytes(64), b"\xff" * 64, os.urandom(64)):
        text = encode_signature(signature)
        assert len(text) == 86
        assert decode_signature(text) == signature


def test_other_texts_of_a_signature_are_refused() -> None:
    text = encode_signature(b"\xfb" * 64)
    assert {"-", "_"} & set(text)
    spare = text[:-1] + chr(ord(text[-1]) + 1)  # sets a bit that no byte holds
    others = ["", text[:-1], text + "A", text + "==", " " + text[1:], text[:-1] + "\n", spare]
    others += [text.replace("-", "+").replace("_", "/"), text[:40] + "\u00e9" + text[41:]]
    for other in others:
        with pytest.raises(MalformedInput, match="unpadded base64url"):
            decode_signature(other)
    assert decode_signature(text) == base64.urlsafe_b64decode(spare + "==")
