"""The project's YAML trains: with the plain yolo command, and with our script and its extras."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.dataset.writer import Tree
from facesort.errors import ModelError
from facesort.models.training.run_card import FINISHED, RUNNING, hash_file, read_card
from facesort.models.training.run_table import read_runs
from facesort.models.training.train import Extras, Trained, train
from facesort.models.training.trainer import weights_of_file

ROOT = Path(__file__).resolve().parents[2]
TINY = "epochs=1 imgsz=64 batch=2 device=cpu workers=0 plots=False".split()
SMALLEST = {"imgsz": 32, "batch": 2, "device": "cpu", "workers": 0, "plots": False}
CLASS_LOSS = "train/cls_loss"


@pytest.fixture
def project(tmp_path: Path, images: list[NDArray[np.uint8]]) -> Path:
    """A folder laid out like the project, with four images a split."""
    tree = Tree(tmp_path / "datasets" / "occlusion")
    tree.start()
    box = np.array([[100.0, 60, 280, 190]])
    for split in ("train", "val", "test"):
        for i, rgb in enumerate(images[:4]):
            tree.add(split, f"{split}{i}", rgb, box, np.array([i]))
    (tmp_path / "data_configs").mkdir()
    shutil.copy(ROOT / "data_configs" / "occlusion.yaml", tmp_path / "data_configs")
    return tmp_path


def trained(command: list[str], project: Path) -> list[Path]:
    """Run ``command`` in ``project`` without a network; return the best checkpoints it made."""
    offline = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
    offline["OMP_NUM_THREADS"] = "1"  # as in one_thread
    environment = os.environ | offline | {"YOLO_CONFIG_DIR": str(project / "settings")}
    environment.pop("PYTEST_CURRENT_TEST", None)  # with it, Ultralytics writes beside itself
    runs = f"project={project / 'runs'}"  # its default is the repository that holds the venv
    done = subprocess.run(
        [*command, runs], cwd=project, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return sorted(project.glob("runs/**/best.pt"))


def in_here(model: Path, data: Path, name: str, *extras: Any, **overrides: Any) -> Trained:
    """Train in this process, into ``runs/name`` beside ``data``."""
    project = str(data.parent / "runs")
    arguments = SMALLEST | {"epochs": 1, "project": project, "name": name} | overrides
    return train(str(model), data, *extras, **arguments)


def first_losses(run: Trained) -> dict[str, float]:
    """The losses of the first epoch."""
    head, row = (run.folder / "results.csv").read_text().splitlines()[:2]
    return {name: float(x) for name, x in zip(head.split(","), row.split(","), strict=True)}


def test_the_plain_yolo_command_trains(project: Path, checkpoint: Path) -> None:
    yolo = Path(sys.executable).with_name("yolo")
    command = [str(yolo), *"detect train data=data_configs/occlusion.yaml".split()]
    assert trained([*command, f"model={checkpoint}", *TINY], project)


def test_our_script_trains_in_bfloat16_and_logs_to_files(project: Path, checkpoint: Path) -> None:
    script = [sys.executable, str(ROOT / "tools" / "train_yolo.py"), "--bf16-cpu", "--wandb"]
    command = [*script, "data=data_configs/occlusion.yaml", f"model={checkpoint}", *TINY]
    (best,) = trained(command, project)

    import torch

    weights = torch.load(best, weights_only=False)["model"].state_dict()
    assert {w.dtype for w in weights.values() if w.is_floating_point()} == {torch.float16}
    assert all(torch.isfinite(w).all() for w in weights.values())

    folder = best.parents[1]
    assert list(folder.glob("wandb/offline-run-*/*.wandb"))
    card = read_card(folder)
    assert card["status"] == FINISHED
    assert card["command"].startswith("python tools/train_yolo.py --bf16-cpu --wandb data=")
    assert card["extras"] == {"bf16_cpu": True, "focal": None, "class_weights": None}
    assert card["start"]["weights"] == {str(checkpoint): hash_file(checkpoint)}
    assert card["data"]["images"] == {"train": 4, "val": 4}
    assert card["results"]["best_sha256"] == hash_file(best)
    assert {"ultralytics", "torch", "python"} <= set(card["versions"])
    assert {"seed", "git", "machine", "seconds", "started"} <= set(card)


@pytest.mark.usefixtures("one_thread")
def test_class_weights_and_focal_reach_the_loss(tiny_set: Path, checkpoint: Path) -> None:
    """The same seed, and nothing is learned: the class loss is three times as high, or less."""
    names = ["face", "masked", "sunglasses", "masked_sunglasses"]
    file = tiny_set.with_name("weights.json")
    file.write_text(json.dumps(dict.fromkeys(names, 3)))
    still = {"optimizer": "SGD", "lr0": 0.0, "warmup_epochs": 0}
    plain, weighed, focal = (
        first_losses(in_here(checkpoint, tiny_set, name, extras, **still))
        for name, extras in (
            ("plain", Extras()),
            ("weighed", Extras(weigh=weights_of_file(file))),
            ("focal", Extras(focal=2.0)),
        )
    )
    assert weighed[CLASS_LOSS] == pytest.approx(3 * plain[CLASS_LOSS], rel=1e-3)
    assert 0 < focal[CLASS_LOSS] < 0.9 * plain[CLASS_LOSS]
    assert plain["train/box_loss"] == weighed["train/box_loss"] == focal["train/box_loss"]


@pytest.mark.usefixtures("one_thread")
def test_a_run_killed_while_it_saves_goes_on(tiny_set: Path, checkpoint: Path) -> None:
    """SIGKILL between writing the second checkpoint and putting it in the place of the first."""
    child = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT / "tools")!r})
replace, saved = os.replace, []
def killing(source, target):
    if str(target).endswith("last.pt"):
        saved.append(target)
        if len(saved) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
os.replace = killing
from pathlib import Path
import numpy, torch
from facesort.models.training.train import Extras, train
torch.set_num_threads(1)
extras = Extras(focal=1.5, weigh=lambda counts, names: numpy.array([1, 2, 3, 4.0]), command="mine")
train({str(checkpoint)!r}, Path({str(tiny_set)!r}), extras, epochs=3, name="killed",
      project={str(tiny_set.parent / "runs")!r}, **{SMALLEST!r})
"""
    command = [sys.executable, "-c", child]
    done = subprocess.run(command, cwd=tiny_set.parent, capture_output=True, timeout=300)
    assert done.returncode < 0, done.stderr[-2000:]
    folder = tiny_set.parent / "runs" / "killed"
    assert read_card(folder)["status"] == RUNNING
    ((stopped,), _) = read_runs(folder.parent)
    assert (stopped.status, stopped.epochs) == ("unfinished", "2/3")

    resumed = train(str(folder / "weights" / "last.pt"), None, resume=True)

    assert resumed.folder == folder
    card = read_card(folder)
    assert (card["status"], card["results"]["epochs"]) == (FINISHED, 3)
    assert (card["command"], len(card["resumed"])) == ("mine", 1)
    assert card["extras"]["focal"] == 1.5
    assert list(card["extras"]["class_weights"].values()) == [1, 2, 3, 4]
    ((finished,), _) = read_runs(folder.parent)
    assert (finished.status, finished.epochs, finished.model) == (
        "finished",
        "3/3",
        checkpoint.name,
    )
    with pytest.raises(ModelError, match="nothing to resume"):
        train(str(folder / "weights" / "last.pt"), None, resume=True)


