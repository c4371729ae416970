"""Open the signer that a file describes: what signs, for which public key.

Whatever the signer answers is verified with the registered public key before it is used.
"""

import base64
import json
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from api import files
from api.client.authorities import load_authorities
from api.key_files import open_key
from api.passwords import read_password
from api.signing import hardware
from api.signing.answers import Reading, find_signature
from api.signing.errors import SignerFailed
from api.signing.programs import ask_program, run_program
from api.signing.services import Service, ask_signing_server
from api.signing.settings import (
    Encoding,
    HardwareSettings,
    KeyFileSettings,
    Mode,
    OutsideSettings,
    ProgramSettings,
    ServiceSettings,
    read_settings,
)
from ledger.crypto.keys import PublicKey, Signer, decode_public_key
from ledger.documents.certificates.certificates import decode_certificate
from ledger.errors import MalformedInput

_MAX_KEY_FILE_BYTES: Final = 64 * 1024  # a certificate has some 2,000
_MAX_TOKEN_BYTES: Final = 4096
_PIN_REMEDY: Final = "name its file with `pin_file`"
_CERTIFICATE_LABEL: Final = "-----BEGIN CERTIFICATE-----"

#: Gives the signer what is signed, a message or its digest, and returns its answer. Raises: SignerFailed.
AskSigner = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class OutsideSigner:
    """A signer whose key lies elsewhere; its answers are verified before they are used."""

    public: PublicKey
    mode: Mode
    ask: AskSigner

    def sign(self, message: bytes) -> bytes:
        """Return a signature of `message`: r‖s, 64 bytes. Raises: SignerFailed."""
        return self.read(message).signature

    def read(self, message: bytes) -> Reading:
        """Return a signature of `message` and the form in which the signer gave it. Raises: SignerFailed."""
        signed_bytes = message if self.mode == "message" else self.public.digest(message)
        return find_signature(self.ask(signed_bytes), self.public, message)

    def with_mode(self, mode: Mode) -> "OutsideSigner":
        """Return the same signer, asked to sign messages or digests."""
        return replace(self, mode=mode)


def open_settings(path: Path) -> Signer:
    """Return the signer that a `signer.toml` describes. Raises: SignerFailed, MalformedInput, NotFound, OSError."""
    settings, folder = read_settings(path), path.parent
    if isinstance(settings, KeyFileSettings):
        password_file = settings.key_password_file
        return open_key(folder / settings.key, folder / password_file if password_file else None)
    registered_key = _read_public_key(settings.public_key, folder)
    return OutsideSigner(registered_key, settings.mode, _make_ask(settings, folder))


def _read_public_key(key_text: str, folder: Path) -> PublicKey:
    """Return the registered key: given in hexadecimal, or in a file. Raises: MalformedInput, OSError."""
    try:
        return decode_public_key(bytes.fromhex(key_text))
    except ValueError:
        path = folder / key_text
    pem_text = files.read(path, _MAX_KEY_FILE_BYTES).decode("ascii", "replace")
    with files.naming(path):
        try:
            if _CERTIFICATE_LABEL in pem_text:
                registered_key = decode_certificate(
                    ssl.PEM_cert_to_DER_cert(pem_text[pem_text.index(_CERTIFICATE_LABEL) :])
                ).key
                if registered_key is None:
                    raise MalformedInput("the certificate is of a key that is neither SM2 nor P-256")
                return registered_key
            key_base64 = "".join(line for line in pem_text.splitlines() if not line.startswith("-----"))
            return decode_public_key(base64.b64decode(key_base64, validate=True))
        except ValueError as error:
            raise MalformedInput("it holds no public key in PEM, nor a certificate") from error


def _make_ask(settings: ProgramSettings | ServiceSettings | HardwareSettings, folder: Path) -> AskSigner:
    pin = _read_pin(settings, folder)
    if isinstance(settings, ProgramSettings):
        return lambda signed_bytes: ask_program(
            settings.command, _encode(signed_bytes, settings.encoding), settings.seconds, pin, folder
        )
    if isinstance(settings, HardwareSettings):
        return lambda signed_bytes: _ask_hardware(settings, folder, signed_bytes, pin)
    service = Service(
        settings.url,
        settings.seconds,
        load_authorities(folder / settings.ca_file if settings.ca_file else None),
        _read_line(folder / settings.token_file) if settings.token_file else None,
    )
    if settings.style == "plain":
        return lambda signed_bytes: service.post(
            _encode(signed_bytes, settings.encoding), "application/octet-stream"
        )
    return lambda signed_bytes: ask_signing_server(
        service, signed_bytes, settings.key_index, settings.method, pin
    )


def _read_pin(settings: OutsideSettings, folder: Path) -> str | None:
    if settings.pin_file is None and not settings.ask_pin:
        return None
    return read_password(folder / settings.pin_file if settings.pin_file else None, "the signer", _PIN_REMEDY)


def _read_line(path: Path) -> str:
    return files.read(path, _MAX_TOKEN_BYTES).decode("utf-8", "replace").strip()


def _encode(signed_bytes: bytes, encoding: Encoding) -> bytes:
    if encoding == "hexadecimal":
        return signed_bytes.hex().encode()
    return base64.b64encode(signed_bytes) if encoding == "base64" else signed_bytes


#: What to do where the process that asks a token ends with one of its codes.
_HARDWARE_REFUSALS: Final[Mapping[int, str]] = {
    hardware.CODE_NO_PACKAGE: "the package python-pkcs11 is not installed here: `pip install python-pkcs11`",
    hardware.CODE_NO_KEY: "it is not there, or has not one such private key: check `token`, `label`, `id`, `pin_file`",
    hardware.CODE_PIN: "the PIN 口令 is wrong, or locked: check it before you try again, tokens lock after a few times",
    hardware.CODE_MECHANISM: "the token does not know the mechanism: ask the vendor for the number of SM2, `mechanism`",
}


def _ask_hardware(settings: HardwareSettings, folder: Path, signed_bytes: bytes, pin: str | None) -> bytes:
    """Return the signature of a token, in hexadecimal. Raises: SignerFailed."""
    request: hardware.HardwareRequest = {
        "module": str(folder / settings.module),
        "token": settings.token,
        "label": settings.label,
        "id": settings.id,
        "mechanism": settings.mechanism,
        "pin": pin,
        "data": signed_bytes.hex(),
    }
    command = [sys.executable, "-m", hardware.__name__]
    outcome = run_program(command, json.dumps(request).encode(), settings.seconds)
    if outcome.exit_code:
        refusal_words = _HARDWARE_REFUSALS.get(
            outcome.exit_code, "its library failed: check `module` with the vendor's own tool"
        )
        raise SignerFailed("refused", f"the token did not sign: {refusal_words}")
    return outcome.answer_bytes
