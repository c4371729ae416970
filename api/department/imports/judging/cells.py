"""The cells of a row, each put under its claim and cleaned; what was done to it is told."""

import ast
import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from api.department.imports.files.sources import CACHED_CELL, FORMULA_CELL, NUMBER_CELL, SourceRow
from api.department.imports.headings import Columns
from api.department.imports.profiles import MEMBERS, Profile, bind_headings, fold_heading
from api.department.imports.sorts import Finding
from api.department.rows.oddities import is_garbled, undo_encoding
from ledger.encoding.normal_forms import to_nfkc
from ledger.encoding.unseen import find_unseen_character
from ledger.records.characters import describe

#: Text as nearly all is: one line of characters that can be seen, without blanks or signs at its ends.
_PLAIN: Final = re.compile(
    "[A-Za-z0-9\u3400-\u9fff（][ "
    "-~\u00b7\u3001-\u3015\u3400-\u9fff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e]*[A-Za-z0-9\u3400-\u9fff）。]"
)
_PROTECTED: Final = re.compile("^(?:\t+|'(?=[0-9A-Za-z=+@-]))+")
_LOST: Final = re.compile("\ufffd|□|锟斤拷|[\u3400-\u9fff](?:\\?|？$)|\\?[\u3400-\u9fff]")
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
#: Numbers that a spreadsheet cut after fifteen digits, shows as powers of ten, or took for dates; and its errors.
_SPOILT: Final = re.compile(
    r"[+-]?[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]+|[1-9][0-9]{14}0{2,}|[0-9]{5,}\.0+|#(?:N/A|[A-Z][A-Z0-9/_]*[!?]|#+)"
    r"|[0-9]{1,2}月[0-9]{1,2}日|[0-9]{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
)
_MAX_WORD_CHARS: Final = 9  # of a word for nothing, such as undefined
_MAX_OBJECT_CHARS: Final = 64 * 1024  # of a cell with an object in it
Told = Callable[[Finding], None]


