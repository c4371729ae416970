"""Columns of a table that are of no part of the record, and the state that its source names."""

from typing import Final

from api.department.imports.judging.cells import is_ordinary, write_plain_code
from api.department.imports.judging.days import read_known_day
from api.department.imports.judging.reading import RowReading
from api.department.imports.profiles import ENDING_ACTS, STATUS
from api.department.rows.forms import put_in_form
from api.department.rows.oddities import find_text_oddities
from ledger.catalogue.fields import ClaimField, Form
from ledger.encoding.canonical import Json
from ledger.records.characters import find_name_fault

#: How findings of a text's oddities are called here; the others are found where cells are read.
_ODDITY_SORTS: Final = {
    "blanks": "blanks", "full-width": "full-width", "placeholder": "placeholder", "spreadsheet": "spreadsheet",
}  # fmt: skip


def read_claim(reading: RowReading, name: str, text: str, field: ClaimField | None) -> dict[str, Json]:
    """Return the claim that a cell of any other column states, nothing where it cannot be stated."""
    if fault := find_name_fault(name):
        reading.say("claim", name, text, f"the name of the claim {fault}")
        return {}
    value_kind = reading.profile.kinds.get(name, "")
    if value_kind == "date" or (field is not None and field.form is Form.DATE):
        day = read_known_day(reading, name, text)
        return {name: day.isoformat()} if day else {}
    if value_kind == "division":
        return {name: _read_division(reading, name, text)}
    if value_kind == "code":
        code = write_plain_code(text)
        if code != text:
            reading.say(
                "code-width",
                name,
                text,
                "full-width characters and blanks are written plainly",
                code,
            )
        text = code
    value = put_in_form(text, None, field)
    if field is not None and field.form is Form.INTEGER and not isinstance(value, int):
        reading.say("not-a-number", name, text, "the catalogue has a whole number here")
    say_oddities(reading, name, text)
    return {name: value}


def say_oddities(reading: RowReading, name: str, text: str) -> None:
    """Say what is odd in a text that is stated as given: widths, blanks, placeholders, what a spreadsheet made of it."""
    for oddity in find_text_oddities(name, text) if not is_ordinary(text) else ():
        sort = _ODDITY_SORTS.get(oddity.name)
        is_said = any((finding.sort, finding.claim) == (sort, name) for finding in reading.findings)
        if sort and not is_said:  # where the cell was read
            reading.say(sort, name, text, _strip_value(oddity.message))


def _read_division(reading: RowReading, name: str, text: str) -> str:
    code = write_plain_code(text)
    if len(code) in (9, 12) and code.isdecimal() and not code[6:].strip("0"):
        reading.say("division", name, text, "the zeros behind the six digits are taken away", code[:6])
        return code[:6]
    return code


def judge_status(reading: RowReading, last_day: "Json | None") -> str:
    """Say whether a row is of a certificate that its source does not call in force; `last_day` is what the row states.

    Returns the act that a backfill registers right after the certificate, empty where there is none.
    """
    word = reading.texts.get(STATUS, "")
    if not word:
        return ""
    meaning = reading.profile.status.get(word)
    if meaning == "expired" and isinstance(last_day, str) and last_day < reading.today.isoformat():
        return ""
    if meaning in ENDING_ACTS and reading.profile.backfill:
        return str(meaning)
    if meaning is None:
        reading.say(
            "status-word",
            STATUS,
            word,
            "the profile does not say whether this state is current: add it to [status]",
        )
    elif meaning == "expired":
        reading.say("ended", STATUS, word,
            "its source calls it expired, and the last day of the row has not passed: mend one of the two",
        )  # fmt: skip
    elif meaning != "current":
        reading.say("ended", STATUS, word,
            "its source does not call it in force: it is not registered as living. `shunzheng cancel`, "
            "`revoke`, `withdraw` or `suspend` changes one that is registered; on one that is not, the act "
            "waits 待办 and is not dropped",
        )  # fmt: skip
    return ""


def _strip_value(message: str) -> str:
    """Return what an oddity says without the value that it repeats: a finding has that apart."""
    return message.rpartition("”")[2].lstrip(" ,:") or message
