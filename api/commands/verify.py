"""`shunzheng verify`: verify documents or claims against their proof."""

import argparse
import base64
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import NoReturn, Protocol, cast

from api import files
from api.client.options import SourceOptions, add_source, choose_source
from api.console import EXIT_CODES, add_language, note, say, show_json
from api.limits import MAX_AGE_SECONDS, MAX_VERIFY_BYTES
from api.node.policies import DEFAULT, find_policy, list_policy_names
from api.parsers import Commands, add_catalogue, add_json
from api.rendering.text import VerificationJson, describe_verification
from ledger.documents.carriers import ALTERED_MESSAGE, RestoredDocument, require_one_certificate, restore
from ledger.encoding.canonical import Json
from ledger.encoding.canonical import decode as decode_json
from ledger.encoding.times import parse_time
from ledger.errors import LimitExceeded, MalformedInput
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof
from ledger.registry.trust import Trust
from ledger.verification.reasons import Verdict
from ledger.verification.verify import Policy, verify
from ledger.words import Language


class _VerifyOptions(SourceOptions, Protocol):
    files: list[Path]
    proof: str | None
    claims: Path | None
    at: str | None
    trust_list: Path | None
    issuer_names: Path | None
    max_age: int | None
    policy: str | None
    lang: Language
    original: Path | None
    json: bool
    refuse_usage: Callable[[str], NoReturn]


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
    command.add_argument(
        "--original",
        type=Path,
        metavar="FILE",
        help="where something was added to a registered document: write here what was registered",
    )
    add_source(command, "the node that verifies, from what it knows itself", has_pockets=True)
    command.add_argument("--at", metavar="TIME", help="without a node: judge as of this moment")
    command.add_argument(
        "--trust-list",
        type=Path,
        metavar="F",
        help="without a node: whose seals and certificates this city accepts",
    )
    command.add_argument(
        "--issuer-names",
        type=Path,
        metavar="F",
        help="without a node: JSON object of credit codes and names, as the first line is to call issuers",
    )
    age_group = command.add_mutually_exclusive_group()
    age_group.add_argument(
        "--max-age", type=_parse_seconds, metavar="SECONDS", help="how old the knowledge may be"
    )
    age_group.add_argument(
        "--policy", metavar="NAME", help="the same by use: counter, high-value, field, or the node's own"
    )
    add_catalogue(command)
    add_language(command)
    add_json(command, "the whole report, for programs")
    command.set_defaults(run=_verify, refuse_usage=command.error)


