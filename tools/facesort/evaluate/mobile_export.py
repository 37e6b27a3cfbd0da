"""Files for phones, each behind its gates: what tools/yolo_to_onnx.py writes besides ONNX."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.evaluate.regression_gate import calibration_and_gate
from facesort.models.mobile.litert import Around, LiteRT
from facesort.models.parity import Parity

Say = Callable[[str], None]


def write_litert(
    checkpoint: Path,
    onnx_file: Path,
    out: Path,
    images: Sequence[NDArray[np.uint8]],
    python: Path,
    around: Around,
    int8_data: Path | None,
    say: Say,
    step: Callable[..., Iterable[Any]],
) -> dict[str, Parity]:
    """Write ``out`` (.tflite), and with ``int8_data``, the YAML to calibrate and judge on,
    NAME-int8.tflite beside it. ``onnx_file`` is the float export of ``checkpoint``.

    Returns how equal each is to the ONNX file. Raises `ModelError`, and writes nothing, where a
    gate refuses one.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        made = LiteRT.of(python, folder, checkpoint, onnx_file, around.imgsz)
        plain = made.convert("plain.tflite", Around(around.imgsz))
        rows = {"ONNX → LiteRT": made.prove(plain, images)}
        written = {out: plain}
        small, in_float, photos = None, list[int](), list[NDArray[np.uint8]]()
        if int8_data:
            found, gate = calibration_and_gate(made.original, int8_data, say, step)
            photos = list(found)
            say(f"judging LiteRT on the {len(gate.truth)} images of the val split")
            small, in_float = made.quantize(plain, photos, gate, say)
            before, seen = gate.before, gate.seen
            say(f"mAP50-95 on val: {before.map50_95:.4f} in float, {seen.map50_95:.4f} in 8 bits")
            rows["ONNX → LiteRT int8"] = made.parity(small, images)
            written[out.with_name(f"{out.stem}-int8.tflite")] = small
        if not around.is_plain:
            whole = made.convert("whole.tflite", around)
            pairs = {out: (whole, plain)}
            if small:
                whole8 = made.quantize_like(whole, in_float, photos, around)
                pairs[out.with_name(f"{out.stem}-int8.tflite")] = (whole8, small)
            for name, (file, alone) in pairs.items():
                faces, worst = made.prove_rows(file, alone, images, around)
                say(f"{name.name}: the same {faces} faces with all built in; overlap {worst:.4f}")
                written[name] = file
        for name, file in written.items():
            name.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, name)
    return rows


def mobile_manifest(content: dict[str, Any], around: Around, kind: str) -> dict[str, Any]:
    """The ONNX file's manifest ``content`` as it is true of a "litert" or "coreml" file."""
    px = around.imgsz
    fitted = "the photo scaled to fit, linear, its middle in the middle, the rest grey 114"
    planes = f"RGB, 0 to 1, planes (1, 3, {px}, {px}); {fitted}/255"
    pixels = f"RGB, 0 to 255, (1, {px}, {px}, 3); {fitted}"
    is_coreml = kind == "coreml"
    takes: dict[str, Any] = {"name": "image" if is_coreml else "args_0", "content": planes}
    takes |= {"shape": [1, 3, px, px], "type": "float", "longer_side_px": px}
    if around.with_image:
        takes |= {"shape": [1, px, px, 3], "type": "image" if is_coreml else "uint8"}
        takes["content"] = f"an image of {px} x {px}; {fitted}" if is_coreml else pixels
    gives: dict[str, Any] = dict(content["output"])
    gives |= {"name": "output", "shape": [1, 4 + len(content["classes"]), "anchors"]}
    gives |= {"boxes_in_pixels_of": "input", "suppression_inside": around.with_nms}
    if around.with_nms and is_coreml:
        gives |= {"name": ["confidence", "coordinates"], "shape": [["faces", 80], ["faces", 4]]}
        gives["content"] = "scores by class, those beyond the classes unused; centre x, y, width, "
        gives["content"] += "height as fractions of the input"
        gives["boxes_in_pixels_of"] = "fractions of the input"
    elif around.with_nms:
        gives |= {"shape": [1, 100, 6]}
        gives["content"] = (
            "rows of x1 y1 x2 y2 in input pixels, confidence, class, the surest first; rows of "
            "zeros are none"
        )
    return content | {"input": takes, "output": gives}


