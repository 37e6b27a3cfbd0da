"""YOLO pose labels: what is written is read back, what YOLO refuses is not written."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.errors import LabelError
from facesort.labels import yolo_pose
from facesort.labels.image_labels import IGNORE, ImageLabels
from facesort.labels.yolo_pose import PoseLabels

IMAGE, SIZE = Path("images/a.jpg"), (640, 480)

point = st.tuples(st.floats(0, 639), st.floats(0, 479), st.sampled_from([1.0, 2.0])) | st.just(
    (0.0, 0.0, 0.0)
)
box = st.tuples(*[st.floats(0, 300)] * 2, *[st.floats(1, 150)] * 2)
face = st.tuples(st.integers(0, 3), box, st.lists(point, min_size=5, max_size=5))


@given(st.lists(face, max_size=4))
def test_what_is_written_is_read_back(faces: list[tuple]) -> None:
    xyxy = np.array([[x, y, x + w, y + h] for _, (x, y, w, h), _ in faces]).reshape(-1, 4)
    points = np.array([p for _, _, p in faces]).reshape(-1, 5, 3)
    labels = PoseLabels(IMAGE, SIZE, xyxy, np.array([c for c, _, _ in faces], dtype=int), points)
    again = yolo_pose.parse(yolo_pose.render(labels), IMAGE, SIZE, 4)
    np.testing.assert_array_equal(again.class_id, labels.class_id)
    np.testing.assert_allclose(again.xyxy_px, labels.xyxy_px, atol=1e-3)
    np.testing.assert_allclose(again.keypoints, labels.keypoints, atol=1e-3)


def test_outside_the_image_is_not_marked() -> None:
    points = np.array([[[320, 240, 2], [641, 9, 2], [9, -1, 1], [640, 480, 1], [0, 0, 0]]], float)
    labels = PoseLabels(IMAGE, SIZE, np.array([[0.0, 0, 320, 240]]), np.array([0]), points)
    none = " 0.000000 0.000000 0"
    assert yolo_pose.render(labels) == (
        f"0 0.250000 0.250000 0.500000 0.500000 0.500000 0.500000 2{none}{none}"
        f" 1.000000 1.000000 1{none}\n"
    )


def test_ignored_faces_are_not_written() -> None:
    boxes, points = np.array([[0.0, 0, 9, 9]] * 2), np.zeros((2, 5, 3))
    labels = PoseLabels(IMAGE, SIZE, boxes, np.array([IGNORE, 1]), points)
    (line,) = yolo_pose.render(labels).splitlines()
    assert line.startswith("1 ") and len(line.split()) == 20


def test_boxes_without_keypoints_are_refused() -> None:
    with pytest.raises(LabelError, match=r"a\.jpg: no keypoints; expected 5 a face"):
        yolo_pose.render(ImageLabels.of(IMAGE, SIZE, [], []))
    with pytest.raises(LabelError, match=r"keypoints of shape \(0, 5, 3\); expected \(1, k, 3\)"):
        PoseLabels(IMAGE, SIZE, np.ones((1, 4)), np.array([0]))


GOOD = "0 .5 .5 .1 .1" + " .5 .5 2" * 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 .5 .5 .1 .1", "line 1: 0 keypoint fields; expected 15"),
        (f"\n{GOOD} 1", "line 2: 16 keypoint fields"),
        (GOOD.replace("2", "3"), "visibilities .*expected 0, 1 or 2"),
        (GOOD.replace("2", "x"), "are not numbers"),
        (f"{GOOD}\n\n4{GOOD[1:]}", "line 3: class 4"),
    ],
)
def test_a_wrong_line_is_named(text: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        yolo_pose.parse(text, IMAGE, SIZE, 4)
