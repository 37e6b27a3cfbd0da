"""ONNX files: opened by ONNX Runtime in the one way we open them, and put in place in one step."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def move(file: Path, out: Path) -> None:
    """Put ``file`` at ``out`` in one step, so that nobody ever loads half a model."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    try:
        shutil.copyfile(file, partial)
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def silent_quantizer() -> Iterator[None]:
    """Without the quantizer's advice to pre-process, which the export has done."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
