"""Read a data set YAML the way Ultralytics does: names, and the pictures and labels of a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels
from facesort.photos import PHOTO_SUFFIXES, open_photo


@dataclass(frozen=True)
class DataConfig:
    """Class names by index, and the folder of pictures of each split."""

    file: Path
    names: tuple[str, ...]
    splits: Mapping[str, Path]

    def read(self, split: str) -> list[ImageLabels]:
        """The labels of one split, sorted by picture; raises `DatasetError` if it is not there."""
        folder = self.splits.get(split)
        if folder is None:
            raise DatasetError(
                f"{self.file.name}: no split '{split}'; it has {', '.join(self.splits)}"
            )
        if not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder ({split} of {self.file.name}); build it")
        pictures = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PHOTO_SUFFIXES)
        if not pictures:
            raise DatasetError(f"{folder}: no pictures ({split} of {self.file.name})")
        return [yolo.read(p, open_photo(p).size_wh, len(self.names)) for p in pictures]


def read_config(file: Path) -> DataConfig:
    """Read ``file``; without ``path:`` its folders are relative to the file itself."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        names = content["names"]
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, KeyError, TypeError):
        raise DatasetError(f"{file}: not a data set YAML; expected names, train, val") from None
    root = (file.parent / content.get("path", "")).resolve()
    splits = {s: (root / content[s]).resolve() for s in ("train", "val", "test") if content.get(s)}
    ordered = [names[i] for i in sorted(names)] if isinstance(names, dict) else names
    return DataConfig(file, tuple(ordered), splits)
