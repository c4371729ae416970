"""Random acts and anchors: what is known afterwards is what a plain model of the rules says."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.crypto.keys import keccak256
from ledger.crypto.suites import SHA256, SM3
from ledger.registry import acts
from ledger.registry.acts import extend_head
from ledger.registry.knowledge import Knowledge
from ledger.registry.status import encode_changes
from tests.properties.test_status import naive_root
from tests.scenes import ADDRESS, CONTRACT, START, Registry

ISSUERS = ["11429006012345671T", "11420100000000019A", "340100"]
LOGS = ["tianmen", "wuhan"]
ALLOWED = (
    {(0, after) for after in range(1, 8)}
    | {(8, after) for after in range(1, 8)}
    | {(1, after) for after in (0, *range(2, 8))}
    | {(before, 8) for before in range(2, 8)}
)


@dataclass
class Log:
    """A log as the design tells it, with nothing clever."""

    statuses: list[int] = field(default_factory=list)
    history: dict[int, list[tuple[int, int, bool]]] = field(default_factory=dict)
    anchors: list[tuple[int, int, bool]] = field(default_factory=list)


ANCHOR = st.fixed_dictionaries(
    {
        "log": st.sampled_from(LOGS),
        "growth": st.integers(0, 130),
        "changes": st.dictionaries(st.integers(0, 300), st.integers(0, 8), max_size=6),
        "fault": st.sampled_from(["none"] * 6 + ["root", "reserved", "beyond", "order", "length"]),
    }
)
ASSIGNMENT = st.tuples(st.sampled_from(ISSUERS), st.sampled_from(LOGS))


@given(st.lists(st.one_of(ANCHOR, ANCHOR, ASSIGNMENT), max_size=25))
@settings(max_examples=150)
def test_random_histories(steps: list[object]) -> None:
    registry = Registry()
    known, model = registry.knowledge, {name: Log() for name in LOGS}
    for name, suite in zip(LOGS, (SM3, SHA256), strict=True):
        registry.act(acts.LogAdmitted(name, suite.number, ADDRESS, (), acts.Predecessor()))
    assigned: list[tuple[int, str, str]] = []
    for step in steps:
        if isinstance(step, tuple):
            event = registry.act(acts.IssuerAssigned(step[1], step[0]))
            assigned.append((event.event_number, *step))
        elif isinstance(step, dict):
            anchor(registry, model[step["log"]], **step)
    for name, log in model.items():
        compare(known, name, log)
    for n in range(known.fold.event_number + 1):
        for issuer in ISSUERS:
            holders = [log for at, which, log in assigned if which == issuer and at <= n]
            assert known.find_issuer_log(issuer, n) == (holders[-1] if holders else None)
    refold(registry)


def anchor(
    registry: Registry, model: Log, log: str, growth: int, changes: dict[int, int], fault: str
) -> None:
    statuses = model.statuses + [0] * growth
    fitting = sorted((position, status) for position, status in changes.items() if position < len(statuses))
    words = encode_changes(fitting)
    after = list(statuses)
    for position, status in fitting:
        after[position] = status
    root = naive_root(SM3 if log == "tianmen" else SHA256, after)
    void = True
    match fault:
        case "root":
            root = bytes(31) + b"\x01"
        case "reserved" if len(statuses):
            words = encode_changes([(len(statuses) - 1, 9)])
        case "beyond":
            words += encode_changes([(len(statuses), 1)])
        case "order" if fitting:
            words += encode_changes([fitting[-1]])
        case "length":
            words += b"\0"
        case _:
            void = False
    sequence = len(model.anchors) + 1
    registry.act(acts.Anchored(log, sequence, len(statuses), bytes([growth != 0]) * 32, root, words))
    model.anchors.append((len(model.statuses), len(statuses), void))
    model.statuses = statuses
    if not void:
        for position, status in fitting:
            told = model.history.setdefault(position, [])
            broken = bool(told and told[-1][2]) or (statuses[position], status) not in ALLOWED
            told.append((sequence, status, broken))
        model.statuses = after


def compare(known: Knowledge, name: str, model: Log) -> None:
    log = known.find_log(name)
    assert log
    assert (log.sequence, log.size) == (len(model.anchors), len(model.statuses))
    for sequence, (before, size, void) in enumerate(model.anchors, start=1):
        anchor = known.find_anchor(name, sequence)
        assert anchor
        assert (anchor.size_before, anchor.size, bool(anchor.void_reason)) == (before, size, void)
    good = [
        known.find_anchor(name, number)
        for number, (*_, void) in enumerate(model.anchors, start=1)
        if not void
    ]
    assert log.anchored_at == (good[-1].time if good and good[-1] else 0)
    tree = known.trees[name]
    assert [tree.get(position) for position in range(len(model.statuses))] == model.statuses
    assert tree.compute_root() == naive_root(log.suite, model.statuses)
    for position in range(len(model.statuses)):
        for sequence in range(len(model.anchors) + 1):
            told = [change for change in model.history.get(position, []) if change[0] <= sequence]
            at = known.find_status(name, position, sequence)
            assert (at and (at.sequence, at.status, at.is_contradictory)) == (told[-1] if told else None)


def refold(registry: Registry) -> None:
    """Whoever folds the same events has the same head and the same facts."""
    zero = acts.compute_head_zero(31337, CONTRACT, bytes(32))
    again = Knowledge(registry.name, zero)
    head = zero
    for event in registry.events:
        again.apply(event)
        head = extend_head(head, event)
    assert vars(again.fold) == vars(registry.knowledge.fold)
    assert (again.fold.head, again.time) == (head, registry.now)
    assert again.list_logs() == registry.knowledge.list_logs()
    assert again.time > START
    assert keccak256(head) != head
