"""Write a `LabelSet` as one split of a YOLO data set: images, labels and ``data.yaml``.

out/images/<split>/...   hard links to the images, copies where the disk has none
out/labels/<split>/...   class cx cy w h
out/data.yaml            names and splits, relative to itself: yolo detect train data=out/data.yaml
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from facesort.dataset.splits import SPLITS, TRAIN
from facesort.dataset.writer import FreeNames, write_jpeg
from facesort.errors import DatasetError, PhotoError
from facesort.files import link_or_copy
from facesort.labels import yolo
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet, count_boxes, is_synthetic
from facesort.photos import open_photo

# what every YOLO reads; other images (HEIC, AVIF) are written as JPEG
_YOLO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
_JPEG_QUALITY = 95
_NO_LINES: Mapping[str, object] = MappingProxyType({})


def write_yolo(
    labels: LabelSet,
    out: Path,
    split: str = TRAIN,
    *,
    images: bool = True,
    render: Callable[[ImageLabels], str] = yolo.render,
    config_lines: Mapping[str, object] = _NO_LINES,
) -> LabelSet:
    """Write ``labels`` and return what was written, at its new place.

    Boxes of unknown class (`IGNORE`), and those without area in the image, cannot be given in YOLO
    txt: they are left out and counted. ``images`` False writes labels only. ``render`` gives the
    text of a label file where it is to hold more than boxes, and ``config_lines`` goes into
    data.yaml beside the names. Raises `DatasetError` where the split is there already or the data
    set has other classes or lines.
    """
    config = _begin(labels, out, split, config_lines)
    left_out, names, written = Counter(labels.left_out), FreeNames(), []
    folder = out / "images" / split
    for image in labels.images:
        inside = _inside(labels.relative(image.path))
        target = names.of(_readable(folder / inside))
        if is_synthetic(target) and split != TRAIN:
            raise DatasetError(f"{image.path}: synthetic, so for training only; not for {split}")
        try:
            if images:
                _place(image.path, target, image.path in labels.whole)
        except PhotoError as error:
            left_out[f"image {error}"] += len(image.class_id)
            continue
        placed = replace(image, path=target)
        unknown = placed.class_id == IGNORE
        empty = yolo.is_empty(placed)
        if unknown.any() or empty.any():
            left_out["of unknown class"] += int(unknown.sum())
            left_out["without area in the image"] += int((empty & ~unknown).sum())
            placed = placed.only(~unknown & ~empty)
        _write_label(target, render(placed))
        written.append(placed)
    config.write_text(_config_text(labels.names, out, config_lines), encoding="utf-8")
    return replace(labels, images=tuple(written), root=out, left_out=+left_out)


def summary(read: LabelSet, written: LabelSet) -> list[str]:
    """Lines that account for every box: in, out, and what was left out with its reason."""
    out = count_boxes(written.images, written.names)
    lines = [f"{len(written.images):,} of {len(read.images):,} images"]
    lines += [f"{name:24}{out[name]:>9,}" for name in written.names]
    lines += [f"left out {reason}: {n:,}" for reason, n in sorted(written.left_out.items())]
    total = sum(out.values())
    dropped = sum(written.left_out.values())
    lines.append(f"boxes: {total + dropped:,} in = {total:,} out + {dropped:,} left out")
    return lines + list(read.notes)


def check_out(
    names: tuple[str, ...], out: Path, split: str, lines: Mapping[str, object] = _NO_LINES
) -> None:
    """Raise `DatasetError` where this split cannot be written to ``out``: ask before long work."""
    if split not in SPLITS:
        raise DatasetError(f"--split {split}: expected one of {', '.join(SPLITS)}")
    config = out / "data.yaml"
    if config.exists():
        content, there = _read_config(config)
        if there != names:
            raise DatasetError(f"{config}: has classes {there}, not {names}; other --out")
        if content.get("kpt_shape") != lines.get("kpt_shape"):
            raise DatasetError(f"{config}: boxes with and without keypoints; pass another --out")
    elif out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out}: not empty and no data set of ours; pass another --out")
    for kind in ("images", "labels"):
        folder = out / kind / split
        if folder.exists() and any(folder.iterdir()):
            raise DatasetError(f"{folder}: holds files already; pass another --out or --split")


def _begin(labels: LabelSet, out: Path, split: str, lines: Mapping[str, object]) -> Path:
    check_out(labels.names, out, split, lines)
    for kind in ("images", "labels"):
        (out / kind / split).mkdir(parents=True, exist_ok=True)
    return out / "data.yaml"


def _read_config(config: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    try:
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
        names = content["names"]
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise DatasetError(f"{config}: not a data set YAML; pass another --out") from error
    ordered = [names[i] for i in sorted(names)] if isinstance(names, dict) else names
    return content, tuple(ordered)


def _config_text(names: Iterable[str], out: Path, lines: Mapping[str, object]) -> str:
    splits = {s: f"images/{s}" for s in SPLITS if (out / "images" / s).is_dir()}
    # `yolo detect train` wants both; a set with one split is judged on itself
    both = {TRAIN: splits.get(TRAIN, next(iter(splits.values())))}
    both["val"] = splits.get("val", splits.get("test", both[TRAIN]))
    content = both | splits | dict(lines) | {"names": dict(enumerate(names))}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _inside(relative: Path) -> Path:
    """``relative`` without folders called images: labels are found by the last of that name."""
    return Path(*(part for part in relative.parts[:-1] if part != "images"), relative.name)


def _readable(target: Path) -> Path:
    """``target`` with a suffix that every YOLO reads."""
    return target if target.suffix.lower() in _YOLO_SUFFIXES else target.with_suffix(".jpg")


def _place(source: Path, target: Path, is_whole: bool) -> None:
    """The image at its new place, the original untouched; `PhotoError` if it is not one."""
    if source.suffix.lower() in _YOLO_SUFFIXES:
        try:
            link_or_copy(source, target, is_whole)
        except (FileNotFoundError, IsADirectoryError):
            raise PhotoError("is not there") from None
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    write_jpeg(open_photo(source).rgb, target, _JPEG_QUALITY)


def _write_label(image: Path, text: str) -> None:
    path = yolo.label_path_of(image)
    try:
        file = open(path, "wb", buffering=0)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "wb", buffering=0)
    with file:
        file.write(text.encode())
