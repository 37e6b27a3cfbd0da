"""Faces come out upright, at one place, whatever their turn and size in the photo."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facesort.models.people.align import (
    SIDE_PX,
    TEMPLATE_PX,
    align_face,
    matrix_from_box,
    matrix_from_landmarks,
    similarity,
)


def moved(points, turn_deg: float, scale: float, shift) -> np.ndarray:
    angle = np.deg2rad(turn_deg)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ turn.T + np.asarray(shift)


@given(
    turn=st.floats(-180, 180),
    scale=st.floats(0.05, 50),
    x=st.floats(-3000, 3000),
    y=st.floats(-3000, 3000),
)
def test_a_similarity_is_found_again(turn: float, scale: float, x: float, y: float) -> None:
    landmarks = moved(TEMPLATE_PX, turn, scale, (x, y))
    matrix = matrix_from_landmarks(landmarks)
    back = landmarks @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(back, TEMPLATE_PX, atol=1e-5)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    mirrored = TEMPLATE_PX * [-1, 1] + [SIDE_PX, 0]
    assert np.linalg.det(matrix_from_landmarks(mirrored)[:, :2]) > 0


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (np.empty((0, 2)), r"expected \(n, 2\)"),
        (np.full((5, 2), 7.0), "all in one place"),
        (np.full((5, 2), np.nan), "not finite"),
        (TEMPLATE_PX[:4], r"expected \(n, 2\)"),
    ],
)
def test_points_that_say_nothing_are_refused(points: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        similarity(points, TEMPLATE_PX)


@pytest.mark.parametrize("box", [(5, 5, 5, 20), (5, 20, 9, 5), (0, 0, np.nan, 4)])
def test_a_box_without_area_is_refused(box: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="no area"):
        matrix_from_box(box)


def drawn_face(side: int, landmarks_px: np.ndarray) -> np.ndarray:
    """Grey, with a bright disc at each landmark, the left eye red."""
    y, x = np.mgrid[:side, :side]
    rgb = np.full((side, side, 3), 90, np.uint8)
    radius = 0.07 * np.linalg.norm(landmarks_px[1] - landmarks_px[0])
    for number, (px, py) in enumerate(landmarks_px):
        disc = (x - px) ** 2 + (y - py) ** 2 <= max(radius, 1.5) ** 2
        rgb[disc] = (255, 0, 0) if number == 0 else (255, 255, 255)
    return rgb


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0, 9.0])
@pytest.mark.parametrize("turn", [-35.0, 0.0, 90.0])
def test_landmarks_come_to_the_template(scale: float, turn: float) -> None:
    side = int(200 * max(scale, 1))
    middle = TEMPLATE_PX.mean(axis=0)
    landmarks = moved(TEMPLATE_PX - middle, turn, scale, (side / 2, side / 2))
    face = align_face(drawn_face(side, landmarks), landmarks)
    assert face.shape == (SIDE_PX, SIDE_PX, 3) and face.dtype == np.uint8
    for x, y in TEMPLATE_PX.round().astype(int):
        assert face[y, x].max() > 180
    red = np.argwhere((face[..., 0] > 180) & (face[..., 1] < 90))
    assert np.abs(red.mean(axis=0)[::-1] - TEMPLATE_PX[0]).max() < 0.7


def test_a_box_alone_puts_the_face_where_landmarks_would() -> None:
    matrix = matrix_from_box([20, 8, SIDE_PX + 20, 111.5 + 8])
    assert np.allclose(matrix, [[1, 0, 55.9 - 76], [0, 1, 63.8 - 63.75]])


def test_outside_of_the_image_is_black() -> None:
    face = align_face(np.full((50, 50, 3), 255, np.uint8), xyxy_px=(500, 500, 600, 600))
    assert face.shape == (SIDE_PX, SIDE_PX, 3) and not face.any()


def test_neither_landmarks_nor_box_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        align_face(np.zeros((9, 9, 3), np.uint8))


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    box=st.tuples(*[st.floats(-300, 300)] * 2, *[st.floats(1, 900)] * 2),
)
def test_any_box_gives_a_face(width: int, height: int, box: tuple[float, ...]) -> None:
    x, y, w, h = box
    face = align_face(np.full((height, width, 3), 9, np.uint8), xyxy_px=(x, y, x + w, y + h))
    assert face.shape == (SIDE_PX, SIDE_PX, 3)
