"""The cells of a row, each put under its claim and cleaned; what was done to it is told."""

import ast
import json
import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.files.sources import CACHED_CELL, DATE_CELL, FORMULA_CELL, NUMBER_CELL, SourceRow
from api.department.imports.headings import Columns
from api.department.imports.judging.codes import is_code
from api.department.imports.profiles import MEMBERS, Profile, bind_headings, fold_heading, fold_null_word
from api.department.imports.sorts import Finding
from api.department.rows.days import MAC_EPOCH, read_serial
from api.department.rows.oddities import is_garbled, undo_encoding
from ledger.catalogue.fields import Form, Mask, Sensitivity
from ledger.encoding.normal_forms import to_nfkc
from ledger.encoding.unseen import find_unseen_places, replace_unseen
from ledger.records.characters import describe

#: Text as nearly all is: one line of characters that can be seen, without blanks or signs at its ends, `&` and `<`.
_PLAIN_TEXT: Final = re.compile(
    "[A-Za-z0-9\u3400-\u9fff（][ "
    "-%'-;=-~\u00b7\u3001-\u3015\u3400-\u9fff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e]*[A-Za-z0-9\u3400-\u9fff）。]"
)
#: What web pages are written in: the elements that stand in texts, and characters by their names and numbers.
_WEB_MARK: Final = re.compile(
    r"</?(?:a|b|br|center|div|em|font|h[1-6]|i|img|li|o:p|ol|p|script|span|strong|style|sub|sup|table|tbody|td|th|tr|u|ul)"
    r"(?:\s[^<>]*)?/?>|<!--|&(?:amp|apos|gt|lt|middot|nbsp|quot|#[0-9]{1,7}|#x[0-9a-f]{1,6});",
    re.IGNORECASE,
)
_WEB_ELEMENT: Final = re.compile(r"<[^<>]*>")
_PROTECTED: Final = re.compile("^(?:\t+|'(?=[0-9A-Za-z=+@-]))+")
_LOST_CHARACTER: Final = re.compile("\ufffd|□|锟斤拷|[\u3400-\u9fff](?:\\?|？$)|(?:\\?|^？)[\u3400-\u9fff]")
_PRIVATE_CHARACTER: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
#: Numbers that a spreadsheet cut after fifteen digits, shows as powers of ten, or took for dates; and its errors.
_SPOILT_VALUE: Final = re.compile(
    r"[+-]?[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]+|[0-9]{5,}\.0+|#(?:N/A|[A-Z][A-Z0-9/_]*[!?]|#+)"
    r"|[0-9]{1,2}月[0-9]{1,2}日|[0-9]{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{2}"
)
#: Numbers whose last digits are zeros behind fifteen others, which is what a spreadsheet keeps.
_CUT_NUMBER: Final = re.compile(r"[1-9][0-9]{14}0{2,}")
#: Claims that are codes, of which no cell is a day.
_CODE_CLAIMS: Final = frozenset({"ZZBH", "ZZBS", "ZZLXDM", "ZZBFJGDM", "CZZTDM", "CZZTDMLXDM"})
_HOLDER_CLAIMS: Final = ("CZZT", "CZZTDM")
_MAX_MARKS: Final = 4  # signs around a heading that a cell repeats
_MAX_WORD_CHARS: Final = 9  # of a word for nothing, such as undefined
_MAX_OBJECT_CHARS: Final = 64 * 1024  # of a cell with an object in it
TellFinding = Callable[[Finding], None]


