"""The key with which a node signs receipts and checkpoints.

The registry knows it as a key of purpose NODE.
"""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.key_files import write_key
from api.node.errors import SETTINGS_FILE, SettingsError
from ledger.crypto.keys import PrivateKey, decode_private_key, generate_key
from ledger.errors import MalformedInput

if TYPE_CHECKING:
    from api.node.settings import Settings

KEY_FILE: Final = "node.key"  # in the directory of a node that `shunzheng init` laid out


def load_node_key(settings: "Settings") -> PrivateKey | None:
    """Return the key that the settings name; None where they name none. Raises: SettingsError."""
    if settings.node_key is None:
        return None
    key_path, password_file = settings.node_key, settings.node_key_password_file
    try:
        return decode_private_key(
            key_path.read_bytes(), password_file.read_bytes().rstrip(b"\r\n") if password_file else None
        )
    except OSError as error:
        raise SettingsError(
            f"{settings.directory / SETTINGS_FILE}: {error.filename} cannot be read ({error.strerror}): the key of this node"
        ) from error
    except MalformedInput as error:
        raise SettingsError(f"{settings.directory / SETTINGS_FILE}: {key_path}: {error}") from error


def make_node_key(directory: Path) -> PrivateKey:
    """Write a new key into the directory of a node, or return the one that lies there. Raises: MalformedInput."""
    key_path = directory / KEY_FILE
    if key_path.exists():
        return decode_private_key(key_path.read_bytes())
    private_node_key = generate_key("sm2", secrets.token_bytes)
    write_key(key_path, private_node_key)
    return private_node_key
