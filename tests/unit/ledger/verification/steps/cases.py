"""What scenes are made with.

Their registry, their decorator, and the scene that most begin with.
"""

from collections.abc import Callable
from functools import cache

from ledger.proof.proof import Proof
from ledger.verification.reasons import Outcome, RowKey, Verdict
from ledger.verification.report import Report
from tests.scenes import City, Item, scene

PASS, FAIL, UNKNOWN, SKIPPED = Outcome
VALID, NOT_CURRENT, INVALID, UNVERIFIABLE = Verdict

SCENES: dict[str, tuple[RowKey, Verdict, Callable[[], Report]]] = {}


def case(
    step: int, outcome: Outcome, reason: str, verdict: Verdict
) -> Callable[[Callable[[], Report]], Callable[[], Report]]:
    """The scene below leads to `verdict` because of this row."""

    def keep(build: Callable[[], Report]) -> Callable[[], Report]:
        assert build.__name__ not in SCENES
        SCENES[build.__name__] = ((step, outcome, reason), verdict, build)
        return build

    return keep


def one_licence() -> tuple[City, Item, Proof]:
    """A city, a licence that it registered, and its proof."""
    city, items = scene()
    return city, items[1], city.proof(items[1])


@cache
def report_of(name: str) -> Report:
    """Return the report of a scene, made once."""
    return SCENES[name][2]()
