"""A profile proposed from the headings and values of a table, for a person to confirm."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Final

from api.department.imports.files.sources import Source, SourceRow
from api.department.imports.profiles import Profile, bind_headings, fold_heading, load_profile
from api.department.rows.columns import claim_labels
from ledger.errors import MalformedInput

_SAMPLE_ROWS: Final = 500
_MAX_WORDS: Final = 12  # words of a column that may be a state or a type
_LIKENESS: Final = 0.6  # of two headings, for a proposal that a person reads
_STATUS_HEADINGS: Final = ("状态", "zt", "state", "status")
_ENDED_WORDS: Final = ("注销", "吊销", "撤销", "作废", "废止", "cancel")


def propose_profile(source: Source) -> tuple[str, int]:
    """Return a profile as TOML with a remark where a person has to look, and how many such lines it has.

    Raises: MalformedInput.
    """
    plain = load_profile("plain")
    rows = [row for row in islice(source.rows(), _SAMPLE_ROWS) if not row.is_blank and not row.fault]
    index = _find_headings(rows, plain)
    headings = [heading.strip() for heading in rows[index].cells]
    columns = [
        [row.cells[place].strip() for row in rows[index + 1 :] if place < len(row.cells)]
        for place in range(len(headings))
    ]
    lines = [
        *_write_head(source, rows[index].line),
        *_write_columns(headings, plain),
        *_write_words(headings, columns, plain),
    ]
    text = "\n".join(lines) + "\n"
    return text, text.count("TODO")


def _find_headings(rows: Sequence[SourceRow], plain: Profile) -> int:
    """Return the index of the row that has the most headings of the catalogue, else the most cells."""
    if not rows:
        raise MalformedInput("the table has no rows")
    bound = bind_headings(plain)
    scores = [
        (
            sum(fold_heading(cell) in bound for cell in row.cells),
            sum(bool(cell.strip()) for cell in row.cells),
            -index,
        )
        for index, row in enumerate(rows[:20])
    ]
    return -max(scores)[2]


def _write_head(source: Source, line: int) -> Iterator[str]:
    name = source.name.partition(".")[0][:40]
    yield f"# Proposed from {_quote(source.name)}. Read every line marked TODO, then take the mark away."
    yield f"name = {_quote(name)}"
    yield f"heading_row = {max(line, 0)}"
    yield 'issuer = ""  # TODO credit code of the issuer 发证机关, unless a column has it'
    yield 'type = ""  # TODO code or name of the type, unless a column has it'
    yield 'empty_end = "ask"  # TODO endless: an empty last day is 长期; unknown: it is not known'
    yield ""


def _write_columns(headings: Sequence[str], plain: Profile) -> Iterator[str]:
    bound, unknown, written = bind_headings(plain), list[str](), set[str]()
    labels = {fold_heading(label): claim for claim, label in claim_labels().items()}
    yield "[columns]"
    for heading in headings:
        folded = fold_heading(heading)
        target = bound.get(folded)
        remark = ""
        if target is None and (close := get_close_matches(folded, [*labels], 1, _LIKENESS)):
            target, remark = labels[close[0]], "  # TODO only alike"
        if not folded:
            continue
        if target is None or target in written:
            unknown.append(heading)
            continue
        written.add(target)
        yield f"{target} = [{_quote(heading)}]{remark}"
    yield ""
    for heading in unknown:
        yield f"# TODO {_quote(heading)} means no claim that is known: bind it above, or leave it in `ignored`"
    if unknown:
        yield f"# TODO move above [columns]: ignored = [{', '.join(map(_quote, unknown))}]"
    yield ""


def _write_words(headings: Sequence[str], columns: Sequence[Sequence[str]], plain: Profile) -> Iterator[str]:
    """Yield what the words of a column of states mean, as far as that can be told."""
    for heading, cells in zip(headings, columns, strict=True):
        if not any(fold_heading(word) in fold_heading(heading) for word in _STATUS_HEADINGS):
            continue
        words = Counter(cell for cell in cells if cell)
        if not words or len(words) > _MAX_WORDS:
            continue
        yield f"[status]  # words of {_quote(heading)}"
        for word in words:
            meaning = plain.status.get(word) or (
                "ended" if any(end in word for end in _ENDED_WORDS) else "current"
            )
            remark = "" if word in plain.status else "  # TODO"
            yield f"{_quote(word)} = {_quote(meaning)}{remark}"
        return


def _quote(text: str) -> str:
    """Return a text as TOML writes it, which takes JSON's escapes."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
