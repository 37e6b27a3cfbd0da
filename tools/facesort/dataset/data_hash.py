"""A short name for the content of a data set: says which data a model was trained on."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from facesort.dataset.layout import read_layout
from facesort.dataset.split import TRAIN
from facesort.labels.yolo import label_path_of


def data_hash(pictures: Iterable[Path]) -> str:
    """16 hex digits over the names, sizes in bytes and label files of ``pictures``, in any order.

    Pixels are not read: of thousands of photos that would take minutes.
    """
    digest = blake2b(digest_size=8)
    for picture in sorted(pictures, key=lambda p: p.name):
        label = label_path_of(picture)
        text = label.read_bytes() if label.is_file() else b""
        digest.update(f"{picture.name}\0{picture.stat().st_size}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.hexdigest()


def hash_of_train_split(file: Path) -> str:
    """The hash of the training split of the data set YAML ``file``."""
    return data_hash(placed.path for placed in read_layout(file, [TRAIN]).pictures)
