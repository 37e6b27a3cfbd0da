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
from facesort.memory import check_limit

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
            ) from None
        raise ModelError(f"{weights}: ONNX Runtime cannot load it: {error}") from None


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
