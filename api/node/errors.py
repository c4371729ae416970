"""The error about the settings of a node, and the name of their file.

It loads nothing: the command line knows it before it knows any command.
"""

from typing import Final

#: In the directory of a node.
SETTINGS_FILE: Final = "node.toml"


class SettingsError(Exception):
    """A setting is missing or malformed; the message names the file, the member, and what is expected of it."""
