"""`shunzheng seal`: make, register, apply and destroy electronic seals 电子印章.

In real life a licensed platform makes seals and keeps their keys; what it made is registered here all the same.
"""

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Final

from api import files
from api.client.client import NodeClient
from api.client.options import read_token
from api.console import note, say, show_encoded, show_json
from api.department.actions import add_action
from api.department.seals import RegisteredSeal, add_sealing, check_seal, make_seal_row, make_sealing_row
from api.department.sending import prepare_rows, target_of
from api.department.trial import TRUST, draw_ring, open_trial, read_certificate, read_holder
from api.department.waiting import EXIT_CODE_WORDS, add_wait, judge_waiting
from api.key_files import add_key, open_key
from api.parsers import Commands
from ledger.documents.certificates.issuing import Holder
from ledger.documents.findings import unknown
from ledger.documents.ofd.sealing import Stamp, apply_seal
from ledger.documents.openers import inspect
from ledger.documents.seals.making import SealDraft, make_seal
from ledger.documents.seals.ses import Picture, decode_seal
from ledger.encoding.canonical import Json, decode
from ledger.encoding.canonical import encode as canonical
from ledger.encoding.times import day_bounds, format_time, parse_date, parse_time
from ledger.errors import MalformedInput
from ledger.records.records import Record, decode_record
from ledger.records.seal_claims import SEALED_BY
from ledger.verification.reasons import Verdict

_KIND: Final = 1  # the maker's own number for the kind of seal; the standard lists none
_END_OTHERS: Final = "`shunzheng cancel` ends certificates and sealings"
_TRACE_OTHERS: Final = "`shunzheng trace` shows the history of certificates and sealings"
_DATE_CHARS: Final = len("YYYY-MM-DD")
_COVERED: Final = (
    "{} signed before, and cannot be confirmed any more: the stamp covers an earlier one or leaves its page (遮盖或越界). "
    "Put --stamp beside the earlier seals."
)


def add(commands: Commands) -> None:
    topic = commands.add_parser("seal")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_make(actions)
    _add_register(actions)
    _add_apply(actions)
    ended = "end a seal for good; what it sealed before stays sealed"
    add_action(actions, "destroy", "cancel", ended, partial(check_seal, advice=_END_OTHERS))
    _add_uses(actions)


def _add_make(actions: Commands) -> None:
    make = actions.add_parser("make", help="制章: make a seal (SESeal, GB/T 38540-2020)")
    make.add_argument("--number", required=True, help="印章编码, 9 to 32 characters 0-9, A-Z")
    make.add_argument("--name", required=True, help="印章名称")
    make.add_argument("--valid-from", required=True, metavar="YYYY-MM-DD", help="its first day")
    make.add_argument("--valid-until", required=True, metavar="YYYY-MM-DD", help="its last day")
    make.add_argument("--picture", type=Path, metavar="F", help="what it looks like, such as a PNG file")
    make.add_argument(
        "--size", nargs=2, type=int, default=(40, 40), metavar=("W", "H"), help="mm; default: 40 40"
    )
    make.add_argument(
        "--user", action="append", type=Path, default=[], metavar="CERT", help="who may use it; repeatable"
    )
    make.add_argument("--certificate", type=Path, metavar="CERT", help="of the seal maker")
    add_key(make, "of the seal maker, SM2", required=False)
    make.add_argument(
        "--trial",
        type=Path,
        metavar="DIR",
        help=f"for trials: a made-up authority, maker and signer, made there where they are missing, with {TRUST}",
    )
    make.add_argument(
        "--seal-version", type=int, choices=(1, 4), default=4, help="of the standard; default: 4"
    )
    make.add_argument("-o", "--output", type=Path, required=True, metavar="F", help="file of the seal, .esl")
    make.set_defaults(run=_make)


def _add_register(actions: Commands) -> None:
    register = actions.add_parser(
        "register",
        help="备案: register seals of one holder, in one submission",
        description=f"Exit codes: 0 handed in, 1 failed, {EXIT_CODE_WORDS}.",
    )
    register.add_argument("seals", nargs="+", type=Path, metavar="SEAL", help="files of seals, .esl")
    register.add_argument(
        "--holder", required=True, metavar="CODE", help="whose seals they are, 18 characters"
    )
    register.add_argument(
        "--holder-name", metavar="NAME", help="the name of the holder, to be registered too"
    )
    register.add_argument("--issuer", metavar="CODE", help="who registers them; default: the holder")
    add_key(register, "private key of who registers them")
    register.add_argument(
        "--node", required=True, metavar="URL", help="the node of the city that registers them"
    )
    add_wait(register)
    register.add_argument("--json", action="store_true", help="for programs")
    register.set_defaults(run=_register)


