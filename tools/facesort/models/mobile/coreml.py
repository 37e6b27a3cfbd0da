"""CoreML packages (.mlpackage) of a checkpoint; running one needs a Mac.

What can be known on any machine is checked: the specification that was written, and the network's
own operations, computed one by one and held against the ONNX file. Apple's suppression is not
computed here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.detect import YoloDetector, load_detector
from facesort.models.letterbox import letterbox
from facesort.models.mobile.environment import ask
from facesort.models.mobile.litert import MAX_ABS, Around
from facesort.models.parity import Parity, compare, require

IMAGES = 4  # each takes seconds
MULTIPLE = 80  # of classes, which Apple's suppression wants


def write_coreml(
    checkpoint: Path,
    onnx_file: Path,
    out: Path,
    images: Sequence[NDArray[np.uint8]],
    python: Path,
    around: Around,
) -> Parity:
    """Write the folder ``out``; how equal its network is to the ONNX file.

    Raises `ModelError` where its specification or what it computes is not as it should be."""
    original = replace(load_detector(onnx_file), imgsz=around.imgsz, square=True)
    if original.end2end:
        raise ModelError(f"{checkpoint.name}: gives rows already; CoreML is made of anchors")
    names = json.dumps(original.names)
    said = ask(python, "coreml", "make", checkpoint, out, around.as_json(), names)
    if problems := specification_problems(said, around, original.names):
        raise ModelError(f"{out.name}: its specification is wrong: {'; '.join(problems)}")
    with_faces = [rgb for rgb in images if len(original.detect([rgb])[0])][:IMAGES]
    computed = _computed(out, with_faces, python, original)
    parity = compare(original, computed, with_faces)
    require(parity, f"{out.name} converted from {checkpoint.name}", MAX_ABS)
    return parity


def specification_problems(said: dict[str, Any], around: Around, names: Sequence[str]) -> list[str]:
    """What of the specification is not as asked for, in words."""
    px, out = around.imgsz, []
    takes = said["inputs"][0]
    kind = "imageType" if around.with_image else "multiArrayType"
    shape = [px, px] if around.with_image else [1, 3, px, px]
    if (takes["name"], takes["kind"], takes["shape"]) != ("image", kind, shape):
        out.append(f"it takes {takes}; expected image, {kind}, {shape}")
    gives = [one["name"] for one in said["outputs"]]
    wanted = ["confidence", "coordinates"] if around.with_nms else ["output"]
    if gives != wanted:
        out.append(f"it gives {gives}; expected {wanted}")
    stages = ["mlProgram", "nonMaximumSuppression"] if around.with_nms else ["mlProgram"]
    if said["stages"] != stages:
        out.append(f"its stages are {said['stages']}; expected {stages}")
    elif around.with_nms:
        nms = said["nms"]
        classes = nms["classes"]
        if len(classes) % MULTIPLE or nms["scores_shape"][-1] != len(classes):
            out.append(f"suppression has {len(classes)} classes for {nms['scores_shape']} scores")
        if classes[: len(names)] != list(names):
            out.append(f"suppression names {classes[:5]}; expected {list(names)}")
        thresholds = np.array([nms["iou"], nms["confidence"]]), (around.iou, around.conf)
        if nms["per_class"] or not np.allclose(*thresholds):
            out.append(f"suppression's thresholds are {nms['iou']}, {nms['confidence']}")
        if [one["optional"] for one in said["inputs"][1:]] != [True, True]:
            out.append("its thresholds are not optional inputs")
    return out


def _computed(
    package: Path, images: Sequence[NDArray[np.uint8]], python: Path, original: YoloDetector
) -> YoloDetector:
    """``original`` with the outputs that the package's own operations give for ``images``."""
    inputs = [letterbox(rgb, original.imgsz, square=True)[0] for rgb in images]
    if not inputs:
        raise ModelError("no face found in any image, so nothing was compared; pass --images")
    with TemporaryDirectory() as temporary:
        given, made = Path(temporary) / "inputs.npy", Path(temporary) / "outputs.npz"
        np.save(given, np.concatenate(inputs))
        ask(python, "coreml", "compute", package, given, made)
        outputs = dict(np.load(made))
    if "output" in outputs:
        raw = outputs["output"][:, 0]
    else:
        scores = outputs["scores"][..., : len(original.names)]
        raw = np.concatenate([outputs["boxes"] * original.imgsz, scores], axis=2).transpose(0, 2, 1)
    by_input = {pixels.tobytes(): one for pixels, one in zip(inputs, raw, strict=True)}
    return replace(original, forward=lambda pixels: by_input[pixels.tobytes()])