class CellReader:
    """Reads the cells of rows whose columns are known, as a profile says."""

    def __init__(self, profile: Profile, columns: Columns) -> None:
        self._profile, self._columns = profile, columns
        self._null_words = frozenset(map(fold_null_word, profile.null_words))
        self._targets_by_heading = bind_headings(profile)

    def read(self, row: SourceRow, tell: TellFinding) -> dict[str, str]:
        """Return the text of each claim that a row states; what is odd is told by `tell`."""
        texts: dict[str, str] = {}
        for target, indices in self._columns.cell_indices.items():
            parts = [text for index in indices if (text := self._read_cell(row, index, target, tell))]
            if parts:
                texts[target] = "".join(parts)
        self._check_blank_columns(row, tell)
        if MEMBERS in texts:
            texts |= self._open_object(texts.pop(MEMBERS), tell)
        return texts

    def find_heading(self, target: str) -> str:
        """Return the heading of a claim in the file, or its name where it has no column."""
        indices = self._columns.cell_indices.get(target)
        return self._columns.headings[indices[0]] if indices else target

    def _read_cell(self, row: SourceRow, index: int, target: str, tell: TellFinding) -> str:
        raw_text = row.cells[index] if index < len(row.cells) else ""
        if not raw_text or (
            not row.cell_kinds and not self._repeats_heading(raw_text, index) and self._is_plain(raw_text)
        ):
            return raw_text
        return self._clean(row, index, target, tell)

    def _repeats_heading(self, text: str, index: int) -> bool:
        """Tell whether a text is the heading of its column, with brackets and the like at most."""
        heading = self._columns.headings[index]
        return len(text) <= len(heading) + _MAX_MARKS and fold_heading(text) == fold_heading(heading)

    def _is_plain(self, text: str) -> bool:
        """Tell whether nothing needs to be said of a text, as of nearly all: the rest looks closer."""
        return (
            _PLAIN_TEXT.fullmatch(text) is not None
            and not self._is_nothing(text)
            and not _SPOILT_VALUE.fullmatch(text)
            and not _CUT_NUMBER.fullmatch(text)
            and (text.isascii() or not (_LOST_CHARACTER.search(text) or is_garbled(text)))
        )

    def _is_nothing(self, text: str) -> bool:
        """Tell whether a text is a word for nothing, which are short."""
        return len(text) <= _MAX_WORD_CHARS and (not text or fold_null_word(text) in self._null_words)

    def _clean(self, row: SourceRow, index: int, target: str, tell: TellFinding) -> str:
        raw_text, heading, cell_kind = row.cells[index], self._columns.headings[index], row.find_kind(index)

        def say(sort: str, message: str, suggestion: str = "") -> None:
            tell(Finding(sort, heading, raw_text, message, suggestion, target))

        text = raw_text.strip()
        bare_text = _PROTECTED.sub("", raw_text).strip()
        if bare_text != text or raw_text.startswith("\t"):
            say("protected", "the apostrophe or tab before it is taken away", bare_text)
            text = bare_text
        elif text != raw_text:
            say("blanks-around", "blanks around it are taken away", text)
        if cell_kind == FORMULA_CELL:
            say(
                "formula",
                "the formula has no stored value: open the file in Excel, save it, or paste the value",
            )
            return ""
        if cell_kind == CACHED_CELL:
            say("formula-value", "the stored value of the formula is taken", text)
        if self._is_nothing(text):
            if text:
                say("null-word", "it stands for nothing and is left out")
            return ""
        if len(text.splitlines()) > 1:
            text = self._join_lines(text, target, say)
        if row.counts_from_1904 and self._is_day(target) and (day := read_serial(text, MAC_EPOCH)):
            say("serial", f"the workbook counts days from 1904: it is read as {day}", day.isoformat())
            return day.isoformat()
        if cell_kind == DATE_CELL and self._is_code(target):
            say(
                "spreadsheet",
                "Excel took it for a day 被识别为日期: format the column as text, and enter it again",
            )
        elif _CUT_NUMBER.fullmatch(text):
            _judge_zeros(text, target, say)
        self._check_text(text, cell_kind, index, say)
        return text

    def _join_lines(self, text: str, target: str, say: Callable[..., None]) -> str:
        """Return a text of several lines on one; in names and numbers, where a blank would count, they stand."""
        if target in _HOLDER_CLAIMS and "\n" in self._profile.holder_separators:
            return text
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if self._is_code(target) or (self._is_name(target) and not self._is_day(target)):
            say(
                "unseen",
                "it has a line break 换行 inside, where each character counts: take it out",
                "".join(lines),
            )
            return text
        joined_text = " ".join(lines)
        say("line-break", "its line breaks 换行 are written as a blank", joined_text)
        return joined_text

    def _is_code(self, target: str) -> bool:
        return target in _CODE_CLAIMS or self._profile.kinds.get(target) == "code"

    def _is_day(self, target: str) -> bool:
        field = get_catalogue().find_field(target)
        return self._profile.kinds.get(target) == "date" or (field is not None and field.form is Form.DATE)

    def _is_name(self, target: str) -> bool:
        """Tell whether a claim is a name or number: those of GB/T 36903 are, and what is personal but for addresses."""
        field = get_catalogue().find_field(target)
        if field is None or field.standard == "GB/T 36903":
            return field is not None
        of_person = field.grade_for_person()
        return of_person.sensitivity is not Sensitivity.NONE and of_person.mask is not Mask.ADDRESS

    def _check_text(self, text: str, cell_kind: str, index: int, say: Callable[..., None]) -> None:
        if _SPOILT_VALUE.fullmatch(text) and not (cell_kind == NUMBER_CELL and text.isdecimal()):
            say(
                "spreadsheet",
                "Excel has cut or changed it 表格软件截断或改写: format the column as text, and enter it again",
            )
        elif text.startswith("=") and len(text) > 1:
            say("formula", "it is a formula: enter the value")
        elif self._repeats_heading(text, index):
            say("own-label", "it repeats the heading of its column: enter the value")
        if lost_match := _LOST_CHARACTER.search(text):
            say(
                "lost-character",
                f"a character was lost on the way at place {lost_match.start() + 1}: look it up",
            )
        elif meant_text := undo_encoding(text):
            say("wrong-encoding", "it was read in a wrong encoding 乱码: is this what is meant?", meant_text)
        elif private_match := _PRIVATE_CHARACTER.search(text):
            say(
                "private-character",
                f"U+{ord(private_match[0]):04X} is a private character, which others show otherwise or not",
            )
        if _WEB_MARK.search(text):
            say(
                "web-marks",
                "marks of a web page 网页标记 stand in it: enter the text alone",
                _read_web_text(text),
            )
        unseen_places = (place for place in find_unseen_places(text) if not _is_line_break(text[place]))
        if (place := next(unseen_places, None)) is not None:
            say(
                "unseen",
                f"{describe(text[place])} at place {place + 1}, which nobody can see: take it out",
                replace_unseen(text, lambda _: ""),
            )

    def _check_blank_columns(self, row: SourceRow, tell: TellFinding) -> None:
        for index in self._columns.blank_indices:
            if index < len(row.cells) and row.cells[index].strip():
                tell(
                    Finding(
                        "columns",
                        "",
                        row.cells[index],
                        f"column {index + 1} has no heading: name it, or empty it",
                    )
                )

    def _open_object(self, text: str, tell: TellFinding) -> dict[str, str]:
        """Return the members of a cell with a JSON object, each under its claim."""
        heading = self.find_heading(MEMBERS)
        members = read_members(text)
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
        texts: dict[str, str] = {}
        for name, value in members.items():
            target = self._targets_by_heading.get(fold_heading(name))
            if target is None:
                tell(
                    Finding(
                        "columns",
                        heading,
                        name,
                        f"the member {name[:40]} means no claim: bind it in the profile",
                    )
                )
            elif not self._is_nothing(value.strip()):
                texts[target] = value.strip()
        return texts


def _judge_zeros(text: str, target: str, say: Callable[..., None]) -> None:
    """Say whether a long number that ends with zeros was cut for certain, where it has check digits, or may have been."""
    if target != "CZZTDM":
        say("cut-number", "a spreadsheet keeps fifteen digits and makes the others zeros: compare it")
    elif not is_code(text):
        say("spreadsheet", "Excel has cut it 表格软件截断: format the column as text, and enter it again")


def _is_line_break(character: str) -> bool:
    return character.splitlines() == [""]


def _read_web_text(text: str) -> str:
    """Return what a web page shows of a text: its elements stand for blanks."""
    return " ".join(unescape(_WEB_ELEMENT.sub(" ", text)).split())


def is_ordinary(text: str) -> bool:
    """Tell whether nothing can be odd in a text that was read: one long word of characters that can be seen."""
    return " " not in text and len(text) > _MAX_WORD_CHARS and _PLAIN_TEXT.fullmatch(text) is not None


def read_members(text: str) -> Mapping[str, str] | None:
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
