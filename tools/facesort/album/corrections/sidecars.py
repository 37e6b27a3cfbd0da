"""Writes an XMP side-car beside each named photo, in photos/<Name>/ and nowhere else.

The journal knows the hash of every side-car before it is written, so that one that another program
changed is never replaced or removed, and a killed run is no riddle to the next.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from facesort.album.corrections.apply import check_sorted
from facesort.album.corrections.changes import SIDECAR
from facesort.album.corrections.xmp import Region, side_car
from facesort.album.disk import DISK_FULL, write_atomic
from facesort.album.executor import Workspace
from facesort.album.journal import read_state
from facesort.album.plan import folders_of_faces
from facesort.album.records import NOT_A_FACE, STRANGERS, UNSURE, Entry
from facesort.album.sort import open_workspace
from facesort.album.summary import counted
from facesort.album.undo import is_written, remove_sidecars
from facesort.album.user_labels import UserLabels, read_labels
from facesort.errors import PhotoError, UsageError
from facesort.photos import album_at, content_hash, is_video
from facesort.photos.stored import read_stored
from facesort.reporter import Reporter

NAMELESS = (UNSURE, STRANGERS, NOT_A_FACE)


def write_sidecars(root: Path, report: Reporter) -> int:
    """Write those that are missing or out of date, remove those whose photo is elsewhere now;
    returns the exit code: 1 where one could not be written."""
    dst = check_sorted(root)
    state = read_state(dst.journal)
    if not state.people:
        raise UsageError(f"--xmp: {root} is sorted by class; side-cars hold names of people")
    src = album_at(state.src)
    with open_workspace(src, dst, state, 1, report) as workspace:
        labels = read_labels(dst.corrections).within(workspace.journal.state.sorted_into)
        written, problems = 0, {}
        wanted: set[str] = set()
        for entry in list(workspace.journal.state.entries.values()):
            regions = list(_regions(entry, labels))
            there = [path for path in entry.targets if os.path.lexists(root / path)]
            paths = [f"{path}{SIDECAR}" for path in there]
            if not regions or not paths or is_video(entry.scan.photo):  # a region is of an image
                continue
            wanted |= {*paths}
            try:
                data = side_car(regions, read_stored(root / there[0]))
            except PhotoError as error:
                problems[entry.scan.photo] = str(error)
                continue
            for path in paths:
                why = _write(workspace, path, data)
                problems |= {path: why} if why else {}
                written += not why
        removed = remove_sidecars(dst, workspace.journal.state, keep=wanted)
        workspace.journal.sync()
    report.say(f"side-cars: {counted(written, 'photo')} have one that says what is known now")
    if removed:
        report.say(f"side-cars: {counted(len(removed), 'old one')} removed")
    for what, why in sorted(problems.items()):
        report.say(f"no side-car: {what}: {why}")
    return 1 if problems else 0


def _regions(entry: Entry, labels: UserLabels) -> Iterator[Region]:
    """The faces of which it is known whose they are."""
    human = labels.of_faces(entry.scan)
    folders = folders_of_faces(entry.scan, 0.0, human, entry.judged)
    for face, folder in zip(entry.scan.faces, folders, strict=True):
        if folder not in NAMELESS:
            yield Region(folder, face.xyxy_px)


def _write(workspace: Workspace, path: str, data: bytes) -> str:
    """Write one side-car; why it cannot be, where it cannot."""
    final, content = workspace.dst.root / path, content_hash(data)
    ours = workspace.journal.state.sidecars.get(path, set())
    if os.path.lexists(final) and not is_written(final, {*ours, content}):
        return "there is one already that is not ours, or was changed; it stays"
    try:
        if content not in ours:
            workspace.journal.sidecar(path, content)
        write_atomic(final, [data], workspace.dst.temp_folder / "side-car")
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        return error.strerror or str(error)
    return ""
