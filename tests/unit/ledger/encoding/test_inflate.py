"""One inflater for snapshots, ranges, paper and archives.

The same bytes, the same answer, however they come.
"""

import tracemalloc
import zlib
from collections.abc import Iterable

import pytest

from ledger.encoding.inflate import PIECE_BYTES, InflateFault, InflateReason, inflate, inflate_whole

CONTENT = bytes(range(256)) * 300 + bytes(PIECE_BYTES)


def packed(content: bytes = CONTENT, *, raw: bool = False) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS if raw else zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def reason(chunks: Iterable[bytes], most: int = len(CONTENT), *, raw: bool = False) -> InflateReason:
    with pytest.raises(InflateFault) as caught:
        list(inflate(chunks, most, is_raw=raw))
    return caught.value.reason


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("size", [1, 7, 1000, 10**9])
class TestHoweverItIsCut:
    def test_all_comes_out_in_pieces(self, size: int, raw: bool) -> None:
        pieces = list(inflate(cut(packed(raw=raw), size), len(CONTENT), is_raw=raw))
        assert b"".join(pieces) == CONTENT
        assert max(map(len, pieces)) <= PIECE_BYTES

    def test_the_last_byte_counts(self, size: int, raw: bool) -> None:
        assert reason(cut(packed(raw=raw), size), len(CONTENT) - 1, raw=raw) == "too_long"

    def test_an_end_in_the_middle_is_truncated(self, size: int, raw: bool) -> None:
        assert reason(cut(packed(raw=raw)[:-1], size), raw=raw) == "truncated"

    def test_a_byte_behind_the_end_is_surplus(self, size: int, raw: bool) -> None:
        assert reason(cut(packed(raw=raw) + b"\0", size), raw=raw) == "surplus"

    def test_other_bytes_are_damaged(self, size: int, raw: bool) -> None:
        assert reason(cut(b"\xff" * 10, size), raw=raw) == "damaged"

    def test_a_second_stream_is_surplus(self, size: int, raw: bool) -> None:
        assert reason(cut(packed(raw=raw) * 2, size), raw=raw) == "surplus"


def test_nothing_at_all_is_truncated_and_a_stream_of_nothing_is_good() -> None:
    assert reason([]) == "truncated"
    assert reason([b"", b""]) == "truncated"
    assert inflate_whole(packed(b""), 0) == b""
    assert b"".join(inflate([b"", packed(), b""], len(CONTENT))) == CONTENT


def test_a_limit_of_nothing_is_no_limit_of_zlib() -> None:
    assert reason([packed(bytes(2**24))], 0) == "too_long"


def test_a_checksum_that_is_wrong_is_damage() -> None:
    data = packed()
    assert reason([data[:-1] + bytes([data[-1] ^ 1])]) == "damaged"


def test_a_bomb_and_a_long_stream_take_a_piece_of_memory_at_a_time() -> None:
    bomb = packed(bytes(2**26))
    tracemalloc.start()
    for piece in inflate([bomb], 2**26):
        assert len(piece) <= PIECE_BYTES
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_what_does_not_compress_is_not_copied_again_for_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old reader of snapshots handed zlib all that was left, each time: of one long chunk, some gigabytes."""
    data, handed = zlib.compress(bytes(2**24), 0), 0
    make = zlib.decompressobj

    class Counting:
        def __init__(self, wbits: int) -> None:
            self._stream = make(wbits)

        def decompress(self, packed: bytes, most: int) -> bytes:
            nonlocal handed
            handed += len(packed)
            return self._stream.decompress(packed, most)

        def __getattr__(self, name: str) -> object:
            return getattr(self._stream, name)

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    assert inflate_whole(data, 2**24) == bytes(2**24)
    assert handed < 2 * len(data)
