"""Makes a catalogue of its files, a city's folder over ours, and says what is wrong where.

docs/catalogue.md describes the files; `catalogue/schema` has their JSON schema, which is made of the same shapes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec

from ledger.catalogue.catalogue import Catalogue
from ledger.catalogue.checking import check_catalogue
from ledger.catalogue.conventions import Conventions
from ledger.catalogue.errands import Errand
from ledger.catalogue.fields import ClaimField
from ledger.catalogue.shapes import Line, Shape, Version
from ledger.catalogue.types import CertificateType
from ledger.encoding.canonical import Json, encode_canonical
from ledger.encoding.unseen import find_unseen_character
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat
from ledger.records.characters import describe

T = TypeVar("T", bound=Shape)

FORMAT: Final = "shunzheng-catalogue/1"
# Entries of one sort, over all files. The national catalogue has some hundreds of types; a form of each takes memory.
MAX_ENTRIES: Final = 5_000


class About(Shape, frozen=True):
    """What a folder is: which version, and whose."""

    version: Version
    title: Line


class CatalogueFile(Shape, frozen=True):
    """One file of a catalogue: any of the sorts of entries."""

    format: Literal["shunzheng-catalogue/1"]
    about: About | None = None
    fields: tuple[ClaimField, ...] = ()
    types: tuple[CertificateType, ...] = ()
    errands: tuple[Errand, ...] = ()
    conventions: Conventions | None = None


class Part(NamedTuple):
    """One file as it was read: where, for messages, and its JSON."""

    place: str
    content: Json


#: The parts of one folder.
Layer = Sequence[Part]
_KEY_NAMES: Final = {"fields": "name", "types": "id", "errands": "id"}


@dataclass(frozen=True, slots=True)
class _Entry:
    members: dict[str, Json]
    place: str


def build_catalogue(layers: Iterable[Layer]) -> Catalogue:
    """Return the catalogue of folders, each over those before it. Raises: MalformedInput, with file and place inside it."""
    entries_by_sort: dict[str, dict[str, _Entry]] = {sort: {} for sort in _KEY_NAMES}
    conventions, versions = _Entry({}, "conventions"), []
    for layer in layers:
        for sort, entries in entries_by_sort.items():
            entries_by_sort[sort] = entries | _read_layer(layer, sort, entries)
        for part in layer:
            _refuse_unseen(part)
            conventions = _merge_conventions(conventions, part)
        versions.append(_read_version(layer))
    fields, types, errands = (entries_by_sort[sort] for sort in _KEY_NAMES)
    catalogue = Catalogue(
        version="+".join(versions),
        fields=_convert_all(fields, ClaimField),
        types=_convert_all(types, CertificateType),
        errands=_convert_all(errands, Errand),
        conventions=_convert(conventions, Conventions),
    )
    check_catalogue(
        catalogue,
        {key: entry.place for entries in entries_by_sort.values() for key, entry in entries.items()},
    )
    return catalogue


def _read_layer(layer: Layer, sort: str, entries_before: Mapping[str, _Entry]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for place, members in _list_members(layer, sort):
        key = members.get(_KEY_NAMES[sort])
        if not isinstance(key, str):
            raise MalformedInput(f"{place}: an entry needs `{_KEY_NAMES[sort]}`, by which it is known")
        if key in entries:
            raise MalformedInput(f"{place}: {key[:80]!r} stands at {entries[key].place} too: take one out")
        entry_before = entries_before.get(key)
        entries[key] = _Entry(_override(entry_before.members, members) if entry_before else members, place)
    if len(entries_before.keys() | entries.keys()) > MAX_ENTRIES:
        raise LimitExceeded(f"{layer[0].place}: more than {MAX_ENTRIES} {sort}: split the catalogue by city")
    return entries


def _list_members(layer: Layer, sort: str) -> Iterator[tuple[str, dict[str, Json]]]:
    for part in layer:
        entries = _read_file_members(part).get(sort, [])
        if not isinstance(entries, list):
            raise MalformedInput(f"{part.place}: $.{sort} must be an array")
        for index, members in enumerate(entries):
            place = f"{part.place}: $.{sort}[{index}]"
            if not isinstance(members, dict):
                raise MalformedInput(f"{place} must be an object")
            yield place, members


def _refuse_unseen(part: Part) -> None:
    """Refuse a file with a character that nobody sees: labels and names of a catalogue stand on pages."""
    if place_and_character := find_unseen_character(encode_canonical(part.content).decode()):
        raise MalformedInput(
            f"{part.place}: a text has {describe(place_and_character[1])}, which nobody can see: take it out"
        )


def _read_file_members(part: Part) -> dict[str, Json]:
    """Return the members of a file. Raises: MalformedInput, NewerFormat."""
    if not isinstance(part.content, dict):
        raise MalformedInput(f"{part.place}: a file of the catalogue is one JSON object")
    format_ = part.content.get("format")
    if format_ != FORMAT:
        error_type = NewerFormat if str(format_).startswith(FORMAT.partition("/")[0]) else MalformedInput
        raise error_type(f"{part.place}: `format` is {str(format_)[:40]!r}, this program reads {FORMAT!r}")
    unknown_names = part.content.keys() - set(CatalogueFile.__struct_fields__)
    if unknown_names:
        raise MalformedInput(
            f"{part.place}: nobody knows the member {min(unknown_names)[:80]!r}; a file has "
            f"{', '.join(CatalogueFile.__struct_fields__)}"
        )
    return part.content


def _override(members_before: dict[str, Json], members: dict[str, Json]) -> dict[str, Json]:
    """Return an entry of an earlier folder with members of a later one; a code that changes stays known."""
    merged_members = _merge(members_before, members)
    code_before = members_before.get("code")
    if code_before in (None, merged_members.get("code")) or "former_codes" in members:
        return merged_members
    former_codes = members_before.get("former_codes", [])
    return merged_members | {
        "former_codes": [*(former_codes if isinstance(former_codes, list) else []), code_before]
    }


def _merge(members_before: dict[str, Json], members: dict[str, Json]) -> dict[str, Json]:
    """Return members over those before; tables (of aliases, of codes) are merged by their keys, all else is replaced."""
    merged_members = members_before | members
    for name, value in members.items():
        value_before = members_before.get(name)
        if isinstance(value, dict) and isinstance(value_before, dict):
            merged_members[name] = value_before | value
    return merged_members


def _merge_conventions(conventions_before: _Entry, part: Part) -> _Entry:
    members = _read_file_members(part).get("conventions")
    if members is None:
        return conventions_before
    place = f"{part.place}: $.conventions"
    if not isinstance(members, dict):
        raise MalformedInput(f"{place} must be an object")
    return _Entry(_merge(conventions_before.members, members), place)


def _read_version(layer: Layer) -> str:
    entries = [
        _Entry(about, f"{part.place}: $.about")
        for part in layer
        if isinstance(about := _read_file_members(part).get("about"), dict)
    ]
    if len(entries) != 1:
        place = layer[0].place.rpartition("/")[0] if layer else "the folder"
        raise MalformedInput(
            f"{place}: one file of a catalogue states `about` with `version` and `title`, here {len(entries)} do"
        )
    return _convert(entries[0], About).version


def _convert_all(entries: Mapping[str, _Entry], shape: type[T]) -> dict[str, T]:
    return {key: _convert(entry, shape) for key, entry in entries.items()}


def _convert(entry: _Entry, shape: type[T]) -> T:
    try:
        return msgspec.convert(entry.members, shape)
    except msgspec.ValidationError as error:
        problem, _, pointer = str(error).partition(" - at `$")
        raise MalformedInput(f"{entry.place}{pointer.rstrip('`')}: {problem}") from error
