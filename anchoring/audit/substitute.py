"""A replica in place of an unreadable one: folded from the chain, or knowing nothing."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from anchoring.chain.protocol import Chain, RegistryName
from anchoring.errors import AnchoringError
from anchoring.follower.follower import Follower
from anchoring.replica.reading import ReplicaView
from anchoring.replica.store import Replica
from ledger.errors import LedgerError

_HEAD_REST: Final = bytes(24)  # of a head 0 of which the registry's name says 8 bytes alone


class Substitute:
    """Makes such a replica in `directory`, once it is asked for. Its user closes it."""

    def __init__(self, directory: Path, registry: str, chain: Chain | None) -> None:
        self._file, self._registry, self._chain = directory / "replica.db", registry, chain
        self._stack = ExitStack()

    def open(self) -> tuple[ReplicaView, bool]:
        """Return a view, and whether it knows what the chain says. Raises: MalformedInput for a registry that is none."""
        head_prefix = RegistryName.parse(self._registry).head_prefix
        replica = Replica(f"sqlite:///{self._file}")
        self._stack.callback(replica.close)
        is_chain_known = self._follow(replica)
        if not is_chain_known:
            replica.prepare(self._registry, head_prefix + _HEAD_REST)
        return self._stack.enter_context(replica.reading(quarantined=True)), is_chain_known

    def close(self) -> None:
        """Close what was opened; the files go with their directory."""
        self._stack.close()

    def _follow(self, replica: Replica) -> bool:
        if self._chain is None:
            return False
        follower = Follower(self._chain, replica, self._registry)
        try:
            follower.start()
            follower.step()
            while not follower.is_caught_up:
                follower.step()
        except (AnchoringError, LedgerError):
            return False
        return True
