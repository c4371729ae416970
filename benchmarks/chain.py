"""What an anchor costs on a development chain: gas by receipt, and how many in a second.

python -m benchmarks.chain
"""

import tempfile
import threading
from pathlib import Path
from statistics import median
from time import perf_counter

from anchoring.chain import calls, deployment
from anchoring.chain.devnet import HARDFORK, Devnet
from anchoring.chain.protocol import RegistryName, TransactionReceipt
from ledger.crypto.suites import SM3
from ledger.registry import acts
from ledger.registry.status import Status, StatusTree, encode_changes

RECORDS = 20_000
PASSES = 3
ANCHORS = 30


class Log:
    """One log on a devnet that mines as soon as something waits, and the anchors that it sends."""

    def __init__(self, devnet: Devnet, name: str) -> None:
        self._devnet, self._name = devnet, name
        self._account = devnet.account("operator")
        self._tree = StatusTree(SM3)
        self._sequence = 0
        registry = deployment.deploy(devnet.chain, self._account, self._account.address)
        self._contract = RegistryName.parse(registry).contract
        self.act(acts.LogAdmitted(name, SM3.number, self._account.address, ("429006",), acts.Predecessor()))
        self.act(acts.OperatorSet(name, self._account.address))

    def act(self, act: acts.Act) -> TransactionReceipt:
        return deployment.execute(self._devnet.chain, self._account, self._contract, calls.encode_call(act))

    def anchor(self, record_count: int, change_count: int, status: Status = Status.REVOKED) -> int:
        """Anchor so many new records and changes of status, and return the gas."""
        self._tree.grow(self._tree.size + record_count)
        positions = range(change_count)
        for position in positions:
            self._tree.set(position, status)
        self._sequence += 1
        root = SM3.hash(self._sequence.to_bytes(8, "big")) if record_count else bytes(32)
        words = encode_changes((position, status) for position in positions)
        anchored = acts.Anchored(
            self._name, self._sequence, self._tree.size, root, self._tree.compute_root(), words
        )
        return self.act(anchored).gas_used


def main() -> None:
    """Print the table."""
    print(f"\nAnchors on anvil, hardfork {HARDFORK}: gas of the whole transaction, by receipt")
    with tempfile.TemporaryDirectory() as folder, Devnet(Path(folder), block_seconds=None) as devnet:
        stop = threading.Event()
        miner = threading.Thread(target=_mine_blocks, args=(devnet, stop))
        miner.start()
        try:
            log = Log(devnet, "tianmen")
            log.anchor(RECORDS, 0)
            for words, record_count, change_count in (
                ("heartbeat", 0, 0),
                ("200 records", 200, 0),
                ("20,000 records", RECORDS, 0),
                ("200 records, 1 status change", 200, 1),
                ("1,000 status changes", 0, 1_000),
                ("10,000 status changes", 0, 10_000),
            ):
                print(f"  {words:<32}{log.anchor(record_count, change_count):>12,}")
            rates = [_measure_rate(log) for _ in range(PASSES)]
            print(f"  one after the other, each waited for: {median(rates):.0f} anchors/s")
        finally:
            stop.set()
            miner.join()


def _measure_rate(log: Log) -> float:
    start = perf_counter()
    for _ in range(ANCHORS):
        log.anchor(200, 0)
    return ANCHORS / (perf_counter() - start)


def _mine_blocks(devnet: Devnet, stop: threading.Event) -> None:
    while not stop.is_set():
        devnet.mine()
        stop.wait(0.01)


if __name__ == "__main__":
    main()
