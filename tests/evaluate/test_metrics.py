"""Matching and average precision on cases small enough to be counted by hand."""

from pathlib import Path

import numpy as np
import pytest
from coco_ap import average_precision
from hypothesis import given
from hypothesis import strategies as st

from facesort.detections import Detections
from facesort.errors import DatasetError
from facesort.evaluate.average_precision import confusion, pair
from facesort.evaluate.intervals import image_weights
from facesort.evaluate.reliability import best_f1, choose
from facesort.evaluate.report.plain import of_split
from facesort.evaluate.split_metrics import measure_split
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
    images = [truth((0, 0, 50, 0), (100, 0, 50, 0)), truth((0, 0, 50, 1))]
    half = [found((0, 0, 50, 0, 0.9)), found((0, 0, 50, 1, 0.8), (200, 200, 50, 1, 0.9))]
    ap = average_precision(images, half, 2)
    # face: precision 1 up to recall .5: 51 of COCO's 101 recall points; masked: precision 1/2
    np.testing.assert_allclose(ap.ap50, [51 / 101, 0.5])
    assert ap.faces.tolist() == [2, 1]


def test_small_faces_are_neither_missed_nor_wrong() -> None:
    images = [truth((0, 0, 50, 0), (100, 0, 12, 0), (200, 0, 12, 0))]
    ap = average_precision(images, [found((0, 0, 50, 0, 0.5), (100, 0, 12, 0, 0.9))], 2, 32)
    np.testing.assert_allclose(ap.ap50, [1.0, np.nan])
    assert ap.map50 == pytest.approx(1)


def test_nothing_found_is_zero_and_an_absent_class_is_no_number() -> None:
    ap = average_precision([truth((0, 0, 50, 0))], [found()], 2)
    np.testing.assert_array_equal(ap.ap50, [0.0, np.nan])


def test_the_text_says_what_was_counted() -> None:
    images = [truth((0, 0, 50, 0)), truth((0, 0, 50, 1))]
    detections = [found((0, 0, 50, 0, 0.9)), found((0, 0, 50, 0, 0.9))]
    judged = measure_split(images, detections, NAMES, 0.25, image_weights(2, 20), min_side_px=32)
    text = of_split(judged)
    assert "2 images, 2 faces of 32 px or more" in text
    assert text.splitlines()[2].split() == [
        "face",
        "1",
        "1.000",
        "1.000",
        "0.500",
        "1.000",
        "0.667",
    ]
    assert text.splitlines()[3].split() == [
        "masked",
        "1",
        "0.000",
        "0.000",
        "0.000",
        "0.000",
        "0.000",
    ]


@pytest.mark.parametrize(
    ("precision", "confidence", "recall"),
    [(1.0, 0.9, 1 / 3), (0.6, 0.7, 2 / 3), (0.5, 0.6, 2 / 3)],
)
def test_the_lowest_confidence_of_a_precision(
    precision: float, confidence: float, recall: float
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
    assert chosen.recall == pytest.approx(recall)
    assert chosen.precision >= precision


def test_a_weak_duplicate_takes_no_face_from_a_sure_detection() -> None:
    seen = found((4, 0, 50, 0, 0.9), (0, 0, 50, 0, 0.01))  # the weak one is placed better
    chosen = choose([truth((0, 0, 50, 0))], [seen], 1.0)
    assert (chosen.confidence, chosen.recall) == (0.9, 1.0)


@pytest.mark.parametrize("right_first", [True, False])
def test_detections_of_one_confidence_are_accepted_together(right_first: bool) -> None:
    """At 0.8 come one right and one wrong: a threshold cannot take the first alone."""
    rows = [(0, 0, 50, 0, 0.8), (100, 0, 50, 0, 0.9), (300, 300, 50, 0, 0.8)]
    seen = found(*(rows if right_first else rows[::-1]))
    faces = truth((0, 0, 50, 0), (100, 0, 50, 0))
    chosen = choose([faces], [seen], 0.9)
    assert (chosen.confidence, chosen.precision, chosen.recall) == (0.9, 1.0, 0.5)
    with pytest.raises(DatasetError, match="no confidence reaches"):
        choose([truth((0, 0, 50, 0))], [found((0, 0, 50, 0, 0.8), (300, 300, 50, 0, 0.8))], 0.9)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.3, 0.5, 0.9])), min_size=1))
def test_the_promised_precision_is_the_one_measured(kinds: list[tuple[bool, float]]) -> None:
    """Right and wrong detections, many of one confidence: counted again by hand."""
    rows = [(60 * i, 0, 50, int(not right), c) for i, (right, c) in enumerate(kinds)]
    faces = truth(*((60 * i, 0, 50, 0) for i in range(len(kinds))))
    try:
        chosen = choose([faces], [found(*rows)], 0.75)
    except DatasetError:
        return
    taken = [right for right, c in kinds if c >= chosen.confidence]
    assert sum(taken) / len(taken) == chosen.precision >= 0.75


def test_a_precision_out_of_reach_is_said() -> None:
    with pytest.raises(DatasetError, match="no confidence reaches"):
        choose([truth((0, 0, 50, 0))], [found((0, 0, 50, 1, 0.9))], 0.5)


@pytest.mark.parametrize(
    ("detections", "confidence"),
    [
        ([(0, 0, 50, 0, 0.9), (100, 0, 50, 1, 0.6), (300, 300, 50, 1, 0.5)], 0.6),
        ([(0, 0, 50, 0, 0.9), (300, 300, 50, 1, 0.6), (100, 0, 50, 1, 0.5)], 0.5),
        ([(0, 0, 50, 0, 0.9), (100, 0, 50, 0, 0.6)], 0.9),  # the rare class is never found
    ],
)
def test_the_confidence_of_the_best_mean_f1(detections: list, confidence: float) -> None:
    faces = truth((0, 0, 50, 0), (100, 0, 50, 1))
    assert best_f1([faces], [found(*detections)]).confidence == confidence


@pytest.mark.parametrize("nothing", [(truth(), found((0, 0, 50, 0, 0.9))), (truth(), found())])
def test_no_confidence_to_choose(nothing: tuple) -> None:
    with pytest.raises(DatasetError, match="no detection or no face"):
        best_f1([nothing[0]], [nothing[1]])


BAND_CASES = [
    # (size of the face, size of the detection on it, counts as found in 32 to 64 px)
    (32, 32, 1),
    (31.9, 31.9, 0),
    (63.9, 63.9, 1),
    (64, 64, 0),
]


@pytest.mark.parametrize(("face", "detection", "expected"), BAND_CASES)
def test_bands_hold_their_lower_end(face: float, detection: float, expected: int) -> None:
    counts = confusion(truth((0, 0, face, 0)), found((0, 0, detection, 0, 0.9)), 2, 32, 64)
    assert counts[0, 0] == expected and counts.sum() == expected
