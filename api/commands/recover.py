"""`shunzheng recover`: take back what a restored register lost (docs/operations.md)."""

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anchoring.anchorer.lease import hold_lease
from anchoring.errors import RowError, SubmissionRefused
from anchoring.intake.admission import IntakeRules
from anchoring.intake.intake import accept
from anchoring.intake.rows import read_statement, split_lines
from anchoring.recovery.planning import Plan, make_plan
from anchoring.recovery.recovery import set_aside, take_back
from anchoring.recovery.setting_aside import FILE_SUFFIX, discard
from anchoring.register.missing import Missing, is_missing, list_missing
from anchoring.register.receipts import bring_back
from anchoring.register.store import Register
from anchoring.register.submissions import find_submission_of_root
from anchoring.replica.reading import ReplicaView
from anchoring.replica.store import Replica
from api import files
from api.client.peers import HttpPeer
from api.console import in_words, note, say, show_json
from api.department.receipts import RECEIPT_SUFFIX as RECEIPT
from api.node.errors import FILE, SettingsError
from api.node.loading import load_settings
from api.parsers import Commands
from ledger.encoding.canonical import Json
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.records.submissions import Statement
from ledger.verification.receipts import MAX_BYTES, decode_signed_receipt

if TYPE_CHECKING:
    from api.node.settings import Settings

ASIDE: Final = "set-aside"  # folder of the node's directory
_DONE, _INCOMPLETE = 0, 1
_STALE_SECONDS: Final = 900  # a replica older than this does not know what the chain holds now
_CHUNK_BYTES: Final = 2**18


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "recover",
        description="No anchorer may run meanwhile: stop the node. Exit code 0 when nothing is missing any more, 1 while "
        "something is; it may be run again and again.",
    )
    command.add_argument("directory", type=Path, help=f"directory that holds {FILE}")
    command.add_argument(
        "--from",
        dest="nodes",
        nargs="+",
        default=[],
        metavar="URL",
        help="nodes that may have copies of the entries",
    )
    command.add_argument(
        "--submissions",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help=f"signed submissions ({FILE_SUFFIX}) as the departments kept them, receipts beside them",
    )
    command.add_argument(
        "--dry-run", action="store_true", help="say what is missing and who has it, change nothing"
    )
    command.add_argument("--json", action="store_true", help="the result, for programs")
    command.set_defaults(run=_recover)


@dataclass(slots=True)
class _Result:
    """What was done: plan, files set aside, what was handed in and where it stands, what was refused and why, receipts and
    why they were not kept, what is missing."""

    planned: Plan
    aside: list[Path] = field(default_factory=list)
    taken: list[tuple[Path, int]] = field(default_factory=list)
    refused: list[tuple[Path, str]] = field(default_factory=list)
    receipts: list[tuple[Path, str]] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)


def _recover(args: argparse.Namespace) -> int:
    settings = load_settings(args.directory)
    if not settings.log or not settings.register_url:
        raise SettingsError(
            f"{args.directory / FILE}: this node has no log, so it has no register to recover"
        )
    register, replica = Register(settings.register_url), Replica(settings.replica_url)
    try:
        result = _take_back(args, settings, settings.log, register, replica)
    finally:
        register.close()
        replica.close()
    show_json(_json(result, dry=args.dry_run)) if args.json else _tell(result, dry=args.dry_run)
    lost = args.dry_run and result.planned.lost_batches
    return _INCOMPLETE if lost or result.missing or result.refused else _DONE


def _take_back(
    args: argparse.Namespace, settings: "Settings", log: str, register: Register, replica: Replica
) -> _Result:
    """Look, where that is all; else, while nobody anchors:

    1. Batches and entries. 2. Records: first those that stood somewhere, in that order, then what is new to the chain.
    3. The receipts that departments kept beside what they sent.
    """
    if args.dry_run:
        with replica.reading() as reading:
            return _Result(_plan(args, register, reading, log), missing=_missing(register))
    folder = settings.directory / ASIDE
    with hold_lease(register, log) as lease:
        with replica.reading() as reading:
            result = _Result(_plan(args, register, reading, log))
            result.aside = set_aside(register, result.planned, folder)
            take_back(lease, reading, result.planned, int(time.time()))  # 1
        kept = sorted(folder.glob(f"*{FILE_SUFFIX}")) if folder.is_dir() else []
        for file in _in_order([*args.submissions, *kept], folder, register, result):  # 2
            if _hand_in(file, settings, log, register, replica, result):
                discard(file, folder)
        with replica.reading() as trust:
            for file in args.submissions:
                _keep_receipt(file.with_suffix(RECEIPT), register, trust, result)  # 3
    result.missing = _missing(register)
    return result


def _plan(args: argparse.Namespace, register: Register, reading: ReplicaView, log: str) -> Plan:
    if int(time.time()) - reading.time > _STALE_SECONDS:
        ends = format_time(reading.time)
        note(f"the replica ends at {ends}: let the node run until it has followed the chain")
    return make_plan(register, reading, log, [HttpPeer(url) for url in args.nodes])


