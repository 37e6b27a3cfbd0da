"""The work behind the page: what a check found, the pictures, and the fixes carried out so far."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from facesort.console import one_line
from facesort.dataset.check import fixes as kinds
from facesort.dataset.check.check_report import LABEL_ERROR_TEXT
from facesort.dataset.check.checker import Checked
from facesort.dataset.check.fix import copy_set, write_config
from facesort.dataset.check.fixes import Fix
from facesort.dataset.check.groups import boxes_per_split
from facesort.dataset.check.issues import CHECKS
from facesort.dataset.check.label_errors import KINDS
from facesort.dataset.check.mending import Mended, Mender, Place
from facesort.dataset.check.proposals import propose
from facesort.dataset.check.sample import Sample
from facesort.dataset.check.thumbnails import LABEL_RGB, MODEL_RGB, Mark, jpeg, picture_of
from facesort.dataset.splits import SPLITS

PICTURE_PX = 240
GROUP_SHOWN = 12  # members of a group
_OWN_KINDS = {
    kinds.DUPLICATE: ("Near-duplicates", "One moment, several times: it counts as often."),
    kinds.SPLIT: ("Leak-free split", "Where an image belongs so that no group crosses splits."),
}


class MendSession:
    """A checked data set; fixes go into the copy ``fix_to``, made at the first of them, or into the
    data set itself. One act at a time."""

    def __init__(self, checked: Checked, fix_to: Path | None = None) -> None:
        self.checked = checked
        self.fix_to = fix_to
        self.proposals = propose(checked)
        self._by_id = {fix.id: fix for fix in self.proposals.fixes}
        self._samples = {(s.split, s.name): s for s in checked.samples}
        self._by_name = {s.name: s for s in reversed(checked.samples)}
        self._mender: Mender | None = None
        self._lock = threading.Lock()

    @property
    def target(self) -> str:
        return str(self.fix_to) if self.fix_to else "in place, with a backup"

    def apply(self, ids: Sequence[str]) -> Mended:
        """Carry out the fixes ``ids``; raises `KeyError` for one that was not proposed."""
        fixes = [self._by_id[one] for one in ids]
        with self._lock:
            mended = self._ready().apply(fixes)
            self._tidy()
        return mended

    def undo(self) -> list[str]:
        """Take the last act back; lines for what could not be."""
        with self._lock:
            problems = self._ready().undo()
            self._tidy()
        return problems

    @property
    def applied(self) -> list[str]:
        return list(self._mender.applied) if self._mender else []

    @property
    def acts(self) -> int:
        return self._mender.acts if self._mender else 0

    def _ready(self) -> Mender:
        if self._mender is None:
            layout, samples = self.checked.layout, self.checked.samples
            place = (
                copy_set(layout, samples, self.fix_to) if self.fix_to else Place.of(layout, samples)
            )
            self._mender = Mender(place, samples)
        return self._mender

    def _tidy(self) -> None:
        if self.fix_to and self._mender:
            write_config(self.checked.layout, self._mender.place)

    def picture(self, fix_id: str, is_other: bool = False) -> bytes:
        """The image of a fix as a JPEG: what is labelled in green, what would be in orange; green
        is what is there now once the fix is carried out. Raises `KeyError` where it has none."""
        fix = self._by_id[fix_id]
        sample = self._by_name[fix.other] if is_other else self._samples[fix.key]
        marks = []
        is_done = fix_id in self.applied
        if not is_other and is_done:
            box = fix.after_px or (fix.before_px if fix.action == kinds.CHANGE_CLASS else None)
            marks = [Mark(box, LABEL_RGB)] if box else []
        elif not is_other:
            before = [Mark(fix.before_px, LABEL_RGB)] if fix.before_px else []
            marks = [*before, *([Mark(fix.after_px, MODEL_RGB)] if fix.after_px else [])]
        return self._jpeg(sample, marks, whole=not marks)

    def member(self, group: int, number: int) -> bytes:
        """An image of a group; raises `IndexError` where there is none."""
        return self._jpeg(self.checked.groups[group].members[number], [], whole=True)

    def _jpeg(self, sample: Sample, marks: Sequence[Mark], whole: bool) -> bytes:
        places = self._mender.place.images if self._mender else {}
        path = places.get((sample.split, sample.name), sample.path)
        rgb = picture_of(path if path.exists() else sample.path, marks, whole, PICTURE_PX)
        if rgb is None:
            raise KeyError(sample.name)
        return jpeg(rgb)

    @cached_property
    def overview(self) -> dict[str, Any]:
        """All that the page shows, before any fix."""
        layout = self.checked.layout
        return {
            "title": one_line(layout.file.name),
            "images": len(self.checked.samples),
            "boxes": sum(row.total for row in self.checked.counts),
            "errors": self.checked.level_counts["error"],
            "warnings": self.checked.level_counts["warning"],
            "target": self.target,
            "kinds": self._kinds(),
            "fixes": [_shown(fix) for fix in self.proposals.fixes],
            "groups": [
                {
                    "kind": group.kind,
                    "splits": group.splits,
                    "size": len(group.members),
                    "members": [
                        {"split": m.split, "name": m.name, "fixes": self._of_member.get(m.name, [])}
                        for m in group.members[:GROUP_SHOWN]
                    ],
                }
                for group in self.checked.groups
            ],
            "split": self._split_table(),
        }

    @cached_property
    def _of_member(self) -> Mapping[str, list[str]]:
        """{image name: fixes that only its group asks for}"""
        found: dict[str, list[str]] = {}
        for fix in self.proposals.fixes:
            if fix.action in (kinds.DELETE_COPY, kinds.MOVE_SPLIT):
                found.setdefault(fix.image, []).append(fix.id)
        return found

    def _kinds(self) -> list[dict[str, Any]]:
        """Each kind of finding in the order of the page: doubts, issues, duplicates, splits."""
        rows = []
        for kind in KINDS:
            found = self.checked.label_errors.get(kind, [])
            rows.append((kind, kind.capitalize(), LABEL_ERROR_TEXT[kind], "doubt", len(found)))
        for name, issues in self.checked.by_check.items():
            check = CHECKS[name]
            rows.append((name, check.title, check.why, check.level, len(issues)))
        for kind, (title, why) in _OWN_KINDS.items():
            rows.append((kind, title, why, "group", len(self.proposals.of_kind(kind))))
        keys = ("kind", "title", "why", "level", "found")
        unfixed = {
            name: [issue.message for issue in issues if issue not in self.proposals.by_issue][:60]
            for name, issues in self.checked.by_check.items()
        }
        return [
            dict(zip(keys, row, strict=True)) | {"unfixed": unfixed.get(row[0], [])}
            for row in rows
            if row[4]
        ]

    def _split_table(self) -> dict[str, Any]:
        now = boxes_per_split(self.checked.samples, {})
        then = boxes_per_split(self.checked.samples, self.checked.moves)
        return {
            "names": self.checked.layout.names,
            "moves": len(self.checked.moves),
            "rows": [
                {"split": split, "now": now[split].tolist(), "then": then[split].tolist()}
                for split in SPLITS
                if now[split].any() or then[split].any()
            ],
        }


def _shown(fix: Fix) -> dict[str, Any]:
    score = None if fix.score is None else round(fix.score, 3)
    shown = {"id": fix.id, "kind": fix.kind, "action": fix.action, "what": fix.what}
    return shown | {"finding": fix.finding, "split": fix.split, "score": score, "other": fix.other}
