"""Acts of the registry from the command line: the options of each, and the act of them.

Nothing here talks to a chain or knows a key of an account.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, Never, Protocol

from anchoring.chain.protocol import RegistryName, parse_address
from api.key_files import add_key_password, open_key
from ledger.crypto.keys import decode_public_key, keccak256
from ledger.crypto.suites import get_suite
from ledger.encoding.fields import parse_hex, parse_key_id
from ledger.encoding.times import parse_time
from ledger.errors import MalformedInput
from ledger.records.identifiers import check_credit_code
from ledger.records.records import KINDS
from ledger.registry import acts
from ledger.registry.trust import PURPOSES

_TIME_FORMAT: Final = "YYYY-MM-DDTHH:MM:SSZ"
_PREDECESSOR_OPTIONS: Final = {
    "registry": ("NAME", "the registry in which the log was before"),
    "log": ("LOG", "what it was called there"),
    "n": ("N", "the last event there"),
    "head": ("0x…", "the head of the registry after that event"),
    "size": ("RECORDS", "how many records the log had"),
    "status_root": ("0x…", "the root of its statuses; 32 zero bytes where it had no record"),
}

#: From the options, of which each act has its own, and the sender's address to the act.
BuildAct = Callable[[Never, str], acts.Act]
#: From a name of the act, its help and its builder to a parser that has the options of every act.
AddActParser = Callable[[str, str, BuildAct], argparse.ArgumentParser]


class LogOptions(Protocol):
    """The log that the act is about."""

    log: str


class KeySourceOptions(Protocol):
    """A public key, or the file of a key and that of its password."""

    spki: str | None
    key_file: Path | None
    key_password_file: Path | None


class GrantOptions(LogOptions, Protocol):
    """What a key is granted."""

    issuer: str
    kind: list[str] | None
    type: list[str]
    not_before: str | None
    not_after: str | None


class _AdmitOptions(LogOptions, Protocol):
    suite: str
    admin: str
    division: list[str]
    predecessor_registry: str | None
    predecessor_log: str | None
    predecessor_n: str | None
    predecessor_head: str | None
    predecessor_size: str | None
    predecessor_status_root: str | None


class _DivisionOptions(Protocol):
    division: str
    log: str | None


class _IssuerOptions(LogOptions, Protocol):
    issuer: str


class _AdminOptions(LogOptions, Protocol):
    admin: str


class _OfferOptions(Protocol):
    to: str


class _CloseOptions(Protocol):
    successor: str
    irrevocably: bool
    dry_run: bool


class _AddKeyOptions(LogOptions, KeySourceOptions, Protocol):
    purpose: str


class _GrantKeyOptions(GrantOptions, Protocol):
    key: str


class _RetireOptions(Protocol):
    key: str
    at: str


class _CompromiseOptions(Protocol):
    key: str
    since: str


class _OperatorOptions(LogOptions, Protocol):
    operator: str


class _OfferLogOptions(LogOptions, _OfferOptions, Protocol):
    pass


def add_province_acts(add_parser: AddActParser) -> None:
    """Declare the acts of the province."""
    admit_parser = add_parser("admit-log", "admit a city's log (province)", admit_log)
    _add_log(admit_parser)
    admit_parser.add_argument(
        "--suite", choices=("sm3", "sha256"), default="sm3", help="of its trees; default: sm3"
    )
    admit_parser.add_argument("--admin", metavar="ADDRESS", required=True, help="who governs the log")
    admit_parser.add_argument(
        "--division", action="append", required=True, metavar="CODE", help="six digits; may be repeated"
    )
    predecessor_group = admit_parser.add_argument_group(
        "predecessor", "the log goes on where one of another registry ended: all or none"
    )
    for name, (metavar, explanation) in _PREDECESSOR_OPTIONS.items():
        predecessor_group.add_argument(
            f"--predecessor-{name.replace('_', '-')}", metavar=metavar, help=explanation
        )

    division_parser = add_parser(
        "assign-division", "give a division to a log, or take it from all (province)", assign_division
    )
    division_parser.add_argument("--division", required=True, metavar="CODE", help="six digits")
    new_log_group = division_parser.add_mutually_exclusive_group(required=True)
    new_log_group.add_argument("--log", help="who gets it")
    new_log_group.add_argument("--no-log", action="store_true", help="nobody has it any more")

    issuer_parser = add_parser("assign-issuer", "assign or move any issuer (province)", assign_issuer)
    _add_log(issuer_parser)
    issuer_parser.add_argument("--issuer", required=True, metavar="CODE", help="credit code of the issuer")

    admin_parser = add_parser("replace-admin", "put another admin in place (province)", replace_admin)
    _add_log(admin_parser)
    admin_parser.add_argument(
        "--admin", metavar="ADDRESS", required=True, help="who governs the log from now on"
    )

    offer_parser = add_parser(
        "transfer-province", "offer the province to another account (province)", transfer_province
    )
    offer_parser.add_argument(
        "--to", metavar="ADDRESS", required=True, help="0x and 40 zeros withdraw the offer"
    )
    add_parser("accept-province", "take the province (the account it was offered to)", accept_province)

    close_parser = add_parser("close", "end the registry for ever (province)", close_registry)
    close_parser.add_argument(
        "--successor", required=True, metavar="NAME", help="name of the registry that follows"
    )
    close_parser.add_argument(
        "--irrevocably", action="store_true", help="to close it, and not only with --dry-run"
    )


def add_admin_acts(add_parser: AddActParser) -> None:
    """Declare the acts of a log's admin."""
    issuer_parser = add_parser("add-issuer", "add an issuer of the city's own divisions (admin)", add_issuer)
    _add_log(issuer_parser)
    issuer_parser.add_argument("--issuer", required=True, metavar="CREDIT_CODE", help="of the department")

    key_parser = add_parser("add-key", "register a key (admin)", add_key)
    _add_log(key_parser)
    add_key_source(key_parser)
    key_parser.add_argument(
        "--purpose", choices=tuple(PURPOSES), default="department", help="default: department"
    )

    grant_parser = add_parser("grant", "let a key speak for an issuer (admin)", grant_key)
    _add_key_id(grant_parser)
    add_grant(grant_parser)

    retire_parser = add_parser("retire-key", "stop a key at a moment that is not past (admin)", retire_key)
    _add_key_id(retire_parser)
    retire_parser.add_argument("--at", required=True, metavar="TIME", help=_TIME_FORMAT)
    compromise_parser = add_parser(
        "compromise-key", "declare a key stolen since a moment (admin)", compromise_key
    )
    _add_key_id(compromise_parser)
    compromise_parser.add_argument(
        "--since", required=True, metavar="TIME", help=f"{_TIME_FORMAT}; later only moves earlier"
    )

    operator_parser = add_parser("set-operator", "name the account that anchors (admin)", set_operator)
    _add_log(operator_parser)
    operator_parser.add_argument(
        "--operator", required=True, metavar="ADDRESS", help="0x and 40 zeros stop anchoring"
    )

    offer_parser = add_parser("transfer-admin", "offer the log to another admin (admin)", transfer_admin)
    _add_log(offer_parser)
    offer_parser.add_argument(
        "--to", metavar="ADDRESS", required=True, help="0x and 40 zeros withdraw the offer"
    )
    _add_log(add_parser("accept-admin", "take a log (the account it was offered to)", accept_admin))


