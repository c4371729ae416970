"""`shunzheng cancel`, `revoke` and the other actions in the life of certificates."""

from api.department.actions import SETTLE, add_action
from api.parsers import Commands
from api.words import ACTION_PURPOSES, NOTE_PURPOSES


def add(commands: Commands) -> None:
    for action, purpose in ACTION_PURPOSES.items():
        add_action(commands, action, action, purpose)
    for name, purpose in NOTE_PURPOSES.items():
        add_action(commands, name, "cancel" if name == SETTLE else name, purpose, settles=name == SETTLE)
