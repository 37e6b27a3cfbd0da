"""An image is looked at again where one look cannot see all of it, and only there.

The network here is a finder of white rectangles that, like a real one, sees neither what is tiny
nor what fills its input.
"""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from facesort.boxes import as_boxes
from facesort.detections import Detections
from facesort.models import second_look
from facesort.models.detect import YoloDetector, with_second_looks, with_tiles
from facesort.models.input_size import (
    InputSizes,
    is_small,
    second_input_px,
    small_input_px,
    tile_windows,
    with_room,
    without_room,
)
from facesort.models.second_look import merge_large, merge_tiny

IMGSZ = 640
# set here: the shipped numbers change with the shipped model
SIZES = InputSizes(small_room=0.2, second_scale=0.4, second_room=0.25)
LEAST_PX, MOST_SHARE = 12, 0.72


class WhiteFinder:
    """Finds white rectangles whose longer side is 12 px to 72 % of the input; the hint of one that
    is larger is weak, as is that of one that is smaller."""

    def __init__(self) -> None:
        self.inputs_px: list[int] = []

    def __call__(
        self, rgb: NDArray[np.uint8], imgsz: int, conf: float, mirrored: bool = False
    ) -> Detections:
        self.inputs_px.append(imgsz)
        white = (rgb[..., 0] > 200).astype(np.uint8)
        boxes = cv2.connectedComponentsWithStats(white)[2][1:, :4].astype(float)
        scale = imgsz / max(rgb.shape[:2])
        long_px = boxes[:, 2:].max(axis=1, initial=0) * scale
        seen = (long_px >= LEAST_PX) & (long_px <= MOST_SHARE * imgsz)
        confidence = np.where(seen, 0.9, 0.2)
        xyxy = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
        kept = confidence >= conf
        return Detections(xyxy[kept], np.zeros(kept.sum(), np.int64), confidence[kept])


