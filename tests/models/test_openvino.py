"""OpenVINO finds what ONNX Runtime finds, in 8 bits too, or there is no file for it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.detect import load_detector
from facesort.models.int8.quantize import SCHEMES, calibrate
from facesort.models.letterbox import letterbox
from facesort.models.openvino import write_openvino
from facesort.models.parity import compare

pytest.importorskip("openvino")
SIDE = 320
Images = list[NDArray[np.uint8]]


@pytest.mark.slow
def test_8_bits_see_as_much_in_either(tmp_path: Path, onnx_file: Path, images: Images) -> None:
    """All layers but the first three in 8 bits: with open sizes, OpenVINO's boxes lay elsewhere."""
    some = images[10:11]  # with four faces
    int8 = tmp_path / "int8.onnx"
    inputs = (letterbox(rgb, SIDE)[0] for rgb in some)
    calibrate(onnx_file, inputs, tmp_path).write(int8, SCHEMES[0])
    reference = load_detector(int8, imgsz=SIDE)
    parity = compare(reference, load_detector(int8, imgsz=SIDE, backend="openvino"), some)
    assert parity.faces >= 4 and parity.found_again == parity.faces


def test_the_float_file_is_written(tmp_path: Path, onnx_file: Path, images: Images) -> None:
    out = tmp_path / "new" / "occlusion.xml"
    parity = write_openvino(onnx_file, out, images[:4])
    assert parity.problems() == []
    assert sorted(p.name for p in out.parent.iterdir()) == ["occlusion.bin", "occlusion.xml"]
    original, read = load_detector(onnx_file), load_detector(out)
    assert (read.names, read.imgsz, read.conf, read.sure) == (
        *(original.names, original.imgsz, original.conf, original.sure),
    )
    again = compare(original, load_detector(out.parent), images[:4])
    assert again.faces == again.found_again > 0


def test_nothing_found_is_nothing_written(tmp_path: Path, onnx_file: Path) -> None:
    blank = [np.full((64, 64, 3), 114, np.uint8)]
    with pytest.raises(ModelError, match="OpenVINO finds 0 of the 0 faces"):
        write_openvino(onnx_file, tmp_path / "new" / "occlusion.xml", blank)
    assert not list(tmp_path.iterdir())
