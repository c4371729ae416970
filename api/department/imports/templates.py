"""An empty table for one type of certificate, which the profile `plain` reads."""

from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation

from anchoring.catalogue.chosen import get_catalogue
from api.department.imports.judging.types import find_type
from ledger.catalogue.fields import ClaimField, Form
from ledger.errors import MalformedInput

#: Claims that the import states by itself, and those of a seal.
_LEFT_OUT: Final = frozenset({"ZZBS", "ZZLXDM", "ZZQZR", "ZZQZSJ", "ZZQZMC", "CZZTDMLX"})
_ROWS: Final = 1_000  # that are formatted as text, so that a spreadsheet keeps numbers whole
_TEXT_FORMAT: Final = "@"


def write_template(code_or_name: str, path: Path) -> None:
    """Write an empty table for a type, by its code or name. Raises: MalformedInput, OSError."""
    type_ = get_catalogue().find_type(code_or_name) or get_catalogue().find_type(
        find_type("", code_or_name).code
    )
    if type_ is None or find_type("", type_.name.zh).sort:
        raise MalformedInput(
            f"the catalogue has no type {code_or_name[:80]}: `shunzheng import template` takes its code or name"
        )
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = type_.name.zh[:31]
    fields = [field for field in get_catalogue().list_claims(type_) if field.name not in _LEFT_OUT]
    for column, field in enumerate(fields, 1):
        cell = sheet.cell(1, column, field.label.zh)
        cell.font = Font(bold=field.required)
        cell.comment = Comment(_explain(field), "顺证")
        for row in range(1, _ROWS + 1):
            sheet.cell(row, column).number_format = _TEXT_FORMAT
        if field.form is Form.CHOICE and len(",".join(field.values)) < 250:
            validation = DataValidation(type="list", formula1=f'"{",".join(field.values)}"', allow_blank=True)
            validation.add(f"{cell.column_letter}2:{cell.column_letter}{_ROWS}")
            sheet.add_data_validation(validation)
    sheet.freeze_panes = "A2"
    workbook.save(path)


def _explain(field: ClaimField) -> str:
    form = {
        Form.DATE: "YYYY-MM-DD",
        Form.INTEGER: "整数 whole number",
        Form.CHOICE: "、".join(field.values)[:400],
    }.get(field.form, "")
    need = "必填 required" if field.required else "选填 optional"
    return f"{field.name} {field.label.en}\n{need}\n{form}".strip()
