"""A YOLO in miniature as an ONNX file: three learned layers, and a tail like the real ones."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper, parser

SIDE = 64
NETWORK = """
<ir_version: 9, opset_import: ["" : 17]>
tiny (float[1, 3, 64, 64] images) => (float[1, 6, 64] output0)
{
    stem = Conv <strides = [8, 8]> (images, w0)
    gate = Sigmoid (stem)
    features = Mul (stem, gate)
    sides = Conv (features, w1)
    logits = Conv (features, w2)
    bins = Reshape (sides, four_by_bins)
    swapped = Transpose <perm = [0, 2, 1, 3]> (bins)
    shares = Softmax <axis = 1> (swapped)
    means = Conv (shares, mean)
    boxes = Reshape (means, four)
    pixels = Mul (boxes, eight)
    flat = Reshape (logits, two)
    scores = Sigmoid (flat)
    output0 = Concat <axis = 1> (pixels, scores)
}
"""
TAIL = "bins swapped shares means boxes pixels flat scores output0".split()


def tiny_model() -> onnx.ModelProto:
    model = parser.parse_model(NETWORK)
    rng = np.random.default_rng(0)
    arrays = {
        "w0": rng.normal(0, 0.3, (8, 3, 8, 8)),
        "w1": rng.normal(0, 1, (32, 8, 1, 1)),
        "w2": rng.normal(0, 1, (2, 8, 1, 1)),
        "mean": np.arange(8).reshape(1, 8, 1, 1),
        "eight": np.array(8.0),
    }
    shapes = {"four_by_bins": [1, 4, 8, 64], "four": [1, 4, 64], "two": [1, 2, 64]}
    tensors = {name: value.astype(np.float32) for name, value in arrays.items()}
    tensors |= {name: np.array(shape, dtype=np.int64) for name, shape in shapes.items()}
    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in tensors.items())
    for node in model.graph.node:
        node.name = node.output[0]
    meta = {"names": "{0: 'face', 1: 'masked'}", "imgsz": "[64, 64]", "stride": "8"}
    onnx.helper.set_model_props(model, meta)
    return model


def write_tiny(file: Path) -> Path:
    onnx.save(tiny_model(), str(file))
    return file
