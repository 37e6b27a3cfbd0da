"""The table of classifiers: what counts as right, and a detector in their place."""

from pathlib import Path

import numpy as np
import pytest

from facesort.evaluate.classifiers import (
    NO_CLASS,
    Row,
    cells,
    judge,
    markdown,
    surest_class,
    time_all,
    write_csv,
)
from facesort.models.detect import load_detector
from facesort.models.letterbox import GREY

ROOT = Path(__file__).resolve().parents[2]
BLANK = np.zeros((4, 4, 3), dtype=np.uint8)


def judged(true: list[int], named: list[int]) -> Row:
    answers = iter(named)
    crops = [(BLANK, class_id) for class_id in true]
    return judge(lambda rgb: next(answers), crops, model="m", sampling="s", kind="k", mb=1.0)


@pytest.mark.parametrize(
    ("true", "named", "accuracy", "macro", "bits", "none"),
    [
        ([0], [0], 1, 1, (1, 1), 0),
        ([0], [NO_CLASS], 0, 0, (0, 0), 1),
        ([3], [1], 0, 0, (1, 0), 0),  # mask and glasses taken for a mask: one bit is right
        ([3], [0], 0, 0, (0, 0), 0),
        ([0, 0, 0, 1], [0, 0, 0, 0], 3 / 4, 1 / 2, (3 / 4, 1), 0),
        ([0, 1, 2, 3], [0, 1, 2, NO_CLASS], 3 / 4, 3 / 4, (3 / 4, 3 / 4), 1),
    ],
)
def test_what_is_right(
    true: list[int],
    named: list[int],
    accuracy: float,
    macro: float,
    bits: tuple[float, float],
    none: int,
) -> None:
    row = judged(true, named)
    assert (row.accuracy, row.macro_recall) == pytest.approx((accuracy, macro))
    assert row.bits == pytest.approx(bits)
    assert row.none == none
    assert sum(row.crops) == len(true)


def test_the_table_as_text_and_file(tmp_path: Path) -> None:
    rows = [judged([0, 0, 3], [0, 1, 3]), judged([0], [0])]
    assert cells(rows[0])["face"] == "1 of 2"
    lines = markdown(rows).splitlines()
    assert len(lines) == 4 and len({line.count("|") for line in lines}) == 1
    write_csv(tmp_path / "table.csv", rows)
    assert (tmp_path / "table.csv").read_text().count("\n") == 3


def test_every_row_is_timed() -> None:
    rows = time_all([judged([0], [0])] * 2, [lambda rgb: 0, lambda rgb: 1], [BLANK], rounds=3)
    assert all(0 <= row.best_ms <= row.ms for row in rows)


def test_a_detector_that_finds_no_face() -> None:
    """Such a crop is an error, not left out."""
    name = surest_class(load_detector(ROOT / "weights" / "occlusion.onnx", imgsz=160), 0.5)
    assert name(np.full((60, 40, 3), GREY, dtype=np.uint8)) == NO_CLASS
