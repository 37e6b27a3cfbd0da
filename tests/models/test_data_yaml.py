"""A data set from elsewhere is data: neither its YAML nor its label cache runs anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facesort import data_yaml
from facesort.data_yaml import check_data_yaml
from facesort.dataset import yolo_dataset
from facesort.errors import DatasetError

BASE = "train: images/train\nval: images/gone\nnames: [face]\n"
REFUSED = r"data\.yaml: its 'download:' would run as a program"
DOWNLOADS = [
    "https://example.org/data.zip",
    "bash touch VICTIM",
    "__import__('pathlib').Path('VICTIM').touch()",
    "|\n  from pathlib import Path\n  Path('VICTIM').touch()",
    "[https://example.org/a.zip, https://example.org/b.zip]",
]


def write(folder: Path, download: str) -> Path:
    file = folder / "data.yaml"
    told = f"download: {download}\n" if download else ""
    file.write_text(BASE + told.replace("VICTIM", str(folder / "victim")))
    (folder / "images" / "train").mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 64)).save(folder / "images" / "train" / "a.jpg")
    return file


@pytest.mark.parametrize("download", DOWNLOADS)
def test_every_reader_refuses(download: str, tmp_path: Path) -> None:
    file = write(tmp_path, download)
    for read in (check_data_yaml, yolo_dataset.load, yolo_dataset.read_layout):
        with pytest.raises(DatasetError, match=REFUSED):
            read(file)


@pytest.mark.parametrize("download", ["", "''", "null", "[]"])
def test_nothing_to_run_is_fine(download: str, tmp_path: Path) -> None:
    file = write(tmp_path, download)
    check_data_yaml(file)
    assert len(yolo_dataset.read_layout(file).images) == 1


@pytest.mark.parametrize("name", ["data.zip", "data.tar", "list.ndjson", "data"])
def test_what_is_no_yaml_is_not_unpacked(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(BASE)
    with pytest.raises(DatasetError, match=r"expected a data set YAML, a \.yaml file"):
        check_data_yaml(tmp_path / name)


def test_our_own_may_say_how_its_data_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "data_configs"
    ours.mkdir()
    monkeypatch.setattr(data_yaml, "TRUSTED", ours)
    check_data_yaml(write(ours, DOWNLOADS[2]))
    (ours / "link.yaml").symlink_to(write(tmp_path, DOWNLOADS[2]))
    with pytest.raises(DatasetError, match=REFUSED.replace("data", "link")):
        check_data_yaml(ours / "link.yaml")


@pytest.mark.parametrize("download", DOWNLOADS)
def test_training_refuses(download: str, tmp_path: Path) -> None:
    from facesort.models.training.train import train

    with pytest.raises(DatasetError, match=REFUSED):
        train("yolov8n", write(tmp_path, download), epochs=1, imgsz=32, device="cpu")
    assert not (tmp_path / "victim").exists()


def test_ultralytics_itself_runs_no_download(tmp_path: Path) -> None:
    """The second lock: for a YAML that reaches it another way."""
    from ultralytics.engine import trainer

    from facesort.models.training.trainer import isolated

    file = write(tmp_path, DOWNLOADS[2])
    with isolated(), pytest.raises(FileNotFoundError):
        trainer.check_det_dataset(str(file))
    assert not (tmp_path / "victim").exists()


class Calls:
    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._path,)


def test_a_label_cache_is_made_anew(tiny_set: Path, tmp_path: Path, one_thread: None) -> None:
    """Ultralytics unpickles ``labels/train.cache`` wherever it finds one."""
    from facesort.models.training.train import train

    for split in ("train", "val"):
        cache = tmp_path / "tiny" / "labels" / f"{split}.cache"
        evil = np.array(Calls(tmp_path / "victim"), dtype=object)
        with cache.open("wb") as file:
            np.save(file, evil)
        assert b"mkdir" in cache.read_bytes()
    small = {"epochs": 1, "imgsz": 32, "batch": 2, "workers": 0, "plots": False, "device": "cpu"}
    train("yolov8n", tiny_set, project=str(tmp_path / "runs"), **small)
    assert not (tmp_path / "victim").exists()
