"""Programs that check our files; CI installs them, so that there a missing one is an error."""

from __future__ import annotations

import os
import shutil

import pytest


def need(program: str) -> None:
    """Skip the test where ``program`` is not installed; fail where CI should have installed it."""
    if shutil.which(program) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed; .ci/run installs it")
        pytest.skip(f"no {program} here")
