"""A process that opens documents and does not keep its word: it hangs, lies, or ends.

A document's bytes say which.
"""

import sys
import time

from api.opening.frames import Answer, End, Task

REPORT = b'{"type":"pdf","signatures":[],"problem":null,"has_scripts":false}'

sys.stdout.buffer.write(b"\n")
sys.stdout.buffer.flush()
while line := sys.stdin.buffer.readline():
    document = sys.stdin.buffer.read(Task.parse(line).size_bytes)
    if b"hang" in document:
        time.sleep(600)
    if b"end" in document:
        sys.exit(1)
    said = b"not a report" if b"lie" in document else REPORT
    size_bytes = 2**40 if b"boast" in document else len(said)
    sys.stdout.buffer.write(Answer(End.READ, size_bytes).encode() + said)
    sys.stdout.buffer.flush()
