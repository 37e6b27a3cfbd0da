"""Two bits, bars and calibration, each counted by hand."""

import numpy as np
import pytest
from test_metrics import found, truth

from facesort.errors import UsageError
from facesort.evaluate.crop_metrics import BATCH, NONE, bit_scores, per_face, samples_averages
from facesort.evaluate.regression_gate import (
    DEFAULT_CRITERIA,
    check_criteria,
    in_one_line,
    parse_criteria,
)
from facesort.evaluate.reliability import reliability

FACE, MASKED, SUNGLASSES, BOTH = range(4)


@pytest.mark.parametrize(
    ("true", "named", "precision", "recall", "f1", "subset"),
    [
        (FACE, FACE, 1, 1, 1, 1),
        (FACE, MASKED, 0, 0, 0, 0),
        (MASKED, FACE, 0, 0, 0, 0),
        (BOTH, MASKED, 1, 1 / 2, 2 / 3, 0),
        (SUNGLASSES, BOTH, 1 / 2, 1, 2 / 3, 0),
        (FACE, NONE, 0, 0, 0, 0),
        (BOTH, NONE, 0, 0, 0, 0),
    ],
)
def test_one_face(
    true: int, named: int, precision: float, recall: float, f1: float, subset
) -> None:
    right, per_batch = samples_averages([true], [named])
    values = (right.precision, right.recall, right.f1, right.subset_accuracy)
    assert values == pytest.approx((precision, recall, f1, subset))
    assert per_batch.f1 == right.f1


def test_a_short_last_batch_weighs_as_much_as_a_full_one() -> None:
    named = [MASKED] * BATCH + [FACE]
    right, per_batch = samples_averages([MASKED] * (BATCH + 1), named)
    assert right.subset_accuracy == pytest.approx(BATCH / (BATCH + 1))
    assert per_batch.subset_accuracy == 0.5
    assert samples_averages([], []) == []


def test_each_label_by_itself() -> None:
    mouth, eyes = bit_scores([MASKED, BOTH, FACE, SUNGLASSES], [BOTH, NONE, FACE, SUNGLASSES])
    assert (mouth.faces, mouth.precision, mouth.recall) == (2, 1.0, 0.5)
    assert (eyes.faces, eyes.precision, eyes.recall) == (2, 0.5, 0.5)


def test_faces_behind_confusions_keep_the_order_of_images() -> None:
    first, second = np.zeros((5, 5), dtype=int), np.zeros((5, 5), dtype=int)
    first[BOTH, 4] = 1
    second[FACE, MASKED], second[4, FACE] = 2, 3  # false alarms are no faces
    true, named = per_face([first, second])
    assert (true.tolist(), named.tolist()) == ([BOTH, FACE, FACE], [NONE, MASKED, MASKED])


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("", []),
        (DEFAULT_CRITERIA, ["MB < 15", "accuracy > 0.9", "ms < 6"]),
        ("< 15 MB, > 90 %, < 6 ms", ["MB < 15", "accuracy > 0.9", "ms < 6"]),
        ("AP50>=0.9 ECE<=.05", ["AP50 >= 0.9", "ECE <= 0.05"]),
        ("crops_recall_sunglasses >= 92%", ["crops_recall_sunglasses >= 0.92"]),
        ("accuracy>0.4 ms<9", ["accuracy > 0.4", "ms < 9"]),  # ms belongs to the second
        ("p95_ms<20, called_clean<=1%", ["p95_ms < 20", "called_clean <= 0.01"]),
    ],
)
def test_bars(text: str, bars: list[str]) -> None:
    assert [str(bar) for bar in parse_criteria(text)] == bars


@pytest.mark.parametrize("text", ["fast", "15", "15 GB", "beauty>0.9", "AP50 0.9", "MB<1.2.3", "%"])
def test_what_is_no_bar(text: str) -> None:
    with pytest.raises(UsageError, match="is no bar; expected such as '15MB 90% 6ms'"):
        parse_criteria(text)


def test_a_figure_that_was_not_measured_fails() -> None:
    judged = check_criteria(parse_criteria("15MB 90%"), {"MB": 11.07})
    assert in_one_line(judged) == (
        "verdict: fails (MB < 15: 11.1, yes; accuracy > 0.9: not measured, NO)"
    )
    assert in_one_line(check_criteria(parse_criteria("15MB"), {"MB": 11.07})).startswith(
        "verdict: passes"
    )


def test_calibration_by_hand() -> None:
    faces = truth((0, 0, 50, 0), (100, 0, 50, 1), (200, 0, 9, 1))
    seen = found(
        (0, 0, 50, 0, 0.9),  # right
        (100, 0, 50, 0, 0.7),  # on a face, wrong
        (300, 300, 50, 0, 0.5),  # on nothing
        (200, 0, 9, 1, 0.8),  # too small to count
        (0, 0, 50, 0, 0.1),  # below the threshold
    )
    result = reliability([faces], [seen], 0.25, 20)
    assert result.detections.sum() == 3
    assert result.ece == pytest.approx((0.1 + 0.7 + 0.5) / 3)
    assert result.ece_on_faces == pytest.approx((0.1 + 0.7) / 2)
    assert np.isnan(reliability([truth()], [found()], 0.25).ece)
