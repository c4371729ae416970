"""`shunzheng audit`: derive anew what a node holds, and say where its parts differ."""

import time
from pathlib import Path
from typing import Protocol

from anchoring.audit.audit import audit
from anchoring.audit.findings import AuditReport, Finding
from anchoring.checkpoints.store import Checkpoints
from anchoring.monitor.copies import EntryCopies
from anchoring.register.store import Register
from anchoring.replica.store import Replica
from api.console import note, say, show_json
from api.node.errors import FILE
from api.node.loading import load_settings
from api.parsers import Commands
from ledger.encoding.canonical import Json
from ledger.verification.receipts import SignedReceipt, decode_signed_receipt

_CODE_CLEAN, _CODE_FINDINGS = 0, 1


class _AuditOptions(Protocol):
    directory: Path
    receipts: list[Path]
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "audit",
        description="Exit code 0 without findings, 1 with findings. The node may go on working meanwhile.",
    )
    command.add_argument("directory", type=Path, help=f"directory that holds {FILE}")
    command.add_argument(
        "--receipts",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="signed receipts: were they kept?",
    )
    command.add_argument("--json", action="store_true", help="the report, for programs")
    command.set_defaults(run=_audit)


def _audit(options: _AuditOptions) -> int:
    settings = load_settings(options.directory)
    receipts = [_read_receipt(file) for file in options.receipts]
    replica, checkpoints = Replica(settings.replica_url), Checkpoints(settings.checkpoints_url)
    register = Register(settings.register_url) if settings.log and settings.register_url else None
    try:
        with replica.reading(quarantined=True) as replica_view:
            report = audit(
                replica_view,
                register,
                EntryCopies(replica.engine, settings.withheld_after),
                now=int(time.time()),
                receipts=receipts,
                checkpoints=checkpoints,
                progress=lambda sort, done, total: note(f"{sort}: {done:,} of {total:,}"),
            )
    finally:
        replica.close()
        checkpoints.close()
        if register:
            register.close()
    show_json(_report_json(report)) if options.json else _say_report(report)
    return _CODE_CLEAN if report.clean else _CODE_FINDINGS


def _read_receipt(file: Path) -> SignedReceipt:
    return decode_signed_receipt(file.read_bytes())


def _say_report(report: AuditReport) -> None:
    for sort, count in report.checked.items():
        say(f"  {count:>12,} {sort}")
    for remark in report.remarks:
        say(f"note: {remark.where}: {remark.text}")
    for finding in report.findings:
        say(f"FOUND {finding.slug}: {finding.where}: {finding.text}")
    if report.unlisted:
        say(f"and {report.unlisted:,} more findings")
    if report.clean:
        say("核查无异 no finding: register, replica and chain tell the same story")
    else:
        say(f"核查有异 {len(report.findings) + report.unlisted:,} findings")


def _report_json(report: AuditReport) -> dict[str, Json]:
    return {
        "clean": report.clean,
        "checked": dict(report.checked),
        "findings": [_finding_json(finding) for finding in report.findings],
        "unlisted": report.unlisted,
        "remarks": [_finding_json(remark) for remark in report.remarks],
    }


def _finding_json(finding: Finding) -> dict[str, Json]:
    return {"slug": finding.slug, "where": finding.where, "text": finding.text}
