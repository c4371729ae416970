"""A relay before a chain endpoint that keeps what a node says, and a guard beside it."""

import socket
import threading
from pathlib import Path
from typing import Final

#: Imported by every Python process that finds it on its path: notes each address to which a socket is connected or sent.
GUARD: Final = """
import os, sys

def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        with open(os.environ["CALLS_LOG"], "a") as log:
            log.write(repr(arguments[1:] if event != "socket.getaddrinfo" else arguments[:2]) + "\\n")

sys.addaudithook(note)
"""


class Relay:
    """Passes bytes on to a port of this machine and keeps those of the way there."""

    def __init__(self, port: int) -> None:
        self.said = bytearray()
        self._port, self._open = port, True
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._open = False
        self._listening.close()

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                return
            threading.Thread(target=self._pass, args=(near, far, self.said), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, None), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
        with source, target:
            try:
                while piece := source.recv(65_536):
                    if kept is not None:
                        kept += piece
                    target.sendall(piece)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                return


def lay_guard(folder: Path) -> None:
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(GUARD)
