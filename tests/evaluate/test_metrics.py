"""Matching and average precision on cases small enough to be counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from facesort.detections import Detections
from facesort.errors import DatasetError
from coco_ap import average_precision
from facesort.evaluate.match import confusion, pair
from facesort.evaluate.judged import judge
from facesort.evaluate.threshold import choose
from facesort.labels.image_labels import ImageLabels

NAMES = ("face", "masked")


def truth(*rows: tuple[float, float, float, int]) -> ImageLabels:
    """Faces: left, top, side, class."""
    boxes = [[x, y, x + side, y + side] for x, y, side, _ in rows]
    return ImageLabels.of(Path("a.jpg"), (500, 500), boxes, [c for *_, c in rows])


def found(*rows: tuple[float, float, float, int, float]) -> Detections:
    """Faces: left, top, side, class, confidence."""
    labels = truth(*(row[:4] for row in rows))
    return Detections(labels.xyxy_px, labels.class_id, np.array([row[4] for row in rows]))


CASES = [
    # (true faces, detections, confusion with rows true and columns predicted, none last)
    ([], [], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ([(0, 0, 50, 0)], [], [[0, 0, 1], [0, 0, 0], [0, 0, 0]]),
    ([], [(0, 0, 50, 1, 0.9)], [[0, 0, 0], [0, 0, 0], [0, 1, 0]]),
    ([(0, 0, 50, 0)], [(2, 0, 50, 0, 0.9)], [[1, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ([(0, 0, 50, 0)], [(2, 0, 50, 1, 0.9)], [[0, 1, 0], [0, 0, 0], [0, 0, 0]]),
    ([(0, 0, 50, 0)], [(200, 0, 50, 0, 0.9)], [[0, 0, 1], [0, 0, 0], [1, 0, 0]]),
    ([(0, 0, 9, 0)], [], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),  # too small to count
    ([(0, 0, 9, 0)], [(0, 0, 9, 1, 0.9)], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
]


@pytest.mark.parametrize(("faces", "detections", "expected"), CASES)
def test_confusion(faces: list, detections: list, expected: list) -> None:
    counts = confusion(truth(*faces), found(*detections), 2, min_side_px=10)
    assert counts.tolist() == expected


def test_the_best_placed_box_gets_the_face() -> None:
    pairs = pair(truth((0, 0, 50, 0)), found((8, 0, 50, 0, 0.9), (1, 0, 50, 1, 0.3)))
    assert pairs == [(0, 1)]


def test_average_precision_by_hand() -> None:
    pictures = [truth((0, 0, 50, 0), (100, 0, 50, 0)), truth((0, 0, 50, 1))]
    half = [found((0, 0, 50, 0, 0.9)), found((0, 0, 50, 1, 0.8), (200, 200, 50, 1, 0.9))]
    ap = average_precision(pictures, half, 2)
    # face: precision 1 up to recall .5: 51 of COCO's 101 recall points; masked: precision 1/2
    np.testing.assert_allclose(ap.ap50, [51 / 101, 0.5])
    assert ap.faces.tolist() == [2, 1]


def test_small_faces_are_neither_missed_nor_wrong() -> None:
    pictures = [truth((0, 0, 50, 0), (100, 0, 12, 0), (200, 0, 12, 0))]
    ap = average_precision(pictures, [found((0, 0, 50, 0, 0.5), (100, 0, 12, 0, 0.9))], 2, 32)
    np.testing.assert_allclose(ap.ap50, [1.0, np.nan])
    assert ap.map50 == pytest.approx(1)


def test_nothing_found_is_zero_and_an_absent_class_is_no_number() -> None:
    ap = average_precision([truth((0, 0, 50, 0))], [found()], 2)
    np.testing.assert_array_equal(ap.ap50, [0.0, np.nan])


def test_the_report_says_what_was_counted() -> None:
    pictures = [truth((0, 0, 50, 0)), truth((0, 0, 50, 1))]
    detections = [found((0, 0, 50, 0, 0.9)), found((0, 0, 50, 0, 0.9))]
    report = evaluate(pictures, detections, NAMES, conf=0.25, min_side_px=32)
    assert report.recall == [1.0, 0.0] and report.precision[0] == 0.5
    text = as_text(report)
    assert "2 pictures, 2 faces of 32 px or more" in text
    assert text.splitlines()[2].split()[:2] == ["face", "1"]


@pytest.mark.parametrize(
    ("precision", "confidence", "coverage"),
    [(1.0, 0.9, 1 / 3), (0.6, 0.7, 2 / 3), (0.5, 0.6, 2 / 3)],
)
def test_the_lowest_confidence_of_a_precision(
    precision: float, confidence: float, coverage: float
) -> None:
    faces = truth((0, 0, 50, 0), (100, 0, 50, 1), (200, 0, 50, 0), (300, 0, 9, 0))
    seen = found(
        (0, 0, 50, 0, 0.9),
        (100, 0, 50, 0, 0.8),  # the wrong class
        (200, 0, 50, 0, 0.7),
        (300, 300, 50, 0, 0.6),  # no face
        (300, 0, 9, 1, 0.95),  # too small to count
    )
    chosen = choose([faces], [seen], precision, min_side_px=20)
    assert chosen.confidence == confidence
    assert chosen.coverage == pytest.approx(coverage)
    assert chosen.precision >= precision


def test_a_weak_duplicate_takes_no_face_from_a_sure_detection() -> None:
    seen = found((4, 0, 50, 0, 0.9), (0, 0, 50, 0, 0.01))  # the weak one is placed better
    chosen = choose([truth((0, 0, 50, 0))], [seen], 1.0)
    assert (chosen.confidence, chosen.coverage) == (0.9, 1.0)


def test_a_precision_out_of_reach_is_said() -> None:
    with pytest.raises(DatasetError, match="no confidence reaches"):
        choose([truth((0, 0, 50, 0))], [found((0, 0, 50, 1, 0.9))], 0.5)
