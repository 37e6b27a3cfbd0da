"""The shipped model, through ONNX Runtime, finds what Ultralytics itself finds with it."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.boxes import iou_matrix
from facesort.classes import CLASS_NAMES
from facesort.errors import ModelError
from facesort.models.detect import load_detector, with_second_looks
from facesort.models.ultralytics_loader import import_ultralytics

ROOT = Path(__file__).resolve().parents[2]
Images = list[NDArray[np.uint8]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.onnx", None, "no such model"),
        ("empty.onnx", b"", "cannot load it"),
        ("text.onnx", b"hello", "cannot load it"),
        (
            "model.tflite",
            b"x",
            "'.tflite' is no model; expected .pt, .onnx, .xml",
        ),
    ],
)
def test_what_is_no_model_is_named(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_detector(tmp_path / name)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("names", None, "its metadata names no classes"),
        ("names", "{0: face", "its metadata names no classes"),
        ("names", "{0: 'face', 5: 'mask'}", "its metadata names no classes"),
        ("names", "{0: 'face', 1: 'mask'}", "does not fit its 2 classes"),
        ("imgsz", "640", "its metadata names no classes and size"),
        ("facesort_conf", "abc", "its metadata names no classes"),
    ],
)
def test_odd_metadata_is_refused(
    tmp_path: Path, onnx_file: Path, key: str, value: str | None, message: str
) -> None:
    import onnx

    model = onnx.load(str(onnx_file))
    kept = {entry.key: entry.value for entry in model.metadata_props if entry.key != key}
    onnx.helper.set_model_props(model, kept | ({} if value is None else {key: value}))
    onnx.save(model, str(tmp_path / "odd.onnx"))
    with pytest.raises(ModelError, match=message):
        load_detector(tmp_path / "odd.onnx")


def test_a_missing_checkpoint_is_not_looked_for_on_the_network(tmp_path: Path) -> None:
    from facesort.models.face_finders import load_face_finder

    with pytest.raises(ModelError, match=r"yolov8n-pose\.pt: no such checkpoint"):
        load_face_finder(tmp_path / "yolov8n-pose.pt")


def test_a_detector_is_no_face_finder(checkpoint: Path) -> None:
    from facesort.models.face_finders import load_face_finder

    with pytest.raises(ModelError, match="its task is 'detect'; expected 'pose'"):
        load_face_finder(checkpoint)


def test_the_shipped_model_says_what_it_is(onnx_file: Path) -> None:
    detector = load_detector(onnx_file)
    assert detector.names == CLASS_NAMES and detector.imgsz == 640
    assert 0 < detector.conf <= detector.sure < 1
    assert onnx_file.stat().st_size < 15e6


def test_onnx_finds_what_ultralytics_predict_finds(
    checkpoint: Path, onnx_file: Path, images: Images
) -> None:
    detector = load_detector(onnx_file, conf=0.3)
    model = import_ultralytics().YOLO(str(checkpoint))
    faces = 0
    for rgb in images:
        if max(rgb.shape) >= 1280:
            continue  # beyond a halving we resize by area on purpose
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        theirs = model.predict(bgr, imgsz=640, conf=0.3, iou=0.6, agnostic_nms=True, verbose=False)[
            0
        ].boxes
        ours = detector.detect([rgb])[0]
        faces += len(ours)
        assert ours.class_id.tolist() == theirs.cls.int().tolist()
        if len(ours):
            overlap = iou_matrix(ours.xyxy_px, theirs.xyxy.numpy()).diagonal()
            assert overlap.min() > 0.99
            np.testing.assert_allclose(ours.confidence, theirs.conf.numpy(), atol=1e-3)
    assert faces >= 4


def test_no_image_no_detections(onnx_file: Path) -> None:
    assert load_detector(onnx_file).detect([]) == []
    tiny = load_detector(onnx_file).detect([np.zeros((1, 1, 3), np.uint8)])[0]
    assert tiny.xyxy_px.shape == (0, 4) and len(tiny) == 0


def test_onnx_detection_never_imports_torch(onnx_file: Path) -> None:
    """In a process in which importing torch or Ultralytics is an error."""
    code = f"""
import sys
sys.modules["torch"] = sys.modules["ultralytics"] = None
sys.path.insert(0, {str(ROOT / "tools")!r})
import cv2
import numpy as np
from pathlib import Path
from facesort.models.detect import load_detector, with_second_looks
detector = load_detector(Path({str(onnx_file)!r}))
print(len(detector.detect([np.zeros((64, 64, 3), np.uint8)])))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "1", done.stderr


def test_the_mean_with_the_mirrored_image_is_the_same_for_both(
    onnx_file: Path, images: Images
) -> None:
    """Small images are seen mirrored as well: then left and right make no difference."""
    detector = with_second_looks(load_detector(onnx_file))
    faces = 0
    for rgb in images:
        scale = 220 / max(rgb.shape[:2])
        small = cv2.resize(rgb, (224, round(rgb.shape[0] * scale) // 32 * 32 or 32))
        found, other = (
            detector.detect([np.ascontiguousarray(one)])[0] for one in (small, small[:, ::-1])
        )
        faces += len(found)
        assert found.class_id.tolist() == other.class_id.tolist()
        np.testing.assert_allclose(found.confidence, other.confidence, atol=0.02)
        x1, y1, x2, y2 = other.xyxy_px.T
        mirrored = np.stack([224 - x2, y1, 224 - x1, y2], axis=1)
        np.testing.assert_allclose(found.xyxy_px, mirrored, atol=1.5)
    assert faces
