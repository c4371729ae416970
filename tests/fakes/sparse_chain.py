"""A fake chain of millions of blocks; empty ones are made when they are looked at."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import overload

from anchoring.chain.protocol import Block
from ledger.crypto.keys import keccak256
from tests.fakes.fake_chain import GENESIS_TIME, FakeChain, Mined


class SparseBlocks:
    """The blocks of a chain; an empty one between two others has the state of the one below."""

    def __init__(self, genesis: Mined, seconds: int) -> None:
        self._written, self._numbers, self._length = {0: genesis}, [0], 1
        self._seconds = seconds

    def skip(self, blocks: int) -> None:
        self._length += blocks

    def append(self, mined: Mined) -> None:
        self._written[mined.block.number] = mined
        self._numbers.append(mined.block.number)
        self._length += 1

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Mined]:
        return iter(self._written.values())

    @overload
    def __getitem__(self, place: int) -> Mined: ...

    @overload
    def __getitem__(self, place: slice) -> list[Mined]: ...

    def __getitem__(self, place: int | slice) -> Mined | list[Mined]:
        if isinstance(place, slice):
            numbers = range(*place.indices(self._length))
            return [self._written[number] for number in self._numbers if number in numbers]
        number = range(self._length)[place]
        return self._written.get(number) or self._make(number)

    def _make(self, number: int) -> Mined:
        below = self._written[self._numbers[bisect_right(self._numbers, number) - 1]]
        parent = below.block.hash if number - 1 == below.block.number else _hash(number - 1)
        time = below.block.time + self._seconds * (number - below.block.number)
        return Mined(Block(number, _hash(number), parent, time), below.state)


class SparseChain(FakeChain):
    """`skip` lets many blocks pass at once."""

    def __init__(self, *, time: int = GENESIS_TIME) -> None:
        super().__init__(time=time)
        self.blocks = SparseBlocks(self.mined[0], self.seconds)
        self.mined = self.blocks  # type: ignore[assignment]

    def skip(self, blocks: int) -> None:
        self.blocks.skip(blocks)
        self.now += self.seconds * blocks


def _hash(number: int) -> bytes:
    return keccak256(b"empty block %d" % number)