def canvas(w: int, h: int, *boxes: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    rgb = np.zeros((h, w, 3), np.uint8)
    for x1, y1, x2, y2 in boxes:
        rgb[y1:y2, x1:x2] = 255
    return rgb


def look(rgb: NDArray[np.uint8], sizes: InputSizes = SIZES) -> tuple[list[list[int]], list[int]]:
    finder = WhiteFinder()
    found = second_look.detect(finder, rgb, IMGSZ, 0.25, sizes)
    return found.xyxy_px.round().astype(int).tolist(), finder.inputs_px


def test_an_empty_image_gets_one_look() -> None:
    assert look(canvas(1000, 800)) == ([], [640])


def test_a_certain_whole_face_needs_no_second_look() -> None:
    assert look(canvas(1000, 800, (100, 100, 300, 300))) == ([[100, 100, 300, 300]], [640])


@pytest.mark.parametrize(
    "box", [(100, 50, 900, 750), (0, 0, 1000, 800), (0, 40, 760, 800)], ids=["large", "all", "cut"]
)
def test_a_face_that_fills_the_frame_is_found(box: tuple[int, int, int, int]) -> None:
    boxes, inputs_px = look(canvas(1000, 800, box))
    assert np.abs(np.array(boxes) - box).max() <= 4
    assert inputs_px == [640, second_input_px(640, SIZES)]


def test_a_second_look_brings_large_faces_only() -> None:
    boxes, inputs_px = look(canvas(1000, 800, (500, 400, 512, 412)))
    assert boxes == [] and len(inputs_px) == 2


@pytest.mark.parametrize(("w", "h"), [(55, 60), (112, 112), (220, 160), (20, 20)])
def test_a_crop_is_seen_at_its_own_scale(w: int, h: int) -> None:
    boxes, inputs_px = look(canvas(w, h, (0, 0, w, h)))
    assert boxes == [[0, 0, w, h]]
    assert inputs_px == [small_input_px((w, h), IMGSZ, SIZES)]


def test_tiny_faces_are_looked_for_in_tiles_when_asked() -> None:
    large, tiny = (100, 100, 400, 400), (1500, 1100, 1530, 1130)
    rgb = canvas(2000, 1500, large, tiny)
    assert look(rgb) == ([list(large)], [640])
    boxes, inputs_px = look(rgb, replace(SIZES, tiles=True))
    assert sorted(boxes) == [list(large), list(tiny)]
    assert inputs_px == [640] * 5


def test_a_face_across_two_tiles_is_found_once() -> None:
    tiny = (985, 735, 1015, 765)  # in the overlap of all four
    boxes, _ = look(canvas(2000, 1500, tiny), replace(SIZES, tiles=True))
    assert boxes == [list(tiny)]


FACE, HEAD, NOSE = [20, 20, 60, 60], [10, 5, 70, 65], [35, 35, 45, 45]


@pytest.mark.parametrize(
    ("boxes", "confidence", "kept"),
    [
        ([], [], []),
        ([FACE], [0.9], [0]),
        ([FACE, HEAD], [0.9, 0.4], [0]),
        ([HEAD, FACE], [0.9, 0.5], [1]),  # the head is surer, the face is the face
        ([FACE, NOSE], [0.9, 0.3], [0]),  # a part of a face
        ([HEAD, FACE, NOSE], [0.9, 0.8, 0.3], [1]),
        ([FACE, [40, 20, 80, 60]], [0.9, 0.8], [0, 1]),  # two faces, cheek to cheek
        ([[0, 0, 100, 100], [80, 80, 110, 110]], [0.9, 0.8], [0, 1]),  # at a large one's edge
        ([[10, 10, 10, 10], [0, 0, 100, 100]], [0.9, 0.8], [0, 1]),  # without an area
    ],
)
def test_of_nested_boxes_one_stays(
    boxes: list[list[float]], confidence: list[float], kept: list[int]
) -> None:
    found = Detections(as_boxes(boxes), np.zeros(len(boxes), np.int64), np.array(confidence))
    got = second_look.without_nested(found)
    assert got.xyxy_px.tolist() == [boxes[i] for i in kept]
    assert got.confidence.tolist() == [confidence[i] for i in kept]


def test_another_rule_is_another_detector() -> None:
    """What one look saw must not be taken, from a cache, for what several would see."""
    plain = YoloDetector(
        lambda pixels: np.zeros((8, 0), np.float32), ("a", "b", "c", "d"), 640, "x"
    )
    twice, tiled = with_second_looks(plain), with_tiles(with_second_looks(plain))
    assert len({plain.fingerprint, twice.fingerprint, tiled.fingerprint}) == 3
    assert twice.fingerprint == with_second_looks(plain).fingerprint
    assert with_tiles(plain) is plain, "one that looks once goes on looking once"


def test_a_fixed_input_stays_as_it_is() -> None:
    shapes = []

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        shapes.append(pixels.shape)
        return np.zeros((8, 1), np.float32)

    plain = YoloDetector(forward, ("a", "b", "c", "d"), 640, "x", square=True)
    for size_wh in ((60, 50), (700, 500)):
        assert len(with_second_looks(plain).detect([canvas(*size_wh)])[0]) == 0
    assert set(shapes) == {(1, 3, 640, 640)}


def test_tiles_are_not_paid_for_without_a_hint() -> None:
    rgb = canvas(2000, 1500, (100, 100, 400, 400))
    assert look(rgb, replace(SIZES, tiles=True))[1] == [640]


def found(*rows: tuple[float, ...]) -> Detections:
    some = np.array(rows, dtype=float).reshape(-1, 6)
    return Detections(some[:, :4], some[:, 4].astype(np.int64), some[:, 5])


def test_the_more_certain_look_names_the_class() -> None:
    first, again = found((0, 0, 100, 100, 0, 0.4)), found((2, 0, 100, 98, 1, 0.8))
    assert merge_large(first, again, 200).class_id.tolist() == [1]
    surer = replace(first, confidence=np.array([0.9]))
    assert merge_large(surer, again, 200).class_id.tolist() == [0]
    assert merge_large(surer, again, 90).class_id.tolist() == [1], "it fills the frame"


def test_a_face_that_fills_half_of_the_frame_is_always_looked_at_again() -> None:
    boxes, inputs_px = look(canvas(1000, 800, (200, 100, 750, 700)))
    assert len(boxes) == 1 and len(inputs_px) == 2


def test_a_part_taken_for_a_face_gives_way_to_the_whole() -> None:
    first = found((40, 60, 60, 80, 0, 0.6), (200, 0, 230, 30, 1, 0.9))
    merged = merge_large(first, found((0, 0, 100, 100, 3, 0.5)), 200)
    assert merged.class_id.tolist() == [1, 3]


def test_what_is_known_is_not_added_by_tiles() -> None:
    first = found((0, 0, 20, 20, 0, 0.9))
    tiny = found((1, 1, 20, 20, 1, 0.95), (50, 50, 60, 60, 2, 0.5), (50, 50, 60, 61, 0, 0.4))
    assert merge_tiny(first, tiny).class_id.tolist() == [0, 2]


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([320, 640]))
def test_the_input_fits_the_network(w: int, h: int, imgsz: int) -> None:
    px = small_input_px((w, h), imgsz, SIZES)
    assert px % 32 == 0 and 32 <= px <= imgsz
    assert second_input_px(imgsz, SIZES) < imgsz
    if is_small((w, h), SIZES) and max(w, h) > SIZES.least_px:
        assert px <= SIZES.enlarge * max(w, h) * (1 + 2 * SIZES.small_room) + 32


@given(st.integers(2, 400), st.integers(2, 400), st.floats(0, 0.5))
def test_a_border_moves_no_box(w: int, h: int, room: float) -> None:
    rgb, margin = with_room(canvas(w, h), room)
    assert rgb.shape == (h + 2 * margin, w + 2 * margin, 3)
    seen = found((margin, margin, margin + w, margin + h, 0, 0.5))
    assert without_room(seen, margin, (w, h)).xyxy_px.tolist() == [[0, 0, w, h]]


@given(st.integers(1, 3000), st.integers(1, 3000), st.floats(0, 0.5))
def test_tiles_cover_the_image(w: int, h: int, overlap: float) -> None:
    covered = np.zeros((h, w), dtype=bool)
    for x1, y1, x2, y2 in tile_windows((w, h), overlap):
        assert 0 <= x1 < x2 <= w and 0 <= y1 < y2 <= h
        covered[y1:y2, x1:x2] = True
    assert covered.all()
