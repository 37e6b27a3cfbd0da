"""Sort photo albums by what covers each face, and by person, on Ultralytics YOLO."""

__version__ = "0.1.0"
