"""Files for phones, each behind its gates: what tools/yolo_to_onnx.py writes besides ONNX."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.evaluate.regression_gate import calibration_and_gate
from facesort.files import move
from facesort.models.export_manifest import write_manifest
from facesort.models.mobile.coreml import write_coreml
from facesort.models.mobile.litert import Around, LiteRT
from facesort.models.parity import Parity

Say = Callable[[str], None]
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class MobileExport:
    """Exports of ``checkpoint`` by the interpreter ``python`` of .venv-mobile.

    ``onnx_file`` is its float export, which all others are held against.
    """

    checkpoint: Path
    onnx_file: Path
    python: Path
    around: Around
    say: Say
    step: Callable[..., Iterable[Any]]

    def litert(
        self, out: Path, images: Sequence[Image], int8_data: Path | None
    ) -> dict[str, Parity]:
        """Write ``out`` (.tflite), and with ``int8_data``, the YAML to calibrate and judge on,
        NAME-int8.tflite beside it; how equal each is to the ONNX file.

        Raises `ModelError`, and writes nothing, where a gate refuses one.
        """
        around, out8 = self.around, out.with_name(f"{out.stem}-int8.tflite")
        with TemporaryDirectory() as temporary:
            folder = Path(temporary)
            made = LiteRT.of(self.python, folder, self.checkpoint, self.onnx_file, around.imgsz)
            plain = made.convert("plain.tflite", Around(around.imgsz))
            rows = {"ONNX → LiteRT": made.prove(plain, images)}
            alone = {out: plain}
            in_float, photos = list[int](), list[Image]()
            if int8_data:
                found, gate = calibration_and_gate(made.original, int8_data, self.say, self.step)
                photos = list(found)
                self.say(f"judging LiteRT on the {len(gate.truth)} images of the val split")
                alone[out8], in_float = made.quantize(plain, photos, gate, self.say)
                figures = f"{gate.before.map50_95:.4f} in float, {gate.seen.map50_95:.4f} in 8 bits"
                self.say(f"LiteRT, mAP50-95 on val: {figures}")
                rows["ONNX → LiteRT int8"] = made.parity(alone[out8], images)
            written = dict(alone)
            if not around.is_plain:
                written[out] = whole = made.convert("whole.tflite", around)
                if int8_data:
                    written[out8] = made.quantize_like(whole, in_float, photos, around)
            for name, file in written.items():
                if file is not alone[name]:
                    faces, worst = made.prove_rows(file, alone[name], images, around)
                    self.say(f"{name.name}: the same {faces} faces with all inside ({worst:.4f})")
                move(file, name)
        return rows

    def coreml(self, out: Path, images: Sequence[Image]) -> dict[str, Parity]:
        """Write the folder ``out`` (.mlpackage); how equal its network is to the ONNX file."""
        parity = write_coreml(
            self.checkpoint, self.onnx_file, out, images, self.python, self.around
        )
        self.say("CoreML: specification and operations checked here; running it needs a Mac")
        return {"ONNX → CoreML": parity}


def write_mobile_manifests(content: dict[str, Any], around: Around, files: Sequence[Path]) -> None:
    """A manifest beside each .tflite of ``files`` and each .mlpackage that holds some of them."""
    packages = {path for file in files for path in file.parents if path.suffix == ".mlpackage"}
    for package in packages:
        write_manifest(mobile_manifest(content, around, "coreml"), package)
    for file in files:
        if file.suffix == ".tflite":
            write_manifest(mobile_manifest(content, around, "litert"), file)


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
