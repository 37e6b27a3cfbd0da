"""The commands that users know, exactly as the README writes them, in a fresh clone, offline."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

TRAIN = (
    "yolo detect train data=data_configs/occlusion.yaml model=weights/occlusion.pt "
    "epochs=1 imgsz=160"
)
SAMPLE = "python tools/make_sample_album.py"
SORT = "python tools/sort_photos.py --src sample_album"
CORRECT = "python tools/learn_corrections.py sorted --apply"
EXPORT = "python tools/yolo_to_onnx.py --weights runs/detect/train/weights/best.pt --out my.onnx"

# the network is away for every Python that starts here, as on a machine without one
OFFLINE = """
import socket
def refuse(*args, **kwargs):
    raise OSError("no network in this test")
socket.getaddrinfo = socket.create_connection = refuse
socket.socket.connect = refuse
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``git clone`` gives: the files that git knows, and nothing that was made since."""
    folder = tmp_path_factory.mktemp("fresh") / "facesort"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    (folder.parent / "offline").mkdir()
    (folder.parent / "offline" / "sitecustomize.py").write_text(OFFLINE)
    return folder


def run(command: str, clone: Path) -> str:
    """Run a command line as it is written, with this environment's ``python`` and ``yolo``."""
    home = clone.parent / "home"
    home.mkdir(exist_ok=True)
    ours = ("FACESORT", "PYTEST")  # Ultralytics writes elsewhere when it sees that a test runs
    env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    env |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(clone.parent / "offline"),
        "HOME": str(home),
        "YOLO_CONFIG_DIR": str(home),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        command.split(), cwd=clone, env=env, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", [TRAIN, SORT, SAMPLE])
def test_the_readme_writes_it_so(command: str) -> None:
    assert command in README


def test_sort_then_correct_by_hand(clone: Path) -> None:
    run(SAMPLE, clone)
    assert "masked_sunglasses" in run(SORT, clone)
    faces = clone / "sorted" / "faces"
    others = {crop.name for crop in faces.glob("*/*") if crop.parent.name != "masked"}
    crop = next(crop for crop in sorted((faces / "masked").iterdir()) if crop.name not in others)
    crop.rename(faces / "_not_a_face" / crop.name)
    run(CORRECT, clone)
    with (clone / "sorted" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["crop"].endswith(crop.name)]
    assert all("_not_a_face" in row["crop"] for row in rows)
    assert not (faces / "masked" / crop.name).exists()


@pytest.mark.slow
def test_yolo_trains_on_a_sample_and_the_result_becomes_onnx(clone: Path) -> None:
    """Two of the commands: the second takes what the first made."""
    pytest.importorskip("ultralytics")
    # Ultralytics writes below the git checkout that holds its environment: the clone, for a user
    run(f"yolo settings runs_dir={clone / 'runs'}", clone)
    said = run(TRAIN, clone)
    assert "made a SAMPLE of 96 images" in said
    assert "SAMPLE" in (clone / "datasets" / "occlusion" / "SAMPLE.txt").read_text()
    assert (clone / "runs" / "detect" / "train" / "weights" / "best.pt").is_file()
    run(EXPORT, clone)
    assert (clone / "my.onnx").stat().st_size > 1e6
