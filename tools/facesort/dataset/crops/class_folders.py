"""Face crops as folders of class folders, what classifiers are trained on; train may be balanced.

out/<split>/<class>/00012.jpg    the crop, made square by the caller; 00012_3.jpg a changed copy
out/crops.csv                    which file of the source that was, and how often it is shown
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.csv_files import Writer
from facesort.dataset.balance import sampling as resampling
from facesort.dataset.balance.augment import augment
from facesort.dataset.crops.crop_set import parse_split, split_crops
from facesort.dataset.splits import SPLITS, TRAIN
from facesort.dataset.writer import write_jpeg
from facesort.errors import DatasetError
from facesort.file_names import why_no_name
from facesort.labels import named_crops
from facesort.labels.image_labels import ImageLabels, LabelSet
from facesort.photos import open_photo
from facesort.reporter import Step, no_step

UNDER, OVER = "under", "over"
_JPEG_QUALITY = 95

Image = NDArray[np.uint8]
Square = Callable[[Image], Image]


def split_by(
    labels: LabelSet, split: str, group_by: str | None = None, step: Step = no_step
) -> dict[str, LabelSet]:
    """``labels`` by split: as shares say (``0.75,0.1,0.15``), or a CSV with columns image,split.

    Raises `DatasetError` unless there is something to train on, to choose by and to judge on.
    """
    if split.lower().endswith(".csv"):
        parts = _split_by_table(labels, Path(split).expanduser())
    else:
        parts = split_crops(labels, parse_split(split), group_by, step)
    missing = [name for name in SPLITS if name not in parts]
    if missing:
        raise DatasetError(f"{labels.root}: no crop in {', '.join(missing)}; expected all three")
    return parts


def how_often(labels: LabelSet, sampling: str, seed: int) -> NDArray[np.int64]:
    """How often each crop is shown, (n,): once, or so that all classes have as many as the rarest
    (``under``) or the commonest (``over``)."""
    names = len(labels.names)
    rows = [resampling.count_classes(image, names) for image in labels.images]
    counts = resampling.stack(rows, names)
    if sampling == UNDER:
        return resampling.undersample(counts, seed)
    if sampling == OVER:
        most = resampling.target_boxes(counts, "max")
        return resampling.oversample(counts, most, most, seed)
    return np.ones(len(counts), dtype=np.int64)


def write_class_folders(
    parts: Mapping[str, LabelSet],
    times: Sequence[int] | NDArray[np.int64],
    out: Path,
    square: Square,
    seed: int = 0,
    step: Step = no_step,
) -> int:
    """Write train, each crop ``times`` often, and val; the number of training crops written.

    The test split is judged on the originals. Raises `DatasetError` where ``out`` is taken.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out}: not empty; pass another --out")
    for name in parts[TRAIN].names:
        if why := why_no_name(name):
            raise DatasetError(f"{out}: class {name!r} cannot be a folder: {why}; rename it")
    rows, written = [], 0
    for split in (TRAIN, "val"):
        labels = parts[split]
        shown = times if split == TRAIN else np.ones(len(labels.images), dtype=np.int64)
        pairs = list(zip(labels.images, shown, strict=True))
        for number, (image, n) in enumerate(step(pairs, len(pairs), "crop")):
            name = labels.names[int(image.class_id[0])]
            _write(image, int(n), out / split / name, [seed, number], square)
            rows.append([split, f"{number:05d}", labels.relative(image.path).as_posix(), name, n])
            written += int(n) if split == TRAIN else 0
    with (out / "crops.csv").open("w", newline="", encoding="utf-8", errors="surrogateescape") as f:
        Writer(f).writerows([["split", "stem", "image", "class", "times"], *rows])
    return written


def _write(image: ImageLabels, n: int, folder: Path, seeds: list[int], square: Square) -> None:
    """One crop and its ``n`` - 1 changed copies."""
    if not n:
        return
    folder.mkdir(parents=True, exist_ok=True)
    rgb, stem = square(open_photo(image.path).rgb), f"{seeds[-1]:05d}"
    height, width = rgb.shape[:2]
    whole = ImageLabels.of(image.path, (width, height), [[0, 0, width, height]], image.class_id)
    for copy in range(n):
        changed = augment(rgb, whole, image.path, [*seeds, copy]).rgb if copy else rgb
        name = f"{stem}_{copy}.jpg" if copy else f"{stem}.jpg"
        write_jpeg(changed, folder / name, _JPEG_QUALITY)


def _split_by_table(labels: LabelSet, table: Path) -> dict[str, LabelSet]:
    split_of = {row["image"]: row["split"] for row in named_crops.read(table, "image", "split")}
    where = [split_of.get(labels.relative(image.path).as_posix(), "") for image in labels.images]
    pairs = list(zip(labels.images, where, strict=True))
    without = [image.path.name for image, split in pairs if split not in SPLITS]
    if without:
        raise DatasetError(
            f"{table}: {len(without):,} crops without one of {', '.join(SPLITS)}, the first is "
            f"{without[0]}; add them"
        )
    parts = {name: tuple(i for i, split in pairs if split == name) for name in SPLITS}
    return {name: replace(labels, images=images) for name, images in parts.items() if images}