@pytest.mark.usefixtures("one_thread")
def test_weights_of_another_network_say_how_much_fits(tiny_set: Path, checkpoint: Path) -> None:
    lines: list[str] = []
    extras, given = Extras(say=lines.append), str(checkpoint)
    run = in_here(Path("yolo11n"), tiny_set, "other", extras, pretrained=given)
    card = read_card(run.folder)
    fitted, whole = card["start"]["transferred"], card["results"]["parameters"]
    assert 0 < fitted["parameters"] < fitted["of_parameters"] == whole
    assert lines == [
        f"transferred {fitted['tensors']} of {fitted['of_tensors']} tensors, "
        f"{fitted['parameters']:,} of {whole:,} parameters; the rest starts from scratch"
    ]
    assert card["start"]["weights"] == {given: hash_file(checkpoint)}


@pytest.mark.usefixtures("one_thread")
def test_frozen_layers_stay(tiny_set: Path, checkpoint: Path) -> None:
    run = in_here(checkpoint, tiny_set, "frozen", freeze=10, lr0=0.1, optimizer="SGD")

    import torch

    before, after = (
        torch.load(file, weights_only=False)["model"].float().state_dict()
        for file in (checkpoint, run.best)
    )
    changed = {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}
    assert changed, "nothing was trained"
    assert not changed & set(map(str, range(10)))


@pytest.mark.parametrize("missing", ["weights", "data", "pretrained"])
def test_missing_files_are_named(tmp_path: Path, checkpoint: Path, missing: str) -> None:
    data = ROOT / "data_configs" / "occlusion.yaml"
    files = {"weights": checkpoint, "data": data, "pretrained": checkpoint}
    files[missing] = tmp_path / "none"
    with pytest.raises(ModelError, match="none: no such"):
        train(str(files["weights"]), files["data"], pretrained=str(files["pretrained"]))
