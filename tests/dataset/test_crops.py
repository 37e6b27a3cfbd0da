"""Crops become a data set: every crop is written or refused, groups stay in one split."""

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from facesort.dataset.crops.box_crops import open_crops
from facesort.dataset.crops.crop_set import (
    Options,
    Result,
    convert,
    merge,
    parse_split,
    prefix,
    split_crops,
)
from facesort.dataset.yolo_dataset import read_config
from facesort.detections import FoundFaces
from facesort.errors import DatasetError, LabelError, UsageError
from facesort.labels import folders

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}


def image(path: Path, seed: int, size_wh: tuple[int, int] = (40, 30)) -> None:
    """An image whose perceptual hash is its own."""
    blocks = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blocks).resize(size_wh, Image.Resampling.BICUBIC).save(path)


def crops(root: Path, count: int = 10) -> Path:
    for i in range(count):
        image(root / "with_mask" / f"{i}.png", i)
        image(root / "face" / f"{i}.png", 1000 + i)
    return root


def disk(out: Path) -> Counter[str]:
    """Lines of label files by split."""
    files = [(p, p.relative_to(out / "labels").parts[0]) for p in (out / "labels").rglob("*.txt")]
    return Counter(split for path, split in files for _ in path.read_text().splitlines())


def accounted(done: Result) -> bool:
    out = sum(len(part.images) for part in done.crops.values())
    return done.crops_in == out + sum(done.left_out.values())


def test_whole_crops_in_one_split(tmp_path: Path) -> None:
    src, out = crops(tmp_path / "src"), tmp_path / "out"
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in src.rglob("*.png")}
    done = convert(folders.read_classes(src), Options(out, split="train"))
    assert done.crops_in == 20 and accounted(done) and not done.left_out and done.review is None
    assert disk(out) == {"train": 20}
    # same names in two folders stay two
    label = out / "labels" / "train" / "with_mask" / "0.txt"
    assert label.read_text() == "1 0.500000 0.500000 1.000000 1.000000\n"
    assert (out / "labels" / "train" / "face" / "0.txt").read_text().startswith("0 ")
    assert before == {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in src.rglob("*.png")}
    assert len(read_config(out / "data.yaml").read("val")) == 20, "judged on itself"


def test_bad_crops_are_refused_and_filed(tmp_path: Path) -> None:
    src, out = crops(tmp_path / "src", 2), tmp_path / "out"
    bad = {
        "face/broken.jpg": b"\xff\xd8\xff\xe0broken",
        "face/empty.png": b"",
        "with_mask/text.jpg": b"hello",
        "Größe 李.jpg": b"",
    }
    for name, content in bad.items():
        (src / name).write_bytes(content)
    image(src / "face" / "tiny.png", 1, (1, 1))
    done = convert(folders.read_classes(src), Options(out))
    assert done.left_out == {"unreadable": 3, "too small": 1, "in no class folder": 1}
    assert done.crops_in == 9 and accounted(done)
    with (out / "_review" / "review.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*bad, "face/tiny.png"}
    assert rows["face/tiny.png"]["detail"] == "1 x 1 px"
    assert "is text" in rows["with_mask/text.jpg"]["detail"]
    for name, row in rows.items():
        assert (out / "_review" / row["file"]).read_bytes() == (src / name).read_bytes()
    # a second split of the same data set files its own beside them
    again = convert(folders.read_classes(src), Options(out, split="val"))
    assert again.left_out == done.left_out
    assert len((out / "_review" / "review.csv").read_text(encoding="utf-8").splitlines()) == 11


def test_nothing_usable_is_an_error(tmp_path: Path) -> None:
    image(tmp_path / "src" / "face" / "1.png", 1, (9, 9))
    with pytest.raises(LabelError, match="no crop can be used; 1 too small"):
        convert(folders.read_classes(tmp_path / "src"), Options(tmp_path / "out"))
    image(tmp_path / "src" / "face" / "2.png", 1)
    with pytest.raises(LabelError, match=r"nothing to convert; 1 class face \(drop\), 1 too"):
        convert(
            folders.read_classes(tmp_path / "src"),
            Options(tmp_path / "out", table={"face": "drop"}),
        )
    assert not (tmp_path / "out").exists()


def test_unknown_classes_are_one_error_before_anything_is_written(tmp_path: Path) -> None:
    src = crops(tmp_path / "src", 1)
    image(src / "maskd" / "1.png", 5)
    image(src / "hats" / "1.png", 6)
    with pytest.raises(LabelError, match=r"'hats' \(1 boxes\).*'maskd'.*did you mean 'masked'"):
        convert(folders.read_classes(src), Options(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("target", "reason"), [("drop", "class hats (drop)"), ("ignore", "class unknown (ignore)")]
)
def test_an_unwanted_class_leaves_no_image(tmp_path: Path, target: str, reason: str) -> None:
    """A face without a label would teach that it is background."""
    src = crops(tmp_path / "src", 1)
    image(src / "hats" / "1.png", 5)
    table = {"hats": target}
    done = convert(folders.read_classes(src, table), Options(tmp_path / "out", table))
    assert done.left_out == {reason: 1} and accounted(done)
    assert not list((tmp_path / "out" / "images").rglob("hats/*"))


def test_an_out_that_is_taken_is_refused_before_any_work(tmp_path: Path) -> None:
    src, out = crops(tmp_path / "src", 1), tmp_path / "out"
    convert(folders.read_classes(src), Options(out))
    for split in ("train", SHARES):
        with pytest.raises(DatasetError, match="holds files already"):
            convert(folders.read_classes(src), Options(out, split=split))


def test_near_duplicates_and_persons_stay_together(tmp_path: Path) -> None:
    src = tmp_path / "src"
    for i in range(30):
        image(src / "face" / f"p{i % 10}_{i}.png", i)
        image(src / "masked" / f"p{i % 10}_{i}.png", i, (44, 33))  # the same image again
    labels = open_crops(folders.read_classes(src)).labels
    for group_by, key in ((None, lambda p: p.stem), ("prefix", lambda p: p.stem.split("_")[0])):
        parts = split_crops(labels, SHARES, group_by)
        assert set(parts) == set(SHARES)
        where = [{key(i.path) for i in part.images} for part in parts.values()]
        assert sum(len(part.images) for part in parts.values()) == 60
        assert len(set().union(*where)) == sum(len(keys) for keys in where)


def test_synthetic_images_take_their_group_to_train(tmp_path: Path) -> None:
    src = tmp_path / "src"
    for i in range(8):
        image(src / "face" / f"{i}.png", i)
        image(src / "masked" / f"synthetic_{i}.png", i)
    done = convert(folders.read_classes(src), Options(tmp_path / "out", split=SHARES))
    assert disk(tmp_path / "out") == {"train": 16}
    assert "val is empty: there are too few groups of crops" in done.notes


def test_what_a_split_lacks_is_told(tmp_path: Path) -> None:
    src = crops(tmp_path / "src", 20)
    image(src / "sunglasses" / "1.png", 5000)
    done = convert(folders.read_classes(src), Options(tmp_path / "out", split=SHARES))
    assert {"val has no sunglasses", "test has no sunglasses"} <= set(done.notes)
    assert disk(tmp_path / "out") == {"train": 25, "val": 8, "test": 8}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("val", "val"),
        ("0.75,0.1,0.15", {"train": 0.75, "val": 0.1, "test": 0.15}),
        ("1, 0, 0", {"train": 1, "val": 0, "test": 0}),
    ],
)
def test_parse_split(text: str, expected: object) -> None:
    assert parse_split(text) == expected


