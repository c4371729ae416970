"""`shunzheng erase`: destroy on order what a register has of a person or a certificate."""

import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import Connection

from anchoring.catalogue.chosen import get_catalogue
from anchoring.database.purging import purge
from anchoring.errors import NotFound
from anchoring.register.content.erasing import (
    Order,
    erase,
    find_content_of_certificate,
    find_content_of_holder,
    list_holder_codes,
    list_undone,
    sign_erasures,
)
from anchoring.register.records import StoredRecord, find_record
from anchoring.register.store import Register
from anchoring.register.tables import DISCLOSURE, TERM
from api.console import note, say, show_json
from api.node.erasures import keep_erasures, list_kept_erasures
from api.node.errors import SETTINGS_FILE, SettingsError
from api.node.keys import load_node_key
from api.node.loading import load_settings
from api.parsers import Commands, add_directory, add_json
from ledger.catalogue.masks import show_claim
from ledger.encoding.canonical import Json
from ledger.encoding.times import format_time
from ledger.records.erasures import SignedErasure

if TYPE_CHECKING:
    from api.node.settings import Settings
    from ledger.crypto.keys import PrivateKey

_HOLDER: Final = "CZZT"
_CODE_DONE, _CODE_NOT_DONE = 0, 1


class _EraseOptions(Protocol):
    directory: Path
    holder: str | None
    identifier: str | None
    again: bool
    order: str | None
    basis: str | None
    records: int | None
    json: bool


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "erase",
        description="Destroys on order 删除决定 what records disclose: claims, salts, and the terms by which they are "
        "found. The records stay, and prove that something was issued. Without --records it only says what there is; with "
        "the number that it said, it is done, signed by the node's key, and cannot be undone. Exit codes: 0 done, or only "
        "looked; 1 not done, or deleted bytes may still be in the database's files.",
    )
    add_directory(parser, "directory of the issuing node")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument(
        "--holder",
        metavar="CODE",
        help="whatever discloses this code of a holder 持证主体代码; names are not looked for",
    )
    group.add_argument("--identifier", help="what a certificate discloses, in all its versions")
    group.add_argument(
        "--again",
        action="store_true",
        help="do again what was erased before: after a restore, before `recover`; or where the database's files were in use",
    )
    parser.add_argument(
        "--order", metavar="NUMBER", help="number of the order 删除决定文号; no names of persons"
    )
    parser.add_argument("--basis", metavar="TEXT", help="the provision that it rests on")
    parser.add_argument(
        "--records", type=int, metavar="N", help="erase, if it is still so many records as were shown before"
    )
    add_json(parser)
    parser.set_defaults(run=_erase)


def _erase(options: _EraseOptions) -> int:
    settings = load_settings(options.directory)
    if not settings.log or not settings.register_url:
        raise SettingsError(
            f"the node in {options.directory} issues nothing: it has no register to erase from"
        )
    node_key = load_node_key(settings)
    if node_key is None:
        raise SettingsError(
            f"{options.directory / SETTINGS_FILE}: an erasure is signed by the node's key, and this node has none: "
            "without it nobody could tell it from a deletion"
        )
    with closing(Register(settings.register_url)) as register:
        if options.again:
            return _erase_again(register, settings, node_key, options)
        return _erase_on_order(register, settings, node_key, options)


def _erase_on_order(
    register: Register, settings: "Settings", node_key: "PrivateKey", options: _EraseOptions
) -> int:
    """Show what there is; where the order says how many records that are, erase them."""
    if not options.order or not options.basis:
        raise SettingsError(
            "name the order: --order with its number, --basis with the provision that it rests on"
        )
    order = Order(options.order, options.basis, int(time.time()))
    records = _find_content(register, options)
    is_done = bool(records) and options.records == len(records)
    is_purged = False
    if is_done:
        is_purged = _carry_out(register, settings, sign_erasures(records, order, node_key), node_key)
    _show(records, options, is_done=is_done, is_purged=is_purged)
    is_as_asked = options.records is None or (is_done and is_purged)
    return _CODE_DONE if is_as_asked else _CODE_NOT_DONE


