"""A foreign .pt, .pth or network YAML runs nothing and fetches nothing; real ones load."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from facesort.errors import ModelError
from facesort.models import checkpoints
from facesort.models.checkpoints import TRUST_WEIGHTS, load_state_dict
from facesort.models.ultralytics_loader import import_ultralytics, read_yolo

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "weights"
REFUSED = (
    f"which no network needs; it was not loaded and nothing in it was run; .*{TRUST_WEIGHTS}=1"
)


class Calls:
    """Pickled, it is a call: whoever unpickles it makes it."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self._call


def evil_checkpoint(file: Path, victim: Path) -> Path:
    """A checkpoint that makes the file ``victim`` when it is loaded."""
    torch.save({"model": Calls(os.mkdir, str(victim)), "train_args": {}}, file)
    return file


def script(name: str, *arguments: object, trust: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != TRUST_WEIGHTS}
    environment |= {"OMP_NUM_THREADS": "1"} | ({TRUST_WEIGHTS: "1"} if trust else {})
    command = [sys.executable, str(ROOT / "tools" / name), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_sort_photos_refuses_a_checkpoint_that_runs_code(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "album").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "album" / "a.jpg")
    evil = evil_checkpoint(tmp_path / "evil.pt", tmp_path / "victim")
    options = "--src", tmp_path / "album", "--dst", tmp_path / "out", "--weights", evil
    done = script("sort_photos.py", *options)
    assert done.returncode == 1
    assert "posix.mkdir" in done.stderr or "nt.mkdir" in done.stderr
    assert TRUST_WEIGHTS in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "victim").exists()


def test_the_opt_out_is_real(tmp_path: Path) -> None:
    """So that the test above shows the gate, and not a file that would have done nothing."""
    evil = evil_checkpoint(tmp_path / "evil.pt", tmp_path / "victim")
    loader = "from facesort.models.ultralytics_loader import read_yolo"
    code = f"import sys; from pathlib import Path; {loader}; "
    command = [sys.executable, "-c", code + "read_yolo(Path(sys.argv[1]))", str(evil)]
    environment = os.environ | {TRUST_WEIGHTS: "1", "PYTHONPATH": str(ROOT / "tools")}
    subprocess.run(command, env=environment, capture_output=True, timeout=120)
    assert (tmp_path / "victim").exists()


def _load(function: str, file: Path) -> None:
    """One of our ways to a checkpoint."""
    from facesort.models.classify.classifier import load_classifier
    from facesort.models.classify.fit import transfer
    from facesort.models.detect import load_detector
    from facesort.models.export import export_onnx, trained_on
    from facesort.models.face_finders import load_face_finder
    from facesort.models.platt_scaling import apply_platt_scaling
    from facesort.models.segment import load_segmenter
    from facesort.models.training.train import train

    data = file.with_name("data.yaml")
    data.write_text("train: images\nval: images\nnames: [face]\n")
    layer: Any = torch.nn.Sequential(torch.nn.Identity())
    layer.model = [layer]
    calls: dict[str, Callable[[], object]] = {
        "detector": lambda: load_detector(file),
        "classifier": lambda: load_classifier(file, 64),
        "start of a classifier": lambda: transfer(file, layer),
        "export": lambda: export_onnx(file, file.with_suffix(".onnx"), []),
        "where it was trained": lambda: trained_on(file),
        "face finder": lambda: load_face_finder(file),
        "scores": lambda: apply_platt_scaling(file, file, 1, 0),
        "segmenter": lambda: load_segmenter(file),
        "training": lambda: train(str(file), data),
        "pretrained": lambda: train("yolov8n", data, pretrained=str(file)),
        "torchvision": lambda: load_state_dict(file),
    }
    calls[function]()


WAYS = (
    *("detector", "classifier", "start of a classifier", "export", "where it was trained"),
    *("face finder", "scores", "segmenter", "training", "pretrained", "torchvision"),
)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_checkpoint_passes_the_gate(way: str, tmp_path: Path) -> None:
    evil = evil_checkpoint(tmp_path / "evil.pt", tmp_path / "victim")
    with pytest.raises(ModelError, match=rf"evil\.pt: asks for \w+\.mkdir, {REFUSED}"):
        _load(way, evil)
    assert not (tmp_path / "victim").exists()


def test_a_resumed_training_refuses_its_best_checkpoint(tmp_path: Path, checkpoint: Path) -> None:
    """Ultralytics opens the best.pt beside the last.pt at the end, the unsafe way."""
    from facesort.models.training.train import train

    weights = tmp_path / "run" / "weights"
    weights.mkdir(parents=True)
    content = read_yolo(checkpoint).ckpt
    torch.save({**content, "epoch": 1, "optimizer": {}}, weights / "last.pt")
    evil_checkpoint(weights / "best.pt", tmp_path / "victim")
    with pytest.raises(ModelError, match=rf"best\.pt: asks for \w+\.mkdir, {REFUSED}"):
        train(str(weights / "last.pt"), None, resume=True)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_bare_pickle_is_no_checkpoint(protocol: int, tmp_path: Path) -> None:
    file = tmp_path / "evil.pt"
    file.write_bytes(pickle.dumps({"model": Calls(os.mkdir, str(tmp_path / "x"))}, protocol))
    with pytest.raises(ModelError, match=r"evil\.pt: "):
        read_yolo(file)
    assert not (tmp_path / "x").exists()


