"""The soak of tests/benchmarks, short: killed in the middle again and again, then as if never."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import soak


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_killed_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "once").mkdir()
    soak.make_album(tmp_path / "once" / "album", 24)
    start = time.monotonic()
    assert soak.sort(tmp_path / "once" / "album", tmp_path / "once" / "sorted")
    needed_s = time.monotonic() - start
    # on any machine, most runs are killed and one gets through
    outcome = soak.soak(tmp_path, 24, 0, kill_after_s=(0.6 * needed_s, 1.4 * needed_s))
    assert outcome.is_good or outcome == soak.Outcome(rounds=1), outcome
