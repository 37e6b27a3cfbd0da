"""An exported model equals its checkpoint, or there is none."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from facesort.detections import Detections
from facesort.errors import ModelError
from facesort.models.detect import META_CONF, META_SURE, load_detector
from facesort.models.export import Form, export_onnx
from facesort.models.parity import Parity, compare, match, require

Images = list[NDArray[np.uint8]]


def detections(*rows: tuple[float, float, int, float]) -> Detections:
    """Faces of 10 px at (x, y) with class and confidence."""
    boxes = np.array([[x, y, x + 10, y + 10] for x, y, _, _ in rows], dtype=np.float64)
    return Detections(
        boxes.reshape(-1, 4), np.array([r[2] for r in rows]), np.array([r[3] for r in rows])
    )


def test_export_writes_a_checked_and_equal_file(
    tmp_path: Path, checkpoint: Path, images: Images
) -> None:
    out = tmp_path / "new folder" / "model.onnx"
    notes = {META_CONF: "0.3", META_SURE: "0.6"}
    rows = export_onnx(checkpoint, out, images, Form(imgsz=320), notes)
    assert list(rows) == ["torch → fused", "torch → ONNX"]
    parity = rows["torch → ONNX"]
    assert parity.found_again == parity.faces
    assert parity.problems() == [] and parity.faces > 0 and parity.images == len(images)
    onnx.checker.check_model(onnx.load(str(out)), full_check=True)
    detector = load_detector(out)
    assert (detector.conf, detector.sure, detector.imgsz) == (0.3, 0.6, 320)
    assert sorted(p.name for p in out.parent.iterdir()) == ["model.onnx"]
    assert not list(checkpoint.parent.glob("*partial*"))


@pytest.mark.parametrize("blank", [[], [np.full((64, 64, 3), 114, np.uint8)]])
def test_nothing_compared_means_nothing_written(
    tmp_path: Path, checkpoint: Path, blank: Images
) -> None:
    out = tmp_path / "model.onnx"
    out.write_bytes(b"the old one")
    with pytest.raises(ModelError, match="no face found in any image"):
        export_onnx(checkpoint, out, blank, Form(imgsz=320))
    assert out.read_bytes() == b"the old one" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["missing.pt", "model.onnx", "text.pt"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, name: str) -> None:
    if name == "text.pt":
        (tmp_path / name).write_text("not a checkpoint")
    with pytest.raises(ModelError, match=name):
        export_onnx(tmp_path / name, tmp_path / "out.onnx", [])
    assert not (tmp_path / "out.onnx").exists()


def test_a_folder_is_no_file_to_write(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(ModelError, match="is a folder"):
        export_onnx(checkpoint, tmp_path, [])
    assert not list(tmp_path.iterdir())


def test_the_export_names_no_path_of_this_machine(onnx_file: Path) -> None:
    meta = {entry.key: entry.value for entry in onnx.load(str(onnx_file)).metadata_props}
    assert not [value for value in meta.values() if "/" in value and "http" not in value]


def test_a_damaged_export_is_noticed(
    tmp_path: Path, onnx_file: Path, checkpoint: Path, images: Images
) -> None:
    """One weight of the file changed by a little: the gate must not let it pass."""
    damaged = shutil.copy(onnx_file, tmp_path / "damaged.onnx")
    model = onnx.load(str(damaged))
    kernel = next(w for w in model.graph.initializer if len(w.dims) == 4)
    values = onnx.numpy_helper.to_array(kernel).copy()
    values.flat[0] += 0.5
    kernel.CopyFrom(onnx.numpy_helper.from_array(values, kernel.name))
    onnx.save(model, str(damaged))
    parity = compare(load_detector(checkpoint), load_detector(Path(damaged)), images[:4])
    with pytest.raises(ModelError, match=r"damaged is not equal.*raw outputs differ by"):
        require(parity, "damaged")


def test_other_classes_cannot_be_compared(onnx_file: Path) -> None:
    detector = load_detector(onnx_file)
    with pytest.raises(ModelError, match="class names differ"):
        compare(detector, replace(detector, names=("cat",)), [])


@pytest.mark.parametrize(
    ("parity", "message"),
    [
        (Parity(1, 2, 0.0, 0.0, 1.0, 0.0, True), None),
        (Parity(0, 0, 0.0, 0.0, 1.0, 0.0, True), "no face"),
        (Parity(1, 2, 2e-3, 1.0, 1.0, 0.0, True), "2.00e-03; allowed 1e-03"),
        (Parity(1, 2, 0.0, 0.0, 0.99, 0.0, True), "0.9900; expected >= 0.999"),
        (Parity(1, 2, 0.0, 0.0, 1.0, 0.0, False), "number or classes"),
    ],
)
def test_each_bar_has_its_words(parity: Parity, message: str | None) -> None:
    problems = parity.problems()
    assert (len(problems) == 1 and message in problems[0]) if message else problems == []


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([], [], (1.0, 0.0, True)),
        ([(0, 0, 1, 0.9)], [(0, 0, 1, 0.9)], (1.0, 0.0, True)),
        ([(0, 0, 1, 0.9)], [(0, 0, 2, 0.9)], (1.0, 0.0, False)),
        ([(0, 0, 1, 0.9), (50, 0, 2, 0.9)], [(50, 0, 2, 0.9), (0, 0, 1, 0.9)], (1.0, 0.0, True)),
        ([(0, 0, 1, 0.9), (50, 0, 1, 0.9)], [(0, 0, 1, 0.9), (0, 0, 1, 0.8)], (0.0, 0.0, False)),
    ],
)
def test_match(a: list, b: list, expected: tuple) -> None:
    assert match(detections(*a), detections(*b)) == pytest.approx(expected)
