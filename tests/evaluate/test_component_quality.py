"""Equal error rates, error-versus-discard curves, and the CSVs they are read from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from component_quality import (
    area_under_curve,
    equal_error_rate,
    error_versus_discard,
    read_qualities,
)
from hypothesis import given
from hypothesis import strategies as st

from facesort.errors import UsageError


@pytest.mark.parametrize(
    ("good", "bad", "eer"),
    [
        ([], [], None),
        ([90], [], None),
        ([float("nan")], [10], None),
        ([90, 80], [10, 20], 0.0),
        ([10, 20], [90, 80], 1.0),
        ([50, 50], [50, 50], 0.5),
        ([90, 80, 70, 10], [5, 6, 7, 75], 0.25),
        ([90, float("nan")], [10], 0.0),
    ],
)
def test_equal_error_rate(good: list[float], bad: list[float], eer: float | None) -> None:
    quality = np.array([*good, *bad], dtype=np.float64)
    rates = equal_error_rate(quality, np.arange(len(quality)) >= len(good))
    assert (rates.eer if rates else None) == eer
    if rates and eer == 0:
        assert all(value >= rates.threshold for value in good if value == value)
        assert all(value < rates.threshold for value in bad)


def test_the_curve_by_hand() -> None:
    # pairs by their worse image: 10 fails, 20 fails, 30 and 40 pass
    quality = np.array([10.0, 20.0, 30.0, 40.0, 100.0])
    pairs = np.array([[0, 4], [4, 1], [2, 4], [3, 4]])
    similarity = np.array([0.1, 0.2, 0.8, 0.9])
    at, rate = error_versus_discard(quality, pairs, similarity, fnmr=0.5)
    assert at.tolist() == [0, 0.25, 0.5, 0.75]
    assert rate.tolist() == pytest.approx([0.5, 1 / 3, 0, 0])
    assert area_under_curve(at, rate, 0.5) == pytest.approx((0.5 + 1 / 3) / 2)


def test_a_quality_that_says_nothing_discards_nothing() -> None:
    pairs = np.array([[0, 1], [1, 2]])
    at, rate = error_versus_discard(np.full(3, 50.0), pairs, np.array([0.1, 0.9]), 0.5)
    assert at.tolist() == [0] and rate.tolist() == [0.5]


@pytest.mark.parametrize(
    ("quality", "pairs"), [([1.0], np.empty((0, 2), np.int64)), ([np.nan, 1], np.array([[0, 1]]))]
)
def test_no_curve(quality: list[float], pairs: np.ndarray) -> None:
    with pytest.raises(ValueError, match="pair"):
        error_versus_discard(np.array(quality), pairs, np.ones(len(pairs)), 0.1)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.floats(0, 1))
def test_curves_start_at_the_whole_and_stay_rates(seed: int, count: int, fnmr: float) -> None:
    rng = np.random.default_rng(seed)
    quality = rng.integers(0, 5, 10).astype(np.float64)
    similarity = rng.uniform(size=count)
    at, rate = error_versus_discard(quality, rng.integers(0, 10, (count, 2)), similarity, fnmr)
    assert at[0] == 0 and rate[0] == (similarity < np.quantile(similarity, fnmr)).mean()
    assert ((rate >= 0) & (rate <= 1)).all() and (np.diff(at) > 0).all() and at[-1] < 1


def test_ofiq_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "ofiq.csv"
    file.write_text(
        "Filename;Sharpness;EyesVisible;Sharpness.scalar;EyesVisible.scalar;assessment_time_in_ms\n"
        "a.jpg;0.5;0.1;88;90;100\nb c.jpg;0.5;0.1;-1;;100\n"
    )
    found = read_qualities(file)
    assert found.files == ("a.jpg", "b c.jpg")
    assert set(found.values) == {"Sharpness", "EyesVisible"}
    assert found.values["Sharpness"][0] == 88 and np.isnan(found.values["Sharpness"][1])
    assert np.isnan(found.values["EyesVisible"][1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column 'Filename'"),
        ("a;b\n1;2\n", "line 1: no column 'Filename'"),
        ("Filename;A.scalar\na.jpg;x\n", "line 2: A.scalar is 'x'; expected a number"),
        ("Filename;A.scalar\na.jpg\n", "line 2: not as many fields"),
        ("Filename;A.scalar\na.jpg;1;2\n", "line 2: not as many fields"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "q.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"q\.csv") as error:
        read_qualities(file)
    assert message in str(error.value)
