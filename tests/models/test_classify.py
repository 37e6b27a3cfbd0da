"""Classifiers: which there are, what fits them, and one trained, exported and quantized."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facesort.classes import CLASS_NAMES
from facesort.errors import ModelError
from facesort.models.classify.classifier import (
    MAX_GAP,
    compare,
    export,
    load_classifier,
    network_input,
    quantize,
    squared,
)
from facesort.models.classify.fit import Recipe, find_network, fit, pair_layers, transfer
from facesort.models.training.run_card import FINISHED, read_card
from facesort.models.ultralytics_loader import import_ultralytics, load_yolo

TRUNKS = ["mobilenet_v3_small", "mobilenet_v3_large", "resnet18", "efficientnet_b0"]
SMALLEST = {"epochs": 1, "imgsz": 32, "batch": 4, "device": "cpu", "workers": 0}


def build(name: str) -> Any:
    import_ultralytics()
    from ultralytics.nn.tasks import ClassificationModel

    return ClassificationModel(find_network(name), nc=4, verbose=False)


@pytest.mark.parametrize("name", ["yolo11n-cls", "yolov8n-cls", "yolo26s-cls"])
def test_ultralytics_own(name: str) -> None:
    assert find_network(name) == f"{name}.yaml"


@pytest.mark.parametrize("name", ["", "yolo11n", "yolo99n-cls", "yolo11q-cls", "vgg16", "../x"])
def test_unknown_networks(name: str) -> None:
    with pytest.raises(ModelError, match="no such classifier; expected yolo11n-cls"):
        find_network(name)


@pytest.mark.parametrize("name", TRUNKS)
def test_trunks_of_torchvision(name: str, one_thread: None) -> None:
    """Each YAML gives its trunk's channels rightly, or the head would not fit."""
    import torch

    probabilities, _ = build(name).eval()(torch.zeros(1, 3, 32, 32))
    assert probabilities.shape == (1, 4)


def test_a_detectors_backbone_fits(tmp_path: Path) -> None:
    """All of it but the SPPF, which a classifier lacks; the layer behind it is paired as well."""
    from facesort.models.ultralytics_loader import import_ultralytics

    checkpoint = tmp_path / "yolo11n.pt"
    import_ultralytics().YOLO("yolo11n.yaml").save(checkpoint)
    detector, network = load_yolo(checkpoint, task="detect").model, build("yolo11n-cls")
    pairs = list(pair_layers(detector.model, network.model))
    assert pairs == [*((i, i) for i in range(9)), (10, 9)]
    taken = transfer(checkpoint, network)
    head = sum(p.numel() for p in network.model[10].parameters())
    assert taken.of_parameters - taken.parameters == head
    theirs, ours = detector.model[10].m[0].attn.qkv, network.model[9].m[0].attn.qkv
    assert (theirs.conv.weight == ours.conv.weight).all()


def test_another_size_does_not_fit(checkpoint: Path) -> None:
    """Some layers have the shape of others elsewhere; they are not taken for them."""
    with pytest.raises(ModelError, match="nothing in it fits"):
        transfer(checkpoint, build("yolo11s-cls"))


def test_torchvisions_weights_fit(tmp_path: Path, one_thread: None) -> None:
    """A state dict by torchvision's names lands in the trunk: both say the same of an image."""
    import torch
    import torchvision

    theirs = torchvision.models.resnet18(weights=None).eval()
    torch.save(theirs.state_dict(), tmp_path / "resnet18.pth")
    ours = build("resnet18").eval()
    taken = transfer(tmp_path / "resnet18.pth", ours)
    assert taken.tensors == len(list(theirs.parameters())) - 2  # but for its classifier
    image = torch.rand(1, 3, 64, 64)
    pooled = torch.nn.functional.adaptive_avg_pool2d(ours.model[0](image), 1).flatten(1)
    assert torch.allclose(theirs.fc(pooled), theirs(image), atol=1e-5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such weights"),
        (b"", "not a state dict"),
        (b"text", "not a state dict"),
        ([1, 2], "expected a state dict"),
        ({}, "nothing in it fits"),
        ({"conv1.weight": 1}, "nothing in it fits"),
    ],
)
def test_weights_that_do_not_fit(content: Any, message: str, tmp_path: Path) -> None:
    import torch

    file = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    with pytest.raises(ModelError, match=message):
        transfer(file, build("resnet18"))


