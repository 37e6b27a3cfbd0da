"""Faces of a photo, and what covers them, by the self-contained ONNX file and ONNX Runtime alone.

    python tools/yolo_to_onnx.py --nms --preprocess --out faces.onnx     # once
    pip install onnxruntime pillow
    python examples/find_faces.py faces.onnx photo.jpg

Prints a line a face: class, confidence, x1 y1 x2 y2 in pixels of the upright photo.
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

CLASSES = ("face", "masked", "sunglasses", "masked_sunglasses")


def find_faces(model: str, photo: str) -> np.ndarray:
    """Rows (n, 6) of x1 y1 x2 y2 confidence class, most certain first."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    rgb = np.asarray(ImageOps.exif_transpose(Image.open(photo)).convert("RGB"))
    bgr = np.ascontiguousarray(rgb[..., ::-1])  # height, width, 3; bytes
    return session.run(None, {session.get_inputs()[0].name: bgr})[0]


for x1, y1, x2, y2, confidence, class_id in find_faces(*sys.argv[1:3]):
    print(f"{CLASSES[int(class_id)]} {confidence:.2f} {x1:.0f} {y1:.0f} {x2:.0f} {y2:.0f}")
