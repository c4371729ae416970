"""`shunzheng snapshot`: carry what the chain says to where there is no network."""

import argparse
from collections.abc import Iterator
from contextlib import closing
from itertools import tee
from pathlib import Path

from anchoring.checkpoints import snapshots
from anchoring.checkpoints.cities import count_node_cities, find_node_cities
from anchoring.checkpoints.files import read_chunks
from anchoring.checkpoints.snapshots import ImportedSnapshot
from anchoring.checkpoints.store import Checkpoints
from anchoring.database.files import replace_file
from anchoring.errors import NotFound
from anchoring.replica.store import Replica
from api.client.client import NodeClient
from api.client.offline import describe_checkpoint, read_trust, seen_beside
from api.console import note, say, show_json
from api.node.loading import load_settings
from api.parsers import Commands
from ledger.encoding.canonical import Json
from ledger.registry.snapshots import check_snapshot, read_header
from ledger.registry.trust_files import majority


def add(commands: Commands) -> None:
    topic = commands.add_parser("snapshot")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write the registry's events up to a cosigned checkpoint")
    source = export.add_mutually_exclusive_group(required=True)
    source.add_argument("directory", type=Path, nargs="?", help="directory of a node")
    source.add_argument("--node", metavar="URL", help="a node to ask for it")
    export.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="where it is written"
    )
    export.add_argument(
        "--after", type=int, default=0, metavar="N", help="a delta: only what follows event N"
    )
    export.add_argument(
        "--cosigned", type=int, metavar="K", help="cities that must have signed; default: a majority"
    )
    export.set_defaults(run=_export)
    bring_in = actions.add_parser("import", help="check a snapshot or delta and keep it for verifying")
    bring_in.add_argument("file", type=Path, metavar="FILE", help="the snapshot or delta")
    bring_in.add_argument(
        "--trust", type=Path, required=True, metavar="FILE", help="trust file: whose cosignatures count"
    )
    bring_in.add_argument(
        "--into", type=Path, required=True, metavar="DIRECTORY", help="what is held; made where missing"
    )
    bring_in.set_defaults(run=_import)
    show = actions.add_parser("show", help="show what a snapshot is of; with --trust, check all of it")
    show.add_argument("file", type=Path, metavar="FILE", help="the snapshot or delta")
    show.add_argument("--trust", type=Path, metavar="FILE", help="trust file: whose cosignatures count")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=_show)


def _export(args: argparse.Namespace) -> int:
    pieces, ahead = tee(_asked(args) if args.node else _read(args))
    header = read_header(ahead)
    del ahead  # else what it has not passed would be kept in memory
    replace_file(args.output, pieces)
    note(
        f"{args.output}: events {header.after + 1} to {header.checkpoint.n}, "
        f"{len(header.cosigned.cosignatures)} cosignatures"
    )
    return 0


def _asked(args: argparse.Namespace) -> Iterator[bytes]:
    with NodeClient(args.node) as node:
        yield from node.snapshot(args.after, args.cosigned)


def _read(args: argparse.Namespace) -> Iterator[bytes]:
    settings = load_settings(args.directory)
    with (
        closing(Replica(settings.replica_url)) as replica,
        closing(Checkpoints(settings.checkpoints_url)) as checkpoints,
        replica.reading() as reading,
    ):
        wanted = args.cosigned or majority(count_node_cities(reading))
        newest = checkpoints.newest_of(find_node_cities(reading), wanted)
        if newest is None:
            raise NotFound(
                f"no checkpoint is signed by nodes of {wanted} cities here: let them cosign (shunzheng checkpoint sign, add)"
            )
        yield from snapshots.export(reading, newest, args.after)


def _import(args: argparse.Namespace) -> int:
    with closing(ImportedSnapshot(args.into)) as imported:
        header = imported.take(args.file, read_trust(args.trust), seen_beside(args.trust), _tell)
    note(f"{args.into} holds the registry up to event {header.checkpoint.n}")
    for line in describe_checkpoint(header.cosigned, read_trust(args.trust).check(header.cosigned)):
        say(line)
    return 0


def _tell(done: int, of: int) -> None:
    note(f"event {done:,} of {of:,}")


def _show(args: argparse.Namespace) -> int:
    header, names = read_header(read_chunks(args.file)), tuple[str, ...]()
    if args.trust:
        header, names = check_snapshot(
            lambda: read_chunks(args.file), read_trust(args.trust), seen_beside(args.trust)
        )
    if args.json:
        body: dict[str, Json] = {
            "after": header.after,
            "size": args.file.stat().st_size,
            "signed_by": [*names],
        }
        show_json(header.cosigned.to_json() | body)
        return 0
    say(f"snapshot   events {header.after + 1} to {header.checkpoint.n}, {args.file.stat().st_size:,} bytes")
    for line in describe_checkpoint(header.cosigned, names):
        say(line)
    return 0
