"""Options of yolo_to_onnx.py that cannot be meant together are usage errors, in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

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
        (["--imgsz", "100"], "expected a multiple of 32"),
    ],
)
def test_what_cannot_be_meant(options: list[str], message: str) -> None:
    command = [sys.executable, str(SCRIPT), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and message in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_tflite_and_why() -> None:
    command = [sys.executable, str(SCRIPT), "--tflite"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and not done.stdout
    assert "litert-torch" in done.stderr and "--ncnn" in done.stderr
