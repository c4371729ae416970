"""`shunzheng snapshot`: carry what the chain says to where there is no network."""

from collections.abc import Iterator
from contextlib import closing
from itertools import tee
from pathlib import Path
from typing import Protocol

from anchoring.checkpoints import snapshots
from anchoring.checkpoints.files import read_chunks
from anchoring.checkpoints.snapshots import ImportedSnapshot
from anchoring.checkpoints.store import Checkpoints, find_newest_cosigned
from anchoring.database.files import replace_file
from anchoring.replica.store import Replica
from api.client.authorities import add_authorities
from api.client.client import NodeClient
from api.client.offline import describe_checkpoint, find_seen_file, read_trust
from api.console import note, say, show_json
from api.node.loading import load_settings
from api.parsers import Commands, add_json
from ledger.encoding.canonical import Json
from ledger.registry.snapshots import check_snapshot, read_header


class _ExportOptions(Protocol):
    directory: Path | None
    node: str | None
    ca_file: Path | None
    output: Path
    after: int
    cosigned: int | None


class _ImportOptions(Protocol):
    file: Path
    trust: Path
    into: Path


class _ShowOptions(Protocol):
    file: Path
    trust: Path | None
    json: bool


def add(commands: Commands) -> None:
    snapshot_parser = commands.add_parser("snapshot")
    actions = snapshot_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    export_parser = actions.add_parser(
        "export", help="write the registry's events up to a cosigned checkpoint"
    )
    source = export_parser.add_mutually_exclusive_group(required=True)
    source.add_argument("directory", type=Path, nargs="?", help="directory of a node")
    source.add_argument("--node", metavar="URL", help="a node to ask for it")
    add_authorities(export_parser)
    export_parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="where it is written"
    )
    export_parser.add_argument(
        "--after", type=int, default=0, metavar="N", help="a delta: only what follows event N"
    )
    export_parser.add_argument(
        "--cosigned", type=int, metavar="K", help="cities that must have signed; default: a majority"
    )
    export_parser.set_defaults(run=_export)
    import_parser = actions.add_parser("import", help="check a snapshot or delta and keep it for verifying")
    import_parser.add_argument("file", type=Path, metavar="FILE", help="the snapshot or delta")
    import_parser.add_argument(
        "--trust", type=Path, required=True, metavar="FILE", help="trust file: whose cosignatures count"
    )
    import_parser.add_argument(
        "--into", type=Path, required=True, metavar="DIRECTORY", help="what is held; made where missing"
    )
    import_parser.set_defaults(run=_import)
    show_parser = actions.add_parser("show", help="show what a snapshot is of; with --trust, check all of it")
    show_parser.add_argument("file", type=Path, metavar="FILE", help="the snapshot or delta")
    show_parser.add_argument(
        "--trust", type=Path, metavar="FILE", help="trust file: whose cosignatures count"
    )
    add_json(show_parser)
    show_parser.set_defaults(run=_show)


def _export(options: _ExportOptions) -> int:
    chunks, header_chunks = tee(_export_chunks(options))
    header = read_header(header_chunks)
    del header_chunks  # else what it has not passed would be kept in memory
    replace_file(options.output, chunks, is_public=True)
    note(
        f"{options.output}: events {header.after_event_number + 1} to {header.checkpoint.event_number}, "
        f"{len(header.cosigned_checkpoint.cosignatures)} cosignatures"
    )
    return 0


def _export_chunks(options: _ExportOptions) -> Iterator[bytes]:
    """Return the snapshot, piece by piece, from the node or the directory that was named."""
    if options.node is not None:
        return _ask_node(options.node, options)
    assert options.directory is not None  # the parser asks for one of the two
    return _read_directory(options.directory, options)


def _ask_node(url: str, options: _ExportOptions) -> Iterator[bytes]:
    with NodeClient(url, ca_file=options.ca_file) as node:
        yield from node.fetch_snapshot(options.after, options.cosigned)


def _read_directory(directory: Path, options: _ExportOptions) -> Iterator[bytes]:
    settings = load_settings(directory)
    with (
        closing(Replica(settings.replica_url)) as replica,
        closing(Checkpoints(settings.checkpoints_url)) as checkpoints,
        replica.reading() as replica_view,
    ):
        newest_checkpoint = find_newest_cosigned(checkpoints, replica_view, options.cosigned)
        yield from snapshots.export(replica_view, newest_checkpoint, options.after)


def _import(options: _ImportOptions) -> int:
    with closing(ImportedSnapshot(options.into)) as imported_snapshot:
        header = imported_snapshot.take(
            options.file, read_trust(options.trust), find_seen_file(options.trust), _note_progress
        )
    note(f"{options.into} holds the registry up to event {header.checkpoint.event_number}")
    for line in describe_checkpoint(
        header.cosigned_checkpoint, read_trust(options.trust).check(header.cosigned_checkpoint)
    ):
        say(line)
    return 0


def _note_progress(done_count: int, total_count: int) -> None:
    note(f"event {done_count:,} of {total_count:,}")


def _show(options: _ShowOptions) -> int:
    header, signer_names = read_header(read_chunks(options.file)), tuple[str, ...]()
    if options.trust:
        trust_file, seen_file = read_trust(options.trust), find_seen_file(options.trust)
        seen_file.check_registry(trust_file.registry)
        header, signer_names = check_snapshot(lambda: read_chunks(options.file), trust_file, seen_file)
    if options.json:
        members: dict[str, Json] = {
            "after": header.after_event_number,
            "size": options.file.stat().st_size,
            "signed_by": [*signer_names],
        }
        show_json(header.cosigned_checkpoint.to_json() | members)
        return 0
    say(
        f"snapshot   events {header.after_event_number + 1} to {header.checkpoint.event_number}, "
        f"{options.file.stat().st_size:,} bytes"
    )
    for line in describe_checkpoint(header.cosigned_checkpoint, signer_names):
        say(line)
    return 0
