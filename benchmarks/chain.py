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

RECORD_COUNT = 20_000
PASS_COUNT = 3
ANCHOR_COUNT = 30


class Log:
    """One log on a devnet that mines as soon as something waits, and the anchors that it sends."""

    def __init__(self, devnet: Devnet, name: str) -> None:
        self._devnet, self._name = devnet, name
        self._account = devnet.open_account("operator")
        self._tree = StatusTree(SM3)
        self._sequence = 0
        registry_name = deployment.deploy(devnet.chain, self._account, self._account.address)
        self._contract_address = RegistryName.parse(registry_name).contract
        self.record_act(
            acts.LogAdmitted(name, SM3.number, self._account.address, ("429006",), acts.Predecessor())
        )
        self.record_act(acts.OperatorSet(name, self._account.address))

    def record_act(self, act: acts.Act) -> TransactionReceipt:
        return deployment.execute(
            self._devnet.chain, self._account, self._contract_address, calls.encode_call(act)
        )

    def anchor(self, record_count: int, change_count: int, status: Status = Status.REVOKED) -> int:
        """Anchor so many new records and changes of status, and return the gas."""
        self._tree.grow(self._tree.size + record_count)
        positions = range(change_count)
        for position in positions:
            self._tree.set(position, status)
        self._sequence += 1
        batch_root = SM3.hash(self._sequence.to_bytes(8, "big")) if record_count else bytes(32)
        encoded_changes = encode_changes((position, status) for position in positions)
        anchored_act = acts.Anchored(
            self._name,
            self._sequence,
            self._tree.size,
            batch_root,
            self._tree.compute_root(),
            encoded_changes,
        )
        return self.record_act(anchored_act).gas_used


def main() -> None:
    """Print the table."""
    print(f"\nAnchors on anvil, hardfork {HARDFORK}: gas of the whole transaction, by receipt")
    with (
        tempfile.TemporaryDirectory() as folder_name,
        Devnet(Path(folder_name), block_seconds=None) as devnet,
    ):
        stop_event = threading.Event()
        miner = threading.Thread(target=_mine_blocks, args=(devnet, stop_event))
        miner.start()
        try:
            log = Log(devnet, "tianmen")
            log.anchor(RECORD_COUNT, 0)
            for description, record_count, change_count in (
                ("heartbeat", 0, 0),
                ("200 records", 200, 0),
                ("20,000 records", RECORD_COUNT, 0),
                ("200 records, 1 status change", 200, 1),
                ("1,000 status changes", 0, 1_000),
                ("10,000 status changes", 0, 10_000),
            ):
                print(f"  {description:<32}{log.anchor(record_count, change_count):>12,}")
            rates_per_second = [_measure_rate(log) for _ in range(PASS_COUNT)]
            print(f"  one after the other, each waited for: {median(rates_per_second):.0f} anchors/s")
        finally:
            stop_event.set()
            miner.join()


def _measure_rate(log: Log) -> float:
    start_seconds = perf_counter()
    for _ in range(ANCHOR_COUNT):
        log.anchor(200, 0)
    return ANCHOR_COUNT / (perf_counter() - start_seconds)


def _mine_blocks(devnet: Devnet, stop_event: threading.Event) -> None:
    while not stop_event.is_set():
        devnet.mine()
        stop_event.wait(0.01)


if __name__ == "__main__":
    main()
