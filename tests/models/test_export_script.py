"""Options of yolo_to_onnx.py that cannot be meant together are usage errors, in one line."""

from pathlib import Path

import pytest
import yolo_to_onnx
from script_runs import run_here

from facesort.errors import DatasetError
from facesort.evaluate.regression_gate import make_int8

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "yolo_to_onnx.py"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dynamic", "--fixed"], "pass one of the two"),
        (["--batch", "4"], "more than 1 only with --fixed"),
        (["--batch", "0"], "expected 1 or more"),
        (["--half", "--int8"], "--half: does not go with"),
        (["--fixed", "--batch", "2", "--nms"], "only for one image at a time"),
        (["--ncnn", "--int8"], "--ncnn: does not go with"),
        (["--litert", "--half"], "--half: does not go with --litert"),
        (["--coreml", "--fixed", "--batch", "2"], "only for one image at a time"),
        (["--imgsz", "100"], "expected a multiple of 32"),
    ],
)
def test_what_cannot_be_meant(options: list[str], message: str) -> None:
    done = run_here(SCRIPT, *options)
    assert done.returncode == 2 and message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("text", [None, "train: images/train\nnames: [face]\n"])
def test_int8_without_its_images_names_the_option(text: str | None, tmp_path: Path) -> None:
    data = tmp_path / "mine.yaml"
    weights = SCRIPT.parents[1] / "weights" / "occlusion.onnx"
    if text:  # as the shipped model has them, and no image at all
        data.write_text(text.replace("[face]", "[face, masked, sunglasses, masked_sunglasses]"))
    with pytest.raises(DatasetError, match=r"mine.yaml: .*pass --data FILE.yaml"):
        make_int8(weights, data, tmp_path, print, lambda items, *_: items)


def test_the_data_is_called_as_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert yolo_to_onnx.arguments(["--data", "a.yaml"]).data == Path("a.yaml")
    assert yolo_to_onnx.arguments([]).data.name == "occlusion.yaml"
    assert not capsys.readouterr().err
    assert yolo_to_onnx.arguments(["--calib", "b.yaml"]).data == Path("b.yaml")  # its old name
    assert capsys.readouterr().err == "--calib is called --data now\n"
