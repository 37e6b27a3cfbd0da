"""8-bit ONNX: number formats, the range of each tensor, and the writing."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.int8.graph_passes import (
    double_by_copies,
    learned_convs,
    read_by,
    tail_nodes,
    with_activation,
    without_softmax,
)
from facesort.models.int8.weights import INT8, put_weights
from facesort.models.runtime import silent_quantizer

COVERED = 0.9  # of the images

Feed = dict[str, NDArray[np.float32]]


def write_ranges(
    model: Any, feeds: Iterable[Feed], out: Path, extremes_of: Collection[str] = ()
) -> int:
    """Run ``model`` over ``feeds`` and write the ranges for ONNX Runtime's quantizer.

    The tensors ``extremes_of`` keep their whole range.

    Returns how many feeds there were. Raises `ValueError` when there were none.
    """
    import onnx
    from onnxruntime.quantization.calibrate import (
        CalibrationMethod,
        TensorsData,
        create_calibrator,
        save_tensors_data,
    )

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "float.onnx"
        onnx.save(model, str(file))
        calibrator = create_calibrator(file, None, str(Path(folder) / "with_ranges.onnx"))
        lowest, highest = [], []
        for feed in feeds:
            calibrator.calibrate_tensors_range = None  # each image by itself
            calibrator.collect_data(reader([feed]))
            found = calibrator.compute_data()
            lowest.append([float(np.min(tensor.lowest)) for tensor in found.values()])
            highest.append([float(np.max(tensor.highest)) for tensor in found.values()])
    if not lowest:
        raise ValueError("no image to calibrate on")
    whole = np.array([name in extremes_of for name in found.keys()])
    low = np.where(whole, np.min(lowest, axis=0), np.quantile(lowest, 1 - COVERED, axis=0))
    high = np.where(whole, np.max(highest, axis=0), np.quantile(highest, COVERED, axis=0))
    low, high = low.astype(np.float32), high.astype(np.float32)
    pairs = {name: (low[i : i + 1], high[i : i + 1]) for i, name in enumerate(found.keys())}
    save_tensors_data(TensorsData(CalibrationMethod.MinMax, pairs), out)
    return len(lowest)


def reader(feeds: Iterable[Feed]) -> Any:
    """``feeds`` as ONNX Runtime wants them."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.feeds: Iterator[Feed] = iter(feeds)

        def get_next(self) -> Feed | None:
            return next(self.feeds, None)

    return Reader()


META_INT8 = "facesort_int8"
FLOAT_FIRST = 3  # measured: no slower than none, and half of the loss is gone


@dataclass(frozen=True)
class Scheme:
    """Number formats of activations and weights, whether weights keep one bit in reserve (for
    processors whose 8-bit sums overflow), and how many of the first layers stay in float: next to
    the pixels they suffer most, and gain next to nothing."""

    name: str
    activation: str
    weight: str
    reduce_range: bool = False
    float_first: int = FLOAT_FIRST


# In the order in which they are taken where they are equally fast.
SCHEMES = (
    Scheme("U8S8", "QUInt8", "QInt8"),
    Scheme("U8S8 reduce_range", "QUInt8", "QInt8", reduce_range=True),
    Scheme("U8U8", "QUInt8", "QUInt8"),
    Scheme("S8S8", "QInt8", "QInt8"),
)


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A float network and a file with the range of each of its tensors; ready to be quantized."""

    model: Any  # onnx.ModelProto
    ranges: Path
    tail: tuple[str, ...]

    @property
    def layers(self) -> dict[str, list[str]]:
        """Nodes by layer: a learned convolution with its activation."""
        return {conv: with_activation(self.model, conv) for conv in learned_convs(self.model)}

    def layers_in(self, scheme: Scheme) -> dict[str, list[str]]:
        """Those of `layers` that ``scheme`` quantizes."""
        return dict(list(self.layers.items())[scheme.float_first :])

    def write(
        self, out: Path, scheme: Scheme, keep_float: Collection[str] = (), tail: bool = True
    ) -> None:
        """Write the network in ``scheme``; the nodes ``keep_float``, and the tail, stay float.

        ``tail=False`` quantizes the tail as well: such a file finds nothing, which tests show.
        """
        excluded = {*keep_float, *(self.tail if tail else ())}
        for nodes in list(self.layers.values())[: scheme.float_first]:
            excluded |= set(nodes)
        _quantize(self.model, out, scheme, excluded, self.ranges)

    def write_only(self, out: Path, scheme: Scheme, nodes: Collection[str]) -> None:
        """Write the network with only ``nodes`` in 8 bits: what do these alone cost?"""
        others = {node.name for node in self.model.graph.node} - set(nodes)
        _quantize(self.model, out, scheme, others, self.ranges)


def calibrate(file: Path, inputs: Iterable[NDArray[np.float32]], folder: Path) -> Calibrated:
    """Run the float network ``file`` over ``inputs``, each (1, 3, h, w), and note all ranges.

    ``folder`` must outlive what is returned. Should the network read its boxes by a softmax, it is
    replaced by a faster equivalent (`dfl`). Raises `ModelError` when there is no input.
    """
    import onnx

    model = onnx.load(str(file))
    without_softmax(model)
    model = onnx.shape_inference.infer_shapes(model)
    name, ranges = model.graph.input[0].name, folder / "ranges.json"
    tail = tail_nodes(model)
    feeds = ({name: pixels} for pixels in inputs)
    try:
        write_ranges(model, feeds, ranges, extremes_of=read_by(model, tail))
    except ValueError as error:
        raise ModelError(f"{file.name}: {error}") from error
    return Calibrated(model, ranges, tuple(tail))


def _quantize(model: Any, out: Path, scheme: Scheme, excluded: set[str], ranges: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_static

    copy = type(model).FromString(model.SerializeToString())  # it is changed on the way
    with silent_quantizer():
        quantize_static(
            copy,
            str(out),
            per_channel=True,
            reduce_range=scheme.reduce_range,
            activation_type=QuantType[scheme.activation],
            weight_type=QuantType[scheme.weight],
            nodes_to_exclude=sorted(excluded),
            calibration_cache_path=str(ranges),
        )
    _finish(out, scheme.name)


def _finish(file: Path, scheme: str) -> None:
    """Steps that change how a quantized ``file`` computes, but not what."""
    import onnx

    written = onnx.load(str(file))
    double_by_copies(written)
    _store_in_bytes(written)
    onnx.save(written, str(file))
    note_int8(file, scheme)


def _store_in_bytes(model: Any) -> None:
    """The weights of the convolutions that stayed float; else each costs the file four bytes."""
    from onnx import numpy_helper

    floats = {name for node in model.graph.node if node.op_type == "Conv" for name in node.input}
    kept = list(model.graph.initializer)
    values = {
        one.name: numpy_helper.to_array(one)
        for one in kept
        if one.name in floats and len(one.dims) == 4 and one.data_type == one.FLOAT
    }
    del model.graph.initializer[:]
    model.graph.initializer.extend(one for one in kept if one.name not in values)
    put_weights(model.graph, values, dict.fromkeys(values, INT8))


def note_int8(file: Path, scheme: str) -> None:
    """Name the format in the metadata of ``file``, and leave out what the quantizer adds to it."""
    import onnx

    written = onnx.load(str(file))
    del written.graph.value_info[:]  # shapes that the runtime infers anyway: half a megabyte
    kept = {p.key: p.value for p in written.metadata_props if not p.key.startswith("onnx.")}
    onnx.helper.set_model_props(written, kept | {META_INT8: scheme})
    onnx.save(written, str(file))
