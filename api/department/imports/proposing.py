"""A profile proposed from the headings and values of a table, for a person to confirm."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Final

from api.department.imports.files.sources import Source, SourceRow
from api.department.imports.profiles import Profile, bind_headings, fold_heading, load_profile
from api.department.rows.columns import get_claim_labels
from ledger.errors import MalformedInput

_SAMPLE_ROWS: Final = 500
_MAX_WORDS: Final = 12  # words of a column that may be a state or a type
_MIN_LIKENESS: Final = 0.6  # of two headings, for a proposal that a person reads
_STATUS_HEADINGS: Final = ("状态", "zt", "state", "status")
_ENDED_WORDS: Final = ("注销", "吊销", "撤销", "作废", "废止", "cancel")


def propose_profile(source: Source) -> tuple[str, int]:
    """Return a profile as TOML with a remark where a person has to look, and how many such lines it has.

    Raises: MalformedInput.
    """
    plain_profile = load_profile("plain")
    rows = [row for row in islice(source.read_rows(), _SAMPLE_ROWS) if not row.is_blank and not row.fault]
    heading_index = _find_heading_row(rows, plain_profile)
    headings = [heading.strip() for heading in rows[heading_index].cells]
    cells_by_column = [
        [row.cells[index].strip() for row in rows[heading_index + 1 :] if index < len(row.cells)]
        for index in range(len(headings))
    ]
    lines = [
        *_write_head(source, rows[heading_index].line_number),
        *_write_columns(headings, plain_profile),
        *_write_words(headings, cells_by_column, plain_profile),
    ]
    text = "\n".join(lines) + "\n"
    return text, text.count("TODO")


def _find_heading_row(rows: Sequence[SourceRow], plain_profile: Profile) -> int:
    """Return the index of the row that has the most headings of the catalogue, else the most cells."""
    if not rows:
        raise MalformedInput("the table has no rows")
    targets_by_heading = bind_headings(plain_profile)
    scores = [
        (
            sum(fold_heading(cell) in targets_by_heading for cell in row.cells),
            sum(bool(cell.strip()) for cell in row.cells),
            -index,
        )
        for index, row in enumerate(rows[:20])
    ]
    return -max(scores)[2]


def _write_head(source: Source, line_number: int) -> Iterator[str]:
    profile_name = source.name.partition(".")[0][:40]
    yield f"# Proposed from {_quote(source.name)}. Read every line marked TODO, then take the mark away."
    yield f"name = {_quote(profile_name)}"
    yield f"heading_row = {max(line_number, 0)}"
    yield 'issuer = ""  # TODO credit code of the issuer 发证机关, unless a column has it'
    yield 'type = ""  # TODO code or name of the type, unless a column has it'
    yield 'empty_end = "ask"  # TODO endless: an empty last day is 长期; unknown: it is not known'
    yield ""


def _write_columns(headings: Sequence[str], plain_profile: Profile) -> Iterator[str]:
    targets_by_heading, unknown_headings, written_targets = (
        bind_headings(plain_profile),
        list[str](),
        set[str](),
    )
    labels = {fold_heading(label): claim for claim, label in get_claim_labels().items()}
    yield "[columns]"
    for heading in headings:
        folded_heading = fold_heading(heading)
        target = targets_by_heading.get(folded_heading)
        remark = ""
        if target is None and (
            close_headings := get_close_matches(folded_heading, [*labels], 1, _MIN_LIKENESS)
        ):
            target, remark = labels[close_headings[0]], "  # TODO only alike"
        if not folded_heading:
            continue
        if target is None or target in written_targets:
            unknown_headings.append(heading)
            continue
        written_targets.add(target)
        yield f"{target} = [{_quote(heading)}]{remark}"
    yield ""
    for heading in unknown_headings:
        yield f"# TODO {_quote(heading)} means no claim that is known: bind it above, or leave it in `ignored`"
    if unknown_headings:
        yield f"# TODO move above [columns]: ignored = [{', '.join(map(_quote, unknown_headings))}]"
    yield ""


def _write_words(
    headings: Sequence[str], cells_by_column: Sequence[Sequence[str]], plain_profile: Profile
) -> Iterator[str]:
    """Yield what the words of a column of states mean, as far as that can be told."""
    for heading, cells in zip(headings, cells_by_column, strict=True):
        if not any(fold_heading(word) in fold_heading(heading) for word in _STATUS_HEADINGS):
            continue
        word_counts = Counter(cell for cell in cells if cell)
        if not word_counts or len(word_counts) > _MAX_WORDS:
            continue
        yield f"[status]  # words of {_quote(heading)}"
        for word in word_counts:
            meaning = plain_profile.status.get(word) or (
                "ended" if any(ended_word in word for ended_word in _ENDED_WORDS) else "current"
            )
            remark = "" if word in plain_profile.status else "  # TODO"
            yield f"{_quote(word)} = {_quote(meaning)}{remark}"
        return


def _quote(text: str) -> str:
    """Return a text as TOML writes it, which takes JSON's escapes."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
