"""An ONNX file brings its weights along: it opens no file that it names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from facesort.errors import ModelError
from facesort.models.detect import load_detector
from facesort.models.people.trainable import load_graph
from facesort.models.segment import load_segmenter


def with_external_weights(file: Path, location: str) -> Path:
    """A "segmenter" of ours and of Ultralytics, whose one weight lies at ``location``."""
    weight = TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL
    )
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        weight.external_data.add(key=key, value=value)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 4, 4]) for name in "xy"]
    add = helper.make_node("Add", ["x", "w"], ["y"])
    graph = helper.make_graph([add], "g", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"task": "segment", "names": "{0: 'face'}", "imgsz": "[4, 4]"})
    file.write_bytes(model.SerializeToString())
    return file


@pytest.mark.parametrize("location", ["../secret.bin", "beside.bin", "ABSOLUTE", "secret.bin"])
def test_weights_in_other_files_are_not_opened(
    location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    for secret in (tmp_path / "secret.bin", tmp_path / "models" / "beside.bin"):
        secret.write_bytes(np.arange(4, dtype=np.float32).tobytes())
    location = location.replace("ABSOLUTE", str(tmp_path / "secret.bin"))
    file = with_external_weights(tmp_path / "models" / "m.onnx", location)
    for load in (load_detector, load_segmenter):
        with pytest.raises(ModelError, match=r"m\.onnx: keeps weights in other files"):
            load(file)
    if location != "beside.bin":  # onnx reads what lies beside the file, and nothing else
        with pytest.raises(ModelError, match=r"m\.onnx: not an ONNX model"):
            load_graph(file)


def test_the_way_out_that_the_message_names_works(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(np.zeros(4, dtype=np.float32).tobytes())
    file = with_external_weights(tmp_path / "m.onnx", "w.bin")
    onnx.save(onnx.load(file), tmp_path / "whole.onnx")
    with pytest.raises(ModelError, match="does not fit its 1 classes"):
        load_detector(tmp_path / "whole.onnx")
