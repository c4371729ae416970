"""Nodes whose certificate a private authority issued are believed where that is named."""

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from anchoring.errors import PeerFailed
from api.client.authorities import load_authorities
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.client.peers import HttpPeer
from api.node.settings import Settings
from api.preflight import State, check_node
from ledger.errors import MalformedInput
from tests.integration.test_client import LOGS
from tests.integration.test_peers import PAGE, answer, server

NOW = datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Authority:
    """An authority of a government network: its certificate as a file, and a server's side of TLS that it vouches for."""

    file: Path
    serving: ssl.SSLContext


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey
) -> bytes:
    """Return a certificate in PEM: of an authority where it is issued to itself, else of the machine 127.0.0.1."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
    )
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_authority(folder: Path) -> Authority:
    folder.mkdir()
    root_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    (folder / "ca.pem").write_bytes(certify("省电子政务 CA", root_key, "省电子政务 CA", root_key))
    plain = serialization.NoEncryption()
    pem = server_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(pem + certify("node", server_key, "省电子政务 CA", root_key))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "server.pem")
    return Authority(folder / "ca.pem", serving)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "province")


@contextmanager
def node(authority: Authority, body: bytes) -> Iterator[str]:
    """Serve one answer behind TLS, and give its URL."""

    def serve(connection: socket) -> None:
        with authority.serving.wrap_socket(connection, server_side=True) as secured:
            while b"\r\n\r\n" not in secured.recv(65536):
                pass
            answer("200 OK", body)(secured)

    with server(serve, reads_head=False) as url:
        yield url.replace("http:", "https:")


def test_a_department_reaches_a_node_whose_authority_it_names(authority: Authority) -> None:
    with node(authority, LOGS) as url, NodeClient(url, ca_file=authority.file) as client:
        assert client.fetch_logs()["registry"] == "eip155:1"


def test_a_peer_is_reached_whose_authority_the_settings_name(authority: Authority) -> None:
    with node(authority, PAGE) as url:
        assert (
            HttpPeer(url, authorities=load_authorities(authority.file)).fetch_entries("wuhan", 0, 10) == PAGE
        )


def test_without_it_or_with_another_nobody_is_believed(authority: Authority, tmp_path: Path) -> None:
    other = make_authority(tmp_path / "other")
    with node(authority, LOGS) as url:
        for ca_file in (None, other.file):
            with (
                NodeClient(url, ca_file=ca_file) as client,
                pytest.raises(NodeError, match="CERTIFICATE_VERIFY"),
            ):
                client.fetch_logs()
            with pytest.raises(PeerFailed):
                HttpPeer(url, authorities=load_authorities(ca_file)).fetch_checkpoint()


def test_a_certificate_of_another_machine_is_not_this_one(authority: Authority) -> None:
    with node(authority, LOGS) as url:
        by_name = url.replace("127.0.0.1", "localhost")
        with (
            NodeClient(by_name, ca_file=authority.file) as client,
            pytest.raises(NodeError, match="localhost"),
        ):
            client.fetch_logs()


@pytest.mark.parametrize("content", [b"", b"no certificate", "省".encode()])
def test_a_file_without_certificates_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with pytest.raises(MalformedInput, match="holds no certificates of authorities"):
        load_authorities(file)


def test_a_node_does_not_start_with_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    settings = Settings(
        directory=tmp_path, registry="r", ca_file=Path("ca.pem"), peers={"wuhan": ("https://wuhan.example",)}
    )
    finding = next(finding for finding in check_node(settings, ["monitor"]) if finding.name == "peers")
    assert finding.state is State.FAILS
    assert "ca.pem" in finding.line()
