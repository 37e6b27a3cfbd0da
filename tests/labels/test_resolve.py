"""What every reader checks: images, sizes, boxes; each box is kept or counted as left out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_samples import SIZES, draw, draw_all

from facesort.errors import LabelError
from facesort.labels.image_labels import IGNORE, LabelSet
from facesort.labels.resolve import RawAnnotation, RawBox, ReadError, Reading, resolve

GOOD = RawBox("face", (1, 1, 9, 9), "a.xml: object 0")
NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = draw_all(tmp_path_factory.mktemp("images"))
    draw(folder / "turned.jpg", (60, 30), 6)  # stored 60 x 30, upright 30 x 60
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no jpeg")
    (folder / "empty.jpg").write_bytes(b"")
    return folder


def account(labels: LabelSet) -> int:
    return sum(labels.counts().values()) + sum(labels.left_out.values())


@pytest.mark.parametrize(
    ("box", "problem"),
    [
        (RawBox("face", (), "x"), "x: is not four numbers"),
        (RawBox("face", (1, 2, NAN, 4), "x"), "x: is not four numbers"),
        (RawBox("face", (1, 2, INF, 4), "x"), "x: is not four numbers"),
        (RawBox("face", (9, 2, 9, 4), "x"), r"x: has no width or height \(min >= max\) \(9, 2, 9"),
        (RawBox("face", (9, 4, 12, 2), "x"), "min >= max"),
        (RawBox("face", (70, 2, 80, 4), "x"), "x: is outside its image"),
        (RawBox("face", (-9, 2, -1, 4), "x"), "x: is outside its image"),
        (RawBox("", (1, 2, 3, 4), "x"), "x: has no class name"),
        (RawBox("face", (), "x", "is odd"), "x: is odd"),
    ],
)
def test_a_bad_box_is_an_error_or_left_out(root: Path, box: RawBox, problem: str) -> None:
    items = [RawAnnotation("a.jpg", [GOOD, box])]
    with pytest.raises(LabelError, match=problem + r".*--drop-bad.*\(1 such in 1 labels\)"):
        resolve(items, Reading(root))
    kept = resolve(items, Reading(root, drop_bad=True))
    assert kept.counts() == {"face": 1} and sum(kept.left_out.values()) == 1
    assert any(note.startswith("left out: x: ") for note in kept.notes)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (RawAnnotation("none.jpg", [GOOD]), "image is not there"),
        (RawAnnotation("broken.jpg", [GOOD]), "image "),
        (RawAnnotation("empty.jpg", [GOOD]), "image is empty"),
        (RawAnnotation("a.jpg", [GOOD], (640, 480)), "label is of another size than its image"),
        (RawAnnotation("a.jpg", [GOOD], (48, 64)), "label is of another size than its image"),
    ],
)
def test_a_bad_image_does_not_stop_the_rest(root: Path, item: RawAnnotation, reason: str) -> None:
    labels = resolve([item, RawAnnotation("c.d.jpg", [GOOD])], Reading(root))
    assert [image.path.name for image in labels.images] == ["c.d.jpg"]
    (found,) = labels.left_out
    assert found.startswith(reason) and labels.left_out[found] == 1
    assert any(item.name in note for note in labels.notes)


def test_nothing(root: Path) -> None:
    labels = resolve([], Reading(root))
    assert labels.images == () and labels.names == () and labels.notes == ("read: nothing",)


def test_an_unread_label_is_told(root: Path) -> None:
    labels = resolve([ReadError("b.xml: is odd"), RawAnnotation("a.jpg", [GOOD])], Reading(root))
    assert labels.notes == (
        "read: 2 labels, 1 of them not readable, 1 boxes",
        "images without a label, left out: 6",
        "left out: b.xml: is odd",
    )


def test_entries_of_one_image_are_put_together(root: Path) -> None:
    other = RawBox("masked", (20, 20, 30, 30))
    labels = resolve(
        [RawAnnotation("a.jpg", [GOOD]), RawAnnotation("A.JPG", [GOOD, other])], Reading(root)
    )
    (image,) = labels.images
    assert image.class_id.tolist() == [0, 1]
    assert labels.left_out == {"box that another label of the same image has too": 1}
    assert "labelled more than once, boxes put together: A.JPG" in labels.notes


@pytest.mark.parametrize(
    ("told_wh", "boxes_of", "expected"),
    [
        ((30, 60), "auto", [1, 2, 3, 5]),  # the label was made on the upright image
        ((60, 30), "auto", [25, 1, 28, 3]),  # on the stored one: x = 30 - y
        (None, "auto", [1, 2, 3, 5]),
        (None, "stored", [25, 1, 28, 3]),
        ((30, 60), "stored", [25, 1, 28, 3]),
        ((60, 30), "upright", [1, 2, 3, 5]),
    ],
)
def test_which_way_up(root: Path, told_wh: tuple, boxes_of: str, expected: list) -> None:
    item = RawAnnotation("turned.jpg", [RawBox("face", (1, 2, 3, 5))], told_wh)
    (image,) = resolve([item], Reading(root, boxes_of=boxes_of)).images
    assert image.size_wh == (30, 60)
    assert image.xyxy_px.tolist() == [expected]


def test_what_could_be_either_way_up_is_noted(root: Path) -> None:
    labels = resolve([RawAnnotation("turned.jpg", [GOOD])], Reading(root))
    assert labels.notes[0].endswith("1 turned by EXIF, taken as labelled upright")


@pytest.mark.parametrize(
    ("name", "told_wh", "box", "expected"),
    [
        ("turned.jpg", (120, 240), (4, 8, 12, 20), [1, 2, 3, 5]),  # upright 30 x 60
        ("turned.jpg", (240, 120), (8, 4, 20, 12), [27, 2, 29, 5]),  # stored 60 x 30
        ("turned.jpg", (121, 240), (4, 8, 12, 20), [120 / 121, 2, 360 / 121, 5]),  # rounded
    ],
)
def test_a_label_of_another_size_is_scaled_on_request(
    root: Path, name: str, told_wh: tuple, box: tuple, expected: list[float]
) -> None:
    item = RawAnnotation(name, [RawBox("face", box)], told_wh)
    refused = resolve([item], Reading(root))
    assert refused.left_out == {"label is of another size than its image": 1}
    assert "1 labels are of another size than their image, but of its shape" in refused.notes[0]
    scaled = resolve([item], Reading(root, scale=True))
    assert scaled.images[0].xyxy_px.tolist() == [pytest.approx(expected)]
    assert "1 labels of another size scaled to their image" in scaled.notes[0]
    other = resolve([RawAnnotation(name, [GOOD], (100, 100))], Reading(root, scale=True))
    assert other.left_out == {"label is of another size than its image": 1}


def test_classes_are_asked_about_before_any_image_is_opened(tmp_path: Path) -> None:
    asked: list[object] = []

    def refuse(counts: object) -> None:
        asked.append(counts)
        raise LabelError("no class for 'cat'")

    items = [RawAnnotation("a.jpg", [RawBox("cat"), RawBox("", problem="is odd")]), ReadError("b")]
    with pytest.raises(LabelError, match="no class for 'cat'"):
        resolve(items, Reading(tmp_path / "no folder", check=refuse))
    assert asked == [{"cat": 1}]


def test_images_without_a_label_are_counted(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c/d.jpg"):
        draw(tmp_path / name, (40, 30))
    labels = resolve([RawAnnotation("a.jpg", [GOOD])], Reading(tmp_path))
    assert "images without a label, left out: 2" in labels.notes
    (tmp_path / "b.jpg").unlink()
    labels = resolve(
        [RawAnnotation("a.jpg", [GOOD]), RawAnnotation("d.jpg", [])], Reading(tmp_path)
    )
    assert not any("without a label" in note for note in labels.notes)


numbers = st.floats(allow_nan=True) | st.floats(-20, 120)
raw_boxes = st.builds(
    RawBox,
    st.sampled_from(["face", "ignore", "", "masked"]),
    st.lists(numbers, min_size=3, max_size=5),
    problem=st.sampled_from(["", "", "is odd"]),
)
raw_images = st.builds(
    RawAnnotation,
    st.sampled_from([*SIZES, "none.jpg", "broken.jpg", "turned.jpg"]),
    st.lists(raw_boxes, max_size=4),
    st.none() | st.sampled_from([*SIZES.values(), (0, 0)]),
    normalised=st.booleans(),
)


@given(st.lists(raw_images, max_size=5))
def test_every_box_is_kept_or_counted(root: Path, items: list[RawAnnotation]) -> None:
    labels = resolve(items, Reading(root, drop_bad=True))
    assert account(labels) == sum(len(item.boxes) for item in items)
    for image in labels.images:
        assert set(image.class_id.tolist()) <= {IGNORE, 0, 1}
