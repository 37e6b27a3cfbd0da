"""The chaos of tests/benchmarks, short."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import chaos


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("seed", [1, 2])  # by person, by class
def test_no_decision_is_lost(seed: int, tmp_path: Path) -> None:
    outcome = chaos.chaos(tmp_path, 4, seed)
    assert outcome.is_good, outcome
