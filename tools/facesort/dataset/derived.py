"""A data set made from another one: a folder that is ours to replace, originals linked into it.

Labels are copied, not linked: they are edited in place, and a link would reach the original.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from facesort.dataset.free_names import FreeNames
from facesort.dataset.jpeg import write_jpeg
from facesort.dataset.links import link_or_copy
from facesort.dataset.split import SPLITS
from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import ImageLabels

_KINDS = ("images", "labels")
_CONFIG = "data.yaml"


class DerivedSet:
    """The data set under ``root`` while it is being written by ``script``, whose ``marker`` says
    that it may be emptied and written again; ``files`` are what the script writes besides."""

    def __init__(self, root: Path, script: str, marker: str, files: Sequence[str] = ()) -> None:
        self.root = root
        self._script, self._marker, self._files = script, marker, files
        self._free = FreeNames()

    def check(self, sources: Iterable[Path]) -> None:
        """Raise `DatasetError` unless ``root`` is new, empty or ours, and apart from the folders
        ``sources``."""
        if self.root.exists() and not self.root.is_dir():
            raise DatasetError(f"{self.root}: is a file; expected a folder to fill; other --out")
        is_ours = (self.root / self._marker).exists()
        if self.root.exists() and any(self.root.iterdir()) and not is_ours:
            raise DatasetError(f"{self.root}: not empty and not made here; pass another --out")
        whole = self.root.resolve()
        for folder in {folder.resolve() for folder in sources}:
            if whole.is_relative_to(folder) or folder.is_relative_to(whole):
                raise DatasetError(f"{self.root}: holds or lies in {folder}; pass another --out")

    def start(self) -> None:
        """Empty ``root`` of what an earlier run wrote."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / self._marker).write_text(
            f"made by tools/{self._script}, which may replace everything here\n"
        )
        for kind in _KINDS:
            if (self.root / kind).exists():
                shutil.rmtree(self.root / kind)  # refuses a link: what it leads to is not ours
        for name in (_CONFIG, *self._files):
            (self.root / name).unlink(missing_ok=True)

    def target(self, split: str, inside: Path) -> Path:
        """Where the picture ``inside`` a split goes."""
        return self._free.of(self.root / "images" / split / inside)

    def link(self, picture: Path, target: Path) -> None:
        """``picture`` at ``target``, with its label if it has one."""
        label, copy = yolo.label_path_of(picture), yolo.label_path_of(target)
        if label.exists():  # first: a picture whose label is refused must not seem without faces
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(label, copy)
        link_or_copy(picture, target)

    def save(self, rgb: NDArray[np.uint8], labels: ImageLabels) -> None:
        """A new picture and its label, at the path that ``labels`` names."""
        labels.path.parent.mkdir(parents=True, exist_ok=True)
        write_jpeg(rgb, labels.path)
        yolo.write(labels)

    def finish(self, names: Sequence[str]) -> None:
        """Write ``data.yaml``, relative to itself."""
        splits = [s for s in SPLITS if (self.root / "images" / s).is_dir()]
        content = {s: f"images/{s}" for s in splits} | {"names": dict(enumerate(names))}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (self.root / _CONFIG).write_text(text, encoding="utf-8")


def number_of(inside: Path) -> int:
    """A number of a picture's name: what is diced with it does not depend on other pictures."""
    name = inside.as_posix().encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
