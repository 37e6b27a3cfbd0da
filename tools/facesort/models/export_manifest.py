"""A manifest beside an exported model: what goes in, what comes out, thresholds, classes, hash.

For programs that run the model without our Python, and to prove which file was run.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from facesort.models.detect import META_CONF, META_SURE, load_detector
from facesort.models.end_to_end_export import META_INPUT, META_OUTPUT
from facesort.models.export import META_DATA
from facesort.models.letterbox import GREY, IOU_SAME_FACE, MAX_FACES

FITTED = (
    "RGB, 0 to 1, planes (1, 3, height, width), both multiples of 32; the image scaled to fit, "
    "linear, the rest grey {grey}/255"
)
ANCHORS = "(1, 4 + classes, anchors): centre x, centre y, width, height in input pixels, scores"
ROWS = "(1, faces, 6): x1 y1 x2 y2 in input pixels, confidence, class"


def manifest(onnx_file: Path, imgsz: int) -> dict[str, Any]:
    """What ``onnx_file``, written by tools/yolo_to_onnx.py for ``imgsz``, takes and gives.

    Raises `ModelError` where it is no detector of ours.
    """
    import onnx

    model = onnx.load(str(onnx_file), load_external_data=False)
    meta = {entry.key: entry.value for entry in model.metadata_props}
    is_whole = META_INPUT in meta
    has_nms = META_OUTPUT in meta
    takes, gives = model.graph.input[0], model.graph.output[0]
    end2end = meta.get("end2end") == "True"
    output = f"(faces, 6): {meta[META_OUTPUT]}" if has_nms else ROWS if end2end else ANCHORS
    pixels = "image" if is_whole else "input"
    return {
        "classes": _classes(onnx_file, meta, has_nms),
        "input": {
            "name": takes.name,
            "shape": _shape(takes),
            "type": onnx.TensorProto.DataType.Name(takes.type.tensor_type.elem_type).lower(),
            "content": meta[META_INPUT] if is_whole else FITTED.format(grey=GREY),
            "longer_side_px": None if is_whole else imgsz,
        },
        "output": {
            "name": gives.name,
            "shape": _shape(gives),
            "content": output,
            "boxes_in_pixels_of": pixels,
            "suppression_inside": has_nms or end2end,
        },
        "thresholds": {
            "confidence": float(meta[META_CONF]) if META_CONF in meta else None,
            "class": float(meta[META_SURE]) if META_SURE in meta else None,
            "iou": IOU_SAME_FACE,
            "max_faces": MAX_FACES,
        },
        "training_data": meta.get(META_DATA),
    }


def write_manifest(content: dict[str, Any], file: Path) -> Path:
    """Write ``content`` beside ``file`` (an .onnx, OpenVINO's .xml, ncnn's .param, a .tflite, the
    folder .mlpackage) as NAME.json."""
    inside = sorted(path for path in file.rglob("*") if path.is_file()) if file.is_dir() else []
    parts = inside or [file, file.with_suffix(".bin")]
    files = [
        {
            "name": part.relative_to(file.parent).as_posix(),
            "bytes": part.stat().st_size,
            "sha256": _sha256(part),
        }
        for part in parts
        if part.is_file()
    ]
    out = file.with_name(f"{file.name}.json")
    text = json.dumps({"files": files, **content}, ensure_ascii=False, indent=1)
    out.write_text(text + "\n", encoding="utf-8")
    return out


def _classes(onnx_file: Path, meta: dict[str, str], has_nms: bool) -> list[str]:
    if not has_nms:
        return list(load_detector(onnx_file).names)
    import ast

    names = ast.literal_eval(meta["names"])
    return [names[i] for i in range(len(names))]


def _shape(value: Any) -> list[int | str]:
    """Numbers, and names where a dimension is open."""
    return [d.dim_value or d.dim_param or "any" for d in value.type.tensor_type.shape.dim]


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
