"""CSV that no spreadsheet runs as a formula: the one place that writes it, and reads it back.

A cell that begins with ``= + - @``, a tab or a line break is a formula to Excel, LibreOffice and
Google Sheets (OWASP, CSV Injection), and so is what follows a ``;`` or a tab where that divides
the cells. File names are chosen by others: an apostrophe is set before such text, ``'=1+1.jpg``,
which spreadsheets take as text. Numbers stay as they are. `read_rows` takes the apostrophe away
again: every text comes back as it was.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

# Full-width signs count as well: East Asian versions of Excel read them so.
_FORMULA = r"'*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]"
_TO_ESCAPE = re.compile(rf"(^|[;\t])(?={_FORMULA})")
_ESCAPED = re.compile(rf"(^|[;\t])'(?={_FORMULA})")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def escape(text: str) -> str:
    """``text`` as a cell that is text to every spreadsheet; a number stays a number."""
    return text if _NUMBER.fullmatch(text) else _TO_ESCAPE.sub(r"\1'", text)


def unescape(cell: str) -> str:
    """The text of a cell that `escape` made."""
    return _ESCAPED.sub(r"\1", cell)


class Writer:
    """Writes rows to an open text file (``newline=""``). Lines end in CR LF, as RFC 4180 has it."""

    def __init__(self, file: IO[str], lineterminator: str = "\r\n") -> None:
        self._writer = csv.writer(file, lineterminator=lineterminator)

    def writerow(self, row: Iterable[Any]) -> None:
        self._writer.writerow([escape(v) if isinstance(v, str) else v for v in row])

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        for row in rows:
            self.writerow(row)


class DictWriter:
    """Rows as dicts: ``columns`` are written, what else a row holds is not."""

    def __init__(self, file: IO[str], columns: Iterable[str]) -> None:
        self._writer = Writer(file)
        self._columns = tuple(columns)

    def writeheader(self) -> None:
        self._writer.writerow(self._columns)

    def writerows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            self._writer.writerow([row.get(column, "") for column in self._columns])


def read_rows(file: Iterable[str]) -> tuple[list[str], Iterator[dict[str, str]]]:
    """The columns of a CSV and its rows, read as `Writer` wrote them; missing cells are ``""``."""
    reader = csv.DictReader(file, restval="", restkey=None)
    return list(reader.fieldnames or []), (
        {column: unescape(cell) for column, cell in row.items() if isinstance(cell, str)}
        for row in reader
    )
