"""`shunzheng cancel`, `revoke` and the other actions in the life of certificates."""

from api.department.actions import add_action
from api.parsers import Commands
from api.words import ACTION_PURPOSES


def add(commands: Commands) -> None:
    for action, purpose in ACTION_PURPOSES.items():
        add_action(commands, action, action, purpose)
