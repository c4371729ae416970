"""`shunzheng catalogue`: types of certificates, seals and errands 证照目录, and a city's own."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Protocol

from msgspec import to_builtins

from anchoring.catalogue.chosen import choose_catalogue, get_catalogue
from api.console import say, show_json
from api.parsers import Commands, add_catalogue, add_json
from api.rendering.catalogue import write_errand, write_type, write_type_line
from ledger.catalogue.catalogue import Catalogue
from ledger.catalogue.errands import Errand
from ledger.catalogue.types import CertificateType
from ledger.errors import MalformedInput
from ledger.records.spellings import fold_spelling

_MAX_QUOTED: Final = 40  # characters of a name that a message repeats
_MAX_NAMES: Final = 5  # similar names that a message offers
_MIN_LIKENESS: Final = 0.5  # of two names, from 0 to 1: Chinese names are short


class _ListOptions(Protocol):
    word: str | None
    errands: bool
    json: bool


class _ShowOptions(Protocol):
    name: str
    json: bool


class _CheckOptions(Protocol):
    folder: Path
    json: bool


def add(commands: Commands) -> None:
    topic = commands.add_parser("catalogue", description="What a city adds or changes: docs/catalogue.md.")
    actions = topic.add_subparsers(dest="action", required=True, metavar="ACTION")
    list_parser = actions.add_parser("list", help="list the types of certificates and seals, or the errands")
    list_parser.add_argument(
        "word", nargs="?", metavar="WORD", help="only those whose name, alias or field has this word"
    )
    list_parser.add_argument("--errands", action="store_true", help="list the errands 办事事项 instead")
    list_parser.set_defaults(run=_list)
    show_parser = actions.add_parser(
        "show", help="show what certificates of a type state, or what an errand needs"
    )
    show_parser.add_argument(
        "name", metavar="TYPE", help="name, alias, code or identifier of a type, a seal or an errand"
    )
    show_parser.set_defaults(run=_show)
    check_parser = actions.add_parser("check", help="check a city's folder, and say what it adds and changes")
    check_parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="the JSON files of the city; see docs/catalogue.md"
    )
    check_parser.set_defaults(run=_check)
    for subparser in (list_parser, show_parser):
        add_catalogue(subparser)
    for subparser in (list_parser, show_parser, check_parser):
        add_json(subparser)


def _list(options: _ListOptions) -> int:
    catalogue = get_catalogue()
    if options.errands:
        return _list_errands(catalogue, options)
    types = [
        certificate_type
        for certificate_type in catalogue.types.values()
        if _has_word(_list_names(certificate_type), options.word)
    ]
    if options.json:
        show_json({"version": catalogue.version, "types": to_builtins(types)})
        return 0
    for authority in dict.fromkeys(certificate_type.authority for certificate_type in types):
        say(authority)
        for certificate_type in types:
            if certificate_type.authority == authority:
                say(f"  {write_type_line(certificate_type)}")
    say(f"{len(types)} types 种, catalogue 目录 {catalogue.version}")
    return 0


def _list_errands(catalogue: Catalogue, options: _ListOptions) -> int:
    errands = [
        errand for errand in catalogue.errands.values() if _has_word((errand.id, *errand.title), options.word)
    ]
    if options.json:
        show_json({"version": catalogue.version, "errands": to_builtins(errands)})
        return 0
    for errand in errands:
        say(f"{errand.id:<18} {errand.title.zh} {errand.title.en}")
    say(f"{len(errands)} errands 项, catalogue 目录 {catalogue.version}")
    return 0


def _list_names(certificate_type: CertificateType) -> tuple[str, ...]:
    return (
        certificate_type.id,
        certificate_type.code,
        *certificate_type.name,
        *certificate_type.aliases,
        certificate_type.authority,
    )


def _has_word(names: Iterable[str], word: str | None) -> bool:
    return word is None or any(fold_spelling(word) in fold_spelling(name) for name in names)


def _show(options: _ShowOptions) -> int:
    catalogue = get_catalogue()
    entry = _find_entry(catalogue, options.name)
    if options.json:
        claims_member = (
            {} if isinstance(entry, Errand) else {"claims": to_builtins(catalogue.list_claims(entry))}
        )
        show_json({"version": catalogue.version, **to_builtins(entry), **claims_member})
        return 0
    lines = write_errand(entry, catalogue) if isinstance(entry, Errand) else write_type(entry, catalogue)
    say("\n".join(lines))
    return 0


def _find_entry(catalogue: Catalogue, name: str) -> CertificateType | Errand:
    """Return the one type, seal or errand that is meant. Raises: MalformedInput, with those that are like it."""
    exact_type = catalogue.find_type(name)
    if exact_type:
        return exact_type
    errands = [
        errand
        for errand in catalogue.errands.values()
        if fold_spelling(name) in map(fold_spelling, (errand.id, *errand.title))
    ]
    entries: list[CertificateType | Errand] = [*catalogue.search_types(name), *errands]
    if len(entries) == 1:
        return entries[0]
    if entries:
        raise MalformedInput(
            f"{name[:_MAX_QUOTED]!r} may be {', '.join(entry.id for entry in entries)}: name one of them"
        )
    names = [
        other_name
        for certificate_type in catalogue.types.values()
        for other_name in _list_names(certificate_type)
    ]
    names += [
        other_name for errand in catalogue.errands.values() for other_name in (errand.id, *errand.title)
    ]
    similar_names = get_close_matches(name, dict.fromkeys(names), _MAX_NAMES, _MIN_LIKENESS)
    question = f": did you mean {', '.join(similar_names)}?" if similar_names else ""
    raise MalformedInput(
        f"the catalogue has no {name[:_MAX_QUOTED]!r}{question or ': `shunzheng catalogue list` shows all'}"
    )


def _check(options: _CheckOptions) -> int:
    own_catalogue = get_catalogue()
    catalogue = choose_catalogue(options.folder)
    changes_by_sort = {
        "types": _compare(own_catalogue.types, catalogue.types),
        "claims": _compare(own_catalogue.fields, catalogue.fields),
        "errands": _compare(own_catalogue.errands, catalogue.errands),
    }
    if options.json:
        show_json({"version": catalogue.version, **changes_by_sort})
        return 0
    say(f"{options.folder}: no mistake 无误, version 版本 {catalogue.version}")
    for sort, keys_by_change in changes_by_sort.items():
        for change, names in keys_by_change.items():
            if names:
                say(f"  {sort} {change}: {', '.join(names)}")
    return 0


def _compare(
    entries_before: Mapping[str, object], entries_after: Mapping[str, object]
) -> dict[str, list[str]]:
    changed_keys = [
        key for key, entry in entries_after.items() if key in entries_before and entry != entries_before[key]
    ]
    return {"added": [key for key in entries_after if key not in entries_before], "changed": changed_keys}
