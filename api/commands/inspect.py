"""`shunzheng inspect`: who sealed or signed a document, and whether it is as they left it. No node is asked."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from api import files
from api.console import EXIT_CODES, note, say, show_json
from ledger.documents.certificates.trust_list import TrustList, decode_trust_list
from ledger.documents.findings import CHECKS, Check
from ledger.documents.inspection import Inspection, SignatureReport
from ledger.documents.ofd.archive import MAX_FILE_BYTES
from ledger.documents.openers import inspect
from ledger.encoding import times
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented
from ledger.verification.reasons import VERDICT_WORDS, Outcome

_MARKS: Final = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?"}
_KINDS: Final = {
    "ses": ("电子签章", "electronic seal"),
    "ofd-sign": ("数字签名", "signature"),
    "pades": ("PDF 签名", "PDF"),
    "pdf-timestamp": ("PDF 文档时间戳", "timestamp of the PDF"),
}


def add(commands: Any) -> None:
    command = commands.add_parser(
        "inspect",
        description="Reads OFD and PDF documents, seals (.esl) and seal signatures (.dat). "
        "Exit codes: 0 valid, 11 invalid, 12 unverifiable.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="the document, seal or seal signature")
    command.add_argument(
        "--trust-list",
        type=Path,
        action="append",
        metavar="F",
        help="authorities that this city accepts: JSON or PEM; may be given several times",
    )
    command.add_argument("--lang", choices=("zh", "en"), default="zh", help="default: zh")
    command.add_argument("--json", action="store_true", help="the whole report, for programs")
    command.set_defaults(run=_inspect)


def _inspect(args: argparse.Namespace) -> int:
    with args.file.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    found = _with_proof_beside(inspect(data, _trust(args.trust_list)), args.file)
    if args.json:
        show_json(found.to_json())
    else:
        say(in_words(found, 0 if args.lang == "zh" else 1))
    return EXIT_CODES[found.verdict]


def _trust(paths: list[Path] | None) -> TrustList | None:
    """Return the lists as one; of none, None: then every chain is left open."""
    if not paths:
        return None
    lists = [_list(path) for path in paths]
    return TrustList(lists[0].name, lists[0].issued, tuple(one for each in lists for one in each.authorities))


def _list(path: Path) -> TrustList:
    return files.decoded(path, "trust-list", decode_trust_list)


def _with_proof_beside(found: Inspection, file: Path) -> Inspection:
    beside = files.beside(file)
    if found.proof is not None or not beside.exists():
        return found
    try:
        return replace(found, proof=decode_presented(files.read(beside)))
    except MalformedInput as error:
        note(f"{beside}: {error}")
        return found


def in_words(found: Inspection, language: int) -> str:
    """Return what was found in words, the verdict first; `language` is 0 for Chinese, 1 for English."""
    lines = [VERDICT_WORDS[found.verdict][language]]
    if found.problem is not None:
        lines.append(f"  {('文件无法读取', 'The file cannot be read')[language]}: {found.problem}")
    elif not found.signatures:
        lines.append(
            ("  文件未加盖签章，也没有签名", "  The document carries no seal and no signature")[language]
        )
    for number, report in enumerate(found.signatures, 1):
        lines += ["", *_signature(number, report, language)]
    if found.proof is not None:
        words = (
            "附有存证凭据（请用 shunzheng verify 核验）",
            "It carries a proof (check it with shunzheng verify)",
        )
        lines += ["", f"{words[language]}: {found.proof.record.identifier}"]
    return "\n".join(lines)


def _signature(number: int, report: SignatureReport, language: int) -> list[str]:
    lines = [f"{number}  {_KINDS[report.kind][language]} — {VERDICT_WORDS[report.verdict][language]}"]
    for words, value in (
        (("结论", "Because"), report.reason[language]),
        (("印章", "Seal"), report.seal_name and f"{report.seal_name} ({report.seal_id})"),
        (("制章机构", "Made by"), report.seal_maker),
        (("签章人", "Signer"), report.signer),
        (
            ("自称时间", "Stated time"),
            None if report.signed_at is None else times.format_time(report.signed_at),
        ),
        (
            ("时间戳", "Timestamp"),
            None if report.stamped_at is None else times.format_time(report.stamped_at),
        ),
        (("被改动的文件", "Altered"), ", ".join(report.altered)),
        (("未受保护的文件", "Not covered"), ", ".join(report.uncovered)),
    ):
        if value:
            lines.append(f"   {words[language]}: {value}")
    return lines + [f"   {_check(check, language)}" for check in report.checks]


def _check(check: Check, language: int) -> str:
    words = check.row.words[language]
    return f"{_MARKS[check.outcome]} {CHECKS[check.name][language]}: {words}"
