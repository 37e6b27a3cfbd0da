"""Head pose and quality components: known inputs, symmetry, ranges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from facesort.photos import Photo
from facesort.selfie.components import NAMES, Covers, components
from facesort.selfie.head_pose import HeadPose, head_pose, project
from facesort.selfie.measure import Measures

ANGLE = st.floats(-60, 60)
MEASURES = Measures(0.9, 100, 0.0, 0.5, 150, 0.0, 0.8)
BARE = Covers(0.02, 0.01)
BOX = np.array([250.0, 210.0, 390.0, 390.0])
MIDDLE = np.array([320.0, 260.0])
POINTS = project(HeadPose(0, 0, 0), 80) + MIDDLE


@given(ANGLE, ANGLE, ANGLE, st.floats(5, 500), st.floats(-1e3, 1e3))
def test_a_projected_pose_is_read_back(
    yaw: float, pitch: float, roll: float, size_px: float, x: float
) -> None:
    pose = head_pose(project(HeadPose(yaw, pitch, roll), size_px) + np.array([x, -x]))
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == pytest.approx(
        (yaw, pitch, roll), abs=1e-4
    )


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=5, max_size=5))
def test_any_points_have_a_pose_or_are_refused(points: list[tuple[float, float]]) -> None:
    try:
        pose = head_pose(points)
    except ValueError as error:
        assert "one place" in str(error)
    else:
        assert np.isfinite([pose.yaw_deg, pose.pitch_deg, pose.roll_deg]).all()


def test_a_mirrored_face_looks_the_other_way() -> None:
    points = project(HeadPose(20, 5, 7))
    mirrored = (points * [-1, 1])[[1, 0, 2, 4, 3]]
    one, other = head_pose(points), head_pose(mirrored)
    assert (other.yaw_deg, other.roll_deg) == pytest.approx((-one.yaw_deg, -one.roll_deg))
    assert other.pitch_deg == pytest.approx(one.pitch_deg)


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.zeros((4, 2))])
def test_no_pose(points: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="points"):
        head_pose(points)


def photo(level: float = 130, right: float = 0, noise: float = 0) -> Photo:
    """640 x 640, grey ``level``, the right half brighter by ``right``; noise in the background."""
    rng = np.random.default_rng(0)
    grey = np.full((640, 640), level) + noise * rng.normal(size=(640, 640))
    grey[210:390, 250:390] = level + 8 * rng.normal(size=(180, 140))
    grey[:, 320:] += right
    return Photo(np.repeat(np.clip(grey, 0, 255)[..., None], 3, 2).astype(np.uint8), (640, 640), 1)


def of(seen: Photo | None = None, **changes: object) -> dict[str, int | None]:
    values = {"xyxy_px": BOX, "measures": MEASURES, "covers": BARE, "points_px": POINTS} | changes
    return components(seen or photo(), **values)  # type: ignore[arg-type]


def test_a_good_face_is_good() -> None:
    found = of()
    assert tuple(found) == NAMES
    low = {name: value for name, value in found.items() if value is None or value < 60}
    assert low == {}


@pytest.mark.parametrize(
    ("name", "worse"),
    [
        ("EyesVisible", {"covers": Covers(0.9, 0)}),
        ("FaceOcclusionPrevention", {"covers": Covers(0.9, 0)}),
        ("MouthOcclusionPrevention", {"covers": Covers(0, 0.9)}),
        ("FaceOcclusionPrevention", {"covers": Covers(0, 0.9)}),
        ("Sharpness", {"measures": replace(MEASURES, blur=0.95)}),
        ("SingleFacePresent", {"measures": replace(MEASURES, other_face=0.8)}),
        ("UnderExposurePrevention", {"seen": photo(5)}),
        ("OverExposurePrevention", {"seen": photo(255)}),
        ("IlluminationUniformity", {"seen": photo(60, right=120)}),
        ("BackgroundUniformity", {"seen": photo(noise=60)}),
        ("InterEyeDistance", {"seen": replace(photo(), scale=4.0)}),
        ("HeadPoseYaw", {"points_px": project(HeadPose(50, 0, 0), 80) + MIDDLE}),
        ("HeadPosePitch", {"points_px": project(HeadPose(0, 50, 0), 80) + MIDDLE}),
        ("HeadPoseRoll", {"points_px": project(HeadPose(0, 0, 50), 80) + MIDDLE}),
        ("LeftwardCropOfTheFaceImage", {"points_px": POINTS - np.array([270, 0])}),
        ("RightwardCropOfTheFaceImage", {"points_px": POINTS + np.array([270, 0])}),
        ("MarginAboveOfTheFaceImage", {"points_px": POINTS - np.array([0, 240])}),
        ("MarginBelowOfTheFaceImage", {"points_px": POINTS + np.array([0, 300])}),
    ],
)
def test_each_component_falls_with_its_defect(name: str, worse: dict[str, object]) -> None:
    good, bad = of()[name], of(**worse)[name]
    assert good is not None and bad is not None and bad < 60 <= good


def test_a_head_that_fills_the_image_has_no_background() -> None:
    found = of(xyxy_px=np.array([5.0, 5.0, 635.0, 635.0]))
    assert found["BackgroundUniformity"] is None


@given(
    size_wh=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    box=st.tuples(*[st.floats(-5, 50) for _ in range(4)]),
    seed=st.integers(0, 99),
)
def test_every_value_is_from_0_to_100(
    size_wh: tuple[int, int], box: tuple[float, ...], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    seen = Photo(rng.integers(0, 256, (*size_wh[::-1], 3), dtype=np.uint8), size_wh, 1.0)
    x, y = sorted(box[::2]), sorted(box[1::2])
    found = of(
        seen,
        xyxy_px=np.array([x[0], y[0], x[1], y[1]]),
        points_px=rng.uniform(-10, 50, (5, 2)),
    )
    assert all(value is None or 0 <= value <= 100 for value in found.values())
