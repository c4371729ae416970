"""Programs and servers that sign as vendors' do, well and badly, and their keys."""

import base64
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

from asn1crypto import core

from ledger.crypto.keys import PrivateKey, generate_key
from ledger.documents.asn1 import structures
from ledger.documents.certificates.issuing import Holder
from ledger.encoding.der import SEQUENCE, encode, encode_integer
from tests.unit.api.city import draws

SM2: Final = generate_key("sm2", draws("signer"))
P256: Final = generate_key("p256", draws("signer"))
OTHER: Final = generate_key("sm2", draws("another signer"))
MESSAGE: Final = b'{"statement": "made up"}'
PIN: Final = "87654321"


def to_der(signature: bytes) -> bytes:
    """Return SEQUENCE {r, s}."""
    numbers = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    return encode(SEQUENCE, *map(encode_integer, numbers))


def widen(signature: bytes) -> bytes:
    """Return r and s of 64 bytes each, right-aligned, as GM/T 0018 has them with a long ECCref_MAX_LEN."""
    return bytes(32) + signature[:32] + bytes(32) + signature[32:]


def to_pkcs7(key: PrivateKey, signature: bytes) -> bytes:
    """Return SignedData of GB/T 35275 without attributes, in which a signature stands as DER."""
    return to_pkcs7_of(to_der(signature), key)


def to_pkcs7_of(signature: bytes, key: PrivateKey = SM2) -> bytes:
    """Return SignedData of GB/T 35275 without attributes, in which these bytes stand as the signature."""
    certificate = Holder.make_root("试用签名人", key, 1_700_000_000, 1_900_000_000).certificate
    issuer = core.load(certificate.issuer)
    digest, algorithm = {"algorithm": "1.2.156.10197.1.401"}, {"algorithm": "1.2.156.10197.1.301.1"}
    signer = {
        "version": 1,
        "issuer_and_serial": {"issuer": issuer, "serial_number": certificate.serial},
        "digest_algorithm": digest,
        "signature_algorithm": algorithm,
        "signature": signature,
    }
    body = {
        "version": 1,
        "digest_algorithms": [digest],
        "content": {"type": "1.2.156.10197.6.1.4.2.1"},
        "signers": [signer],
    }
    info = structures.SignedDataInfo({"type": "1.2.156.10197.6.1.4.2.2", "content": body})
    assert isinstance(info, core.Sequence)
    return bytes(info.dump())


def write_program(folder: Path, body: str, name: str = "sign.py") -> list[str]:
    """Write a program in Python and return the command that runs it."""
    (folder / name).write_text(body, encoding="utf-8")
    return [sys.executable, str(folder / name)]


def write_settings(folder: Path, key: PrivateKey, **members: object) -> Path:
    """Write a `signer.toml` for the public part of a key."""
    path = folder / "signer.toml"
    members = {"public_key": key.public.spki.hex()} | members
    lines = (f"{name} = {json.dumps(member)}" for name, member in members.items())
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


#: What a server answers to a body: status, content.
Answer = Callable[[bytes], tuple[int, bytes]]


@contextmanager
def serve(
    answer: Answer, pieces: Callable[[bytes], Iterator[bytes]] = lambda content: iter([content])
) -> Iterator[str]:
    """Give the address of a server that answers so, for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = answer(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            try:
                for piece in pieces(content):
                    self.wfile.write(piece)
            except OSError:
                pass  # who asked has gone

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/SignData"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer_as_svs(key: PrivateKey) -> Answer:
    """Return a server of GM/T 0029 with one key, of index 1 and under the PIN."""

    def answer(body: bytes) -> tuple[int, bytes]:
        request = json.loads(body)
        data = base64.b64decode(request["inData"])
        assert (request["signMethod"], request["inDataLen"]) == (0x00020201, len(data))
        if request["keyIndex"] != 1:
            return 200, json.dumps({"respValue": 0x04000005}).encode()
        if request["keyValue"] != PIN:
            return 200, json.dumps({"respValue": 0x04000006}).encode()
        signature = base64.b64encode(to_der(key.sign(data))).decode()
        return 200, json.dumps({"respValue": 0, "signature": signature}).encode()

    return answer
