"""Import Ultralytics so that it stays on this machine and says no more than it is asked.

Installs and events are switched off in `facesort`; the telemetry setting itself is written here.
https://docs.ultralytics.com/quickstart/#ultralytics-settings
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

from facesort.errors import ModelError, first_line


def import_ultralytics(verbose: bool = False) -> ModuleType:
    """Return the ``ultralytics`` package with sync switched off; ``verbose`` lets it log."""
    os.environ.setdefault("YOLO_VERBOSE", str(verbose).lower())
    import ultralytics

    if ultralytics.settings["sync"]:
        ultralytics.settings.update({"sync": False})
    return ultralytics


def load_yolo(weights: Path, task: str, verbose: bool = False) -> Any:
    """Load a checkpoint; raises `ModelError` if it is missing, no checkpoint, or another task.

    Ultralytics downloads what it does not find, so a missing file never reaches it.
    """
    if weights.suffix != ".pt" or not weights.is_file():
        raise ModelError(f"{weights}: no such checkpoint; expected an existing .pt file")
    try:
        model = import_ultralytics(verbose).YOLO(str(weights))
        found = str(model.task)
    except Exception as error:  # a checkpoint is a pickle: anything may go wrong in it
        raise ModelError(f"{weights}: not a YOLO checkpoint ({first_line(error)[:120]})") from error
    if found != task:
        raise ModelError(f"{weights}: its task is '{found}'; expected '{task}'")
    return model
