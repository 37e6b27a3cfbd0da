"""The tail stays float by structure, and what 8 bits make of a network is measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from tiny_yolo import SIDE, TAIL, tiny_model, write_tiny

from facesort.errors import ModelError
from facesort.models.detect import load_detector
from facesort.models.int8 import graph_passes
from facesort.models.int8.builder import Int8Builder
from facesort.models.int8.graph_passes import without_softmax
from facesort.models.int8.quantize import META_INT8, SCHEMES, Calibrated, Scheme, calibrate

U8S8 = Scheme("all", "QUInt8", "QInt8", float_first=0)
PIXELS = [np.random.default_rng(i).random((1, 3, SIDE, SIDE), dtype=np.float32) for i in range(4)]


def run(file: Path | onnx.ModelProto, pixels: np.ndarray = PIXELS[0]) -> np.ndarray:
    source = str(file) if isinstance(file, Path) else file.SerializeToString()
    session = ort.InferenceSession(source, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": pixels})[0][0]


@pytest.fixture()
def calibrated(tmp_path: Path) -> Calibrated:
    return calibrate(write_tiny(tmp_path / "tiny.onnx"), PIXELS, tmp_path)


def test_the_tail_is_what_follows_the_last_learned_layers() -> None:
    assert graph_passes.tail_nodes(tiny_model()) == TAIL
    assert graph_passes.learned_convs(tiny_model()) == ["stem", "sides", "logits"]
    assert {"sides", "logits"} < graph_passes.read_by(tiny_model(), TAIL)
    assert graph_passes.with_activation(tiny_model(), "stem") == ["stem", "gate", "features"]


def test_names_do_not_matter() -> None:
    model = tiny_model()
    for number, node in enumerate(model.graph.node):
        node.name = f"n{number}"
    assert graph_passes.tail_nodes(model) == [f"n{n}" for n in range(5, 14)]


def test_boxes_are_read_without_softmax_just_as_well() -> None:
    model, before = tiny_model(), run(tiny_model())
    assert without_softmax(model) and not without_softmax(model)
    onnx.checker.check_model(model, full_check=True)
    assert "Softmax" not in {node.op_type for node in model.graph.node}
    np.testing.assert_allclose(run(model), before, atol=1e-4)
    assert graph_passes.learned_convs(model) == ["stem", "sides", "logits"]


ALL = [replace(scheme, float_first=0) for scheme in SCHEMES]  # the tiny one has three layers


@pytest.mark.parametrize("scheme", ALL, ids=lambda s: s.name)
def test_every_scheme_keeps_scores_alive(tmp_path: Path, calibrated: Calibrated, scheme) -> None:
    out = tmp_path / "q.onnx"
    calibrated.write(out, scheme)
    float_raw, raw = run(tmp_path / "tiny.onnx"), run(out)
    np.testing.assert_allclose(raw[4:], float_raw[4:], atol=0.1)
    np.testing.assert_allclose(raw[:4], float_raw[:4], atol=3)
    meta = {entry.key: entry.value for entry in onnx.load(str(out)).metadata_props}
    assert meta[META_INT8] == scheme.name and meta["stride"] == "8" and len(meta) == 4


def test_a_quantized_tail_rounds_scores_away(tmp_path: Path, calibrated: Calibrated) -> None:
    """What happens without all this: one scale for pixels and scores."""
    out = tmp_path / "q.onnx"
    calibrated.write(out, U8S8, tail=False)
    assert len(np.unique(run(out)[4:])) < 10 < len(np.unique(run(tmp_path / "tiny.onnx")[4:]))


def test_weights_are_8_bits_per_channel(tmp_path: Path, calibrated: Calibrated) -> None:
    calibrated.write(tmp_path / "q.onnx", U8S8)
    tensors = {t.name: t for t in onnx.load(str(tmp_path / "q.onnx")).graph.initializer}
    assert tensors["w0_quantized"].data_type == onnx.TensorProto.INT8
    assert list(tensors["w0_scale"].dims) == [8]


def test_one_odd_image_does_not_set_the_range(tmp_path: Path) -> None:
    file = write_tiny(tmp_path / "tiny.onnx")
    usual = [np.full((1, 3, SIDE, SIDE), 0.5, np.float32)] * 19
    calibrated = calibrate(file, [*usual, PIXELS[0] * 100], tmp_path)
    calibrated.write(tmp_path / "q.onnx", U8S8)
    tensors = {t.name: t for t in onnx.load(str(tmp_path / "q.onnx")).graph.initializer}
    assert onnx.numpy_helper.to_array(tensors["images_scale"]) == pytest.approx(0.5 / 255)


def test_nothing_to_calibrate_on(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tiny\.onnx: no image to calibrate on"):
        calibrate(write_tiny(tmp_path / "tiny.onnx"), [], tmp_path)


@pytest.fixture()
def schemes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facesort.models.int8.builder.SCHEMES", tuple(ALL))


def images() -> list[np.ndarray]:
    return [(p[0].transpose(1, 2, 0) * 255).astype(np.uint8) for p in PIXELS]


def test_the_first_format_that_passes_is_taken(tmp_path: Path, schemes: None) -> None:
    builder = Int8Builder(write_tiny(tmp_path / "tiny.onnx"), images(), tmp_path)
    said: list[str] = []
    file, made = builder.build(lambda detector: [], said.append, lambda items, n, unit: items)
    assert said == [f"{made.scheme.name}: passed"] and made.float_layers == ()
    assert set(made.ms) == {"float32", *(s.name for s in SCHEMES)}
    assert len(load_detector(file).detect(images())) == 4


def test_for_any_processor_weights_have_7_bits(tmp_path: Path, schemes: None) -> None:
    builder = Int8Builder(write_tiny(tmp_path / "tiny.onnx"), images(), tmp_path)
    file, made = builder.build(lambda d: [], [].append, lambda items, n, unit: items, True)
    assert made.scheme.reduce_range
    tensors = {t.name: t for t in onnx.load(str(file)).graph.initializer}
    assert np.abs(onnx.numpy_helper.to_array(tensors["w0_quantized"]).astype(int)).max() <= 64


def test_the_worst_layers_go_back_to_float(tmp_path: Path, schemes: None) -> None:
    builder = Int8Builder(write_tiny(tmp_path / "tiny.onnx"), images(), tmp_path)
    said: list[str] = []

    def judge(detector) -> list[str]:
        return [] if said else ["too weak"]

    _, made = builder.build(judge, said.append, lambda items, n, unit: items)
    assert len(made.float_layers) == 2 and said[-1].endswith("2 layers float: passed")


def test_a_refusal_names_the_layers_that_hurt(tmp_path: Path, schemes: None) -> None:
    builder = Int8Builder(write_tiny(tmp_path / "tiny.onnx"), images(), tmp_path)
    with pytest.raises(ModelError, match=r"refused: blind; .*hurt most: (stem|sides|logits) \("):
        builder.build(lambda d: ["blind"], [].append, lambda items, n, unit: items)


def test_open_number_of_rows_is_taken(tmp_path: Path) -> None:
    """As in the export of YOLOv7, whose LeakyReLU ends the inference of shapes."""
    model = tiny_model()
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "rows"
    onnx.save(model, str(tmp_path / "open.onnx"))
    assert load_detector(tmp_path / "open.onnx").names == ("face", "masked")
