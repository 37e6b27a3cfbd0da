"""Figures with their resamples: equal to pycocotools on every resample, intervals that behave."""

import numpy as np
import pytest
from coco_ap import average_precision
from test_metrics import found, truth

from facesort.classes import CLASS_NAMES
from facesort.evaluate.error_analysis import (
    CALLED_CLEAN,
    FALSE_ALARM,
    MISSED,
    MIXED_UP,
    find_errors,
)
from facesort.evaluate.intervals import (
    NO_DIFFERENCE,
    differences,
    image_weights,
    interval,
    mean_known,
    share,
)
from facesort.evaluate.split_metrics import BANDS_PX, by_size, faults, measure_split, rates

NAMES = ("face", "masked")


def random_set(seed: int, images: int = 15):
    """Faces of many sizes with hits, near misses, doubles, wrong classes and false alarms."""
    rng = np.random.default_rng(seed)
    truths, founds = [], []
    for _ in range(images):
        faces = [
            (*rng.integers(0, 300, 2), int(rng.integers(8, 180)), int(rng.integers(0, 2)))
            for _ in range(rng.integers(0, 5))
        ]
        near = [
            (x + rng.normal(0, 4), y + rng.normal(0, 4), side * rng.uniform(0.8, 1.2), c)
            for x, y, side, c in faces * 2
        ]
        far = [(*rng.integers(0, 300, 2), 40, 1), (*rng.integers(0, 300, 2), 20, 0)]
        rows = [(*row[:3], row[3] if rng.random() < 0.8 else 1 - row[3]) for row in near + far]
        truths.append(truth(*faces))
        founds.append(found(*((*row, rng.random()) for row in rows)))
    return truths, founds


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("min_side_px", [0.0, 32.0])
def test_every_resample_equals_pycocotools(seed: int, min_side_px: float) -> None:
    truths, founds = random_set(seed)
    weights = image_weights(len(truths), 3, seed)
    judged = measure_split(truths, founds, NAMES, 0.25, weights, min_side_px)
    for k, row in enumerate(weights):
        drawn = np.repeat(np.arange(len(row)), row)
        expected = average_precision(
            [truths[i] for i in drawn], [founds[i] for i in drawn], 2, min_side_px
        )
        np.testing.assert_allclose(judged.per_class["AP50"][k], expected.ap50, atol=1e-12)
        np.testing.assert_allclose(judged.per_class["AP50-95"][k], expected.ap50_95, atol=1e-12)


def test_nothing_found_and_nothing_to_find() -> None:
    judged = measure_split([truth((0, 0, 50, 0))], [found()], NAMES, 0.25, image_weights(1, 5))
    np.testing.assert_array_equal(judged.per_class["AP50"][0], [0.0, np.nan])
    np.testing.assert_array_equal(judged.per_class["precision"][0], [0.0, np.nan])
    assert judged.whole("recall") == (0.0, 0.0, 0.0)
    assert str(judged.of_class("F1", 1)) == "–"


def test_every_face_is_in_one_band() -> None:
    truths, founds = random_set(9, 30)
    bands = by_size(truths, founds, NAMES, 0.25, image_weights(30, 5))
    assert list(bands) == ["< 32 px", "32 to 64 px", "64 to 128 px", ">= 128 px"]
    assert len(BANDS_PX) == 4
    total = sum(band.faces.sum() for band in bands.values())
    assert total == sum(len(item.class_id) for item in truths)


def test_rates_by_hand() -> None:
    counts = np.array([[3, 1, 0], [1, 0, 1], [1, 1, 0]])  # face, masked, none
    figures = rates(counts)
    np.testing.assert_allclose(figures["precision"], [3 / 5, 0])
    np.testing.assert_allclose(figures["recall"], [3 / 4, 0])
    np.testing.assert_allclose(figures["F1"], [6 / 9, 0])


def test_occluded_predicted_clean_counts_missed_faces_as_faces() -> None:
    counts = np.zeros((5, 5), dtype=int)
    counts[1, 0], counts[1, 1], counts[3, 4], counts[0, 0] = 1, 2, 1, 7
    figures = faults(counts, CLASS_NAMES)
    assert figures["occluded predicted clean"] == pytest.approx(1 / 4)
    assert figures["accuracy"] == pytest.approx(9 / 11)
    assert figures["right class where found"] == pytest.approx(9 / 10)
    assert "occluded predicted clean" not in faults(counts, ("a", "b", "c", "d"))


def test_intervals_hold_the_figure_and_know_nothing_of_nothing() -> None:
    weights = image_weights(200, 400)
    assert weights.shape == (401, 200) and (weights.sum(axis=1) == 200).all()
    values = np.r_[np.ones(150), np.zeros(50)]
    value, low, high = interval(weights @ values / 200)
    assert value == 0.75
    # the normal approximation of a share: 0.75 -+ 1.96 sqrt(0.75 * 0.25 / 200)
    assert low == pytest.approx(0.69, abs=0.015) and high == pytest.approx(0.81, abs=0.015)
    assert str(interval([np.nan, np.nan])) == "–"
    assert share(1, 0) != share(1, 0)
    assert np.isnan(mean_known(np.array([[np.nan, np.nan]]))).all()


def test_a_paired_difference_is_surer_than_two_intervals() -> None:
    rng = np.random.default_rng(0)
    weights = image_weights(300, 500)
    hard = rng.random(300) < 0.4  # both models fail on the hard images, b on a few more
    a, b = 1 - hard, 1 - (hard | (rng.random(300) < 0.05))
    draws = {name: {"accuracy": weights @ right / 300} for name, right in (("a", a), ("b", b))}
    (item,) = differences(draws)
    assert (item.model, item.baseline, item.in_words) == ("b", "a", "lower")
    assert interval(draws["b"]["accuracy"]).high > interval(draws["a"]["accuracy"]).low
    (same,) = differences({"a": draws["a"], "copy": draws["a"]})
    assert same.in_words == NO_DIFFERENCE and same.difference == (0, 0, 0)


def test_the_worst_errors_come_first() -> None:
    faces = truth((0, 0, 50, 0), (100, 0, 50, 1), (200, 0, 50, 2), (300, 0, 60, 1), (0, 200, 9, 1))
    seen = found(
        (0, 0, 50, 1, 0.6),  # face called masked
        (100, 0, 50, 0, 0.7),  # masked called face
        (200, 0, 50, 0, 0.9),  # sunglasses called face, surer
        (400, 400, 50, 1, 0.95),  # nothing there
        (0, 200, 9, 0, 0.95),  # too small to count
        (300, 0, 60, 1, 0.1),  # below the threshold: missed
    )
    errors_found = find_errors([faces], [seen], CLASS_NAMES, 0.25, 20)
    told = [(error_case.kind, error_case.face, error_case.detection) for error_case in errors_found]
    assert told == [
        (CALLED_CLEAN, 2, 2),
        (CALLED_CLEAN, 1, 1),
        (MIXED_UP, 0, 0),
        (MISSED, 3, None),
        (FALSE_ALARM, None, 3),
    ]
