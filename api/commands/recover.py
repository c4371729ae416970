"""`shunzheng recover`: take back what a restored register lost (docs/operations.md)."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

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
from api.client.authorities import add_authorities, load_authorities
from api.client.peers import HttpPeer
from api.console import describe_error, note, say, show_json
from api.department.receipts import RECEIPT_SUFFIX
from api.node.errors import SETTINGS_FILE, SettingsError
from api.node.keys import load_node_key
from api.node.loading import load_settings
from api.parsers import Commands, add_directory, add_json
from api.words import write_clock
from ledger.encoding.canonical import Json
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.records.submissions import Statement
from ledger.verification.receipts import MAX_BYTES, decode_signed_receipt

if TYPE_CHECKING:
    from api.node.settings import Settings

ASIDE_FOLDER: Final = "set-aside"  # folder of the node's directory
_CODE_DONE, _CODE_INCOMPLETE = 0, 1
_STALE_SECONDS: Final = 900  # a replica older than this does not know what the chain holds now
_CHUNK_BYTES: Final = 2**18


class _RecoverOptions(Protocol):
    directory: Path
    nodes: list[str]
    ca_file: Path | None
    submissions: list[Path]
    dry_run: bool
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "recover",
        description="No anchorer may run meanwhile: stop the node. Exit code 0 when nothing is missing any more, 1 while "
        "something is; it may be run again and again.",
    )
    add_directory(command, f"directory that holds {SETTINGS_FILE}")
    command.add_argument(
        "--from",
        dest="nodes",
        nargs="+",
        default=[],
        metavar="URL",
        help="nodes that may have copies of the entries",
    )
    add_authorities(command)
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
    add_json(command, "the result, for programs")
    command.set_defaults(run=_recover)


@dataclass(slots=True)
class _Result:
    """What was done: plan, files set aside, what was handed in and where it stands, what was refused and why, receipts and
    why they were not kept, what is missing."""

    plan: Plan
    aside_files: list[Path] = field(default_factory=list)
    accepted_files: list[tuple[Path, int]] = field(default_factory=list)
    refused_files: list[tuple[Path, str]] = field(default_factory=list)
    receipt_outcomes: list[tuple[Path, str]] = field(default_factory=list)
    missing_stretches: list[Missing] = field(default_factory=list)


def _recover(options: _RecoverOptions) -> int:
    settings = load_settings(options.directory)
    if not settings.log or not settings.register_url:
        raise SettingsError(
            f"{options.directory / SETTINGS_FILE}: this node has no log, so it has no register to recover"
        )
    register, replica = Register(settings.register_url), Replica(settings.replica_url)
    try:
        result = _take_back(options, settings, settings.log, register, replica)
    finally:
        register.close()
        replica.close()
    if options.json:
        show_json(_make_result_json(result, is_dry_run=options.dry_run))
    else:
        _say_result(result, is_dry_run=options.dry_run)
    lost_batches = result.plan.lost_batches if options.dry_run else ()
    return (
        _CODE_INCOMPLETE if lost_batches or result.missing_stretches or result.refused_files else _CODE_DONE
    )


def _take_back(
    options: _RecoverOptions, settings: "Settings", log: str, register: Register, replica: Replica
) -> _Result:
    """Look, where that is all; else, while nobody anchors:

    1. Batches and entries. 2. Records: first those that stood somewhere, in that order, then what is new to the chain.
    3. The receipts that departments kept beside what they sent.
    """
    if options.dry_run:
        with replica.reading() as replica_view:
            return _Result(
                _make_plan(options, register, replica_view, log), missing_stretches=_collect_missing(register)
            )
    aside_folder = settings.directory / ASIDE_FOLDER
    with hold_lease(register, log) as lease:
        with replica.reading() as replica_view:
            result = _Result(_make_plan(options, register, replica_view, log))
            result.aside_files = set_aside(register, result.plan, aside_folder)
            take_back(lease, replica_view, result.plan, int(time.time()))  # 1
        kept_files = sorted(aside_folder.glob(f"*{FILE_SUFFIX}")) if aside_folder.is_dir() else []
        for file in _sort_files([*options.submissions, *kept_files], aside_folder, register, result):  # 2
            if _hand_in(file, settings, log, register, replica, result):
                discard(file, aside_folder)
        with replica.reading() as trust:
            for file in options.submissions:
                _bring_back_receipt(file.with_suffix(RECEIPT_SUFFIX), register, trust, result)  # 3
    result.missing_stretches = _collect_missing(register)
    return result


def _make_plan(options: _RecoverOptions, register: Register, replica_view: ReplicaView, log: str) -> Plan:
    if int(time.time()) - replica_view.time > _STALE_SECONDS:
        end_time = write_clock(replica_view.time)
        note(f"the replica ends at {end_time}: let the node run until it has followed the chain")
    authorities = load_authorities(options.ca_file)
    peers = [HttpPeer(url, authorities=authorities) for url in options.nodes]
    return make_plan(register, replica_view, log, peers)


def _sort_files(files: Iterable[Path], aside_folder: Path, register: Register, result: _Result) -> list[Path]:
    """Return the files that are to be handed in, in the order in which their records stand; what is new comes last.

    What was set aside in `aside_folder` and is in the register again is discarded.
    """
    places_by_root: dict[bytes, tuple[int, int, Path]] = {}
    for file in files:
        try:
            statement = _read_statement(file)
        except (SubmissionRefused, OSError) as error:
            result.refused_files.append((file, describe_error(error)))
            continue
        with register.reading() as connection:
            stored_submission = find_submission_of_root(connection, statement.root)
            is_whole = stored_submission is not None and not is_missing(connection, statement.root)
        if is_whole:
            discard(file, aside_folder)
        else:
            places_by_root[statement.root] = (
                stored_submission.acceptance.first_position if stored_submission else 2**63,
                statement.time,
                file,
            )
    return [file for _, _, file in sorted(places_by_root.values())]


def _read_statement(file: Path) -> Statement:
    with file.open("rb") as submission_file:
        statement, _ = read_statement(
            next(split_lines(iter(lambda: submission_file.read(_CHUNK_BYTES), b"")), b"")
        )
    return statement


def _hand_in(
    file: Path, settings: "Settings", log: str, register: Register, replica: Replica, result: _Result
) -> bool:
    """Hand a submission in, and tell whether it was taken."""
    rules = IntakeRules(log, str(settings.directory), settings.promise_seconds, key=load_node_key(settings))
    try:
        with replica.reading() as trust, file.open("rb") as submission_file:
            lines = split_lines(iter(lambda: submission_file.read(_CHUNK_BYTES), b""))
            acceptance = accept(register, trust, lines, int(time.time()), rules)
    except SubmissionRefused as error:
        result.refused_files.append((file, f"{error}{_count_rows(error.row_errors)}"))
        return False
    except OSError as error:
        result.refused_files.append((file, describe_error(error)))
        return False
    result.accepted_files.append((file, acceptance.first_position))
    return True


def _bring_back_receipt(file: Path, register: Register, trust: ReplicaView, result: _Result) -> None:
    try:
        reason = bring_back(register, trust, decode_signed_receipt(files.read(file, MAX_BYTES)))
    except FileNotFoundError:
        return  # none was kept
    except (MalformedInput, OSError) as error:
        reason = describe_error(error)
    result.receipt_outcomes.append((file, reason))


def _count_rows(rows: Sequence[RowError]) -> str:
    return f" ({len(rows)} rows)" if rows[1:] else ""


def _collect_missing(register: Register) -> list[Missing]:
    with register.reading() as connection:
        return list_missing(connection)


def _say_result(result: _Result, *, is_dry_run: bool) -> None:
    plan = result.plan
    for lost_batch in plan.lost_batches:
        source = (
            "nobody who was asked has its entries"
            if lost_batch.entries is None
            else f"entries from {lost_batch.source_name or 'here'}"
        )
        anchor_time = write_clock(lost_batch.anchor.time)
        say(
            f"batch {lost_batch.anchor.sequence}, anchored {anchor_time}, {lost_batch.record_count:,} records: {source}"
        )
    for fault in plan.faults:
        note(f"  {fault}")
    for sequence in plan.displaced_sequences:
        say(f"batch {sequence} as this register froze it is not the chain's: it is dropped")
    for submission in plan.submissions_aside if is_dry_run else ():
        root = submission.entry.statement.root.hex()
        say(f"submission {root} cannot stay at position {submission.first_position:,}: to be set aside")
    for file in result.aside_files:
        say(f"set aside: {file}")
    for file, first_position in result.accepted_files:
        say(f"taken: {file.name}, from position {first_position:,}")
    for file, reason in result.refused_files:
        say(f"refused: {file.name}: {reason}")
    for file, reason in result.receipt_outcomes:
        say(f"receipt kept: {file.name}") if not reason else note(f"receipt not kept: {file.name}: {reason}")
    for stretch in result.missing_stretches:
        subject = (
            f"submission {stretch.root.hex()} of {stretch.issuer}" if stretch.root else "entries and records"
        )
        last_position = stretch.first_position + stretch.record_count - 1
        say(
            f"missing: positions {stretch.first_position:,} to {last_position:,}, batch {stretch.batch_sequence}: {subject}"
        )
    if not (result.missing_stretches or result.refused_files or (is_dry_run and plan.lost_batches)):
        say("登记库完整 the register is whole; run `shunzheng audit` to have everything checked")


def _make_result_json(result: _Result, *, is_dry_run: bool) -> dict[str, Json]:
    plan = result.plan
    return {
        "dry_run": is_dry_run,
        "batches": [
            {
                "sequence": lost_batch.anchor.sequence,
                "time": format_time(lost_batch.anchor.time),
                "count": lost_batch.record_count,
                "entries": lost_batch.entries is not None,
                "source": lost_batch.source_name,
            }
            for lost_batch in plan.lost_batches
        ],
        "displaced": list(plan.displaced_sequences),
        "set_aside": [str(file) for file in result.aside_files],
        "taken": [{"file": str(file), "first": first} for file, first in result.accepted_files],
        "refused": [{"file": str(file), "reason": reason} for file, reason in result.refused_files],
        "receipts": [{"file": str(file), "reason": reason} for file, reason in result.receipt_outcomes],
        "missing": [_make_stretch_json(stretch) for stretch in result.missing_stretches],
        "faults": list(plan.faults),
    }


def _make_stretch_json(stretch: Missing) -> Json:
    members: dict[str, Json] = {
        "first": stretch.first_position,
        "count": stretch.record_count,
        "batch": stretch.batch_sequence,
    }
    return (
        members | {"submission": stretch.root.hex(), "issuer": stretch.issuer or ""}
        if stretch.root
        else members
    )
