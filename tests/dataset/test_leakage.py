"""Shared images: exact and near, across splits and within one."""

from pathlib import Path

import numpy as np
import pytest

from facesort.dataset.check.checker import check_pairs, find_pairs
from facesort.dataset.check.sample import ImageStats, Sample

BASE = 0x0F0F_3C3C_55AA_9966
NEAR, FAR = BASE ^ 0b1111, BASE ^ 0xFFFF_FFFF


def face(split: str, name: str, content: str, phash: int) -> tuple[Sample, ImageStats]:
    sample = Sample(split, Path(split) / name, Path(name), f"{split}/{name}", Path(name), (), 1)
    return sample, ImageStats((9, 9), 1, content, phash, np.zeros(0), np.zeros(0))


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ([], []),
        ([("train", "a", "x", BASE)], []),
        ([("train", "a", "x", BASE), ("val", "b", "y", FAR)], []),
        (
            [("test", "b", "x", BASE), ("train", "a", "x", BASE)],
            [("leak", "train/a", "test/b", None)],
        ),
        (
            [("train", "a", "x", BASE), ("val", "b", "x", BASE), ("test", "c", "x", BASE)],
            [("leak", "train/a", "test/c", None), ("leak", "val/b", "test/c", None)],
        ),
        (
            [("train", "a", "x", BASE), ("train", "b", "x", BASE)],
            [("twin", "train/a", "train/b", None)],
        ),
        (
            [("val", "b", "y", NEAR), ("train", "a", "x", BASE)],
            [("near-leak", "train/a", "val/b", 4)],
        ),
        ([("train", "a", "x", BASE), ("train", "b", "y", NEAR)], []),  # near, in one split
    ],
)
def test_pairs(faces: list[tuple[str, str, str, int]], expected: list[tuple[object, ...]]) -> None:
    pairs = find_pairs([face(*row) for row in faces])
    checks = [issue.check for issue in check_pairs(pairs)]
    rows = zip(checks, pairs, strict=True)
    assert [(name, p.a.name, p.b.name, p.bits) for name, p in rows] == expected


def test_the_most_alike_come_first() -> None:
    faces = [face("train", "a", "x", BASE)]
    faces += [face("val", f"{bits}", f"{bits}", BASE ^ ((1 << bits) - 1)) for bits in (6, 0, 3)]
    assert [pair.bits for pair in find_pairs(faces)] == [0, 3, 6]
