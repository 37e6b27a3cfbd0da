"""A YOLO data set on disk, read: its YAML, where its images and labels lie, and its hash."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml

from facesort.console import one_line
from facesort.data_yaml import refuse_download
from facesort.dataset.splits import SPLITS, TRAIN
from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.labels.yolo import label_path_of
from facesort.photos import PHOTO_SUFFIXES, open_photo


@dataclass(frozen=True)
class DataConfig:
    """Class names by index, and the folder of each split (of several, the first)."""

    file: Path
    names: tuple[str, ...]
    splits: Mapping[str, Path]

    def images(self, split: str) -> list[Path]:
        """The images of one split, sorted; raises `DatasetError` if any of its folders is not
        there or empty: a part of the images would pass for all of them."""
        if split not in self.splits:
            raise DatasetError(
                f"{self.file.name}: no split '{split}'; it has {', '.join(self.splits)}"
            )
        layout = read_layout(self.file, [split])
        if layout.missing:
            where = ", ".join(text for _, text in layout.missing)
            raise DatasetError(f"{self.file}: no image in {where}; build it, or take it out")
        return sorted(placed.path for placed in layout.images)

    def read(self, split: str) -> list[ImageLabels]:
        """The labels of one split, sorted by image; raises `DatasetError` if it is not there."""
        size = len(self.names)
        return [yolo.read(p, open_photo(p).size_wh, size) for p in self.images(split)]


def read_config(file: Path) -> DataConfig:
    """Read ``file``; without ``path:`` its folders are relative to the file itself."""
    content = load(file)
    root, splits = root_of(file, content), {}
    for split in SPLITS:
        for text in entries_of(content, split)[:1]:
            splits[split] = find(root, text) or (root / text).resolve()
    return DataConfig(file, names_of(file, content), splits)


_OTHER_NAMES = {"val": ("validation", "valid")}


@dataclass(frozen=True)
class Placed:
    """An image of a split; ``inside`` is its path below the folder that the YAML names."""

    split: str
    path: Path
    inside: Path


@dataclass(frozen=True)
class Layout:
    """``missing`` are (split, what the YAML names and is not there); ``keypoint_fields`` the
    numbers that follow each box in a pose data set."""

    file: Path
    names: tuple[str, ...]
    splits: tuple[str, ...]
    images: tuple[Placed, ...]
    missing: tuple[tuple[str, str], ...]
    folders: tuple[tuple[str, Path], ...]
    root: Path
    keypoint_fields: int = 0

    def name_of(self, path: Path) -> str:
        """``path`` as reports show it: relative to the folder that holds all splits, with ``/``."""
        try:
            return one_line(Path(os.path.relpath(path, self.root)).as_posix())
        except ValueError:  # another drive
            return one_line(path.as_posix())

    def orphans(self) -> Iterator[tuple[str, Path]]:
        """(split, label file) of the labels that belong to no image."""
        wanted = {yolo.label_path_of(placed.path) for placed in self.images}
        for split, folder in self.folders:
            labels = yolo.label_path_of(folder / "x.jpg").parent
            for label in sorted(labels.rglob("*.txt")):
                if label not in wanted and label.name.lower() not in yolo.NO_LABELS:
                    wanted.add(label)  # reported once, where folders lie in one another
                    yield split, label


def read_layout(file: Path, only: Sequence[str] = ()) -> Layout:
    """Read ``file``; ``only`` names the splits to look at (default: all). Raises `DatasetError`
    where the YAML itself cannot be used or no image is found at all."""
    content = load(file)
    splits = tuple(s for s in SPLITS if entries_of(content, s))
    absent = [s for s in only if s not in splits]
    if absent or not splits:
        raise DatasetError(f"{file}: no split '{(absent or ['train'])[0]}'; it has {list(splits)}")
    images: list[Placed] = []
    missing, folders = [], []
    for split in only or splits:
        for text in entries_of(content, split):
            source = find(root_of(file, content), text)
            if source is None:
                missing.append((split, text))
                continue
            found = list(_images(split, source))
            images += found
            if not found:
                missing.append((split, text))
            if source.is_dir():
                folders.append((split, source))
    if not images:
        where = ", ".join(text for _, text in missing)
        raise DatasetError(f"{file}: no image in {where}; build the data set, or fix the paths")
    return Layout(
        file=file,
        names=names_of(file, content),
        splits=tuple(only or splits),
        images=tuple(images),
        missing=tuple(missing),
        folders=tuple(folders),
        root=_common([folder for _, folder in folders] or [p.path.parent for p in images]),
        keypoint_fields=keypoint_fields(content),
    )


def load(file: Path) -> Mapping[str, Any]:
    """What ``file`` says; `DatasetError` where it is no data set YAML."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror}); check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict):
        raise DatasetError(f"{file}: not a data set YAML; expected names, train, val")
    refuse_download(file, content)
    return content


