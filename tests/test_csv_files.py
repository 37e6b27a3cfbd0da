"""CSV: what a spreadsheet would run is written as text, and read back as it was."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort import csv_files

TOOLS = Path(__file__).resolve().parents[1] / "tools"
SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
TRICKY = st.text(st.sampled_from("'=+-@;\t\r\n,\"ab1.e\uff1d") | st.characters(codec="utf-8"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("", ""),
        ("a.jpg", "a.jpg"),
        ("=HYPERLINK(A1).jpg", "'=HYPERLINK(A1).jpg"),
        ("+1.jpg", "'+1.jpg"),
        ("-1.jpg", "'-1.jpg"),
        ("@SUM(A1).jpg", "'@SUM(A1).jpg"),
        ("\t=1", "'\t'=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("a;=1+1.jpg", "a;'=1+1.jpg"),  # where a semicolon divides the cells, as in German
        ("-1.5", "-1.5"),  # a number, not a formula
        ("-1e-05", "-1e-05"),
        ("'90s.jpg", "'90s.jpg"),
        ("'=1.jpg", "''=1.jpg"),
    ],
)
def test_a_formula_becomes_text(text: str, cell: str) -> None:
    assert csv_files.escape(text) == cell
    assert csv_files.unescape(cell) == text


@given(st.lists(st.lists(TRICKY, min_size=3, max_size=3), max_size=4))
def test_every_text_comes_back_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    writer = csv_files.Writer(file)
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    file.seek(0)
    columns, read = csv_files.read_rows(file)
    assert columns == ["a", "b", "c"]
    assert [list(row.values()) for row in read] == rows
    file.seek(0)
    for row in csv.reader(file):
        for cell in row:
            assert cell[:1] not in SIGNS or not cell or csv_files._NUMBER.fullmatch(cell)


def test_dicts_keep_the_order_of_the_columns_and_drop_the_rest() -> None:
    file = io.StringIO(newline="")
    writer = csv_files.DictWriter(file, ["b", "a"])
    writer.writeheader()
    writer.writerows([{"a": 1, "b": "=x", "c": 3}, {"a": -2.5}])
    assert file.getvalue() == "b,a\r\n'=x,1\r\n,-2.5\r\n"


def test_nothing_else_writes_csv() -> None:
    """One place that escapes: no other module calls the standard library's writers."""
    wrong = [
        file.relative_to(TOOLS).as_posix()
        for file in sorted(TOOLS.rglob("*.py"))
        if file.name != "csv_files.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter", "to_csv")
        if isinstance(node.value, ast.Name)
    ]
    assert not wrong
