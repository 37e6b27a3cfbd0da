"""Faces, heads and masks stay aligned, also where the border cuts them."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.boxes import as_boxes
from facesort.detections import Detections
from facesort.media.frame_results import Region, cut, head_of, masks_of, oval, whole_px, within
from facesort.media.inference import inference

SIZE_WH = (100, 80)
COLOURED = np.random.default_rng(0).integers(0, 255, (80, 100, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("box", "face", "head"),
    [
        ((40, 30, 60, 50), (40, 30, 60, 50), (10, 0, 90, 80)),
        ((0, 0, 10, 10), (0, 0, 10, 10), (0, 0, 25, 25)),  # a corner: cut, not moved
        ((95.4, 70.6, 103, 90), (95, 71, 100, 80), (84, 41, 100, 80)),
        ((50, 50, 50.2, 50.2), (50, 50, 51, 51), (50, 50, 51, 51)),  # never empty
        ((100, 80, 120, 90), (99, 79, 100, 80), (70, 65, 100, 80)),
        ((-20, -20, -10, -10), (0, 0, 1, 1), (0, 0, 5, 5)),
    ],
)
def test_regions_are_cut_at_the_border(box: tuple[float, ...], face: Region, head: Region) -> None:
    assert whole_px([box], SIZE_WH) == face
    assert head_of([box], SIZE_WH) == head


xs, ys = st.floats(-50, 150), st.floats(-50, 130)


@given(xs, xs, ys, ys, st.floats(1, 6))
def test_a_face_in_its_head_is_the_face(
    xa: float, xb: float, ya: float, yb: float, scale: float
) -> None:
    box = [min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)]
    face, head = whole_px([box], SIZE_WH), head_of([box], SIZE_WH, scale)
    assert 0 <= face[0] < face[2] <= SIZE_WH[0] and 0 <= face[1] < face[3] <= SIZE_WH[1]
    by_head = cut(cut(COLOURED, head), within(face, head))
    np.testing.assert_array_equal(by_head, cut(COLOURED, face))


def bright(rgb: np.ndarray, face_px: Region) -> np.ndarray:
    """A segmenter that knows: the person is what is white."""
    return np.asarray(rgb[..., 0] > 128)


@pytest.mark.parametrize("left", [0, 37, 80])
def test_masks_lie_where_the_person_is(left: int) -> None:
    """A white column is the person; at the border, too, both masks are where it is."""
    rgb = np.zeros((80, 100, 3), np.uint8)
    rgb[:, left : left + 10] = 255
    found = masks_of(rgb, [left, 20, left + 20, 40], bright)
    white = rgb[..., 0]
    np.testing.assert_array_equal(found.head_mask, cut(white, found.head_px))
    inside = oval([left, 20, left + 20, 40], found.face_px)
    np.testing.assert_array_equal(found.face_mask, np.where(inside, cut(white, found.face_px), 0))
    assert found.face_mask.shape == (20, 20) and 0 < (found.face_mask > 0).mean() < 0.5


def test_the_oval_is_tight() -> None:
    assert oval([0, 0, 40, 60], (0, 0, 40, 60)).mean() == pytest.approx(np.pi / 4, abs=0.01)
    assert oval([5, 5, 6, 6], (5, 5, 6, 6)).all()


class Known:
    """A detector of images whose faces are known."""

    names, imgsz, fingerprint, sure = ("face",), 640, "known", 0.5

    def __init__(self, *boxes: list[list[float]]) -> None:
        self._boxes = list(boxes)

    def detect(self, images_rgb: Sequence[np.ndarray]) -> list[Detections]:
        boxes = as_boxes(self._boxes.pop(0))
        return [Detections(boxes, np.zeros(len(boxes), np.int64), np.ones(len(boxes)))]


def test_the_call_of_the_source_system() -> None:
    rgb = np.full((80, 100, 3), 255, np.uint8)
    boxes = [[0, 0, 10, 10], [40, 30, 60, 50]]
    result = inference([rgb, rgb], Known(boxes, []), bright)
    result_bboxes, face_bboxes, face_masks, head_bboxes, head_masks = result
    assert result_bboxes[0].tolist() == boxes and result_bboxes[1].shape == (0, 4)
    assert head_bboxes[0].tolist() == [[0, 0, 25, 25], [10, 0, 90, 80]]
    assert face_bboxes[0].tolist() == [[0, 0, 10, 10], [30, 30, 50, 50]]
    assert [mask.shape for mask in face_masks[0]] == [(10, 10, 3), (20, 20, 3)]
    assert [mask.shape for mask in head_masks[0]] == [(25, 25, 3), (80, 80, 3)]
    assert face_masks[1] == head_masks[1] == []
    assert [len(part) for part in result] == [2] * 5
    assert [len(part) for part in inference([], Known())] == [0] * 5
