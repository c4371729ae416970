"""`shunzheng seal`: make, register, apply and destroy electronic seals 电子印章.

In real life a licensed platform makes seals and keeps their keys; what it made is registered here all the same.
"""

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from api import files
from api.client.client import NodeClient
from api.client.options import NodeOptions, add_node, add_token_file, read_token
from api.console import note, say, show_encoded, show_json
from api.department.actions import add_action
from api.department.rows.acceptance import add_accept, require_accepted
from api.department.seals import (
    RegisteredSeal,
    add_sealing,
    check_seal,
    find_missing_claims,
    make_seal_row,
    make_sealing_row,
)
from api.department.sending import ask_target, prepare_rows
from api.department.trial import TRUST_FILE, draw_ring, open_trial, read_certificate, read_holder
from api.department.waiting import EXIT_CODE_WORDS, add_wait, judge_waiting
from api.parsers import Commands, add_catalogue, add_json
from api.signing.options import SignerOptions, add_signer, open_signer
from ledger.documents.certificates.issuing import Holder
from ledger.documents.findings import leave_unknown
from ledger.documents.ofd.sealing import Stamp, apply_seal
from ledger.documents.openers import inspect
from ledger.documents.seals.making import SealDraft, make_seal
from ledger.documents.seals.ses import Picture, decode_seal
from ledger.encoding.canonical import Json, decode, encode_canonical
from ledger.encoding.times import find_day_bounds, format_time, parse_date, parse_time
from ledger.errors import MalformedInput
from ledger.records.records import Record, decode_record
from ledger.records.seal_claims import SEALED_BY
from ledger.verification.reasons import Verdict

_SEAL_KIND: Final = 1  # the maker's own number for the kind of seal; the standard lists none
_END_OTHERS: Final = "`shunzheng cancel` ends certificates and sealings"
_TRACE_OTHERS: Final = "`shunzheng trace` shows the history of certificates and sealings"
_DATE_CHARS: Final = len("YYYY-MM-DD")
_COVER_WARNING: Final = (
    "{} signed before, and cannot be confirmed any more: the stamp covers an earlier one or leaves its page (遮盖或越界). "
    "Put --stamp beside the earlier seals."
)


class _MakeOptions(SignerOptions, Protocol):
    number: str
    name: str
    valid_from: str
    valid_until: str
    picture: Path | None
    size: tuple[int, int]
    user: list[Path]
    certificate: Path | None
    trial: Path | None
    seal_version: int
    output: Path


class _RegisterOptions(SignerOptions, Protocol):
    seals: list[Path]
    holder: str
    holder_name: str | None
    claims: Path | None
    issuer: str | None
    accept: list[str]
    node: str
    ca_file: Path | None
    wait: int
    json: bool


class _ApplyOptions(SignerOptions, Protocol):
    document: Path
    seal: Path
    certificate: Path
    stamp: tuple[int, int, int] | None
    issuer: str | None
    licence: Path | None
    rows: Path | None
    output: Path


class _UsesOptions(NodeOptions, Protocol):
    identifier: str
    after: str | None
    before: str | None
    json: bool


def add(commands: Commands) -> None:
    seal_parser = commands.add_parser("seal")
    actions = seal_parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_make(actions)
    _add_register(actions)
    _add_apply(actions)
    explanation = "end a seal for good; what it sealed before stays sealed"
    add_action(actions, "destroy", "cancel", explanation, partial(check_seal, advice=_END_OTHERS))
    _add_uses(actions)


def _add_make(actions: Commands) -> None:
    parser = actions.add_parser("make", help="制章: make a seal (SESeal, GB/T 38540-2020)")
    parser.add_argument("--number", required=True, help="印章编码, 9 to 32 characters 0-9, A-Z")
    parser.add_argument("--name", required=True, help="印章名称")
    parser.add_argument("--valid-from", required=True, metavar="YYYY-MM-DD", help="its first day")
    parser.add_argument("--valid-until", required=True, metavar="YYYY-MM-DD", help="its last day")
    parser.add_argument("--picture", type=Path, metavar="F", help="what it looks like, such as a PNG file")
    parser.add_argument(
        "--size", nargs=2, type=int, default=(40, 40), metavar=("W", "H"), help="mm; default: 40 40"
    )
    parser.add_argument(
        "--user", action="append", type=Path, default=[], metavar="CERT", help="who may use it; repeatable"
    )
    parser.add_argument("--certificate", type=Path, metavar="CERT", help="of the seal maker")
    add_signer(parser, "of the seal maker, SM2", required=False)
    parser.add_argument(
        "--trial",
        type=Path,
        metavar="DIR",
        help=f"for trials: a made-up authority, maker and signer, made there where they are missing, with {TRUST_FILE}",
    )
    parser.add_argument(
        "--seal-version", type=int, choices=(1, 4), default=4, help="of the standard; default: 4"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="F", help="file of the seal, .esl"
    )
    parser.set_defaults(run=_make_seal)


