"""Networks of the doubles of other chains, for the test bodies of adapter and follower."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.chain_behaviour import ChainBehaviour
from tests.fakes.doubles import KINDS
from tests.fakes.nets import DoubleNet

#: Doubles that speak as a client does, and those of what stands before one; each half is run by a worker of its own.
CLIENT_KINDS = ("geth-poa", "nethermind", "besu", "quorum", "random-words", "nameless-logs")
GATEWAY_KINDS = tuple(kind for kind in KINDS if kind not in CLIENT_KINDS)
#: Five requests a second are for `make chains`: here it is as many as makes a test wait some seconds.
_RATE = 40.0


def run_double_net(kind: str, directory: Path) -> Iterator[DoubleNet]:
    """Yield a chain behind a double of a kind, and stop it."""
    options = {"rate": _RATE} if "rate" in KINDS[kind] else {}
    net = DoubleNet(directory, kind, **options)
    yield net
    net.stop()


class DoubleBehaviour(ChainBehaviour):
    """What every double is held to, but for what its kind cannot tell."""

    @pytest.fixture(autouse=True)
    def _skip_what_it_cannot_tell(self, net: DoubleNet, request: pytest.FixtureRequest) -> None:
        of_waiting_ones = any(word in request.node.name for word in ("_waits_", "_waiting_"))
        if of_waiting_ones and (net.double.bare or not net.double.pending):
            pytest.skip("it does not count or show the transactions that wait")
