"""`shunzheng`, the command line.

Exit codes: 0 done or valid, 1 failed, 2 usage, 3 handed in and not final in the time that was given, 4 a process of a node
that only a person can help, 5 handed in but for rows that came back, 10 not current, 11 invalid, 12 unverifiable.
"""

import argparse
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Final

from anchoring.errors import AnchoringError, SubmissionRefused
from anchoring.processes.logs import make_line_visible
from anchoring.processes.silence import silence_libraries
from api.client.node_error import NodeError
from api.console import describe_error, note, prepare_streams, say, show_json
from api.node.errors import SettingsError
from api.parsers import Commands
from api.signing.errors import SignerFailed
from api.words import ACTION_PURPOSES, ACTION_WORDS, NOTE_PURPOSES, NOTE_WORDS
from ledger.encoding.canonical import Json
from ledger.errors import LedgerError, PocketRefused, SnapshotRefused

#: The module of each command, and what the command is for. Only the module of the given one is imported: the chain's
#: libraries take a second to load.
COMMANDS: Final = {
    "demo": ("demo", "play the whole story with a development chain and two cities"),
    "init": ("nodes", "lay out the directory of a node"),
    "node": ("nodes", "run a city's node"),
    "devnet": ("devnet", "run a development chain; for trials only"),
    "keys": ("keys", "make and show signing keys"),
    "signer": ("signers", "test what signs where the key is 签名设备: a program, a signing server, a token"),
    "submit": ("submit", "sign records and hand them in to the city's node"),
    "import": (
        "imports",
        "check, register and follow tables of a department as they are: Excel, CSV, web pages",
    ),
    "proof": ("certificates", "export the proof of a certificate from its city's node"),
    "find": ("find", "say which certificate a number, document, code or identifier means"),
    "trace": ("trace", "show everything that became of a certificate, and check that nothing was left out"),
    "search": ("search", "list the records of a register by what they state and who signed them"),
    "figures": ("search", "count the records of a register by month, type and issuer"),
    "refresh": ("refresh", "give proofs their newest staple, from any city's node"),
    "status": ("status", "what the status of a certificate was on a day of the past"),
    "verify": ("verify", "verify documents or claims against their proof"),
    "checkpoint": ("checkpoints", "sign, show and compare checkpoints of the registry"),
    "snapshot": ("snapshots", "export, import and show snapshots for verifying offline"),
    **{
        action: ("life", f"{ACTION_WORDS[action].zh}: {purpose}")
        for action, purpose in ACTION_PURPOSES.items()
    },
    "receive": ("receive", "转入: register a certificate that another city transferred here"),
    **{name: ("life", f"{NOTE_WORDS[name].zh}: {purpose}") for name, purpose in NOTE_PURPOSES.items()},
    "inspect": ("inspect", "verify the seals and signatures in a document, without any node"),
    "catalogue": ("catalogue", "证照目录: list and show types, seals and errands; check a city's folder"),
    "seal": ("seal", "电子印章: make, register, apply and destroy seals; what one sealed"),
    "paper": (
        "paper",
        "make the code of a certificate 二维码, to be printed: a page (pdf, svg) or a picture (png)",
    ),
    "attach": ("carriers", "put a proof inside an OFD or an unsigned PDF document"),
    "detach": ("carriers", "take the proof out of a document; the registered bytes come back"),
    "token": ("tokens", "give out and revoke access tokens of a node"),
    "erase": ("erase", "destroy on order what a register discloses of a person or a certificate"),
    "receipts": ("receipts", "check what became of a node's promises"),
    "audit": ("audit", "check everything that a node holds against the chain and against itself"),
    "reconcile": ("reconcile", "find where two replicas, or a replica and a chain, tell different stories"),
    "recover": ("recover", "take back what a register restored from a backup has lost"),
    "chain": ("chain", "deploy the registry and govern it"),
}
PACKAGE_NAME: Final = "shunzheng"
MODULE_NAMES: Final = tuple(dict.fromkeys(module_name for module_name, _ in COMMANDS.values()))


