"""How well to look, at what price in time: three settings of the shipped detector.

What each finds and how fast it is: weights/SPEED.md.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace

FLOAT, INT8 = "occlusion.onnx", "occlusion-int8.onnx"
INT8_OLD = "occlusion-int8-avx2.onnx"  # 7-bit weights: no sum overflows on any processor


@dataclass(frozen=True)
class Preset:
    """A file of weights/, the longer side of what the network sees, and whether tiny faces are
    looked for in tiles as well (`second_look`)."""

    file: str
    imgsz: int
    tiles: bool = False


FAST, BALANCED, BEST = "fast", "balanced", "best"
PRESETS = {
    FAST: Preset(INT8, 320),
    BALANCED: Preset(INT8, 640),
    BEST: Preset(FLOAT, 640, tiles=True),
}


def preset(name: str) -> Preset:
    """The level for this processor: with weights in 7 bits, where 8 would overflow."""
    chosen = PRESETS[name]
    if chosen.file != INT8 or adds_8_bits_whole():
        return chosen
    return replace(chosen, file=INT8_OLD)


def adds_8_bits_whole() -> bool:
    """Can this processor sum up products of 8-bit numbers? An Intel or AMD one from before VNNI
    does so in 16 bits, and what is above is cut off (ONNX Runtime, "Quantize ONNX models", on U8S8
    and saturation). NumPy knows none but the kinds with 512 bits; the others count as old."""
    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686"):
        return True
    import numpy as np

    config = np.show_config(mode="dicts") or {}
    found = set(config.get("SIMD Extensions", {}).get("found", ()))
    return bool(found & {"AVX512_CLX", "AVX512_ICL", "AVX512_SPR"})
