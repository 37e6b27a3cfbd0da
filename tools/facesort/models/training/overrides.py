"""Ultralytics' training arguments as ``key=value``: read, and refused before anything is loaded.

Ultralytics' own checks are used as far as they go; some nonsense it takes in silence
(``freeze=abc`` freezes nothing, ``imgsz=-5`` becomes 32).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from facesort.errors import UsageError


def read_pairs(words: Iterable[str]) -> dict[str, str]:
    """``epochs=20``, ``--epochs=20`` and ``--epochs 20``, all as ``{"epochs": "20"}``."""
    pairs: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        key, sep, value = word.removeprefix("--").partition("=")
        if not sep and word.startswith("--"):
            value = next(rest, "")
        key = key.replace("-", "_")
        if not key.isidentifier() or not value or value.startswith("--"):
            raise UsageError(f"{word}: expected key=value, such as epochs=20; see --help")
        pairs[key] = value
    return pairs


def parse_overrides(pairs: Mapping[str, str]) -> dict[str, Any]:
    """``{"lr0": "0.01"}`` as Ultralytics wants it: values read as YAML. Raises `UsageError`."""
    overrides = {key: _value(key, text) for key, text in pairs.items()}
    for key, value in overrides.items():
        if expected := _expected(key, value):
            raise UsageError(f"{key}={pairs[key]}: {expected}")
    _check_with_ultralytics(overrides)
    return overrides


def _value(key: str, text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{key}={text}: expected a value as YAML writes it") from error


def _expected(key: str, value: Any) -> str:
    """What is expected instead of ``value``; empty where it will do."""
    match key:
        case "mode" | "task":
            return "this script trains detectors; leave it out"
        case "epochs" if _is_number(value) and value < 1:
            return "expected 1 or more"
        case "imgsz" if not (isinstance(value, int) and value >= 32):
            return "expected 32 pixels or more, in steps of 32"
        case "batch" if _is_number(value) and value != -1 and value <= 0:
            return "expected images a step; -1 or a share of its memory on a GPU"
        case "freeze" if not _are_layers(value):
            return "expected a number of layers, or a list of their numbers such as [0,1]"
        case "device" if "," in str(value).strip(","):
            return "expected one device; `yolo detect train` trains on several"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_layers(value: Any) -> bool:
    layers = value if isinstance(value, list) else [value]
    return value is None or all(type(layer) is int and layer >= 0 for layer in layers)


def _check_with_ultralytics(overrides: Mapping[str, Any]) -> None:
    from facesort.models.ultralytics_loader import import_ultralytics

    import_ultralytics(verbose=True)
    from ultralytics.cfg import get_cfg
    from ultralytics.utils import LOGGER

    was_disabled, LOGGER.disabled = LOGGER.disabled, True  # it prints a page of help
    try:
        get_cfg(overrides=dict(overrides))
    except (SyntaxError, TypeError, ValueError) as error:
        raise UsageError(str(error).strip().splitlines()[0]) from error
    finally:
        LOGGER.disabled = was_disabled
