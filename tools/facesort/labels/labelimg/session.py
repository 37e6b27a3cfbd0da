"""One labelImg session: its images and classes before, what changed and is wrong afterwards."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.errors import LabelError
from facesort.labels import yolo_lines
from facesort.labels.yolo import CLASSES_FILE, label_path_of
from facesort.photos import list_photos


@dataclass(frozen=True)
class Session:
    """``images`` are what labelImg shows; ``left_out`` maps the others to the reason;
    ``names`` are the classes by index, ``extra`` those that ``classes.txt`` has besides them."""

    label_root: Path
    names: tuple[str, ...]
    images: tuple[Path, ...]
    left_out: Mapping[Path, str]
    extra: tuple[str, ...] = ()

    @property
    def label_folders(self) -> list[Path]:
        return sorted({label_path_of(image).parent for image in self.images})

    @property
    def unlabelled(self) -> list[Path]:
        """The images without a label file."""
        return [image for image in self.images if not label_path_of(image).exists()]

    def class_numbers(self, names: Sequence[str]) -> NDArray[np.int64]:
        """The index here of each of a model's classes ``names``, (len(names),). Raises `LabelError`
        for one that the session does not have."""
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise LabelError(
                f"the model finds {', '.join(unknown)}, which is not among the classes "
                f"{', '.join(self.names)}; pass --weights of a model for them"
            )
        return np.array([self.names.index(name) for name in names], dtype=np.int64)


@dataclass(frozen=True)
class LabelState:
    """A label file at one moment."""

    data: bytes
    mtime_ns: int


def prepare(folder: Path, names: Sequence[str]) -> Session:
    """Look through ``folder`` (nested at will). Raises `LabelError` where there is no image, or
    where a ``classes.txt`` gives the class numbers another meaning."""
    root = Path(os.path.abspath(folder))
    label_root = label_path_of(root / "image").parent
    found = [photo.path for photo in list_photos(root).photos]
    if not found:
        raise LabelError(f"{folder}: no images in it; expected the folder of a split or an album")
    class_files = {label_path_of(image).with_name(CLASSES_FILE) for image in found}
    extra = _extra_classes(sorted(class_files), tuple(names))
    images: list[Path] = []
    left_out: dict[Path, str] = {}
    owner: dict[Path, Path] = {}
    for image in found:
        reason = _why_left_out(image, owner, len(names) + len(extra))
        if reason:
            left_out[image] = reason
        else:
            images.append(image)
    if not images:
        raise LabelError(f"{folder}: none of its {len(found)} images can be labelled: {reason}")
    return Session(label_root, tuple(names), tuple(images), left_out, extra)


def _why_left_out(image: Path, owner: dict[Path, Path], class_count: int) -> str:
    """Why labelImg would harm this image's label, or an empty string."""
    try:
        str(image).encode("utf-8")
    except UnicodeEncodeError:
        return "its name is no Unicode, labelImg cannot take it; rename it"
    label = label_path_of(image)
    other = owner.setdefault(label, image)
    if other != image:
        return f"shares its label {label.name} with {other.name}; rename one of them"
    wrong = wrong_lines(label, class_count)
    return f"{wrong[0]}; fix the line, or remove the file to draw anew" if wrong else ""


def wrong_lines(label: Path, class_count: int) -> list[str]:
    """What is wrong with each line of a label file; a missing file has no lines."""
    try:
        lines = label.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        return [f"{label}: not a text file; expected lines of class cx cy w h"]
    wrong = []
    for number, line in enumerate(lines, 1):
        where = f"{label}: line {number}"
        try:
            if line.strip() and 0 in yolo_lines.parse_line(line, where, class_count)[3:]:
                wrong.append(f"{where}: a box without area; delete it")
        except LabelError as error:
            wrong.append(str(error))
    return wrong


def read_classes(file: Path) -> tuple[str, ...]:
    """The names in a ``classes.txt``, blank lines at its end left out; nothing if it is missing."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        raise LabelError(f"{file}: not a text file; expected one class name a line") from error
    return tuple(line.strip() for line in text.rstrip().splitlines())


def write_classes(file: Path, names: Sequence[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _extra_classes(class_files: Sequence[Path], names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that an earlier session added behind ours; raises `LabelError` at any other list."""
    extra: tuple[str, ...] = ()
    for file in class_files:
        found = read_classes(file)
        more = found[len(names) :]
        same = found[: len(names)] == names[: len(found)]
        if not same or (extra and more and more != extra):
            raise LabelError(
                f"{file}: lists {', '.join(found)}; expected {', '.join((*names, *extra))}: its "
                "labels may mean other classes; remove the file if they do not"
            )
        extra = extra or more
    return extra


