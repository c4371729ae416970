"""Files that are replaced whole: a crash or a full disk leaves the old or the new one."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

#: Modes of new files. Claims, keys and secrets are the owner's alone; what anybody may have is as open as the umask lets it.
_PRIVATE_MODE = 0o600
_PUBLIC_MODE = 0o666
_SHOWN_CHARS = 50  # of the name, in that of the file beside it: a name has at most 255 bytes


def replace_file(path: Path, pieces: Iterable[bytes], *, is_public: bool = False) -> None:
    """Put `pieces`, one after the other, into a file, the one behind a link; one that is there keeps its mode.

    A new one is its owner's alone, unless `is_public`: then it is as open as the umask lets it. What is there and is no
    file, such as a pipe or a terminal, has nothing to lose and is written to. Whoever is killed on the way leaves a file
    `.NAME.*.new` beside, which nobody reads and which can be removed. Raises: OSError, naming `path`.
    """
    with _name_faults(path):
        old_mode = _read_mode(path)
        if old_mode is not None and not stat.S_ISREG(old_mode):
            with path.open("wb") as stream:
                stream.writelines(pieces)
            return
    target_path = Path(os.path.realpath(path))
    new_path = target_path.with_name(f".{target_path.name[:_SHOWN_CHARS]}.{token_hex(8)}.new")
    mode = stat.S_IMODE(old_mode) if old_mode is not None else _PUBLIC_MODE if is_public else _PRIVATE_MODE
    with _name_faults(path, new_path):
        # O_EXCL: nothing that lies there is opened or followed, so only who may read the file ever can
        descriptor = os.open(new_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with open(descriptor, "wb") as file:
                if old_mode is not None:
                    os.fchmod(file.fileno(), mode)
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            new_path.replace(target_path)
        except BaseException:
            with suppress(OSError):
                new_path.unlink()
            raise
    folder_descriptor = os.open(target_path.parent, os.O_RDONLY)
    try:
        os.fsync(folder_descriptor)
    finally:
        os.close(folder_descriptor)


def _read_mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextmanager
def _name_faults(path: Path, new_path: Path | None = None) -> Iterator[None]:
    """Let a fault that names no file, or the one aside, name the one that was to be written."""
    try:
        yield
    except OSError as error:
        if error.errno and error.filename in (None, str(new_path)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