def _add_apply(actions: Commands) -> None:
    use = actions.add_parser(
        "apply",
        help="签章: seal an OFD document, and give the rows that register it",
        description="The rows are for `shunzheng submit`: the sealing, and after it the certificate that carries the "
        "document where its row is given. What `seal register` kept beside the seal is needed for them.",
    )
    use.add_argument("document", type=Path, metavar="DOCUMENT.ofd", help="the document to seal")
    use.add_argument("--seal", type=Path, required=True, metavar="SEAL", help="file of the seal, .esl")
    use.add_argument("--certificate", type=Path, required=True, metavar="CERT", help="of who seals")
    add_key(use, "of who seals, SM2")
    use.add_argument(
        "--stamp", nargs=3, type=int, metavar=("PAGE", "X", "Y"), help="show it: identifier of the page; mm"
    )
    use.add_argument(
        "--issuer", metavar="CODE", help="who registers the sealing; default: who registered the seal"
    )
    use.add_argument("--licence", type=Path, metavar="ROW", help="the certificate's input row, a JSON object")
    use.add_argument("--rows", type=Path, metavar="F", help="default: standard output")
    use.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.ofd", help="the sealed document"
    )
    use.set_defaults(run=_apply)


def _add_uses(actions: Commands) -> None:
    uses = actions.add_parser(
        "uses",
        help="用印记录: what was sealed with a seal",
        description="Moments are YYYY-MM-DDTHH:MM:SSZ, or YYYY-MM-DD for the beginning of a day in Asia/Shanghai. The "
        "anchor of the sealing counts. A token with the scope `history` is needed.",
    )
    uses.add_argument("identifier", help="of any version of the seal")
    uses.add_argument("--after", type=_moment, metavar="T", help="only what was anchored then or later")
    uses.add_argument("--before", type=_moment, metavar="T", help="only what was anchored before")
    uses.add_argument("--node", required=True, metavar="URL", help="the node of the city that registered it")
    uses.add_argument("--token-file", type=Path, help="file of the access token; else SHUNZHENG_TOKEN")
    uses.add_argument("--json", action="store_true", help="for programs")
    uses.set_defaults(run=_uses)


def _make(args: argparse.Namespace) -> int:
    now = int(time.time())
    maker, users = _maker(args, now)
    valid_from, valid_until = (parse_date(day) for day in (args.valid_from, args.valid_until))
    seal = make_seal(
        SealDraft(
            version=args.seal_version,
            identifier=args.number,
            kind=_KIND,
            name=args.name,
            users=users,
            created=now,
            valid_from=day_bounds(valid_from)[0],
            valid_until=day_bounds(valid_until)[1],
            picture=_picture(args),
        ),
        maker,
    )
    files.write(args.output, seal)
    note(f"{args.output}: {len(seal):,} bytes, {args.name} {args.number}, made by {maker.certificate.name}")
    return 0


def _maker(args: argparse.Namespace, now: int) -> tuple[Holder, tuple[bytes, ...]]:
    """Return who makes the seal, and the certificates that may use it. Raises: MalformedInput, OSError."""
    users = tuple(read_certificate(path).der for path in args.user)
    if args.trial:
        trial = open_trial(args.trial, now)
        return trial.maker, users or (trial.signer.certificate.der,)
    if not (args.certificate and args.key and users):
        raise MalformedInput("give --certificate and --key of the maker and each --user, or --trial DIR")
    return read_holder(args.certificate, args.key, args.key_password_file), users


def _picture(args: argparse.Namespace) -> Picture:
    if args.picture:
        return Picture(args.picture.suffix[1:].upper(), args.picture.read_bytes(), *args.size)
    if args.trial:
        return draw_ring()
    raise MalformedInput("give the --picture of the seal")


