"""`shunzheng refresh`: give proofs their newest staple, from any city's node.

The node is not told which certificates they are of.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from anchoring.errors import NotFound
from api import files
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import in_words, note, show_encoded
from api.parsers import Commands
from api.words import STATUS_WORDS
from ledger.documents.carriers import attach, detach, is_carrier
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.encoding.fields import Fields
from ledger.errors import MalformedInput
from ledger.limits import MAX_LOG_SIZE
from ledger.proof.paper import PREFIX, decode_presented, encode_paper
from ledger.proof.proof import Proof
from ledger.proof.staples import RANGE_POSITIONS, StatusRange, decode_range, position_of, refresh_staple
from ledger.registry.status import Status, status_in_chunk
from ledger.registry.trust import Anchor

_MOST: Final = 2**53 - 1


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "refresh",
        description="The node is asked for a thousand anchors and for a range of 262,144 positions, never for the "
        "certificate. What it answers is not believed: whoever verifies the proof holds the staple against the "
        "anchors that he knows himself. A second --node must know the same status root.",
    )
    command.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a proof; a document that carries one, or beside which NAME.proof.json lies; or an SZ1: code",
    )
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
    if args.output and len(args.files) > 1:
        raise MalformedInput("-o is for one proof: leave it out, and files are renewed in place")
    first, *others = args.node
    failed = 0
    with NodeClient(first) as node:
        source = Source(node, others)
        for name in args.files:
            try:
                _refresh(source, name, args.output)
            except (MalformedInput, NotFound) as error:
                failed += 1
                note(f"shunzheng: {name[: files.SHOWN_CHARS]}: {error}")
            except OSError as error:
                failed += 1
                note(f"shunzheng: {in_words(error)}")
    if failed and len(args.files) > 1:
        note(f"{failed} of {len(args.files)} could not be renewed and stay as they were")
    return 1 if failed else 0


class Source:
    """Ranges and anchors of one node, each asked for once; `others` are nodes that must know the same status roots."""

    def __init__(self, node: NodeClient, others: list[str]) -> None:
        self._node, self._others = node, others
        self.range = cache(self._range)
        self.anchor = cache(self._anchor)

    def _anchor(self, log: str, sequence: int) -> Anchor:
        return _find_anchor(self._node, log, sequence)

    def _range(self, log: str, first: int) -> StatusRange:
        status_range = decode_range(self._node.status_range(log, first))
        root = status_range.root()
        for url in self._others:
            with NodeClient(url) as other:
                if _find_anchor(other, log, status_range.sequence).status_root != root:
                    raise NodeError(
                        f"{url} knows another status root of anchor {status_range.sequence} of {log}: one of the two nodes "
                        "lies or is broken, so nothing more was renewed"
                    )
        return status_range


def _find_anchor(node: NodeClient, log: str, sequence: int) -> Anchor:
    """Return an anchor as a node tells it. Raises: NodeError, NotFound, MalformedInput."""
    for item in node.anchors_around(log, sequence):
        anchor = _read_anchor(item)
        if (anchor.log, anchor.sequence) == (log, sequence):
            return anchor
    raise NotFound(f"{node.url} does not know anchor {sequence} of {log} yet: ask later, or another node")


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


@dataclass(frozen=True, slots=True)
class _Copy:
    """A proof that somebody has; `put` gives the content of `path` with another proof in its place, None a code's text."""

    path: Path | None
    proof: Proof
    put: Callable[[Proof], bytes]


def _find_copies(name: str) -> Iterator[_Copy]:
    """Yield the proof that was given, or those inside and beside the document that was. Raises: MalformedInput, OSError."""
    if name.startswith(PREFIX):
        yield _Copy(None, decode_presented(name.encode()), _as_code)
        return
    path = Path(name)
    content, beside = files.read(path), files.beside(path)
    carried = detach(content)
    if carried.proof:
        yield _Copy(path, carried.proof, lambda proof: attach(carried.document, proof))
    if beside.exists():
        yield _in_file(beside, files.read(beside))
    elif carried.proof is None:
        if is_carrier(content):
            raise MalformedInput(f"the document carries no proof, and there is no {beside.name} beside it")
        yield _in_file(path, content)


def _in_file(path: Path, content: bytes) -> _Copy:
    files.refuse_other(content, "proof")
    on_paper = content.lstrip().startswith(PREFIX.encode())
    try:
        return _Copy(path, decode_presented(content), _as_code if on_paper else Proof.encode)
    except MalformedInput as error:
        raise MalformedInput(f"it is no proof that can be read: {error}") from error


def _as_code(proof: Proof) -> bytes:
    return encode_paper(proof).encode()


def _refresh(source: Source, name: str, output: Path | None) -> None:
    """Renew each proof that was given; all are made before any is written. Raises: MalformedInput, NotFound, OSError."""
    copies = list(_find_copies(name))
    if output and len(copies) > 1:
        raise MalformedInput("one proof is inside and another beside: -o is for one, so leave it out")
    renewed = [(copy, *_renew(source, copy)) for copy in copies]
    for copy, content, words in renewed:
        target = output or copy.path
        if target:
            files.write(target, content)
        else:
            show_encoded(content.decode())
        note(words)


def _renew(source: Source, copy: _Copy) -> tuple[bytes, str]:
    """Return the content with the newest staple, and what to tell of it."""
    proof = copy.proof
    log = proof.entry.statement.log
    position = position_of(proof, source.anchor(log, proof.sequence))
    status_range = source.range(log, position - position % RANGE_POSITIONS)
    renewed = refresh_staple(proof, status_range, position)
    return copy.put(renewed), _describe(proof, renewed, status_range, position)


def _describe(proof: Proof, renewed: Proof, status_range: StatusRange, position: int) -> str:
    assert renewed.status is not None
    number = status_in_chunk(renewed.status.chunk, position)
    known = {int(status): STATUS_WORDS[status.name.lower()] for status in Status}
    zh, en = known.get(number, ("未知", f"status {number}, which is reserved"))
    before = f"was anchor {proof.status.sequence}" if proof.status else "had none"
    return (
        f"{proof.record.identifier}: staple of anchor {status_range.sequence}, {times.format_time(status_range.time)} "
        f"({before}); it says {zh} {en}, which a verification will check"
    )
