"""What is too poor to learn a person from."""

import numpy as np
import pytest

from facesort.album.person.quality import (
    LEARNING,
    NAMING,
    Quality,
    assess,
    example_weight,
    sharpness,
    turned,
)
from facesort.models.people.align import SIDE_PX, TEMPLATE_PX

NOISE = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
FLAT = np.full_like(NOISE, 128)


@pytest.mark.parametrize(
    ("quality", "naming", "learning"),
    [
        (Quality(100, 300, 0.1), "", ""),
        (Quality(100, 300, float("nan")), "", ""),
        (Quality(40, 300, 0.1), "", "small: 40 px, needs 48"),
        (Quality(20, 300, 0.1), "small: 20 px, needs 32", "small: 20 px, needs 48"),
        (Quality(100, 20, 0.1), "", "blurred: 20, needs 25"),
        (
            Quality(100, 300, 0.9),
            "turned away: 0.90, at most 0.75",
            "turned away: 0.90, at most 0.60",
        ),
        (Quality(float("nan"), 300, 0.1), "small: nan px, needs 32", "small: nan px, needs 48"),
    ],
)
def test_reasons(quality: Quality, naming: str, learning: str) -> None:
    assert (quality.reject_reason(NAMING), quality.reject_reason(LEARNING)) == (naming, learning)


@pytest.mark.parametrize(
    ("quality", "weight"),
    [
        (Quality(100, 300, 0.1), 1),
        (Quality(100, 300, float("nan")), 1),
        (Quality(24, 300, 0.1), 0.5),
        (Quality(24, 12.5, 0.1), 0.25),
        (Quality(100, 300, 0.8), 0.5),
        (Quality(100, 300, 1.0), 0.1),
        (Quality(float("nan"), 300, 0.1), 0.1),
    ],
)
def test_what_an_example_is_worth(quality: Quality, weight: float) -> None:
    assert example_weight(quality) == pytest.approx(weight)


def test_blur_lowers_sharpness_and_a_mask_does_not_count() -> None:
    import cv2

    blurred = np.asarray(cv2.GaussianBlur(NOISE, (0, 0), 3))
    assert sharpness(FLAT) == 0 < sharpness(blurred) < sharpness(NOISE) / 20
    masked = NOISE.copy()
    masked[80:] = 255
    assert sharpness(masked) == sharpness(NOISE)


@pytest.mark.parametrize("shift", [0.0, 10.0, -10.0, 17.0, 60.0])
def test_turned_grows_with_the_nose_towards_a_side(shift: float) -> None:
    points = TEMPLATE_PX.copy()
    points[2] = (points[0] + points[1]) / 2 + [shift, 20]
    length = np.linalg.norm(points[1] - points[0])
    assert turned(points) == pytest.approx(min(1, 2 * abs(shift) / length), abs=0.01)
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert turned(3 * points @ turn.T + 500) == pytest.approx(turned(points))


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan)])
def test_points_that_say_nothing_count_as_turned_away(points: np.ndarray) -> None:
    assert turned(points) == 1


def test_assess_takes_the_shorter_side() -> None:
    assert assess(FLAT, (0, 0, 30, 50)).side_px == 30
    assert assess(FLAT, (30, 0, 0, 50)).side_px == 0
    assert np.isnan(assess(FLAT, (0, 0, 30, 50)).turned)
    assert assess(FLAT, (0, 0, 30, 50), TEMPLATE_PX).turned < 0.1
