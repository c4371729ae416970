"""`shunzheng audit`: derive anew what a node holds, and say where its parts differ."""

import time
from pathlib import Path
from typing import Protocol

from anchoring.audit.audit import AuditEvidence, Expected
from anchoring.audit.findings import AuditReport
from anchoring.audit.node import DatabaseUrls, audit_node
from anchoring.processes.workers import count_processes
from api import files, processes
from api.console import note, say, show_json
from api.node.erasures import list_kept_erasures
from api.node.errors import SETTINGS_FILE, SettingsError
from api.node.keys import load_node_key
from api.node.loading import load_settings
from api.node.settings import Settings
from api.parsers import Commands, add_directory, add_json
from api.signing.options import SignerOptions, add_signer, open_signer
from api.words import write_clock
from ledger.crypto.keys import Signer
from ledger.encoding.canonical import Json, encode_canonical
from ledger.verification.audits import AuditStatement, Finding, sign_audit
from ledger.verification.receipts import SignedReceipt, decode_signed_receipt

_ALL_CHECKED = ": register, replica and chain tell the same story"
_CODE_CLEAN, _CODE_FINDINGS, _CODE_CANNOT_TELL = 0, 1, 12


class _AuditOptions(SignerOptions, Protocol):
    directory: Path
    output: Path | None
    receipts: list[Path]
    no_chain: bool
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "audit",
        description="Exit codes: 0 no findings, 1 findings, 12 no findings, but a database, the chain, records that are "
        "not back since a restore, or a count that no known key vouches for could not be checked. "
        "The node may go on working meanwhile.",
    )
    add_directory(command, f"directory that holds {SETTINGS_FILE}")
    command.add_argument(
        "--receipts",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="signed receipts: were they kept?",
    )
    command.add_argument(
        "--no-chain", action="store_true", help="ask neither the chain nor other cities' nodes"
    )
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the report, signed")
    add_signer(command, "key that signs the report: an auditor's own; default: the node's", required=False)
    add_json(command, "the report, for programs")
    command.set_defaults(run=_audit)


def _audit(options: _AuditOptions) -> int:
    settings = load_settings(options.directory)
    receipts = [files.read_decoded(file, "receipt", decode_signed_receipt) for file in options.receipts]
    node_key = load_node_key(settings)
    report_signer = open_signer(options) if options.key or options.signer else node_key
    if options.output and report_signer is None:
        raise SettingsError("this node has no key: name the one that signs the report with --key or --signer")
    now = int(time.time())
    report = audit_node(
        DatabaseUrls(
            settings.replica_url,
            settings.checkpoints_url,
            settings.register_url if settings.log else None,
            settings.withheld_after,
        ),
        Expected(settings.registry, settings.log, node_key.public if node_key else None),
        now=now,
        evidence=_gather_evidence(options, settings, receipts),
        progress=lambda sort, done, total: note(f"{sort}: {done:,} of {total:,}"),
        processes=count_processes(),
    )
    if options.output and report_signer:
        _write_report(options.output, report_signer, _make_statement(settings, now, report, report_signer))
    show_json(_make_report_json(report)) if options.json else _say_report(report)
    if not report.is_clean:
        return _CODE_FINDINGS
    return _CODE_CLEAN if report.is_whole else _CODE_CANNOT_TELL


def _gather_evidence(
    options: _AuditOptions, settings: Settings, receipts: list[SignedReceipt]
) -> AuditEvidence:
    """Return what is asked beside the databases; `--no-chain` asks nobody."""
    erasures = list_kept_erasures(options.directory)
    if options.no_chain:
        return AuditEvidence(receipts=receipts, erasures=erasures)
    chain = processes.open_chain(settings) if settings.chain_url else None
    peers = [peer for peers_of_log in processes.name_peers(settings).values() for peer in peers_of_log]
    return AuditEvidence(chain, peers, receipts, erasures)


def _make_statement(
    settings: Settings, now: int, report: AuditReport, report_signer: Signer
) -> AuditStatement:
    return AuditStatement(
        registry=settings.registry,
        log=settings.log or "",
        time=now,
        standing=report.standing,
        checked_counts=report.checked_counts,
        findings=report.findings,
        remarks=report.remarks,
        unchecked_findings=report.unchecked_findings,
        unlisted_count=report.unlisted_count,
        spki=report_signer.public.spki,
    )


def _write_report(path: Path, report_signer: Signer, statement: AuditStatement) -> None:
    files.write(path, encode_canonical(sign_audit(report_signer, statement).to_json()) + b"\n", public=True)
    note(f"{path}: signed by the key 0x{report_signer.public.id.hex()}")


def _say_report(report: AuditReport) -> None:
    for sort, count in report.checked_counts.items():
        say(f"  {count:>12,} {sort}")
    for remark in report.remarks:
        say(f"note: {remark.place}: {remark.text}")
    for unchecked_finding in report.unchecked_findings:
        say(f"NOT CHECKED {unchecked_finding.place}: {unchecked_finding.text}")
    for finding in report.findings:
        say(f"FOUND {finding.slug}: {_name_place(finding)}: {finding.text}")
    if report.unlisted_count:
        say(f"and {report.unlisted_count:,} more findings")
    if standing := report.standing:
        say(
            f"as of event {standing.replica_head.event_number}, head 0x{standing.replica_head.head.hex()}, "
            f"{write_clock(standing.time)}"
        )
        for checkpoint in standing.checkpoint_heads:
            say(f"checkpoint of event {checkpoint.event_number}, head 0x{checkpoint.head.hex()}")
    if report.is_clean and not report.is_whole:
        say(
            "无法全部核查 cannot tell: no finding in what was checked; NOT CHECKED says what could not be looked at, and why"
        )
    elif report.is_clean:
        say(f"核查无异 no finding{' in what was checked' if report.unchecked_findings else _ALL_CHECKED}")
    else:
        say(f"核查有异 {len(report.findings) + report.unlisted_count:,} findings")


def _make_report_json(report: AuditReport) -> dict[str, Json]:
    return {
        "clean": report.is_clean,
        "whole": report.is_whole,
        "checked": dict(report.checked_counts),
        "findings": [_make_finding_json(finding) for finding in report.findings],
        "unlisted": report.unlisted_count,
        "remarks": [_make_finding_json(remark) for remark in report.remarks],
        "unchecked": [_make_finding_json(unchecked) for unchecked in report.unchecked_findings],
    }


def _make_finding_json(finding: Finding) -> dict[str, Json]:
    return {
        "slug": finding.slug,
        "database": finding.database,
        "table": finding.table,
        "where": finding.place,
        "text": finding.text,
    }


def _name_place(finding: Finding) -> str:
    """Name database, table and row, as far as the finding has them."""
    return " ".join(part for part in (finding.database, finding.table, finding.place) if part)
