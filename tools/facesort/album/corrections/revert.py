"""Takes the last learning back: its labels no longer count, photos and crops go where they were.

The labels are withdrawn first, then one photo after the other goes back, then the journal forgets
the learning: stopped in between, the same command goes on. What the person moved since then stays
where they put it, and says the next time what it says; what they deleted stays deleted.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from facesort.album.corrections.apply import check_sorted
from facesort.album.corrections.changes import Changes, find_changes, unpack
from facesort.album.corrections.relink import (
    adopt,
    clear_unfinished,
    file_anew,
    remove_stale_sidecars,
)
from facesort.album.disk import FileSignature
from facesort.album.executor import PlanExecutor, write_manifest
from facesort.album.journal import read_state
from facesort.album.names import NamePool
from facesort.album.records import Entry, folder_of
from facesort.album.state import Learning
from facesort.album.summary import counted
from facesort.album.user_labels import UserLabels, withdraw_labels
from facesort.album.workspace import Workspace, open_workspace
from facesort.errors import UsageError
from facesort.photos import album_at
from facesort.reporter import Reporter


def revert_last(root: Path, report: Reporter) -> int:
    """Take back the last learning in ``root``; the exit code, 1 where something had to stay."""
    dst = check_sorted(root)
    known = read_state(dst.journal)
    with open_workspace(album_at(known.src), dst, known, 1, report) as workspace:
        state = workspace.journal.state
        if not state.learnings:
            raise UsageError(f"{root}: nothing to take back; nothing was learned here since then")
        learning = state.learnings[-1]
        workspace.journal.unlearning()
        clear_unfinished(workspace)
        unpack(root, state)
        withdraw_labels(dst.corrections, learning.labels)
        changes = _adopt_said(workspace, learning)
        unname(workspace, learning)
        pool = NamePool([*state.paths(), *dst.names_in_use()])
        back, problems = take_back(workspace, learning, changes, pool)
        remove_stale_sidecars(workspace)
        _remove_empty_folders(workspace)
        write_manifest(workspace)
        workspace.journal.unlearned()
        workspace.journal.sync()
    report.say(
        f"taken back: {counted(len(learning.labels), 'correction')} of {_when(learning)} no longer "
        f"count; back where it was: {counted(back, 'photo')}, crops and all"
    )
    for what, why in sorted(problems.items()):
        report.say(f"left as it is: {what}: {why}")
    return 1 if problems else 0


def _when(learning: Learning) -> str:
    return learning.labels[-1].when if learning.labels else "the last --apply"


def _adopt_said(workspace: Workspace, learning: Learning) -> Changes:
    """Where no photo has followed yet, what was moved by hand goes back too, if it is what the
    labels say; returns all that is moved besides."""
    state, labels = workspace.journal.state, UserLabels(learning.labels)
    changes = find_changes(workspace.dst.root, state)
    meant = {(said.photo, said.number) for said in changes.said}
    for entry in list(state.entries.values()):
        said = labels.of_faces(entry.scan)
        mine = {
            old: changes.moved[old]
            for number, folder in enumerate(said)
            if folder and (entry.scan.photo, number) in meant
            for old in (entry.crops[number], entry.face_targets[number])
            if old in changes.moved and folder_of(changes.moved[old]).split("/")[1] == folder
        }
        adopt(workspace, entry, mine)
        for old in mine:
            changes.moved.pop(old, None)
    return changes


def unname(workspace: Workspace, learning: Learning) -> None:
    """Examples get the names back that they had; unless there are others since then."""
    old, now = learning.learned, workspace.journal.state.learned
    if old and now and [e.vector for e in old.examples] == [e.vector for e in now.examples]:
        workspace.journal.learned(replace(now, examples=old.examples))


def take_back(
    workspace: Workspace, learning: Learning, changes: Changes, pool: NamePool
) -> tuple[int, dict[str, str]]:
    """Photos and crops to where they were; how many, and photo: why one could not go."""
    state = workspace.journal.state
    filer = PlanExecutor(workspace.src, workspace.dst.root, workspace.dst.temp_folder, decode_px=0)
    back, problems = 0, dict[str, str]()
    for photo, before in learning.before.items():
        entry = state.entries[photo]
        if entry.scan.content != before.scan.content:
            continue  # it changed since then, and was filed anew
        wanted = _as_before(workspace, entry, before, pool)
        is_done = wanted == entry and not state.made.keys() & {*entry.left}
        why = {} if is_done else file_anew(workspace, filer, wanted, entry)
        _follow_hand(workspace, entry, wanted, changes.moved)
        back += not why
        problems |= why
    return back, problems


def _as_before(workspace: Workspace, entry: Entry, before: Entry, pool: NamePool) -> Entry:
    """The entry in its old places; where another file is now, in a new one beside."""

    def place(path: str) -> str:
        is_free = path in entry.paths or not os.path.lexists(workspace.dst.root / path)
        return path if is_free else pool.take(folder_of(path), Path(path).name)

    places = {path: place(path) for path in before.paths}
    return replace(
        before,
        # since then it may have been touched; or a face was added, or a box was moved
        scan=replace(before.scan, size_bytes=entry.scan.size_bytes, mtime_ns=entry.scan.mtime_ns),
        targets=tuple(places[path] for path in before.targets),
        crops=tuple(places[path] for path in before.crops),
        face_targets=tuple(places[path] for path in before.face_targets),
        left=entry.left,
    )


def _follow_hand(
    workspace: Workspace, entry: Entry, wanted: Entry, moved: Mapping[str, str]
) -> None:
    """What was moved by hand since then: known as moved from its old place."""
    made = {
        now: FileSignature.of(workspace.dst.root / moved[old])
        for old, now in zip(entry.crops, wanted.crops, strict=False)
        if old in moved and now != old
    }
    if made:
        workspace.journal.filed(workspace.journal.state.entries[entry.scan.photo], made)


def _remove_empty_folders(workspace: Workspace) -> None:
    """Of people who were only known by what is taken back; the sorter makes them anew."""
    kept = {folder_of(path) for e in workspace.journal.state.entries.values() for path in e.paths}
    examples = workspace.journal.state.learned.examples if workspace.journal.state.learned else ()
    kept |= {f"faces/{example.person}" for example in examples}
    for name in workspace.journal.state.people:
        for folder in {f"photos/{name}", f"faces/{name}"} - kept:
            with suppress(OSError):
                (workspace.dst.root / folder).rmdir()
