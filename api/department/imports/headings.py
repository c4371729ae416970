"""Which column of a table states which claim.

The row of the headings is found, and each heading means one thing or nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from api.department.imports.files.sources import SourceRow
from api.department.imports.profiles import (
    Profile,
    bind_headings,
    fold_heading,
    fold_words,
    map_joined_headings,
)
from api.department.rows.columns import ask_if_meant, get_claim_labels
from ledger.errors import MalformedInput

#: Columns that a file of faulty rows has besides: they say what was wrong, and are not read when the file comes back.
OWN_MARK: Final = "顺证："
#: Of these, the one that names the sheet on which a row stood.
OWN_SHEET: Final = f"{OWN_MARK}工作表 sheet"
# Rows among which the headings are looked for: titles above them take one or two.
_SEARCHED_ROWS: Final = 20
_MAX_QUOTED: Final = 40  # characters of a heading that a message repeats
_MAX_FAULTS: Final = 20  # headings that a message lists
_NUMBER_CLAIM: Final = "ZZBH"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the claims of a row stand: places of its cells by target, the heading at each place, and where rows begin.

    `cell_indices` has several where the parts of one claim are joined; `blank_indices` are columns without a heading,
    `sheet_index` is the column in which a file of faulty rows names the sheet of a row, `hidden_headings` are those of
    columns that state something and that the file hides.
    """

    headings: tuple[str, ...]
    cell_indices: dict[str, tuple[int, ...]]
    blank_indices: tuple[int, ...]
    first_line_number: int
    title_line_numbers: tuple[int, ...]
    sheet_index: int | None = None
    hidden_headings: tuple[str, ...] = ()

    def find_sheet(self, row: SourceRow) -> str:
        """Return the name of the sheet on which a row stood before anything came back."""
        index = self.sheet_index
        return row.sheet if index is None or index >= len(row.cells) else row.cells[index].strip()


def find_columns(rows: Iterator[SourceRow], profile: Profile) -> tuple[Columns, Iterator[SourceRow]]:
    """Return the columns of a table, and the rows below its headings.

    Raises: MalformedInput for headings that are missing, mean nothing or stand twice.
    """
    first_rows = list(_take(rows, max(_SEARCHED_ROWS, profile.heading_row + 1)))
    heading_index = _find_heading_row(first_rows, profile)
    heading_cells = first_rows[heading_index].cells
    last_index = heading_index
    if profile.heading_rows > 1 and heading_index + 1 < len(first_rows):
        last_index = heading_index + 1
        heading_cells = _join_headings(heading_cells, first_rows[last_index].cells, profile)
    columns = _bind(
        heading_cells,
        first_rows[last_index],
        tuple(row.line_number for row in first_rows[:heading_index]),
        profile,
    )
    return columns, chain(first_rows[last_index + 1 :], rows)


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
            if row.line_number == profile.heading_row:
                return index
        raise MalformedInput(
            f"the profile has its headings in row {profile.heading_row}, and there is no such row"
        )
    bound_headings = bind_headings(profile).keys() | map_joined_headings(profile).keys()
    match_counts = [
        sum(fold_heading(cell) in bound_headings for cell in row.cells if cell.strip()) for row in rows
    ]
    best_index = max(range(len(rows)), key=lambda index: (match_counts[index], -index), default=None)
    if best_index is None or match_counts[best_index] < 2:
        first_row = next((row for row in rows if not row.is_blank), None)
        sample = "、".join(cell[:_MAX_QUOTED] for cell in first_row.cells[:8]) if first_row else ""
        raise MalformedInput(
            f"no row has headings 表头 that the profile {profile.name} knows; the first row says {sample}. "
            "`shunzheng import profile new FILE` proposes a profile for this table"
        )
    return best_index


def _join_headings(
    upper_cells: Sequence[str], lower_cells: Sequence[str], profile: Profile
) -> tuple[str, ...]:
    """Return headings that stand in two rows: the lower one where it says something by itself, else both."""
    targets_by_heading, joined_headings, group_heading = bind_headings(profile), list[str](), ""
    for index in range(max(len(upper_cells), len(lower_cells))):
        upper_heading = upper_cells[index].strip() if index < len(upper_cells) else ""
        lower_heading = lower_cells[index].strip() if index < len(lower_cells) else ""
        group_heading = upper_heading or group_heading
        if not lower_heading:
            joined_headings.append(upper_heading)
        elif (
            fold_heading(group_heading + lower_heading) in targets_by_heading
            or fold_heading(lower_heading) not in targets_by_heading
        ):
            joined_headings.append(group_heading + lower_heading)
        else:
            joined_headings.append(lower_heading)
    return tuple(joined_headings)


def _bind(
    cells: Sequence[str], heading_row: SourceRow, title_line_numbers: tuple[int, ...], profile: Profile
) -> Columns:
    targets_by_heading, joined_targets, ignored_headings = (
        bind_headings(profile),
        map_joined_headings(profile),
        fold_words(profile.ignored),
    )
    indices_by_target: dict[str, list[tuple[int, int]]] = defaultdict(list)
    blank_indices, unknown_headings = list[int](), list[str]()
    for index, heading in enumerate(cells):
        folded_heading = fold_heading(heading)
        if not folded_heading:
            blank_indices.append(index)
        elif folded_heading in joined_targets:
            target, place = joined_targets[folded_heading]
            indices_by_target[target].append((place, index))
        elif folded_heading in ignored_headings or heading.strip().startswith(OWN_MARK):
            continue
        elif folded_heading in targets_by_heading:
            indices_by_target[targets_by_heading[folded_heading]].append((0, index))
        else:
            unknown_headings.append(heading)
    _check_headings(cells, indices_by_target, unknown_headings, profile)
    return Columns(
        tuple(heading.strip() for heading in cells),
        {
            target: tuple(index for _, index in sorted(places_and_indices))
            for target, places_and_indices in indices_by_target.items()
        },
        tuple(blank_indices),
        heading_row.line_number + 1,
        title_line_numbers,
        max((index for index, heading in enumerate(cells) if heading.strip() == OWN_SHEET), default=None),
        tuple(
            cells[index].strip()
            for places_and_indices in indices_by_target.values()
            for _, index in places_and_indices
            if index in heading_row.hidden_columns
        ),
    )


def _check_headings(
    cells: Sequence[str],
    indices_by_target: dict[str, list[tuple[int, int]]],
    unknown_headings: Sequence[str],
    profile: Profile,
) -> None:
    faults = [
        f"“{_quote(heading)}” is no heading that the profile {profile.name} "
        f"knows{ask_if_meant(heading, [*get_claim_labels()])}"
        for heading in unknown_headings[:_MAX_FAULTS]
    ]
    for target, indices in indices_by_target.items():
        if len(indices) > 1 and target not in profile.joins:
            quoted_headings = "” and “".join(_quote(cells[index]) for _, index in indices)
            faults.append(f"“{quoted_headings}” both mean {target} {get_claim_labels().get(target, '')}")
    if _NUMBER_CLAIM not in indices_by_target and _NUMBER_CLAIM not in profile.constants:
        faults.append("no column holds the number of the certificate (ZZBH 证照编号)")
    if faults:
        raise MalformedInput(
            f"the headings 表头 do not fit: {'; '.join(faults)}. Bind each heading to a claim under "
            "[columns] of a profile of "
            "your own, or list it under `ignored`; `shunzheng import profile new FILE` proposes one"
        )


def _quote(heading: str) -> str:
    return " ".join(heading.split())[:_MAX_QUOTED]