@pytest.mark.parametrize("text", ["", "tran", "0.5,0.5", "0.5,0.1,0.1", "2,-1,0", "nan,0,1"])
def test_a_split_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(UsageError, match="which add up to 1"):
        parse_split(text)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("anna_0012", "anna"),
        ("anna (3)", "anna"),
        ("1_0_1_anna_0012", "anna"),
        ("child1_0012", "child1"),
        ("0012", ""),
        ("1_0_1_0001", ""),
        ("Zoë-李 7", "Zoë-李"),
    ],
)
def test_prefix(stem: str, expected: str) -> None:
    assert prefix(stem) == expected


def test_merge() -> None:
    assert merge([], []) == []
    assert merge([0, 1, 1, 3, 4], ["a", "b", "a", None, None]) == [0, 0, 0, 3, 4]


def found(*rows: tuple[float, list[float]]) -> FoundFaces:
    boxes = np.array([box for _, box in rows], dtype=np.float64).reshape(-1, 4)
    points = np.ones((len(rows), 5, 2))
    return FoundFaces(boxes, np.array([conf for conf, _ in rows]), points)


def test_boxes_found_by_a_face_model(tmp_path: Path) -> None:
    """A finder that tells images apart by their size, which is all it needs here."""
    src = tmp_path / "src"
    sizes = {"one": (200, 160), "none": (200, 180), "two": (200, 190), "outside": (200, 170)}
    for i, (name, size_wh) in enumerate([*sizes.items(), ("small", (60, 60))]):
        image(src / "face" / f"{name}.png", i, size_wh)

    def find(rgb: np.ndarray, _imgsz: int) -> FoundFaces:
        margin = max(rgb.shape[:2]) // 4
        height = rgb.shape[0] - 2 * margin
        face = (0.9, [margin + 20.0, margin + 20.0, margin + 120.0, margin + 120.0])
        return {
            160: found(face),
            190: found(face, (0.8, [0.0, 0.0, 9.0, 9.0])),
            170: found((0.9, [0.0, 0.0, 9.0, 9.0])),  # in the border that was added
        }.get(height, found())

    done = convert(folders.read_classes(src), Options(tmp_path / "out", find=find))
    assert done.left_out == {"no face found": 2, "several faces, one class": 1} and accounted(done)
    assert "1 small crops in which no face is found are boxed whole" in done.notes
    written = {i.path.stem: i.xyxy_px[0].tolist() for i in done.parts["train"].images}
    assert written["small"] == [0, 0, 60, 60]
    assert written["one"] == [20, 31, 120, 120]  # the upper edge where a person draws it
    assert (tmp_path / "out" / "_review" / "several_faces_one_class" / "face" / "two.png").is_file()


@pytest.mark.skipif(os.name == "nt", reason="names of any bytes are a Unix matter")
def test_names_of_any_bytes(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "src" / "face")
    image(tmp_path / "src" / "face" / "a.png", 1)
    try:
        os.rename(folder + b"/a.png", folder + b"/\xff.png")
    except OSError:
        pytest.skip("this disk wants Unicode")
    done = convert(folders.read_classes(tmp_path / "src"), Options(tmp_path / "out"))
    assert accounted(done) and disk(tmp_path / "out") == {"train": 1}


def test_a_folder_called_images_does_not_lead_labels_astray(tmp_path: Path) -> None:
    image(tmp_path / "src" / "images" / "face" / "1.png", 1)
    convert(folders.read_classes(tmp_path / "src"), Options(tmp_path / "out"))
    assert (tmp_path / "out" / "labels" / "train" / "face" / "1.txt").is_file()
    assert yaml.safe_load((tmp_path / "out" / "data.yaml").read_text())["train"] == "images/train"
