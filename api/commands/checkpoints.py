"""`shunzheng checkpoint`: sign checkpoints, pass cosignatures on as files, compare."""

import argparse
from contextlib import closing
from pathlib import Path
from typing import Final

from anchoring.checkpoints.store import Checkpoints
from api import files, processes
from api.client.client import NodeClient
from api.client.offline import describe_checkpoint, read_trust
from api.console import note, say, show_encoded, show_json
from api.node.loading import load_settings
from api.parsers import Commands
from ledger.encoding.canonical import encode as canonical
from ledger.registry.checkpoints import Fork, find_contradiction, read_cosigned

AGREE, CONTRADICT, UNTOLD = 0, 11, 12
_COMPARED: Final = {AGREE: "the same", CONTRADICT: "contradiction", UNTOLD: "cannot tell"}


def add(commands: Commands) -> None:
    checkpoint_parser = commands.add_parser("checkpoint")
    actions = checkpoint_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    sign_parser = actions.add_parser(
        "sign",
        help="sign with the node's key what the node computed itself",
        description="Exit codes: 0 signed, 11 the checkpoint of --of contradicts what this node holds.",
    )
    sign_parser.add_argument("directory", type=Path, help="directory of the node")
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
    add_parser.add_argument("directory", type=Path, help="directory of the node")
    add_parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="checkpoints with cosignatures of others"
    )
    add_parser.set_defaults(run=_add)
    show_parser = actions.add_parser("show", help="show a checkpoint and who signed it")
    checkpoint_source = show_parser.add_mutually_exclusive_group(required=True)
    checkpoint_source.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the checkpoint")
    checkpoint_source.add_argument("--node", metavar="URL", help="the newest of this node")
    show_parser.add_argument("--trust", type=Path, metavar="FILE", help="check it against this trust file")
    show_parser.add_argument("--json", action="store_true", help="for programs")
    show_parser.set_defaults(run=_show)
    forks_parser = actions.add_parser(
        "forks",
        help="show the evidence of forks that the node has met, one JSON object a line",
        description="Exit codes: 0 it has met none, 1 it has.",
    )
    forks_parser.add_argument("directory", type=Path, help="directory of the node")
    forks_parser.set_defaults(run=_forks)
    compare_parser = actions.add_parser(
        "compare",
        help="tell whether two checkpoints contradict each other",
        description="Exit codes: 0 the same, 11 they contradict each other, 12 nothing can be told from them alone.",
    )
    compare_parser.add_argument("first", type=Path, metavar="A", help="a checkpoint")
    compare_parser.add_argument("second", type=Path, metavar="B", help="another of the same registry")
    compare_parser.add_argument(
        "--json", action="store_true", help="a contradiction as evidence that can be handed on"
    )
    compare_parser.set_defaults(run=_compare)


def _sign(args: argparse.Namespace) -> int:
    cosigner = processes.open_cosigner(load_settings(args.directory))
    foreign = read_cosigned(args.of.read_bytes()) if args.of else None
    if foreign:
        cosigner.take(foreign)
    signed = cosigner.sign(foreign.checkpoint.n if foreign else None)
    if foreign and signed.checkpoint != foreign.checkpoint:
        note(f"this node holds another history: {find_contradiction(signed.checkpoint, foreign.checkpoint)}")
        return CONTRADICT
    if args.output:
        files.write(args.output, canonical(signed.to_json()) + b"\n")
        note(f"event {signed.checkpoint.n}, {len(signed.cosignatures)} cosignatures: {args.output}")
    else:
        show_json(signed.to_json())
    return 0


def _add(args: argparse.Namespace) -> int:
    cosigner, good_total = processes.open_cosigner(load_settings(args.directory)), 0
    for file in args.files:
        good_count = cosigner.take(read_cosigned(file.read_bytes()))
        good_total += good_count
        note(f"{file}: {good_count} good cosignatures by nodes of the registry")
    return 0 if good_total else 1


def _show(args: argparse.Namespace) -> int:
    if args.node:
        with NodeClient(args.node) as node:
            cosigned = read_cosigned(node.checkpoint())
    else:
        cosigned = read_cosigned(args.file.read_bytes())
    names = read_trust(args.trust).check(cosigned) if args.trust else ()
    if args.json:
        show_json(cosigned.to_json())
        return 0
    for line in describe_checkpoint(cosigned, names):
        say(line)
    return 0


def _forks(args: argparse.Namespace) -> int:
    with closing(Checkpoints(load_settings(args.directory).checkpoints_url)) as checkpoints:
        forks = checkpoints.forks()
    for fork in forks:
        show_encoded(canonical(fork.to_json()).decode())
        note(find_contradiction(fork.first.checkpoint, fork.second.checkpoint) or "")
    return 1 if forks else 0


def _compare(args: argparse.Namespace) -> int:
    first, second = (read_cosigned(path.read_bytes()) for path in (args.first, args.second))
    contradiction = find_contradiction(first.checkpoint, second.checkpoint)
    exit_code = CONTRADICT if contradiction else AGREE if first.checkpoint == second.checkpoint else UNTOLD
    if args.json:
        show_json(Fork(first, second).to_json() if contradiction else {"compared": _COMPARED[exit_code]})
    else:
        say(f"{_COMPARED[exit_code]}{': ' + contradiction if contradiction else ''}")
        if exit_code == UNTOLD:
            say(
                "  two registries, or two events of one: a snapshot up to the later one tells whether they belong together"
            )
    return exit_code
