"""Every way to say which pixels are the person, on images whose truth is known."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.segment import load_segmenter, out_of_reach, person_of
from facesort.models.ultralytics_loader import import_ultralytics

FACE = (60, 40, 100, 90)


@pytest.fixture
def bust() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A drawn person on a patterned ground, and where it is."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(90, 130, (200, 160, 3), dtype=np.uint8)
    person = np.zeros((200, 160), np.uint8)
    cv2.ellipse(person, (80, 62), (26, 38), 0, 0, 360, 1, -1)
    cv2.rectangle(person, (68, 90), (92, 130), 1, -1)
    cv2.ellipse(person, (80, 200), (70, 85), 0, 0, 360, 1, -1)
    skin = rng.integers(190, 220, (200, 160, 3), dtype=np.uint8)
    rgb[person > 0] = skin[person > 0]
    rgb[120:][person[120:] > 0] = (20, 30, 90)
    return rgb, person > 0


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_grabcut_finds_the_person(bust: tuple[NDArray[np.uint8], NDArray[np.bool_]]) -> None:
    rgb, person = bust
    segment = load_segmenter(None)
    first = segment(rgb, FACE)
    assert first.shape == person.shape and iou(first, person) > 0.9
    np.testing.assert_array_equal(first, segment(rgb, FACE))


@pytest.mark.parametrize(
    ("size_wh", "face"),
    [
        ((1, 1), (0, 0, 1, 1)),
        ((40, 40), (0, 0, 40, 40)),  # nothing but face
        ((40, 40), (39, 39, 40, 40)),
        ((300, 3), (100, 0, 200, 3)),
    ],
)
def test_grabcut_bears_odd_crops(size_wh: tuple[int, int], face: tuple[int, int, int, int]) -> None:
    for rgb in (
        np.zeros((*size_wh[::-1], 3), np.uint8),
        np.full((*size_wh[::-1], 3), 255, np.uint8),
    ):
        assert load_segmenter(None)(rgb, face).shape == size_wh[::-1]


def test_the_person_is_one_part_without_holes() -> None:
    mask = np.zeros((200, 160), bool)
    mask[30:180, 50:110] = True
    mask[60:70, 70:80] = False  # a hole in the face
    mask[0:20, 130:160] = True  # somebody else
    found = person_of(mask, FACE)
    assert found[30:180, 50:110].all() and found.sum() == 150 * 60
    assert not person_of(np.zeros_like(mask), FACE).any()
    assert not person_of(mask, (140, 180, 150, 190)).any()


def test_others_are_out_of_reach() -> None:
    far = out_of_reach((160, 200), (60, 60, 100, 110))
    assert far[0].all() and far[80, 0] and not far[80, 80] and not far[-1].any()


def small_network(path: Path, channels_last: bool, two_classes: bool, wanted: str = "red") -> None:
    """Red of the image as the probability: what is red is the person."""
    from onnx import TensorProto, helper, save

    shape = [1, 32, 32, 3] if channels_last else [1, 3, 32, 32]
    axis = 3 if channels_last else 1
    nodes = [helper.make_node("Split", ["x"], ["red", "g", "b"], axis=axis, num_outputs=3)]
    if two_classes:
        nodes.append(helper.make_node("Concat", ["b", "red"], ["y"], axis=axis))
    else:
        nodes.append(helper.make_node("Identity", [wanted], ["y"]))
    graph = helper.make_graph(
        nodes,
        "red",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("two_classes", [True, False])
def test_a_network_by_path(tmp_path: Path, channels_last: bool, two_classes: bool) -> None:
    path = tmp_path / "red.onnx"
    small_network(path, channels_last, two_classes)
    rgb = np.zeros((200, 160, 3), np.uint8)
    rgb[50:150, 60:100, 0] = 255
    found = load_segmenter(path)(rgb, FACE)
    assert iou(found, rgb[..., 0] > 0) > 0.9


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.onnx", None, "no such model"),
        ("a.txt", b"x", "expected a model: .onnx, .tflite or .pt"),
        ("a.onnx", b"hello", "is no ONNX file|cannot load it"),
        ("a.tflite", b"hello", "cannot load it"),
        ("a.pt", b"hello", "not a YOLO model"),
    ],
)
def test_what_is_no_segmenter_is_named(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_segmenter(tmp_path / name)


def test_a_detector_is_no_segmenter(onnx_file: Path, checkpoint: Path) -> None:
    for weights in (onnx_file, checkpoint):
        with pytest.raises(ModelError, match="expected persons' outlines"):
            load_segmenter(weights)


def test_a_network_that_gives_no_plane_is_named(tmp_path: Path) -> None:
    path = tmp_path / "three.onnx"
    small_network(path, channels_last=False, two_classes=False, wanted="x")
    with pytest.raises(ModelError, match="expected one probability a pixel"):
        load_segmenter(path)


def test_a_yolo_model_by_path(tmp_path: Path) -> None:
    """An untrained one: it is read and asked, and finds nobody."""
    model = import_ultralytics().YOLO("yolo11n-seg.yaml")
    model.model.names[0] = "person"
    model.save(str(tmp_path / "seg.pt"))
    found = load_segmenter(tmp_path / "seg.pt")(np.zeros((64, 48, 3), np.uint8), (10, 10, 30, 30))
    assert found.shape == (64, 48) and found.dtype == bool and not found.any()
