"""The project's YAML trains: with the plain yolo command, and with our script in bfloat16."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.dataset.tree import Tree
from facesort.errors import ModelError
from facesort.models.train import parse_overrides, train

ROOT = Path(__file__).resolve().parents[2]
TINY = "epochs=1 imgsz=64 batch=2 device=cpu workers=0 plots=False".split()


@pytest.fixture
def project(tmp_path: Path, pictures: list[NDArray[np.uint8]]) -> Path:
    """A folder laid out like the project, with four pictures a split."""
    tree = Tree(tmp_path / "datasets" / "occlusion")
    tree.start()
    box = np.array([[100.0, 60, 280, 190]])
    for split in ("train", "val", "test"):
        for i, rgb in enumerate(pictures[:4]):
            tree.add(split, f"{split}{i}", rgb, box, np.array([i]))
    (tmp_path / "data_configs").mkdir()
    shutil.copy(ROOT / "data_configs" / "occlusion.yaml", tmp_path / "data_configs")
    return tmp_path


def trained(command: list[str], project: Path) -> list[Path]:
    """Run ``command`` in ``project`` without a network; return the best checkpoints it made."""
    offline = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
    environment = os.environ | offline | {"YOLO_CONFIG_DIR": str(project / "settings")}
    environment.pop("PYTEST_CURRENT_TEST", None)  # with it, Ultralytics writes beside itself
    runs = f"project={project / 'runs'}"  # its default is the repository that holds the venv
    done = subprocess.run(
        [*command, runs], cwd=project, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return sorted(project.glob("runs/**/best.pt"))


def test_the_plain_yolo_command_trains(project: Path, checkpoint: Path) -> None:
    yolo = Path(sys.executable).with_name("yolo")
    command = [str(yolo), *"detect train data=data_configs/occlusion.yaml".split()]
    assert trained([*command, f"model={checkpoint}", *TINY], project)


def test_our_script_trains_in_bfloat16(project: Path, checkpoint: Path) -> None:
    script = [sys.executable, str(ROOT / "tools" / "train_yolo.py"), "--bf16-cpu"]
    command = [*script, "data=data_configs/occlusion.yaml", f"model={checkpoint}", *TINY]
    (best,) = trained(command, project)

    import torch

    weights = torch.load(best, weights_only=False)["model"].state_dict()
    assert {w.dtype for w in weights.values() if w.is_floating_point()} == {torch.float16}
    assert all(torch.isfinite(w).all() for w in weights.values())


def test_overrides_are_read_as_yaml() -> None:
    pairs = {"epochs": "3", "lr0": "0.01", "cos_lr": "True", "project": "a/b"}
    assert parse_overrides(pairs) == {"epochs": 3, "lr0": 0.01, "cos_lr": True, "project": "a/b"}


@pytest.mark.parametrize("missing", ["weights", "data"])
def test_missing_files_are_named(tmp_path: Path, checkpoint: Path, missing: str) -> None:
    files = {"weights": checkpoint, "data": ROOT / "data_configs" / "occlusion.yaml"}
    files[missing] = tmp_path / "none"
    with pytest.raises(ModelError, match="none: no such"):
        train(files["weights"], files["data"])
