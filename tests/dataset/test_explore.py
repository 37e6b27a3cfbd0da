"""Counts in both views, and plots that need no display."""

from pathlib import Path

import numpy as np
import pytest

from facesort.classes import CLASS_NAMES
from facesort.dataset.check import statistics
from facesort.dataset.check.sample import ImageStats, Sample, read_lines
from facesort.dataset.check.statistics import (
    BoxTable,
    SplitCounts,
    box_table,
    count_bits,
    count_splits,
    has_two_bits,
)
from facesort.photos import open_photo

TABLE = BoxTable(np.zeros(0, str), np.zeros(0, int), np.zeros((0, 4)), np.zeros(0))


def sample_of(split: str, text: str, classes: int = 4) -> Sample:
    path = Path("a.jpg")
    return Sample(split, path, path, "a.jpg", path, read_lines(text), classes)


def test_counts_leave_out_what_is_no_box() -> None:
    samples = [
        sample_of("train", "0 .5 .5 .1 .1\n3 .5 .5 .1 .1\nx\n9 .5 .5 .1 .1"),
        sample_of("train", ""),
        sample_of("val", "3 .5 .5 .1 .1"),
    ]
    assert count_splits(samples, ["train", "val", "test"]) == [
        SplitCounts("train", 2, 1, (1, 0, 0, 1)),
        SplitCounts("val", 1, 0, (0, 0, 0, 1)),
        SplitCounts("test", 0, 0, ()),
    ]


def test_four_classes_are_two_bits() -> None:
    rows = count_bits([SplitCounts("train", 9, 0, (1, 20, 300, 4000))])
    assert [(r.bit, r.covered, r.free) for r in rows] == [
        ("mouth", 4020, 301),
        ("eyes", 4300, 21),
    ]
    assert has_two_bits(CLASS_NAMES)
    assert not has_two_bits(("masked", "face", "sunglasses", "masked_sunglasses"))


@pytest.mark.parametrize(
    ("boxes", "imbalance"), [((), 0), ((0, 0), 0), ((5,), 1), ((30, 0, 10), 3)]
)
def test_imbalance(boxes: tuple[int, ...], imbalance: float) -> None:
    assert SplitCounts("train", 1, 0, boxes).imbalance == imbalance


def test_a_row_for_each_box() -> None:
    sample = sample_of("val", "x\n1 .5 .5 .1 .2\n2 .5 .5 .3 .1")
    table = box_table([(sample, ImageStats((200, 100), 1, "", 0, np.zeros(2), np.zeros(2)))])
    assert table.split.tolist() == ["val", "val"]
    assert table.class_id.tolist() == [1, 2]
    assert table.side_px.tolist() == pytest.approx([20, 10])
    assert len(box_table([]).side_px) == 0


@pytest.mark.parametrize(
    "names", [("face",), CLASS_NAMES, ("$x$", "名", "a_b", "~"), tuple(f"c{i}" for i in range(40))]
)
@pytest.mark.parametrize("boxes", [0, 50])
def test_plots_are_drawn_of_anything(tmp_path: Path, names: tuple[str, ...], boxes: int) -> None:
    rng = np.random.default_rng(0)
    counts = [SplitCounts(s, boxes, 0, tuple([boxes] * len(names))) for s in ("train", "val")]
    table = BoxTable(
        np.array(["train"] * boxes, dtype=np.str_),
        rng.integers(0, len(names), boxes),
        rng.uniform(0, 1, (boxes, 4)),
        rng.uniform(0.1, 900, boxes),
    )
    statistics.draw_classes(counts, names, tmp_path / "plots" / "classes.png")
    statistics.draw_sizes(table, names, tmp_path / "plots" / "sizes.png")
    statistics.draw_positions(table, tmp_path / "plots" / "positions.png")
    statistics.draw_boxes_per_image([3] * boxes, tmp_path / "plots" / "per.png")
    if len(names) == 4:
        statistics.draw_bits(count_bits(counts), tmp_path / "plots" / "bits.png")
    for file in (tmp_path / "plots").iterdir():
        assert min(open_photo(file).size_wh) > 100
