"""`shunzheng status`: what the status of a certificate was on a day of the past."""

from typing import Final, Protocol, cast

from api import files
from api.client.options import SnapshotSource, SourceOptions, add_source, choose_source
from api.console import add_language, say, show_json
from api.parsers import Commands, add_json
from api.rendering.text import PastDayJson, describe_past_day
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof
from ledger.verification.past import PastStanding, judge_past_span
from ledger.words import Language

EXIT_CODES: Final = {
    PastStanding.INVALID: 11,
    PastStanding.UNKNOWN: 12,
    PastStanding.NOT_IN_FORCE: 10,
    PastStanding.NOT_REGISTERED: 13,
    PastStanding.IN_FORCE: 0,
}


class _StatusOptions(SourceOptions, Protocol):
    proof: str
    at: str
    lang: Language
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "status",
        description="The answer is what was anchored by then. Document and claims are not compared: `verify` does that. "
        "Exit codes: 0 in force throughout, 10 not in force for some time, 11 the proof does not verify, 12 cannot tell, "
        "13 not registered yet for some time, and never out of force.",
    )
    command.add_argument(
        "proof",
        metavar="FILE",
        help="the proof, the document inside or beside which it is, or the SZ1: code itself",
    )
    command.add_argument(
        "--at",
        required=True,
        metavar="DATE",
        help="YYYY-MM-DD, the whole day in Asia/Shanghai: what was the case during it, from when to when; or a moment "
        "YYYY-MM-DDTHH:MM:SSZ",
    )
    add_source(command, "any city's node, which answers from what it knows")
    add_language(command)
    add_json(command)
    command.set_defaults(run=_show_status)


def _show_status(options: _StatusOptions) -> int:
    source = choose_source(options)
    proof_text = files.read_proof_text(options.proof)
    with files.naming(options.proof, "proof"):
        proof = decode_presented(proof_text.encode())
    if isinstance(source, str):
        from api.client.client import NodeClient  # loads an HTTP library, which a snapshot does without

        with NodeClient(source, ca_file=options.ca_file) as node:
            past_day = node.fetch_past_status(proof_text, options.at)
    else:
        past_day = _judge_by_snapshot(source, proof, options.at)
    if options.json:
        show_json(past_day)
    else:
        say(describe_past_day(past_day, options.lang))
    return find_exit_code(past_day)


def _judge_by_snapshot(source: SnapshotSource, proof: Proof, moment: str) -> PastDayJson:
    """Answer here, from a snapshot alone."""
    from api.client.offline import (
        open_snapshot,  # loads the libraries of databases, which asking a node does without
    )

    with open_snapshot(source.snapshot_path, source.trust_path) as trust:
        past_span = judge_past_span(proof, trust, moment)
    return cast(PastDayJson, past_span.to_json())


def find_exit_code(past_day: PastDayJson) -> int:
    """Return the exit code of the worst of the day: what does not verify, what is not known, what was not in force."""
    standings = {PastStanding(past["then"]) for past in past_day["during"]}
    return next(code for standing, code in EXIT_CODES.items() if standing in standings)
