"""Reads a pickle of plain values from an unknown source, without running any of it.

A pickle is a program: https://docs.python.org/3/library/pickle.html#restricting-globals . Here it
may build lists, tuples, dicts, sets, numbers and text. The few NumPy calls that occur in data sets
are answered by the stand-ins below, which make numbers; nothing a file names is ever imported.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from facesort.errors import LabelError

_NOT_RUN = "only plain values are read, nothing was run"


def load(file: Path, expected: str) -> Any:
    """The content of ``file``; raises `LabelError` where it is no pickle or wants more."""
    try:
        return _Unpickler(io.BytesIO(file.read_bytes())).load()
    except LabelError as error:
        raise LabelError(f"{file}: {error}; expected {expected}") from None
    except OSError as error:
        raise LabelError(
            f"{file}: cannot be read ({error.strerror}); is the path right?"
        ) from error
    except Exception as error:  # damaged pickles fail in every way there is
        reason = f"{type(error).__name__}: {error}"[:100]
        raise LabelError(
            f"{file}: no pickle, or a damaged one ({reason}); expected {expected}"
        ) from error


# The unpickler written in Python: a few bytes make the one written in C ask for gigabytes.
class _Unpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        make = _CALLS.get((module.replace(".core.", "._core."), name))
        if make is None:
            raise LabelError(f"asks for {module}.{name}; {_NOT_RUN}")
        return _Call(make)

    def get_extension(self, code: int) -> Any:
        raise LabelError(f"asks for extension {code}; {_NOT_RUN}")

    def persistent_load(self, pid: Any) -> Any:
        raise LabelError(f"refers to something outside the file; {_NOT_RUN}")


class _Call:
    """A stand-in for a function or class: it can be called, and nothing else."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)

    def __setstate__(self, _state: Any) -> None:
        raise LabelError(f"changes a function; {_NOT_RUN}")


class _DType:
    """numpy.dtype of numbers; its state only tells the byte order."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: Any, *_: Any) -> None:
        self._code, self._order = str(code)[:4], "<"

    def __setstate__(self, state: Any) -> None:
        self._order = str(state[1])[:1]

    def real(self) -> np.dtype[Any]:
        dtype = np.dtype(self._code)
        if dtype.kind not in "biuf":  # above all no "object": that would hold pointers
            raise LabelError(f"holds NumPy values of type {self._code}; {_NOT_RUN}")
        return dtype.newbyteorder(">" if self._order == ">" else "<")


class Array:
    """numpy.ndarray of numbers, given as lists."""

    __slots__ = ("_values",)

    def __init__(self, *_: Any) -> None:
        self._values: Any = []

    def __setstate__(self, state: Any) -> None:
        _version, shape, dtype, by_columns, raw = state
        self._values = _numbers(raw, dtype, shape, "F" if by_columns else "C").tolist()

    def tolist(self) -> Any:
        return self._values


def _numbers(raw: Any, dtype: Any, shape: Any, order: str) -> np.ndarray[Any, Any]:
    if not isinstance(dtype, _DType) or not isinstance(raw, bytes | bytearray):
        raise LabelError(f"holds an odd NumPy array; {_NOT_RUN}")
    flat = np.frombuffer(raw, dtype.real())
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _from_buffer(raw: Any, dtype: Any, shape: Any, order: Any) -> Array:
    array = Array()
    array._values = _numbers(raw, dtype, shape, order).tolist()
    return array


def _latin1(text: Any, encoding: Any) -> bytes:
    """How protocols 0 to 2 spell bytes."""
    if encoding != "latin1" or not isinstance(text, str):
        raise LabelError(f"asks for an encoding; {_NOT_RUN}")
    return text.encode("latin1")


_CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    ("_codecs", "encode"): _latin1,
    ("__builtin__", "bytes"): lambda: b"",  # how protocols 0 to 2 spell no bytes
    ("numpy", "dtype"): _DType,
    ("numpy", "ndarray"): Array,
    ("numpy._core.multiarray", "_reconstruct"): Array,
    ("numpy._core.multiarray", "scalar"): lambda dtype, raw: _numbers(raw, dtype, (), "C").item(),
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
}
