"""`shunzheng signer test`: say whether a signer can sign, and how it has to be asked."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, get_args

from api.console import note, say, show_json
from api.parsers import Commands, add_json
from ledger.crypto.keys import Signer

if TYPE_CHECKING:
    from api.signing.signers import OutsideSigner

#: Begins what is signed in a test, so that it is a signature of nothing else; ASCII, as some programs want it.
_CHALLENGE_HEAD: Final = b"shunzheng signer test "
_CHALLENGE_BYTES: Final = 32


class _TestOptions(Protocol):
    signer: Path
    json: bool


def add(commands: Commands) -> None:
    topic = commands.add_parser("signer")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")
    parser = actions.add_parser(
        "test",
        help="let a signer sign a random challenge, as a message and as a digest",
        description="What it signs is good for nothing else. Every answer is verified with the registered key. Exit codes: "
        "0 it signs as its file says, 1 it does not.",
    )
    parser.add_argument("signer", type=Path, metavar="FILE", help="signer.toml, see docs/signing.md")
    add_json(parser)
    parser.set_defaults(run=_test_signer)


def _test_signer(options: _TestOptions) -> int:
    from api.signing.signers import OutsideSigner, open_settings

    signer = open_settings(options.signer)
    challenge = _CHALLENGE_HEAD + secrets.token_hex(_CHALLENGE_BYTES).encode()
    if isinstance(signer, OutsideSigner):
        configured_mode: str = signer.mode
        outcomes = _try_modes(signer, challenge)
    else:
        signer.sign(challenge)
        configured_mode, outcomes = "file", {"file": {"works": True, "answer": "r‖s"}}
    works = bool(outcomes[configured_mode]["works"])
    if options.json:
        show_json({**_describe_key(signer), "mode": configured_mode, "works": works, "modes": outcomes})
    else:
        for name, text in _describe_key(signer).items():
            say(f"{name:<10} {text}")
        for mode, outcome in outcomes.items():
            say(f"{mode:<10} {'✓' if outcome['works'] else '✗'} {outcome['answer']}")
    if not works:
        _advise(configured_mode, [mode for mode, outcome in outcomes.items() if outcome["works"]])
    return 0 if works else 1


def _try_modes(signer: "OutsideSigner", challenge: bytes) -> dict[str, dict[str, str | bool]]:
    """Return for each mode whether it works, and the form of the answer or what is wrong with it."""
    from api.signing.errors import SignerFailed
    from api.signing.settings import Mode

    outcomes: dict[str, dict[str, str | bool]] = {}
    for mode in get_args(Mode):
        try:
            form = signer.with_mode(mode).read(challenge).form
            outcomes[mode] = {"works": True, "answer": form}
        except SignerFailed as error:
            outcomes[mode] = {"works": False, "reason": error.reason, "answer": str(error)}
    return outcomes


def _describe_key(signer: Signer) -> dict[str, str]:
    key = signer.public
    return {"algorithm": key.algorithm, "key": f"0x{key.id.hex()}", "spki": key.spki.hex()}


def _advise(configured_mode: str, working_modes: list[str]) -> None:
    if working_modes:
        note(
            f'It signs with mode = "{working_modes[0]}", its file says "{configured_mode}": change the file.'
        )
    else:
        note("It signs in neither mode 两种方式均不可用: nothing can be signed with it as it is.")
