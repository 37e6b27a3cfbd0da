"""tools/crops_to_yolo.py from the command line, and the YAML of a set of children."""

import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from script_runs import run_here

from facesort.dataset.crops import crop_set
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import DatasetError

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "crops_to_yolo.py"
TEMPLATE = ROOT / "data_configs" / "children.yaml"
CROPS = ROOT / ".." / "shared" / "data" / "crops"


def run(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def images(folder: Path, *names: str, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        blocks = rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((50, 40), Image.Resampling.BICUBIC).save(path)


def test_flags_are_found_out_and_other_is_dropped_or_mapped(tmp_path: Path) -> None:
    names = ("1_0_1_1.png", "0_0_0_2.png", "1_0_0_3.png", "0_1_0_4.png", "a.png")
    images(tmp_path / "src", *names)
    done = run(tmp_path / "src", "--split", "train", "--out", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    assert "read by flags" in done.stdout
    assert "left out class other (drop): 1" in done.stdout
    assert "left out mislabelled flags: 1" in done.stdout
    assert "crops: 5 in = 2 out + 3 left out" in done.stdout
    assert (tmp_path / "a" / "_review" / "mislabelled_flags" / "0_1_0_4.png").is_file()
    mapped = ("--map", "other=face", "--split", "val", f"out={tmp_path / 'b'}")
    assert "crops: 5 in = 3 out + 2 left out" in run(tmp_path / "src", *mapped).stdout


def test_csv_by_folder_or_file(tmp_path: Path) -> None:
    images(tmp_path / "src", "x/1.png", "x/2.png")
    (tmp_path / "src" / "t.csv").write_text("image,class\nx/1.png,face\nx/2.png,dunno\n")
    done = run_here(SCRIPT, tmp_path / "src", "--from", "csv", "--out", tmp_path / "out")
    assert done.returncode == 1 and "'dunno' (1 boxes" in done.stderr
    done = run_here(
        SCRIPT, tmp_path / "src" / "t.csv", "--map", "dunno=drop", "--out", tmp_path / "out"
    )
    assert "crops: 2 in = 1 out + 1 left out" in done.stdout, done.stderr


def test_shards(tmp_path: Path) -> None:
    """A tar file of crops, the class of each in a member of its own."""
    images(tmp_path, "a.png", "b.png", "c.png", seed=3)
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        for name, number in (("a", "0"), ("b", "1"), ("c", "")):
            tar.add(tmp_path / f"{name}.png", f"{name}.png")
            (tmp_path / "cls").write_text(number)
            tar.add(tmp_path / "cls", f"{name}.cls")
    args = ("--map", "0=masked", "1=drop", "--split", "train", "--out", tmp_path / "out")
    done = run_here(SCRIPT, tmp_path / "s.tar", *args)
    assert "crops: 3 in = 1 out + 2 left out" in done.stdout, done.stderr
    assert "left out no class: 1" in done.stdout and "class 1 (drop): 1" in done.stdout
    assert (tmp_path / "out" / "labels" / "train" / "s" / "a.txt").read_text().startswith("1 ")
    assert (tmp_path / "out" / "_review" / "no_class" / "s" / "c.png").is_file()


@pytest.mark.parametrize(
    ("args", "message", "code"),
    [
        (["none"], "no such folder", 2),
        (["src", "--split", "most"], "--split most", 2),
        (["src", "--times", "0"], "--times", 2),
        (["src", "--times", "2"], "belong to --compose", 2),
        (["src", "--config", "x.yaml"], "--config is for", 2),
        (["src", "--classes-from", "folders", "--group-by", "folder"], "--classes-from", 2),
        (["src", "--out", "src/out"], "inside src", 2),
        (["src", "--map", "a"], "expected SOURCE=TARGET", 2),
        (["src", "--detect", "none.pt"], "none.pt", 1),
        (["src", "--compose", "--backgrounds", "src/empty"], "no background left", 1),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], message: str, code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    images(tmp_path / "src", "face/1.png")
    (tmp_path / "src" / "empty").mkdir()
    out = () if "--out" in args else ("--out", tmp_path / "out")
    done = run_here(SCRIPT, *args, *out)
    assert done.returncode == code and message in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_a_child(tmp_path: Path) -> None:
    src, config = tmp_path / "kids", tmp_path / "configs" / "children.yaml"
    for number, child in enumerate(("Zoë", "no", "child 3")):
        images(src / child, *(f"{i}.png" for i in range(12)), seed=number)
    images(src, "_strangers/1.png", "loose.png", seed=9)
    options = ("--classes-from", "folders", "--out", tmp_path / "out", "--config", config)
    done = run_here(SCRIPT, src, *options)
    assert done.returncode == 0, done.stderr
    assert "crops: 38 in = 36 out + 2 left out" in done.stdout and f"data={config}" in done.stdout
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    assert content["names"] == {0: "Zoë", 1: "child 3", 2: "no"}
    assert "path" not in content and content["train"] == "../out/images/train"
    read = read_config(config)
    boxes = [len(read.read(split)) for split in ("train", "val", "test")]
    assert sum(boxes) == 36 and min(boxes) > 0
    # its own file it may replace; the names of two folders may be one child's
    more = ("--map", "no=Zoë", "--out", tmp_path / "again")
    assert run_here(SCRIPT, src, *options[:2], "--config", config, *more).returncode == 0
    assert read_config(config).names == ("Zoë", "child 3")
    config.write_text("names: [mine]\n")
    done = run_here(SCRIPT, src, *options[:2], "--config", config, "--out", tmp_path / "third")
    assert done.returncode == 1 and "not made by this tool" in done.stderr
    assert config.read_text() == "names: [mine]\n" and not (tmp_path / "third").exists()


def test_the_template_names_nobody_and_may_be_replaced() -> None:
    crop_set.check_replaceable(TEMPLATE)
    template = read_config(TEMPLATE)
    assert template.names == ("child_1", "child_2", "child_3")
    assert template.splits["train"] == (ROOT / "datasets/children/images/train").resolve()
    assert "path" not in yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))


def test_a_set_with_one_split_is_judged_on_itself(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    crop_set.write_config(config, tmp_path / "out", ["a"], ["train"])
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    assert content == {"train": "out/images/train", "val": "out/images/train", "names": {0: "a"}}
    config.write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="not made by this tool"):
        crop_set.write_config(config, tmp_path / "out", ["a"], ["train"])


@pytest.mark.real
@pytest.mark.skipif(not CROPS.is_dir(), reason="needs ../shared/data/crops")
def test_the_real_table(tmp_path: Path) -> None:
    args = ("--map", "ambiguous=drop", "--split", "train", "--out", tmp_path / "out")
    done = run_here(SCRIPT, CROPS / "four_class.csv", *args)
    assert "crops: 3,767 in = 3,758 out + 9 left out" in done.stdout, done.stderr
