"""`shunzheng`, the command line.

Exit codes: 0 done or valid, 1 failed, 2 usage, 10 not current, 11 invalid, 12 unverifiable.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Final

from anchoring.errors import AnchoringError, SubmissionRefused
from api.client import NodeError
from api.console import note
from api.settings import SettingsError
from ledger.errors import LedgerError, SnapshotRefused

#: The module of each command. Only that of the given one is imported: the chain's libraries take a second to load.
COMMANDS: Final = {
    "demo": "demo",
    "init": "nodes",
    "node": "nodes",
    "devnet": "devnet",
    "keys": "keys",
    "submit": "submit",
    "proof": "certificates",
    "trace": "certificates",
    "refresh": "refresh",
    "status": "status",
    "verify": "verify",
    "checkpoint": "checkpoints",
    "snapshot": "snapshots",
    **dict.fromkeys(
        (
            "renew",
            "amend",
            "transfer",
            "suspend",
            "resume",
            "cancel",
            "revoke",
            "withdraw",
            "void",
            "reinstate",
        ),
        "life",
    ),
    "inspect": "inspect",
    "seal": "seal",
    "attach": "carriers",
    "detach": "carriers",
    "token": "tokens",
    "receipts": "receipts",
    "audit": "audit",
    "recover": "recover",
    "chain": "chain",
}


def parser(modules: Iterable[str] = COMMANDS.values()) -> argparse.ArgumentParser:
    """Return the parser of the commands of `modules`; of the whole command line by default."""
    top = argparse.ArgumentParser(
        prog="shunzheng",
        description="Register, anchor and verify electronic licences, e-seals and e-signatures 顺证.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND [OPTION…]")
    for module in dict.fromkeys(modules):
        import_module(f"api.commands.{module}").add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    module = COMMANDS.get(given[0]) if given else None
    args = (parser([module]) if module else parser()).parse_args(given)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        note("stopped")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except SubmissionRefused as error:
        note(f"shunzheng: {error}")
        for row in error.rows:
            note(f"  row {row.row}: {row.message}")
        return 1
    except SnapshotRefused as error:
        note(f"shunzheng: the snapshot is refused ({error.reason}): {error}")
        return 1
    except (LedgerError, AnchoringError, NodeError, SettingsError, OSError) as error:
        note(f"shunzheng: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