def add_key_source(parser: argparse.ArgumentParser) -> None:
    key_group = parser.add_mutually_exclusive_group(required=True)
    key_group.add_argument("--spki", metavar="HEX", help="public key as printed by `shunzheng keys show`")
    key_group.add_argument("--key-file", type=Path, help="key file; only its public part is used")
    add_key_password(parser)


def add_grant(parser: argparse.ArgumentParser) -> None:
    _add_log(parser)
    parser.add_argument("--issuer", required=True, metavar="CREDIT_CODE", help="for whom it speaks")
    parser.add_argument(
        "--kind", action="append", choices=tuple(KINDS), help="may be repeated; default: licence"
    )
    parser.add_argument(
        "--type", action="append", default=[], metavar="CODE", help="certificate type; default: all"
    )
    parser.add_argument("--not-before", metavar="TIME", help=f"{_TIME_FORMAT}; default: from the start")
    parser.add_argument("--not-after", metavar="TIME", help=f"{_TIME_FORMAT}; default: no end")


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--log", required=True, help="name of the log")


def _add_key_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key", required=True, metavar="0x…", help="id of the key, as `shunzheng keys show` prints it"
    )


def check_address(address: str) -> str:
    """Return an address in lowercase; one with capitals must have them where EIP-55 puts them. Raises: MalformedInput."""
    lowercase_address = parse_address(address.lower())
    if address != lowercase_address:
        digest_text = keccak256(lowercase_address[2:].encode()).hex()
        checked_characters = [
            character.upper() if int(digit, 16) >= 8 else character
            for character, digit in zip(lowercase_address[2:], digest_text, strict=False)
        ]
        if address != "0x" + "".join(checked_characters):
            raise MalformedInput(
                f"the address {address} is mistyped: its capitals do not fit its digits (EIP-55)"
            )
    return lowercase_address


