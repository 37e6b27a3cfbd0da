"""The levels of quality: each names a shipped file, and none relies on sums that overflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesort.models import levels
from facesort.models.detect import load_detector

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


@pytest.mark.parametrize("name", levels.LEVELS)
def test_each_level_is_a_shipped_detector(name: str) -> None:
    chosen = levels.level(name)
    detector = load_detector(WEIGHTS / chosen.file, imgsz=chosen.imgsz)
    assert detector.imgsz == chosen.imgsz


def test_an_old_processor_gets_the_float_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "adds_8_bits_whole", lambda: False)
    assert levels.level(levels.FAST) == levels.Level(levels.FLOAT, 320)


@pytest.mark.parametrize(("machine", "expected"), [("arm64", True), ("aarch64", True)])
def test_arm_adds_whole(machine: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels.platform, "machine", lambda: machine)
    assert levels.adds_8_bits_whole() is expected
