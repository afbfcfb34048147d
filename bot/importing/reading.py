"""Reading a CSV file whatever program wrote it: its encoding, its delimiter, its rows."""

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.importing.faults import FileError

#: The largest file taken in one piece, in bytes.
LARGEST = 500_000_000

#: The longest cell, in characters: notes can be long, a file whose quotes do not close is longer.
LONGEST_CELL = 1_000_000

_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Row:
    """One row with the number of the line it ends on, counted as editors do."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole file."""

    header: Sequence[str]
    rows: Sequence[Row]
    encoding: str
    delimiter: str


def read(path: Path) -> Sheet:
    """The file's rows, with blank ones left out.

    Raises `FileError` for what is not a CSV file, `OSError` when it cannot be read at all.
    """
    if path.stat().st_size > LARGEST:
        raise FileError(f"{path} is larger than {LARGEST // 1_000_000} MB; split it into parts.")
    raw = path.read_bytes()
    encoding = _encoding(path, raw)
    text = raw.decode(encoding).replace("\x00", "")
    text, delimiter = _delimiter(text)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
            else:
                rows.append(Row(reader.line_num, cells))
    except csv.Error as error:
        raise FileError(
            f"{path} is not a CSV file from line {reader.line_num} on ({error}); "
            "a quotation mark may not be closed."
        ) from error
    if header is None:
        raise FileError(f"{path} is empty; export it again with its header line.")
    return Sheet(header, rows, encoding, delimiter)


def _encoding(path: Path, raw: bytes) -> str:
    if raw.startswith(b"PK\x03\x04") or raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileError(f"{path} is an Excel workbook; save it as CSV (UTF-8) and import that.")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif raw[1:2] == b"\x00":
        # Some programs leave out the mark; every other byte of western text is zero then.
        candidates = ["utf-16-le"]
    elif raw[:1] == b"\x00":
        candidates = ["utf-16-be"]
    else:
        candidates = ["utf-8-sig", "cp1252"]
    for encoding in candidates:
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise FileError(f"{path} is not text in UTF-8, UTF-16 or Windows-1252; save it as CSV (UTF-8).")


def _delimiter(text: str) -> tuple[str, str]:
    first, _, rest = text.partition("\n")
    # Excel's own way to say it.
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        return rest, first.strip()[4]
    # The one that cuts the first lines into most cells, of the same number in each.
    best, columns = ",", 1
    for delimiter in _DELIMITERS:
        widths = _widths(text[:65_536], delimiter)
        if widths and widths[0] > columns and all(width <= widths[0] for width in widths[:-1]):
            best, columns = delimiter, widths[0]
    return text, best


def _widths(text: str, delimiter: str) -> list[int]:
    widths: list[int] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if cells:
                widths.append(len(cells))
            if len(widths) == 10:
                break
    except csv.Error:
        return []
    return widths
