"""Opens the start page of the review server; the server itself is loaded only now."""

from __future__ import annotations

import importlib.util

from facesort import packages
from facesort.errors import UsageError


def open_in_browser() -> int:
    """Serve the start page until the user ends it; the exit code."""
    if importlib.util.find_spec("facesort.review") is None:
        raise UsageError("this version has no start page; facesort --help lists the commands")
    packages.require("starlette", "uvicorn", what="the start page")
    start = importlib.import_module("facesort.review.start")
    return int(start.serve_start_page() or 0)
