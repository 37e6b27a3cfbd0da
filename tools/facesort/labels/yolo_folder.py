"""A folder of YOLO txt labels with its class list: labelImg's ``classes.txt`` or a ``data.yaml``.

labelImg (libs/yolo_io.py) writes ``a.txt`` beside ``a.jpg``, or all txt into one folder, and its
class list as ``classes.txt`` next to them. Only labelled pictures are taken: one that nobody has
come to yet is not a picture without faces. In a ``data.yaml`` split, as Ultralytics has it, it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import yaml as yaml_library

from facesort.errors import LabelError
from facesort.labels import yolo
from facesort.labels.gather import RawBox, RawImage, Reading, Unread, gather
from facesort.labels.label_set import LabelSet
from facesort.labels.pictures import Pictures

MAX_CLASSES = 10_000  # of a folder without a class list
_LOOKED_AT = 50


def find_names(folder: Path) -> tuple[str, ...] | None:
    """The class list at or just below ``folder``, else in the two folders above it; None where
    there is none."""
    for file in (folder / yolo.CLASSES_FILE, folder / "labels" / yolo.CLASSES_FILE):
        if file.is_file():
            return read_names(file)
    for file in sorted(folder.glob("*.y*ml")):
        names = _names_of_yaml(file)
        if names:
            return names
    for above in folder.absolute().parents[:2]:
        if (above / yolo.CLASSES_FILE).is_file():
            return read_names(above / yolo.CLASSES_FILE)
        names = _names_of_yaml(above / "data.yaml")
        if names:
            return names
    return None


def has_label_lines(folder: Path) -> bool:
    """Does a text file below ``folder`` hold boxes? Of many, a few tell."""
    files = (file for file in folder.rglob("*.txt") if file.name.lower() not in yolo.NO_LABELS)
    return any(_is_label(_lines(file), empty=False) for file in islice(files, _LOOKED_AT))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _is_label(lines: Sequence[str], empty: bool = True) -> bool:
    """Is any line a box, whatever else is wrong? A list of pictures (``train.txt``) or a text
    (``info.txt``) is none."""
    told = [line.split() for line in lines if line.strip()]
    return any(len(fields) >= 5 and all(map(_is_number, fields[:5])) for fields in told) or (
        empty and not told
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
    except (OSError, UnicodeDecodeError):
        raise LabelError(f"{file}: no text in UTF-8; expected a class name a line") from None
    names = tuple(line.strip() or f"class_{i}" for i, line in enumerate(lines))
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        what = f"names {', '.join(twice)} twice" if twice else "is empty"
        raise LabelError(f"{file}: {what}; expected a class name a line, each once")
    return names


def _names_of_yaml(file: Path) -> tuple[str, ...] | None:
    try:
        content = yaml_library.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml_library.YAMLError):
        return None
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict):
        names = [names[i] for i in sorted(names)]
    return tuple(str(name) for name in names) if isinstance(names, list) else None


def read_folder(folder: Path, names: Sequence[str] | None, reading: Reading) -> LabelSet:
    """Every txt below ``folder`` that is a label, each with the picture of its name."""
    files = sorted(f for f in folder.rglob("*.txt") if f.name.lower() not in yolo.NO_LABELS)
    items = [_raw(file, file.relative_to(folder), names) for file in files]
    texts = _texts(files, items, reading)
    labels = [item for file, item in zip(files, items, strict=True) if file not in texts]
    notes = [f"passed over, no labels: {file.relative_to(folder)}" for file in texts]
    if names is None:
        numbers = [int(box.name) for item in labels for box in _sound(item)]
        names = [str(number) for number in range(max(numbers, default=-1) + 1)]
        notes.insert(0, f"{folder}: no {yolo.CLASSES_FILE}, no data.yaml; classes go by number")
    read = gather(labels, reading, names)
    return replace(read, notes=(*read.notes[:1], *notes, *read.notes[1:]))


def _texts(
    files: Sequence[Path], items: Sequence[RawImage | Unread], reading: Reading
) -> dict[Path, None]:
    """Which of ``files`` are no labels: no line of them is a box, and no picture has their name."""
    odd = [
        file
        for file, item in zip(files, items, strict=True)
        if not isinstance(item, Unread) and item.boxes and not any(_sound(item))
        if not _is_label(_lines(file))
    ]
    pictures = Pictures(reading.pictures) if odd else None
    return {file: None for file in odd if pictures and isinstance(pictures.find(file.stem), str)}


def _sound(item: RawImage | Unread) -> list[RawBox]:
    return [] if isinstance(item, Unread) else [box for box in item.boxes if not box.problem]


def read_pictures(pictures: Iterable[Path], names: Sequence[str], reading: Reading) -> LabelSet:
    """Each picture with the label Ultralytics gives it; none means no face."""
    items: list[RawImage | Unread] = []
    for picture in pictures:
        label = yolo.label_path_of(picture)
        raw = _raw(label, Path(label.name), names)
        if isinstance(raw, Unread):
            items.append(raw)
        else:
            items.append(RawImage(picture.name, raw.boxes, normalised=True, path=picture))
    return gather(items, reading, names)


def _raw(file: Path, shown: Path, names: Sequence[str] | None) -> RawImage | Unread:
    try:
        with open(file, "rb", buffering=0) as stream:
            lines = stream.read().decode("utf-8-sig").splitlines()
    except FileNotFoundError:
        lines = []
    except UnicodeDecodeError:
        return Unread(f"{file}: not a text file; expected lines of class cx cy w h")
    except OSError as error:
        return Unread(f"{file}: cannot be read ({error.strerror})")
    boxes = [
        raw_box(line, f"{shown}: line {number}", names)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    # Labels may lie in labels/train for the pictures of images/train
    folder = "/".join(part for part in shown.parent.parts if part != "labels")
    return RawImage(shown.stem, boxes, folder=folder, normalised=True)


def raw_box(line: str, where: str, names: Sequence[str] | None) -> RawBox:
    """One line of a label file; what is wrong with it is the box's problem. Without ``names``, a
    class is called by its number."""
    try:
        class_id, *xywhn = yolo.parse_line(
            line, where, MAX_CLASSES if names is None else len(names)
        )
    except LabelError as error:
        why = str(error).removeprefix(f"{where}: ")
        return RawBox("?", where=where, problem=f"is no YOLO label: {why}")
    name = str(int(class_id)) if names is None else names[int(class_id)]
    return RawBox(name, xywhn, where)


def write_folder(labels: LabelSet, folder: Path) -> None:
    """labelImg's flavour: a txt a picture below ``folder`` and its ``classes.txt``.

    Raises `LabelError`, before anything is written, where two pictures would share a txt.
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
        file.write_text(yolo.render(image), encoding="utf-8")
    text = "".join(f"{name}\n" for name in labels.names)
    (folder / yolo.CLASSES_FILE).write_text(text, encoding="utf-8")
