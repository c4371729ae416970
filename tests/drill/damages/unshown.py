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
    "look at another certificate": (
        REGISTER,
        "UPDATE look SET identifier = 'x' WHERE ordinal = 2",
        "looks are counted; what each of them says stands nowhere else",
    ),
    "token that was not revoked": (
        REGISTER,
        "UPDATE token SET revoked = created + 5",
        "tokens are counted; what each of them says stands nowhere else",
    ),
    "warnings that were not given": (
        REGISTER,
        "UPDATE submission SET warnings = '[[0,\"x\"]]' WHERE first = 6",
        "they are this node's own words, and stand nowhere else",
    ),
    "receipt and its promise taken away": (
        REGISTER,
        "UPDATE submission SET receipt = NULL, deadline = NULL WHERE first = 6",
        "only the receipt that the department keeps shows it (`--receipts`)",
    ),
    "lease deleted": (REGISTER, "DELETE FROM lease", "a log that nobody anchors just now may have none"),
    "transaction not noted as sent": (
        REGISTER,
        "UPDATE signed_transaction SET sent = NULL",
        "a node that was killed has not noted it yet",
    ),
    "disclosure spelt otherwise": (
        REGISTER,
        "UPDATE disclosure SET content = CAST(' ' || CAST(content AS TEXT) AS BLOB) WHERE position = 3",
        "it says the same; hashes are of what it says",
    ),
    "attempts to fetch a copy": (
        REPLICA,
        "UPDATE published_anchor SET attempts = 9, late = 1",
        "how often this node asked stands nowhere else",
    ),
    "own checkpoint said to be another's": (
        CHECKPOINTS,
        "UPDATE cosignature SET own = 0",
        "a node whose checkpoints were lost has them back from others so",
    ),
    "number of the user in the file": (
        REGISTER,
        "PRAGMA user_version = 7",
        "neither a node nor SQLite reads it",
    ),
    "source of a copy": (
        REPLICA,
        "UPDATE published_entry SET source = 'x'",
        "who gave it stands nowhere else",
    ),
}
