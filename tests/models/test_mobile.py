"""Files for phones: suppression inside, the specification of a package, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.evaluate.mobile_export import mobile_manifest
from facesort.models.export_manifest import write_manifest
from facesort.models.letterbox import Fit, decode
from facesort.models.mobile import environment
from facesort.models.mobile.coreml import specification_problems
from facesort.models.mobile.litert import Around, LiteRT, as_bytes, in_rows

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("face", "masked", "sunglasses", "masked_sunglasses")
FIT = Fit(1.0, (0, 0), (320, 320))


@pytest.fixture(scope="module")
def side() -> Any:
    """side_network.py as .venv-mobile runs it: by itself; of its packages it needs torch alone."""
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location(
        "side_network", environment.HERE / "side_network.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["side_network"] = module
    spec.loader.exec_module(module)
    return module


def raw_output(seed: int, anchors: int, crowd: int) -> NDArray[np.float32]:
    """Boxes in ``crowd`` heaps, so that chains of them hide each other."""
    rng = np.random.default_rng(seed)
    raw = np.zeros((8, anchors), np.float32)
    heaps = rng.uniform(40, 280, (2, max(crowd, 1)))
    raw[:2] = heaps[:, rng.integers(0, max(crowd, 1), anchors)] + rng.normal(0, 12, (2, anchors))
    raw[2:4] = rng.uniform(30, 60, (2, anchors))
    raw[4:] = rng.uniform(0, 1, (4, anchors)) ** 3
    return raw


@pytest.mark.parametrize("anchors", [1, 7, 90])
@pytest.mark.parametrize("crowd", [1, 3, 20])
@pytest.mark.parametrize("conf", [0.01, 0.3, 0.9, 1.1])
def test_suppression_inside_keeps_what_ours_keeps(
    side: Any, anchors: int, crowd: int, conf: float
) -> None:
    import torch

    raw = raw_output(anchors + crowd, anchors, crowd)
    around = side.Around(320, with_nms=True, conf=conf, iou=0.6)
    rows = side.suppressed(torch.from_numpy(raw)[None], around)[0].numpy()
    assert rows.shape == (min(anchors, side.MOST), 6)
    expected, found = decode(raw, FIT, conf), in_rows(rows, FIT)
    np.testing.assert_allclose(found.xyxy_px, expected.xyxy_px, atol=1e-3)
    np.testing.assert_array_equal(found.class_id, expected.class_id)
    np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-6)


def test_bytes_are_what_the_letterbox_divided() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    pixels = image.transpose(0, 3, 1, 2) * np.float32(1 / 255)
    np.testing.assert_array_equal(as_bytes(pixels), image)


def said(**other: Any) -> dict[str, Any]:
    """What a right package with all built in says of itself, but for ``other`` of its NMS."""
    thresholds = [
        {"name": name, "kind": "doubleType", "shape": [], "optional": True} for name in "ab"
    ]
    return {
        "inputs": [
            {"name": "image", "kind": "imageType", "shape": [320, 320], "optional": False},
            *thresholds,
        ],
        "outputs": [{"name": "confidence"}, {"name": "coordinates"}],
        "stages": ["mlProgram", "nonMaximumSuppression"],
        "nms": {
            "scores_shape": [2100, 80],
            "classes": [*NAMES, *map(str, range(76))],
            "per_class": False,
            "iou": 0.6,
            "confidence": 0.25,
        }
        | other,
    }


WHOLE = Around(320, True, True)


@pytest.mark.parametrize(
    ("spec", "around", "problem"),
    [
        (said(), WHOLE, None),
        (said(classes=list(NAMES), scores_shape=[2100, 4]), WHOLE, "has 4 classes"),
        (said(scores_shape=[2100, 4]), WHOLE, "80 classes for"),
        (said(classes=[*NAMES[::-1], *map(str, range(76))]), WHOLE, "suppression names"),
        (said(per_class=True), WHOLE, "thresholds are"),
        (said(confidence=0.3), WHOLE, "thresholds are"),
        (said() | {"stages": ["mlProgram"]}, WHOLE, "its stages are"),
        (said() | {"outputs": [{"name": "a"}]}, WHOLE, "it gives"),
        (said(), Around(640, True, True), "it takes"),
        (said(), Around(320), "it takes"),
    ],
)
def test_the_specification_is_as_asked_for(
    spec: dict[str, Any], around: Around, problem: str | None
) -> None:
    found = "; ".join(specification_problems(spec, around, NAMES))
    assert problem in found if problem else not found


def test_without_the_environment_the_commands_are_told(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "yolo_to_onnx.py"), "--tflite"]
    command += ["--mobile-env", str(tmp_path / "my env")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and not done.stdout
    assert "--make-mobile-env" in done.stderr and "-m venv '" in done.stderr
    assert "litert-torch==" in done.stderr and not list(tmp_path.iterdir())


def test_a_failed_converter_is_one_line(tmp_path: Path) -> None:
    """The environment of the tests has no LiteRT."""
    with pytest.raises(ModelError, match=r"failed; it said: .*No module") as caught:
        environment.ask(Path(sys.executable), "litert", "convert", "a.pt", "b.tflite", "{}")
    assert "\n" not in str(caught.value)
    with (
        pytest.raises(ModelError, match=r"the LiteRT runtime in .* refuses it"),
        environment.running(Path(sys.executable), tmp_path / "none.tflite"),
    ):
        pass


@pytest.mark.parametrize(
    ("around", "kind", "shape", "output"),
    [
        (Around(320), "litert", [1, 3, 320, 320], "output"),
        (Around(320, True, True), "litert", [1, 320, 320, 3], "output"),
        (Around(320, False, True), "coreml", [1, 3, 320, 320], ["confidence", "coordinates"]),
    ],
)
def test_the_manifest_says_what_is_inside(
    tmp_path: Path, around: Around, kind: str, shape: list[int], output: object
) -> None:
    content = {"classes": list(NAMES), "input": {}, "output": {"content": "raw"}, "thresholds": {}}
    made = mobile_manifest(content, around, kind)
    assert made["input"]["shape"] == shape and made["output"]["name"] == output
    assert made["output"]["suppression_inside"] == around.with_nms
    package = tmp_path / "a.mlpackage"
    (package / "Data").mkdir(parents=True)
    (package / "Data" / "weight.bin").write_bytes(b"12")
    (package / "Manifest.json").write_bytes(b"{}")
    files = json.loads(write_manifest(made, package).read_text(encoding="utf-8"))["files"]
    assert [part["name"] for part in files] == [
        "a.mlpackage/Data/weight.bin",
        "a.mlpackage/Manifest.json",
    ]


@pytest.fixture
def mobile_python() -> Path:
    given = os.environ.get("FACESORT_MOBILE_ENV")
    folder = Path(given) if given else environment.default_folder()
    if not folder.is_dir():
        pytest.skip("no .venv-mobile; FACESORT_MOBILE_ENV names another folder")
    return environment.find_python(folder)


@pytest.mark.slow
def test_a_litert_file_finds_the_same_faces_or_is_refused(
    tmp_path: Path,
    checkpoint: Path,
    onnx_file: Path,
    images: list[NDArray[np.uint8]],
    mobile_python: Path,
) -> None:
    made = LiteRT.of(mobile_python, tmp_path, checkpoint, onnx_file, 160)
    plain = made.convert("plain.tflite", Around(160))
    assert made.prove(plain, images).faces > 0
    around = Around(160, True, True, 0.3)
    whole = made.convert("whole.tflite", around)
    assert made.prove_rows(whole, plain, images, around)[0] > 0
    with pytest.raises(ModelError, match=r"finds 0 faces where we find|overlap"):
        made.prove_rows(whole, plain, images, Around(160, True, True, 0.9))
    lines: list[str] = []
    small, in_float = made.quantize(plain, images, lambda _: [], lines.append)
    assert in_float == [] and small.stat().st_size < plain.stat().st_size / 3
    assert made.parity(small, images).found_again > 0
    with pytest.raises(ModelError, match=r"is refused: worse; .* layers that hurt most: model\.\d"):
        made.quantize(plain, images[:2], lambda _: ["worse"], lines.append)
    assert lines[-1] == "LiteRT int8, 8 layers float: worse"
