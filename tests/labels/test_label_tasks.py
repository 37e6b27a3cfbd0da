"""Images that go to be labelled elsewhere, and come back: the real script, no window."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import label_images
import pytest

from facesort import paths
from facesort.dataset.sample_data import make_sample_set
from facesort.dataset.yolo_dataset import read_config
from facesort.errors import FacesortError
from facesort.labels.yolo import label_path_of

NAMES = "face masked sunglasses masked_sunglasses".split()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small set whose images have no label but for three."""
    root = tmp_path_factory.mktemp("drawn") / "set"
    make_sample_set(root)
    images, labels = root / "images" / "train", root / "labels" / "train"
    for kind in ("images", "labels"):
        for split in ("val", "test"):
            shutil.rmtree(root / kind / split)
    for file in sorted(images.iterdir())[10:]:
        file.unlink()
    for file in sorted(labels.iterdir())[3:]:
        file.unlink()
    first = min(labels.iterdir())  # a class with a point, as other programs write it
    first.write_text(
        "".join(line.replace(" ", ".0 ", 1) for line in first.read_text().splitlines(True))
    )
    (root / "data.yaml").write_text(f"train: images/train\nval: images/train\nnames: {NAMES}\n")
    return root


@pytest.fixture
def home(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "set"
    shutil.copytree(drawn, root)
    monkeypatch.chdir(root)
    return root


def task(root: Path, name: str, count: int = 4) -> Path:
    code = label_images.main(["data.yaml", "--next", str(count), "--task", name])
    assert code == 0
    return root / name


def labelled(root: Path) -> set[str]:
    return {path.stem for path in (root / "labels" / "train").glob("*.txt")} - {"classes"}


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_a_task_goes_out_and_comes_back(
    home: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = labelled(home)
    file = task(home, f"next.{suffix}")
    assert labelled(home) == before  # nothing is a label until it comes back
    if suffix == "json":
        tasks = json.loads(file.read_text())
        assert all("predictions" in one and "annotations" not in one for one in tasks)
        for one in tasks:  # as the person there submits it
            one["annotations"] = one.pop("predictions")
        file.write_text(json.dumps(tasks))
    assert "images without a label: 7; picked: 4" in capsys.readouterr().out
    assert label_images.main(["data.yaml", "--take-back", file.name]) == 0
    out = capsys.readouterr().out
    new = labelled(home) - before
    assert f"images with a new label: {len(new)}" in out
    assert len(new) == 4
    text = "".join((home / "labels" / "train" / f"{name}.txt").read_text() for name in new)
    inside = len(text.splitlines())
    assert f"boxes: {inside} in = {inside} taken + 0 left out" in out
    # the next round picks from the rest
    task(home, "more.json", 50)
    assert "images without a label: 3; picked: 3" in capsys.readouterr().out


def test_labels_that_were_there_are_backed_up(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = task(home, "next.xml", 50)
    label_images.main(["data.yaml", "--take-back", file.name])
    assert not labelled(home) ^ {path.stem for path in (home / "images" / "train").iterdir()}
    label_images.main(["data.yaml", "--take-back", file.name])
    assert "as they were before" in capsys.readouterr().out
    assert list((home / "labels" / "train" / ".labelimg").glob("before_taking_back_*.zip"))
    with pytest.raises(FacesortError, match="every image has a label"):
        label_images.main(["data.yaml", "--next", "2", "--task", "other.xml"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--next", "0"), "expected 1 or more"),
        (("--task", "x.json"), "pass --next as well"),
        (("--next", "2", "--task", "x.csv"), "expected .json"),
        (("--next", "2", "--task", "data.yaml"), "expected .json"),
        (("--take-back", "none.json"), "is not there"),
        (("--take-back", "x.json", "--next", "3"), "goes without"),
        (("--next", "2", "--task", "x.json", "--retrain"), "nothing new yet"),
    ],
)
def test_what_cannot_be_done(home: Path, args: tuple[str, ...], message: str) -> None:
    with pytest.raises(FacesortError, match=message):
        label_images.main(["data.yaml", *args])


def test_classes_that_are_not_ours_change_nothing(home: Path) -> None:
    file = task(home, "next.xml")
    file.write_text(file.read_text().replace('label="', 'label="cat '))
    before = labelled(home)
    with pytest.raises(FacesortError, match="cat"):
        label_images.main(["data.yaml", "--take-back", "next.xml"])
    assert labelled(home) == before


def test_images_of_another_folder_are_said(home: Path, tmp_path: Path) -> None:
    file = task(home, "next.xml")
    file.write_text(file.read_text().replace("synthetic_", "elsewhere_"))
    with pytest.raises(FacesortError, match=r"names no image of|no labels found|no image"):
        label_images.main(["data.yaml", "--take-back", "next.xml"])


def test_retraining_passes_the_exit_code_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The training itself has its own tests; here it is a program that notes how it is called."""
    file = task(home, "next.xml")
    noted = home / "noted.json"
    code = f"import sys, json; json.dump(sys.argv[1:], open({str(noted)!r}, 'w')); sys.exit(3)"
    monkeypatch.setattr(paths, "project", lambda: home)
    monkeypatch.setattr(label_images, "command_line", lambda _: [sys.executable, "-c", code])
    argv = ["data.yaml", "--take-back", file.name, "--retrain", "--start", "a.pt", "--epochs", "2"]
    assert label_images.main(argv) == 3
    model, data, epochs = json.loads(noted.read_text())
    assert (model, epochs) == ("model=a.pt", "epochs=2")
    # an image without a label would be learned as one without a face
    images = read_config(Path(data.removeprefix("data="))).images("train")
    assert images and {label_path_of(image).exists() for image in images} == {True}
    assert len(images) < len(read_config(home / "data.yaml").images("train"))
