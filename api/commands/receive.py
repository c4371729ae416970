"""`shunzheng receive`: register a certificate that another city transferred here."""

import time
from pathlib import Path
from typing import Final, Protocol

import orjson

from api import files
from api.client.client import NodeClient
from api.client.options import add_node
from api.console import note, say, show_encoded, show_json
from api.department.actions import confirm_signing
from api.department.rows.acceptance import add_accept, require_accepted
from api.department.rows.content import ContentOptions, add_version, read_content
from api.department.rows.receiving import find_transfer, make_received_row
from api.department.sending import ask_target, check_key, prepare_rows
from api.department.waiting import EXIT_CODE_WORDS, add_wait, judge_waiting
from api.parsers import Commands, add_catalogue, add_json
from api.signing.options import SignerOptions, add_signer, open_signer
from ledger.encoding.canonical import encode_canonical
from ledger.encoding.times import find_civil_date
from ledger.errors import MalformedInput
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof
from ledger.records.claims import is_document

#: What a verification of the old certificate has to come to.
_TRANSFERRED: Final = "transferred"


class _ReceiveOptions(SignerOptions, ContentOptions, Protocol):
    proof: str
    node: str
    ca_file: Path | None
    issuer: str
    accept: list[str]
    dry_run: bool
    yes: bool
    wait: int
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "receive",
        description="The old certificate is verified by the node of the new city: it must be transferred, and into its log. "
        "The new one has the claims and days of the old one, but for those that are named here, an identifier of this "
        "issuer, and a link to the transfer; documents and seals it has of its own. Exit codes: 0 handed in, or shown by "
        f"--dry-run; 1 where it was not; {EXIT_CODE_WORDS}.",
    )
    command.add_argument(
        "proof",
        metavar="PROOF",
        help="of the old certificate, exported with all claims once its transfer was anchored",
    )
    command.add_argument("--issuer", required=True, metavar="CODE", help="credit code of who issues it here")
    add_version(command)
    add_signer(command, "private key of the department")
    add_node(command, "the node of the city that it goes to")
    command.add_argument(
        "--dry-run", action="store_true", help="do all but sign and hand in, and show the row"
    )
    add_accept(command)
    add_catalogue(command)
    command.add_argument("--yes", action="store_true", help="do not ask before signing")
    add_wait(command)
    add_json(command)
    command.set_defaults(run=_receive, title=None, text=None, until=None, to=None)


def _receive(options: _ReceiveOptions) -> int:
    proof = _read_proof(options.proof)
    with NodeClient(options.node, ca_file=options.ca_file) as node:
        target = ask_target(node)
        transfer_proof = find_transfer(proof, target.log)
        _require_transferred(node, proof, target.log)
        row = make_received_row(proof, transfer_proof, options.issuer, read_content(options))
        signer = open_signer(options)
        check_key(node, signer)
        today = find_civil_date(int(time.time()))
        prepared_rows = prepare_rows([(1, row)], target, Path(), "receive", today=today)
        with prepared_rows.unsigned_draft:
            note(f"转入 receive: {proof.record.identifier} → {row['identifier']}")
            require_accepted(prepared_rows.unsigned_draft.warnings, options.accept)
            if options.dry_run:
                show_encoded(encode_canonical(row).decode())
                return 0
            if not (options.yes or confirm_signing()):
                note("Nothing was signed.")
                return 1
            answer = prepared_rows.send(node, signer, options.wait)
    if options.json:
        show_json({"identifier": row["identifier"], "submission": answer})
    else:
        say(f"已登记 accepted: {row['identifier']} in submission {answer['id']}, state {answer['state']}")
    return judge_waiting([answer], options.wait)


def _read_proof(source: str) -> Proof:
    with files.naming(source, "proof"):
        return decode_presented(files.read_proof_text(source).encode())


def _require_transferred(node: NodeClient, proof: Proof, log: str) -> None:
    """Check at the node that the old certificate is genuine and went into this log. Raises: MalformedInput, NodeError."""
    values = proof.disclosure.values if proof.disclosure else {}
    claims = {name: value for name, value in values.items() if not is_document(name)}
    report = node.verify(orjson.dumps({"proof": proof.encode().decode(), "claims": claims}))
    if report["reason"] != _TRANSFERRED:
        raise MalformedInput(
            f"{proof.record.identifier} cannot be received: {report['words']['zh']} {report['words']['en']}: "
            f"{report['reason_words']['en']}. {report['advice']['zh']} {report['advice']['en']}"
        )
    # That it was transferred follows from the chain; where it goes says only the attached record, which may be forged.
    if report.get("status", {}).get("moved_to") != log:
        raise MalformedInput(
            f"{proof.record.identifier} cannot be received: nothing confirms the transfer 转出 into {log} that its proof "
            "carries: ask the city that transferred it for a proof"
        )
