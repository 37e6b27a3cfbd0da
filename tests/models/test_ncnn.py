"""What ncnn runs equals the ONNX file, or there is nothing for ncnn."""

import ast
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.detect import load_detector
from facesort.models.ncnn import write_ncnn

SIDE = 160
Images = list[NDArray[np.uint8]]


@pytest.mark.parametrize("missing", ["ncnn", "pnnx"])
def test_without_the_packages_it_says_how_to_get_them(
    tmp_path: Path, onnx_file: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelError, match="python -m pip install ncnn pnnx"):
        write_ncnn(onnx_file, tmp_path / "out", SIDE, [])
    assert not list(tmp_path.iterdir())


def test_it_finds_the_same_faces(tmp_path: Path, onnx_file: Path, images: Images) -> None:
    pytest.importorskip("ncnn"), pytest.importorskip("pnnx")
    out = tmp_path / "new folder" / "occlusion_ncnn_model"
    parity = write_ncnn(onnx_file, out, SIDE, images)
    assert parity.problems() == [] and parity.faces == parity.found_again > 0
    assert sorted(p.name for p in out.iterdir()) == [
        "metadata.yaml",
        "model.ncnn.bin",
        "model.ncnn.param",
    ]
    metadata = yaml.safe_load((out / "metadata.yaml").read_text(encoding="utf-8"))
    assert metadata["names"][3] == "masked_sunglasses" and metadata["imgsz"] == [SIDE, SIDE]
    assert metadata["stride"] == 32 and metadata["task"] == "detect"
    detector = load_detector(out)
    assert (detector.imgsz, detector.conf) == (SIDE, load_detector(onnx_file).conf)
    with pytest.raises(ModelError, match="takes only 160 px, not 320"):
        load_detector(out, imgsz=320)
    found = detector.detect(images)
    assert sum(map(len, found)) == parity.faces


def test_what_is_not_compared_is_not_written(tmp_path: Path, onnx_file: Path) -> None:
    pytest.importorskip("ncnn"), pytest.importorskip("pnnx")
    blank = [np.full((64, 64, 3), 114, np.uint8)]
    with pytest.raises(ModelError, match=r"out converted from .* no face found in any image"):
        write_ncnn(onnx_file, tmp_path / "out", 64, blank)
    assert not list(tmp_path.iterdir())


def test_another_network_is_refused(
    tmp_path: Path, onnx_file: Path, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pnnx gets a file in which one weight is changed: the gate must not let it pass."""
    pytest.importorskip("ncnn"), pytest.importorskip("pnnx")
    model = onnx.load(str(onnx_file))
    assert ast.literal_eval(next(e.value for e in model.metadata_props if e.key == "names"))
    kernel = next(w for w in model.graph.initializer if len(w.dims) == 4)
    values = onnx.numpy_helper.to_array(kernel).copy()
    values.flat[0] += 0.5
    kernel.CopyFrom(onnx.numpy_helper.from_array(values, kernel.name))

    def other(_: Path, out: Path) -> None:
        onnx.save(model, str(out))

    monkeypatch.setattr(shutil, "copyfile", other)
    with pytest.raises(ModelError, match=r"is not equal to the original: raw outputs differ by"):
        write_ncnn(onnx_file, tmp_path / "out", SIDE, images[:6])
    assert not list(tmp_path.iterdir())


def test_what_pnnx_cannot_read_is_said_in_one_line(tmp_path: Path, images: Images) -> None:
    """8-bit files are of nodes that it does not know."""
    pytest.importorskip("ncnn"), pytest.importorskip("pnnx")
    int8 = Path(__file__).resolve().parents[2] / "weights" / "occlusion-int8.onnx"
    with pytest.raises(ModelError) as caught:
        write_ncnn(int8, tmp_path / "out", SIDE, images[:2])
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())
