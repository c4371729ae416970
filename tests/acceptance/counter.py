"""A counter with a copy of the replica alone: it verifies, then tries to reach somebody.

    python counter.py REPLICA REGISTRY REQUEST.json PORT [guarded]

Prints the report, every call that was attempted while verifying, and what became of a call made on purpose. `guarded` lets
no socket but a local pair be made, no name be looked up and no program be started.
"""

import json
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

from api.http.app import create_app
from api.node.settings import Settings

FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")
attempts: list[str] = []


def guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse, and remember, whatever could leave the process. The event loop's own pair of sockets cannot."""
    local = event == "socket.__new__" and arguments[1] == socket.AF_UNIX
    if event.startswith(FORBIDDEN) and not local:
        attempts.append(event)
        raise PermissionError(f"{event} while verifying")


def verify(replica: Path, registry: str, request: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette would have its tests import another HTTP client
        from fastapi.testclient import TestClient
    settings = Settings(
        directory=replica.parent, registry=registry, replica_url=f"sqlite:///{replica}", name="武汉市"
    )
    with TestClient(create_app(settings)) as client:
        answer = client.post(
            "/v1/verify", content=request.read_bytes(), headers={"Content-Type": "application/json"}
        )
    return answer.json()


def call(port: int) -> str:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError as error:
        return type(error).__name__
    return "reached"


def main() -> None:
    replica, registry, request, port, *guarded = sys.argv[1:]
    if guarded:
        sys.addaudithook(guard)
    report = verify(Path(replica), registry, Path(request))
    while_verifying = list(attempts)
    print(json.dumps({"report": report, "attempts": while_verifying, "call": call(int(port))}))


if __name__ == "__main__":
    main()
