"""Random histories of registries: both verifiers know the same.

Of every position at every anchor, key, grant and issuer.
"""

import pytest

from ledger.registry.knowledge import Knowledge
from tests.fakes.histories import History
from tests.properties.second_verifier import MUTATIONS, SEED, apply, same_facts, second


@pytest.mark.parametrize("seed", range(SEED, SEED + max(3, MUTATIONS // 600)))
def test_random_histories(seed: int) -> None:
    history = History(seed)
    history.grow(200)
    events = history.events()
    known, trust = (
        Knowledge(history.name, history.chain.fetch_head_zero(history.contract)),
        second.Trust(history.name),
    )
    for event in events:
        known.apply(event)
        apply(trust, event)
    trust.time = known.time
    assert same_facts(known, trust) is None
    anchors = [anchor for log in trust.logs.values() for anchor in log.anchors]
    changes = [
        change for log in trust.logs.values() for told in log.changes_by_position.values() for change in told
    ]
    assert {anchor.is_void for anchor in anchors} == {True, False}
    assert any(change[2] for change in changes)
