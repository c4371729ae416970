"""How many blocks are asked for at a time: fewer where they are crowded, more elsewhere."""

from anchoring.chain.protocol import ChainEvent
from anchoring.follower.windows import CROWDED_BYTES, CROWDED_EVENTS, FIRST_SPAN, LONGEST_SPAN, BlockWindow
from ledger.registry.acts import Event


def events(count: int, size: int = 0) -> list[ChainEvent]:
    return [ChainEvent(Event(n + 1, 1, n, 0, bytes(size), n + 1), bytes(32), bytes(32)) for n in range(count)]


def test_a_window_grows_while_it_goes_well_and_never_beyond_the_longest() -> None:
    window = BlockWindow()
    spans = []
    for _ in range(8):
        window.adapt(events(CROWDED_EVENTS))
        spans.append(window.block_span)
    assert spans[:3] == [2 * FIRST_SPAN, 4 * FIRST_SPAN, 8 * FIRST_SPAN]
    assert spans[-1] == LONGEST_SPAN


def test_a_window_shrinks_where_there_are_many_events_or_large_ones() -> None:
    window = BlockWindow()
    window.adapt(events(CROWDED_EVENTS + 1))
    assert window.block_span == FIRST_SPAN // 2
    window.adapt(events(2, CROWDED_BYTES // 2 + 1))
    assert window.block_span == FIRST_SPAN // 4
    for _ in range(20):
        window.adapt(events(CROWDED_EVENTS + 1))
    assert window.block_span == 1
    window.adapt([])
    assert window.block_span == 2
