"""Makes CoreML packages, and reads and recomputes them without a Mac; runs in .venv-mobile.

    python side_coreml.py make CHECKPOINT OUT.mlpackage AROUND_JSON NAMES_JSON
    python side_coreml.py read FILE.mlpackage
    python side_coreml.py compute FILE.mlpackage INPUTS.npy OUT.npz

Apple's suppression gives wrong classes for fewer than 80, so that scores are padded to a multiple:
https://github.com/ultralytics/ultralytics/issues/22309 . `read` says what is in the package,
`compute` does the network's own operations one by one in torch; only suppression is Apple's alone.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent))
from side_network import Around, answer, example, load

CLASSES_MULTIPLE = 80
CONFIDENCE, COORDINATES = "confidence", "coordinates"  # as Apple's Vision wants them to be called


class ForSuppression(nn.Module):
    """Scores (anchors, padded classes), and centre and size as fractions (anchors, 4)."""

    def __init__(self, model: nn.Module, imgsz: int, classes: int) -> None:
        super().__init__()
        self.model, self.imgsz, self.classes = model, imgsz, classes
        self.padding = -classes % CLASSES_MULTIPLE

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        boxes, scores = self.model(image)[0].transpose(0, 1).split((4, self.classes), 1)
        return nn.functional.pad(scores, (0, self.padding)), boxes / self.imgsz


def make(checkpoint: Path, out: Path, around: Around, names: list[str]) -> dict[str, object]:
    model = load(checkpoint)
    network = ForSuppression(model, around.imgsz, len(names)) if around.with_nms else model
    shape = (1, 3, around.imgsz, around.imgsz)
    takes = (
        ct.ImageType(name="image", shape=shape, scale=1 / 255, color_layout=ct.colorlayout.RGB)
        if around.with_image
        else ct.TensorType(name="image", shape=shape)
    )
    raw = ["scores", "boxes"] if around.with_nms else ["output"]
    with torch.no_grad():
        model(example(Around(around.imgsz)))  # its anchors are made by the first call
        traced = torch.jit.trace(network, torch.zeros(shape), strict=False, check_trace=False)
    converted = ct.convert(
        traced,
        inputs=[takes],
        outputs=[ct.TensorType(name=name) for name in raw],
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS15,
        skip_model_load=True,
    )
    if around.with_nms:
        converted = with_suppression(converted, around, names)
    converted.short_description = "YOLO face occlusion detector, made with facesort"
    converted.user_defined_metadata["names"] = json.dumps(names)
    converted.save(str(out))
    return read(out)


def with_suppression(network: Any, around: Around, names: list[str]) -> Any:
    """A pipeline of ``network`` and Apple's suppression; classes compete for a face."""
    spec = network.get_spec()
    width = len(names) + -len(names) % CLASSES_MULTIPLE
    sizes = {"scores": width, "boxes": 4}
    stage = ct.proto.Model_pb2.Model(specificationVersion=spec.specificationVersion)
    by_name = {output.name: output for output in spec.description.output}
    for taken, given in (("scores", CONFIDENCE), ("boxes", COORDINATES)):
        stage.description.input.add().CopyFrom(by_name[taken])
        output = stage.description.output.add()
        output.CopyFrom(by_name[taken])
        output.name = given
        array = output.type.multiArrayType
        del array.shape[:]
        array.shapeRange.sizeRanges.add(lowerBound=0, upperBound=-1)
        array.shapeRange.sizeRanges.add(lowerBound=sizes[taken], upperBound=sizes[taken])
    nms = stage.nonMaximumSuppression
    nms.confidenceInputFeatureName, nms.coordinatesInputFeatureName = "scores", "boxes"
    nms.confidenceOutputFeatureName, nms.coordinatesOutputFeatureName = CONFIDENCE, COORDINATES
    nms.iouThresholdInputFeatureName = "iouThreshold"
    nms.confidenceThresholdInputFeatureName = "confidenceThreshold"
    nms.iouThreshold, nms.confidenceThreshold = around.iou, around.conf
    nms.pickTop.perClass = False
    nms.stringClassLabels.vector.extend(
        [*names, *(f"unused_{i}" for i in range(len(names), width))]
    )
    pipeline = ct.models.pipeline.Pipeline(
        input_features=[
            ("image", ct.models.datatypes.Array(3, around.imgsz, around.imgsz)),
            ("iouThreshold", ct.models.datatypes.Double()),
            ("confidenceThreshold", ct.models.datatypes.Double()),
        ],
        output_features=[CONFIDENCE, COORDINATES],
    )
    pipeline.add_model(spec)
    pipeline.add_model(ct.models.MLModel(stage, skip_model_load=True))
    description = pipeline.spec.description
    description.input[0].CopyFrom(spec.description.input[0])
    for number in (0, 1):
        description.output[number].CopyFrom(stage.description.output[number])
        description.input[number + 1].type.isOptional = True  # the stage's own values
    pipeline.spec.specificationVersion = spec.specificationVersion
    return ct.models.MLModel(pipeline.spec, weights_dir=network.weights_dir, skip_model_load=True)


