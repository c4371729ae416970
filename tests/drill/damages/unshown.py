"""Changes that nothing can show, and why."""

from typing import Final

from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA

#: What nothing can show, and why; an audit of each says nothing.
UNSHOWN: Final = {
    "clock of the freeze": (
        REGISTER,
        "UPDATE batch SET frozen = frozen - 1",
        "the moment is this machine's own, and stands nowhere else",
    ),
    "clock of the opening": (
        REGISTER,
        "UPDATE log SET opened = 0",
        "the moment is this machine's own, and stands nowhere else",
    ),
    "pending events taken away": (
        REPLICA,
        "DELETE FROM pending_event",
        "a replica that is a little older has none yet",
    ),
    "token without looks renamed": (REGISTER, "UPDATE token SET label = 'x'", "a label stands nowhere else"),
    "lease held by another": (
        REGISTER,
        "UPDATE lease SET holder = 'x', epoch = epoch + 1",
        "whoever anchors takes it so",
    ),
    "state of a batch behind the chain": (
        REGISTER,
        "UPDATE batch SET state = 'mined' WHERE sequence = 3",
        "a node that was stopped has not noted it yet",
    ),
    "own checkpoints deleted": (
        CHECKPOINTS,
        "DELETE FROM cosignature WHERE own",
        "only others' copies of the signature show it",
    ),
    "source of a copy": (
        REPLICA,
        "UPDATE published_entry SET source = 'x'",
        "who gave it stands nowhere else",
    ),
}
