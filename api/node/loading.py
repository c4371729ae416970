"""Load the settings of a node when a command needs them, and not before.

The library that checks them takes a tenth of a second to import.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.node.settings import Settings


def load_settings(directory: Path) -> "Settings":
    """Read `node.toml` in `directory`, and the environment. Raises: SettingsError."""
    from api.node.settings import Settings

    return Settings.load(directory)