def read(file: Path) -> dict[str, object]:
    """What the specification of the package says."""
    spec = ct.models.MLModel(str(file), skip_model_load=True).get_spec()
    stages = list(spec.pipeline.models) if spec.WhichOneof("Type") == "pipeline" else [spec]
    said: dict[str, object] = {
        "inputs": [feature(one) for one in spec.description.input],
        "outputs": [feature(one) for one in spec.description.output],
        "stages": [stage.WhichOneof("Type") for stage in stages],
        "operations": dict(Counter(op.op_type for op in operations(file))),
    }
    if len(stages) > 1:
        nms = stages[1].nonMaximumSuppression
        said["nms"] = {
            "takes": [nms.confidenceInputFeatureName, nms.coordinatesInputFeatureName],
            "scores_shape": list(stages[0].description.output[0].type.multiArrayType.shape),
            "classes": list(nms.stringClassLabels.vector),
            "per_class": nms.pickTop.perClass,
            "iou": nms.iouThreshold,
            "confidence": nms.confidenceThreshold,
        }
    return said


def feature(one: Any) -> dict[str, object]:
    kind = one.type.WhichOneof("Type")
    value = getattr(one.type, kind)
    shape = (
        [value.width, value.height] if kind == "imageType" else list(getattr(value, "shape", []))
    )
    return {"name": one.name, "kind": kind, "shape": shape, "optional": one.type.isOptional}


def operations(file: Path) -> list[Any]:
    return list(program(file).functions["main"].operations)


def program(file: Path) -> Any:
    """The network of the package, its weights read, as coremltools holds it."""
    from coremltools.converters.mil.frontend.milproto.load import load as load_program

    model = ct.models.MLModel(str(file), skip_model_load=True)
    spec = model.get_spec()
    network = spec.pipeline.models[0] if spec.WhichOneof("Type") == "pipeline" else spec
    return load_program(network, network.specificationVersion, model.weights_dir)


def compute(file: Path, inputs: Path, out: Path) -> dict[str, object]:
    """The network's outputs for each of ``inputs``, floats 0 to 1 (n, 3, h, w)."""
    main = program(file).functions["main"]
    is_image = read(file)["inputs"][0]["kind"] == "imageType"  # type: ignore[index]
    results: dict[str, list[np.ndarray]] = {}
    for pixels in np.load(inputs):
        # an image's scale of 1/255 is one of the program's own operations
        given = torch.from_numpy(pixels[None] * (255 if is_image else 1))
        values = {name: given for name in main.inputs}
        for op in main.operations:
            if op.op_type != "const":
                made = computed(op, values)
                for output, value in zip(op.outputs, made, strict=True):
                    values[output.name] = value
        for output in main.outputs:
            results.setdefault(output.name, []).append(values[output.name].float().numpy())
    stacked: dict[str, Any] = {name: np.stack(found) for name, found in results.items()}
    np.savez(out, **stacked)
    return {"outputs": list(results)}


def value_of(one: Any, values: dict[str, Tensor]) -> Any:
    if isinstance(one, (list, tuple)):
        return [value_of(each, values) for each in one]
    if one is None or one.val is None:
        return None if one is None else values[one.name]
    return one.val


