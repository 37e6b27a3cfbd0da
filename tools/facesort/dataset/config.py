"""A data set as the YAML of Ultralytics describes it: class names, and the labels of a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facesort.dataset.layout import entries_of, find, load, names_of, read_layout, root_of
from facesort.dataset.split import SPLITS
from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.photos import open_photo


@dataclass(frozen=True)
class DataConfig:
    """Class names by index, and the folder of each split (of several, the first)."""

    file: Path
    names: tuple[str, ...]
    splits: Mapping[str, Path]

    def pictures(self, split: str) -> list[Path]:
        """The pictures of one split, sorted; raises `DatasetError` if it is not there."""
        if split not in self.splits:
            raise DatasetError(
                f"{self.file.name}: no split '{split}'; it has {', '.join(self.splits)}"
            )
        return sorted(placed.path for placed in read_layout(self.file, [split]).pictures)

    def read(self, split: str) -> list[ImageLabels]:
        """The labels of one split, sorted by picture; raises `DatasetError` if it is not there."""
        size = len(self.names)
        return [yolo.read(p, open_photo(p).size_wh, size) for p in self.pictures(split)]


def read_config(file: Path) -> DataConfig:
    """Read ``file``; without ``path:`` its folders are relative to the file itself."""
    content = load(file)
    root, splits = root_of(file, content), {}
    for split in SPLITS:
        for text in entries_of(content, split)[:1]:
            splits[split] = find(root, text) or (root / text).resolve()
    return DataConfig(file, names_of(file, content), splits)
