"""Proposes what would mend each finding of a check; pure, nothing is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from facesort.boxes import clip_xyxy, xywhn_to_xyxy
from facesort.dataset.check import fixes as kinds
from facesort.dataset.check import lint
from facesort.dataset.check.checker import Checked, check_pairs
from facesort.dataset.check.fixes import ADDED, Edit, Fix
from facesort.dataset.check.issues import Issue
from facesort.dataset.check.label_errors import (
    BAD_BOX,
    KINDS,
    MISSING_BOX,
    WRONG_CLASS,
    Corners,
    SuspectLabel,
)
from facesort.dataset.check.sample import (
    ImageStats,
    Line,
    Sample,
    clipped,
    with_box,
    with_class,
)
from facesort.dataset.splits import TRAIN
from facesort.labels.flags import OTHER


@dataclass(frozen=True)
class Proposals:
    """Every fix once, doubts ranked; and the fix of each issue and doubt that has one."""

    fixes: tuple[Fix, ...]
    by_issue: Mapping[Issue, Fix]
    by_doubt: Mapping[SuspectLabel, Fix]

    def of_kind(self, kind: str) -> list[Fix]:
        return [fix for fix in self.fixes if fix.kind == kind]


def propose(checked: Checked) -> Proposals:
    """What would mend what was found. Of doubts, only those about a whole line can be mended."""
    work = _Proposer(checked)
    by_issue = {issue: fix for issue in checked.issues if (fix := work.of_issue(issue))}
    doubts = [doubt for kind in KINDS for doubt in checked.label_errors.get(kind, [])]
    by_doubt = {doubt: work.of_doubt(doubt) for doubt in doubts}
    every = [*by_issue.values(), *by_doubt.values(), *work.of_groups()]
    unique = {fix.id: fix for fix in reversed(every)}  # the first finding names it
    return Proposals(tuple(reversed(unique.values())), by_issue, by_doubt)


class _Proposer:
    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        self._layout = checked.layout
        self._samples = {(s.split, s.path): s for s in checked.samples}
        self._looks = {(s.split, s.path): look for s, look in checked.faces}
        self._moves = checked.moves
        self._pairs = dict(zip(check_pairs(checked.pairs), checked.pairs, strict=True))
        self._copies = {
            (pair.a.split, pair.a.path): pair.b for pair in checked.pairs if pair.bits is None
        }

    def of_issue(self, issue: Issue) -> Fix | None:
        if issue.check == "orphan" and issue.image is not None:
            name = self._layout.name_of(issue.image)
            action = kinds.DELETE_LABEL
            return Fix(issue.check, action, issue.split, name, issue.message, action, removes=True)
        sample = self._samples.get((issue.split, issue.image)) if issue.image else None
        if sample is None:
            return None
        if issue.check in ("near-leak", "burst-leak"):
            return self._of_leak(issue, sample)
        how = _BY_CHECK.get(issue.check)
        return how(self, issue, sample) if how else None

    def of_doubt(self, doubt: SuspectLabel) -> Fix:
        sample, names = doubt.sample, self._layout.names
        size_wh = self._looks[sample.split, sample.path].size_wh
        seen = names[doubt.predicted] if doubt.predicted is not None else ""
        said = names[doubt.labelled] if doubt.labelled is not None else ""
        line = None if doubt.box is None else sample.lines[doubt.box]
        where = "" if line is None else f", line {line.number}"
        finding = f"{sample.name}{where}: {doubt.kind}"
        before, after = doubt.xyxy_px, doubt.better_px
        if doubt.kind == WRONG_CLASS and line is not None and doubt.predicted is not None:
            edit = Edit(doubt.box or 0, with_class(line, doubt.predicted))
            action, what = kinds.CHANGE_CLASS, f"change class: {said} → {seen}"
        elif doubt.kind == BAD_BOX and line is not None and after is not None:
            edit = Edit(doubt.box or 0, with_box(line, after, size_wh, self._points))
            action, what = kinds.MOVE_BOX, f"move box: {said}"
        elif doubt.kind == MISSING_BOX and doubt.predicted is not None:
            new = Line(0, str(doubt.predicted), doubt.predicted)
            edit = Edit(ADDED, with_box(new, before, size_wh, self._points))
            action, what, after = kinds.ADD_BOX, f"add box: {seen}", before
        else:
            edit, action, what = Edit(doubt.box or 0, ""), kinds.DELETE_BOX, f"delete box: {said}"
        return Fix(
            *(doubt.kind, action, sample.split, sample.name, finding, what),
            score=doubt.score,
            edits=(edit,),
            before_px=None if doubt.kind == MISSING_BOX else before,
            after_px=after,
            lines=_lines(sample),
        )

    def of_groups(self) -> Iterator[Fix]:
        """Each image of a group that is not the one to keep; and the moves of a leak-free split."""
        for number, group in enumerate(self._checked.groups, 1):
            kept, *others = group.members
            for sample in others:
                if (sample.split, sample.path) not in self._copies:
                    finding = f"{sample.name}: group {number}, {group.kind}"
                    yield self._copy(kinds.DUPLICATE, sample, kept, finding)
        for sample in self._checked.samples:
            if (sample.split, sample.name) in self._moves:
                yield self._move(kinds.SPLIT, sample, f"{sample.name}: a leak-free split")

    @property
    def _points(self) -> int:
        return self._layout.keypoint_fields

    def _look(self, sample: Sample) -> ImageStats | None:
        return self._looks.get((sample.split, sample.path))

    def _fix(
        self, issue: Issue, sample: Sample, action: str, edits: Sequence[Edit] = (), **more: Any
    ) -> Fix:
        what = str(more.pop("what", action))
        return Fix(
            *(issue.check, action, sample.split, sample.name, issue.message, what),
            edits=tuple(edits),
            lines=_lines(sample),
            **more,
        )

    def leave_out(self, issue: Issue, sample: Sample) -> Fix:
        return self._fix(issue, sample, kinds.LEAVE_OUT, removes=True)

    def delete_line(self, issue: Issue, sample: Sample) -> Fix:
        box = issue.box or 0
        return self._fix(
            issue, sample, kinds.DELETE_BOX, [Edit(box, "")], before_px=self._shown(sample, box)
        )

    def cut_at_edge(self, issue: Issue, sample: Sample) -> Fix:
        box = issue.box or 0
        line, look = sample.lines[box], self._look(sample)
        if not sample.is_sound(line):
            return self.delete_line(issue, sample)
        after = self._shown(sample, box)
        if look and after:
            after = _corners(clip_xyxy([after], look.size_wh)[0])
        edit = Edit(box, clipped(line, self._points))
        what = f"{kinds.MOVE_BOX}: cut it at the edge"
        before = self._shown(sample, box)
        return self._fix(
            issue, sample, kinds.MOVE_BOX, [edit], what=what, before_px=before, after_px=after
        )

    def turn(self, issue: Issue, sample: Sample) -> Fix:
        """The boxes as drawn on the stored image, on the upright one."""
        look = self._look(sample)
        if look is None or self._points or any(len(line.text.split()) > 5 for line in sample.lines):
            return self.leave_out(issue, sample)
        turned = lint.turned_px(sample, look)
        edits = [
            Edit(i, with_box(sample.lines[i], _corners(box), look.size_wh, 0))
            for i, box in zip(sample.sound, turned, strict=True)
        ]
        before = self._shown(sample, sample.sound[0]) if sample.sound else None
        after = _corners(turned[0]) if len(turned) else None
        what = f"{kinds.TURN_BOXES} as EXIF turns the image"
        return self._fix(
            issue, sample, kinds.TURN_BOXES, edits, what=what, before_px=before, after_px=after
        )

    def one_of_two(self, issue: Issue, sample: Sample) -> Fix:
        """Of two boxes on one face, delete the one that a model contradicts, else the second."""
        later = issue.box or 0
        first = next(a for a, b in lint.overlapping(sample) if b == later)
        doubted = {
            doubt.box
            for doubt in self._checked.label_errors.get(WRONG_CLASS, [])
            if (doubt.sample.split, doubt.sample.path) == (sample.split, sample.path)
        }
        box = first if first in doubted and later not in doubted else later
        name = self._layout.names[sample.lines[box].class_id]
        what, before = f"{kinds.DELETE_BOX}: {name}", self._shown(sample, box)
        return self._fix(
            issue, sample, kinds.DELETE_BOX, [Edit(box, "")], what=what, before_px=before
        )

    def by_name(self, issue: Issue, sample: Sample) -> Fix:
        """The class that the file name means, where name and label leave no question."""
        found = set(lint.flags_of(sample))
        flag = found.pop() if len(found) == 1 else None
        is_clear = flag is not None and not flag.is_mislabel and flag.class_name != OTHER
        if flag is None or not is_clear or len(sample.lines) != 1 or len(sample.sound) != 1:
            return self.leave_out(issue, sample)
        class_id = self._layout.names.index(flag.class_name)
        edit = Edit(0, with_class(sample.lines[0], class_id))
        what = f"{kinds.CHANGE_CLASS}: as the file name says, {flag.class_name}"
        before = self._shown(sample, 0)
        return self._fix(issue, sample, kinds.CHANGE_CLASS, [edit], what=what, before_px=before)

    def to_train(self, issue: Issue, sample: Sample) -> Fix:
        what = f"{kinds.MOVE_SPLIT}: {sample.split} → {TRAIN}"
        return self._fix(issue, sample, kinds.MOVE_SPLIT, what=what, move_to=TRAIN)

    def drop_copy(self, issue: Issue, sample: Sample) -> Fix | None:
        kept = self._copies.get((sample.split, sample.path))
        return self._copy(issue.check, sample, kept, issue.message) if kept else None

    def no_face(self, issue: Issue, sample: Sample) -> Fix:
        return self._fix(
            issue, sample, kinds.EMPTY_LABEL, what=f"{kinds.EMPTY_LABEL}: no face in it"
        )

    def _copy(self, kind: str, sample: Sample, kept: Sample, finding: str) -> Fix:
        return Fix(
            *(kind, kinds.DELETE_COPY, sample.split, sample.name, finding),
            what=f"{kinds.DELETE_COPY}; {kept.name} stays",
            removes=True,
            other=kept.name,
            lines=_lines(sample),
        )

    def _of_leak(self, issue: Issue, sample: Sample) -> Fix | None:
        """Move this image, or the other one of the pair."""
        other = self._pairs[issue].b
        for one, beside in ((sample, other), (other, sample)):
            if (one.split, one.name) in self._moves:
                return replace(self._move(issue.check, one, issue.message), other=beside.name)
        return None

    def _move(self, kind: str, sample: Sample, finding: str) -> Fix:
        to = self._moves[sample.split, sample.name]
        return Fix(
            *(kind, kinds.MOVE_SPLIT, sample.split, sample.name, finding),
            what=f"{kinds.MOVE_SPLIT}: {sample.split} → {to}",
            move_to=to,
            lines=_lines(sample),
        )

    def _shown(self, sample: Sample, box: int) -> Corners | None:
        look, line = self._look(sample), sample.lines[box]
        if look is None or line.fault:
            return None
        return _corners(xywhn_to_xyxy(line.xywhn, look.size_wh)[0])


_BY_CHECK = {
    "unreadable": _Proposer.leave_out,
    "unreadable-label": _Proposer.leave_out,
    "malformed": _Proposer.delete_line,
    "class-range": _Proposer.delete_line,
    "zero-size": _Proposer.delete_line,
    "outside": _Proposer.cut_at_edge,
    "exif": _Proposer.turn,
    "exif-unsure": _Proposer.turn,
    "two-classes": _Proposer.one_of_two,
    "mislabelled": _Proposer.by_name,
    "synthetic": _Proposer.to_train,
    "leak": _Proposer.drop_copy,
    "twin": _Proposer.drop_copy,
    "box-twice": _Proposer.delete_line,
    "flags": _Proposer.leave_out,
    "missing-label": _Proposer.no_face,
    "small": _Proposer.leave_out,
    "blurred": _Proposer.leave_out,
    "dark": _Proposer.leave_out,
}


def _lines(sample: Sample) -> tuple[str, ...] | None:
    return None if sample.label_fault else tuple(line.text for line in sample.lines)


def _corners(box: Any) -> Corners:
    x1, y1, x2, y2 = np.asarray(box, dtype=np.float64).tolist()
    return x1, y1, x2, y2