def computed(op: Any, values: dict[str, Tensor]) -> tuple[Tensor, ...]:
    """One operation of CoreML's language by torch; see
    https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html"""
    got = {name: value_of(one, values) for name, one in op.inputs.items()}
    x: Any = tensor(got["x"]) if "x" in got else None
    made: Any
    functional = nn.functional
    match op.op_type:
        case "conv":
            pad = [int(n) for n in got["pad"]] if got["pad_type"] == "custom" else [0] * 4
            assert got["pad_type"] in ("custom", "valid"), got["pad_type"]
            padded = functional.pad(x, (pad[2], pad[3], pad[0], pad[1]))
            bias = None if got.get("bias") is None else tensor(got["bias"])
            strides = tuple(int(n) for n in got["strides"])
            made = functional.conv2d(
                padded, tensor(got["weight"]), bias, strides, groups=int(got["groups"])
            )
        case "silu":
            made = functional.silu(x)
        case "sigmoid":
            made = torch.sigmoid(x)
        case "softmax":
            made = torch.softmax(x, int(got["axis"]))
        case "add" | "sub" | "mul" | "real_div":
            name = {"real_div": "true_divide"}.get(op.op_type, op.op_type)
            made = getattr(torch, name)(tensor(got["x"]), tensor(got["y"]))
        case "matmul":
            made = tensor(got["x"]) @ tensor(got["y"])
        case "concat":
            made = torch.cat([tensor(one) for one in got["values"]], dim=int(got["axis"]))
        case "split":
            sizes: Any = got.get("split_sizes")
            count = x.shape[int(got["axis"])] // int(got["num_splits"]) if sizes is None else None
            parts = count if count else [int(n) for n in sizes]
            return tuple(torch.split(x, parts, dim=int(got["axis"])))
        case "max_pool":
            pad = [int(n) for n in got["pad"]] if got["pad_type"] == "custom" else [0] * 4
            padded = functional.pad(x, (pad[2], pad[3], pad[0], pad[1]), value=-torch.inf)
            made = functional.max_pool2d(
                padded, [int(n) for n in got["kernel_sizes"]], [int(n) for n in got["strides"]]
            )
        case "upsample_nearest_neighbor":
            factor = (float(got["scale_factor_height"]), float(got["scale_factor_width"]))
            made = functional.interpolate(x, scale_factor=factor, mode="nearest")
        case "reshape":
            made = x.reshape([int(n) for n in got["shape"]])
        case "transpose":
            made = x.permute([int(n) for n in got["perm"]])
        case "squeeze":
            made = torch.squeeze(x, tuple(int(n) for n in got["axes"]))
        case "expand_dims":
            made = x
            for axis in sorted(int(n) for n in got["axes"]):
                made = made.unsqueeze(axis)
        case "slice_by_index":
            made = sliced(x, got)
        case "pad":
            pad = [int(n) for n in got["pad"]]
            pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
            made = functional.pad(x, [n for pair in reversed(pairs) for n in pair])
        case "cast" | "identity":
            made = x
        case other:
            raise SystemExit(f"operation '{other}' of {op.name} is not known here")
    return (made,)


def sliced(x: Tensor, got: dict[str, Any]) -> Tensor:
    count = x.dim()
    masks: dict[str, list[bool]] = {}
    for key in ("begin_mask", "end_mask", "squeeze_mask"):
        given = got.get(key)
        masks[key] = [False] * count if given is None else [bool(one) for one in given]
    steps = [1] * count if got.get("stride") is None else [int(n) for n in got["stride"]]
    parts: list[Any] = []
    for i in range(count):
        begin = None if masks["begin_mask"][i] else int(got["begin"][i])
        end = None if masks["end_mask"][i] else int(got["end"][i])
        parts.append(
            int(got["begin"][i]) if masks["squeeze_mask"][i] else slice(begin, end, steps[i])
        )
    return x[tuple(parts)]


def tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))


def main() -> None:
    command, *rest = sys.argv[1:]
    file = Path(rest[0])
    if command == "make":
        answer(make(file, Path(rest[1]), Around.read(rest[2]), json.loads(rest[3])))
    elif command == "read":
        answer(read(file))
    else:
        answer(compute(file, Path(rest[1]), Path(rest[2])))


if __name__ == "__main__":
    main()