def test_what_the_loader_may_build_cannot_reach_the_network(tmp_path: Path) -> None:
    """Ultralytics lets a checkpoint construct its layers; this one fetches weights."""
    from ultralytics.nn.modules.block import TorchVision

    file = tmp_path / "fetches.pt"
    torch.save({"model": Calls(TorchVision, "resnet18", "DEFAULT")}, file)
    with pytest.raises(ModelError, match=rf"asks for socket\.\w+, {REFUSED}"):
        read_yolo(file)


TINY = "nc: 1\nbackbone: [[-1, 1, Conv, [8, 3, 2]]]\nhead: [[[0], 1, Detect, [nc]]]\n"


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        (f'activation: \'__import__("os").mkdir("VICTIM")\'\n{TINY}', "unsupported activation"),
        (TINY.replace("Conv, [8, 3, 2]", "TorchVision, [512, resnet18, DEFAULT]"), "for socket"),
    ],
)
def test_a_network_yaml_runs_and_fetches_nothing(yaml: str, expected: str, tmp_path: Path) -> None:
    from facesort.models.training.start import load_start

    file = tmp_path / "network.yaml"
    file.write_text(yaml.replace("VICTIM", str(tmp_path / "victim")))
    with pytest.raises(ModelError, match=expected):
        load_start(str(file))
    assert not (tmp_path / "victim").exists()


def test_ultralytics_imported_first_is_hardened_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import ultralytics.nn.tasks as tasks

    monkeypatch.setattr(tasks, "SAFE_LOAD", False)
    import_ultralytics()
    assert tasks.SAFE_LOAD


def test_a_torch_that_cannot_read_safely_is_refused(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, Ultralytics' own switch would be passed over in silence."""
    import ultralytics.nn.tasks as tasks

    monkeypatch.setattr(tasks._SafeLoad, "SUPPORTED", False)
    with pytest.raises(ModelError, match=f"install torch 2.6 or newer, or, .*{TRUST_WEIGHTS}=1"):
        read_yolo(checkpoint)


def test_only_the_thread_that_reads_is_shut_off(checkpoint: Path) -> None:
    import socket
    from threading import Thread

    reached = []
    with checkpoints.read_safely(checkpoint):
        with pytest.raises(PermissionError):
            socket.getaddrinfo("127.0.0.1", 1)
        thread = Thread(target=lambda: reached.append(socket.getaddrinfo("127.0.0.1", 1)))
        thread.start()
        thread.join()
    assert reached and socket.getaddrinfo("127.0.0.1", 1)


NETWORKS = """yolov5nu yolov8n yolov9t yolov10n yolo11n yolo12n yolo26n yolo11n-cls yolo11n-pose
yolo11n-seg yolo26n-obb yolov8n-cls yolov8n-seg""".split()


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_stock_checkpoints_load(name: str, tmp_path: Path, one_thread: None) -> None:
    """Ultralytics' networks as it saves them: the files themselves would be a download."""
    ultralytics = import_ultralytics()
    family = name.replace("nu", "n")
    model = ultralytics.YOLO(f"{family}.yaml")
    model.save(tmp_path / f"{name}.pt")
    assert read_yolo(tmp_path / f"{name}.pt").task == model.task


# each file in a child of its own: what may be loaded is remembered by torch
LOAD_EACH = """
import os, sys
from pathlib import Path
from facesort.models.ultralytics_loader import import_ultralytics, load_yolo
import_ultralytics()
for file in sys.argv[1:]:
    if not os.fork():
        load_yolo(Path(file), task="classify")
        os._exit(0)
    _, status = os.wait()
    print(Path(file).stem, "cannot be loaded" if status else "loads")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_our_torchvision_classifiers_load(tmp_path: Path, one_thread: None) -> None:
    from facesort.models.classify.fit import find_network

    names = ("efficientnet_b0", "mobilenet_v3_large", "resnet18")
    for name in names:
        model = import_ultralytics().YOLO(find_network(name), task="classify")
        model.save(tmp_path / f"{name}.pt")
    command = [sys.executable, "-c", LOAD_EACH, *(str(tmp_path / f"{name}.pt") for name in names)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tools"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == [f"{name} loads" for name in names], done.stderr


def test_our_own_checkpoint_loads(checkpoint: Path) -> None:
    assert read_yolo(checkpoint).names[3] == "masked_sunglasses"


@pytest.mark.real
@pytest.mark.parametrize("file", sorted(SHARED.glob("*.pt*")), ids=lambda file: file.name)
def test_published_checkpoints_load(file: Path) -> None:
    if file.suffix == ".pth":
        assert load_state_dict(file)
    else:
        assert read_yolo(file).task in ("detect", "pose")
