"""A file with everything built in finds what our own code finds around the plain network."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from facesort.boxes import iou_matrix
from facesort.errors import ModelError
from facesort.models.detect import load_detector
from facesort.models.end_to_end_export import with_nms, write_end_to_end
from facesort.models.letterbox import letterbox

Images = list[NDArray[np.uint8]]


def session(file: Path) -> ort.InferenceSession:
    return ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def test_nms_inside_is_nms_outside(tmp_path: Path, onnx_file: Path, images: Images) -> None:
    write_end_to_end(onnx_file, tmp_path / "nms.onnx", 320, preprocess=False)
    detector, inside = load_detector(onnx_file, imgsz=320), session(tmp_path / "nms.onnx")
    faces = 0
    for rgb in images[:6]:
        pixels, fit = letterbox(rgb, 320)
        rows = inside.run(None, {"images": pixels})[0]
        outside = detector.detect([rgb])[0]
        assert rows[:, 5].tolist() == outside.class_id.tolist()
        np.testing.assert_allclose(rows[:, 4], outside.confidence, atol=1e-6)
        np.testing.assert_allclose(fit.to_image(rows[:, :4]), outside.xyxy_px, atol=1e-2)
        faces += len(rows)
    assert faces >= 4


def test_a_image_goes_in_as_it_is(tmp_path: Path, onnx_file: Path, images: Images) -> None:
    """Any size, 8-bit BGR; resizing differs by rounding, so boxes agree but not to the digit."""
    write_end_to_end(onnx_file, tmp_path / "whole.onnx", 320, preprocess=True)
    detector, whole = load_detector(onnx_file, imgsz=320), session(tmp_path / "whole.onnx")
    meta = whole.get_modelmeta().custom_metadata_map
    assert "BGR" in meta["facesort_input"] and meta["facesort_output"].startswith("x1 y1 x2 y2")
    found = expected = 0
    for rgb in images[:6]:
        rows = whole.run(None, {"image_bgr": np.ascontiguousarray(rgb[..., ::-1])})[0]
        outside = detector.detect([rgb])[0]
        sure = outside.confidence > detector.sure
        expected += int(sure.sum())
        if len(rows) and sure.any():
            overlap = iou_matrix(outside.xyxy_px[sure], rows[:, :4].astype(np.float64))
            found += int((overlap.max(axis=1) > 0.9).sum())
    assert found == expected >= 3


def test_a_image_without_a_face(tmp_path: Path, onnx_file: Path) -> None:
    write_end_to_end(onnx_file, tmp_path / "whole.onnx", 64, preprocess=True)
    rows = session(tmp_path / "whole.onnx").run(None, {"image_bgr": np.zeros((1, 5, 3), np.uint8)})[
        0
    ]
    assert rows.shape == (0, 6)


def test_an_old_opset_is_refused(onnx_file: Path) -> None:
    model = onnx.load(str(onnx_file))
    model.opset_import[0].version = 17
    with pytest.raises(ModelError, match="opset 17: --nms and --preprocess need 18"):
        with_nms(model)