def _parse_seconds(text: str) -> int:
    """Return a number of seconds. Raises: argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_AGE_SECONDS:
        raise argparse.ArgumentTypeError(f"a whole number of seconds from 0 to {MAX_AGE_SECONDS:,}")
    return int(text)


def _verify(options: _VerifyOptions) -> int:
    report = _verify_from_source(options)
    if options.original is not None:
        _write_original(options, report)
    if options.json:
        show_json(report)
    else:
        say(describe_verification(report, options.lang))
    return EXIT_CODES[Verdict(report["verdict"])]


def _write_original(options: _VerifyOptions, report: VerificationJson) -> None:
    """Write the registered document that an extended one begins with; say so where there is none."""
    evidence = report["steps"][1].get("evidence", {})
    if report["steps"][1]["reason"] != "document_extended" or options.original is None:
        note("no registered document stands inside another one here: nothing was written")
        return
    document_number, size = evidence["document"], evidence["original_size"]
    assert isinstance(document_number, int)
    assert isinstance(size, int)
    document = restore(files.read(options.files[document_number - 1])).document
    files.write(options.original, document[:size])
    note(f"{options.original}: the registered document, {size:,} bytes")


def _verify_from_source(options: _VerifyOptions) -> VerificationJson:
    """Verify with a node, a snapshot, or the pocket of the proof and a trust file alone."""
    from api.client.offline import open_pocket, open_snapshot

    if options.node is None and options.snapshot is None:
        trust_path = options.trust
        if trust_path is None:
            options.refuse_usage(
                "name who knows the registry: --node, or --snapshot with --trust, or --trust alone where the proof has a "
                "pocket 随身凭据"
            )
        return _verify_here(
            options, lambda proof_bytes: nullcontext(open_pocket(decode_presented(proof_bytes), trust_path))
        )
    source = choose_source(
        options, at=options.at, trust_list=options.trust_list, issuer_names=options.issuer_names
    )
    if isinstance(source, str):
        return _verify_by_node(options, source)
    return _verify_here(options, lambda _: open_snapshot(source.snapshot_path, source.trust_path))


def _verify_by_node(options: _VerifyOptions, url: str) -> VerificationJson:
    """Let the node verify."""
    documents = [files.read(path) for path in options.files]
    proof = _find_proof(options, map(restore, documents))
    body = request_body(proof, documents, _read_claims(options), options.max_age, options.policy)
    if len(body) > MAX_VERIFY_BYTES:
        raise LimitExceeded(
            f"this takes {len(body):,} bytes to send, of which a node takes {MAX_VERIFY_BYTES:,}: present fewer documents, "
            "or verify without a node (--snapshot, --trust)"
        )
    from api.client.client import NodeClient  # loads an HTTP library, which a snapshot does without

    with NodeClient(url, ca_file=options.ca_file) as node:
        return node.verify(body)


def _verify_here(
    options: _VerifyOptions, open_trust: Callable[[bytes], AbstractContextManager[Trust]]
) -> VerificationJson:
    """Verify here, without a node; `open_trust` is given the bytes of the proof."""
    from api.documents import open_papers
    from api.node.issuer_names import load_issuer_names
    from ledger.documents.certificates.trust_list import decode_trust_list

    policy = (
        Policy(max_age_seconds=options.max_age)
        if options.max_age is not None
        else find_policy(options.policy or DEFAULT)
    )
    if policy is None:
        raise MalformedInput(
            f"there is no policy {options.policy!r}; known are {', '.join(list_policy_names())}"
        )
    documents = [files.read(path) for path in options.files]
    trust_list = (
        files.read_decoded(options.trust_list, "trust-list", decode_trust_list)
        if options.trust_list
        else None
    )
    papers = open_papers(documents, _read_claims(options), trust_list)
    proof = _find_proof(options, (document.restored_document for document in papers.documents)).encode()
    with files.naming("--at"):
        now = int(time.time()) if options.at is None else parse_time(options.at)
    with open_trust(proof) as trust:
        report = verify(papers.presented_content, proof, trust, now, policy)
    names_by_code = load_issuer_names(options.issuer_names)
    return cast(VerificationJson, papers.with_report(report, issuer_names=names_by_code))


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


def _decode_readable(texts: Iterable[str]) -> Iterator[Proof]:
    """Yield the proofs that can be read; of the others the report says what is wrong."""
    for text in texts:
        with suppress(MalformedInput):
            yield decode_presented(text.encode("utf-8", "surrogatepass"))


def _find_proof(options: _VerifyOptions, documents: Iterable[RestoredDocument]) -> str:
    """Return the proof that was named, or that lies beside a document, or that travelled inside one."""
    if options.proof:
        return files.read_proof_text(options.proof)
    if not options.files:
        raise MalformedInput("nothing to verify: name a document, or a proof with --proof")
    proof_paths = [files.find_proof_path(path) for path in options.files]
    proof_texts = [files.read_proof_text(str(path)) for path in proof_paths if path.exists()]
    alteration_words = ""
    for path, restored_document in zip(options.files, documents, strict=True):
        if restored_document.is_altered:
            alteration_words = f", and {path}: {ALTERED_MESSAGE}"
        if restored_document.proof is not None:
            proof_texts.append(restored_document.proof.encode().decode())
    if proof_texts:
        require_one_certificate(_decode_readable(proof_texts))
        return proof_texts[0]
    raise FileNotFoundError(
        f"{proof_paths[0]} does not exist{alteration_words or ', and no document carries a proof'}: name "
        "the proof with --proof "
        "(the holder has it; `shunzheng proof` exports it)"
    )


def _read_claims(options: _VerifyOptions) -> dict[str, Json]:
    if options.claims is None:
        return {}
    claims = files.read_decoded(options.claims, "claims", decode_json)
    if not isinstance(claims, dict):
        raise MalformedInput(f"{options.claims} must hold one JSON object of claims by name")
    return claims
