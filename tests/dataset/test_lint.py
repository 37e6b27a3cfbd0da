"""Every check finds what it is for, in the right place, and keeps quiet about good labels."""

from pathlib import Path

import pytest
from small_sets import clean_set, messy_set

from facesort.dataset.check.checker import Checked, check
from facesort.dataset.check.issues import CHECKS
from facesort.dataset.check.lint import check_labels, check_name
from facesort.dataset.check.sample import MISSING, Sample, read_lines
from facesort.dataset.yolo_dataset import read_layout


def sample_of(text: str, name: str = "a.jpg", fault: str = "") -> Sample:
    path = Path("images/train") / name
    label = Path("labels/train/a.txt")
    return Sample("train", path, Path(name), name, label, read_lines(text), 4, fault)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("empty-label", None)]),
        ("0 .5 .5 .4 .4", []),
        ("0 .5 .5 1 1", []),
        ("0 .9 .5 .202 .2", []),  # rounding
        ("0 .9 .5 .3 .2", [("outside", 0)]),
        ("0 .5 .5 .1 .1\n0 5 5 1 1", [("outside", 1)]),
        ("0 .5 .5 0 .1", [("zero-size", 0)]),
        ("0 .5 .5 .1 -.1", [("zero-size", 0)]),
        ("4 .5 .5 .1 .1\n-1 .1 .1 .1 .1", [("class-range", 0), ("class-range", 1)]),
        ("x\n0 .5 .5 .1", [("malformed", 0), ("malformed", 1)]),
        ("1 .5 .5 .4 .4\n1 .5 .5 .4 .4", [("box-twice", 1)]),
        ("1 .5 .5 .4 .4\n2 .5 .5 .4 .4", [("two-classes", 1)]),
        ("1 .5 .5 .4 .4\n2 .6 .5 .4 .4", []),  # neighbours may overlap
        ("9 .5 .5 .4 .4\n1 .5 .5 .4 .4", [("class-range", 0)]),  # not also two classes
    ],
)
def test_label_checks(text: str, expected: list[tuple[str, int | None]]) -> None:
    assert [(f.check, f.box) for f in check_labels(sample_of(text))] == expected


def test_missing_and_unreadable_labels() -> None:
    assert [f.check for f in check_labels(sample_of("", fault=MISSING))] == ["missing-label"]
    found = check_labels(sample_of("", fault="not a text file"))
    assert [(f.check, f.level) for f in found] == [("unreadable-label", "error")]


@pytest.mark.parametrize(
    ("name", "class_id", "expected"),
    [
        ("a.jpg", 0, []),
        ("photo_1_0_1.jpg", 0, []),  # flags begin the name
        ("0_0_0.jpg", 0, []),
        ("1_0_1_x.jpg", 1, []),
        ("1_1_0.jpg", 2, []),
        ("1_1_1x.jpg", 3, []),
        ("1_1_1.jpg", 1, ["mislabelled"]),
        ("0_0_0.jpg", 3, ["mislabelled"]),
        ("0_1_0.jpg", 2, ["mislabelled"]),
        ("0_0_1.jpg", 0, ["mislabelled"]),
        ("1_0_0.jpg", 0, ["flags"]),
        ("1_0_1/a.jpg", 1, []),
        ("1_0_1/a.jpg", 3, ["mislabelled"]),
        ("1_0_1/1_1_1_a.jpg", 3, ["mislabelled"]),
    ],
)
def test_name_flags(name: str, class_id: int, expected: list[str]) -> None:
    sample = sample_of(f"{class_id} .5 .5 .4 .4", name)
    assert [f.check for f in check_name(sample)] == expected


def test_flags_need_one_box_of_their_class_only() -> None:
    assert check_name(sample_of("0 .2 .2 .1 .1\n1 .7 .7 .4 .4", "1_0_1.jpg")) == []


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return check(read_layout(messy_set(tmp_path_factory.mktemp("messy"))))


def images(checked: Checked, name: str) -> list[str]:
    found = checked.by_check.get(name, [])
    return sorted(f"{f.split}/{f.image.name if f.image else ''}" for f in found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing-label", ["train/unlabelled.jpg"]),
        ("empty-label", ["train/background.jpg"]),
        ("orphan", ["train/orphan.txt"]),
        ("unreadable-label", ["train/binary.jpg"]),
        ("malformed", ["train/lines.jpg"] * 3 + ["train/nothing_left.jpg"]),
        ("class-range", ["train/lines.jpg"]),
        ("zero-size", ["train/lines.jpg"]),
        ("outside", ["train/lines.jpg"] * 2 + ["train/turned.jpg"]),
        ("two-classes", ["train/two_classes.jpg"]),
        ("box-twice", ["train/twice.jpg"]),
        ("mislabelled", ["train/0_1_0_x.jpg", "train/1_0_1_x.jpg"]),
        ("flags", ["train/1_0_0_x.jpg"]),
        ("unreadable", ["train/text.jpg", "train/torn.jpg"]),
        ("synthetic", ["val/synthetic_2.jpg"]),
        ("exif", ["train/turned.jpg"]),
        ("leak", ["train/shared.jpg", "val/shared.jpg"]),
        ("near-leak", ["train/near.jpg"]),
    ],
)
def test_a_messy_set(messy: Checked, name: str, expected: list[str]) -> None:
    assert images(messy, name) == expected


def test_nothing_is_lost_to_bad_files(messy: Checked) -> None:
    assert len(messy.samples) == len(messy.looks) == 25
    assert len(messy.faces) == 23
    assert messy.has_errors
    assert all(f.level == CHECKS[f.check].level for f in messy.issues)


def test_a_clean_set_has_no_finding(tmp_path: Path) -> None:
    checked = check(read_layout(clean_set(tmp_path)))
    issues = [f for f in checked.issues if f.check != "blurred"]  # drawn blocks are soft
    assert issues == []
    assert not checked.has_errors


def test_two_images_with_one_label_and_absent_classes(tmp_path: Path) -> None:
    from small_sets import GOOD, image, jpeg, write_set

    files = {"train/a.jpg": jpeg(image(1)), "train/a.png": jpeg(image(2))}
    checked = check(read_layout(write_set(tmp_path, files, {"train/a.txt": GOOD})))
    assert images(checked, "shared-label") == ["train/a.jpg", "train/a.png"]
    # of a set of one class, nothing is said of the classes it does not have
    assert "absent-class" not in checked.by_check


def test_a_class_that_one_split_lacks_is_absent_there(tmp_path: Path) -> None:
    from small_sets import GOOD, image, jpeg, write_set

    files = {"train/a.jpg": jpeg(image(1)), "val/b.jpg": jpeg(image(2))}
    labels = {"train/a.txt": GOOD + GOOD.replace("0", "1", 1), "val/b.txt": GOOD}
    checked = check(read_layout(write_set(tmp_path, files, labels)))
    assert [f.message for f in checked.by_check["absent-class"]] == ["val has no 'masked'"]
