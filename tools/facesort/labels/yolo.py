"""YOLO txt labels: lines ``class cx cy w h`` (xywhn of the upright image), and folders of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import yaml as yaml_library
from numpy.typing import NDArray

from facesort.boxes import SizeWH, as_boxes, clip_xyxy, xywhn_to_xyxy, xyxy_to_xywhn
from facesort.errors import LabelError
from facesort.labels.image_finder import Images
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve, say_not_kept
from facesort.labels.yolo_lines import parse_line, raw_box

CLASSES_FILE = "classes.txt"  # labelImg's class list
# text files that lie beside labels and are none
NO_LABELS = frozenset({CLASSES_FILE, "predefined_classes.txt", "readme.txt", "left_out.txt"})
_LEAST = 0.5e-6  # of width or height: less is written as 0.000000


def label_path_of(image: Path) -> Path:
    """Where Ultralytics looks for the label of ``image``."""
    return _label_folder(image.parent) / f"{image.stem}.txt"


@lru_cache(maxsize=256)  # all images of a folder share it
def _label_folder(images: Path) -> Path:
    parts = list(images.parts)
    if "images" not in parts:
        return images
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


def render(labels: ImageLabels) -> str:
    """The text of a label file: boxes clipped to the image, `IGNORE` and empty boxes left out."""
    lines = []
    for class_id, (cx, cy, w, h) in zip(
        labels.class_id.tolist(), _clipped(labels).tolist(), strict=True
    ):
        if class_id != IGNORE and w >= _LEAST and h >= _LEAST:
            lines.append(f"{class_id} {cx:.6f} {cy:.6f} {w:.6f} {h:.6f}\n")
    return "".join(lines)


def is_empty(labels: ImageLabels) -> NDArray[np.bool_]:
    """Which boxes have no area in the image, or none that six decimals can tell: (n,)."""
    wh = _clipped(labels)[:, 2:]
    return np.asarray(wh.min(axis=1) < _LEAST)


def _clipped(labels: ImageLabels) -> NDArray[np.float64]:
    return xyxy_to_xywhn(clip_xyxy(labels.xyxy_px, labels.size_wh), labels.size_wh)


def read(image: Path, size_wh: SizeWH, class_count: int) -> ImageLabels:
    """Read the labels that belong to ``image``."""
    path = label_path_of(image)
    if not path.exists():
        return ImageLabels.of(image, size_wh, as_boxes([]), [])
    try:
        text = path.read_text(encoding="utf-8-sig")  # as Ultralytics: a BOM is no digit
    except UnicodeDecodeError as error:
        raise LabelError(f"{path}: not a text file; expected lines of class cx cy w h") from error
    return parse(text, image, size_wh, class_count)


def write(labels: ImageLabels) -> Path:
    """Write the label file beside its image's ``images/`` folder and return its path."""
    path = label_path_of(labels.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(labels), encoding="utf-8")
    return path


_LOOKED_AT = 50


def find_names(folder: Path) -> tuple[str, ...] | None:
    """The class list at or just below ``folder``, else in the two folders above it; None where
    there is none."""
    for file in (folder / CLASSES_FILE, folder / "labels" / CLASSES_FILE):
        if file.is_file():
            return read_names(file)
    for file in sorted(folder.glob("*.y*ml")):
        names = _names_of_yaml(file)
        if names:
            return names
    for above in folder.absolute().parents[:2]:
        if (above / CLASSES_FILE).is_file():
            return read_names(above / CLASSES_FILE)
        names = _names_of_yaml(above / "data.yaml")
        if names:
            return names
    return None


def has_label_lines(folder: Path) -> bool:
    """Does a text file below ``folder`` hold boxes? Of many, a few tell."""
    files = (file for file in folder.rglob("*.txt") if file.name.lower() not in NO_LABELS)
    return any(_is_label(_lines(file), empty=False) for file in islice(files, _LOOKED_AT))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _is_label(lines: Sequence[str], empty: bool = True) -> bool:
    """Is any line a box, whatever else is wrong? A list of images (``train.txt``) or a text
    (``info.txt``) is none."""
    rows = [line.split() for line in lines if line.strip()]
    return any(len(fields) >= 5 and all(map(_is_number, fields[:5])) for fields in rows) or (
        empty and not rows
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_names(file: Path) -> tuple[str, ...]:
    """labelImg's ``classes.txt``: a name a line; an empty line keeps its number."""
    try:
        lines = file.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"{file}: no text in UTF-8; expected a class name a line") from error
    names = tuple(line.strip() or f"class_{i}" for i, line in enumerate(lines))
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        what = f"names {', '.join(twice)} twice" if twice else "is empty"
        raise LabelError(f"{file}: {what}; expected a class name a line, each once")
    return names


def _yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml_library.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml_library.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _names_of_yaml(file: Path) -> tuple[str, ...] | None:
    names = _yaml(file).get("names")
    if isinstance(names, dict):
        names = [names[i] for i in sorted(names)]
    return tuple(str(name) for name in names) if isinstance(names, list) else None


