"""Builds the work around a network into its ONNX file, for programs without our Python.

``with_nms``: the output is a list of faces. ``with_preprocessing``: the input is an image as
cameras and OpenCV give it, any size, 8-bit BGR, and boxes come back in its pixels. The added
graphs are written in ONNX's own text form: https://onnx.ai/onnx/repo-docs/Syntax.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facesort.errors import ModelError
from facesort.models.detect import DEFAULT_CONF, META_CONF
from facesort.models.letterbox import GREY, IOU_SAME_FACE, MAX_FACES

MIN_OPSET = 18  # resizing with anti-aliasing
META_INPUT, META_OUTPUT = "facesort_input", "facesort_output"

# Rows of x1 y1 x2 y2 confidence class, the surest first. Boxes as the network gives them: centre
# and size by anchor (ANCHORS), or rows of corners already (ROWS: networks that need no NMS).
ANCHORS = """
    boxes = Slice (raw, zero, four, one)
    scores = Slice (raw, four, many, one)
    best = ReduceMax <keepdims = 1> (scores, one)
    class_i = ArgMax <axis = 1, keepdims = 1> (scores)
    class = Cast <to = 1> (class_i)
    centre = Slice (boxes, zero, two, one)
    size = Slice (boxes, two, four, one)
    half = Constant <value_float = 0.5> ()
    half_size = Mul (size, half)
    low = Sub (centre, half_size)
    high = Add (centre, half_size)
    columns = Concat <axis = 1> (low, high, best, class)
    all_rows = Transpose <perm = [0, 2, 1]> (columns)
"""
ROWS = """
    all_rows = Identity (raw)
    four_five = Constant <value_ints = [4]> ()
    five = Constant <value_ints = [5]> ()
    two_axis = Constant <value_ints = [2]> ()
    confidence = Slice (all_rows, four_five, five, two_axis)
    best = Transpose <perm = [0, 2, 1]> (confidence)
