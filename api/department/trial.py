"""A made-up certificate authority, to make and use seals in trials.

    DIR/authority.crt, authority.pem     vouches for the other two
    DIR/maker.crt, maker.pem             makes seals
    DIR/signer.crt, signer.pem           may use them
    DIR/trust.pem                        a trust list: authority and maker

Nobody else trusts it, and nobody should.
"""

import secrets
import ssl
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api import files
from api.key_files import open_key, write_key
from ledger.crypto.keys import Signer, generate_key
from ledger.documents.certificates.certificates import Certificate, decode_certificate
from ledger.documents.certificates.issuing import Holder
from ledger.documents.seals.ses import Picture
from ledger.errors import MalformedInput

TRUST_FILE: Final = "trust.pem"
_LIFETIME_SECONDS: Final = 10 * 365 * 86_400
_LEAD_SECONDS: Final = 86_400  # certificates begin a day before they are made: clocks differ
_HOLDER_NAMES: Final = {
    "authority": "试用根证书 (trial)",
    "maker": "试用制章单位 (trial)",
    "signer": "试用签章人 (trial)",
}
_EDGE_PIXELS, _EDGE_MILLIMETRES = 160, 40


@dataclass(frozen=True, slots=True)
class Trial:
    """The holders of a trial's certificates."""

    maker: Holder
    signer: Holder


def open_trial(directory: Path, now: int) -> Trial:
    """Return the holders of a directory, which is filled where it is new or empty. Raises: MalformedInput, OSError."""
    if not directory.exists() or not any(directory.iterdir()):
        _fill(directory, now)
    return Trial(*(_open_holder(directory, holder_name) for holder_name in ("maker", "signer")))


def read_holder(certificate_path: Path, signer: Signer) -> Holder:
    """Return a certificate with what signs for it. Raises: MalformedInput, also where they do not belong together."""
    holder = Holder(read_certificate(certificate_path), signer)
    if holder.certificate.key != signer.public or signer.public.algorithm != "sm2":
        raise MalformedInput(
            f"the key 0x{signer.public.id.hex()[:16]}… is not the SM2 key of the certificate {certificate_path}"
        )
    return holder


def read_certificate(path: Path) -> Certificate:
    """Return the one certificate in a file, in PEM or DER. Raises: MalformedInput, OSError."""
    certificate_bytes = path.read_bytes()
    if certificate_bytes.lstrip().startswith(b"-----BEGIN"):
        try:
            certificate_bytes = ssl.PEM_cert_to_DER_cert(certificate_bytes.decode("ascii"))
        except ValueError as error:
            raise MalformedInput(f"{path} is not one certificate in PEM") from error
    return decode_certificate(certificate_bytes)


def draw_ring() -> Picture:
    """Return a plain red ring: what a trial's seal looks like."""
    centre_pixel, pixel_rows = (_EDGE_PIXELS - 1) / 2, bytearray()
    for y in range(_EDGE_PIXELS):
        pixel_rows.append(0)  # no filter
        for x in range(_EDGE_PIXELS):
            is_red = 0.85 < ((x - centre_pixel) ** 2 + (y - centre_pixel) ** 2) ** 0.5 / centre_pixel < 0.97
            pixel_rows += b"\xd0\x10\x10\xff" if is_red else bytes(4)
    header_bytes = struct.pack(
        ">LLBBBBB", _EDGE_PIXELS, _EDGE_PIXELS, 8, 6, 0, 0, 0
    )  # eight bits of red, green, blue, opacity
    chunks = (b"IHDR", header_bytes), (b"IDAT", zlib.compress(bytes(pixel_rows), 9)), (b"IEND", b"")
    return Picture(
        "PNG",
        b"\x89PNG\r\n\x1a\n" + b"".join(map(_encode_chunk, chunks)),
        _EDGE_MILLIMETRES,
        _EDGE_MILLIMETRES,
    )


def _encode_chunk(name_and_data: tuple[bytes, bytes]) -> bytes:
    chunk_name, data = name_and_data
    return struct.pack(">L", len(data)) + chunk_name + data + struct.pack(">L", zlib.crc32(chunk_name + data))


def _fill(directory: Path, now: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    not_before, not_after = now - _LEAD_SECONDS, now + _LIFETIME_SECONDS
    private_keys = {holder_name: generate_key("sm2", secrets.token_bytes) for holder_name in _HOLDER_NAMES}
    authority = Holder.make_root(_HOLDER_NAMES["authority"], private_keys["authority"], not_before, not_after)
    holders = {"authority": authority} | {
        holder_name: authority.issue(
            _HOLDER_NAMES[holder_name],
            private_keys[holder_name],
            serial=serial,
            not_before=not_before,
            not_after=not_after,
        )
        for serial, holder_name in enumerate(("maker", "signer"), 2)
    }
    for holder_name, holder in holders.items():
        certificate_path, key_path = _name_holder_paths(directory, holder_name)
        files.write(certificate_path, _encode_pem(holder).encode(), public=True)
        write_key(key_path, private_keys[holder_name])
    trusted_pem = _encode_pem(holders["authority"]) + _encode_pem(holders["maker"])
    files.write(directory / TRUST_FILE, trusted_pem.encode(), public=True)


def _open_holder(directory: Path, holder_name: str) -> Holder:
    certificate_path, key_path = _name_holder_paths(directory, holder_name)
    return read_holder(certificate_path, open_key(key_path, None))


def _name_holder_paths(directory: Path, holder_name: str) -> tuple[Path, Path]:
    return directory / f"{holder_name}.crt", directory / f"{holder_name}.pem"


def _encode_pem(holder: Holder) -> str:
    return ssl.DER_cert_to_PEM_cert(holder.certificate.der)
