"""The whole way with the shipped model: an album goes in, folders by class come out."""

import csv
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from facesort.boxes import as_boxes, iou_matrix, min_side
from facesort.classes import CLASS_NAMES
from facesort.dataset import training_sources
from facesort.dataset.sample_data import SAMPLES, make_sample_album

ROOT = Path(__file__).resolve().parents[1]
SCENES = ROOT.parent / "shared" / "data" / "scenes_voc"
WITHOUT_TORCH = (
    "import runpy, sys; sys.modules['torch'] = sys.modules['ultralytics'] = None; "
    "sys.path.insert(0, sys.argv[1]); del sys.argv[:2]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


def sort(src: Path, dst: Path, *options: str) -> str:
    """Run the script in a process that cannot import torch or Ultralytics, for a person whose
    home folder is ``home`` beside ``dst``."""
    tools = ROOT / "tools"
    script = [str(tools), str(tools / "sort_photos.py"), "--src", str(src), "--dst", str(dst)]
    home = dst.parent / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *script, *options],
        env=os.environ | {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows_of(dst: Path) -> dict[str, list[dict[str, str]]]:
    """The manifest's faces by photo."""
    faces = defaultdict(list)
    with (dst / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            faces[row["photo"]].append(row)
    return faces


@pytest.fixture(scope="module")
def sorted_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("end_to_end")
    make_sample_album(folder / "album")
    sort(folder / "album", folder / "sorted")
    return folder / "sorted"


def test_nothing_is_left_in_the_home_folder(sorted_sample: Path) -> None:
    """ONNX Runtime keeps a device id there when it is about to report."""
    assert list((sorted_sample.parent / "home").rglob("*")) == []


def test_the_sample_album_fills_all_four_classes(sorted_sample: Path) -> None:
    for name in CLASS_NAMES:
        assert list((sorted_sample / "photos" / name).iterdir()), f"photos/{name} is empty"
        assert list((sorted_sample / "faces" / name).iterdir()), f"faces/{name} is empty"
    assert list((sorted_sample / "photos" / "_no_face").iterdir())


def test_by_person_without_examples_no_folder_is_empty(tmp_path: Path) -> None:
    """README's own sample album: everybody who gets a number has a face, from 01 on."""
    make_sample_album(tmp_path / "album")
    out = sort(tmp_path / "album", tmp_path / "sorted", "--by", "person")
    people = sorted((tmp_path / "sorted" / "faces").glob("person_*"))
    assert [folder.name for folder in people] == ["person_01", "person_02"], out
    assert all(any(folder.iterdir()) for folder in people), out
    assert "people found: 2 (person_01 to person_02)" in out


@pytest.mark.parametrize(
    "sample", [s for s in SAMPLES if s.frames[0].image.landmarks_xy], ids=lambda s: s.name
)
def test_each_drawn_face_gets_its_class(sorted_sample: Path, sample) -> None:  # type: ignore[no-untyped-def]
    """What was drawn is found, as often as it was drawn; bystanders may be found too."""
    found = Counter(row["class"] for row in rows_of(sorted_sample)[sample.name])
    assert Counter(frame.worn.name for frame in sample.frames) <= found


def test_pandas_reads_the_manifest(sorted_sample: Path) -> None:
    pd = pytest.importorskip("pandas")

    table = pd.read_csv(sorted_sample / "manifest.csv")
    assert table["photo"].nunique() == len(SAMPLES)
    faces = table.dropna(subset=["class"])
    assert set(faces["class"]) == set(CLASS_NAMES)
    assert ((faces["mouth"] + 2 * faces["eyes"]) == faces["class"].map(CLASS_NAMES.index)).all()
    for path in [*faces["crop"], *table["target"]]:
        assert (sorted_sample / path).is_file()


@pytest.mark.real
@pytest.mark.skipif(not SCENES.is_dir(), reason="no real photos in ../shared")
def test_real_scenes(tmp_path: Path) -> None:
    """Not a figure (most of these photos were trained on) but a guard: sorting real photos finds
    their clear faces, with the right class, and every photo ends up somewhere."""
    tables = [SCENES / "second_look.csv", ROOT / "data_configs/second_look/scenes_voc.csv"]
    scenes = training_sources.read_scenes(
        SCENES, training_sources.read_second_looks(tables, "object_index")
    )[::20]
    (tmp_path / "album").mkdir()
    for scene in scenes:
        shutil.copyfile(scene.path, tmp_path / "album" / scene.path.name)
    sort(tmp_path / "album", tmp_path / "sorted")
    rows = rows_of(tmp_path / "sorted")
    assert len(rows) == len(scenes)
    clear = found = right = 0
    for scene in scenes:
        faces = [row for row in rows[scene.path.name] if row["class"]]
        boxes = as_boxes([[float(row[k]) for k in ("x1", "y1", "x2", "y2")] for row in faces])
        overlap = iou_matrix(scene.xyxy_px, boxes)
        for i in np.flatnonzero((min_side(scene.xyxy_px) >= 64) & (scene.class_id >= 0)):
            clear += 1
            if overlap[i].max(initial=0) >= 0.5:
                found += 1
                right += faces[overlap[i].argmax()]["class"] == CLASS_NAMES[scene.class_id[i]]
    assert clear >= 40
    assert found / clear >= 0.9, f"{found} of {clear} clear faces found"
    assert right / clear >= 0.85, f"{right} of {clear} clear faces found with their class"
