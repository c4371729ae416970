"""Acts of the registry from the command line: the options of each, and the act of them.

Nothing here talks to a chain or knows a key of an account.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from anchoring.chain.protocol import RegistryName, parse_address
from api.key_files import add_key_password, open_key
from ledger.crypto.keys import keccak256, public_key
from ledger.crypto.suites import by_name
from ledger.encoding.fields import parse_hex, parse_key_id
from ledger.encoding.times import parse_time
from ledger.errors import MalformedInput
from ledger.records.identifiers import check_credit_code
from ledger.records.records import KINDS
from ledger.registry import acts
from ledger.registry.trust import PURPOSES

_TIME: Final = "YYYY-MM-DDTHH:MM:SSZ"
_PREDECESSOR: Final = {
    "registry": ("NAME", "the registry in which the log was before"),
    "log": ("LOG", "what it was called there"),
    "n": ("N", "the last event there"),
    "head": ("0x…", "the head of the registry after that event"),
    "size": ("RECORDS", "how many records the log had"),
    "status_root": ("0x…", "the root of its statuses; 32 zero bytes where it had no record"),
}

#: From the options and the sender's address to the act.
Build = Callable[[argparse.Namespace, str], acts.Act]
#: From a name of the act, its help and its builder to a parser that has the options of every act.
Parser = Callable[[str, str, Build], argparse.ArgumentParser]


def add_province(parser: Parser) -> None:
    """Declare the acts of the province."""
    log = parser("admit-log", "admit a city's log (province)", admit_log)
    _log(log)
    log.add_argument("--suite", choices=("sm3", "sha256"), default="sm3", help="of its trees; default: sm3")
    log.add_argument("--admin", metavar="ADDRESS", required=True, help="who governs the log")
    log.add_argument(
        "--division", action="append", required=True, metavar="CODE", help="six digits; may be repeated"
    )
    before = log.add_argument_group(
        "predecessor", "the log goes on where one of another registry ended: all or none"
    )
    for name, (metavar, explained) in _PREDECESSOR.items():
        before.add_argument(f"--predecessor-{name.replace('_', '-')}", metavar=metavar, help=explained)

    division = parser(
        "assign-division", "give a division to a log, or take it from all (province)", assign_division
    )
    division.add_argument("--division", required=True, metavar="CODE", help="six digits")
    holder = division.add_mutually_exclusive_group(required=True)
    holder.add_argument("--log", help="who gets it")
    holder.add_argument("--no-log", action="store_true", help="nobody has it any more")

    issuer = parser("assign-issuer", "assign or move any issuer (province)", assign_issuer)
    _log(issuer)
    issuer.add_argument("--issuer", required=True, metavar="CODE", help="credit code of the issuer")

    admin = parser("replace-admin", "put another admin in place (province)", replace_admin)
    _log(admin)
    admin.add_argument("--admin", metavar="ADDRESS", required=True, help="who governs the log from now on")

    to = parser("transfer-province", "offer the province to another account (province)", transfer_province)
    to.add_argument("--to", metavar="ADDRESS", required=True, help="0x and 40 zeros withdraw the offer")
    parser("accept-province", "take the province (the account it was offered to)", accept_province)

    close = parser("close", "end the registry for ever (province)", close_registry)
    close.add_argument("--successor", required=True, metavar="NAME", help="name of the registry that follows")
    close.add_argument("--irrevocably", action="store_true", help="to close it, and not only with --dry-run")


def add_admin(parser: Parser) -> None:
    """Declare the acts of a log's admin."""
    issuer = parser("add-issuer", "add an issuer of the city's own divisions (admin)", add_issuer)
    _log(issuer)
    issuer.add_argument("--issuer", required=True, metavar="CREDIT_CODE", help="of the department")

    key = parser("add-key", "register a key (admin)", add_key)
    _log(key)
    add_key_source(key)
    key.add_argument("--purpose", choices=tuple(PURPOSES), default="department", help="default: department")

    granted = parser("grant", "let a key speak for an issuer (admin)", grant)
    _key(granted)
    add_grant(granted)

    retire = parser("retire-key", "stop a key at a moment that is not past (admin)", retire_key)
    _key(retire)
    retire.add_argument("--at", required=True, metavar="TIME", help=_TIME)
    stolen = parser("compromise-key", "declare a key stolen since a moment (admin)", compromise_key)
    _key(stolen)
    stolen.add_argument("--since", required=True, metavar="TIME", help=f"{_TIME}; later only moves earlier")

    operator = parser("set-operator", "name the account that anchors (admin)", set_operator)
    _log(operator)
    operator.add_argument(
        "--operator", required=True, metavar="ADDRESS", help="0x and 40 zeros stop anchoring"
    )

    to = parser("transfer-admin", "offer the log to another admin (admin)", transfer_admin)
    _log(to)
    to.add_argument("--to", metavar="ADDRESS", required=True, help="0x and 40 zeros withdraw the offer")
    _log(parser("accept-admin", "take a log (the account it was offered to)", accept_admin))


