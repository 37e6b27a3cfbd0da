"""Which faces are kept, and for which reason the others are counted."""

from collections import Counter

import numpy as np
import pytest
from face_lists import image

from facesort.errors import LabelError
from facesort.labels.widerface.bbx_text import ATTRIBUTES
from facesort.labels.widerface.face_list import FaceFilter, FaceList

# blur expression illumination invalid occlusion pose
CLEAR, NORMAL, HEAVY = ([b, 0, 0, 0, 0, 0] for b in (0, 1, 2))
INVALID, COVERED, TURNED = [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 2, 0], [0, 0, 0, 0, 0, 1]
UNKNOWN = [-1] * 6
BIG, THIN, SMALL, FLAT = [0, 0, 50, 40], [0, 0, 5, 90], [9, 9, 4, 4], [9, 9, 0, 4]


@pytest.mark.parametrize(
    ("wanted", "faces", "kept", "dropped"),
    [
        (FaceFilter(), [], [], {}),
        (FaceFilter(), [(BIG, HEAVY), (SMALL, INVALID)], [0, 1], {}),
        (FaceFilter(), [(FLAT, CLEAR), ([9, 9, -2, 4], CLEAR)], [], {"without area": 2}),
        (FaceFilter(5), [(BIG, CLEAR), (THIN, CLEAR), (SMALL, CLEAR)], [0, 1],
         {"smaller than 5 px": 1}),
        (FaceFilter(drop=("invalid",)), [(BIG, INVALID), (BIG, CLEAR), (BIG, UNKNOWN)], [1, 2],
         {"invalid": 1}),
        (FaceFilter(at_most={"blur": 1}), [(BIG, b) for b in (CLEAR, NORMAL, HEAVY, UNKNOWN)],
         [0, 1, 3], {"blur above 1": 1}),
        (FaceFilter(at_most={"occlusion": 1, "pose": 0}), [(BIG, COVERED), (BIG, TURNED)], [],
         {"occlusion above 1": 1, "pose above 0": 1}),
        # several reasons: the first one counts, and only once
        (FaceFilter(9, ("invalid",), {"blur": 0}),
         [(SMALL, INVALID), (SMALL, HEAVY), (FLAT, INVALID), (SMALL, CLEAR)], [],
         {"without area": 1, "invalid": 1, "blur above 0": 1, "smaller than 9 px": 1}),
    ],
)  # fmt: skip
def test_kept_and_counted(
    wanted: FaceFilter, faces: list[tuple[list[int], list[int]]], kept: list[int], dropped: dict
) -> None:
    values = np.array([a for _, a in faces], dtype=float).reshape(-1, 6)
    listed = image("a.jpg", [b for b, _ in faces], values)
    wanted.check(FaceList(ATTRIBUTES, (listed,)))
    count: Counter[str] = Counter()
    assert np.flatnonzero(wanted.keep(listed, ATTRIBUTES, count)).tolist() == kept
    assert +count == Counter(dropped)
    assert len(kept) + count.total() == len(faces)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (FaceFilter(at_most={"blur": 1}), "no column blur; it has blur_score"),
        (FaceFilter(drop=("invalid",)), "no column invalid"),
        (FaceFilter(drop=("uncounted",)), "no column counted"),
    ],
)
def test_a_list_without_that_column_is_named(wanted: FaceFilter, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        wanted.check(FaceList(("blur_score",), ()))
    FaceFilter(min_size_px=9).check(FaceList((), ()))
