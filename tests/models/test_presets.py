"""The levels of quality: each names a shipped file, and none relies on sums that overflow."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper

from facesort.models import presets
from facesort.models.detect import load_detector

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


@pytest.mark.parametrize("name", presets.PRESETS)
def test_each_level_is_a_shipped_detector(name: str) -> None:
    chosen = presets.PRESETS[name]
    detector = load_detector(WEIGHTS / chosen.file, imgsz=chosen.imgsz)
    assert detector.imgsz == chosen.imgsz


def test_the_8_bit_file_has_a_bit_in_reserve() -> None:
    """255 * 64 * 2 still fits in the 16 bits in which older processors add."""
    graph = onnx.load(str(WEIGHTS / presets.INT8)).graph
    read = {node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    weights = [
        numpy_helper.to_array(tensor).astype(int)
        for tensor in graph.initializer
        if tensor.name in read and len(tensor.dims) == 4
    ]
    assert weights and max(abs(w).max() for w in weights) <= 64
