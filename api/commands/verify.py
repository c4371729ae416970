"""`shunzheng verify`: verify documents or claims against their proof."""

import argparse
import base64
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from api import files
from api.client.options import add_source, check_source
from api.console import EXIT_CODES, say, show_json, suited_language
from api.limits import MAX_AGE_SECONDS, MAX_VERIFY_BYTES
from api.node.policies import DEFAULT, find_policy, policy_names
from api.parsers import Commands
from api.rendering.text import VerificationJson, verification_text
from ledger.documents.carriers import ALTERED, Carried, restore
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import decode as decode_json
from ledger.encoding.times import parse_time
from ledger.errors import LimitExceeded, MalformedInput
from ledger.verification.reasons import Verdict
from ledger.verification.verify import Policy, verify


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "verify",
        description="Exit codes: 0 valid, 10 not current, 11 invalid, 12 unverifiable; 1 where nothing was verified.",
    )
    command.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="documents; the proof of NAME lies beside it as NAME.proof.json, or inside it",
    )
    command.add_argument(
        "--proof", metavar="FILE", help="the proof, if it lies elsewhere; or the SZ1: code itself"
    )
    command.add_argument(
        "--claims", type=Path, help="JSON object of the values to compare, by the names of their claims"
    )
    add_source(command, "the node that verifies, from what it knows itself")
    command.add_argument("--at", metavar="TIME", help="with --snapshot: judge as of this moment")
    command.add_argument(
        "--trust-list",
        type=Path,
        metavar="F",
        help="with --snapshot: whose seals and certificates this city accepts",
    )
    age = command.add_mutually_exclusive_group()
    age.add_argument("--max-age", type=_seconds, metavar="SECONDS", help="how old the knowledge may be")
    age.add_argument(
        "--policy", metavar="NAME", help="the same by use: counter, high-value, field, or the node's own"
    )
    command.add_argument(
        "--lang",
        choices=("zh", "en"),
        default=suited_language(),
        help="default: zh, or en where the console has no Chinese",
    )
    command.add_argument("--json", action="store_true", help="the whole report, for programs")
    command.set_defaults(run=_verify)


def _seconds(text: str) -> int:
    """Return a number of seconds. Raises: argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_AGE_SECONDS:
        raise argparse.ArgumentTypeError(f"a whole number of seconds from 0 to {MAX_AGE_SECONDS:,}")
    return int(text)


def _verify(args: argparse.Namespace) -> int:
    check_source(args, "at", "trust_list")
    report = _verify_here(args) if args.snapshot else _ask_node(args)
    if args.json:
        show_json(report)
    else:
        say(verification_text(report, args.lang))
    return EXIT_CODES[Verdict(report["verdict"])]


def _ask_node(args: argparse.Namespace) -> VerificationJson:
    """Let the node verify."""
    documents = [files.read(path) for path in args.files]
    proof = _proof(args, map(restore, documents))
    body = request_body(proof, documents, _claims(args), args.max_age, args.policy)
    if len(body) > MAX_VERIFY_BYTES:
        raise LimitExceeded(
            f"this takes {len(body):,} bytes to send, of which a node takes {MAX_VERIFY_BYTES:,}: present fewer documents, "
            "or verify without a node (--snapshot, --trust)"
        )
    from api.client.client import NodeClient  # loads an HTTP library, which a snapshot does without

    with NodeClient(args.node) as node:
        return node.verify(body)


def _verify_here(args: argparse.Namespace) -> VerificationJson:
    """Verify here, from a snapshot alone."""
    from api.client.offline import open_snapshot
    from api.documents import open_papers
    from ledger.documents.certificates.trust_list import decode_trust_list

    policy = Policy(max_age=args.max_age) if args.max_age is not None else find_policy(args.policy or DEFAULT)
    if policy is None:
        raise MalformedInput(f"there is no policy {args.policy!r}; known are {', '.join(policy_names())}")
    documents = [files.read(path) for path in args.files]
    accepted = (
        files.read_decoded(args.trust_list, "trust-list", decode_trust_list) if args.trust_list else None
    )
    papers = open_papers(documents, _claims(args), accepted)
    proof = _proof(args, (document.carried for document in papers.documents)).encode()
    with files.naming("--at"):
        now = int(time.time()) if args.at is None else parse_time(args.at)
    with open_snapshot(args.snapshot, args.trust) as trust:
        report = verify(papers.presented, proof, trust, now, policy)
    return cast(VerificationJson, papers.with_report(report))


def request_body(
    proof: str, documents: list[bytes], claims: Json, max_age: int | None = None, policy: str | None = None
) -> bytes:
    """Return the body of `POST /v1/verify`; the proof travels as text, exactly as it was found."""
    body: dict[str, Json] = {"proof": proof}
    if documents:
        body["documents"] = [base64.b64encode(document).decode("ascii") for document in documents]
    if claims:
        body["claims"] = claims
    if max_age is not None:
        body["max_age"] = max_age
    if policy is not None:
        body["policy"] = policy
    return json.dumps(body, ensure_ascii=False).encode()


def _proof(args: argparse.Namespace, documents: Iterable[Carried]) -> str:
    """Return the proof that was named, or that lies beside a document, or that travelled inside one."""
    if args.proof:
        return files.read_proof_text(args.proof)
    if not args.files:
        raise MalformedInput("nothing to verify: name a document, or a proof with --proof")
    beside = [files.beside(path) for path in args.files]
    for path in beside:
        if path.exists():
            return files.read_proof_text(str(path))
    spoilt = ""
    for path, document in zip(args.files, documents, strict=True):
        if document.altered:
            spoilt = f", and {path}: {ALTERED}"
        if document.proof is not None:
            return document.proof.encode().decode()
    raise FileNotFoundError(
        f"{beside[0]} does not exist{spoilt or ', and no document carries a proof'}: name the proof with --proof "
        "(the holder has it; `shunzheng proof` exports it)"
    )


def _claims(args: argparse.Namespace) -> dict[str, Json]:
    if args.claims is None:
        return {}
    values = files.read_decoded(args.claims, "claims", decode_json)
    if not isinstance(values, dict):
        raise MalformedInput(f"{args.claims} must hold one JSON object of claims by name")
    return values
