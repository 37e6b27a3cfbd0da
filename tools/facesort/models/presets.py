"""How well to look, at what price in time: three settings of the shipped detector.

What each finds and how fast it is: weights/SPEED.md. The weights of the 8-bit file keep one bit in
reserve, so that processors without VNNI, which add products of 8-bit numbers up in 16 bits, get the
same sums (ONNX Runtime, "Quantize ONNX models", on U8S8 and saturation).
"""

from __future__ import annotations

from dataclasses import dataclass

FLOAT, INT8 = "occlusion.onnx", "occlusion-int8.onnx"


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
