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
_OMITTED_CLAIMS: Final = frozenset({"ZZBS", "ZZLXDM", "ZZQZR", "ZZQZSJ", "ZZQZMC", "CZZTDMLX"})
_FORMATTED_ROWS: Final = 1_000  # that are formatted as text, so that a spreadsheet keeps numbers whole
_TEXT_FORMAT: Final = "@"


def write_template(code_or_name: str, path: Path) -> None:
    """Write an empty table for a type, by its code or name. Raises: MalformedInput, OSError."""
    catalogue_type = get_catalogue().find_type(code_or_name) or get_catalogue().find_type(
        find_type("", code_or_name).code
    )
    if catalogue_type is None or find_type("", catalogue_type.name.zh).sort:
        raise MalformedInput(
            f"the catalogue has no type {code_or_name[:80]}: `shunzheng import template` takes its code or name"
        )
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = catalogue_type.name.zh[:31]
    fields = [
        field for field in get_catalogue().list_claims(catalogue_type) if field.name not in _OMITTED_CLAIMS
    ]
    for column_number, field in enumerate(fields, 1):
        cell = sheet.cell(1, column_number, field.label.zh)
        cell.font = Font(bold=field.required)
        cell.comment = Comment(_explain(field), "顺证")
        for row_number in range(1, _FORMATTED_ROWS + 1):
            sheet.cell(row_number, column_number).number_format = _TEXT_FORMAT
        if field.form is Form.CHOICE and len(",".join(field.values)) < 250:
            validation = DataValidation(type="list", formula1=f'"{",".join(field.values)}"', allow_blank=True)
            validation.add(f"{cell.column_letter}2:{cell.column_letter}{_FORMATTED_ROWS}")
            sheet.add_data_validation(validation)
    sheet.freeze_panes = "A2"
    workbook.save(path)


def _explain(field: ClaimField) -> str:
    form_words = {
        Form.DATE: "YYYY-MM-DD",
        Form.INTEGER: "整数 whole number",
        Form.CHOICE: "、".join(field.values)[:400],
    }.get(field.form, "")
    need_words = "必填 required" if field.required else "选填 optional"
    return f"{field.name} {field.label.en}\n{need_words}\n{form_words}".strip()
