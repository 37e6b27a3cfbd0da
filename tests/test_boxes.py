"""Boxes survive the way there and back, and overlap is what geometry says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort import boxes

sizes = st.tuples(st.integers(1, 5000), st.integers(1, 5000))
unit = st.floats(0, 1, allow_nan=False)


@given(sizes, st.lists(st.tuples(unit, unit, unit, unit), max_size=5))
def test_xyxy_to_xywhn_and_back(size_wh: tuple[int, int], corners: list[tuple[float, ...]]) -> None:
    values = boxes.as_boxes(corners) * [*size_wh, *size_wh]
    xyxy = np.concatenate(
        [np.minimum(values[:, :2], values[:, 2:]), np.maximum(values[:, :2], values[:, 2:])], axis=1
    )
    back = boxes.xywhn_to_xyxy(boxes.xyxy_to_xywhn(xyxy, size_wh), size_wh)
    np.testing.assert_allclose(back, xyxy, atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([], [], np.zeros((0, 0))),
        ([[0, 0, 2, 2]], [], np.zeros((1, 0))),
        ([[0, 0, 2, 2]], [[0, 0, 2, 2]], [[1.0]]),
        ([[0, 0, 2, 2]], [[1, 0, 3, 2]], [[1 / 3]]),
        ([[0, 0, 2, 2]], [[2, 0, 4, 2]], [[0.0]]),
        ([[1, 1, 1, 1]], [[1, 1, 1, 1]], [[0.0]]),  # no area, no overlap, no division by zero
    ],
)
def test_iou(a: list, b: list, expected: object) -> None:
    np.testing.assert_allclose(boxes.iou_matrix(a, b), expected)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([], []),
        ([[-5, -5, 5, 5]], [[0, 0, 5, 5]]),
        ([[90, 40, 120, 60]], [[90, 40, 100, 50]]),
        ([[200, 200, 300, 300]], [[100, 50, 100, 50]]),
    ],
)
def test_clip_cuts_at_the_border(box: list, expected: list) -> None:
    np.testing.assert_array_equal(boxes.clip_xyxy(box, (100, 50)), boxes.as_boxes(expected))


def test_grow_keeps_the_centre() -> None:
    np.testing.assert_array_equal(boxes.grow_xyxy([[10, 10, 20, 30]], 2), [[5, 0, 25, 40]])
    assert boxes.min_side([[10, 10, 20, 30]]).tolist() == [10]