def add_key_source(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--spki", metavar="HEX", help="public key as printed by `shunzheng keys show`")
    source.add_argument("--key-file", type=Path, help="key file; only its public part is used")
    add_key_password(parser)


def add_grant(parser: argparse.ArgumentParser) -> None:
    _log(parser)
    parser.add_argument("--issuer", required=True, metavar="CREDIT_CODE", help="for whom it speaks")
    parser.add_argument(
        "--kind", action="append", choices=tuple(KINDS), help="may be repeated; default: licence"
    )
    parser.add_argument(
        "--type", action="append", default=[], metavar="CODE", help="certificate type; default: all"
    )
    parser.add_argument("--not-before", metavar="TIME", help=f"{_TIME}; default: from the start")
    parser.add_argument("--not-after", metavar="TIME", help=f"{_TIME}; default: no end")


def _log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--log", required=True, help="name of the log")


def _key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key", required=True, metavar="0x…", help="id of the key, as `shunzheng keys show` prints it"
    )


def address(text: str) -> str:
    """Return an address in lowercase; one with capitals must have them where EIP-55 puts them. Raises: MalformedInput."""
    lower = parse_address(text.lower())
    if text != lower:
        digest = keccak256(lower[2:].encode()).hex()
        spelled = [c.upper() if int(d, 16) >= 8 else c for c, d in zip(lower[2:], digest, strict=False)]
        if text != "0x" + "".join(spelled):
            raise MalformedInput(
                f"the address {text} is mistyped: its capitals do not fit its digits (EIP-55)"
            )
    return lower


def spki_of(args: argparse.Namespace) -> bytes:
    """Return the public key that the options name, read and found sound. Raises: MalformedInput."""
    spki = parse_hex(args.spki) if args.spki else open_key(args.key_file, args.key_password_file).public.spki
    return public_key(spki).spki


def grant_of(args: argparse.Namespace, key: bytes) -> acts.KeyGranted:
    """Return the grant that the options say for `key`, 32 bytes."""
    kinds = sum(KINDS[kind] for kind in set(args.kind or ["licence"]))
    not_before = parse_time(args.not_before) if args.not_before else 0
    not_after = parse_time(args.not_after) if args.not_after else acts.NO_END
    return acts.KeyGranted(args.log, key, args.issuer, kinds, tuple(args.type), not_before, not_after)


def admit_log(args: argparse.Namespace, _: str) -> acts.Act:
    suite, divisions = by_name(args.suite).number, tuple(args.division)
    return acts.LogAdmitted(args.log, suite, address(args.admin), divisions, _predecessor(args))


def _predecessor(args: argparse.Namespace) -> acts.Predecessor:
    registry, log, n, head, size, root = (getattr(args, f"predecessor_{name}") for name in _PREDECESSOR)
    present = [value is not None for value in (registry, log, n, head, size, root)]
    if not any(present):
        return acts.Predecessor()
    if not all(present):
        raise MalformedInput("a predecessor is named by all six --predecessor options, or by none")
    RegistryName.parse(registry)
    numbers = (_number("n", n), _number("size", size))
    return acts.Predecessor(
        registry, log, numbers[0], _hash("head", head), numbers[1], _hash("status-root", root)
    )


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise MalformedInput(f"--predecessor-{name} is a number, not {text[:40]!r}")
    return int(text)


def _hash(name: str, text: str) -> bytes:
    try:
        return parse_hex(text.removeprefix("0x"), 32)
    except MalformedInput as error:
        raise MalformedInput(f"--predecessor-{name}: {error}") from error


def assign_division(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.DivisionAssigned(args.division, args.log or "")


def assign_issuer(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.IssuerAssigned(args.log, args.issuer)


def replace_admin(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.AdminReplaced(args.log, address(args.admin))


def transfer_province(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.ProvinceTransferStarted(address(args.to))


def accept_province(_: argparse.Namespace, sender: str) -> acts.Act:
    return acts.ProvinceTransferred(sender)


def close_registry(args: argparse.Namespace, _: str) -> acts.Act:
    RegistryName.parse(args.successor)
    if not (args.irrevocably or args.dry_run):
        raise MalformedInput(
            "a closed registry takes no act ever again: look at it with --dry-run, then say --irrevocably"
        )
    return acts.RegistryClosed(args.successor)


def add_issuer(args: argparse.Namespace, _: str) -> acts.Act:
    check_credit_code(args.issuer)
    return acts.IssuerAdded(args.log, args.issuer)


def add_key(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.KeyRegistered(args.log, PURPOSES[args.purpose], spki_of(args))


def grant(args: argparse.Namespace, _: str) -> acts.Act:
    return grant_of(args, parse_key_id(args.key))


def retire_key(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.KeyRetired(parse_key_id(args.key), parse_time(args.at))


def compromise_key(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.KeyCompromised(parse_key_id(args.key), parse_time(args.since))


def set_operator(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.OperatorSet(args.log, address(args.operator))


def transfer_admin(args: argparse.Namespace, _: str) -> acts.Act:
    return acts.AdminTransferStarted(args.log, address(args.to))


def accept_admin(args: argparse.Namespace, sender: str) -> acts.Act:
    return acts.AdminTransferred(args.log, sender)
