"""Crops as class folders: who is in which split, how often each is shown, what lies on the disk."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from facesort.classes import CLASS_NAMES
from facesort.dataset.crops.class_folders import how_often, split_by, write_class_folders
from facesort.errors import DatasetError, LabelError
from facesort.labels.image_labels import ImageLabels, LabelSet


def crop_set(root: Path, class_ids: list[int]) -> LabelSet:
    """One crop a class id, all unlike, on the disk."""
    images = []
    for number, class_id in enumerate(class_ids):
        blocks = np.random.default_rng(number).integers(0, 255, (5, 4, 3), dtype=np.uint8)
        path = root / f"{number}.png"
        cv2.imwrite(str(path), blocks.repeat(8, axis=0).repeat(8, axis=1))
        images.append(ImageLabels.of(path, (32, 40), [[0, 0, 32, 40]], [class_id]))
    return LabelSet(CLASS_NAMES, tuple(images), root)


@pytest.mark.parametrize(
    ("class_ids", "sampling", "by_class"),
    [
        ([0], "original", [1, 0, 0, 0]),
        ([0, 0, 0, 1, 3], "original", [3, 1, 0, 1]),
        ([0, 0, 0, 1, 3], "under", [1, 1, 0, 1]),
        ([0, 0, 0, 1, 3], "over", [3, 3, 0, 3]),
        ([0] * 9 + [2], "over", [9, 0, 9, 0]),  # as often as it takes
    ],
)
def test_how_often(
    class_ids: list[int], sampling: str, by_class: list[int], tmp_path: Path
) -> None:
    times = how_often(crop_set(tmp_path, class_ids), sampling, seed=0)
    assert np.bincount(class_ids, times, minlength=4).tolist() == by_class


def test_no_crop_cannot_be_balanced(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not one box"):
        how_often(LabelSet(CLASS_NAMES, (), tmp_path), "over", seed=0)


def write_table(folder: Path, rows: list[tuple[str, str]]) -> str:
    table = folder / "split.csv"
    table.write_text("image,split\n" + "".join(f"{i},{s}\n" for i, s in rows))
    return str(table)


def test_a_table_splits(tmp_path: Path) -> None:
    labels = crop_set(tmp_path, [0, 1, 2])
    table = write_table(tmp_path, [("0.png", "train"), ("1.png", "val"), ("2.png", "test")])
    parts = split_by(labels, table)
    assert {s: [i.path.name for i in p.images] for s, p in parts.items()} == {
        "train": ["0.png"],
        "val": ["1.png"],
        "test": ["2.png"],
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "3 crops without one of"),
        ([("0.png", "train"), ("1.png", "valid"), ("2.png", "test")], "the first is 1.png"),
        ([("0.png", "train"), ("1.png", "val"), ("2.png", "val")], "no crop in test"),
    ],
)
def test_a_table_that_does_not_do(
    rows: list[tuple[str, str]], message: str, tmp_path: Path
) -> None:
    labels = crop_set(tmp_path, [0, 1, 2])
    with pytest.raises(DatasetError, match=message):
        split_by(labels, write_table(tmp_path, rows))


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="cannot be read"):
        split_by(crop_set(tmp_path, [0]), str(tmp_path / "none.csv"))


def test_written_folders(tmp_path: Path) -> None:
    """Train as often as told, val once, and the table accounts for both; a copy is changed."""
    (tmp_path / "src").mkdir()
    labels, out = crop_set(tmp_path / "src", [0, 0, 3, 1]), tmp_path / "out"
    parts = {
        name: LabelSet(CLASS_NAMES, labels.images[part], labels.root)
        for name, part in (("train", slice(0, 3)), ("val", slice(3, 4)))
    }
    assert write_class_folders(parts, [1, 0, 2], out, lambda rgb: rgb[:32]) == 3
    there = sorted(f.relative_to(out).as_posix() for f in out.rglob("*.jpg"))
    copies = ["train/masked_sunglasses/00002.jpg", "train/masked_sunglasses/00002_1.jpg"]
    assert there == ["train/face/00000.jpg", *copies, "val/masked/00000.jpg"]
    first, second = (cv2.imread(str(out / name)) for name in copies)
    assert first.shape == second.shape == (32, 32, 3)
    assert np.abs(first.astype(int) - second).max() > 5
    with (out / "crops.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["split"], r["image"], r["times"]) for r in rows] == [
        ("train", "0.png", "1"),
        ("train", "1.png", "0"),
        ("train", "2.png", "2"),
        ("val", "3.png", "1"),
    ]
    with pytest.raises(DatasetError, match="not empty"):
        write_class_folders(parts, [1, 1, 1], out, lambda rgb: rgb)
