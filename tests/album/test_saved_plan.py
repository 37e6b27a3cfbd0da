"""A plan on disk is the plan, whatever the photos are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesort.album.records import Entry, Plan, Scan
from facesort.album.saved_plan import load_plan, save_plan

NAMES = ['"entries": []', "tab\there", "ä\udcff.jpg", "a.jpg"]


def entry(name: str) -> Entry:
    return Entry(Scan(f"{name}.jpg", 1, 2), "hard", (f"photos/face/{name}.jpg",))


@pytest.mark.parametrize("names", [[], NAMES[:1], NAMES])
def test_round_trip(names: list[str], tmp_path: Path) -> None:
    plan = Plan('/"entries": []', "/dst", 1280, tuple(map(entry, names)))
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == plan
