"""Profiles 导入方案: how the tables of one source are read, as data that a person confirms once.

Those that come along lie in the folder `supplied_profiles`; a department keeps its own.
Format: docs/import.md.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anchoring.catalogue.chosen import get_catalogue
from ledger.catalogue.conventions import Conventions
from ledger.encoding.normal_forms import to_nfkc
from ledger.errors import MalformedInput
from ledger.records.characters import find_name_fault

#: Targets of columns that are no claims: the state in the source, what that rests on, an object whose members are columns.
STATUS: Final = "status"
BASIS: Final = "basis"
MEMBERS: Final = "members"
_EXTRA_TARGETS: Final = (STATUS, BASIS, MEMBERS)
_MAX_PROFILE_BYTES: Final = 2**20  # of a profile: those that come along have some 3 kB
_MAX_ITEMS: Final = 1_000  # of one list or table of a profile
#: The table of the catalogue's conventions whose words for codes of holders hold for every source.
_ANY_SOURCE: Final = "text"
#: Whether a certificate in a state is in force, has run out by its days, or is not in force, and by which act where that is
#: known.
_Meaning: TypeAlias = Literal[
    "current", "expired", "ended", "suspend", "cancel", "revoke", "withdraw", "void"
]
#: What follows from a state of the catalogue: all that are not here say that a certificate is not in force.
_MEANINGS: Final[Mapping[str, _Meaning]] = {
    "valid": "current", "expired": "expired", "suspended": "suspend", "cancelled": "cancel", "revoked": "revoke",
    "withdrawn": "withdraw", "void": "void",
}  # fmt: skip
#: Acts that an import proposes for a certificate whose source says that it is not in force.
ENDING_ACTS: Final = frozenset({"suspend", "cancel", "revoke", "withdraw", "void"})
#: Actions of a source's operations after which a certificate is in force.
_LIVING_ACTIONS: Final = frozenset({"issue", "renew", "amend", "resume"})
_OPEN: Final = "other"  # a state or action of which the catalogue does not say what follows


class Profile(BaseModel):
    """How tables of one source are read. `columns` has the headings of each claim, or of `status` and `members`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(max_length=64)
    source: str = Field(default="", max_length=64)
    base: str = Field(default="", max_length=64)
    title: str = Field(default="", max_length=200)
    type: str = Field(default="", max_length=200)
    issuer: str = Field(default="", max_length=18)
    heading_row: int = Field(default=0, ge=0, le=1_000)
    heading_rows: int = Field(default=1, ge=1, le=2)
    empty_end: Literal["ask", "endless", "unknown"] = "ask"
    backfill: bool = False
    basis: str = Field(default="", max_length=1_000)
    holder_separators: list[str] = Field(default=["、", ",", "，", ";", "；", "/", "^"], max_length=20)
    columns: dict[str, list[str]] = Field(default_factory=dict, max_length=_MAX_ITEMS)
    joins: dict[str, list[str]] = Field(default_factory=dict, max_length=_MAX_ITEMS)
    ignored: list[str] = Field(default_factory=list, max_length=_MAX_ITEMS)
    constants: dict[str, str] = Field(default_factory=dict, max_length=_MAX_ITEMS)
    patterns: dict[str, str] = Field(default_factory=dict, max_length=_MAX_ITEMS)
    kinds: dict[str, Literal["text", "code", "date", "division"]] = Field(
        default_factory=dict, max_length=_MAX_ITEMS
    )
    null_words: list[str] = Field(default_factory=lambda: [*_terms().null_words], max_length=_MAX_ITEMS)
    endless: list[str] = Field(
        default_factory=lambda: [*_terms().endless_dates, *_terms().endless_words], max_length=_MAX_ITEMS
    )
    false_ends: list[str] = Field(default_factory=lambda: [*_terms().doubtful_ends], max_length=_MAX_ITEMS)
    never_dates: list[str] = Field(default_factory=lambda: [*_terms().false_dates], max_length=_MAX_ITEMS)
    status: dict[str, _Meaning] = Field(default_factory=dict, max_length=_MAX_ITEMS)
    holder_types: dict[str, str] = Field(default_factory=dict, max_length=_MAX_ITEMS)


def _terms() -> Conventions:
    """Return what the catalogue knows of the words of tables."""
    return get_catalogue().conventions


def list_profiles() -> list[str]:
    """Return the names of the profiles that come along."""
    profiles_folder = resources.files(__package__) / "supplied_profiles"
    return sorted(
        file.name.removesuffix(".toml") for file in profiles_folder.iterdir() if file.name.endswith(".toml")
    )


def load_profile(name_or_path: str) -> Profile:
    """Return a profile that comes along, by its name, or the one in a file. Raises: MalformedInput, OSError."""
    if name_or_path in list_profiles():
        content = (resources.files(__package__) / "supplied_profiles" / f"{name_or_path}.toml").read_bytes()
        return read_profile(content, name_or_path)
    path = Path(name_or_path)
    if not path.exists():
        raise MalformedInput(
            f"there is no profile {name_or_path[:80]}: name a file, or one of {', '.join(list_profiles())}; "
            "`shunzheng import profile new FILE` proposes one"
        )
    with path.open("rb") as file:
        return read_profile(file.read(_MAX_PROFILE_BYTES + 1), path.name)


