"""Drawn masks and sunglasses: they cover what they should, in every pose, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facesort.dataset.synth.head_model import LANDMARKS_HEAD, fit_head
from facesort.dataset.synthesize import draw_mask, draw_sunglasses

FRONTAL = LANDMARKS_HEAD[:, :2]
CHIN = np.array([[0.0, 1.6]])
FOREHEAD = np.array([[0.0, -0.8]])
BOTH_DRAWERS = pytest.mark.parametrize("draw", [draw_mask, draw_sunglasses])
poses = st.tuples(
    st.floats(12, 70),  # pixels between the eyes
    st.floats(-60, 60),  # roll, degrees
    st.integers(0, 2**32 - 1),
)


def skin(w: int = 420, h: int = 420) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 3, (h, w, 3))
    return np.clip(np.array([205, 160, 135]) + noise, 0, 255).astype(np.uint8)


def placed(points: np.ndarray, unit_px: float, roll_deg: float) -> np.ndarray:
    """Head units (x, y) to pixels around the middle of `skin`."""
    angle = np.deg2rad(roll_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - [0, 0.5]) @ turn.T * unit_px + 210


def turned(yaw_deg: float, unit_px: float = 60) -> np.ndarray:
    """The landmarks of a head that looks to the side."""
    angle = np.deg2rad(yaw_deg)
    x, y, z = LANDMARKS_HEAD.T
    return placed(np.stack([x * np.cos(angle) + z * np.sin(angle), y], axis=1), unit_px, 0)


def opacity(draw, points_px: np.ndarray, seed: int) -> np.ndarray:
    """How much of each pixel is drawn over, 0 to 1: the same thing on red and on blue, equally
    bright ground, differs where the ground shines through."""
    red, blue = np.full((2, 420, 420, 3), 100, dtype=np.uint8)
    red[..., 0], blue[..., 2] = 200, 200
    on_red, on_blue = (draw(rgb, points_px, np.random.default_rng(seed)) for rgb in (red, blue))
    return 1 - np.abs(on_red.astype(float) - on_blue).max(axis=-1) / 100


def at(values: np.ndarray, points_px: np.ndarray) -> np.ndarray:
    x, y = np.round(points_px).astype(int).T
    return values[y, x]


def change_at(before: np.ndarray, after: np.ndarray, points_px: np.ndarray) -> np.ndarray:
    """The largest change of a channel at each point."""
    x, y = np.round(points_px).astype(int).T
    return np.abs(after[y, x].astype(int) - before[y, x].astype(int)).max(axis=-1)


@BOTH_DRAWERS
def test_a_face_outside_the_image_changes_nothing(draw) -> None:
    rgb = skin()
    out = draw(rgb, placed(FRONTAL, 40, 0) + 5000, np.random.default_rng(0))
    np.testing.assert_array_equal(out, rgb)
    assert out is not rgb


@settings(max_examples=25)
@given(poses)
def test_mask_covers_mouth_and_chin_but_not_the_eyes(pose: tuple[float, float, int]) -> None:
    unit_px, roll_deg, seed = pose
    covered = opacity(draw_mask, placed(FRONTAL, unit_px, roll_deg), seed)
    low = np.array([[0, 0.7], [0, 1.0], [-0.4, 1.14], [0.4, 1.14], [0, 1.5]])
    assert at(covered, placed(low, unit_px, roll_deg)).min() > 0.9, "nose, mouth, chin"
    high = np.vstack([FRONTAL[:2], FOREHEAD])
    assert at(covered, placed(high, unit_px, roll_deg)).max() < 0.1, "eyes, forehead"


@settings(max_examples=25)
@given(poses)
def test_sunglasses_cover_the_eyes_but_not_the_mouth(pose: tuple[float, float, int]) -> None:
    unit_px, roll_deg, seed = pose
    covered = opacity(draw_sunglasses, placed(FRONTAL, unit_px, roll_deg), seed)
    assert at(covered, placed(FRONTAL[:2], unit_px, roll_deg)).min() > 0.6, "eyes"
    rest = np.vstack([FRONTAL[3:], CHIN, FOREHEAD])
    assert at(covered, placed(rest, unit_px, roll_deg)).max() < 0.1, "mouth, chin, forehead"


@BOTH_DRAWERS
@pytest.mark.parametrize("yaw_deg", [-75, -45, -20, 20, 45, 75])
def test_heads_that_look_to_the_side(draw, yaw_deg: float) -> None:
    rgb, points = skin(), turned(yaw_deg)
    assert np.sign(fit_head(points).yaw) == np.sign(yaw_deg)
    out = draw(rgb, points, np.random.default_rng(1))
    near = points[3:].mean(axis=0) if draw is draw_mask else points[:2].mean(axis=0)
    around = near + 6 * np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), axis=-1).reshape(-1, 2)
    assert change_at(rgb, out, around).max() > 20


@BOTH_DRAWERS
def test_same_seed_same_image_and_the_original_is_left_alone(draw) -> None:
    rgb, points = skin(), placed(FRONTAL, 40, 10)
    rgb.setflags(write=False)
    one, two, other = (draw(rgb, points, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    assert one.dtype == np.uint8 and one.shape == rgb.shape


@BOTH_DRAWERS
def test_left_of_the_image_or_of_the_person(draw) -> None:
    """Some detectors name sides as we see them, others as the person would."""
    rgb, points = skin(), placed(FRONTAL, 40, 10)
    named_by_person = points[[1, 0, 2, 4, 3]]
    np.testing.assert_array_equal(
        draw(rgb, points, np.random.default_rng(0)),
        draw(rgb, named_by_person, np.random.default_rng(0)),
    )


@BOTH_DRAWERS
@pytest.mark.parametrize("corner", [(0, 0), (420, 0), (0, 420), (420, 420), (210, 0), (0, 210)])
def test_faces_cut_by_the_border(draw, corner: tuple[int, int]) -> None:
    rgb, points = skin(), placed(FRONTAL, 60, 0) - 210 + corner
    assert draw(rgb, points, np.random.default_rng(0)).shape == rgb.shape


@BOTH_DRAWERS
@pytest.mark.parametrize("unit_px", [0.5, 3, 900])
def test_tiny_and_huge_faces(draw, unit_px: float) -> None:
    rgb = skin()
    out = draw(rgb, placed(FRONTAL, unit_px, 0), np.random.default_rng(0))
    assert out.shape == rgb.shape


@BOTH_DRAWERS
def test_landmarks_all_in_one_point(draw) -> None:
    """What a detector may say of a smudge."""
    rgb = skin()
    assert draw(rgb, np.full((5, 2), 200.0), np.random.default_rng(0)).shape == rgb.shape


@BOTH_DRAWERS
def test_black_and_white_stays_so(draw) -> None:
    rgb = np.repeat(skin()[..., :1], 3, axis=2)
    out = draw(rgb, placed(FRONTAL, 40, 0), np.random.default_rng(2))
    assert int(np.ptp(out.astype(int), axis=2).max()) <= 2


@BOTH_DRAWERS
def test_dark_photos_get_dark_things(draw) -> None:
    points = placed(FRONTAL, 40, 0)
    bright = [draw(skin(), points, np.random.default_rng(k)).mean() for k in range(8)]
    dark = [draw(skin() // 5, points, np.random.default_rng(k)).mean() for k in range(8)]
    assert max(dark) < 70 < min(bright)


def test_masks_vary_in_colour() -> None:
    points = placed(FRONTAL, 40, 0)
    mouth = placed(np.array([[0.0, 1.0]]), 40, 0)
    x, y = np.round(mouth[0]).astype(int)
    colours = [draw_mask(skin(), points, np.random.default_rng(k))[y, x] for k in range(40)]
    assert np.std(colours, axis=0).min() > 40


@given(st.floats(-70, 70), st.floats(10, 200))
@settings(max_examples=40)
def test_fit_finds_the_head_that_was_projected(yaw_deg: float, unit_px: float) -> None:
    points = turned(yaw_deg, unit_px)
    head = fit_head(points)
    np.testing.assert_allclose(head.project(LANDMARKS_HEAD), points, atol=0.05 * unit_px)
    assert head.unit_px == pytest.approx(unit_px, rel=0.05)
    assert head.yaw == pytest.approx(np.sin(np.deg2rad(yaw_deg)), abs=0.05)
