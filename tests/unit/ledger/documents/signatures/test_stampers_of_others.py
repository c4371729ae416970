"""Timestamps between us and other implementations, both ways."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import algos, cms, keys, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.timestamps import DummyTimeStamper

from ledger.documents.certificates.issuing import TIMESTAMPING_PURPOSE
from ledger.documents.certificates.trust_list import decode_trust_list
from ledger.documents.findings import fail_check
from ledger.documents.signatures.timestamps import TimestampReport, check_timestamps, decode_token
from tests.papers import NOW, verifies_elsewhere
from tests.stamping import LATER, certified, pkcs8, stamper, token
from tests.unit.ledger.documents.signatures.spoilt import OK, VALUE


def test_another_implementation_reads_and_verifies_ours() -> None:
    signed_data = cms.ContentInfo.load(token(VALUE), strict=True)["content"]
    content = signed_data["encap_content_info"]["content"].parsed
    assert content["gen_time"].native == datetime.fromtimestamp(LATER, UTC)
    signer = signed_data["signer_infos"][0]
    attributes_signed = signer["signed_attrs"].untag().dump()
    assert verifies_elsewhere(stamper().certificate, attributes_signed, signer["signature"].native)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_timestamp_with_rsa_of_another_maker(digest: str, rsa_key: rsa.RSAPrivateKey) -> None:
    key = rsa_key
    above = ec.generate_private_key(ec.SECP256R1())
    listed = decode_trust_list(certified("示例根", above, above, authority=True).public_bytes(Encoding.PEM))
    certificate = x509.Certificate.load(
        certified("时间戳", key, above, purposes=(TIMESTAMPING_PURPOSE,)).public_bytes(Encoding.DER)
    )
    maker = DummyTimeStamper(
        certificate, keys.PrivateKeyInfo.load(pkcs8(key)), fixed_dt=datetime.fromtimestamp(LATER, UTC)
    )
    imprint = hashes.Hash(getattr(hashes, digest.upper())())
    imprint.update(VALUE)
    request = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
                "hashed_message": imprint.finalize(),
            },
            "cert_req": True,
        }
    )
    made = maker.request_tsa_response(request)["time_stamp_token"].dump()
    assert check_timestamps([made], VALUE, NOW, listed) == TimestampReport((OK,), LATER)
    assert check_timestamps([made], b"other", NOW, listed).checks == (fail_check("timestamp", "other"),)
    spoilt = made[:-1] + bytes([made[-1] ^ 1])
    assert check_timestamps([spoilt], VALUE, NOW, listed).checks == (fail_check("timestamp", "wrong"),)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_a_timestamp_with_ecdsa_of_openssl(tmp_path: Path) -> None:
    lower, above = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    top = certified("示例根", above, above, authority=True).public_bytes(Encoding.PEM)
    (tmp_path / "authority.pem").write_bytes(
        certified("时间戳", lower, above, purposes=(TIMESTAMPING_PURPOSE,)).public_bytes(Encoding.PEM)
    )
    (tmp_path / "key.der").write_bytes(pkcs8(lower))
    (tmp_path / "value").write_bytes(VALUE)
    (tmp_path / "settings").write_text(
        "[t]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3\ndigests = sha256, sha512\n"
        "ess_cert_id_alg = sha256\n"
    )
    for command in (
        "ts -query -data value -sha512 -cert -out query",
        "pkey -inform DER -in key.der -out key.pem",
        "ts -reply -config settings -section t -queryfile query -signer authority.pem -inkey key.pem -token_out -out token",
    ):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, capture_output=True, check=True)
    data = (tmp_path / "token").read_bytes()
    assert decode_token(data).certificate_digest is not None
    trust_list = check_timestamps([data], VALUE, None, decode_trust_list(top))
    assert trust_list == TimestampReport((OK,), decode_token(data).time)
    assert check_timestamps([data], b"other", None, decode_trust_list(top)).moment is None
