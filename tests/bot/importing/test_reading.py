"""Files are read whatever program wrote them."""

from pathlib import Path

import pytest

from bot.importing.faults import FileError
from bot.importing.reading import read


def written(folder: Path, raw: bytes) -> Path:
    path = folder / "export.csv"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_each_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    sheet = read(written(tmp_path, "Name;Büro\r\nJosé – Ltd;Köln\r\n".encode(encoding)))
    assert list(sheet.header) == ["Name", "Büro"]
    assert list(sheet.rows[0].cells) == ["José – Ltd", "Köln"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found_also_beside_others_in_quotes(
    tmp_path: Path, delimiter: str
) -> None:
    text = delimiter.join(["Name", "Note", "Amount"]) + "\n"
    text += delimiter.join(['"a, b; c | d"', '"two\nlines"', "3"]) + "\n"
    sheet = read(written(tmp_path, text.encode()))
    assert sheet.delimiter == delimiter
    assert list(sheet.rows[0].cells) == ["a, b; c | d", "two\nlines", "3"]
    assert sheet.rows[0].line == 3


def test_a_decimal_comma_is_no_delimiter(tmp_path: Path) -> None:
    sheet = read(written(tmp_path, b"Name;Amount\nA;1,50\nB;2,50\n"))
    assert sheet.delimiter == ";"


def test_excels_own_first_line_names_the_delimiter(tmp_path: Path) -> None:
    assert list(read(written(tmp_path, b"sep=;\r\nName;A,B\r\nx;1\r\n")).header) == ["Name", "A,B"]


def test_blank_lines_are_left_out_and_a_single_column_is_a_file(tmp_path: Path) -> None:
    sheet = read(written(tmp_path, b"\n\nName\n\nAcme\n,\n"))
    assert list(sheet.header) == ["Name"]
    assert [row.cells[0] for row in sheet.rows] == ["Acme"]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"PK\x03\x04rest", "is an Excel workbook; save it as CSV"),
        (b"Name\n\x81\x8d\n", "not text in UTF-8, UTF-16 or Windows-1252"),
        (b'Name,Note\nA,"' + b"x" * 1_000_100, "quotation mark may not be closed"),
    ],
)
def test_what_is_no_csv_file_is_refused_with_the_way_out(
    tmp_path: Path, raw: bytes, sentence: str
) -> None:
    with pytest.raises(FileError, match=sentence):
        read(written(tmp_path, raw))