class CellReader:
    """Reads the cells of rows whose columns are known, as a profile says."""

    def __init__(self, profile: Profile, columns: Columns) -> None:
        self._profile, self._columns = profile, columns
        self._nothing = frozenset(profile.null_words)
        self._bound = bind_headings(profile)

    def read(self, row: SourceRow, tell: Told) -> dict[str, str]:
        """Return the text of each claim that a row states; what is odd is told by `tell`."""
        texts: dict[str, str] = {}
        for target, places in self._columns.places.items():
            parts = [text for place in places if (text := self._read_cell(row, place, tell))]
            if parts:
                texts[target] = "".join(parts)
        self._check_blank_columns(row, tell)
        if MEMBERS in texts:
            texts |= self._open_object(texts.pop(MEMBERS), tell)
        return texts

    def heading(self, target: str) -> str:
        """Return the heading of a claim in the file, or its name where it has no column."""
        places = self._columns.places.get(target)
        return self._columns.headings[places[0]] if places else target

    def _read_cell(self, row: SourceRow, place: int, tell: Told) -> str:
        raw = row.cells[place] if place < len(row.cells) else ""
        if not raw or (not row.kinds and raw != self._columns.headings[place] and self._is_plain(raw)):
            return raw
        return self._clean(row, place, raw, tell)

    def _is_plain(self, text: str) -> bool:
        """Tell whether nothing needs to be said of a text, as of nearly all: the rest looks closer."""
        return (
            _PLAIN.fullmatch(text) is not None
            and text not in self._nothing
            and not _SPOILT.fullmatch(text)
            and (text.isascii() or not (_LOST.search(text) or is_garbled(text)))
        )

    def _clean(self, row: SourceRow, place: int, raw: str, tell: Told) -> str:
        heading, kind = self._columns.headings[place], row.kind(place)

        def say(sort: str, message: str, suggestion: str = "") -> None:
            tell(Finding(sort, heading, raw, message, suggestion))

        text = raw.strip()
        bare = _PROTECTED.sub("", raw).strip()
        if bare != text:
            say("protected", "the apostrophe or tab before it is taken away", bare)
            text = bare
        if text != raw and not raw.startswith("\t") and bare == text and raw.strip() != raw:
            say("blanks-around", "blanks around it are taken away", text)
        if kind == FORMULA_CELL:
            say(
                "formula",
                "the formula has no stored value: open the file in Excel, save it, or paste the value",
            )
            return ""
        if kind == CACHED_CELL:
            say("formula-value", "the stored value of the formula is taken", text)
        if text in self._nothing:
            if text:
                say("null-word", "it stands for nothing and is left out")
            return ""
        self._check_text(text, kind, heading, say)
        return text

    def _check_text(self, text: str, kind: str, heading: str, say: Callable[..., None]) -> None:
        if _SPOILT.fullmatch(text) and not (kind == NUMBER_CELL and text.isdecimal()):
            say(
                "spreadsheet",
                "Excel has cut or changed it 表格软件截断或改写: format the column as text, and enter it again",
            )
        elif text.startswith("=") and len(text) > 1:
            say("formula", "it is a formula: enter the value")
        elif fold_heading(text) == fold_heading(heading) and text:
            say("own-label", "it repeats the heading of its column: enter the value")
        if lost := _LOST.search(text):
            say("lost-character", f"a character was lost on the way at place {lost.start() + 1}: look it up")
        elif meant := undo_encoding(text):
            say("wrong-encoding", "it was read in a wrong encoding 乱码: is this what is meant?", meant)
        elif private := _PRIVATE.search(text):
            say(
                "private-character",
                f"U+{ord(private[0]):04X} is a private character, which others show otherwise or not",
            )
        if found_place := find_unseen_character(text):
            say(
                "unseen",
                f"{describe(found_place[1])} at place {found_place[0]}, which nobody can see: take it out",
            )

    def _check_blank_columns(self, row: SourceRow, tell: Told) -> None:
        for place in self._columns.blank:
            if place < len(row.cells) and row.cells[place].strip():
                tell(
                    Finding(
                        "columns",
                        "",
                        row.cells[place],
                        f"column {place + 1} has no heading: name it, or empty it",
                    )
                )

    def _open_object(self, text: str, tell: Told) -> dict[str, str]:
        """Return the members of a cell with a JSON object, each under its claim."""
        heading = self.heading(MEMBERS)
        members = read_object(text)
        if members is None:
            tell(
                Finding(
                    "json",
                    heading,
                    text,
                    "it is no object {…} that can be read: an apostrophe inside a value, say",
                )
            )
            return {}
        if not text.lstrip().startswith('{"'):
            tell(Finding("json-quotes", heading, text, "the object has single quotes and was read"))
        found_texts: dict[str, str] = {}
        for name, value in members.items():
            target = self._bound.get(fold_heading(name))
            if target is None:
                tell(
                    Finding(
                        "columns",
                        heading,
                        name,
                        f"the member {name[:40]} means no claim: bind it in the profile",
                    )
                )
            elif value.strip() and value.strip() not in self._nothing:
                found_texts[target] = value.strip()
        return found_texts


def is_ordinary(text: str) -> bool:
    """Tell whether nothing can be odd in a text that was read: one long word of characters that can be seen."""
    return " " not in text and len(text) > _MAX_WORD_CHARS and _PLAIN.fullmatch(text) is not None


def read_object(text: str) -> Mapping[str, str] | None:
    """Return the members of a JSON object, also of one with single quotes; None where there is none."""
    if len(text) > _MAX_OBJECT_CHARS:
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    if not isinstance(value, dict):
        return None
    return {str(name): "" if member is None else str(member) for name, member in value.items()}


def write_plain_code(text: str) -> str:
    """Return a code in plain half-width characters and without blanks."""
    return "".join(to_nfkc(text).split()).replace("\u200b", "").replace("\ufeff", "")