def snapshot(session: Session) -> dict[Path, LabelState]:
    """The label files that the session's images have now."""
    states = {}
    for label in map(label_path_of, session.images):
        if label.is_file():
            states[label] = LabelState(label.read_bytes(), label.stat().st_mtime_ns)
    return states


def back_up(session: Session, states: Mapping[Path, LabelState], when: str) -> Path | None:
    """Put these labels into one zip file in a hidden folder beside them; None if there are none."""
    if not states:
        return None
    folder = session.label_root / ".labelimg"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{when}_{time.strftime('%Y%m%d_%H%M%S')}.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for label, state in states.items():
            archive.writestr(os.path.relpath(label, session.label_root), state.data)
    return file


@dataclass(frozen=True)
class Returned:
    """``changed`` label files have other boxes than before, ``saved`` ones were written at all;
    ``repaired`` says what was done to ``classes.txt``, ``problems`` what remains wrong."""

    changed: tuple[Path, ...]
    saved: tuple[Path, ...]
    repaired: tuple[str, ...]
    problems: tuple[str, ...]


def check_return(session: Session, before: Mapping[Path, LabelState]) -> Returned:
    """Compare the labels with ``before``, repair the class lists, name every wrong line."""
    after = snapshot(session)
    saved = tuple(sorted(p for p, state in after.items() if state != before.get(p)))
    changed = tuple(p for p in saved if p not in before or after[p].data != before[p].data)
    repaired: list[str] = []
    for folder in session.label_folders:
        repaired += _repair_classes(
            folder, session, {p: after[p] for p in saved if p.parent == folder}
        )
    gone = sorted(before.keys() - after.keys())
    problems = [f"{p}: was there before the session, and is gone" for p in gone]
    for image in session.images:
        problems += wrong_lines(label_path_of(image), len(session.names))
    return Returned(changed, saved, tuple(repaired), tuple(problems))


def _repair_classes(folder: Path, session: Session, saved: Mapping[Path, LabelState]) -> list[str]:
    """Bring a folder's ``classes.txt`` back to our list. Names of others stay behind ours as long
    as a label uses them, so that the next session can show and change these boxes."""
    file = folder / CLASSES_FILE
    expected = (*session.names, *session.extra)
    found = read_classes(file)
    target = expected + tuple(name for name in found if name not in expected)
    notes = []
    if found and found[: len(expected)] != expected:
        backup = back_up(session, saved, "before_renumbering")
        for label in saved:
            _renumber(label, found, target)
        notes.append(
            f"{file}: listed {', '.join(found)}; {len(saved)} labels saved by that list renumbered"
            f" (as they were: {backup})"
        )
    used = _highest_class(folder, session)
    kept = target[: max(used + 1, len(session.names))]
    if kept != found:
        write_classes(file, kept)
        notes.append(f"{file}: written anew: {', '.join(kept)}")
    if len(kept) > len(session.names):
        unknown = ", ".join(kept[len(session.names) :])
        notes.append(f"{file}: {unknown}: not a class of this data set; open again and change it")
    return notes


def _renumber(label: Path, found: Sequence[str], target: Sequence[str]) -> None:
    lines = []
    for line in label.read_text(encoding="utf-8").splitlines():
        number, _, rest = line.partition(" ")
        if number.isdigit() and int(number) < len(found):
            number = str(target.index(found[int(number)]))
        lines.append(f"{number} {rest}".rstrip())
    label.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _highest_class(folder: Path, session: Session) -> int:
    """The highest class number in the labels of ``folder``; -1 where there is none."""
    highest = -1
    for image in session.images:
        label = label_path_of(image)
        if label.parent == folder and label.is_file():
            numbers = (
                line.split(" ")[0] for line in label.read_text("utf-8", "replace").splitlines()
            )
            highest = max([highest, *(int(n) for n in numbers if n.isdigit())])
    return highest
