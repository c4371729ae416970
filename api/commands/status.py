"""`shunzheng status`: what the status of a certificate was on a day of the past."""

import argparse
from typing import Any, Final

from api import files
from api.client.sources import add_source, check_source
from api.console import say, show_json
from ledger.proof.paper import decode_presented
from ledger.proof.proof import Proof
from ledger.verification.past import Then, past_on

EXIT_CODES: Final = {
    Then.INVALID: 11,
    Then.UNKNOWN: 12,
    Then.NOT_REGISTERED: 10,
    Then.NOT_IN_FORCE: 10,
    Then.IN_FORCE: 0,
}
_ANCHORS: Final = (
    ("since", "自锚定", "set by anchor"),
    ("known", "截至锚定", "as of anchor"),
    ("until", "其后改变于锚定", "changed by anchor"),
)


def add(commands: Any) -> None:
    command = commands.add_parser(
        "status",
        description="The answer is what was anchored by then. Document and claims are not compared: `verify` does that. "
        "Exit codes: 0 in force throughout, 10 not, 11 the proof does not verify, 12 cannot tell.",
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
        help="YYYY-MM-DD, the whole day in Asia/Shanghai: the status at its first and at its last second; or a moment "
        "YYYY-MM-DDTHH:MM:SSZ",
    )
    add_source(command, "any city's node, which answers from what it knows")
    command.add_argument("--lang", choices=("zh", "en"), default="zh", help="default: zh")
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    check_source(args)
    proof = files.proof_text(args.proof)
    with files.naming(args.proof, "proof"):
        decoded = decode_presented(proof.encode())
    if args.node:
        from api.client.client import NodeClient  # loads an HTTP library, which a snapshot does without

        with NodeClient(args.node) as node:
            found = node.past_status(proof, args.at)
    else:
        found = _own(args, decoded)
    if args.json:
        show_json(found)
    else:
        say(in_words(found, args.lang))
    return exit_code(found)


def _own(args: argparse.Namespace, proof: Proof) -> Any:
    """Answer here, from a snapshot alone."""
    from api.client.offline import (
        opened,  # loads the libraries of databases, which asking a node does without
    )

    with opened(args.snapshot, args.trust) as trust:
        start, end = past_on(proof, trust, args.at)
    return {"start": start.to_json(), "end": end.to_json()}


def exit_code(found: dict[str, Any]) -> int:
    """Return the exit code of the worse end of the day: what does not verify, what is not known, what was not in force."""
    thens = {Then(found[end]["then"]) for end in ("start", "end")}
    return next(code for then, code in EXIT_CODES.items() if then in thens)


def in_words(found: dict[str, Any], lang: str) -> str:
    """Return both ends of the day in words, or one where they are the same."""
    start, end = found["start"], found["end"]
    timeless = [{name: value for name, value in past.items() if name != "at"} for past in (start, end)]
    same = timeless[0] == timeless[1]
    return "\n".join(line for past in ([end] if same else [start, end]) for line in _lines(past, lang))


def _lines(past: dict[str, Any], lang: str) -> list[str]:
    at = {"zh": "时刻", "en": "at"}[lang]
    lines = [f"{past['words'][lang]} ({at} {past['at']})", f"  {past['reason_words'][lang]}"]
    for name, zh, en in _ANCHORS:
        anchor = past.get(name)
        if anchor:
            words = {"zh": zh, "en": en}[lang]
            lines.append(
                f"  {words} {anchor['sequence']}, n {anchor['n']}, block {anchor['block']}, {anchor['time']}"
            )
    if "newest" in past:
        lines.append(f"  {({'zh': '本地所知截至', 'en': 'known up to'})[lang]} {past['newest']}")
    return lines
