"""Takes back what was made in a destination, and nothing else.

A file goes only if it is as it was made, and a photo only if its original is still there, so that
never the last copy goes: looked up right before each file goes, in a resumed undo as in the first.
Where one of ours has to stay, so does the journal, for a second undo.
What the person changed, moved, added or deleted is listed; what is gone before the first file goes
is journaled, so that an undo that was killed knows it from what it removed itself.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from facesort.album.destination import Destination
from facesort.album.disk import FileSignature, is_same_photo
from facesort.album.executor import PlanExecutor, is_ours, left_to_file
from facesort.album.person.enrollment import FOLDER as WHICH_FACE
from facesort.album.saved_plan import find_plan
from facesort.album.state import State
from facesort.album.summary import counted
from facesort.errors import AlbumError
from facesort.photos import Place, Remote, album_at, content_hash
from facesort.reporter import Reporter

Made = dict[str, tuple[str, FileSignature]]  # path: photo, stamp; as in the journal


def undo(root: Path, report: Reporter) -> int:
    """Restore ``root`` to what it was before the first run; returns the exit code."""
    dst = Destination(root)
    if not dst.state_folder.is_dir() and find_plan(dst.saved_plan) is None:
        raise AlbumError(f"{root}: nothing to undo; no album was sorted into it")
    with dst.opened() as journal:
        state = journal.state
        levels = dst.levels(state)
        made = state.made | _made_unrecorded(dst, state)
        left = state.left_by_undo
        if left is None:
            left = _gone(dst, made)
            with suppress(OSError):  # a full disk must not prevent what would free it
                journal.undo(left)
        kept = _remove_files(dst, state, made)
        ours = [path for path in kept if _is_as_made(dst, path, made[path][1])]
        kept |= _remove_own_files(dst, state)
        remove_sidecars(dst, state)
        left = left | kept
        left |= dict.fromkeys(_files(dst, state.folders) - made.keys(), "not ours: added or moved")
        left |= dict.fromkeys(_files(dst, [WHICH_FACE]), "a face for you to choose; or delete it")
        _remove_folders(dst, state)
        if not ours:
            dst.forget(journal)
    _remove_levels(dst, levels)
    for path, why in sorted(left.items()):
        report.say(f"left alone: {path}: {why}")
    again = (
        f"; {counted(len(ours), 'file')} could not be: once the originals are back, run this again"
    )
    report.say(
        f"undone: {counted(len(made.keys() - left.keys()), 'file')} removed from {root}"
        f"{again if ours else ''}"
    )
    return 0


def _made_unrecorded(dst: Destination, state: State) -> Made:
    """Files of a killed run that it had no time to journal."""
    making = {
        path: (photo, FileSignature.of(dst.root / path))
        for path, photo in state.making.items()
        if os.path.lexists(dst.root / path)
    }
    plan = dst.pending()
    if plan is None:
        return making
    filer = PlanExecutor(album_at(state.src), dst.root, dst.temp_folder, plan.decode_px)
    return making | {
        path: (entry.scan.photo, FileSignature.of(dst.root / path))
        for entry in left_to_file(plan, state.entries)
        for path in entry.paths
        if is_ours(filer, entry, path)
    }


def _gone(dst: Destination, made: Made) -> dict[str, str]:
    """Path: what became of it, for what the person deleted or moved."""
    gone = [path for path in made if not os.path.lexists(dst.root / path)]
    others = _files(dst, ["."]) - made.keys() if gone else ()
    strangers = {FileSignature.of(dst.root / path): path for path in others}
    moved_to = {path: strangers.get(made[path][1]) for path in gone}
    return {p: f"moved to {to}" if to else "deleted or moved away" for p, to in moved_to.items()}


def _remove_files(dst: Destination, state: State, made: Made) -> dict[str, str]:
    """Remove what may go; returns path: why it stays."""
    kept = {}
    for path, (photo, signature) in made.items():
        final = dst.root / path
        with suppress(FileNotFoundError, NotADirectoryError):
            why = why_kept(
                final, signature, None if path.startswith("faces/") else photo, state.src
            )
            if why:
                kept[path] = why
            else:
                final.unlink()
    return kept


def why_kept(final: Path, signature: FileSignature, photo: str | None, src: str) -> str:
    """Why a file of ours must not be removed; empty if it may. A crop is of no ``photo``."""
    changed = "" if FileSignature.of(final).same_content(signature) else "changed"
    if photo is None or final.is_symlink():
        return changed
    original: Place = album_at(src) / photo
    if isinstance(original, Remote):
        original = original.on_disk or original
    with suppress(OSError):  # the original cannot be read
        if isinstance(original, Remote):
            if changed or is_same_photo(original, final):
                return changed
        elif os.path.realpath(original) != os.path.realpath(final):  # a link may lead to ours
            if os.path.samefile(original, final):  # what was done to one was done to both
                return ""
            if changed or is_same_photo(original, final):
                return changed
    return changed or f"the original {photo} is gone or changed: this may be the only copy"


def remove_sidecars(dst: Destination, state: State, keep: Collection[str] = ()) -> list[str]:
    """Remove our side-cars, but those to ``keep`` and those that are not as we wrote them; which
    went."""
    gone = []
    for path in sorted(state.sidecars.keys() - {*keep}):
        if is_written(dst.root / path, state.sidecars[path]):
            (dst.root / path).unlink()
            gone.append(path)
    return gone


def is_written(path: Path, hashes: Collection[str]) -> bool:
    """Is it a file whose bytes have one of ``hashes``?"""
    return path.is_file() and not path.is_symlink() and content_hash(path.read_bytes()) in hashes


def _files(dst: Destination, folders: list[str]) -> set[str]:
    """All files in these folders of the destination, at any depth, but for our memory."""
    return {
        (Path(top) / name).relative_to(dst.root).as_posix()
        for folder in folders
        for top, _, names in os.walk(dst.root / folder)
        if dst.state_folder not in (Path(top), *Path(top).parents)
        for name in names
    }


def _remove_own_files(dst: Destination, state: State) -> dict[str, str]:
    """Remove manifest and saved plan, if they are ours; the person's own manifest comes back."""
    if find_plan(dst.saved_plan):
        dst.saved_plan.unlink()
    if os.path.lexists(dst.manifest):
        data = dst.manifest.read_bytes() if dst.manifest.is_file() else b""
        if content_hash(data) not in state.manifests:
            return {dst.manifest.name: "changed"}
        dst.manifest.unlink()
    if state.own_manifest and os.path.lexists(dst.root / state.own_manifest):
        os.rename(dst.root / state.own_manifest, dst.manifest)
    return {}


def _is_as_made(dst: Destination, path: str, signature: FileSignature) -> bool:
    with suppress(OSError):
        return FileSignature.of(dst.root / path).same_content(signature)
    return False


def _remove_folders(dst: Destination, state: State) -> None:
    """Those we made, where nothing is left in them."""
    for folder in reversed(state.folders):
        with suppress(OSError):
            (dst.root / folder).rmdir()


def _remove_levels(dst: Destination, levels: int) -> None:
    """The destination and its parents, as far as they are ours."""
    with suppress(OSError):
        for made in (dst.root, *dst.root.absolute().parents)[:levels]:
            made.rmdir()
