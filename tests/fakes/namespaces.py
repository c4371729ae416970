"""A network of its own for a process, with one link to this machine that can be cut.

Both ways or one way.

The addresses are of 198.18.0.0/15, which is set aside for trials (RFC 2544): nothing beyond this machine is ever reached.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any, Final

_NOBODY: Final = "02:00:00:00:00:01"  # a link address at which nobody listens
_SECONDS: Final = 20


def unavailable() -> str:
    """Say why no namespace can be made here; empty where it can."""
    if not shutil.which("ip"):
        return "there is no `ip` command (iproute2)"
    try:
        Namespace().close()
    except subprocess.CalledProcessError as error:
        return f"network namespaces are not permitted here: {error.stderr.strip()}"
    return ""


class Namespace:
    """`host` is this machine as those inside see it, `guest` they as this machine sees them. They see nothing else."""

    def __init__(self) -> None:
        drawn = secrets.token_hex(3)
        self._name, self._outer, self._inner = f"shunzheng-{drawn}", f"szo{drawn}", f"szi{drawn}"
        place = f"198.{18 + int(drawn[0], 16) % 2}.{int(drawn[1:3], 16)}"
        subnet = int(drawn[3:5], 16) & ~3
        self.host, self.guest = f"{place}.{subnet + 1}", f"{place}.{subnet + 2}"
        self._children: list[subprocess.Popen[Any]] = []
        try:
            _ip("netns", "add", self._name)
            _ip("link", "add", self._outer, "type", "veth", "peer", "name", self._inner, "netns", self._name)
            _ip("address", "add", f"{self.host}/30", "dev", self._outer)
            _ip("-n", self._name, "address", "add", f"{self.guest}/30", "dev", self._inner)
            for end in (self._outer,), ("-n", self._name, self._inner), ("-n", self._name, "lo"):
                *where, device = end
                _ip(*where, "link", "set", device, "up")
        except subprocess.CalledProcessError:
            self.close()
            raise

    def cut(self) -> None:
        """Nothing passes any more, in neither direction; whoever sends is not told."""
        _ip("link", "set", self._outer, "down")

    def mend(self) -> None:
        _ip("link", "set", self._outer, "up")

    def lose_replies(self) -> None:
        """What is sent from inside arrives; what is sent back does not."""
        _ip("neigh", "replace", self.guest, "lladdr", _NOBODY, "dev", self._outer, "nud", "permanent")

    def find_replies(self) -> None:
        _ip("neigh", "del", self.guest, "dev", self._outer)

    def run(self, *command: str, stdin: bytes = b"", seconds: float = _SECONDS) -> str:
        """Run a command inside and return what it printed. Raises: CalledProcessError."""
        done = subprocess.run(
            self._inside(command), input=stdin, capture_output=True, timeout=seconds, check=True
        )
        return done.stdout.decode()

    def start(
        self, *command: str, log: IO[bytes] | int, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """Start a command inside; it is killed at the end at the latest."""
        process = subprocess.Popen(
            self._inside(command), stdin=stdin, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._children.append(process)
        return process

    def close(self) -> None:
        for process in self._children:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        subprocess.run(["ip", "netns", "delete", self._name], capture_output=True)
        subprocess.run(["ip", "link", "delete", self._outer], capture_output=True)

    def _inside(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self._name, *command]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True)
