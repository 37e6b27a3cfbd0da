"""The benchmark of occlusion counts rightly, takes boxes from a CSV, and cuts the same twice."""

from pathlib import Path

import numpy as np
import pytest
from any_detector import key_of, load_any
from cut_faces import cut_faces
from occlusion_score import NONE, Face, score_crop, score_image, tables

from facesort.detections import Detections
from facesort.errors import LabelError, UsageError
from facesort.labels.image_labels import IGNORE, ImageLabels

BARE, MASKED, SUNGLASSES, BOTH = range(4)


def found(*rows: tuple[float, ...]) -> Detections:
    some = np.array(rows, dtype=float).reshape(-1, 6)
    return Detections(some[:, :4], some[:, 4].astype(np.int64), some[:, 5])


def truth(*rows: tuple[float, ...]) -> ImageLabels:
    some = np.array(rows, dtype=float).reshape(-1, 5)
    return ImageLabels.of(Path("a.jpg"), (640, 480), some[:, :4], some[:, 4])


def test_a_image_is_scored_face_by_face() -> None:
    labels = truth(
        (0, 0, 50, 50, MASKED),
        (100, 0, 150, 50, BARE),
        (200, 0, 210, 10, BARE),  # smaller than is asked for
        (300, 0, 350, 50, IGNORE),
    )
    seen = found(
        (2, 0, 50, 50, BOTH, 0.9),
        (200, 0, 210, 10, BARE, 0.9),
        (300, 0, 350, 50, BARE, 0.8),
        (400, 300, 460, 360, MASKED, 0.7),
    )
    scored = score_image("s", 0, labels, seen, least_px=20)
    assert [(f.true_id, f.named_id) for f in scored.faces] == [(MASKED, BOTH), (BARE, NONE)]
    assert scored.false_alarms == 1


@pytest.mark.parametrize(
    ("rows", "named"),
    [((), NONE), (((0, 0, 9, 9, BARE, 0.3), (0, 0, 5, 5, MASKED, 0.6)), MASKED)],
)
def test_of_a_crop_the_surest_face_counts(rows: tuple, named: int) -> None:
    (face,) = score_crop("s", 0, MASKED, found(*rows)).faces
    assert face.named_id == named


def test_figures_of_counts_worked_out_by_hand() -> None:
    faces = [
        *[Face("a", 0, BARE, BARE)] * 3,
        Face("a", 1, BARE, MASKED),
        *[Face("a", 2, MASKED, MASKED)] * 2,
        Face("a", 3, MASKED, BARE),
        Face("a", 4, MASKED, NONE),
        Face("b", 5, BOTH, MASKED),
        Face("b", 6, SUNGLASSES, SUNGLASSES),
    ]
    everything, a, b = tables(faces, resamples=50)
    assert [t.source for t in (everything, a, b)] == ["all", "a", "b"]
    assert everything.counts == (4, 4, 1, 1)
    expected = {
        "found": 9 / 10,
        "recall face": 3 / 4,
        "recall masked": 2 / 4,
        "recall masked_sunglasses": 0.0,
        "macro recall": (0.75 + 0.5 + 1 + 0) / 4,
        "mouth recall": 3 / 5,
        "mouth precision": 3 / 4,
        "eyes recall": 1 / 2,
        "eyes precision": 1.0,
        "covered called bare": 1 / 6,
        "bare called covered": 1 / 4,
    }
    for name, value in expected.items():
        figure = everything.figures[name]
        assert figure.value == pytest.approx(value), name
        assert figure.low <= figure.value <= figure.high or np.isnan(figure.low)
    assert np.isnan(a.figures["eyes recall"].value)


def test_a_group_is_one_witness() -> None:
    """Twenty images of one burst say no more than one: the interval stays wide."""
    burst = [Face("a", 0, BARE, BARE)] * 20 + [Face("a", 1, BARE, MASKED)] * 20
    alone = [Face("a", i, BARE, (BARE, MASKED)[i % 2]) for i in range(40)]
    wide, narrow = (tables(f)[0].figures["bare called covered"] for f in (burst, alone))
    assert wide.high - wide.low == 1 and narrow.high - narrow.low < 0.4


def test_boxes_of_another_program_come_from_a_csv(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(
        "image,x1,y1,x2,y2,class,confidence\n"
        "images/a.jpg,0,0,9,9,with_mask,0.4\nimages/a.jpg,1,1,5,5,face,0.9\n"
    )
    detect = load_any(file)
    empty = np.zeros((9, 9, 3), np.uint8)
    assert detect(key_of(Path("x/images/a.jpg")), empty).class_id.tolist() == [BARE, MASKED]
    assert len(detect("images/b.jpg", empty)) == 0
    assert len(load_any(file, conf=0.5)("images/a.jpg", empty)) == 1


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("image,x1\n", LabelError, "no column y1"),
        ("image,x1,y1,x2,y2,class,confidence\na,0,0,x,1,face,1\n", UsageError, "line 2"),
        ("image,x1,y1,x2,y2,class,confidence\na,0,0,1,1,dog,1\n", LabelError, "dog"),
    ],
)
def test_a_csv_that_cannot_be_used_is_named(
    tmp_path: Path, text: str, error: type[Exception], message: str
) -> None:
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(error, match=message):
        load_any(tmp_path / "mine.csv")


@pytest.mark.parametrize(("view", "low", "high"), [("crops", 30, 220), ("portraits", 480, 1600)])
def test_faces_are_cut_the_same_every_time(view: str, low: int, high: int) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    labels = truth((50, 50, 200, 230, MASKED), (400, 100, 560, 300, BARE), (5, 5, 20, 20, BOTH))
    first, again = (list(cut_faces(rgb, labels, view)) for _ in range(2))
    assert [cut.class_id for cut in first] == [MASKED, BARE]
    for one, two in zip(first, again, strict=True):
        assert (one.rgb == two.rgb).all() and low <= max(one.rgb.shape) <= high
        x1, y1, x2, y2 = one.xyxy_px[0]
        assert 0 <= x1 < x2 <= one.rgb.shape[1] + 1 and 0 <= y1 < y2 <= one.rgb.shape[0] + 1


def test_a_face_beside_another_is_not_cut() -> None:
    rgb = np.zeros((480, 640, 3), np.uint8)
    labels = truth((50, 50, 200, 230, MASKED), (150, 60, 300, 240, BARE))
    assert list(cut_faces(rgb, labels, "crops")) == []