def _in_order(files: Iterable[Path], aside: Path, register: Register, result: _Result) -> list[Path]:
    """Return the files that are to be handed in, in the order in which their records stand; what is new comes last.

    What was set aside in the folder `aside` and is in the register again is discarded.
    """
    placed: dict[bytes, tuple[int, int, Path]] = {}
    for file in files:
        try:
            statement = _statement(file)
        except (SubmissionRefused, OSError) as error:
            result.refused.append((file, in_words(error)))
            continue
        with register.reading() as connection:
            known = find_submission_of_root(connection, statement.root)
            whole = known is not None and not is_missing(connection, statement.root)
        if whole:
            discard(file, aside)
        else:
            placed[statement.root] = (known.acceptance.first if known else 2**63, statement.time, file)
    return [file for _, _, file in sorted(placed.values())]


def _statement(file: Path) -> Statement:
    with file.open("rb") as lines:
        statement, _ = read_statement(next(split_lines(iter(lambda: lines.read(_CHUNK_BYTES), b"")), b""))
    return statement


def _hand_in(
    file: Path, settings: "Settings", log: str, register: Register, replica: Replica, result: _Result
) -> bool:
    """Hand a submission in, and tell whether it was taken."""
    intake = IntakeRules(log, str(settings.directory), settings.promise_seconds)
    try:
        with replica.reading() as trust, file.open("rb") as body:
            lines = split_lines(iter(lambda: body.read(_CHUNK_BYTES), b""))
            acceptance = accept(register, trust, lines, int(time.time()), intake)
    except SubmissionRefused as error:
        result.refused.append((file, f"{error}{_rows(error.rows)}"))
        return False
    except OSError as error:
        result.refused.append((file, in_words(error)))
        return False
    result.taken.append((file, acceptance.first))
    return True


def _keep_receipt(file: Path, register: Register, trust: ReplicaView, result: _Result) -> None:
    try:
        why = bring_back(register, trust, decode_signed_receipt(files.read(file, MAX_BYTES)))
    except FileNotFoundError:
        return  # none was kept
    except (MalformedInput, OSError) as error:
        why = in_words(error)
    result.receipts.append((file, why))


def _rows(rows: Sequence[RowError]) -> str:
    return f" ({len(rows)} rows)" if rows[1:] else ""


def _missing(register: Register) -> list[Missing]:
    with register.reading() as connection:
        return list_missing(connection)


def _tell(result: _Result, *, dry: bool) -> None:
    planned = result.planned
    for lost in planned.lost_batches:
        source = (
            "nobody who was asked has its entries"
            if lost.entries is None
            else f"entries from {lost.source or 'here'}"
        )
        at = format_time(lost.anchor.time)
        say(f"batch {lost.anchor.sequence}, anchored {at}, {lost.count:,} records: {source}")
    for fault in planned.faults:
        note(f"  {fault}")
    for sequence in planned.displaced_sequences:
        say(f"batch {sequence} as this register froze it is not the chain's: it is dropped")
    for local in planned.submissions_aside if dry else ():
        say(
            f"submission {local.entry.statement.root.hex()} cannot stay at position {local.first:,}: to be set aside"
        )
    for file in result.aside:
        say(f"set aside: {file}")
    for file, first in result.taken:
        say(f"taken: {file.name}, from position {first:,}")
    for file, why in result.refused:
        say(f"refused: {file.name}: {why}")
    for file, why in result.receipts:
        say(f"receipt kept: {file.name}") if not why else note(f"receipt not kept: {file.name}: {why}")
    for absent in result.missing:
        what = f"submission {absent.root.hex()} of {absent.issuer}" if absent.root else "entries and records"
        say(
            f"missing: positions {absent.first:,} to {absent.first + absent.count - 1:,}, batch {absent.batch}: {what}"
        )
    if not (result.missing or result.refused or (dry and planned.lost_batches)):
        say("登记库完整 the register is whole; run `shunzheng audit` to have everything checked")


def _json(result: _Result, *, dry: bool) -> dict[str, Json]:
    planned = result.planned
    return {
        "dry_run": dry,
        "batches": [
            {
                "sequence": lost.anchor.sequence,
                "time": format_time(lost.anchor.time),
                "count": lost.count,
                "entries": lost.entries is not None,
                "source": lost.source,
            }
            for lost in planned.lost_batches
        ],
        "displaced": list(planned.displaced_sequences),
        "set_aside": [str(file) for file in result.aside],
        "taken": [{"file": str(file), "first": first} for file, first in result.taken],
        "refused": [{"file": str(file), "reason": why} for file, why in result.refused],
        "receipts": [{"file": str(file), "reason": why} for file, why in result.receipts],
        "missing": [_missing_json(absent) for absent in result.missing],
        "faults": list(planned.faults),
    }


def _missing_json(absent: Missing) -> Json:
    body: dict[str, Json] = {"first": absent.first, "count": absent.count, "batch": absent.batch}
    return body | {"submission": absent.root.hex(), "issuer": absent.issuer or ""} if absent.root else body
