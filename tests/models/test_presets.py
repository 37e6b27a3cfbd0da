"""The levels of quality: each names a shipped file, and none relies on sums that overflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesort.models import presets
from facesort.models.detect import load_detector

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


@pytest.mark.parametrize("name", presets.PRESETS)
def test_each_level_is_a_shipped_detector(name: str) -> None:
    chosen = presets.preset(name)
    detector = load_detector(WEIGHTS / chosen.file, imgsz=chosen.imgsz)
    assert detector.imgsz == chosen.imgsz


def test_an_old_processor_gets_the_float_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "adds_8_bits_whole", lambda: False)
    assert presets.preset(presets.FAST) == presets.Preset(presets.FLOAT, 320)


@pytest.mark.parametrize(("machine", "expected"), [("arm64", True), ("aarch64", True)])
def test_arm_adds_whole(machine: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets.platform, "machine", lambda: machine)
    assert presets.adds_8_bits_whole() is expected
