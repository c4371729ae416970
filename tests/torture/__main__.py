"""Two cities at work while everything goes wrong, and then the count.

    python -m tests.torture --seconds 60 --seed 7 --database postgresql

Departments hand in records; the processes of the nodes are killed and held at random instants, a second anchorer is
started by mistake, a database server hangs up, the chain changes its branch while the old transactions wait, and its
endpoints hang, fail, lag and show another chain. Then all of it ends. The seed settles what is done, not how it falls.
Exit code 1, and the directory is kept, where anything was lost, doubled or contradicted, or where the cities do not come
to rest.
"""

import argparse
import logging
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Final

from api.client.client import NodeClient
from tests.databases import BOTH, POSTGRESQL
from tests.torture import faults
from tests.torture.cities import Cities, audit, found
from tests.torture.departments import Journal, Submitter
from tests.torture.faults import HANG_UP, WEIGHTS, Done, Faults
from tests.torture.parts import Parts
from tests.torture.reckoning import Reckoning, reckon
from tests.torture.starter import Starter

SUBMITTERS: Final = 3
_READY_SECONDS: Final = 120.0
_QUIET_SECONDS: Final = 6.0  # what the start takes on two cores that do nothing else
_SLOWEST: Final = 4.0  # by how much things go wrong more slowly, at most, where the start takes longer
_REST_SECONDS: Final = 90.0  # after the last fault: a stuck transaction is replaced after 60
_TICK: Final = 0.02


class NotAtRest(Exception):
    """The cities did not come to rest."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long things go wrong; default: 60")
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument(
        "--faults", nargs="+", choices=[*WEIGHTS], default=[*WEIGHTS], help="only these kinds; default: all"
    )
    parser.add_argument("--database", choices=BOTH, help="of the city that issues; default: as the seed says")
    args = parser.parse_args()
    seed = secrets.randbelow(10**6) if args.seed is None else args.seed
    database = args.database or Random(f"database {seed}").choice(BOTH)
    kinds = [kind for kind in args.faults if kind != HANG_UP or database == POSTGRESQL]
    if not kinds:
        parser.error(f"{HANG_UP}: a file of SQLite has no server: add --database {POSTGRESQL}")
    directory = Path(tempfile.mkdtemp(prefix="torture-"))
    print(f"torture: seed {seed}, {args.seconds:g} s, on {database}, in {directory}", flush=True)
    _log(directory / "faults.log")
    wrong = _torture(directory / "stage", args.seconds, Random(seed), kinds, database)
    if wrong:
        wrong.append(f"seed {seed}, on {database}; what is in files is kept in {directory}")
        print("FAILED:", *wrong, sep="\n  ")
        return 1
    shutil.rmtree(directory)
    return 0


def _log(path: Path) -> None:
    """Keep what is done and when, for whoever looks for a cause."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    faults.logger.addHandler(handler)
    faults.logger.setLevel(logging.INFO)


def _torture(
    directory: Path, seconds: float, random: Random, kinds: Sequence[str], database: str
) -> list[str]:
    """Run it and print the figures; return what is wrong."""
    began, journal = time.monotonic(), Journal()
    with ExitStack() as stack:
        cities = found(directory, random, stack, database)
        starter = Starter()
        stack.callback(starter.stop)
        parts = Parts(cities.parts(starter), random)
        stack.callback(parts.stop)
        pace = min(_SLOWEST, max(1.0, _wait_ready(cities, parts) / _QUIET_SECONDS))
        submitters = [
            Submitter(number, cities.department, cities.urls, journal, Random(random.random()))
            for number in range(1, SUBMITTERS + 1)
        ]
        for submitter in submitters:
            submitter.start()
            stack.callback(submitter.give_up.set)
        going_wrong = Faults(cities, parts, random, kinds, pace)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            parts.tick()
            going_wrong.tick()
            time.sleep(_TICK)
        going_wrong.end()
        ended = time.monotonic()
        try:
            _rest(cities, parts, going_wrong, submitters)
        except NotAtRest as error:
            _print(journal, going_wrong.done, parts)
            return [str(error), *journal.faults]
        rested = time.monotonic()
        counted = reckon(cities, journal)
        _print(journal, going_wrong.done, parts)
        _print_reckoning(counted)
        print(f"{'time':<12} rest after {rested - ended:.1f} s, {time.monotonic() - began:.1f} s in all")
        return [*_wrong(cities, counted, going_wrong.done), *journal.faults]


