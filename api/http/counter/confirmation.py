"""Tell whether a confirmation comes from a page of this node that showed the items.

Another site can send a form in the name of whoever visits it, and the answer would say that items were compared which
nobody saw. So a confirmation counts only when the browser says that it comes from this node's own page, and with a token
that the page with the items carried: for this proof, for a while. There are no sessions: the token is a moment and its
HMAC under a secret that all processes of the node share.
"""

import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from api.node.errors import SettingsError
from api.node.settings import Settings
from api.rendering.items import list_readable_claims
from ledger.crypto.keys import PrivateKey
from ledger.encoding.canonical import encode_canonical
from ledger.proof.proof import Proof

#: In the directory of a node without a node key.
SECRET_FILE: Final = "page.secret"  # noqa: S105
_SECRET_BYTES: Final = 32
_PURPOSE: Final = b"shunzheng/confirmation/1"
# For a clerk who is interrupted while comparing; then the items are shown once more.
LIFETIME_SECONDS: Final = 1800
_TOKEN_PATTERN: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Confirmations:
    """Gives out the tokens of pages that show items, and tells them when they come back."""

    secret: bytes

    def make_token(self, proof: Proof, now: int) -> str:
        """Return the token for the page that shows the items of `proof` at `now`, in seconds since 1970."""
        return f"{now}.{self._seal(proof, now)}"

    def accepts(self, request: Request, token: object, proof: Proof, now: int) -> bool:
        """Tell whether the request comes from a page of this node that showed the items of `proof` not long ago."""
        token_match = _TOKEN_PATTERN.fullmatch(token) if isinstance(token, str) else None
        if token_match is None or not is_same_origin(request):
            return False
        shown_at = int(token_match[1])
        is_authentic = hmac.compare_digest(token_match[2], self._seal(proof, shown_at))
        return is_authentic and 0 <= now - shown_at <= LIFETIME_SECONDS

    def _seal(self, proof: Proof, moment: int) -> str:
        """Bind the proof, the items as they are shown, and the moment."""
        digests = (
            hashlib.sha256(part_bytes).digest()
            for part_bytes in (proof.encode(), encode_canonical(list_readable_claims(proof)))
        )
        message = b"".join((_PURPOSE, *digests, moment.to_bytes(8, "big")))
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()


def is_same_origin(request: Request) -> bool:
    """Tell whether the browser says that a page of this node sent the request; one that says nothing is no browser's.

    Behind a proxy the scheme may differ and the host may not: the proxy has to pass the Host header on.
    """
    fetch_site = request.headers.get("sec-fetch-site", "same-origin")
    origins, hosts = request.headers.getlist("origin"), request.headers.getlist("host")
    if fetch_site != "same-origin" or len(origins) != 1 or len(hosts) != 1:
        return False
    origin = _parse_origin(origins[0])
    return origin is not None and origin == _parse_origin(f"{urlsplit(origins[0]).scheme}://{hosts[0]}")


def _parse_origin(origin: str) -> tuple[str, int] | None:
    """Return host and port of an origin; None for what is none, such as `null`."""
    try:
        origin_parts = urlsplit(origin)
        if (
            origin_parts.scheme not in _DEFAULT_PORTS
            or not origin_parts.hostname
            or origin_parts.username is not None
        ):
            return None
        return origin_parts.hostname, origin_parts.port or _DEFAULT_PORTS[origin_parts.scheme]
    except ValueError:
        return None


def open_confirmations(settings: Settings, node_key: PrivateKey | None) -> Confirmations:
    """Return the confirmations of a node, whose processes all have the same secret. Raises: SettingsError."""
    if node_key is not None:
        return Confirmations(hmac.new(node_key.to_pem(), _PURPOSE, hashlib.sha256).digest())
    secret_path = settings.directory / SECRET_FILE
    try:
        if not secret_path.exists():
            _make_secret(secret_path)
        secret = secret_path.read_bytes()
    except OSError as error:
        if settings.api_processes == 1:
            return Confirmations(secrets.token_bytes(_SECRET_BYTES))  # a restart takes back what was shown
        raise SettingsError(
            f"{secret_path} cannot be made ({error.strerror}), and several processes share it: "
            "let the node write there, or name a `node_key`"
        ) from error
    if len(secret) != _SECRET_BYTES:
        raise SettingsError(
            f"{secret_path} is not as a node wrote it: delete it, and the next start makes another"
        )
    return Confirmations(secret)


def _make_secret(secret_path: Path) -> None:
    """Write a secret beside the file and put it there whole, unless another process was first."""
    draft_path = secret_path.with_name(f"{secret_path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as draft_file:
            draft_file.write(secrets.token_bytes(_SECRET_BYTES))
        os.link(draft_path, secret_path)
    except FileExistsError:
        pass
    finally:
        draft_path.unlink(missing_ok=True)
