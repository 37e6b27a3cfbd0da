"""Composed canvases hold every sprite once, apart from each other, with boxes that fit."""

import numpy as np
import pytest

from facesort.boxes import as_boxes, iou_matrix, min_side
from facesort.dataset.sprites import CANVAS_WH, FACE_PX, Sprite, compose, face_free


def sprite(value: int, size: int = 100) -> Sprite:
    rgb = np.full((size, size, 3), value, np.uint8)
    return Sprite(rgb, as_boxes([[25, 25, 75, 75]]), np.array([value % 4]))


@pytest.mark.parametrize("count", [0, 1, 40])
def test_every_sprite_is_placed_once(count: int) -> None:
    rng = np.random.default_rng(1)
    canvases = list(compose([sprite(i) for i in range(count)], [], rng))
    assert sum(len(c.class_id) for c in canvases) == count
    for canvas in canvases:
        assert canvas.rgb.shape == (CANVAS_WH[1], CANVAS_WH[0], 3)
        assert (canvas.xyxy_px >= 0).all() and (canvas.xyxy_px <= CANVAS_WH[0]).all()
        overlap = iou_matrix(canvas.xyxy_px, canvas.xyxy_px)
        assert not (overlap - np.eye(len(overlap))).any()
        assert (min_side(canvas.xyxy_px) <= FACE_PX[1]).all()


def test_the_box_lies_on_the_face() -> None:
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[25:75, 25:75] = 255
    face = Sprite(rgb, as_boxes([[25, 25, 75, 75]]), np.array([0]))
    canvas = next(compose([face], [np.zeros((9, 9, 3), np.uint8)], np.random.default_rng(3)))
    x1, y1, x2, y2 = canvas.xyxy_px[0].round().astype(int)
    assert canvas.rgb[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].min() > 200


def test_same_seed_same_canvas() -> None:
    first, again = (next(compose([sprite(9)], [], np.random.default_rng(5))).rgb for _ in range(2))
    assert (first == again).all()


def test_face_free_avoids_faces() -> None:
    rgb = np.zeros((400, 400, 3), np.uint8)
    rgb[:, 200:] = 255
    rng = np.random.default_rng(0)
    piece = face_free(rgb, as_boxes([[200, 0, 400, 400]]), rng, tries=200)
    assert piece is not None and piece.max() == 0
    assert face_free(rgb, as_boxes([[0, 0, 400, 400]]), rng) is None
    assert face_free(rgb[:50], as_boxes([]), rng) is None
