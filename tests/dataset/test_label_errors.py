"""What a model holds against a label: forgotten boxes, boxes on nothing, other classes."""

from pathlib import Path

import numpy as np
import pytest

from facesort.boxes import as_boxes
from facesort.dataset.check.label_errors import known_classes, rank, suspect_labels, translate
from facesort.dataset.check.sample import ImageStats, Sample, read_lines
from facesort.detections import Detections
from facesort.errors import UsageError

Seen = list[tuple[list[float], int, float]]
HERE, BESIDE = [20, 20, 60, 60], [70, 70, 95, 95]
LABEL = "1 .4 .4 .4 .4"  # 20, 20, 60, 60 of 100 x 100


def found(seen: Seen) -> Detections:
    boxes, classes, confidence = zip(*seen, strict=True) if seen else ((), (), ())
    return Detections(
        as_boxes(boxes), np.array(classes, dtype=np.int64), np.array(confidence, dtype=float)
    )


def doubts_of(text: str, seen: Seen, judged: set[int] | None = None) -> list[tuple[object, ...]]:
    path = Path("a.jpg")
    sample = Sample("train", path, path, "a.jpg", path, read_lines(text), 4)
    n = len(sample.sound)
    look = ImageStats((100, 100), 1, "", 0, np.zeros(n), np.zeros(n), found(seen))
    label_errors = suspect_labels(sample, look, {0, 1, 2, 3} if judged is None else judged)
    return [(d.kind, d.box, d.labelled, d.predicted, round(d.score, 2)) for d in label_errors]


@pytest.mark.parametrize(
    ("text", "seen", "expected"),
    [
        ("", [], []),
        (LABEL, [(HERE, 1, 0.9)], []),
        (LABEL, [(HERE, 2, 0.9)], [("wrong class", 0, 1, 2, 0.9)]),
        (LABEL, [([20, 20, 60, 40], 2, 0.9)], [("wrong class", 0, 1, 2, 0.9)]),  # IoU .5
        (LABEL, [([20, 20, 60, 39], 2, 0.9)], [("wrong class", 0, 1, 2, 0.9)]),  # .475: one face
        # .27: nobody's face but this, so the box was drawn beside it
        (LABEL, [([43, 20, 83, 60], 2, 0.9)], [("badly placed box", 0, 1, 2, 0.66)]),
        (LABEL, [([20, 35, 60, 75], 1, 0.9)], [("badly placed box", 0, 1, 1, 0.49)]),
        (  # too far away, or far too large: another face
            LABEL,
            [([65, 65, 95, 95], 2, 0.9)],
            [("box on nothing", 0, 1, None, 1.0), ("missing box", None, None, 2, 0.9)],
        ),
        # .475 of the first, but it is the second's: nothing is said of the first's class
        (f"{LABEL}\n2 .4 .295 .4 .19", [([20, 20, 60, 39], 2, 0.9), (HERE, 1, 0.3)], []),
        (LABEL, [(HERE, 2, 0.4)], []),  # unsure, but something is there
        (LABEL, [(HERE, 1, 0.6), (HERE, 2, 0.5)], []),  # the surer one counts
        (LABEL, [], [("box on nothing", 0, 1, None, 1.0)]),
        (LABEL, [(HERE, 1, 0.06)], [("box on nothing", 0, 1, None, 0.94)]),
        (LABEL, [(HERE, 1, 0.9), (BESIDE, 3, 0.8)], [("missing box", None, None, 3, 0.8)]),
        (LABEL, [(HERE, 1, 0.9), (BESIDE, 3, 0.4)], []),
        ("x\n" + LABEL, [(HERE, 2, 0.9)], [("wrong class", 1, 1, 2, 0.9)]),  # of the second line
        ("1 .1 .1 .1 .1", [([50, 50, 55, 55], 0, 0.9)], []),  # too small to judge
    ],
)
def test_doubts(text: str, seen: Seen, expected: list[tuple[object, ...]]) -> None:
    assert doubts_of(text, seen) == expected


def test_classes_the_model_does_not_know_are_left_alone() -> None:
    assert doubts_of(LABEL, [], judged={0, 2}) == []


def test_the_surest_and_then_the_largest_come_first() -> None:
    path = Path("a.jpg")
    sample = Sample(
        *("train", path, path, "a.jpg", path), read_lines("0 .2 .2 .2 .2\n0 .6 .6 .4 .4"), 1
    )
    look = ImageStats((100, 100), 1, "", 0, np.zeros(2), np.zeros(2), found([]))
    ranked = rank(suspect_labels(sample, look, {0}))
    assert [d.box for d in ranked["box on nothing"]] == [1, 0]
    assert ranked["wrong class"] == ranked["missing box"] == []


def test_classes_meet_by_name() -> None:
    classes = known_classes(("masked", "hat", "face"), ("face", "masked"))
    assert classes == {0: 1, 2: 0}
    seen = translate(found([(HERE, 0, 0.9), (HERE, 1, 0.8), (BESIDE, 2, 0.7)]), classes)
    assert seen.class_id.tolist() == [1, 0]
    assert seen.confidence.tolist() == [0.9, 0.7]
    assert len(translate(found([]), classes)) == 0


def test_a_model_of_other_things_is_usage() -> None:
    with pytest.raises(UsageError, match="--model knows cat; the data set has face"):
        known_classes(("cat",), ("face",))
