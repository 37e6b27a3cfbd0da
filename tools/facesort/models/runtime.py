"""ONNX files: opened by ONNX Runtime in one way, timed in turns."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facesort.errors import ModelError
from facesort.models.backends import Request
from facesort.models.detect import YoloDetector, read_metadata
from facesort.parallel import check_limit

_EXTERNAL = re.compile("external data|model_path must not be empty", re.IGNORECASE)


def open_session(weights: Path, data: bytes, threads: int) -> Any:
    """An ``onnxruntime.InferenceSession`` of ``data``, the bytes of ``weights``, on the processor;
    0 ``threads`` are as many as there are cores. Raises `ModelError` where it cannot be loaded, or
    where its weights lie in other files: the names of these are the model's to choose."""
    check_limit()
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own types, none of them documented
        if _EXTERNAL.search(str(error)):
            raise ModelError(
                f"{weights}: keeps weights in other files, which are not opened; expected one file "
                "that holds them: onnx.save(onnx.load(FILE), OUT)"
            ) from error
        raise ModelError(f"{weights}: ONNX Runtime cannot load it: {error}") from error


def load_detector(weights: Path, request: Request) -> YoloDetector:
    """A detector run by ONNX Runtime; it needs no torch."""
    data = weights.read_bytes()
    session = open_session(weights, data, request.threads)
    takes, gives = session.get_inputs()[0], session.get_outputs()[0]
    is_fixed = all(isinstance(side, int) for side in takes.shape[2:])
    side_px = takes.shape[2] if is_fixed else None
    metadata = read_metadata(session.get_modelmeta().custom_metadata_map, weights, side_px)
    rows = gives.shape[1] if len(gives.shape) == 3 else 0  # a name where it is left open: YOLOv7
    if not metadata.end2end and isinstance(rows, int) and rows != 4 + len(metadata.names):
        raise ModelError(
            f"{weights}: output {gives.shape} does not fit its {len(metadata.names)} classes"
        )
    batch = takes.shape[0] if isinstance(takes.shape[0], int) else 1
    kind = np.float16 if "float16" in takes.type else np.float32

    def forward(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        whole = pixels if batch == 1 else np.repeat(pixels, batch, axis=0)
        feed = whole.astype(kind, copy=False)
        raw: NDArray[np.float32] = session.run(None, {takes.name: feed})[0][0]
        return raw.astype(np.float32, copy=False)

    return metadata.detector(forward, data, request, is_fixed, weights)


@contextmanager
def silent_quantizer() -> Iterator[None]:
    """Without the quantizer's advice to pre-process, which the export has done."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def in_turns_ms(
    calls: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 2
) -> dict[str, NDArray[np.float64]]:
    """Milliseconds of each call in each of ``rounds``; the first ``warm_up`` are not counted."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(warm_up + rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if number >= warm_up:
                taken[name].append((time.perf_counter() - start) * 1e3)
    return {name: np.array(values) for name, values in taken.items()}
