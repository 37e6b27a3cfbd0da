"""The levels of quality: each names a shipped file, and none relies on sums that overflow."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper

from facesort.classes import CLASS_NAMES
from facesort.models import presets
from facesort.models.detect import load_detector

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


@pytest.mark.parametrize("name", presets.PRESETS)
def test_each_level_is_a_shipped_detector(name: str) -> None:
    chosen = presets.preset(name)
    detector = load_detector(WEIGHTS / chosen.file, imgsz=chosen.imgsz)
    assert detector.imgsz == chosen.imgsz


@pytest.mark.parametrize(
    ("name", "file"),
    [
        (presets.FAST, presets.INT8_OLD),
        (presets.BALANCED, presets.INT8_OLD),
        (presets.BEST, presets.FLOAT),
    ],
)
def test_an_old_processor_gets_weights_in_7_bits(
    name: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presets, "adds_8_bits_whole", lambda: False)
    chosen = presets.preset(name)
    assert chosen.file == file
    assert load_detector(WEIGHTS / file).names == CLASS_NAMES


def test_no_sum_of_the_7_bit_file_overflows() -> None:
    """255 * 64 * 2 still fits in the 16 bits in which older processors add."""
    graph = onnx.load(str(WEIGHTS / presets.INT8_OLD)).graph
    read = {node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    weights = [
        numpy_helper.to_array(tensor).astype(int)
        for tensor in graph.initializer
        if tensor.name in read and len(tensor.dims) == 4
    ]
    assert weights and max(abs(w).max() for w in weights) <= 64


@pytest.mark.parametrize(("machine", "expected"), [("arm64", True), ("aarch64", True)])
def test_arm_adds_whole(machine: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets.platform, "machine", lambda: machine)
    assert presets.adds_8_bits_whole() is expected