"""
NMS = """
<ir_version: {ir}, opset_import: ["" : {opset}]>
nms (float[1, R, C] raw) => (float[N, 6] {out})
{{
    zero = Constant <value_ints = [0]> ()
    one = Constant <value_ints = [1]> ()
    two = Constant <value_ints = [2]> ()
    four = Constant <value_ints = [4]> ()
    many = Constant <value_ints = [100000]> ()
    most = Constant <value_ints = [{most}]> ()
    iou = Constant <value_floats = [{iou}]> ()
    conf = Constant <value_floats = [{conf}]> ()
{rows}
    corners = Slice (all_rows, zero, four, two)
    kept = NonMaxSuppression (corners, best, most, iou, conf)
    index_column = Slice (kept, two, many, one)
    index = Squeeze (index_column, one)
    flat_rows = Squeeze (all_rows, zero)
    {out} = Gather <axis = 0> (flat_rows, index)
}}
"""
PREPROCESS = """
<ir_version: {ir}, opset_import: ["" : {opset}]>
prepare (uint8[H, W, 3] image_bgr)
    => (float[1, 3, {px}, {px}] fitted, float scale, float[4] moved, int64[2] limits_hw)
{{
    zero = Constant <value_ints = [0]> ()
    one = Constant <value_ints = [1]> ()
    two = Constant <value_ints = [2]> ()
    side = Constant <value_float = {px}.0> ()
    sides = Constant <value_ints = [{px}, {px}]> ()
    half = Constant <value_ints = [2]> ()
    by255 = Constant <value_float = 0.00392156862745098> ()
    grey = Constant <value_float = {grey}.0> ()
    rgb_order = Constant <value_ints = [2, 1, 0]> ()
    shape = Shape (image_bgr)
    hw = Slice (shape, zero, two, zero)
    limits_hw = Identity (hw)
    hw_f = Cast <to = 1> (hw)
    longer = ReduceMax <keepdims = 0> (hw_f)
    scale = Div (side, longer)
    new_f = Mul (hw_f, scale)
    rounded = Round (new_f)
    new_i = Cast <to = 7> (rounded)
    new_hw = Max (new_i, one)
    rgb = Gather <axis = 2> (image_bgr, rgb_order)
    planes = Transpose <perm = [2, 0, 1]> (rgb)
    batch = Unsqueeze (planes, zero)
    pixels = Cast <to = 1> (batch)
    one_three = Constant <value_ints = [1, 3]> ()
    target = Concat <axis = 0> (one_three, new_hw)
    resized = Resize <mode = "linear", antialias = 1> (pixels, , , target)
    free = Sub (sides, new_hw)
    before = Div (free, half)
    after = Sub (free, before)
    none = Constant <value_ints = [0, 0]> ()
    pads = Concat <axis = 0> (none, before, none, after)
    padded = Pad (resized, pads, grey)
    fitted = Mul (padded, by255)
    before_f = Cast <to = 1> (before)
    xy_order = Constant <value_ints = [1, 0, 1, 0]> ()
    moved = Gather <axis = 0> (before_f, xy_order)
}}
"""
BACK = """
<ir_version: {ir}, opset_import: ["" : {opset}]>
back (float[N, 6] rows, float scale, float[4] moved, int64[2] limits_hw) => (float[N, 6] faces)
{{
    zero = Constant <value_ints = [0]> ()
    one = Constant <value_ints = [1]> ()
    four = Constant <value_ints = [4]> ()
    six = Constant <value_ints = [6]> ()
    nothing = Constant <value_float = 0.0> ()
    boxes = Slice (rows, zero, four, one)
    rest = Slice (rows, four, six, one)
    at_zero = Sub (boxes, moved)
    large = Div (at_zero, scale)
    wh_order = Constant <value_ints = [1, 0, 1, 0]> ()
    whwh = Gather <axis = 0> (limits_hw, wh_order)
    limits = Cast <to = 1> (whwh)
    positive = Max (large, nothing)
    inside = Min (positive, limits)
    faces = Concat <axis = 1> (inside, rest)
}}
"""


def with_nms(model: Any) -> Any:
    """``model`` (onnx.ModelProto of one image) with suppression at its own threshold built in.

    Its output becomes (faces, 6): x1 y1 x2 y2 in network pixels, confidence, class; the surest
    first. Raises `ModelError` for an opset below `MIN_OPSET`.
    """
    meta = _meta(model)
    rows = ROWS if meta.get("end2end") == "True" else ANCHORS
    text = NMS.format(
        rows=rows,
        most=MAX_FACES,
        iou=IOU_SAME_FACE,
        conf=meta.get(META_CONF, DEFAULT_CONF),
        out="rows",
        **_versions(model),
    )
    joined = _join(model, text, {model.graph.output[0].name: "raw"})
    return _noted(joined, meta | {META_OUTPUT: "x1 y1 x2 y2 confidence class"})


def with_preprocessing(model: Any, imgsz: int) -> Any:
    """What `with_nms` made, taking one image (h, w, 3), uint8, BGR, of any size.

    Boxes come back in pixels of that image.
    """
    import onnx

    meta, versions = _meta(model), _versions(model)
    network = onnx.compose.add_prefix(model, "network/", rename_inputs=False, rename_outputs=False)
    prepare = _parse(PREPROCESS.format(px=imgsz, grey=GREY, **versions))
    side = [name.name for name in prepare.graph.output][1:]
    both = onnx.compose.merge_models(
        prepare,
        _plain(network),
        io_map=[("fitted", network.graph.input[0].name)],
        outputs=[*side, "rows"],
    )
    back = onnx.compose.add_prefix(_parse(BACK.format(**versions)), "back/")
    pairs = [(name, f"back/{name}") for name in ("rows", *side)]
    whole = onnx.compose.merge_models(both, back, io_map=pairs)
    return _noted(whole, meta | {META_INPUT: "image uint8 BGR, height width 3, any size"})


def write_end_to_end(file: Path, out: Path, imgsz: int, preprocess: bool) -> None:
    """Write ``file`` with suppression, and the preparing of images if asked, built in."""
    import onnx

    model = with_nms(onnx.load(str(file)))
    model = with_preprocessing(model, imgsz) if preprocess else model
    onnx.checker.check_model(model)
    onnx.save(model, str(out))


def _join(model: Any, text: str, outputs: dict[str, str]) -> Any:
    import onnx

    added = onnx.compose.add_prefix(_parse(text), "nms/", rename_outputs=False)
    pairs = [(name, f"nms/{target}") for name, target in outputs.items()]
    return onnx.compose.merge_models(_plain(model), added, io_map=pairs)


def _parse(text: str) -> Any:
    from onnx import parser

    return parser.parse_model(text)


def _plain(model: Any) -> Any:
    """Without metadata, which merging would refuse to merge; it is put back afterwards."""
    copy = type(model).FromString(model.SerializeToString())
    del copy.metadata_props[:]
    return copy


def _versions(model: Any) -> dict[str, int]:
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < MIN_OPSET:
        raise ModelError(f"opset {opset}: --nms and --preprocess need {MIN_OPSET} or more")
    return {"ir": model.ir_version, "opset": opset}


def _meta(model: Any) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def _noted(model: Any, meta: dict[str, str]) -> Any:
    import onnx

    onnx.helper.set_model_props(model, meta)
    return model
