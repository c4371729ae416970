"""The worked trees over the events of the story: roots, and a proof that they go on."""

from ledger.crypto.append_only import check_consistency
from ledger.encoding.canonical import Json
from ledger.registry.acts import Event
from ledger.registry.event_trees import SUITES, EventTrees, prove_growth

OLD_N = 6  # of the earlier root


def make_blocks(history: list[Event]) -> dict[str, Json]:
    """Return the block about the trees over the events of `history`."""
    event_trees, old_event_trees = EventTrees(), EventTrees()
    all_nodes = [event_trees.append(event) for event in history]
    for event in history[:OLD_N]:
        old_event_trees.append(event)
    roots_json: list[Json] = []
    for suite in SUITES:
        proof_hashes = prove_growth(suite, OLD_N, len(history), lambda n: all_nodes[n - 1])
        old_root, root = old_event_trees.root(suite), event_trees.root(suite)
        check_consistency(suite, OLD_N, old_root, len(history), root, proof_hashes)
        roots_json.append(
            {
                "root": suite.format(root),
                "since": {
                    "n": OLD_N,
                    "root": suite.format(old_root),
                    "consistency": [hash_.hex() for hash_ in proof_hashes],
                },
            }
        )
    return {"event-trees": {"n": len(history), "roots": roots_json}}
