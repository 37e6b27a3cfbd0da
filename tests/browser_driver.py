"""Playwright, started once: two of its synchronous drivers cannot run in one process."""

from __future__ import annotations

import atexit
from functools import cache
from typing import Any

import pytest


@cache
def driver() -> Any:
    """The running driver; the test is skipped where Playwright is not installed."""
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    running = api.sync_playwright().start()
    atexit.register(running.stop)
    return running
