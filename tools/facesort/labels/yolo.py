"""YOLO txt labels: one line ``class cx cy w h`` a box, divided by the upright image's size.

Format: https://docs.ultralytics.com/datasets/detect/ . The label of ``a/images/b.jpg`` is
``a/labels/b.txt`` (the last ``/images/`` is replaced); a missing or empty file means no face.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from facesort.boxes import SizeWH, as_boxes, clip_xyxy, xywhn_to_xyxy, xyxy_to_xywhn
from facesort.errors import LabelError
from facesort.labels.image_labels import IGNORE, ImageLabels

CLASSES_FILE = "classes.txt"  # labelImg's class list
# text files that lie beside labels and are none
NO_LABELS = frozenset({CLASSES_FILE, "predefined_classes.txt", "readme.txt", "left_out.txt"})


def label_path_of(image: Path) -> Path:
    """Where Ultralytics looks for the label of ``image``."""
    return _label_folder(image.parent) / f"{image.stem}.txt"


@lru_cache(maxsize=256)  # all pictures of a folder share it
def _label_folder(pictures: Path) -> Path:
    parts = list(pictures.parts)
    if "images" not in parts:
        return pictures
    parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts)


def parse(text: str, image: Path, size_wh: SizeWH, class_count: int) -> ImageLabels:
    """Read the text of one label file; raises `LabelError` naming the line that is wrong."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            where = f"{label_path_of(image)}: line {number}"
            rows.append(parse_line(line, where, class_count))
    values = np.asarray(rows, dtype=np.float64).reshape(-1, 5)
    return ImageLabels.of(image, size_wh, xywhn_to_xyxy(values[:, 1:], size_wh), values[:, 0])


def parse_line(line: str, where: str, class_count: int) -> list[float]:
    """Class and cx cy w h of one line; raises `LabelError` naming ``where``."""
    try:
        values = [float(field) for field in line.split()]
    except ValueError:
        raise LabelError(f"{where}: '{line.strip()}' is not five numbers") from None
    if len(values) != 5:
        raise LabelError(f"{where}: {len(values)} fields; expected 5: class cx cy w h")
    if not values[0].is_integer() or not 0 <= values[0] < class_count:
        raise LabelError(f"{where}: class {values[0]:g}; expected 0 to {class_count - 1}")
    if not all(0 <= v <= 1 for v in values[1:]):
        raise LabelError(f"{where}: {values[1:]} leaves the range 0 to 1; divide by width, height")
    return values


def render(labels: ImageLabels) -> str:
    """The text of a label file: boxes clipped to the image, `IGNORE` and empty boxes left out."""
    boxes = clip_xyxy(labels.xyxy_px, labels.size_wh)
    lines = []
    rows = xyxy_to_xywhn(boxes, labels.size_wh).tolist()
    for class_id, (cx, cy, w, h) in zip(labels.class_id.tolist(), rows, strict=True):
        if class_id != IGNORE and w > 0 and h > 0:
            lines.append(f"{class_id} {cx:.6f} {cy:.6f} {w:.6f} {h:.6f}\n")
    return "".join(lines)


def read(image: Path, size_wh: SizeWH, class_count: int) -> ImageLabels:
    """Read the labels that belong to ``image``."""
    path = label_path_of(image)
    if not path.exists():
        return ImageLabels.of(image, size_wh, as_boxes([]), [])
    try:
        text = path.read_text(encoding="utf-8-sig")  # as Ultralytics: a BOM is no digit
    except UnicodeDecodeError:
        raise LabelError(f"{path}: not a text file; expected lines of class cx cy w h") from None
    return parse(text, image, size_wh, class_count)


def write(labels: ImageLabels) -> Path:
    """Write the label file beside its image's ``images/`` folder and return its path."""
    path = label_path_of(labels.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(labels), encoding="utf-8")
    return path
