"""Count what became of everything: on the chain, in the entries, in the other city.

What should be there is known from the departments' own journal.

Nothing here asks the register: positions come from the receipts, anchors from the chain itself, entries over HTTP as anybody
gets them, and the verdicts from the other city.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from anchoring.chain.protocol import RegistryName
from ledger.registry import acts
from tests.fakes.department import LOG
from tests.torture.cities import Cities
from tests.torture.departments import Accepted, Journal

_AT_ONCE: Final = 2  # requests under way: one for each core
_PRESENTED: Final = 50  # proofs verified by one request
_SECONDS: Final = 60.0
_SHOWN: Final = 10  # faults of one kind that are spelled out


@dataclass(slots=True)
class Reckoning:
    """What was counted; anything but empty `faults` with nothing lost and nothing doubled is a failure."""

    anchors: int = 0
    lost: int = 0
    doubled: int = 0
    copies: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def reckon(cities: Cities, journal: Journal) -> Reckoning:
    reckoning = Reckoning()
    _check_positions(reckoning, journal)
    _check_chain(reckoning, cities, journal)
    _check_entries(reckoning, cities, journal)
    _check_verdicts(reckoning, cities, journal)
    return reckoning


def _check_positions(reckoning: Reckoning, journal: Journal) -> None:
    """The positions that the receipts promise follow one another, without gap and without overlap."""
    end = 0
    for accepted in sorted(journal.accepted, key=lambda one: int(one.receipt["first"])):
        first = int(accepted.receipt["first"])
        if first != end:
            reckoning.faults.append(f"positions {end} to {first}: a gap, or promised twice")
            reckoning.doubled += max(0, end - first)
        end = first + len(accepted.leaves)


def _check_chain(reckoning: Reckoning, cities: Cities, journal: Journal) -> None:
    """The chain holds the anchors one after the other, and as many positions as records were accepted."""
    chain, contract = cities.devnet.chain, RegistryName.parse(cities.stage.registry).contract
    decoded = [
        acts.decode_act(item.event.kind, item.event.payload)
        for item in chain.fetch_events(contract, 0, chain.fetch_latest_block().number)
    ]
    anchors = [act for act in decoded if isinstance(act, acts.Anchored)]
    reckoning.anchors = len(anchors)
    if [anchor.sequence for anchor in anchors] != list(range(1, len(anchors) + 1)):
        reckoning.faults.append("the anchors of the chain do not follow one another")
    size = anchors[-1].size if anchors else 0
    reckoning.lost += max(0, journal.records - size)
    reckoning.doubled += max(0, size - journal.records)


def _check_entries(reckoning: Reckoning, cities: Cities, journal: Journal) -> None:
    """Every accepted submission is one entry, no entry is of anything else, and the other city finds no fault with them."""
    roots = Counter[str]()
    with httpx.Client(base_url=cities.tianmen.url, timeout=_SECONDS, trust_env=False) as http:
        page: str | None = f"/v1/logs/{LOG}/entries?limit=1000"
        while page:
            answer = http.get(page).raise_for_status().json()
            roots.update(item["entry"]["statement"]["root"].rpartition(":")[2] for item in answer["items"])
            page = answer.get("next")
    with httpx.Client(base_url=cities.wuhan.url, timeout=_SECONDS, trust_env=False) as http:
        logs = http.get("/v1/logs").raise_for_status().json()["items"]
        reckoning.copies = next(log["entries"] for log in logs if log["name"] == LOG)
    if reckoning.copies not in ("published", "awaited"):
        reckoning.faults.append(f"the other city holds the entries to be {reckoning.copies}")
    wanted = Counter(str(accepted.receipt["id"]) for accepted in journal.accepted)
    reckoning.lost += _weigh(wanted - roots, journal)
    reckoning.doubled += _weigh(roots - wanted, journal)


def _weigh(roots: Counter[str], journal: Journal) -> int:
    counts = {str(accepted.receipt["id"]): len(accepted.leaves) for accepted in journal.accepted}
    return sum(number * counts.get(root, 1) for root, number in roots.items())


def _check_verdicts(reckoning: Reckoning, cities: Cities, journal: Journal) -> None:
    """Every record that can be presented proves itself in the other city, at its promised position, with the verdict due."""
    token = cities.stage.make_token(cities.tianmen, ("proofs", "claims"))
    headers = {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(
            base_url=cities.tianmen.url, headers=headers, timeout=_SECONDS, trust_env=False
        ) as there,
        httpx.Client(base_url=cities.wuhan.url, timeout=_SECONDS, trust_env=False) as here,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):

        def check(leaves: Sequence[tuple[bytes, int]]) -> list[str]:
            return list(_differences(there, here, journal, leaves))

        for said in pool.map(check, _chunks(journal)):
            reckoning.lost += len(said)
            reckoning.faults += said[: max(0, _SHOWN - len(reckoning.faults))]
    reckoning.verdicts = Counter(journal.verdicts.values())


def _chunks(journal: Journal) -> Iterator[Sequence[tuple[bytes, int]]]:
    """Return the leaf hashes that can be presented, each with its promised position, some at a time."""
    placed = [pair for accepted in journal.accepted for pair in _positions(accepted)]
    presented = [(leaf, position) for leaf, position in placed if leaf in journal.verdicts]
    for start in range(0, len(presented), _PRESENTED):
        yield presented[start : start + _PRESENTED]


def _positions(accepted: Accepted) -> Iterator[tuple[bytes, int]]:
    first = int(accepted.receipt["first"])
    return ((leaf, first + index) for index, leaf in enumerate(accepted.leaves))


def _differences(
    there: httpx.Client, here: httpx.Client, journal: Journal, leaves: Sequence[tuple[bytes, int]]
) -> Iterator[str]:
    items: list[dict[str, Any]] = []
    for leaf, position in leaves:
        answer = there.get(f"/v1/records/sm3:{leaf.hex()}/proof")
        if answer.is_success:
            items.append({"proof": answer.text, "claims": journal.claims[leaf]})
        else:
            yield f"record {leaf.hex()} at {position}: no proof, {answer.status_code} {answer.text[:300]}"
    if len(items) < len(leaves):
        return
    reports = here.post("/v1/verify/batch", json={"items": items}).raise_for_status().json()["reports"]
    for (leaf, position), report in zip(leaves, reports, strict=True):
        due, said = journal.verdicts[leaf], (report["verdict"], report.get("anchor", {}).get("position"))
        if said != (due, position):
            yield f"record {leaf.hex()}: {said} ({report['reason']}) instead of {(due, position)}"
