"""Import Ultralytics so that it stays on this machine: no telemetry, no installs, no downloads.

The switches have to be set before the first import, so every module here imports it through this
one door. https://docs.ultralytics.com/quickstart/#ultralytics-settings
"""

from __future__ import annotations

import os
from types import ModuleType


def import_ultralytics(verbose: bool = False) -> ModuleType:
    """Return the ``ultralytics`` package with sync and auto-install switched off.

    ``verbose`` lets it log, as training should.
    """
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ.setdefault("YOLO_VERBOSE", str(verbose).lower())
    import ultralytics

    if ultralytics.settings["sync"]:
        ultralytics.settings.update({"sync": False})
    return ultralytics
