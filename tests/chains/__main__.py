"""Tell the story of `make demo` on other chains: doubles before anvil, programs from npm.

`python -m tests.chains [--short] [KIND …]`.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from anchoring.chain.devnet import Devnet
from tests.chains.clique import Clique
from tests.chains.programs import FINAL_DEPTH, PROGRAMS, Missing, ProgramChain, make_account
from tests.chains.stories import Beside, ChainAtHand, StoryFailed, tell_short, tell_whole
from tests.fakes.doubles import ALL_KINDS, Double

CLIQUE: Final = "clique"
_BLOCK_SECONDS: Final = 1
_FREE_BALANCE: Final = "0x0"
_ADAPTER_TESTS: Final = "tests/chains/test_programs.py"
#: Of the whole story on three validators: when one is killed, and when it is back, in seconds.
_KILLED_AT, _BACK_AT = 30.0, 45.0


@contextmanager
def stand_double(kind: str, directory: Path) -> Iterator[ChainAtHand]:
    """Give a double; on a chain without fees the account has no funds."""
    with Devnet(directory / "chain", block_seconds=_BLOCK_SECONDS) as devnet:
        double = Double(devnet.url, **ALL_KINDS[kind])
        try:
            account = devnet.open_account("province")
            if not double.fees:
                devnet.request("anvil_setNextBlockBaseFeePerGas", "0x0")
                devnet.request("anvil_setBalance", account.address, _FREE_BALANCE)
            yield ChainAtHand(double.url, account, None if double.finalized else FINAL_DEPTH)
        finally:
            double.close()


def tell_on_double(kind: str, directory: Path, *, short: bool) -> None:
    with stand_double(kind, directory) as chain:
        (tell_short if short else tell_whole)(chain, directory)


def tell_on_program(name: str, directory: Path, *, short: bool) -> None:
    """Run the test body of the chain's adapter on a program, then tell a story there. Raises: Missing, StoryFailed."""
    with closing(ProgramChain(name, directory, block_seconds=_BLOCK_SECONDS)) as program:
        chain = ChainAtHand(program.url, program.account("province"), FINAL_DEPTH)
        (tell_short if short else tell_whole)(chain, directory)
    if pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", _ADAPTER_TESTS, "-k", name]):
        raise StoryFailed("the tests of the chain's adapter fail on it, see above")


def tell_on_clique(directory: Path, *, short: bool) -> None:
    """Tell a story on three validators, of which one is killed and comes back. Raises: Missing, StoryFailed."""
    with closing(Clique(directory, "province")) as clique:
        chain = ChainAtHand(" ".join(clique.urls), make_account("province"), FINAL_DEPTH)
        if short:
            tell_short(chain, directory, partial(clique.kill, 2), partial(clique.start_again, 2))
        else:
            tell_whole(replace(chain, urls=clique.urls[0]), directory, _kill_one(clique))


def _kill_one(clique: Clique) -> Beside:
    """Return what has a validator die while the story is told, and come back."""
    start_time, due = time.monotonic(), [(_BACK_AT, clique.start_again), (_KILLED_AT, clique.kill)]

    def look() -> None:
        if due and time.monotonic() - start_time > due[-1][0]:
            due.pop()[1](2)
        elif len(due) != 1:  # else the third is dead
            clique.look()

    return look


def list_tellers(*, short: bool) -> dict[str, Callable[[Path], None]]:
    tellers: dict[str, Callable[[Path], None]] = {
        kind: partial(tell_on_double, kind, short=short) for kind in ALL_KINDS
    }
    tellers |= {name: partial(tell_on_program, name, short=short) for name in PROGRAMS}
    return tellers | {CLIQUE: partial(tell_on_clique, short=short)}


def tell(kind: str, teller: Callable[[Path], None]) -> bool:
    """Tell one story and say how it went; return whether nothing is wrong."""
    start_time, verdict, words = time.monotonic(), "passes", ""
    with tempfile.TemporaryDirectory() as directory:
        try:
            teller(Path(directory))
        except Missing as error:
            verdict, words = "skipped", str(error)
        except StoryFailed as error:
            verdict, words = "FAILS", str(error)
    print(f"{kind:<14} {verdict:<8} {time.monotonic() - start_time:5.0f} s  {words}", flush=True)
    return verdict != "FAILS"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="a double or a program; default: all")
    parser.add_argument("--short", action="store_true", help="one node, one department, a licence or three")
    options = parser.parse_args()
    tellers = list_tellers(short=options.short)
    kinds = options.kinds or list(tellers)
    if unknown := set(kinds) - set(tellers):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(tellers)}")
    outcomes = [tell(kind, tellers[kind]) for kind in kinds]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
