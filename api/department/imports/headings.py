"""Which column of a table states which claim.

The row of the headings is found, and each heading means one thing or nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from api.department.imports.files.sources import SourceRow
from api.department.imports.profiles import Profile, bind_headings, fold_heading, list_folded, list_joined
from api.department.rows.columns import ask_if_meant, claim_labels
from ledger.errors import MalformedInput

#: Columns that a file of faulty rows has besides: they say what was wrong, and are not read when the file comes back.
OWN_MARK: Final = "顺证："
# Rows among which the headings are looked for: titles above them take one or two.
_HEADING_ROWS: Final = 20
_MAX_QUOTED: Final = 40  # characters of a heading that a message repeats
_MAX_FAULTS: Final = 20  # headings that a message lists
_NUMBER: Final = "ZZBH"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the claims of a row stand: places of its cells by target, the heading at each place, and where rows begin.

    `places` has several where the parts of one claim are joined; `blank` are columns without a heading.
    """

    headings: tuple[str, ...]
    places: dict[str, tuple[int, ...]]
    blank: tuple[int, ...]
    first_line: int
    title_lines: tuple[int, ...]


def find_columns(rows: Iterator[SourceRow], profile: Profile) -> tuple[Columns, Iterator[SourceRow]]:
    """Return the columns of a table, and the rows below its headings.

    Raises: MalformedInput for headings that are missing, mean nothing or stand twice.
    """
    beginning = list(_take(rows, max(_HEADING_ROWS, profile.heading_row + 1)))
    index = _find_heading_row(beginning, profile)
    heading_cells = beginning[index].cells
    last = index
    if profile.heading_rows > 1 and index + 1 < len(beginning):
        last = index + 1
        heading_cells = _join_headings(heading_cells, beginning[last].cells, profile)
    columns = _bind(
        heading_cells, beginning[last].line, tuple(row.line for row in beginning[:index]), profile
    )
    return columns, chain(beginning[last + 1 :], rows)


def _take(rows: Iterator[SourceRow], count: int) -> Iterator[SourceRow]:
    for _ in range(count):
        row = next(rows, None)
        if row is None:
            return
        yield row


def _find_heading_row(rows: Sequence[SourceRow], profile: Profile) -> int:
    """Return the index of the row of the headings. Raises: MalformedInput."""
    if profile.heading_row:
        for index, row in enumerate(rows):
            if row.line == profile.heading_row:
                return index
        raise MalformedInput(
            f"the profile has its headings in row {profile.heading_row}, and there is no such row"
        )
    bound = bind_headings(profile).keys() | list_joined(profile).keys()
    counts = [sum(fold_heading(cell) in bound for cell in row.cells if cell.strip()) for row in rows]
    best = max(range(len(rows)), key=lambda index: (counts[index], -index), default=None)
    if best is None or counts[best] < 2:
        first = next((row for row in rows if not row.is_blank), None)
        sample = "、".join(cell[:_MAX_QUOTED] for cell in first.cells[:8]) if first else ""
        raise MalformedInput(
            f"no row has headings 表头 that the profile {profile.name} knows; the first row says {sample}. "
            "`shunzheng import profile new FILE` proposes a profile for this table"
        )
    return best


def _join_headings(upper: Sequence[str], lower: Sequence[str], profile: Profile) -> tuple[str, ...]:
    """Return headings that stand in two rows: the lower one where it says something by itself, else both."""
    bound, joined, group = bind_headings(profile), list[str](), ""
    for place in range(max(len(upper), len(lower))):
        above = upper[place].strip() if place < len(upper) else ""
        below = lower[place].strip() if place < len(lower) else ""
        group = above or group
        if not below:
            joined.append(above)
        elif fold_heading(group + below) in bound or fold_heading(below) not in bound:
            joined.append(group + below)
        else:
            joined.append(below)
    return tuple(joined)


def _bind(cells: Sequence[str], line: int, title_lines: tuple[int, ...], profile: Profile) -> Columns:
    bound, joined, ignored = bind_headings(profile), list_joined(profile), list_folded(profile.ignored)
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    blank, unknown = list[int](), list[str]()
    for index, heading in enumerate(cells):
        folded = fold_heading(heading)
        if not folded:
            blank.append(index)
        elif folded in joined:
            target, place = joined[folded]
            places[target].append((place, index))
        elif folded in ignored or heading.strip().startswith(OWN_MARK):
            continue
        elif folded in bound:
            places[bound[folded]].append((0, index))
        else:
            unknown.append(heading)
    _check_headings(cells, places, unknown, profile)
    return Columns(
        tuple(heading.strip() for heading in cells),
        {
            target: tuple(index for _, index in sorted(found_places))
            for target, found_places in places.items()
        },
        tuple(blank),
        line + 1,
        title_lines,
    )


def _check_headings(
    cells: Sequence[str], places: dict[str, list[tuple[int, int]]], unknown: Sequence[str], profile: Profile
) -> None:
    faults = [
        f"“{_quote(heading)}” is no heading that the profile {profile.name} "
        f"knows{ask_if_meant(heading, [*claim_labels()])}"
        for heading in unknown[:_MAX_FAULTS]
    ]
    for target, indices in places.items():
        if len(indices) > 1 and target not in profile.joins:
            names = "” and “".join(_quote(cells[index]) for _, index in indices)
            faults.append(f"“{names}” both mean {target} {claim_labels().get(target, '')}")
    if _NUMBER not in places and _NUMBER not in profile.constants:
        faults.append("no column holds the number of the certificate (ZZBH 证照编号)")
    if faults:
        raise MalformedInput(
            f"the headings 表头 do not fit: {'; '.join(faults)}. Bind each heading to a claim under "
            "[columns] of a profile of "
            "your own, or list it under `ignored`; `shunzheng import profile new FILE` proposes one"
        )


def _quote(heading: str) -> str:
    return " ".join(heading.split())[:_MAX_QUOTED]
