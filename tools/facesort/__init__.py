"""Sort photo albums by what covers each face, and by person, on Ultralytics YOLO."""

import os

__version__ = "0.1.0"

# Everything stays on this machine. These libraries read their switches when they are imported, so
# they are set here, before any of them can be.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime reports to its maker unless switched off
os.environ["YOLO_AUTOINSTALL"] = "false"  # Ultralytics would install packages on its own
os.environ["YOLO_OFFLINE"] = "true"  # ... and report events
