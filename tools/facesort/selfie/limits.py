"""The thresholds of the selfie check, read from a YAML file and checked at once."""

from __future__ import annotations

import difflib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from facesort.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """See data_configs/selfie.yaml for what each means and where its value comes from."""

    network_px: int
    min_confidence: float
    min_face_px: float
    max_other_face: float
    min_border_gap: float
    max_blur: float
    min_light: float
    max_burnt: float
    max_nose_offset: float
    max_tilt_deg: float
    max_cover: float = 0.3  # this and what follows are not in the files of before
    cover_px: int = 160


# the lowest and highest value that can be meant
_RANGES = {
    "network_px": (32, 4096),
    "cover_px": (32, 4096),
    "min_face_px": (1, 10_000),
    "min_light": (0, 255),
    "max_tilt_deg": (0, 180),
}
_SIZES = ("network_px", "cover_px")  # of the network's input


def read_limits(file: Path) -> Limits:
    """Read ``file``, a mapping with the fields of `Limits` and no others.

    Raises `UsageError` where a key is unknown (with the nearest known one), missing, or its value
    is no number in its range.
    """
    content = _load(file)
    known = [field.name for field in fields(Limits)]
    for key in content:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"expected {', '.join(known)}"
            raise UsageError(f"{file.name}: unknown key '{key}'; {hint}")
    needed = [field.name for field in fields(Limits) if field.default is MISSING]
    missing = [key for key in needed if key not in content]
    if missing:
        raise UsageError(f"{file.name}: '{missing[0]}' is missing; copy it from selfie.yaml")
    values: dict[str, Any] = {}
    for key in known:
        if key in content:
            value = _number(file, key, content[key])
            values[key] = int(value) if key in _SIZES else value
    return Limits(**values)


def _load(file: Path) -> dict[object, object]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be read ({error.strerror}); is the path right?"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict):
        raise UsageError(f"{file}: not a YAML mapping; expected lines like 'min_face_px: 60'")
    return content


def _number(file: Path, key: str, value: object) -> float:
    low, high = _RANGES.get(key, (0, 1))
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"{file.name}: {key} is {value!r}; expected a number from {low} to {high}")
    if key in _SIZES and value % 32:
        raise UsageError(f"{file.name}: {key} is {value}; expected a multiple of 32")
    return value
