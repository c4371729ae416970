"""`shunzheng refresh`: give proofs their newest staple, from any node, without telling it which certificates they are of."""

import argparse
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

from api.client import NodeClient, NodeError
from api.console import note, say
from api.words import STATUS_WORDS
from ledger import times
from ledger.canonical import Json
from ledger.errors import MalformedInput
from ledger.fields import Fields
from ledger.limits import MAX_LOG_SIZE
from ledger.paper import PREFIX, decode_presented, encode_paper
from ledger.proof import Proof
from ledger.staples import RANGE_POSITIONS, StatusRange, decode_range, position_of, refreshed
from ledger.status import Status, status_in_chunk
from ledger.trust import Anchor

_MOST: Final = 2**53 - 1


def add(commands: Any) -> None:
    command = commands.add_parser(
        "refresh",
        help="give proofs their newest staple, from any city's node",
        description="The node is asked for a thousand anchors and for a range of 262,144 positions, never for the "
        "certificate. What it answers is not believed: whoever verifies the proof holds the staple against the "
        "anchors that he knows himself. A second --node must know the same status root.",
    )
    command.add_argument("proofs", nargs="+", metavar="PROOF", help="file of a proof, or an SZ1: code")
    command.add_argument(
        "--node",
        action="append",
        required=True,
        metavar="URL",
        help="any city's; more of them must agree with the first",
    )
    command.add_argument(
        "-o", "--output", type=Path, help="for one proof; default: files in place, codes on standard output"
    )
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if args.output and len(args.proofs) > 1:
        raise MalformedInput("-o is for one proof")
    first, *others = args.node
    with NodeClient(first) as node:
        source = Source(node, others)
        for given in args.proofs:
            _refresh(source, given, args.output)
    return 0


class Source:
    """Ranges and anchors of one node, each asked for once; `others` are nodes that must know the same status roots."""

    def __init__(self, node: NodeClient, others: list[str]) -> None:
        self._node, self._others = node, others
        self.range = cache(self._range)
        self.anchor = cache(self._anchor)

    def _anchor(self, log: str, sequence: int) -> Anchor:
        return _find(self._node, log, sequence)

    def _range(self, log: str, first: int) -> StatusRange:
        found = decode_range(self._node.status_range(log, first))
        root = found.root()
        for url in self._others:
            with NodeClient(url) as other:
                if _find(other, log, found.sequence).status_root != root:
                    raise NodeError(
                        f"{url} knows another status root of anchor {found.sequence} of {log}: nothing was changed"
                    )
        return found


def _find(node: NodeClient, log: str, sequence: int) -> Anchor:
    """Return an anchor as a node tells it. Raises: NodeError, MalformedInput."""
    for item in node.anchors_around(log, sequence):
        anchor = _read_anchor(item)
        if (anchor.log, anchor.sequence) == (log, sequence):
            return anchor
    raise NodeError(f"{node.url} does not know anchor {sequence} of {log} yet")


def _read_anchor(item: Json) -> Anchor:
    fields = Fields(item, "anchor")
    return Anchor(
        log=fields.text("log"),
        sequence=fields.integer("sequence", 1, _MOST),
        n=fields.integer("n", 1, _MOST),
        block=fields.integer("block", 0, _MOST),
        time=fields.time("time"),
        size_before=fields.integer("size_before", 0, MAX_LOG_SIZE),
        size=fields.integer("size", 0, MAX_LOG_SIZE),
        root=fields.hex("root", 32),
        status_root=fields.hex("status_root", 32),
    )


def _refresh(source: Source, given: str, output: Path | None) -> None:
    code = given.startswith(PREFIX)
    text = given.encode() if code else Path(given).read_bytes()
    proof = decode_presented(text)
    log = proof.entry.statement.log
    position = position_of(proof, source.anchor(log, proof.sequence))
    found = source.range(log, position - position % RANGE_POSITIONS)
    renewed = refreshed(proof, found, position)
    on_paper = code or text.lstrip().startswith(PREFIX.encode())
    content = encode_paper(renewed).encode() if on_paper else renewed.encode()
    target = output or (None if code else Path(given))
    if target is None:
        say(content.decode())
    else:
        _replace(target, content)
    _tell(proof, renewed, found, position)


def _tell(proof: Proof, renewed: Proof, found: StatusRange, position: int) -> None:
    assert renewed.status is not None
    number = status_in_chunk(renewed.status.chunk, position)
    known = {int(status): STATUS_WORDS[status.name.lower()] for status in Status}
    zh, en = known.get(number, ("未知", f"status {number}, which is reserved"))
    before = f"was anchor {proof.status.sequence}" if proof.status else "had none"
    note(
        f"{proof.record.identifier}: staple of anchor {found.sequence}, {times.format_time(found.time)} ({before}); "
        f"it says {zh} {en}, which a verification will check"
    )


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is the old one or the new one, whole."""
    aside = path.with_name(path.name + ".new")
    aside.write_bytes(content)
    os.replace(aside, path)
