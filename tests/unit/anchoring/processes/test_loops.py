"""Everything that waits longer each time waits by one rule.

It doubles from the first pause to the longest.
"""

import ast
from pathlib import Path

import pytest

from anchoring.chain.endpoints import ENDPOINT_BACKOFF
from anchoring.monitor.monitor import MONITOR_BACKOFF, PEER_BACKOFF
from anchoring.processes.loops import LOOP_BACKOFF, Backoff
from anchoring.processes.supervisor import RESTART_BACKOFF

ANCHORING = Path(__file__).parents[4] / "anchoring"
BACKOFFS = {
    "loop": LOOP_BACKOFF,
    "endpoint": ENDPOINT_BACKOFF,
    "monitor": MONITOR_BACKOFF,
    "peer": PEER_BACKOFF,
    "restart": RESTART_BACKOFF,
}


@pytest.mark.parametrize("backoff", BACKOFFS.values(), ids=BACKOFFS)
def test_a_pause_doubles_from_the_first_to_the_longest(backoff: Backoff) -> None:
    expected = backoff.first_seconds
    for failures in range(1, 100):
        shortest = expected / 2 if backoff.is_spread else expected
        assert shortest <= backoff.choose_pause(failures) <= expected
        expected = min(backoff.longest_seconds, 2 * expected)
    assert expected == backoff.longest_seconds


def test_a_pause_never_overflows() -> None:
    assert Backoff(0.001, 30.0, is_spread=False).choose_pause(10**9) == 30.0


def test_spread_pauses_differ() -> None:
    assert len({LOOP_BACKOFF.choose_pause(3) for _ in range(20)}) > 1


PATHS = sorted(ANCHORING.rglob("*.py"))


@pytest.mark.parametrize("path", PATHS, ids=[str(path.relative_to(ANCHORING)) for path in PATHS])
def test_no_other_module_computes_a_pause(path: Path) -> None:
    """A second rule beside `Backoff` would need chance, or a doubling that depends on a count of failures."""
    for node in ast.walk(ast.parse(path.read_text())):
        if path.name == "loops.py":
            continue
        if isinstance(node, ast.Attribute):
            assert node.attr != "uniform", f"line {node.lineno}"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift | ast.Pow):
            assert "fail" not in ast.unparse(node), f"line {node.lineno}"
