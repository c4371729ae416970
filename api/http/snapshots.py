"""Snapshots as files that callers share.

Each is made once, one at a time, and a few are kept.

Whole ones and deltas are counted apart: a delta can begin anywhere, so that strangers can ask for as many as they like.
"""

import asyncio
import os
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from api import limits
from api.http.errors import NodeBusy

#: The canonical form of the cosigned checkpoint, and the event after which it begins.
SnapshotKey = tuple[bytes, int]


class SnapshotFile:
    """A file without a name, which is gone with the last who reads it, whatever happens to the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size_bytes = os.fstat(descriptor).st_size
        weakref.finalize(self, os.close, descriptor)

    async def read_pieces(self) -> AsyncIterator[bytes]:
        """Yield the file piece by piece; readers do not disturb one another, and hold no state of the replica."""
        for offset in range(0, self.size_bytes, limits.CHUNK_BYTES):
            yield await run_in_threadpool(os.pread, self._descriptor, limits.CHUNK_BYTES, offset)


class Snapshots:
    """Makes and keeps snapshots; for the one thread of the event loop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._whole_shelf, self._delta_shelf = _Shelf(), _Shelf()
        self._lock = asyncio.Lock()
        self._waiting_count = 0

    async def find_or_make(self, key: SnapshotKey, make: Callable[[], Iterable[bytes]]) -> SnapshotFile:
        """Return the snapshot of this key, made by `make` in a thread if nobody asked for it before. Raises: NodeBusy."""
        shelf = self._delta_shelf if key[1] else self._whole_shelf
        if key in shelf.files_by_key:
            return shelf.files_by_key[key]
        if self._waiting_count >= limits.MAX_WAITING_FOR_SNAPSHOT:
            raise NodeBusy("other snapshots are being made: ask again in a moment")
        self._waiting_count += 1
        try:
            async with self._lock:
                if key not in shelf.files_by_key:
                    shelf.make_room()
                    shelf.put(key, SnapshotFile(await run_in_threadpool(self._write, make)))
                return shelf.files_by_key[key]
        finally:
            self._waiting_count -= 1

    def _write(self, make: Callable[[], Iterable[bytes]]) -> int:
        with tempfile.TemporaryFile(dir=self._directory) as file:
            for chunk in make():
                file.write(chunk)
            file.flush()
            return os.dup(file.fileno())


class _Shelf:
    """The newest few snapshots, and how many there are with those that somebody still reads."""

    def __init__(self) -> None:
        self.files_by_key: dict[SnapshotKey, SnapshotFile] = {}
        self._existing_files: weakref.WeakSet[SnapshotFile] = weakref.WeakSet()

    def make_room(self) -> None:
        """Let go of the oldest for one more. Raises: NodeBusy, when slow readers hold as many as there may be."""
        while len(self.files_by_key) >= limits.KEPT_SNAPSHOTS or (
            self.files_by_key
            and sum(file.size_bytes for file in self.files_by_key.values()) > limits.KEPT_SNAPSHOT_BYTES
        ):
            del self.files_by_key[next(iter(self.files_by_key))]
        if len(self._existing_files) >= limits.MAX_SNAPSHOT_FILES:
            raise NodeBusy("as many snapshots are being fetched as this process keeps at once")

    def put(self, key: SnapshotKey, file: SnapshotFile) -> None:
        self.files_by_key[key] = file
        self._existing_files.add(file)
