"""Reads a JSON file that came from elsewhere: what is wrong with it is one line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from facesort.errors import LabelError


def load(path: Path, expected: str) -> Any:
    """The content of ``path``; raises `LabelError` telling ``expected``."""
    try:
        return parse(path.read_bytes(), expected)
    except LabelError as error:
        raise LabelError(f"{path}: {error}") from None
    except OSError as error:
        raise LabelError(
            f"{path}: cannot be read ({error.strerror}); is the path right?"
        ) from error


def parse(data: bytes, expected: str) -> Any:
    """The content of a file's bytes; raises `LabelError` telling ``expected``, and no path."""
    try:
        text = data.decode("utf-8-sig")
        if not text.strip():
            raise LabelError(f"is empty; expected {expected}")
        return json.loads(text)
    except RecursionError:
        raise LabelError(f"nested too deep for JSON; expected {expected}") from None
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are both
        raise LabelError(f"not JSON ({error}); expected {expected}") from error


def numbers(values: Any, count: int) -> tuple[float, ...] | None:
    """``values`` as finite numbers, None where they are not exactly ``count`` of them."""
    if not isinstance(values, list | tuple) or len(values) != count:
        return None
    out = tuple(number(value) for value in values)
    return None if any(math.isnan(value) for value in out) else out


def number(value: Any) -> float:
    """``value`` if it is a finite number, else NaN; text and truth values are no numbers."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        return float(value) if math.isfinite(value) else math.nan
    except OverflowError:
        return math.nan
