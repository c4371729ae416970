"""Call a node from inside a network namespace: the body from stdin, the answer to stdout.

    caller.py METHOD URL MEDIA-TYPE [PAUSE]

With PAUSE, half of the body is sent, `half` is said, and the rest follows so many seconds later.
"""

import http.client
import socket
import struct
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

SECONDS = 4


def _halves(body: bytes, pause: float) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    print("half", flush=True)
    time.sleep(pause)
    yield body[len(body) // 2 :]


method, url, media_type, *pause = sys.argv[1:]
body = sys.stdin.buffer.read()
parts = urlsplit(url)
connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
headers = {"Content-Type": media_type, "Content-Length": str(len(body))}
try:
    if pause:
        connection.connect()
        # Given up is given up: what was not acknowledged when this ends is not sent after that.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sent = _halves(body, float(pause[0])) if pause else body
    connection.request(method, f"{parts.path}?{parts.query}", body=sent, headers=headers)
    answer = connection.getresponse()
    print(answer.status, answer.read().decode())
except OSError as error:
    print(0, type(error).__name__)
