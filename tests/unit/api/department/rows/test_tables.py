"""A CSV is read as the spreadsheet shows it, or refused with what to do."""

import pytest

from anchoring.errors import SubmissionRefused
from api.department.rows.tables import read_table
from ledger.errors import MalformedInput


def test_rows_have_the_numbers_of_the_sheet() -> None:
    """A cell with a line break in it counts once, and blank rows count."""
    content = 'identifier,KZ_JYFW\r\na,"one\ntwo"\r\n,\r\n\r\n , \r\nb,three\r\n'.encode("utf-8-sig")
    table = read_table(content)
    assert table.columns == ("identifier", "KZ_JYFW")
    assert [(number, cells["identifier"]) for number, cells in table.rows] == [(2, "a"), (6, "b")]
    assert table.blank_row_numbers == (3, 4, 5)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "an old Excel workbook"),
        ("identifier,basis\n".encode("utf-16"), "text in UTF-16"),
        (b"<html><table>", "a web page"),
        (b"\r\n <table><tr>", "a web page"),
        ("identifier,basis\n".encode("utf-16-le"), "text in UTF-16"),
        ("identifier,basis\n".encode("utf-16-be"), "text in UTF-16"),
        (b"sep=;\nidentifier;basis\nx;y\n", "are parted by “;”"),
        ("台账\n\n证照标识,basis\n".encode(), "did you mean `identifier`?"),
        ("identifier,basis\nx,条例\n".encode("gbk"), "looks like GBK"),
        (b"identifier\n\xff\xff\n", "must be UTF-8, and this is not"),
        ("附件1 天门示例局许可台账,\nidentifier,basis\n".encode(), "row 2 does, so delete the rows above it"),
        (b"identifier;basis\nx;y\n", "are parted by “;”"),
        (b"basis\tidentifier\nx\ty\n", "are parted by “\t”"),
        ("证照标识,basis\n".encode(), "“证照标识” is none; did you mean `identifier`?"),
        (b"Identifier,basis\n", "did you mean `identifier`?"),
        ("\ufeffidentifier,basis\n".encode("utf-8-sig"), "did you mean `identifier`?"),
        (b"", "among them `identifier`"),
        (b"identifier,basis,basis\n", "the column `basis` stands 2 times"),
        (b"identifier,,basis,,\n", "column 2 has no name; column 4 has no name; column 5 has no name"),
        (b'identifier\n"open\n', "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises(MalformedInput) as caught:
        read_table(content)
    assert words in str(caught.value)


def test_every_row_with_another_number_of_cells_is_named() -> None:
    """An unquoted comma in a scope of business: nothing is skipped."""
    with pytest.raises(SubmissionRefused) as caught:
        read_table("identifier,KZ_JYFW\na,餐饮,堂食\nb,x\nc\n".encode())
    assert [row.row_number for row in caught.value.row_errors] == [2, 4]
