"""`shunzheng refresh`: give proofs their newest staple, from any city's node.

The node is not told which certificates they are of.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from anchoring.errors import NotFound
from api import files
from api.client.authorities import add_authorities
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import describe_error, note, show_encoded
from api.parsers import Commands
from api.words import STATUS_WORDS, write_moment
from ledger.documents.carriers import attach, detach, is_carrier
from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.encoding.fields import Fields
from ledger.errors import MalformedInput
from ledger.limits import MAX_LOG_SIZE
from ledger.proof.paper import PREFIX, decode_presented, encode_paper
from ledger.proof.proof import Proof
from ledger.proof.staples import RANGE_POSITIONS, StatusRange, decode_range, find_position, refresh_staple
from ledger.registry.status import Status, read_status
from ledger.registry.trust import Anchor

_MAX_INTEGER: Final = 2**53 - 1


class _RefreshOptions(Protocol):
    files: list[str]
    node: list[str]
    ca_file: Path | None
    output: Path | None


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
    add_authorities(command)
    command.add_argument(
        "-o", "--output", type=Path, help="for one proof; default: files in place, codes on standard output"
    )
    command.set_defaults(run=_refresh_all)


def _refresh_all(options: _RefreshOptions) -> int:
    if options.output and len(options.files) > 1:
        raise MalformedInput("-o is for one proof: leave it out, and files are renewed in place")
    first_url, *other_urls = options.node
    failure_count = 0
    with NodeClient(first_url, ca_file=options.ca_file) as node:
        node_source = NodeSource(node, other_urls, options.ca_file)
        for source in options.files:
            try:
                _refresh_file(node_source, source, options.output)
            except (MalformedInput, NotFound) as error:
                failure_count += 1
                note(f"shunzheng: {source[: files.SHOWN_CHARS]}: {error}")
            except OSError as error:
                failure_count += 1
                note(f"shunzheng: {describe_error(error)}")
    if failure_count and len(options.files) > 1:
        note(f"{failure_count} of {len(options.files)} could not be renewed and stay as they were")
    return 1 if failure_count else 0


class NodeSource:
    """Ranges and anchors of one node, each asked for once; `other_urls` are nodes that must know the same status roots."""

    def __init__(self, node: NodeClient, other_urls: list[str], ca_file: Path | None = None) -> None:
        self._ca_file = ca_file
        self._node, self._other_urls = node, other_urls
        self.find_range = cache(self._ask_range)
        self.find_anchor = cache(self._ask_anchor)

    def _ask_anchor(self, log: str, sequence: int) -> Anchor:
        return _find_anchor(self._node, log, sequence)

    def _ask_range(self, log: str, first_position: int) -> StatusRange:
        status_range = decode_range(self._node.fetch_status_range(log, first_position))
        status_root = status_range.compute_root()
        for url in self._other_urls:
            with NodeClient(url, ca_file=self._ca_file) as other_node:
                if _find_anchor(other_node, log, status_range.sequence).status_root != status_root:
                    raise NodeError(
                        f"{url} knows another status root of anchor {status_range.sequence} of {log}: one of the two nodes "
                        "lies or is broken, so nothing more was renewed"
                    )
        return status_range


def _find_anchor(node: NodeClient, log: str, sequence: int) -> Anchor:
    """Return an anchor as a node tells it. Raises: NodeError, NotFound, MalformedInput."""
    for anchor_json in node.fetch_anchors_around(log, sequence):
        anchor = _read_anchor(anchor_json)
        if (anchor.log, anchor.sequence) == (log, sequence):
            return anchor
    raise NotFound(f"{node.url} does not know anchor {sequence} of {log} yet: ask later, or another node")


def _read_anchor(anchor_json: Json) -> Anchor:
    fields = Fields(anchor_json, "anchor")
    return Anchor(
        log=fields.take_text("log"),
        sequence=fields.take_integer("sequence", 1, _MAX_INTEGER),
        event_number=fields.take_integer("n", 1, _MAX_INTEGER),
        block_number=fields.take_integer("block", 0, _MAX_INTEGER),
        time=fields.take_time("time"),
        size_before=fields.take_integer("size_before", 0, MAX_LOG_SIZE),
        size=fields.take_integer("size", 0, MAX_LOG_SIZE),
        root=fields.take_hex("root", 32),
        status_root=fields.take_hex("status_root", 32),
    )


@dataclass(frozen=True, slots=True)
class _ProofCopy:
    """A proof in the file `path`, None for a code; `replace_proof` gives the content with another proof in its place."""

    path: Path | None
    proof: Proof
    replace_proof: Callable[[Proof], bytes]


def _find_copies(source: str) -> Iterator[_ProofCopy]:
    """Yield the proof that was given, or those inside and beside the document that was. Raises: MalformedInput, OSError."""
    if source.startswith(PREFIX):
        yield _ProofCopy(None, decode_presented(source.encode()), _encode_code)
        return
    path = Path(source)
    content, proof_path = files.read(path), files.find_proof_path(path)
    restored_document = detach(content)
    if restored_document.proof:
        yield _ProofCopy(
            path, restored_document.proof, lambda proof: attach(restored_document.document, proof)
        )
    if proof_path.exists():
        yield _read_copy(proof_path, files.read(proof_path))
    elif restored_document.proof is None:
        if is_carrier(content):
            raise MalformedInput(
                f"the document carries no proof, and there is no {proof_path.name} beside it"
            )
        yield _read_copy(path, content)


def _read_copy(path: Path, content: bytes) -> _ProofCopy:
    files.refuse_other(content, "proof")
    is_code = content.lstrip().startswith(PREFIX.encode())
    try:
        return _ProofCopy(path, decode_presented(content), _encode_code if is_code else Proof.encode)
    except MalformedInput as error:
        raise MalformedInput(f"it is no proof that can be read: {error}") from error


def _encode_code(proof: Proof) -> bytes:
    return encode_paper(proof).encode()


def _refresh_file(node_source: NodeSource, source: str, output: Path | None) -> None:
    """Renew each proof that was given; all are made before any is written. Raises: MalformedInput, NotFound, OSError."""
    proof_copies = list(_find_copies(source))
    if output and len(proof_copies) > 1:
        raise MalformedInput("one proof is inside and another beside: -o is for one, so leave it out")
    refreshed_copies = [(proof_copy, *_renew(node_source, proof_copy)) for proof_copy in proof_copies]
    for proof_copy, content, message in refreshed_copies:
        path = output or proof_copy.path
        if path:
            files.write(path, content)
        else:
            show_encoded(content.decode())
        note(message)


def _renew(node_source: NodeSource, proof_copy: _ProofCopy) -> tuple[bytes, str]:
    """Return the content with the newest staple, and what to tell of it."""
    proof = proof_copy.proof
    log = proof.entry.statement.log
    position = find_position(proof, node_source.find_anchor(log, proof.sequence))
    status_range = node_source.find_range(log, position - position % RANGE_POSITIONS)
    new_proof = refresh_staple(proof, status_range, position)
    return proof_copy.replace_proof(new_proof), _describe(proof, new_proof, status_range, position)


def _describe(proof: Proof, new_proof: Proof, status_range: StatusRange, position: int) -> str:
    assert new_proof.staple is not None
    status_number = read_status(new_proof.staple.chunk, position)
    words_by_number = {int(status): STATUS_WORDS[status.name.lower()] for status in Status}
    zh, en = words_by_number.get(status_number, ("未知", f"status {status_number}, which is reserved"))
    old_staple_words = f"was anchor {proof.staple.sequence}" if proof.staple else "had none"
    anchor_time_text = write_moment(times.format_time(status_range.time), "en")
    return (
        f"{proof.record.identifier}: staple of anchor {status_range.sequence}, {anchor_time_text} "
        f"({old_staple_words}); it says {zh} {en}, which a verification will check"
    )
