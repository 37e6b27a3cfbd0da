"""How often each image is shown: under, over, repeats, weights; and the tables that say so."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facesort.classes import CLASS_NAMES
from facesort.dataset.balance import balanced_set as balance_tables
from facesort.dataset.balance import sampling as balance
from facesort.dataset.balance.sampling import ClassWeights
from facesort.errors import DatasetError
from facesort.labels.image_labels import IGNORE, ImageLabels

COUNTS = arrays(
    np.int64, st.tuples(st.integers(1, 25), st.integers(1, 4)), elements=st.integers(0, 5)
)
BOXES = COUNTS.filter(lambda counts: counts.sum() > 0)


def table(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.int64)


def test_boxes_are_counted_by_class_and_ignored_ones_are_not() -> None:
    labels = ImageLabels.of(Path("a.jpg"), (9, 9), [[0, 0, 1, 1]] * 4, [2, IGNORE, 0, 2])
    assert balance.count_classes(labels, 4).tolist() == [1, 0, 2, 0]
    assert balance.stack([], 4).shape == (0, 4)


@pytest.mark.parametrize("counts", [table([0, 0]), np.zeros((0, 3), dtype=np.int64)])
def test_without_a_box_there_is_nothing_to_balance(counts: np.ndarray) -> None:
    for decide in (
        lambda: balance.undersample(counts, 0),
        lambda: balance.target_boxes(counts, "max"),
        lambda: balance.repeat_factors(counts),
        lambda: ClassWeights.of(counts),
    ):
        with pytest.raises(DatasetError, match="not one box"):
            decide()


@pytest.mark.parametrize(
    ("counts", "boxes"),
    [
        (table([1, 0]), [1, 0]),  # one class only
        (table([1, 0], [1, 0], [1, 0], [0, 1]), [1, 1]),
        (table([2, 1], [1, 0], [0, 3]), [3, 4]),  # three of both needs all images
        (table([1, 1], [5, 0], [1, 0], [0, 1]), [2, 2]),  # the crowd is not needed
    ],
)
def test_undersampling_comes_down_to_the_rarest_class(counts: np.ndarray, boxes: list[int]) -> None:
    assert (balance.undersample(counts, 0) @ counts).tolist() == boxes


@given(BOXES, st.integers(0, 3))
def test_undersampling_keeps_the_rarest_class_whole(counts: np.ndarray, seed: int) -> None:
    times = balance.undersample(counts, seed)
    assert set(times.tolist()) <= {0, 1}
    boxes = counts.sum(axis=0)
    rarest = boxes[boxes > 0].min()
    assert ((times @ counts)[boxes > 0] >= rarest).all()
    assert (times == balance.undersample(counts, seed)).all()


def test_undersampling_keeps_a_like_share_of_the_images_without_a_face() -> None:
    counts = table(*[[1, 0]] * 90, *[[0, 1]] * 10, *[[0, 0]] * 50)
    times = balance.undersample(counts, 0)
    assert times[:100].sum() == 20
    assert times[100:].sum() == 10


@pytest.mark.parametrize(
    ("target", "boxes"), [(5, 5), ("max", 9), ("median", 4)], ids=["number", "max", "median"]
)
def test_a_target_is_a_number_or_one_of_the_classes(target: int | str, boxes: int) -> None:
    assert balance.target_boxes(table([9, 4, 0, 3]), target) == boxes


@given(BOXES, st.integers(1, 40), st.integers(1, 5), st.integers(0, 3))
def test_oversampling_reaches_the_target_or_the_cap(
    counts: np.ndarray, target: int, per_image: int, seed: int
) -> None:
    times = balance.oversample(counts, target, per_image, seed)
    assert times.min() >= 1 and times.max() <= 1 + per_image
    for column, boxes in zip(counts.T, times @ counts, strict=True):
        all_used = (times[column > 0] == 1 + per_image).all()
        assert boxes >= target or all_used
    assert (times == balance.oversample(counts, target, per_image, seed)).all()


def test_oversampling_prefers_pure_images_and_two_to_one_twice() -> None:
    counts = table([0, 1], [0, 1], [9, 1])
    assert balance.oversample(counts, 5, 4, 0).tolist() == [2, 2, 1]


def test_oversampling_that_has_enough_changes_nothing() -> None:
    assert balance.oversample(table([3, 0], [0, 3]), 3, 4, 0).tolist() == [1, 1]


def test_repeat_factors_are_those_of_the_paper() -> None:
    counts = table(*[[1, 0]] * 16, *[[2, 1]] * 4, [0, 0])
    factors = balance.repeat_factors(counts, 0.5)
    share = 4 / 21
    assert factors[:16] == pytest.approx(1.0)  # in 20 of 21 images: more than the threshold
    assert factors[16:20] == pytest.approx(np.sqrt(0.5 / share))
    assert factors[20] == 1.0
    assert (balance.repeat_factors(counts, 0.001) == 1).all()
    by_commonest = balance.repeat_factors(counts)
    assert by_commonest[16] == pytest.approx(np.sqrt(20 / 4))


@given(BOXES, st.one_of(st.none(), st.floats(0.001, 1)))
def test_no_image_is_shown_less_than_once(counts: np.ndarray, threshold: float | None) -> None:
    factors = balance.repeat_factors(counts, threshold)
    times = balance.draw_repeats(factors, 0)
    assert (times >= 1).all()
    assert (np.abs(times - factors) < 1).all()


def test_repeats_are_right_on_average() -> None:
    times = balance.draw_repeats(np.full(10_000, 2.3), 0)
    assert times.mean() == pytest.approx(2.3, abs=0.02)


def test_class_weights_follow_both_formulas() -> None:
    weights = ClassWeights.of(table([6, 3, 1, 0]))
    assert weights.cw1[:3] == pytest.approx([0.4, 0.7, 0.9])
    assert weights.cw2[:3] == pytest.approx([10 / 18, 10 / 9, 10 / 3])
    assert weights.absent.tolist() == [False, False, False, True]
    assert weights.cw1[3] == pytest.approx(2 / 3)
    assert weights.cw2[3] == pytest.approx(np.mean([10 / 18, 10 / 9, 10 / 3]))


@given(BOXES)
def test_cw2_is_one_on_the_average_box(counts: np.ndarray) -> None:
    weights, boxes = ClassWeights.of(counts), counts.sum(axis=0)
    assert (boxes * weights.cw2).sum() / boxes.sum() == pytest.approx(1)


def test_the_table_has_both_views() -> None:
    before = table([1, 2, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0])
    text = balance_tables.before_after(
        CLASS_NAMES, before, balance.shown(before, np.array([1, 3, 1]))
    )
    rows = {line[:20].strip(): line[20:].split() for line in text.splitlines()}
    assert rows["masked"] == ["1", "2", "50.0%", "1", "2", "33.3%"]
    assert rows["masked_sunglasses"] == ["1", "1", "25.0%", "3", "3", "50.0%"]
    assert rows["mouth covered"] == ["2", "3", "75.0%", "4", "5", "83.3%"]
    assert rows["eyes free"] == ["1", "3", "75.0%", "1", "3", "50.0%"]
    assert rows["no box"] == ["1", "0", "1", "0"]
    assert rows["all"] == ["3", "4", "5", "6"]


def test_foreign_classes_have_no_bits() -> None:
    assert "mouth" not in balance_tables.before_after(["a"], table([1]), table([1]))


def test_what_cannot_be_balanced_is_said() -> None:
    counts = table([4, 1, 0])
    lines = balance_tables.shortfalls(["a", "b", "c"], counts, np.array([2]), 4)
    assert [line.split(":")[0] for line in lines] == ["b", "c"]
    assert "2 of 4 boxes" in lines[0] and "no box" in lines[1]


def test_files_for_the_trainer_can_be_read_again(tmp_path: Path) -> None:
    balance_tables.write_weights(tmp_path / "w.json", ["ä", "b"], table([3, 0]))
    content = json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))
    assert content == {"names": ["ä", "b"], "boxes": [3, 0]} | {
        "cw1": [0.0, 0.0],
        "cw2": [1.0, 1.0],
        "absent": ["b"],
    }
    images = [Path("a,b\n.jpg"), Path("sub") / "c.jpg"]
    factors, times = np.array([1.0, 1.5]), np.array([1, 2])
    balance_tables.write_factors(tmp_path / "f.csv", images, factors, times)
    with (tmp_path / "f.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["a,b\n.jpg", "sub/c.jpg"]
    assert [row["times"] for row in rows] == ["1", "2"]
