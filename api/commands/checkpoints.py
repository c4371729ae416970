"""`shunzheng checkpoint`: sign checkpoints, pass cosignatures on as files, compare."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from anchoring.checkpoints.cosigning import Cosigner
from anchoring.checkpoints.pockets import make_pocket
from anchoring.checkpoints.store import Checkpoints, find_newest_cosigned
from anchoring.replica.fact_trees import FactProver
from anchoring.replica.reading import ReplicaView
from anchoring.replica.store import Replica
from api import files, processes
from api.client.authorities import add_authorities
from api.client.client import NodeClient
from api.client.offline import describe_checkpoint, read_trust
from api.console import note, say, show_encoded, show_json
from api.node.loading import load_settings
from api.parsers import Commands, add_directory, add_json
from ledger.crypto.suites import Suite
from ledger.encoding.canonical import Json, encode_canonical
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented
from ledger.registry import facts
from ledger.registry.checkpoints import Checkpoint, Fork, find_contradiction, read_cosigned
from ledger.registry.event_trees import SUITES
from ledger.registry.facts import RULES_VERSION, describe_proof
from ledger.registry.growth import Growth, read_growth
from ledger.verification.verify import PresentedContent, verify

AGREE, CONTRADICT, UNTOLD = 0, 11, 12
_OUTCOME_WORDS: Final = {AGREE: "the same", CONTRADICT: "contradiction", UNTOLD: "cannot tell"}


class _SignOptions(Protocol):
    directory: Path
    of: Path | None
    output: Path | None


class _AddOptions(Protocol):
    directory: Path
    files: list[Path]


class _ShowOptions(Protocol):
    file: Path | None
    node: str | None
    ca_file: Path | None
    trust: Path | None
    json: bool


class _ForksOptions(Protocol):
    directory: Path


class _RootsOptions(Protocol):
    directory: Path
    event: int | None
    since: int | None


class _FactOptions(Protocol):
    directory: Path
    name: list[str]


class _GrowthOptions(Protocol):
    directory: Path
    event: int | None
    since: int


class _PocketOptions(Protocol):
    directory: Path
    proof: str
    cosigned: int | None
    output: Path


class _CompareOptions(Protocol):
    first: Path
    second: Path
    growth: Path | None
    json: bool


def add(commands: Commands) -> None:
    checkpoint_parser = commands.add_parser("checkpoint")
    actions = checkpoint_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    sign_parser = actions.add_parser(
        "sign",
        help="sign with the node's key what the node computed itself",
        description="Exit codes: 0 signed, 11 the checkpoint of --of contradicts what this node holds.",
    )
    add_directory(sign_parser)
    sign_parser.add_argument(
        "--of", type=Path, metavar="FILE", help="cosign this checkpoint; default: the newest event"
    )
    sign_parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    sign_parser.set_defaults(run=_sign)
    add_parser = actions.add_parser(
        "add",
        help="give the node cosignatures that came as files",
        description="Exit codes: 0 where one or more were good, 1 where none was.",
    )
    add_directory(add_parser)
    add_parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="checkpoints with cosignatures of others"
    )
    add_parser.set_defaults(run=_add)
    show_parser = actions.add_parser("show", help="show a checkpoint and who signed it")
    checkpoint_source = show_parser.add_mutually_exclusive_group(required=True)
    checkpoint_source.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the checkpoint")
    checkpoint_source.add_argument("--node", metavar="URL", help="the newest of this node")
    add_authorities(show_parser)
    show_parser.add_argument("--trust", type=Path, metavar="FILE", help="check it against this trust file")
    add_json(show_parser)
    show_parser.set_defaults(run=_show)
    forks_parser = actions.add_parser(
        "forks",
        help="show the evidence of forks that the node has met, one JSON object a line",
        description="Exit codes: 0 it has met none, 1 it has.",
    )
    add_directory(forks_parser)
    forks_parser.set_defaults(run=_forks)
    compare_parser = actions.add_parser(
        "compare",
        help="tell whether two checkpoints contradict each other",
        description="Exit codes: 0 the same or one goes on from the other, 11 they contradict each other, 12 cannot tell.",
    )
    compare_parser.add_argument("first", type=Path, metavar="A", help="a checkpoint")
    compare_parser.add_argument("second", type=Path, metavar="B", help="another of the same registry")
    compare_parser.add_argument(
        "--growth",
        type=Path,
        metavar="FILE",
        help="what shows that one goes on from the other (checkpoint growth)",
    )
    add_json(compare_parser, "a contradiction as evidence that can be handed on")
    compare_parser.set_defaults(run=_compare)
    _add_trees(actions)


def _add_trees(actions: Commands) -> None:
    roots_parser = actions.add_parser(
        "roots",
        help="show the roots of the trees over the registry's events and facts, as JSON",
        description="All nodes that hold the same events have the same roots. Exit code 0.",
    )
    add_directory(roots_parser)
    roots_parser.add_argument("--event", type=int, metavar="N", help="after this event; default: the newest")
    roots_parser.add_argument(
        "--since", type=int, metavar="N", help="prove that they go on from those after this earlier event"
    )
    roots_parser.set_defaults(run=_show_roots)
    growth_parser = actions.add_parser(
        "growth",
        help="show that a checkpoint goes on from an earlier one, as JSON",
        description="The consistency proofs of both trees over the events, for `checkpoint compare`. Exit code 0.",
    )
    add_directory(growth_parser)
    growth_parser.add_argument(
        "--since", type=int, required=True, metavar="N", help="event of the earlier checkpoint"
    )
    growth_parser.add_argument(
        "--at", dest="event", type=int, metavar="N", help="event of the later one (default: the newest event)"
    )
    growth_parser.set_defaults(run=_show_growth)
    pocket_parser = actions.add_parser(
        "pocket",
        help="put a pocket 随身凭据 into a proof, which is then verified with a trust file alone",
        description="The newest checkpoint that enough cities signed, and the facts that this proof needs. Exit code 0.",
    )
    add_directory(pocket_parser)
    pocket_parser.add_argument("proof", metavar="PROOF", help="the file of a proof")
    pocket_parser.add_argument(
        "--cosigned", type=int, metavar="K", help="cities that must have signed (default: a majority)"
    )
    pocket_parser.add_argument("-o", "--output", type=Path, required=True, help="the proof with its pocket")
    pocket_parser.set_defaults(run=_put_pocket)
    fact_parser = actions.add_parser(
        "fact",
        help="show a fact of the registry with the proof that it follows, or that there is none of that name, as JSON",
        description="Exit codes: 0 it is there, 1 it is not.",
    )
    add_directory(fact_parser)
    fact_parser.add_argument(
        "name",
        nargs="+",
        metavar="NAME",
        help="kind and what tells it from others: log tianmen, anchor tianmen 7",
    )
    fact_parser.set_defaults(run=_show_fact)


def _sign(options: _SignOptions) -> int:
    cosigner = _open_cosigner(options.directory)
    other_checkpoint = read_cosigned(options.of.read_bytes()) if options.of else None
    if other_checkpoint:
        cosigner.take(other_checkpoint)
    cosigned_checkpoint = cosigner.sign(
        other_checkpoint.checkpoint.event_number if other_checkpoint else None
    )
    checkpoint = cosigned_checkpoint.checkpoint
    if other_checkpoint and checkpoint != other_checkpoint.checkpoint:
        contradiction = find_contradiction(checkpoint, other_checkpoint.checkpoint)
        note(f"this node holds another history: {contradiction}")
        return CONTRADICT
    if options.output:
        files.write(options.output, encode_canonical(cosigned_checkpoint.to_json()) + b"\n", public=True)
        note(
            f"event {checkpoint.event_number}, {len(cosigned_checkpoint.cosignatures)} cosignatures: {options.output}"
        )
    else:
        show_json(cosigned_checkpoint.to_json())
    return 0


def _open_cosigner(directory: Path) -> Cosigner:
    settings = load_settings(directory)
    return processes.open_cosigner(settings, Replica(settings.replica_url))


def _add(options: _AddOptions) -> int:
    cosigner, good_total = _open_cosigner(options.directory), 0
    for file in options.files:
        good_count = cosigner.take(read_cosigned(file.read_bytes()))
        good_total += good_count
        note(f"{file}: {good_count} good cosignatures by nodes of the registry")
    return 0 if good_total else 1


def _show(options: _ShowOptions) -> int:
    if options.node is not None:
        with NodeClient(options.node, ca_file=options.ca_file) as node:
            cosigned_checkpoint = read_cosigned(node.fetch_checkpoint())
    else:
        assert options.file is not None  # the parser asks for one of the two
        cosigned_checkpoint = read_cosigned(options.file.read_bytes())
    signer_names = read_trust(options.trust).check(cosigned_checkpoint) if options.trust else ()
    if options.json:
        show_json(cosigned_checkpoint.to_json())
        return 0
    for line in describe_checkpoint(cosigned_checkpoint, signer_names):
        say(line)
    return 0


def _forks(options: _ForksOptions) -> int:
    with closing(Checkpoints(load_settings(options.directory).checkpoints_url)) as checkpoints:
        forks = checkpoints.list_forks()
    for fork in forks:
        show_encoded(encode_canonical(fork.to_json()).decode())
        note(find_contradiction(fork.first_checkpoint.checkpoint, fork.second_checkpoint.checkpoint) or "")
    return 1 if forks else 0


def _show_roots(options: _RootsOptions) -> int:
    with closing(Replica(load_settings(options.directory).replica_url)) as replica, replica.reading() as view:
        n = view.cursor.event_number if options.event is None else options.event
        show_json(
            {
                "registry": view.registry,
                "n": n,
                "roots": [_describe_root(view, suite, n, options.since) for suite in SUITES],
                "facts": {"rules": RULES_VERSION, "root": facts.SUITE.format(view.fact_root(n))},
            }
        )
    return 0


def _show_growth(options: _GrowthOptions) -> int:
    with closing(Replica(load_settings(options.directory).replica_url)) as replica, replica.reading() as view:
        n = view.cursor.event_number if options.event is None else options.event
        proofs = [tuple(view.prove_growth(suite, options.since, n)) for suite in SUITES]
        show_json(Growth(view.registry, options.since, n, *proofs).to_json())
    return 0


def _put_pocket(options: _PocketOptions) -> int:
    settings = load_settings(options.directory)
    proof = decode_presented(files.read_proof_text(options.proof).encode())
    with (
        closing(Checkpoints(settings.checkpoints_url)) as checkpoints,
        closing(Replica(settings.replica_url)) as replica,
        replica.reading() as view,
    ):
        cosigned_checkpoint = find_newest_cosigned(checkpoints, view, options.cosigned)
        pocket = make_pocket(
            view, cosigned_checkpoint, lambda trust: verify(PresentedContent(), proof, trust, trust.time)
        )
    content = replace(proof, pocket=pocket.to_json()).encode()
    files.write(options.output, content, public=True)
    note(
        f"{options.output}: event {pocket.checkpoint.event_number}, {len(pocket.facts)} facts, "
        f"{len(pocket.cosigned_checkpoint.cosignatures)} cosignatures, {len(encode_canonical(pocket.to_json()))} bytes"
    )
    return 0


def _show_fact(options: _FactOptions) -> int:
    name = tuple(options.name)
    with closing(Replica(load_settings(options.directory).replica_url)) as replica, replica.reading() as view:
        n = view.cursor.event_number
        prover = FactProver(view, n)
        data, proof = prover.prove(name)
        standing: dict[str, Json] = {"n": n, "rules": RULES_VERSION, "root": facts.SUITE.format(prover.root)}
        show_json(standing | describe_proof(name, data, proof))
    return 1 if data is None else 0


def _describe_root(view: ReplicaView, suite: Suite, n: int, old_n: int | None) -> dict[str, Json]:
    """Return the root after event `n`, and after an earlier one with the proof that it goes on from there."""
    root_json: dict[str, Json] = {"root": suite.format(view.event_root(suite, n))}
    if old_n is not None:
        proof_hashes = view.prove_growth(suite, old_n, n)
        root_json["since"] = {
            "n": old_n,
            "root": suite.format(view.event_root(suite, old_n)),
            "consistency": [hash_.hex() for hash_ in proof_hashes],
        }
    return root_json


def _compare(options: _CompareOptions) -> int:
    cosigned_checkpoints = [read_cosigned(path.read_bytes()) for path in (options.first, options.second)]
    first_checkpoint, second_checkpoint = (cosigned.checkpoint for cosigned in cosigned_checkpoints)
    contradiction = find_contradiction(first_checkpoint, second_checkpoint)
    exit_code = CONTRADICT if contradiction else AGREE if first_checkpoint == second_checkpoint else UNTOLD
    outcome_words = _OUTCOME_WORDS[exit_code]
    if exit_code == UNTOLD and options.growth:
        old_checkpoint, checkpoint = sorted(
            (first_checkpoint, second_checkpoint), key=lambda checkpoint: checkpoint.event_number
        )
        exit_code, outcome_words = _follow_growth(options.growth, old_checkpoint, checkpoint)
    if options.json:
        fork_json = Fork(*cosigned_checkpoints).to_json() if contradiction else None
        show_json(fork_json or {"compared": outcome_words})
    else:
        say(f"{outcome_words}{': ' + contradiction if contradiction else ''}")
        if exit_code == UNTOLD:
            say(_explain_untold(first_checkpoint, second_checkpoint))
    return exit_code


def _explain_untold(checkpoint: Checkpoint, other_checkpoint: Checkpoint) -> str:
    """Return why two checkpoints that differ cannot be compared, and what tells more."""
    if (checkpoint.registry, checkpoint.event_number) == (
        other_checkpoint.registry,
        other_checkpoint.event_number,
    ):
        return (
            "  they agree in all that both name: one is of an older version, or its facts follow by other rules; two of\n"
            "  one release tell"
        )
    return (
        "  two registries, or two events of one: `shunzheng checkpoint growth` of a node that holds both, or a\n"
        "  snapshot up to the later one, tells whether they belong together"
    )


def _follow_growth(path: Path, old_checkpoint: Checkpoint, checkpoint: Checkpoint) -> tuple[int, str]:
    """Return exit code and words: whether a growth leads from one checkpoint to the other."""
    try:
        read_growth(path.read_bytes()).check(old_checkpoint, checkpoint)
    except MalformedInput as error:
        return UNTOLD, f"{_OUTCOME_WORDS[UNTOLD]}: {error}"
    return AGREE, f"event {checkpoint.event_number} goes on from event {old_checkpoint.event_number}"
