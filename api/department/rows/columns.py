"""The names that input rows may use, and what somebody meant who wrote another one."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from ledger.encoding.canonical import Json
from ledger.errors import MalformedInput
from ledger.records.characters import find_name_fault
from ledger.records.records import PRESENTABLE_ACTIONS, STATUS_ACTIONS

#: Columns and members that a row about any certificate may have.
STATUS_MEMBERS: Final = ("identifier", "basis")
#: … and those that a new version has besides, apart from its claims.
DAY_MEMBERS: Final = ("issued", "valid_from", "valid_until")
#: … and those that a note has.
_NOTE_MEMBERS: Final = ("title", "text", "valid_until")
#: Members that follow from where a certificate stands: no row about one states them.
FOLLOWING_MEMBERS: Final = ("kind", "action", "issuer", "previous")
#: Columns of a table of records for a submission, apart from claims.
RECORD_MEMBERS: Final = (*STATUS_MEMBERS, *DAY_MEMBERS, *FOLLOWING_MEMBERS, "time")
#: Headings in Chinese that mean a member and no claim.
_MEMBERS_BY_LABEL: Final = {
    "证照标识": "identifier",
    "依据": "basis",
    "依据条款": "basis",
    "法律依据": "basis",
    "颁发日期": "issued",
    "发证日期": "issued",
    "有效期起": "valid_from",
    "有效期自": "valid_from",
    "有效期止": "valid_until",
    "有效期至": "valid_until",
    "有效期截止日期": "valid_until",
}
_MIN_LIKENESS: Final = 0.75  # of two names, from 0 to 1: one wrong letter in four
_MAX_QUOTED: Final = 40  # characters of a name that a message repeats
_SEPARATORS: Final = re.compile(r"[\W_]+")


def check_columns(action: str, columns: Iterable[str]) -> None:
    """Check that each column of a table of changes means something. Raises: MalformedInput with every one that does not.

    A claim that the catalogue lacks passes here: whether a certificate states it already is not known yet.
    """
    member_names = list_members(action)
    faults = [fault for name in columns if (fault := _find_column_fault(name, member_names, action))]
    if faults:
        raise MalformedInput("; ".join(faults))


def check_record_columns(columns: Iterable[str]) -> None:
    """Check that each column of a table of records means something. Raises: MalformedInput with every one that does not."""
    known_names = (*RECORD_MEMBERS, *get_claim_labels())
    faults = [
        f"“{name[:_MAX_QUOTED]}” is no column{ask_if_meant(name, known_names)}"
        for name in columns
        if name not in known_names
    ]
    if faults:
        raise MalformedInput(f"{'; '.join(faults)} (claims that the catalogue lacks are stated in NDJSON)")


def check_record_members(row: Json) -> None:
    """Check the names of the members of a record's row. Raises: MalformedInput, with what may have been meant."""
    known_names = (*RECORD_MEMBERS, "claims", "documents", "links")
    unknown_names = [name for name in row if name not in known_names] if isinstance(row, dict) else []
    if unknown_names:
        faults = [
            f"“{name[:_MAX_QUOTED]}” is no member{ask_if_meant(name, known_names)}" for name in unknown_names
        ]
        raise MalformedInput("; ".join(faults))


def check_members(action: str, member_names: Collection[str]) -> None:
    """Check the names of the members of a row about a certificate. Raises: MalformedInput."""
    version_members = ("claims", "without", "documents") if action in PRESENTABLE_ACTIONS else ()
    links_members = ("links",) if action in PRESENTABLE_ACTIONS | STATUS_ACTIONS else ()
    known_names = (*list_members(action), "time", *links_members, *version_members)
    faults = [
        f"{_describe_unknown(name, action)}{ask_if_meant(name, known_names)}"
        for name in member_names
        if name not in known_names
    ]
    if faults:
        raise MalformedInput("; ".join(faults))


def list_members(action: str) -> tuple[str, ...]:
    """Return the columns of a table by that action, but for claims: acts on a status have a basis, notes say something."""
    if action in STATUS_ACTIONS:
        return STATUS_MEMBERS
    return STATUS_MEMBERS + (DAY_MEMBERS if action in PRESENTABLE_ACTIONS else _NOTE_MEMBERS)


def _find_column_fault(name: str, member_names: Collection[str], action: str) -> str:
    if name in member_names:
        return ""
    if action in PRESENTABLE_ACTIONS and name in get_claim_labels():
        return ""
    is_claim = action in PRESENTABLE_ACTIONS and not find_name_fault(name) and not resembles_member(name)
    if is_claim and "/" not in name:
        return ""
    claim_names = tuple(get_claim_labels()) if action in PRESENTABLE_ACTIONS else ()
    return _describe_unknown(name, action) + ask_if_meant(name, (*member_names, *claim_names))


def _describe_unknown(name: str, action: str) -> str:
    if action in STATUS_ACTIONS and (
        name in DAY_MEMBERS or name in ("claims", "without", "documents") or not find_name_fault(name)
    ):
        return (
            f"{action} changes the status alone and states no `{name}`: take it out, or use `shunzheng amend`"
        )
    return f"“{name[:_MAX_QUOTED]}” is no column or member of a row"


def resembles_member(name: str) -> bool:
    """Tell whether the name of a claim is one that somebody would write who means a member of the row."""
    folded_members = [_fold(member) for member in (*STATUS_MEMBERS, *DAY_MEMBERS, *FOLLOWING_MEMBERS)]
    return bool(get_close_matches(_fold(name), folded_members, 1, _MIN_LIKENESS))


def ask_if_meant(name: str, known_names: Collection[str]) -> str:
    """Return the question whether one of `known_names` was meant, empty where none is like this one."""
    names_by_folded_name = {_fold(known_name): known_name for known_name in known_names}
    plain_name = unicodedata.normalize("NFKC", name).strip()
    names_by_label = {label: claim for claim, label in get_claim_labels().items()} | _MEMBERS_BY_LABEL
    meant_name = names_by_folded_name.get(_fold(name)) or names_by_label.get(plain_name)
    if meant_name is None or meant_name not in known_names:
        close_names = get_close_matches(_fold(name), list(names_by_folded_name), 1, _MIN_LIKENESS)
        meant_name = names_by_folded_name[close_names[0]] if close_names else None
    return f"; did you mean `{meant_name}`?" if meant_name else ""


def get_claim_labels() -> Mapping[str, str]:
    """Return the Chinese label of every claim of the catalogue, by the claim's name."""
    return get_catalogue().claim_labels


def get_sensitive_claims() -> frozenset[str]:
    """Return the names of the claims that are sensitive (PIPL article 28) in some type of the catalogue."""
    return get_catalogue().sensitive_claims


def _fold(name: str) -> str:
    """Return a name without what hands and programs vary: case, width, and what parts its words."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).lower())
