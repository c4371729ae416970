"""Changes that nothing can show, and why."""

from typing import Final

from tests.drill.stage import CHECKPOINTS, REGISTER, REPLICA

#: What nothing can show, and why; an audit of each says nothing.
UNSHOWN: Final[dict[str, tuple[str, str | tuple[str, ...], str]]] = {
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
        "UPDATE submission SET warnings = '[[2,\"x\"]]' WHERE first = 6",
        "they are this node's own words, and stand nowhere else",
    ),
    "receipt and its promise taken away": (
        REGISTER,
        "UPDATE submission SET receipt = NULL, deadline = NULL WHERE first = 6",
        "only the receipt that the department keeps shows it (`--receipts`)",
    ),
    "receipt taken away alone": (
        REGISTER,
        "UPDATE submission SET receipt = NULL WHERE first = 6",
        "a node that was killed before it signed has none, and signs the same promise when it is asked; a remark says so",
    ),
    "receipt taken away, and a later promise": (
        REGISTER,
        "UPDATE submission SET receipt = NULL, deadline = deadline + 86400 WHERE first = 6",
        "only the receipt that the department keeps shows it (`--receipts`); a remark says that there is none here",
    ),
    "what waits taken away with all that tells of it": (
        REGISTER,
        (
            "DELETE FROM submission WHERE first = 18",
            *(
                f"DELETE FROM {table} WHERE position >= 18"
                for table in ("record", "disclosure", "facet", "term")
            ),
            "DELETE FROM lineage WHERE first >= 18",
            "DELETE FROM undisclosed WHERE first >= 18",
            "UPDATE log SET size = 18",
        ),
        "only the receipt that the department keeps shows it (`--receipts`)",
    ),
    "pending event in a block that there is not": (
        REPLICA,
        "UPDATE pending_event SET block = 99999, block_hash = zeroblob(32)",
        "before it is final a chain may leave a block for another; a remark says so, and the final event decides",
    ),
    "outcome of a look": (
        REGISTER,
        "UPDATE look SET outcome = 'not-found' WHERE ordinal = 2",
        "looks are counted; what each of them says stands nowhere else",
    ),
    "token of more scopes": (
        REGISTER,
        "UPDATE token SET scopes = 'claims history proofs search'",
        "tokens are counted; what each of them says stands nowhere else",
    ),
    "token of another secret": (
        REGISTER,
        "UPDATE token SET digest = randomblob(32) WHERE id = (SELECT min(id) FROM token)",
        "tokens are counted; what each of them says stands nowhere else",
    ),
    "all copies of entries taken away": (
        REPLICA,
        ("DELETE FROM published_entry", "DELETE FROM published_anchor", "DELETE FROM published_log"),
        "a replica whose monitor has not run yet has none, and fetches them from the other cities",
    ),
    "others' cosignatures taken away": (
        CHECKPOINTS,
        "DELETE FROM cosignature WHERE NOT own",
        "a node whose peers do not answer has none; they hold them",
    ),
    "number of the row of the replica's state": (
        REPLICA,
        "UPDATE state SET id = 2",
        "nobody reads it",
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