def build_parser(modules: Iterable[str] = MODULE_NAMES) -> argparse.ArgumentParser:
    """Return the parser of the commands of `modules`; of the whole command line by default."""
    main_parser, commands = _build_main_parser()
    for module_name in modules:
        import_module(f"api.commands.{module_name}").add(commands)
    return main_parser


def build_overview() -> argparse.ArgumentParser:
    """Return the parser that knows no more of the commands than their names and what each is for."""
    main_parser, commands = _build_main_parser()
    for name, (_, purpose) in COMMANDS.items():
        commands.add_parser(name, help=purpose)
    return main_parser


def _build_main_parser() -> tuple[argparse.ArgumentParser, Commands]:
    main_parser = argparse.ArgumentParser(
        prog="shunzheng",
        description="Register, anchor and verify electronic licences, e-seals and e-signatures 顺证.",
    )
    main_parser.add_argument(
        "--version", action=_ShowVersion, nargs=0, help="show the version of this program and exit"
    )
    return main_parser, main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND [OPTION…]")


class _ShowVersion(argparse.Action):
    """Print the version as the installed package states it; it is looked up only where somebody asks."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        from importlib.metadata import PackageNotFoundError, version  # takes longer to load than the commands

        try:
            say(f"{PACKAGE_NAME} {version(PACKAGE_NAME)}")
        except PackageNotFoundError:
            say(f"{PACKAGE_NAME}, which is not installed here and has no version")
        parser.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    prepare_streams()
    silence_libraries()
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what it says of strange files is in our reports
    try:
        try:
            return _run_command(sys.argv[1:] if arguments is None else list(arguments))
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        note("stopped")
        return 130
    except OSError as error:  # of standard output: whoever read has enough, or there is no room
        if not isinstance(error, BrokenPipeError):
            note(f"shunzheng: {describe_error(error)}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to say goes nowhere
        return 1


def _run_command(arguments: list[str]) -> int:
    is_known = bool(arguments) and arguments[0] in COMMANDS
    command = arguments[0] if is_known else build_overview().parse_args(arguments).command
    options = build_parser([COMMANDS[command][0]]).parse_args(arguments)
    try:
        if getattr(options, "catalogue", None) is not None:
            from anchoring.catalogue.chosen import choose_catalogue  # most commands need none

            choose_catalogue(options.catalogue)
        return int(options.run(options))
    except BrokenPipeError:
        raise
    except (LedgerError, AnchoringError, NodeError, SettingsError, SignerFailed, OSError) as error:
        return _report_failure(error, as_json=getattr(options, "json", False))


def _report_failure(error: Exception, *, as_json: bool) -> int:
    """Say what is wrong, to people on standard error, with `--json` to programs on standard output too."""
    message, reason = describe_error(error), ""
    rows: list[Json] = []
    if isinstance(error, SnapshotRefused):
        refused_noun = "pocket 随身凭据" if isinstance(error, PocketRefused) else "snapshot"
        message, reason = f"the {refused_noun} is refused ({error.reason}): {error}", error.reason
    elif isinstance(error, NodeError):
        reason = error.problem
        rows = [{"row": row["row"], "message": row["message"]} for row in error.rows]
    elif isinstance(error, SubmissionRefused):
        reason = error.problem
    elif isinstance(error, SignerFailed):
        reason = error.reason
    # A node says several sentences, a line each; the message of anything else has one line, whatever names are in it.
    lines = message.split("\n") if isinstance(error, NodeError) else [message]
    note("\n".join(map(make_line_visible, [f"shunzheng: {lines[0]}", *lines[1:]])))
    if isinstance(error, SubmissionRefused):
        rows = [{"row": row.row_number, "message": row.message} for row in error.row_errors]
        for row in error.row_errors:
            note(make_line_visible(f"  row {row.row_number}: {row.message}"))
    if as_json:
        show_json({"error": message, "reason": reason, "rows": rows})
    return 1


if __name__ == "__main__":
    sys.exit(main())