def read_profile(content: bytes, name: str) -> Profile:
    """Return a profile of its TOML. Raises: MalformedInput, which says where it is wrong."""
    if len(content) > _MAX_PROFILE_BYTES:
        raise MalformedInput(
            f"the profile {name} has more than {_MAX_PROFILE_BYTES:,} bytes: is it the right file?"
        )
    try:
        members = tomllib.loads(content.decode("utf-8-sig"))
        profile = Profile.model_validate(
            _extend(members) if members.get("base") in list_profiles() else members
        )
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise MalformedInput(f"the profile {name} is no TOML: {error}") from error
    except ValidationError as error:
        first_error = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first_error["loc"]))
        raise MalformedInput(f"the profile {name}, at `{place}`: {first_error['msg']}") from error
    if profile.base not in ("", *list_profiles()):
        raise MalformedInput(f"the profile {name}, at `base`: it is one of {', '.join(list_profiles())}")
    if profile.source not in ("", *_terms().sources):
        raise MalformedInput(
            f"the profile {name}, at `source`: the catalogue knows {', '.join(_terms().sources)}"
        )
    _check_targets(profile, name)
    return profile.model_copy(
        update={
            "status": _list_states(profile.source) | _name_acts(profile.status, _list_states(profile.source)),
            "holder_types": _list_holder_types(profile.source) | profile.holder_types,
        }
    )


def _list_states(source: str) -> dict[str, _Meaning]:
    """Return what the catalogue says of words of any table, and of codes of this source."""
    states = {word: state for state, words in _terms().state_words.items() for word in words}
    states |= {code: word.status for code, word in _terms().statuses.get(source, {}).items()}
    meanings: dict[str, _Meaning] = {
        word: _MEANINGS.get(state, "ended") for word, state in states.items() if state != _OPEN
    }
    for code, operation in _terms().operations.get(source, {}).items():
        if operation.action == _OPEN:
            continue
        meaning = _read_operation(operation.action)
        if meanings.setdefault(code, meaning) == meaning:
            continue
        if "current" in (meaning, meanings[code]) or "expired" in (meaning, meanings[code]):
            del meanings[code]  # a state and an operation of the same code: a person says which is meant
        else:
            meanings[code] = "ended"  # by which act is open
    return meanings


def _read_operation(action: str) -> _Meaning:
    if action in _LIVING_ACTIONS:
        return "current"
    return cast(_Meaning, action) if action in ENDING_ACTS else "ended"


def _name_acts(
    meanings: Mapping[str, _Meaning], known_meanings: Mapping[str, _Meaning]
) -> dict[str, _Meaning]:
    """Return a profile's meanings of words, with the act where it says no more than that a certificate ended."""
    return {
        word: known_meanings[word]
        if meaning == "ended" and known_meanings.get(word) in ENDING_ACTS
        else meaning
        for word, meaning in meanings.items()
    }


def _list_holder_types(source: str) -> dict[str, str]:
    """Return the code of GB/T 36903 for words of any table, and for codes of this source."""
    return {
        word: code
        for name in (_ANY_SOURCE, source)
        for code, words in _terms().holder_code_maps.get(name, {}).items()
        for word in words
    }


def _extend(members: dict[str, object]) -> dict[str, object]:
    """Return a profile over one that comes along: tables are joined by their members, all else is taken from the former."""
    base_members = load_profile(str(members["base"])).model_dump(exclude_defaults=True)
    for name, value in base_members.items():
        own_value = members.get(name)
        if isinstance(value, dict) and isinstance(own_value, dict):
            members[name] = value | own_value
        else:
            members.setdefault(name, value)
    return members


def _check_targets(profile: Profile, name: str) -> None:
    for table_name, targets in (
        ("columns", profile.columns),
        ("joins", profile.joins),
        ("constants", profile.constants),
    ):
        for target in targets:
            if target not in _EXTRA_TARGETS and (fault := find_name_fault(target)):
                raise MalformedInput(
                    f"the profile {name}, at `{table_name}.{target[:40]}`: this name of a claim {fault}"
                )
    headings: dict[str, str] = {}
    for target, aliases in profile.columns.items():
        for alias in aliases:
            if headings.setdefault(fold_heading(alias), target) != target:
                other_target = headings[fold_heading(alias)]
                raise MalformedInput(
                    f"the profile {name} binds the heading {alias[:40]} to {other_target} and to {target}"
                )


@lru_cache(maxsize=4096)
def fold_heading(text: str) -> str:
    """Return a heading without what its spellings differ by: width, case, blanks, line breaks and marks."""
    return "".join(
        character for character in to_nfkc(text).lower() if character.isalnum() or character == "_"
    )


def bind_headings(profile: Profile) -> dict[str, str]:
    """Return the target of every heading that can be read, folded.

    The profile's come first; then the catalogue's names and labels, its names of columns of this source, its headings.
    """
    targets_by_heading = {
        fold_heading(alias): target for target, aliases in profile.columns.items() for alias in aliases
    }
    claim_fields = get_catalogue().fields.values()
    for claim_field in claim_fields:
        for heading in (claim_field.name, claim_field.label.zh, *claim_field.former):
            targets_by_heading.setdefault(fold_heading(heading), claim_field.name)
    for claim_field in claim_fields:
        for heading in (*claim_field.aliases.get(profile.source, ()), *claim_field.headings):
            targets_by_heading.setdefault(fold_heading(heading), claim_field.name)
    return targets_by_heading


def map_joined_headings(profile: Profile) -> dict[str, tuple[str, int]]:
    """Return for every heading of a joined column, folded, its target and its place among the parts."""
    return {
        fold_heading(heading): (target, place)
        for target, headings in profile.joins.items()
        for place, heading in enumerate(headings)
    }


def fold_null_word(text: str) -> str:
    """Return a word for nothing without what its spellings differ by: width, case, blanks."""
    return "".join(to_nfkc(text).casefold().split())


def fold_words(words: Sequence[str]) -> frozenset[str]:
    """Return headings or words as they are compared."""
    return frozenset(map(fold_heading, words))