def _keypoint_fields(folder: Path) -> int:
    """How many numbers follow each box in a pose data set, by the YAML beside the labels."""
    for file in (*sorted(folder.glob("*.y*ml")), folder.absolute().parent / "data.yaml"):
        shape = _yaml(file).get("kpt_shape")
        if isinstance(shape, list) and [type(n) for n in shape] == [int, int]:
            return int(shape[0] * shape[1])
    return 0


def read_folder(folder: Path, names: Sequence[str] | None, reading: Reading) -> LabelSet:
    """Every txt below ``folder`` that is a label, each with the image of its name."""
    files = sorted(f for f in folder.rglob("*.txt") if f.name.lower() not in NO_LABELS)
    not_kept: Counter[str] = Counter()
    points = _keypoint_fields(folder)
    items = [_raw(file, file.relative_to(folder), names, not_kept, points) for file in files]
    texts = _texts(files, items, reading)
    labels = [item for file, item in zip(files, items, strict=True) if file not in texts]
    notes = [f"passed over, no labels: {file.relative_to(folder)}" for file in texts]
    if names is None:
        numbers = [int(box.name) for item in labels for box in _sound(item)]
        names = [str(number) for number in range(max(numbers, default=-1) + 1)]
        notes.insert(0, f"{folder}: no {CLASSES_FILE}, no data.yaml; classes go by number")
    read = say_not_kept(resolve(labels, reading, names), not_kept)
    return replace(read, notes=(*read.notes[:1], *notes, *read.notes[1:]))


def _texts(
    files: Sequence[Path], items: Sequence[RawAnnotation | ReadError], reading: Reading
) -> dict[Path, None]:
    """Which of ``files`` are no labels: no line of them is a box, and no image has their name."""
    odd = [
        file
        for file, item in zip(files, items, strict=True)
        if not isinstance(item, ReadError) and item.boxes and not any(_sound(item))
        if not _is_label(_lines(file))
    ]
    images = Images(reading.images) if odd else None
    return {file: None for file in odd if images and isinstance(images.find(file.stem), str)}


def _sound(item: RawAnnotation | ReadError) -> list[RawBox]:
    return [] if isinstance(item, ReadError) else [box for box in item.boxes if not box.problem]


def read_images(
    images: Iterable[Path], names: Sequence[str], reading: Reading, keypoint_fields: int = 0
) -> LabelSet:
    """Each image with the label Ultralytics gives it; none means no face. Raises `LabelError`
    where no image has one: that is a folder of labels in the wrong place."""
    not_kept: Counter[str] = Counter()
    items: list[RawAnnotation | ReadError] = []
    missing: list[Path] = []
    for image in images:
        label = label_path_of(image)
        raw = _raw(label, Path(label.name), names, not_kept, keypoint_fields)
        if isinstance(raw, ReadError):
            items.append(raw)
            continue
        items.append(RawAnnotation(image.name, raw.boxes, normalised=True, path=image))
        if not raw.boxes and not label.exists():
            missing.append(label)
    if items and len(missing) == len(items):
        raise LabelError(
            f"{missing[0].parent}: no label file for any of {len(items):,} images "
            f"(the first: {missing[0].name}); put the labels there"
        )
    return say_not_kept(resolve(items, reading, names), not_kept)


def _raw(
    file: Path,
    shown: Path,
    names: Sequence[str] | None,
    not_kept: Counter[str],
    keypoint_fields: int = 0,
) -> RawAnnotation | ReadError:
    try:
        with open(file, "rb", buffering=0) as stream:
            lines = stream.read().decode("utf-8-sig").splitlines()
    except FileNotFoundError:
        lines = []
    except UnicodeDecodeError:
        return ReadError(f"{file}: not a text file; expected lines of class cx cy w h")
    except OSError as error:
        return ReadError(f"{file}: cannot be read ({error.strerror})")
    boxes = [
        raw_box(line, f"{shown}: line {number}", names, keypoint_fields, not_kept)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    # Labels may lie in labels/train for the images of images/train
    folder = "/".join(part for part in shown.parent.parts if part != "labels")
    return RawAnnotation(shown.stem, boxes, folder=folder, normalised=True)


def write_folder(labels: LabelSet, folder: Path) -> None:
    """labelImg's flavour: a txt an image below ``folder`` and its ``classes.txt``.

    Raises `LabelError`, before anything is written, where two images would share a txt.
    """
    owner: dict[Path, Path] = {}
    for image in labels.images:
        first = owner.setdefault(labels.relative(image.path).with_suffix(".txt"), image.path)
        if first != image.path:
            raise LabelError(
                f"{image.path}: {first.name} has the same label file; rename one of the two"
            )
    folder.mkdir(parents=True, exist_ok=True)
    for image in labels.images:
        file = folder / labels.relative(image.path).with_suffix(".txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(image), encoding="utf-8")
    text = "".join(f"{name}\n" for name in labels.names)
    (folder / CLASSES_FILE).write_text(text, encoding="utf-8")
