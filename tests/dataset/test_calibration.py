"""Calibration images: real, and every class at every size."""

from pathlib import Path

import pytest

from facesort.dataset.calibration_images import NO_FACE, strata, stratified
from facesort.dataset.yolo_dataset import data_hash
from facesort.errors import DatasetError
from facesort.labels.image_labels import ImageLabels


def labelled(name: str, *faces: tuple[int, float]) -> ImageLabels:
    """An image of 100 x 50 with faces of (class, side in pixels)."""
    boxes = [[0, 0, side, side] for _, side in faces]
    return ImageLabels.of(Path(name), (100, 50), boxes, [c for c, _ in faces])


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (labelled("empty.jpg"), {NO_FACE}),
        (labelled("only_ignored.jpg", (-1, 20)), {NO_FACE}),
        (labelled("a.jpg", (0, 4), (2, 45)), {(0, 0), (2, 3)}),
        (labelled("b.jpg", (1, 10), (1, 12)), {(1, 1)}),
    ],
)
def test_strata(item: ImageLabels, expected: set) -> None:
    assert strata(item) == expected


def test_the_rare_class_is_there_however_rare() -> None:
    common = [labelled(f"{i}.jpg", (0, 10)) for i in range(500)]
    rare = [labelled("rare.jpg", (3, 45)), labelled("none.jpg")]
    chosen = {item.path.name for item in stratified([*common, *rare], 6)}
    assert {"rare.jpg", "none.jpg"} < chosen and len(chosen) == 6


def test_synthetic_images_are_not_calibrated_on() -> None:
    drawn = labelled("synthetic_1.jpg", (3, 45))
    assert [i.path.name for i in stratified([drawn, labelled("real.jpg")], 9)] == ["real.jpg"]
    for nothing in ([], [drawn]):
        with pytest.raises(DatasetError, match="no real image"):
            stratified(nothing, 9)


def test_the_hash_is_of_names_and_labels(tmp_path: Path) -> None:
    images = [tmp_path / "images" / name for name in ("a.jpg", "b.jpg")]
    for image in images:
        image.parent.mkdir(exist_ok=True)
        image.write_bytes(b"x")
    before = data_hash(images)
    assert before == data_hash(images[::-1]) and len(before) == 16
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("0 .5 .5 .1 .1")
    assert data_hash(images) != before