def names_of(file: Path, content: Mapping[str, Any]) -> tuple[str, ...]:
    """The class names by index."""
    names = content.get("names")
    if names is None and isinstance(content.get("nc"), int):
        names = [f"class_{i}" for i in range(content["nc"])]
    if isinstance(names, dict) and sorted(names, key=str) == sorted(range(len(names)), key=str):
        names = [names[i] for i in range(len(names))]
    if not isinstance(names, list) or not names:
        raise DatasetError(f"{file}: names are {names!r}; expected a list, or 0: first, 1: second")
    return tuple(str(name) for name in names)


def entries_of(content: Mapping[str, Any], split: str) -> list[str]:
    """What the YAML says of a split, as a list."""
    for key in (split, *_OTHER_NAMES.get(split, ())):
        value = content.get(key)
        if value:
            return [str(v) for v in value] if isinstance(value, list) else [str(value)]
    return []


def root_of(file: Path, content: Mapping[str, Any]) -> Path:
    """What the entries are relative to."""
    path = Path(str(content.get("path") or ""))
    beside = (file.parent / path).resolve()
    return beside if beside.exists() else path.resolve()


def find(root: Path, text: str) -> Path | None:
    """The folder or list that an entry means; None where there is none."""
    tries = [root / text, root / text.removeprefix("../")]
    return next((p.resolve() for p in tries if p.exists()), None)


def _images(split: str, source: Path) -> Iterator[Placed]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith("."):
                yield Placed(split, path, path.relative_to(source))
        return
    text = source.read_text(encoding="utf-8", errors="surrogateescape")
    for line in filter(None, map(str.strip, text.splitlines())):
        path = source.parent / line
        yield Placed(split, path, Path(path.name))


def keypoint_fields(content: Mapping[str, Any]) -> int:
    """How many numbers follow each box in a pose data set."""
    shape = content.get("kpt_shape")
    if not (isinstance(shape, list) and [type(n) for n in shape] == [int, int]):
        return 0
    return int(shape[0] * shape[1])


def _common(folders: Sequence[Path]) -> Path:
    try:
        common = Path(os.path.commonpath([str(folder) for folder in folders]))
    except ValueError:  # on several drives
        return folders[0]
    return common.parent if common.name == "images" else common


def data_hash(images: Iterable[Path]) -> str:
    """16 hex digits over the names, sizes in bytes and label files of ``images``, in any order.

    Pixels are not read: of thousands of photos that would take minutes.
    """
    digest = blake2b(digest_size=8)
    for image in sorted(images, key=lambda p: p.name):
        label = label_path_of(image)
        text = label.read_bytes() if label.is_file() else b""
        digest.update(f"{image.name}\0{image.stat().st_size}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.hexdigest()


def hash_of_train_split(file: Path) -> str:
    """The hash of the training split of the data set YAML ``file``."""
    return data_hash(placed.path for placed in read_layout(file, [TRAIN]).images)
