"""What a training can start from: files and names, and one line for what is neither."""

from pathlib import Path

import pytest

from facesort.errors import ModelError
from facesort.models.training.start import find_checkpoint, find_start, is_resumable, load_start

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("name", "parameters"),  # with 80 classes, as the authors give them
    [
        ("yolov5n", 2_654_816),
        ("yolov5nu", 2_654_816),
        ("yolov5s", 9_153_152),
        ("v7-tiny", 8_144_864),
        ("yolov8n", 3_157_200),
        ("v8s", 11_166_560),
        ("yolo11n", 2_624_080),
        ("11s", 9_458_752),
        ("yolo26n", 2_572_280),
        ("yolo26s.yaml", 10_009_784),
    ],
)
def test_names_are_networks(name: str, parameters: int) -> None:
    model = load_start(find_start(name)).model
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_files_are_taken_as_they_are(tmp_path: Path, checkpoint: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.touch()
    assert find_start(str(own)) == str(own)
    assert find_start(str(checkpoint)) == str(checkpoint)
    assert find_checkpoint(str(checkpoint)) == checkpoint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no such model"),
        ("yolo99n", "no such model"),
        ("yolo11q", "no such model"),
        ("yolov8n-seg", "no such model"),
        ("yolov8n-cls", "no such model"),
        ("../yolov8n", "no such model"),
        ("model.onnx", "no such model"),
        ("none.pt", "nothing is downloaded; pass a .pt file that is here$"),
        ("some/yolo11n.pt", "that is here, or yolo11n to start from scratch$"),
    ],
)
def test_what_is_not_there_is_told(text: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        find_start(text)


@pytest.mark.parametrize("text", ["", "nc: x", "[1, 2]", "backbone: [[-1, 1, Nonsense, []]]"])
def test_a_yaml_that_is_no_network_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(text)
    with pytest.raises(ModelError, match=r"net\.yaml: not a network's YAML"):
        load_start(find_start(str(file)))


def test_finished_and_broken_checkpoints_are_not_resumable(
    tmp_path: Path, checkpoint: Path
) -> None:
    broken = tmp_path / "last.pt"
    broken.write_bytes(checkpoint.read_bytes()[:1000])
    assert not is_resumable(checkpoint)
    assert not is_resumable(broken)
    assert not is_resumable(tmp_path / "none.pt")
