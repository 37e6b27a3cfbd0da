"""The end of every run: the table, what is no longer where it was, what could not be sorted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from facesort.album.state import State
from facesort.album.summary import counted, problem_lines, table_lines
from facesort.photos import Listing
from facesort.reporter import Reporter


def close(
    state: State, listing: Listing, dst: Path, problems: dict[str, str], report: Reporter
) -> int:
    """Say how things stand; returns the exit code."""
    for line in (
        *table_lines(state.entries.values(), state.sorted_into),
        *_absent_lines(state, listing, dst),
    ):
        report.say(line)
    problems |= dict.fromkeys(listing.unreadable, "is a folder that cannot be entered")
    problems |= listing.refused
    for found in listing.files:
        scan = state.filed_scan(found.relative)
        if scan is not None and scan.problem:
            problems[found.relative] = scan.problem
    return say_problems(problems, report)


def say_problems(problems: dict[str, str], report: Reporter) -> int:
    problems = {photo: reason for photo, reason in problems.items() if reason}
    for line in problem_lines(problems):
        report.say(line)
    return 1 if problems else 0


def _absent_lines(state: State, listing: Listing, dst: Path) -> Iterator[str]:
    """What the person deleted or moved, here and in the album: respected, but told."""
    filed = [entry for entry in state.entries.values() if entry.targets]
    there = sum(any(os.path.lexists(dst / path) for path in entry.targets) for entry in filed)
    if there < len(filed):
        share = f"{len(filed) - there} of {counted(len(filed), 'filed photo')}"
        again = f"--undo --dst {dst}, then run again"
        yield f"no longer in place in {dst}: {share}; to sort them anew: {again}"
    gone = state.entries.keys() - {found.relative for found in listing.files}
    closed = tuple(f"{folder}/" for folder in listing.unreadable)
    gone = {photo for photo in gone if not photo.startswith(closed)}
    if gone:
        yield f"no longer in the album: {counted(len(gone), 'photo')}; their files and rows stay"
