"""Where the images of a data.yaml lie that was written for another computer.

Roboflow writes ``../train/images``, notebooks ``/content/project-1/train/images``; a split may be a
folder, several, or a text file with an image a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from facesort.dataset import yolo_dataset
from facesort.dataset.splits import SPLITS
from facesort.photos import list_photos


@dataclass(frozen=True)
class Places:
    """``splits`` are the folders and lists that are there; ``notes`` say what was found elsewhere
    than the YAML says, and what is not there."""

    names: tuple[str, ...]
    splits: dict[str, list[Path]]
    notes: tuple[str, ...]
    keypoint_fields: int


def find_places(config: Path) -> Places:
    """Raises `DatasetError` where ``config`` is no data set YAML."""
    content = yolo_dataset.load(config)
    splits: dict[str, list[Path]] = {}
    notes: list[str] = []
    for split in SPLITS:
        for text in yolo_dataset.entries_of(content, split):
            place = yolo_dataset.find(yolo_dataset.root_of(config, content), text)
            if place is None and (place := _moved(config.parent, text)):
                notes.append(f"{split}: {text} is not there; taken: {place}")
            if place is None:
                notes.append(f"{split}: {text} is not there; this split is left out")
            else:
                splits.setdefault(split, []).append(place)
    names = yolo_dataset.names_of(config, content)
    return Places(names, splits, tuple(notes), yolo_dataset.keypoint_fields(content))


def _moved(folder: Path, text: str) -> Path | None:
    """The end of the path below the YAML's own folder: the longest that is there."""
    whole = PurePosixPath(text.replace("\\", "/"))
    parts = [part for part in whole.parts if part not in ("/", "..", ".") and ":" not in part]
    ends = (folder.joinpath(*parts[-n:]) for n in (3, 2, 1) if len(parts) >= n)
    return next((place.resolve() for place in ends if place.exists()), None)


def images_at(place: Path) -> list[Path]:
    """Of a folder, or listed in a text file relative to it."""
    if place.is_dir():
        return [photo.path for photo in list_photos(place).photos]
    lines = place.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [place.parent / line.strip() for line in lines if line.strip()]