def read_spki(options: KeySourceOptions) -> bytes:
    """Return the public key that the options name, read and found sound. Raises: MalformedInput."""
    if options.spki:
        return decode_public_key(parse_hex(options.spki)).spki
    assert options.key_file is not None  # the parser asks for one of the two
    return decode_public_key(open_key(options.key_file, options.key_password_file).public.spki).spki


def make_grant(options: GrantOptions, key_id: bytes) -> acts.KeyGranted:
    """Return the grant that the options say for `key_id`, 32 bytes."""
    kinds = sum(KINDS[kind] for kind in set(options.kind or ["licence"]))
    not_before = parse_time(options.not_before) if options.not_before else 0
    not_after = parse_time(options.not_after) if options.not_after else acts.NO_END
    return acts.KeyGranted(
        options.log, key_id, options.issuer, kinds, tuple(options.type), not_before, not_after
    )


def admit_log(options: _AdmitOptions, _: str) -> acts.Act:
    suite, divisions = get_suite(options.suite).number, tuple(options.division)
    return acts.LogAdmitted(
        options.log, suite, check_address(options.admin), divisions, _make_predecessor(options)
    )


def _make_predecessor(options: _AdmitOptions) -> acts.Predecessor:
    registry_name, log = options.predecessor_registry, options.predecessor_log
    n, head = options.predecessor_n, options.predecessor_head
    record_count, status_root = options.predecessor_size, options.predecessor_status_root
    if all(value is None for value in (registry_name, log, n, head, record_count, status_root)):
        return acts.Predecessor()
    if (
        registry_name is None
        or log is None
        or n is None
        or head is None
        or record_count is None
        or status_root is None
    ):
        raise MalformedInput("a predecessor is named by all six --predecessor options, or by none")
    RegistryName.parse(registry_name)
    return acts.Predecessor(
        registry_name,
        log,
        _parse_number("n", n),
        _parse_hash("head", head),
        _parse_number("size", record_count),
        _parse_hash("status-root", status_root),
    )


def _parse_number(option_name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise MalformedInput(f"--predecessor-{option_name} is a number, not {text[:40]!r}")
    return int(text)


def _parse_hash(option_name: str, text: str) -> bytes:
    try:
        return parse_hex(text.removeprefix("0x"), 32)
    except MalformedInput as error:
        raise MalformedInput(f"--predecessor-{option_name}: {error}") from error


def assign_division(options: _DivisionOptions, _: str) -> acts.Act:
    return acts.DivisionAssigned(options.division, options.log or "")


def assign_issuer(options: _IssuerOptions, _: str) -> acts.Act:
    return acts.IssuerAssigned(options.log, options.issuer)


def replace_admin(options: _AdminOptions, _: str) -> acts.Act:
    return acts.AdminReplaced(options.log, check_address(options.admin))


def transfer_province(options: _OfferOptions, _: str) -> acts.Act:
    return acts.ProvinceTransferStarted(check_address(options.to))


def accept_province(_: object, sender_address: str) -> acts.Act:
    return acts.ProvinceTransferred(sender_address)


def close_registry(options: _CloseOptions, _: str) -> acts.Act:
    RegistryName.parse(options.successor)
    if not (options.irrevocably or options.dry_run):
        raise MalformedInput(
            "a closed registry takes no act ever again: look at it with --dry-run, then say --irrevocably"
        )
    return acts.RegistryClosed(options.successor)


def add_issuer(options: _IssuerOptions, _: str) -> acts.Act:
    check_credit_code(options.issuer)
    return acts.IssuerAdded(options.log, options.issuer)


def add_key(options: _AddKeyOptions, _: str) -> acts.Act:
    return acts.KeyRegistered(options.log, PURPOSES[options.purpose], read_spki(options))


def grant_key(options: _GrantKeyOptions, _: str) -> acts.Act:
    return make_grant(options, parse_key_id(options.key))


def retire_key(options: _RetireOptions, _: str) -> acts.Act:
    return acts.KeyRetired(parse_key_id(options.key), parse_time(options.at))


def compromise_key(options: _CompromiseOptions, _: str) -> acts.Act:
    return acts.KeyCompromised(parse_key_id(options.key), parse_time(options.since))


def set_operator(options: _OperatorOptions, _: str) -> acts.Act:
    return acts.OperatorSet(options.log, check_address(options.operator))


def transfer_admin(options: _OfferLogOptions, _: str) -> acts.Act:
    return acts.AdminTransferStarted(options.log, check_address(options.to))


def accept_admin(options: LogOptions, sender_address: str) -> acts.Act:
    return acts.AdminTransferred(options.log, sender_address)
