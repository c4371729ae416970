"""The file that says which signer signs: `signer.toml` (docs/signing.md).

Names of files in it are read from the folder in which it lies. A PIN never stands in it: a file holds it, or a person
types it.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api import files
from api.signing.errors import SignerFailed
from api.signing.services import SM2_WITH_SM3

_MAX_FILE_BYTES: Final = 64 * 1024  # it has twenty lines
_MAX_SECONDS: Final = 600.0  # a person may have to confirm at the token; beyond, nobody is there
_DEFAULT_SECONDS: Final = 30.0

Mode: TypeAlias = Literal["message", "digest"]
Encoding: TypeAlias = Literal["raw", "hexadecimal", "base64"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeyFileSettings(_Settings):
    """A key file of this machine."""

    kind: Literal["file"]
    key: Path
    key_password_file: Path | None = None


class OutsideSettings(_Settings):
    """What every signer has that keeps its key to itself.

    `public_key` is the registered one: SubjectPublicKeyInfo in hexadecimal as `shunzheng keys show` prints it, or the name
    of a PEM file with it or with a certificate of it.
    """

    public_key: str
    mode: Mode = "message"
    seconds: float = Field(default=_DEFAULT_SECONDS, gt=0, le=_MAX_SECONDS)
    pin_file: Path | None = None
    ask_pin: bool = False


class ProgramSettings(OutsideSettings):
    """A program: what is signed on standard input, the answer on standard output."""

    kind: Literal["exec"]
    command: list[str] = Field(min_length=1)
    encoding: Encoding = "raw"


class ServiceSettings(OutsideSettings):
    """A signing server over HTTP: of GM/T 0029, or one that takes what is signed as the body."""

    kind: Literal["http"]
    url: str
    style: Literal["svs", "plain"] = "svs"
    encoding: Encoding = "raw"
    key_index: int = Field(default=1, ge=0)
    method: int = SM2_WITH_SM3
    ca_file: Path | None = None
    token_file: Path | None = None


class HardwareSettings(OutsideSettings):
    """A PKCS#11 token; `mechanism` is its number, which vendors choose for SM2."""

    kind: Literal["pkcs11"]
    module: Path
    token: str
    mechanism: int = Field(ge=0)
    label: str | None = None
    id: str | None = Field(default=None, pattern="^([0-9a-f]{2})+$")


SignerSettings: TypeAlias = Annotated[
    KeyFileSettings | ProgramSettings | ServiceSettings | HardwareSettings, Field(discriminator="kind")
]
_SETTINGS_ADAPTER: Final[TypeAdapter[SignerSettings]] = TypeAdapter(SignerSettings)


def read_settings(path: Path) -> SignerSettings:
    """Read a `signer.toml`. Raises: SignerFailed, LimitExceeded, OSError."""
    settings_bytes = files.read(path, _MAX_FILE_BYTES)
    try:
        return _SETTINGS_ADAPTER.validate_python(tomllib.loads(settings_bytes.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SignerFailed("settings", f"{path} is no TOML: {error}") from error
    except ValidationError as error:
        raise SignerFailed("settings", f"{path}: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    """Return what is wrong with the first member that is; what it holds is not repeated: it may be a PIN."""
    mistake = error.errors()[0]
    member = ".".join(str(part) for part in mistake["loc"][1:]) or "kind"
    if mistake["type"] == "missing":
        return f"`{member}` is missing: see docs/signing.md"
    if mistake["type"] == "extra_forbidden":
        return f"there is no setting `{member[:80]}` for this kind of signer: see docs/signing.md"
    if mistake["type"].startswith("union_tag"):
        return "`kind` is file, exec, http or pkcs11"
    return f"`{member}`: {mistake['msg']}"