def _find_content(register: Register, options: _EraseOptions) -> list[StoredRecord]:
    with register.reading() as connection:
        if options.holder:
            return find_content_of_holder(connection, options.holder)
        return find_content_of_certificate(connection, options.identifier or "")


def _carry_out(
    register: Register,
    settings: "Settings",
    signed_erasures: Sequence[SignedErasure],
    node_key: "PrivateKey",
) -> bool:
    """Erase; tell whether nothing is left in the database's files.

    A crash after the first step leaves erasures that the register does not know of: an audit finds them, `--again` does
    them.
    """
    keep_erasures(settings.directory, signed_erasures)
    with register.writing() as connection:
        erase(connection, signed_erasures, node_key)
    return purge(register.engine, DISCLOSURE, TERM)


def _erase_again(
    register: Register, settings: "Settings", node_key: "PrivateKey", options: _EraseOptions
) -> int:
    with register.reading() as connection:
        undone_erasures = list(list_undone(connection, list_kept_erasures(settings.directory)))
        records, absent_count = _find_present(connection, undone_erasures)
    is_purged = _carry_out(register, settings, undone_erasures, node_key)
    _show(records, options, is_done=True, is_purged=is_purged)
    if absent_count:
        note(
            f"{absent_count} records more are not here yet: what they disclose is destroyed as they come back"
        )
    return _CODE_DONE if is_purged else _CODE_NOT_DONE


def _find_present(
    connection: Connection, signed_erasures: Sequence[SignedErasure]
) -> tuple[list[StoredRecord], int]:
    """Return the records of erasures that are in the register, and the number of those that are not."""
    records = []
    for signed_erasure in signed_erasures:
        with suppress(NotFound):
            records.append(find_record(connection, signed_erasure.erasure.leaf))
    return records, len(signed_erasures) - len(records)


def _show(records: Sequence[StoredRecord], options: _EraseOptions, *, is_done: bool, is_purged: bool) -> None:
    if options.json:
        rows: list[Json] = [_make_row_json(record) for record in records]
        show_json({"records": rows, "erased": is_done, "purged": is_purged})
        return
    for record in records:
        say(_describe_row(record))
    if is_done:
        say(f"已删除 erased: {len(records)} records")
        _say_remainder(is_purged=is_purged)
    elif options.records is not None:
        note(
            f"nothing was erased: there are {len(records)} records, not {options.records}; look at them first"
        )
    else:
        say(f"{len(records)} records; nothing was erased: --records {len(records)} does it")


def _say_remainder(*, is_purged: bool) -> None:
    if not is_purged:
        note(
            "the database's file is in use, and may still hold deleted bytes: stop the node and run "
            "`shunzheng erase DIRECTORY --again`"
        )
    note(
        "still there, and not this command's: notes 附注 on these certificates, which are erased by their own identifiers "
        "(`shunzheng trace` lists them); backups; the log of looks; the departments' own tables, import journals and "
        "submission files; proofs that holders keep, which go on verifying"
    )


def _describe_row(record: StoredRecord) -> str:
    row = _make_row_json(record)
    warning = f"  (names {row['holders']} holders 多个持证主体)" if row["holders"] not in (0, 1) else ""
    return f"position {row['position']}  {row['identifier']}  {row['holder'] or '-'}{warning}"


def _make_row_json(record: StoredRecord) -> dict[str, Json]:
    """Return what tells a record apart, with its holder as others see it, and how many holders its claims name."""
    values = record.disclosure.values if record.disclosure else {}
    return {
        "position": record.position,
        "identifier": record.record.identifier,
        "action": record.record.action,
        "stated": format_time(record.record.time),
        "holder": show_claim(get_catalogue(), values, _HOLDER) or "",
        "holders": len(list_holder_codes(record)),
    }
