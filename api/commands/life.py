"""`shunzheng cancel`, `revoke` and the other actions in the life of a certificate: one certificate or many."""

from typing import Any

from api.department.acting import add_action
from api.words import ACTION_PURPOSES


def add(commands: Any) -> None:
    for action, explained in ACTION_PURPOSES.items():
        add_action(commands, action, action, explained)