def _add_register(actions: Commands) -> None:
    parser = actions.add_parser(
        "register",
        help="备案: register seals of one holder, in one submission",
        description=f"Exit codes: 0 handed in, 1 failed, {EXIT_CODE_WORDS}.",
    )
    parser.add_argument("seals", nargs="+", type=Path, metavar="SEAL", help="files of seals, .esl")
    parser.add_argument("--holder", required=True, metavar="CODE", help="whose seals they are, 18 characters")
    parser.add_argument("--holder-name", metavar="NAME", help="the name of the holder, to be registered too")
    parser.add_argument(
        "--claims",
        type=Path,
        metavar="F",
        help="JSON object: claims that the files of the seals do not say, such as the number of the filing 备案号 KZ_YZBABH",
    )
    parser.add_argument("--issuer", metavar="CODE", help="who registers them; default: the holder")
    add_signer(parser, "private key of who registers them")
    add_node(parser, "the node of the city that registers them")
    add_accept(parser)
    add_wait(parser)
    add_catalogue(parser)
    add_json(parser)
    parser.set_defaults(run=_register_seals)


def _add_apply(actions: Commands) -> None:
    parser = actions.add_parser(
        "apply",
        help="签章: seal an OFD document, and give the rows that register it",
        description="The rows are for `shunzheng submit`: the sealing, and after it the certificate that carries the "
        "document where its row is given. What `seal register` kept beside the seal is needed for them.",
    )
    parser.add_argument("document", type=Path, metavar="DOCUMENT.ofd", help="the document to seal")
    parser.add_argument("--seal", type=Path, required=True, metavar="SEAL", help="file of the seal, .esl")
    parser.add_argument("--certificate", type=Path, required=True, metavar="CERT", help="of who seals")
    add_signer(parser, "of who seals, SM2")
    parser.add_argument(
        "--stamp", nargs=3, type=int, metavar=("PAGE", "X", "Y"), help="show it: identifier of the page; mm"
    )
    parser.add_argument(
        "--issuer", metavar="CODE", help="who registers the sealing; default: who registered the seal"
    )
    parser.add_argument(
        "--licence", type=Path, metavar="ROW", help="the certificate's input row, a JSON object"
    )
    parser.add_argument("--rows", type=Path, metavar="F", help="default: standard output")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.ofd", help="the sealed document"
    )
    parser.set_defaults(run=_apply_seal)


def _add_uses(actions: Commands) -> None:
    parser = actions.add_parser(
        "uses",
        help="用印记录: what was sealed with a seal",
        description="Moments are YYYY-MM-DDTHH:MM:SSZ, or YYYY-MM-DD for the beginning of a day in Asia/Shanghai. The "
        "anchor of the sealing counts. A token with the scope `history` is needed.",
    )
    parser.add_argument("identifier", help="of any version of the seal")
    parser.add_argument(
        "--after", type=_parse_moment, metavar="T", help="only what was anchored then or later"
    )
    parser.add_argument("--before", type=_parse_moment, metavar="T", help="only what was anchored before")
    add_node(parser, "the node of the city that registered it")
    add_token_file(parser)
    add_json(parser)
    parser.set_defaults(run=_show_uses)


def _make_seal(options: _MakeOptions) -> int:
    now = int(time.time())
    maker, user_certificates = _open_maker(options, now)
    first_day, last_day = (parse_date(day) for day in (options.valid_from, options.valid_until))
    seal_bytes = make_seal(
        SealDraft(
            version=options.seal_version,
            identifier=options.number,
            seal_kind=_SEAL_KIND,
            name=options.name,
            user_certificates=user_certificates,
            created_at=now,
            valid_from=find_day_bounds(first_day)[0],
            valid_until=find_day_bounds(last_day)[1],
            picture=_read_picture(options),
        ),
        maker,
    )
    files.write(options.output, seal_bytes)
    note(
        f"{options.output}: {len(seal_bytes):,} bytes, {options.name} {options.number}, made by {maker.certificate.name}"
    )
    return 0


def _open_maker(options: _MakeOptions, now: int) -> tuple[Holder, tuple[bytes, ...]]:
    """Return who makes the seal, and the certificates that may use it. Raises: MalformedInput, OSError."""
    user_certificates = tuple(read_certificate(path).der for path in options.user)
    if options.trial:
        trial = open_trial(options.trial, now)
        return trial.maker, user_certificates or (trial.signer.certificate.der,)
    if not (options.certificate and (options.key or options.signer) and user_certificates):
        raise MalformedInput(
            "give --certificate and --key or --signer of the maker and each --user, or --trial DIR"
        )
    return read_holder(options.certificate, open_signer(options)), user_certificates


def _read_picture(options: _MakeOptions) -> Picture:
    if options.picture:
        return Picture(options.picture.suffix[1:].upper(), options.picture.read_bytes(), *options.size)
    if options.trial:
        return draw_ring()
    raise MalformedInput("give the --picture of the seal")


