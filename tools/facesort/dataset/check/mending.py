"""Carries ticked fixes out in a data set on disk, and takes them back.

Before anything changes, the journal of the act is written and flushed: <root>/.facesort_fixes/0001/
journal.json with each label before and after and each file that moves. So an act can be taken back
later, in another run, and also where it was cut off in the middle. Nothing is deleted: what a fix
takes away is moved into that folder, under names that no loader reads. Images are never edited.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facesort.dataset.check.fixes import ADDED, EMPTY_LABEL, Fix
from facesort.dataset.check.sample import MISSING, Sample
from facesort.dataset.yolo_dataset import Layout
from facesort.errors import DatasetError
from facesort.files import replacing
from facesort.labels import yolo

BACKUPS, JOURNAL = ".facesort_fixes", "journal.json"
UNDONE = ".undone"
REMOVED = ".removed"  # a suffix that is neither an image's nor a label's

Key = tuple[str, str]  # split and image name


@dataclass
class Mended:
    """What an act did: ids of the fixes that were carried out, and {id: why not} of the others."""

    done: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """A data set where fixes are carried out: ``images`` and ``orphans`` (labels without an image)
    as they lie there, by split and name, and the folder of each split."""

    root: Path
    images: dict[Key, Path]
    folders: Mapping[str, Path]
    orphans: Mapping[Key, Path]

    @classmethod
    def of(cls, layout: Layout, samples: Sequence[Sample]) -> Place:
        """The data set itself."""
        return cls(
            root_of(layout),
            {(s.split, s.name): s.path for s in samples},
            dict(reversed(layout.folders)),
            {(split, layout.name_of(label)): label for split, label in layout.orphans()},
        )


def root_of(layout: Layout) -> Path:
    """The folder that holds the images and the labels of all splits."""
    parts = layout.root.parts
    if "images" not in parts:
        return layout.root
    return Path(*parts[: len(parts) - 1 - parts[::-1].index("images")])


class Mender:
    """Fixes of one check, carried out act by act. Lines are counted as they were at the check,
    however many acts there were."""

    def __init__(self, place: Place, samples: Sequence[Sample]) -> None:
        self.place = place
        self.applied: dict[str, Fix] = {}
        self._acts: list[list[str]] = []
        self._base = {
            (s.split, s.name): None if s.label_fault == MISSING else tuple(x.text for x in s.lines)
            for s in samples
        }

    @property
    def acts(self) -> int:
        """How many there are to take back."""
        return len(self._acts)

    def apply(self, fixes: Iterable[Fix]) -> Mended:
        """Carry out ``fixes``; of those that cannot be, it says why, and the others go on."""
        mended, wanted = Mended(), defaultdict(list)
        for fix in fixes:
            if fix.id not in self.applied:
                wanted[fix.key].append(fix)
        act = _Act(self.place)
        for key, new in wanted.items():
            why = self._plan(act, key, new)
            if why:
                mended.skipped.update({fix.id: why for fix in new})
            else:
                mended.done += [fix.id for fix in new]
        if mended.done:
            act.carry_out()
            self.applied.update(
                {f.id: f for new in wanted.values() for f in new if f.id in mended.done}
            )
            self._acts.append(mended.done)
        return mended

    def undo(self) -> list[str]:
        """Take the last act back; what could not be, a line each."""
        problems = undo(self.place.root, self.place.images)
        for fix_id in self._acts.pop() if self._acts else ():
            self.applied.pop(fix_id, None)
        return problems

    def _plan(self, act: _Act, key: Key, new: Sequence[Fix]) -> str:
        """Add to ``act`` what ``new`` fixes of one image need; why it cannot be, or ""."""
        if key in self.place.orphans:
            act.remove(self.place.orphans[key])
            return ""
        image = self.place.images.get(key)
        if image is None or key not in self._base:
            return "is not in this data set"
        base, before = self._base[key], [f for f in self.applied.values() if f.key == key]
        if any(fix.removes for fix in before):
            return "was taken out of the data set by an earlier fix"
        label = yolo.label_path_of(image)
        now, expected = _read(label), _label(base, before)
        writes = any(fix.edits or fix.action == EMPTY_LABEL for fix in new)
        is_old = any(fix.lines != base for fix in new if fix.edits)
        if writes and (is_old or _plain(now) != _plain(expected)):
            return "its label has changed since the check; check again"
        if not image.exists():
            return "its image is gone"
        if any(fix.move_to and fix.move_to not in self.place.folders for fix in new):
            return "the data set has no folder for that split; pass --fix-to and write a copy"
        if sum(path == image for path in self.place.images.values()) > 1 and any(
            fix.removes or fix.move_to for fix in new
        ):
            return "the YAML names this file in two splits; change the YAML"
        self._plan_image(act, key, label, now, [*before, *new])
        return ""

    def _plan_image(
        self, act: _Act, key: Key, label: Path, now: str | None, fixes: Sequence[Fix]
    ) -> None:
        image = self.place.images[key]
        if any(fix.removes for fix in fixes):
            act.remove(image)
            if now is not None:
                act.remove(label)
            return
        after = _label(self._base[key], fixes)
        if after is not None and _plain(after) != _plain(now):
            act.write(label, now, after)
        moves = [fix.move_to for fix in fixes if fix.move_to]
        if moves:
            target = self._target(key, image, moves[-1])
            if target != image:
                act.move(image, target)
                self.place.images[key] = target
                if now is not None or after is not None:
                    act.move(label, yolo.label_path_of(target))

    def _target(self, key: Key, image: Path, split: str) -> Path:
        folder, own = self.place.folders[split], self.place.folders.get(key[0])
        inside = image.relative_to(own) if own and image.is_relative_to(own) else Path(image.name)
        if image.is_relative_to(folder):
            return image
        target, number = folder / inside, 2
        taken = set(self.place.images.values())
        while target.exists() or target in taken or yolo.label_path_of(target).exists():
            target = (folder / inside).with_stem(f"{inside.stem}_{number}")
            number += 1
        return target


def _label(base: tuple[str, ...] | None, fixes: Sequence[Fix]) -> str | None:
    """The text of a label after ``fixes``; None where there is no file, and none is to be."""
    if base is None and not any(fix.edits or fix.action == EMPTY_LABEL for fix in fixes):
        return None
    edits = [edit for fix in fixes for edit in fix.edits]
    gone = {edit.line for edit in edits if not edit.text}
    changed = {edit.line: edit.text for edit in reversed(edits) if edit.text}
    lines = [changed.get(i, text) for i, text in enumerate(base or ()) if i not in gone]
    lines += dict.fromkeys(edit.text for edit in edits if edit.line == ADDED)
    return "".join(f"{line}\n" for line in lines)


def _plain(text: str | None) -> list[str] | None:
    """The lines of a label without what does not matter."""
    if text is None:
        return None
    return [line.strip() for line in text.removeprefix("\ufeff").splitlines() if line.strip()]


def _read(label: Path) -> str | None:
    try:
        return label.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


class _Act:
    """Operations that are planned, journalled, and then carried out."""

    def __init__(self, place: Place) -> None:
        self._root, self._ops = place.root, list[dict[str, Any]]()
        taken = [int(p.name[:4]) for p in _acts(self._root, undone=True)]
        self._folder = self._root / BACKUPS / f"{max(taken, default=0) + 1:04d}"
        self._removed = 0

    def write(self, label: Path, before: str | None, after: str) -> None:
        self._ops.append({"write": self._shown(label), "before": before, "after": after})

    def move(self, source: Path, target: Path) -> None:
        self._ops.append({"from": self._shown(source), "to": self._shown(target)})

    def remove(self, file: Path) -> None:
        self._removed += 1
        self.move(file, self._folder / f"{self._removed:05d}_{file.name}{REMOVED}")

    def carry_out(self) -> None:
        self._folder.mkdir(parents=True)
        with (self._folder / JOURNAL).open("w", encoding="utf-8") as file:
            json.dump(self._ops, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        for op in self._ops:
            if "write" in op:
                _write(self._root / op["write"], op["after"])
            else:
                _move(self._root / op["from"], self._root / op["to"])

    def _shown(self, path: Path) -> str:
        return os.path.relpath(path, self._root)


def _write(file: Path, text: str) -> None:
    """Through a file beside it: a label that is a link to another stays what it was there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        partial.write_bytes(text.encode("utf-8", "surrogateescape"))


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(source, target)


