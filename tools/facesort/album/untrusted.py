"""Checks single values that were read from JSON which a person may have edited.

Every function returns the value, or raises `ValueError` or `TypeError` with what was expected; so
does nothing here fail on infinities, on numbers of 400 digits, or on lists where a text should be.
"""

from __future__ import annotations

from typing import Any

from facesort.album.records import BoxPx

MOST_REASON = 200  # characters of what is wrong with a line
MOST_PX, MOST_FRAMES = 1e9, 2**63
# all that a reader of edited JSON can raise; nesting a thousand deep is a `RecursionError`
DAMAGED = (ValueError, KeyError, TypeError, OverflowError, RecursionError)


def object_of(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("expected an object in braces")
    return value


def text_of(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} {value!r}; expected a text")
    return value


def texts_of(value: Any, what: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{what} {value!r}; expected a list of texts")
    return tuple(text_of(one, what) for one in value)


def texts_by_text(value: Any, what: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"{what} {value!r}; expected an object of texts")
    return {key: text_of(one, f"{what}, {key}") for key, one in value.items()}


def whole_number(value: Any, what: str, below: int = 2**63) -> int:
    """From 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < below:
        raise ValueError(f"{what} {value!r}; expected a whole number, 0 or more")
    return value


def box_px_of(value: Any) -> BoxPx:
    """x1, y1, x2, y2 of a box of some size."""
    if not isinstance(value, list) or len(value) != 4 or not all(map(_is_number, value)):
        raise TypeError(f"xyxy_px {value!r}; expected four numbers, pixels")
    x1, y1, x2, y2 = value
    if not (-MOST_PX <= x1 < x2 <= MOST_PX and -MOST_PX <= y1 < y2 <= MOST_PX):
        raise ValueError(f"xyxy_px {value}; expected a box of some size: x1 < x2, y1 < y2")
    return float(x1), float(y1), float(x2), float(y2)


def frame_of(value: Any) -> int | None:
    """The number of a video's frame; None of a photo."""
    if value is None:
        return None
    if not _is_number(value) or not 0 <= value < MOST_FRAMES or value != int(value):
        raise ValueError(f"frame {value!r}; expected a number counted from 0")
    return int(value)


def in_short(error: Exception) -> str:
    """What is wrong, for a message: a line of JSON can be of any length."""
    text = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
    return text if len(text) <= MOST_REASON else f"{text[:MOST_REASON]}..."


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
