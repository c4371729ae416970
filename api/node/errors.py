"""What is wrong with the settings of a node. Loads nothing: the command line knows it before it knows any command."""

from typing import Final

FILE: Final = "node.toml"  # in the directory of a node; every message says which


class SettingsError(Exception):
    """A setting is missing or malformed; the message names the file, the member, and what is expected of it."""