def _acts(root: Path, undone: bool = False) -> list[Path]:
    folder = root / BACKUPS
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    known = [p for p in found if p.name[:4].isdigit() and (p / JOURNAL).is_file()]
    return [p for p in known if undone or not p.name.endswith(UNDONE)]


def undo(root: Path, images: dict[Key, Path] | None = None) -> list[str]:
    """Take back the last act in ``root`` that is not taken back; what has changed since stays, and
    is named. Raises `DatasetError` where there is none. ``images`` follow what moves."""
    root = Path(os.path.abspath(root))
    acts = _acts(root)
    if not acts:
        raise DatasetError(f"{root}: nothing to take back; no fix was carried out there")
    try:
        ops = json.loads((acts[-1] / JOURNAL).read_text(encoding="utf-8"))
    except ValueError:
        ops = []  # cut off while it was written: nothing was carried out yet
    problems = [line for op in reversed(ops) if (line := _undo_one(root, op, images or {}))]
    acts[-1].rename(acts[-1].with_name(acts[-1].name + UNDONE))
    return problems


def _undo_one(root: Path, op: Mapping[str, Any], images: dict[Key, Path]) -> str:
    paths = [str(op[key]) for key in ("write", "from", "to") if key in op]
    if not all(Path(os.path.abspath(root / path)).is_relative_to(root) for path in paths):
        return f"{paths[0]}: lies outside of {root}; a journal of ours names no such file"
    if "write" in op:
        file, before = root / op["write"], op["before"]
        now = _read(file)
        if now == before:
            return ""
        if now != op["after"]:
            return f"{op['write']}: was changed since; it stays as it is"
        if before is None:
            file.unlink()
        else:
            _write(file, before)
        return ""
    source, target = root / op["from"], root / op["to"]
    if not os.path.lexists(target):
        return "" if source.exists() else f"{op['to']}: is gone, so it cannot go back"
    if os.path.lexists(source):
        return f"{op['from']}: is there again; what was moved stays in {op['to']}"
    _move(target, source)
    for key, path in images.items():
        if path == target:
            images[key] = source
    return ""
