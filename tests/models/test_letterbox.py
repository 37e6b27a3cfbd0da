"""Fitting an image and reading the output do what Ultralytics and torchvision do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.boxes import as_boxes
from facesort.models.letterbox import (
    GREY,
    STRIDES,
    Fit,
    anchor_count,
    both_looks,
    decode,
    letterbox,
    suppress,
    unmirrored,
)


@pytest.mark.parametrize(
    ("size_wh", "imgsz", "expected_wh"),
    [
        ((640, 480), 640, (640, 480)),
        ((480, 640), 640, (480, 640)),
        ((1, 1), 640, (640, 640)),
        ((20000, 10), 640, (640, 32)),
        ((500, 333), 320, (320, 224)),
    ],
)
def test_input_is_a_multiple_of_the_stride(
    size_wh: tuple[int, int], imgsz: int, expected_wh: tuple[int, int]
) -> None:
    pixels, fit = letterbox(np.zeros((size_wh[1], size_wh[0], 3), np.uint8), imgsz)
    assert pixels.shape == (1, 3, expected_wh[1], expected_wh[0])
    assert pixels.dtype == np.float32 and fit.size_wh == size_wh
    square, _ = letterbox(np.zeros((size_wh[1], size_wh[0], 3), np.uint8), imgsz, square=True)
    assert square.shape == (1, 3, imgsz, imgsz)


@pytest.mark.parametrize("size_wh", [(333, 500), (640, 427), (900, 700), (1000, 1001)])
def test_pixels_are_those_of_ultralytics(size_wh: tuple[int, int]) -> None:
    from ultralytics.data.augment import LetterBox

    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    theirs = LetterBox((640, 640), auto=True, stride=32)(image=rgb)
    ours, _ = letterbox(rgb, 640)
    np.testing.assert_allclose(ours[0].transpose(1, 2, 0) * 255, theirs, atol=1e-3)


@given(
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.sampled_from([160, 320, 640]),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_box_finds_its_way_back(
    size_wh: tuple[int, int], imgsz: int, left: float, top: float
) -> None:
    """A box in the image, moved into the network's input by hand, comes back where it was."""
    width, height = size_wh
    scale = imgsz / max(size_wh)
    box = as_boxes([[left * width / 2, top * height / 2, width, height]])
    fit = Fit(scale, (7, 3), size_wh)
    np.testing.assert_allclose(fit.to_image(box * scale + [7, 3, 7, 3]), box, atol=1e-6)


def test_padding_is_grey_and_central() -> None:
    pixels, fit = letterbox(np.full((100, 640, 3), 255, np.uint8), 640)
    assert pixels.shape[2] == 128 and fit.left_top_px == (0, 14)
    assert np.allclose(pixels[0, :, :14] * 255, GREY) and np.allclose(pixels[0, :, 14:114], 1)


@given(st.integers(0, 60), st.integers(0, 1000))
def test_suppression_is_that_of_torchvision(count: int, seed: int) -> None:
    import torch
    from torchvision.ops import nms

    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 100, (count, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 60, (count, 2))], axis=1)
    scores = np.linspace(1, 0.1, count)
    theirs = nms(torch.from_numpy(boxes), torch.from_numpy(scores), 0.6)
    assert suppress(boxes, 0.6).tolist() == theirs.tolist()


def test_classes_compete_for_a_face() -> None:
    """Two classes see the same face: the surer one has it. A weak one is none."""
    fit = Fit(1.0, (0, 0), (100, 100))
    columns = [[50, 50, 20, 20, 0.8, 0.1], [51, 50, 20, 20, 0.2, 0.7], [20, 20, 10, 10, 0.1, 0.2]]
    found = decode(np.array(columns, np.float32).T, fit, conf=0.25)
    assert len(found) == 1 and found.class_id.tolist() == [0]
    np.testing.assert_allclose(found.xyxy_px, [[40, 40, 60, 60]])
    assert len(decode(np.zeros((6, 0), np.float32), fit, 0.25)) == 0


def test_end_to_end_rows_are_read_as_they_are() -> None:
    rows = np.array([[10, 10, 30, 40, 0.9, 2], [0, 0, 5, 5, 0.1, 1]], np.float32)
    found = decode(rows, Fit(0.5, (0, 0), (100, 100)), 0.25, end2end=True)
    assert found.class_id.tolist() == [2]
    np.testing.assert_allclose(found.xyxy_px, [[20, 20, 60, 80]])


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 100))
def test_a_mirrored_output_is_put_back(rows: int, columns: int, seed: int) -> None:
    """Each anchor of the mirrored output is where its mirror image was, and twice is once."""
    size_wh = (32 * columns, 32 * rows)
    rng = np.random.default_rng(seed)
    raw = rng.uniform(0, 32, (8, anchor_count(size_wh))).astype(np.float32)
    x = [np.tile((np.arange(size_wh[0] // s) + 0.5) * s, size_wh[1] // s) for s in STRIDES]
    raw[0] = np.concatenate(x)  # each anchor says where it lies
    back = unmirrored(raw, size_wh)
    np.testing.assert_allclose(back[0], raw[0])  # the mirror image of the mirrored place
    np.testing.assert_allclose(unmirrored(back, size_wh), raw, rtol=1e-5)
    assert back[4, 0] == raw[4, size_wh[0] // 8 - 1]


def test_two_looks_name_a_face_together() -> None:
    """Box and confidence of the surer look; a class that both find likely beats either's own."""
    one = np.array([[10, 10, 4, 4, 0.5, 0.4, 0.0], [9, 9, 3, 3, 0.1, 0.0, 0.0]], np.float32).T
    two = np.array([[11, 10, 4, 4, 0.0, 0.4, 0.6], [8, 8, 2, 2, 0.3, 0.0, 0.0]], np.float32).T
    both = both_looks(one, two)
    assert both[:4].T.tolist() == [[11, 10, 4, 4], [8, 8, 2, 2]]
    assert both[4:].argmax(axis=0).tolist() == [1, 0]
    np.testing.assert_allclose(both[4:].max(axis=0), [0.6, 0.3])
    empty = np.zeros((7, 0), np.float32)
    assert both_looks(empty, empty).shape == (7, 0)
    nothing = np.zeros((7, 2), np.float32)
    assert (both_looks(nothing, nothing) == 0).all()
