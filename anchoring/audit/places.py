"""Where what an audit finds lies: the database and the table of each slug."""

from typing import Final

REGISTER: Final = "register"
REPLICA: Final = "replica"
CHECKPOINTS: Final = "checkpoints"
CHAIN: Final = "chain"
NODE: Final = "node"  # its settings: node.toml

_SUBMISSION: Final = (REGISTER, "submission")
_RECORD: Final = (REGISTER, "record")
_BATCH: Final = (REGISTER, "batch")
_CHANGE: Final = (REGISTER, "status_change")
_COPY: Final = (REPLICA, "published_entry")
_COPIED_ANCHOR: Final = (REPLICA, "published_anchor")
_PLACES: Final = {
    "acceptance-postdated": _SUBMISSION,
    "anchor-differs": _BATCH,
    "anchor-missing": _BATCH,
    "anchor-void": _BATCH,
    "anchored-twice": _BATCH,
    "batch-altered": _BATCH,
    "batch-changes": _CHANGE,
    "batch-missing": _BATCH,
    "batch-root": _SUBMISSION,
    "batch-size": _SUBMISSION,
    "batch-status-root": _CHANGE,
    "change-altered": _CHANGE,
    "change-stray": _CHANGE,
    "chain-not-asked": (CHAIN, ""),
    "chain-unchecked": (CHAIN, ""),
    "changes-altered": _SUBMISSION,
    "checkpoint-altered": (CHECKPOINTS, "cosignature"),
    "checkpoint-contradicted": (CHECKPOINTS, "cosignature"),
    "checkpoint-forged": (CHECKPOINTS, "cosignature"),
    "copies-missing": _COPY,
    "copy-altered": _COPY,
    "copy-unanchored": _COPY,
    "disclosure-altered": (REGISTER, "disclosure"),
    "disclosure-missing": (REGISTER, "disclosure"),
    "disclosure-stray": (REGISTER, "disclosure"),
    "entries-awaited": _COPIED_ANCHOR,
    "entries-faulty": _COPIED_ANCHOR,
    "entries-missing": (REGISTER, "missing"),
    "entries-withheld": _COPIED_ANCHOR,
    "entry-altered": _SUBMISSION,
    "erasure-altered": (REGISTER, "erasure"),
    "erasure-missing": (REGISTER, "erasure"),
    "erasure-undone": (REGISTER, "disclosure"),
    "facet-altered": (REGISTER, "facet"),
    "facet-missing": (REGISTER, "facet"),
    "facet-stray": (REGISTER, "facet"),
    "fork-altered": (CHECKPOINTS, "fork"),
    "fork-forged": (CHECKPOINTS, "fork"),
    "issuer-mismatch": _RECORD,
    "key-unknown": (CHECKPOINTS, "cosignature"),
    "lineage-altered": (REGISTER, "lineage"),
    "lineage-broken": _RECORD,
    "lineage-stray": (REGISTER, "lineage"),
    "lineage-twice": (REGISTER, "lineage"),
    "link-altered": (REGISTER, "link"),
    "link-missing": (REGISTER, "link"),
    "link-stray": (REGISTER, "link"),
    "lease-altered": (REGISTER, "lease"),
    "log-altered": (REGISTER, "log"),
    "log-size": (REGISTER, "log"),
    "log-twice": (REGISTER, "log"),
    "look-missing": (REGISTER, "look"),
    "look-stray": (REGISTER, "look"),
    "missing-contradicted": (REGISTER, "missing"),
    "other-log": (NODE, ""),
    "other-registry": (NODE, ""),
    "peer-contradicts": (CHECKPOINTS, ""),
    "peer-unchecked": (CHECKPOINTS, ""),
    "pending-altered": (REPLICA, "pending_event"),
    "pending-left": (REPLICA, "pending_event"),
    "quarantined": (REPLICA, "state"),
    "receipt-altered": _SUBMISSION,
    "record-altered": _RECORD,
    "record-missing": _RECORD,
    "record-order": _RECORD,
    "record-stray": _RECORD,
    "record-twice": _RECORD,
    "records-missing": (REGISTER, "missing"),
    "register-empty": (REGISTER, ""),
    "registry-forked": (CHECKPOINTS, "fork"),
    "replica-unread": (REPLICA, ""),
    "status-contradictory": _CHANGE,
    "status-differs": _CHANGE,
    "submission-lost": _SUBMISSION,
    "tally-altered": (REGISTER, "tally"),
    "tally-missing": (REGISTER, "tally"),
    "tally-unsigned": (REGISTER, "tally"),
    "term-missing": (REGISTER, "term"),
    "term-stray": (REGISTER, "term"),
    "token-altered": (REGISTER, "token"),
    "token-missing": (REGISTER, "token"),
    "token-stray": (REGISTER, "token"),
    "transaction-altered": (REGISTER, "signed_transaction"),
    "transaction-missing": (REGISTER, "signed_transaction"),
    "transition-refused": _RECORD,
    "undisclosed-altered": (REGISTER, "undisclosed"),
    "undisclosed-unsigned": (REGISTER, "undisclosed"),
}


def find_place(slug: str) -> tuple[str, str]:
    """Return database and table of a slug; what is not named here is of an entry, which stands in its submission."""
    return _PLACES.get(slug, _SUBMISSION)