def test_a_crop_is_padded_never_cut() -> None:
    tall = np.full((60, 20, 3), 200, dtype=np.uint8)
    square = squared(tall, 32)
    assert square.shape == (32, 32, 3)
    assert (square[0, 16] == 200).all() and (square[-1, 16] == 200).all()  # chin and brow are there
    assert (square[:, 0] == 114).all()
    assert np.abs(network_input(tall, 32)[0].transpose(1, 2, 0) * 255 - square).max() < 0.51


@pytest.mark.parametrize("name", ["none.onnx", "none.pt", "text.onnx", "detector"])
def test_files_that_are_no_classifier(name: str, tmp_path: Path, onnx_file: Path) -> None:
    (tmp_path / "text.onnx").write_text("text")
    file = onnx_file if name == "detector" else tmp_path / name
    with pytest.raises(ModelError):
        load_classifier(file, imgsz=32)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a training on two classes of the four, its ONNX and its 8-bit ONNX."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in one_thread
    root = tmp_path_factory.mktemp("classifier")
    for split in ("train", "val"):
        for number in range(8):
            name = ("masked", "sunglasses")[number % 2]
            (root / "data" / split / name).mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng(number)
            noise = rng.integers(0, 90, (32, 32, 3), dtype=np.uint8)
            noise[..., number % 2] += 150
            cv2.imwrite(str(root / "data" / split / name / f"{number}.png"), noise)
    told: list[str] = []
    recipe = Recipe("mobilenet_v3_small", None, CLASS_NAMES, dict(SMALLEST), command="train")
    best = fit(recipe, root / "data", root / "run", told.append)
    torch.set_num_threads(threads)
    assert told == ["mobilenet_v3_small: from scratch"]
    export(best, root / "whole.onnx", examples(), imgsz=32)
    quantize(root / "whole.onnx", root / "small.onnx", examples())
    return root


def examples() -> list[NDArray[np.uint8]]:
    dice = [np.random.default_rng(number) for number in range(9)]
    return [rng.integers(0, 255, (40, 30, 3), dtype=np.uint8) for rng in dice]


def test_classes_keep_our_order(trained: Path) -> None:
    """Ultralytics sorts class folders by name, and knows only those that have a crop."""
    for file in ("whole.onnx", "small.onnx"):
        assert load_classifier(trained / file).names == CLASS_NAMES
    network = load_yolo(trained / "run" / "weights" / "best.pt", task="classify").model
    assert tuple(network.names.values()) == CLASS_NAMES
    assert network.model[-1].linear.out_features == 4


def test_the_onnx_file_equals_the_checkpoint(trained: Path) -> None:
    a = load_classifier(trained / "run" / "weights" / "best.pt", imgsz=32)
    equal = compare(a, load_classifier(trained / "whole.onnx"), examples())
    assert (equal.crops, equal.other_class) == (9, 0)
    assert equal.max_gap < MAX_GAP


def test_eight_bits_are_smaller_and_still_probabilities(trained: Path) -> None:
    assert (trained / "small.onnx").stat().st_size < 0.5 * (trained / "whole.onnx").stat().st_size
    small = load_classifier(trained / "small.onnx")
    assert all(small.classify(rgb).sum() == pytest.approx(1, abs=1e-3) for rgb in examples())


def test_nothing_to_compare_is_no_export(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no crop to compare"):
        export(trained / "run" / "weights" / "best.pt", tmp_path / "x.onnx", [], imgsz=32)
    assert not (tmp_path / "x.onnx").exists()


def test_batch_statistics_keep_up_with_a_short_training(trained: Path) -> None:
    network = load_yolo(trained / "run" / "weights" / "best.pt", task="classify").model
    assert {m.momentum for m in network.modules() if hasattr(m, "running_var")} == {0.1}


def test_the_run_card(trained: Path) -> None:
    card = read_card(trained / "run")
    assert card["status"] == FINISHED and card["command"] == "train"
    assert card["start"]["transferred"] is None and card["data"]["crops"] == 8


def test_data_that_is_none(tmp_path: Path) -> None:
    recipe = Recipe("yolo11n-cls", None, CLASS_NAMES, dict(SMALLEST))
    with pytest.raises(ModelError, match="training stopped"):
        fit(recipe, tmp_path / "none", tmp_path / "run", lambda line: None)