def _wrong(cities: Cities, counted: Reckoning, done: Done) -> Iterator[str]:
    """Say what must not be: by the count, by what the replicas said meanwhile, and by an audit of both cities."""
    if counted.lost or counted.doubled:
        yield f"{counted.lost} lost, {counted.doubled} doubled"
    yield from counted.faults
    for said in done.unjustified:
        yield f"quarantined without a reason: {said}"
    for city in (cities.tianmen, cities.wuhan):
        code, said = audit(city)
        if code:
            yield f"audit of {city.name}: exit code {code}\n{said}"


def _wait_ready(cities: Cities, parts: Parts) -> float:
    """Start what does not run, wait until every node answers, and return how many seconds that took."""
    began = time.monotonic()
    for url in (*cities.urls, cities.wuhan.url):
        with NodeClient(url) as node:
            while not node.is_ready():
                assert time.monotonic() - began < _READY_SECONDS, f"the node at {url} did not start"
                parts.tick()
                time.sleep(10 * _TICK)
    return time.monotonic() - began


def _rest(cities: Cities, parts: Parts, faults: Faults, submitters: list[Submitter]) -> None:
    """Wait until nothing moves any more."""
    until = time.monotonic() + _REST_SECONDS
    for submitter in submitters:
        submitter.stop.set()
    while any(submitter.is_alive() for submitter in submitters) or not cities.at_rest():
        if time.monotonic() > until:
            known = {city: cities.known(city) for city in cities.replicas}
            raise NotAtRest(
                f"not at rest after {_REST_SECONDS:g} s: anchoring is {cities.standing()}, known are {known}"
            )
        parts.tick()
        faults.look()
        time.sleep(10 * _TICK)
    _wait_ready(cities, parts)


def _print(journal: Journal, done: Done, parts: Parts) -> None:
    figures = {
        "submissions": f"{len(journal.accepted):,} accepted, {journal.records:,} records",
        "attempts": _list(journal.attempts),
        "kills": f"{sum(done.kills.values())}: {_list(done.kills)}",
        "… found": f"{_list(done.interrupted)} (anchoring as the anchorer was killed)",
        "pauses": _list(done.pauses),
        "reorgs": f"{sum(done.reorgs.values())}: {_list(done.reorgs)} (by depth); "
        f"{done.waiting_again} transactions waited again, {done.forgotten} were forgotten",
        "endpoints": f"{sum(done.endpoints.values())}: {_list(done.endpoints)}",
        "hang-ups": f"{_list(done.hang_ups)} (connections of the database server)",
        "ended": f"{_list(parts.ended)} (processes that ended by themselves)",
        "quarantines": _list(done.quarantines),
    }
    _print_figures(figures)


def _print_reckoning(reckoning: Reckoning) -> None:
    figures = {
        "anchors": str(reckoning.anchors),
        "verdicts": f"{_list(reckoning.verdicts)}, in the other city",
        "copies": f"{reckoning.copies}, in the other city",
        "lost": str(reckoning.lost),
        "doubled": str(reckoning.doubled),
    }
    _print_figures(figures)


def _print_figures(figures: Mapping[str, str]) -> None:
    for name, figure in figures.items():
        print(f"{name:<12} {figure}", flush=True)


def _list(counted: Mapping[str, int] | Mapping[int, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counted.items())) or "none"


if __name__ == "__main__":
    sys.exit(main())