def _register_seals(options: _RegisterOptions) -> int:
    other_claims = _read_claims(options.claims)
    rows = [
        make_seal_row(
            path, options.issuer or options.holder, options.holder, options.holder_name, other_claims
        )
        for path in options.seals
    ]
    warnings = [warning for number, row in enumerate(rows, 1) for warning in find_missing_claims(row, number)]
    require_accepted(warnings, options.accept)
    with NodeClient(options.node, ca_file=options.ca_file) as node:
        signer = open_signer(options)
        prepared_rows = prepare_rows([*enumerate(rows, 1)], ask_target(node), Path(), "seals")
        with prepared_rows.unsigned_draft:
            answer = prepared_rows.send(node, signer, options.wait)
    records = {
        record.identifier: record for record in _read_records(prepared_rows.find_submission_path(signer))
    }
    seal_rows: list[Json] = []
    for path, row in zip(options.seals, rows, strict=True):
        record = records[str(row["identifier"])]
        registered_seal = RegisteredSeal(
            record.identifier, record.suite.format(record.hash_leaf()), options.holder
        )
        registered_seal.write_beside(path)
        seal_rows.append(
            {
                "file": str(path),
                "identifier": registered_seal.identifier,
                "record": registered_seal.record_text,
            }
        )
        if not options.json:
            say(f"{registered_seal.identifier}  {path}")
    if options.json:
        show_json({"seals": seal_rows, "submission": answer})
    else:
        say(f"已登记 accepted: {len(seal_rows)} seals as submission {answer['id']}, state {answer['state']}")
    return judge_waiting([answer], options.wait)


def _read_claims(path: Path | None) -> dict[str, Json]:
    """Return the claims in a file, none without one. Raises: MalformedInput, OSError."""
    claims = decode(path.read_bytes()) if path else {}
    if not isinstance(claims, dict):
        raise MalformedInput(f"{path} is no JSON object of claims")
    return claims


def _read_records(submission: Path) -> list[Record]:
    """Return the records of a signed submission; its first line is the statement."""
    rows = [decode(line) for line in submission.read_bytes().splitlines()[1:]]
    return [decode_record(row["record"]) for row in rows if isinstance(row, dict)]


def _apply_seal(options: _ApplyOptions) -> int:
    now = int(time.time())
    files.write(options.output, _seal_document(options, now))
    note(f"{options.output}: sealed. What counts is the anchor of its record, not the time that it states.")
    registered_seal = RegisteredSeal.read_beside(options.seal)
    if registered_seal is None:
        note(
            f"{options.seal} was not registered from here, so there are no rows: `shunzheng seal register` first."
        )
        return 0
    sealing_row = make_sealing_row(registered_seal, options.output, now, options.issuer)
    rows = [sealing_row]
    if options.licence:
        licence_row = decode(options.licence.read_bytes())
        if not isinstance(licence_row, dict):
            raise MalformedInput(f"{options.licence} is not one row, a JSON object")
        rows.append(add_sealing(licence_row, sealing_row))
    else:
        link = encode_canonical({"rel": SEALED_BY, "identifier": sealing_row["identifier"]})
        note(f"The row of the certificate links to it: {link.decode()}")
    lines_text = "\n".join(encode_canonical(row).decode() for row in rows)
    if options.rows:
        files.write(options.rows, lines_text.encode() + b"\n")
    else:
        show_encoded(lines_text)
    return 0


def _seal_document(options: _ApplyOptions, now: int) -> bytes:
    """Return the sealed document. Raises: MalformedInput where it would not verify: the signer may not use the seal."""
    seal_bytes = options.seal.read_bytes()
    seal, signer = (
        decode_seal(seal_bytes),
        read_holder(options.certificate, open_signer(options)),
    )
    stamps = []
    if options.stamp:
        page, x, y = options.stamp
        stamps.append(Stamp(str(page), x, y, seal.picture.width, seal.picture.height))
    sealed_document = apply_seal(options.document.read_bytes(), seal_bytes, signer, now, stamps)
    for signature_report in inspect(sealed_document).signatures:
        if signature_report.verdict is Verdict.INVALID:
            raise MalformedInput(f"nothing was sealed: {signature_report.reason.en}")
        if leave_unknown("references", "look_added") in signature_report.checks:
            note(f"{options.output}: {_COVER_WARNING.format(signature_report.signer or 'somebody')}")
    return sealed_document


def _parse_moment(text: str) -> str:
    """Return the moment that a person names. Raises: argparse.ArgumentTypeError."""
    try:
        if len(text) == _DATE_CHARS:
            return format_time(find_day_bounds(parse_date(text))[0])
        return format_time(parse_time(text))
    except MalformedInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _show_uses(options: _UsesOptions) -> int:
    check_seal(options.identifier, advice=_TRACE_OTHERS)
    with NodeClient(options.node, read_token(options), ca_file=options.ca_file) as node:
        uses = list(node.fetch_uses(options.identifier, options.after, options.before))
    if options.json:
        show_json({"identifier": options.identifier, "uses": uses})
        return 0
    for use in uses:
        anchor = use.get("anchor")
        moment = (
            f"{anchor['time']} (#{anchor['sequence']})" if anchor else f"not anchored yet ({use['state']})"
        )
        say(f"{moment}  {use['record']['identifier']}  {' '.join(use['certificates'])}".rstrip())
    note(f"{len(uses):,} sealings")
    return 0
