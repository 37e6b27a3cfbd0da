"""After a labelImg session: what changed, which labels are wrong, and is ``classes.txt`` as it was?

labelImg writes class *numbers* by its own list. Where that list came to differ from ours (somebody
edited ``classes.txt``), the files saved in the session are renumbered to our list by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facesort.labels.labelimg.session import (
    LabelState,
    Session,
    back_up,
    read_classes,
    snapshot,
    write_classes,
    wrong_lines,
)
from facesort.labels.yolo import CLASSES_FILE, label_path_of


@dataclass(frozen=True)
class Returned:
    """``changed`` label files have other boxes than before, ``saved`` ones were written at all;
    ``mended`` says what was done to ``classes.txt``, ``problems`` what remains wrong."""

    changed: tuple[Path, ...]
    saved: tuple[Path, ...]
    mended: tuple[str, ...]
    problems: tuple[str, ...]


def check_return(session: Session, before: Mapping[Path, LabelState]) -> Returned:
    """Compare the labels with ``before``, mend the class lists, name every wrong line."""
    after = snapshot(session)
    saved = tuple(sorted(p for p, state in after.items() if state != before.get(p)))
    changed = tuple(p for p in saved if p not in before or after[p].data != before[p].data)
    mended: list[str] = []
    for folder in session.label_folders:
        mended += _mend_classes(folder, session, {p: after[p] for p in saved if p.parent == folder})
    gone = sorted(before.keys() - after.keys())
    problems = [f"{p}: was there before the session, and is gone" for p in gone]
    for image in session.images:
        problems += wrong_lines(label_path_of(image), len(session.names))
    return Returned(changed, saved, tuple(mended), tuple(problems))


def _mend_classes(folder: Path, session: Session, saved: Mapping[Path, LabelState]) -> list[str]:
    """Bring a folder's ``classes.txt`` back to our list. Names of others stay behind ours as long
    as a label uses them, so that the next session can show and change these boxes."""
    file = folder / CLASSES_FILE
    expected = (*session.names, *session.extra)
    found = read_classes(file)
    target = expected + tuple(name for name in found if name not in expected)
    notes = []
    if found and found[: len(expected)] != expected:
        backup = back_up(session, saved, "before_renumbering")
        for label in saved:
            _renumber(label, found, target)
        notes.append(
            f"{file}: listed {', '.join(found)}; {len(saved)} labels saved by that list renumbered"
            f" (as they were: {backup})"
        )
    used = _highest_class(folder, session)
    kept = target[: max(used + 1, len(session.names))]
    if kept != found:
        write_classes(file, kept)
        notes.append(f"{file}: written anew: {', '.join(kept)}")
    if len(kept) > len(session.names):
        unknown = ", ".join(kept[len(session.names) :])
        notes.append(f"{file}: {unknown}: not a class of this data set; open again and change it")
    return notes


def _renumber(label: Path, found: Sequence[str], target: Sequence[str]) -> None:
    lines = []
    for line in label.read_text(encoding="utf-8").splitlines():
        number, _, rest = line.partition(" ")
        if number.isdigit() and int(number) < len(found):
            number = str(target.index(found[int(number)]))
        lines.append(f"{number} {rest}".rstrip())
    label.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _highest_class(folder: Path, session: Session) -> int:
    """The highest class number in the labels of ``folder``; -1 where there is none."""
    highest = -1
    for image in session.images:
        label = label_path_of(image)
        if label.parent == folder and label.is_file():
            numbers = (
                line.split(" ")[0] for line in label.read_text("utf-8", "replace").splitlines()
            )
            highest = max([highest, *(int(n) for n in numbers if n.isdigit())])
    return highest
