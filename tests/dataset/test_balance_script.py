"""tools/balance_dataset.py on a small data set: what it writes, what it says, what it leaves."""

import csv
import json
from pathlib import Path

import balance_dataset
import numpy as np
import pytest
import yaml
from PIL import Image

from facesort.dataset.yolo_dataset import read_config
from facesort.errors import DatasetError, UsageError

NAMES = ["a", "b"]


class DataSet:
    """A YOLO data set under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.yaml = root / "data.yaml"
        content = {"train": "images/train", "val": "images/val", "names": NAMES}
        for split in ("train", "val"):
            (root / "images" / split).mkdir(parents=True)
        self.yaml.write_text(yaml.safe_dump(content), encoding="utf-8")

    def add(self, name: str, classes: list[int] | None, split: str = "train") -> Path:
        image = self.root / "images" / split / name
        image.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(len(name))
        Image.fromarray(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(image)
        if classes is not None:
            label = self.root / "labels" / split / Path(name).with_suffix(".txt")
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text("".join(f"{c} 0.5 0.5 0.4 0.4\n" for c in classes))
        return image


@pytest.fixture
def source(tmp_path: Path) -> DataSet:
    made = DataSet(tmp_path / "source")
    for i in range(6):
        made.add(f"a{i}.jpg", [0])
    made.add("sub/b.png", [1])
    made.add("synthetic_b.jpg", [1, 1])
    made.add("nobody.jpg", [])
    made.add("v.jpg", [0], "val")
    return made


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    files = (p for p in sorted(root.rglob("*")) if p.is_file())
    return {str(p.relative_to(root)): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


def names_in(out: Path, split: str = "train") -> list[str]:
    root = out / "images" / split
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def boxes_in(out: Path) -> list[int]:
    labels = read_config(out / "data.yaml").read("train")
    ids = np.concatenate([image.class_id for image in labels])
    return np.bincount(ids, minlength=len(NAMES)).tolist()


@pytest.mark.parametrize(
    ("options", "boxes"),
    [
        ([], [6, 3]),
        (["--under"], [3, 3]),
        (["--over", "max"], [6, 6]),
        (["--over", "8"], [8, 8]),
        (["--over", "100", "--per-image", "1"], [12, 6]),
        (["--repeat", "--threshold", "0.01"], [6, 3]),
    ],
    ids=["as it is", "under", "over max", "over 8", "over all", "repeat"],
)
def test_each_way_gives_a_data_set_and_touches_no_original(
    source: DataSet, tmp_path: Path, options: list[str], boxes: list[int]
) -> None:
    before, out = snapshot(source.root), tmp_path / "out"
    assert balance_dataset.main([str(source.yaml), "--out", str(out), *options]) == 0
    assert snapshot(source.root) == before
    assert boxes_in(out) == boxes
    assert names_in(out, "val") == ["v.jpg"]
    assert (out / "labels" / "val" / "v.txt").read_text() == "0 0.5 0.5 0.4 0.4\n"
    config = yaml.safe_load((out / "data.yaml").read_text(encoding="utf-8"))
    assert config == {"train": "images/train", "val": "images/val", "names": {0: "a", 1: "b"}}
    weights = json.loads((out / "class_weights.json").read_text())
    assert weights["boxes"] == boxes


def test_copies_say_what_they_are_made_of(source: DataSet, tmp_path: Path) -> None:
    out = tmp_path / "out"
    balance_dataset.main([str(source.yaml), "--out", str(out), "--over", "7"])
    copies = {name for name in names_in(out) if "_aug" in name}
    assert {"sub/b_aug1.jpg", "synthetic_b_aug1.jpg"} <= copies
    with (out / "repeat_factors.csv").open(newline="", encoding="utf-8") as file:
        times = {row["image"]: int(row["times"]) for row in csv.DictReader(file)}
    assert sum(times.values()) == len(names_in(out))
    assert times["sub/b.png"] == 1 + len([name for name in copies if name.startswith("sub/b_")])


def test_images_are_linked_and_labels_are_copied(source: DataSet, tmp_path: Path) -> None:
    out = tmp_path / "out"
    balance_dataset.main([str(source.yaml), "--out", str(out), "--repeat", "--threshold", "1"])
    repeated = [name for name in names_in(out) if "_rep" in name]
    assert repeated
    for name in repeated:
        original = source.root / "images" / "train" / name.replace("_rep1", "").replace("_rep2", "")
        assert (out / "images" / "train" / name).samefile(original)
    label = out / "labels" / "train" / "a0.txt"
    assert not label.samefile(source.root / "labels" / "train" / "a0.txt")


def test_a_seed_is_one_data_set_and_a_rerun_replaces_it(source: DataSet, tmp_path: Path) -> None:
    def written(name: str, seed: str) -> dict[str, bytes]:
        options = ["--out", str(tmp_path / name), "--over", "9", "--seed", seed]
        balance_dataset.main([str(source.yaml), *options])
        return {path: data for path, (data, _) in snapshot(tmp_path / name).items()}

    first = written("x", "1")
    assert written("y", "1") == first
    assert written("y", "2") != first
    assert written("y", "1") == first


def test_a_dry_run_writes_nothing(
    source: DataSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    argv = [str(source.yaml), "--out", str(out), "--over", "max", "--dry-run"]
    assert balance_dataset.main(argv) == 0
    assert not out.exists()
    said = capsys.readouterr().out
    assert "9 images = 9 used + 0 not needed + 0 unusable" in said
    assert "would be written" in said


def test_bad_input_is_listed_and_the_rest_goes_on(
    source: DataSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source.yaml.write_text(source.yaml.read_text().replace("- b\n", "- b\n- never\n"))
    (source.root / "images" / "train" / "text.jpg").write_text("no image")
    (source.root / "images" / "train" / "empty.jpg").touch()
    source.add("bad_label.jpg", [7])
    source.add("no_label.jpg", None)
    source.add("fünf\nab.jpg", [1])
    source.add(f"{'l' * 250}.jpg", [1])  # its copy's name is too long for the disk
    out = tmp_path / "out"
    argv = [str(source.yaml), "--out", str(out), "--repeat", "--threshold", "1"]
    assert balance_dataset.main(argv) == 1
    said = capsys.readouterr().out
    for line in (
        "text.jpg: is text, not an image",
        "empty.jpg: is empty",
        "bad_label.txt: line 1: class 7; expected 0 to 2",
        "File name too long",
        "no_label.jpg",
        "never: no box in train",
        "15 images = 12 used + 0 not needed + 3 unusable",
    ):
        assert line in said
    assert len((out / "left_out.txt").read_text(encoding="utf-8").splitlines()) >= 4
    assert {"no_label.jpg", "fünf\nab.jpg", f"{'l' * 250}.jpg"} <= set(names_in(out))


def test_two_images_of_one_stem_keep_their_labels(source: DataSet, tmp_path: Path) -> None:
    source.add("other/A0.jpg", [1])
    (source.root / "list.txt").write_text("./images/train/a0.jpg\n./images/train/other/A0.jpg\n")
    source.yaml.write_text(source.yaml.read_text().replace("images/train", "list.txt"))
    out = tmp_path / "out"
    assert balance_dataset.main([str(source.yaml), "--out", str(out)]) == 0
    assert names_in(out) == ["A0_2.jpg", "a0.jpg"]
    assert (out / "labels" / "train" / "A0_2.txt").read_text()[0] == "1"


@pytest.mark.parametrize(
    "where", ["source", "source/images", "source/images/train/out", "full", "file"]
)
def test_a_folder_that_is_not_ours_is_refused(source: DataSet, tmp_path: Path, where: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    (tmp_path / "file").touch()
    before = snapshot(tmp_path)
    with pytest.raises(DatasetError, match="other --out"):
        balance_dataset.main([str(source.yaml), "--out", str(tmp_path / where), "--under"])
    assert snapshot(tmp_path) == before


def test_a_balanced_set_is_not_balanced_into_itself(source: DataSet, tmp_path: Path) -> None:
    out = tmp_path / "out"
    balance_dataset.main([str(source.yaml), "--out", str(out)])
    before = snapshot(out)
    with pytest.raises(DatasetError, match="holds or lies in"):
        balance_dataset.main([str(out / "data.yaml"), "--out", str(out), "--under"])
    assert snapshot(out) == before


@pytest.mark.parametrize(
    ("gone", "message"), [("train", "train has no image"), ("val", "no image in val")]
)
def test_a_split_without_images_is_an_error(
    source: DataSet, tmp_path: Path, gone: str, message: str
) -> None:
    (source.root / "images" / gone).rename(tmp_path / "away")
    with pytest.raises(DatasetError, match=message):
        balance_dataset.main([str(source.yaml), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--out", "x", "--under", "--repeat"],
        ["--out", "x", "--under", "--per-image", "2"],
        ["--out", "x", "--over", "0"],
        ["--out", "x", "--over", "most"],
        ["--out", "x", "--threshold", "0"],
        ["--out", "x", "--seed", "-1"],
    ],
    ids=" ".join,
)
def test_wrong_options_are_usage(options: list[str]) -> None:
    with pytest.raises(UsageError):
        balance_dataset.main(["data.yaml", *options])
