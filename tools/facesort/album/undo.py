"""Takes back what was made in a destination, and nothing else.

A file goes only if it is as it was made, and a photo only if its original is still there, so that
never the last copy goes. What the person changed, moved, added or deleted is listed. The decision
is journaled before the first file goes: an undo that was killed ends like one that was not.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from facesort.album.destination import Destination
from facesort.album.disk import Stamp, is_same_photo
from facesort.album.filing import Filer, is_ours, left_to_file
from facesort.album.journal import State
from facesort.album.saved_plan import is_plan
from facesort.album.summary import counted
from facesort.errors import AlbumError
from facesort.photos import content_hash
from facesort.reporter import Reporter

Made = dict[str, tuple[str, Stamp]]  # path: photo, stamp; as in the journal


def undo(root: Path, report: Reporter) -> int:
    """Restore ``root`` to what it was before the first run; returns the exit code."""
    dst = Destination(root)
    if not dst.state_folder.is_dir() and not is_plan(dst.saved_plan):
        raise AlbumError(f"{root}: nothing to undo; no album was sorted into it")
    with dst.opened() as journal:
        state = journal.state
        levels = dst.levels(state)
        made = state.made | _made_unrecorded(dst, state)
        left = state.left_by_undo
        if left is None:
            left = _why_left(dst, state, made)
            with suppress(OSError):  # a full disk must not prevent what would free it
                journal.undo(left)
        _remove_files(dst, made.keys() - left.keys())
        _remove_own_files(dst, left)
    left |= dict.fromkeys(_files(dst, state.folders) - made.keys(), "not ours: added or moved")
    _remove_folders(dst, state, levels)
    for path, why in sorted(left.items()):
        report.say(f"left alone: {path}: {why}")
    report.say(f"undone: {counted(len(made.keys() - left.keys()), 'file')} removed from {root}")
    return 0


def _made_unrecorded(dst: Destination, state: State) -> Made:
    """Files of a killed run that it had no time to journal."""
    plan = dst.pending()
    if plan is None:
        return {}
    filer = Filer(Path(state.src), dst.root, dst.temp_folder, plan.decode_px)
    return {
        path: (entry.scan.photo, Stamp.of(dst.root / path))
        for entry in left_to_file(plan, state.entries)
        for path in entry.paths
        if is_ours(filer, entry, path)
    }


def _why_left(dst: Destination, state: State, made: Made) -> dict[str, str]:
    """Path: why it must not, or cannot, be removed."""
    strangers = {Stamp.of(dst.root / path): path for path in _files(dst, ["."]) - made.keys()}
    left = {}
    for path, (photo, stamp) in made.items():
        final = dst.root / path
        if not os.path.lexists(final):
            moved_to = strangers.get(stamp)
            left[path] = f"moved to {moved_to}" if moved_to else "deleted or moved away"
        elif not Stamp.of(final).same_content(stamp):
            left[path] = "changed"
        elif not _is_safe_to_remove(final, Path(state.src) / photo, path):
            left[path] = f"the original {photo} is gone or changed: this may be the only copy"
    if dst.manifest.exists() and content_hash(dst.manifest.read_bytes()) not in state.manifests:
        left[dst.manifest.name] = "changed"
    return left


def _is_safe_to_remove(final: Path, original: Path, path: str) -> bool:
    if path.startswith("faces/") or final.is_symlink():
        return True
    try:
        return is_same_photo(original, final)
    except OSError:
        return False


def _files(dst: Destination, folders: list[str]) -> set[str]:
    """All files in these folders of the destination, at any depth, but for our memory."""
    return {
        (Path(top) / name).relative_to(dst.root).as_posix()
        for folder in folders
        for top, _, names in os.walk(dst.root / folder)
        if dst.state_folder not in (Path(top), *Path(top).parents)
        for name in names
    }


def _remove_files(dst: Destination, paths: set[str]) -> None:
    for path in paths:
        (dst.root / path).unlink(missing_ok=True)


def _remove_own_files(dst: Destination, left: dict[str, str]) -> None:
    if dst.manifest.name not in left:
        dst.manifest.unlink(missing_ok=True)
    if is_plan(dst.saved_plan):
        dst.saved_plan.unlink()


def _remove_folders(dst: Destination, state: State, levels: int) -> None:
    """Those we made, where nothing is left in them; our memory goes after everything else."""
    for folder in reversed(state.folders):
        with suppress(OSError):
            (dst.root / folder).rmdir()
    shutil.rmtree(dst.state_folder)
    with suppress(OSError):
        for made in (dst.root, *dst.root.absolute().parents)[:levels]:
            made.rmdir()