def _register(args: argparse.Namespace) -> int:
    rows = [
        make_seal_row(path, args.issuer or args.holder, args.holder, args.holder_name) for path in args.seals
    ]
    with NodeClient(args.node) as node:
        key = open_key(args.key, args.key_password_file)
        prepared = prepare_rows([*enumerate(rows, 1)], target_of(node), Path(), "seals")
        with prepared.unsigned:
            receipt = prepared.send(node, key, args.wait)
    records = {record.identifier: record for record in _records(prepared.submission(key))}
    seals: list[Json] = []
    for path, row in zip(args.seals, rows, strict=True):
        record = records[str(row["identifier"])]
        registered = RegisteredSeal(record.identifier, record.suite.format(record.leaf()), args.holder)
        registered.write_beside(path)
        seals.append({"file": str(path), "identifier": registered.identifier, "record": registered.record})
        if not args.json:
            say(f"{registered.identifier}  {path}")
    if args.json:
        show_json({"seals": seals, "submission": receipt})
    else:
        say(f"已登记 accepted: {len(seals)} seals as submission {receipt['id']}, state {receipt['state']}")
    return judge_waiting([receipt], args.wait)


def _records(submission: Path) -> list[Record]:
    """Return the records of a signed submission; its first line is the statement."""
    rows = [decode(line) for line in submission.read_bytes().splitlines()[1:]]
    return [decode_record(row["record"]) for row in rows if isinstance(row, dict)]


def _apply(args: argparse.Namespace) -> int:
    now = int(time.time())
    files.write(args.output, _sealed(args, now))
    note(f"{args.output}: sealed. What counts is the anchor of its record, not the time that it states.")
    registered = RegisteredSeal.read_beside(args.seal)
    if registered is None:
        note(
            f"{args.seal} was not registered from here, so there are no rows: `shunzheng seal register` first."
        )
        return 0
    sealing = make_sealing_row(registered, args.output, now, args.issuer)
    rows = [sealing]
    if args.licence:
        licence = decode(args.licence.read_bytes())
        if not isinstance(licence, dict):
            raise MalformedInput(f"{args.licence} is not one row, a JSON object")
        rows.append(add_sealing(licence, sealing))
    else:
        link = canonical({"rel": SEALED_BY, "identifier": sealing["identifier"]})
        note(f"The row of the certificate links to it: {link.decode()}")
    lines = "\n".join(canonical(row).decode() for row in rows)
    if args.rows:
        files.write(args.rows, lines.encode() + b"\n")
    else:
        show_encoded(lines)
    return 0


def _sealed(args: argparse.Namespace, now: int) -> bytes:
    """Return the sealed document. Raises: MalformedInput where it would not verify: the signer may not use the seal."""
    content = args.seal.read_bytes()
    seal, signer = decode_seal(content), read_holder(args.certificate, args.key, args.key_password_file)
    stamps = []
    if args.stamp:
        page, left, top = args.stamp
        stamps.append(Stamp(str(page), left, top, seal.picture.width, seal.picture.height))
    sealed = apply_seal(args.document.read_bytes(), content, signer, now, stamps)
    for report in inspect(sealed).signatures:
        if report.verdict is Verdict.INVALID:
            raise MalformedInput(f"nothing was sealed: {report.reason.en}")
        if unknown("references", "look_added") in report.checks:
            note(f"{args.output}: {_COVERED.format(report.signer or 'somebody')}")
    return sealed


def _moment(text: str) -> str:
    """Return the moment that a person names. Raises: argparse.ArgumentTypeError."""
    try:
        if len(text) == _DATE_CHARS:
            return format_time(day_bounds(parse_date(text))[0])
        return format_time(parse_time(text))
    except MalformedInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _uses(args: argparse.Namespace) -> int:
    check_seal(args.identifier, advice=_TRACE_OTHERS)
    with NodeClient(args.node, read_token(args)) as node:
        uses = list(node.uses(args.identifier, args.after, args.before))
    if args.json:
        show_json({"identifier": args.identifier, "uses": uses})
        return 0
    for use in uses:
        anchor = use.get("anchor")
        when = f"{anchor['time']} (#{anchor['sequence']})" if anchor else f"not anchored yet ({use['state']})"
        say(f"{when}  {use['record']['identifier']}  {' '.join(use['certificates'])}".rstrip())
    note(f"{len(uses):,} sealings")
    return 0
