"""Write a repaired copy of a data set, and a list of every change. The original is only read.

out/images/<split>/...   links to the images (`links`)
out/labels/<split>/...   their labels, repaired
out/data.yaml            splits relative to itself
out/changes.csv          split, image, action, why
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from facesort.csv_files import Writer
from facesort.dataset.check.checker import Checked
from facesort.dataset.check.fixes import MOVE_SPLIT, from_json
from facesort.dataset.check.issues import CHECKS
from facesort.dataset.check.lint import leaves, overlapping
from facesort.dataset.check.mending import BACKUPS, Mended, Mender, Place
from facesort.dataset.check.proposals import propose
from facesort.dataset.check.sample import MISSING, Line, Sample, clipped, read_samples
from facesort.dataset.splits import SPLITS
from facesort.dataset.writer import FreeNames
from facesort.dataset.yolo_dataset import Layout
from facesort.errors import DatasetError
from facesort.files import link_or_copy
from facesort.labels import yolo

# an image with one of these is not copied: only a person could repair it
LEAVES_OUT = tuple(
    "unreadable unreadable-label exif two-classes mislabelled synthetic leak".split()
)
DROPPED, CLIPPED, RENAMED = "line dropped", "box clipped", "image renamed"
LEFT_OUT, ORPHAN = "image left out", "orphan left out"


@dataclass(frozen=True)
class Change:
    split: str
    name: str
    action: str
    why: str


@dataclass(frozen=True)
class Fixed:
    """What the copy holds, and every change on the way there."""

    out: Path
    images: int
    boxes: int
    changes: list[Change]

    @property
    def by_action(self) -> Counter[str]:
        return Counter(change.action for change in self.changes)


def write_fixed(checked: Checked, out: Path) -> Fixed:
    """Write the copy into ``out``, which must be new or empty (`DatasetError`)."""
    require_new(checked.layout, out)
    changes = [
        Change(f.split, f.message.split(" has no image")[0], ORPHAN, CHECKS["orphan"].title)
        for f in checked.by_check.get("orphan", [])
    ]
    reasons = _reasons(checked)
    copy = _Copy(out, checked.layout.keypoint_fields, changes)
    for sample in checked.samples:
        reason = reasons.get((sample.split, sample.path))
        if reason:
            copy.note(sample, LEFT_OUT, reason)
        else:
            copy.add(sample)
    _write_config(checked.layout, out, [s for s in checked.layout.splits if copy.images[s]])
    _write_changes(changes, out / "changes.csv")
    return Fixed(out, copy.images.total(), copy.boxes, changes)


class _Copy:
    """The copy while it is being written."""

    def __init__(self, out: Path, keypoint_fields: int, changes: list[Change]) -> None:
        self._out, self._keypoint_fields, self._changes = out, keypoint_fields, changes
        self._free = FreeNames()
        self.images: Counter[str] = Counter()
        self.boxes = 0

    def note(self, sample: Sample, action: str, why: str) -> None:
        self._changes.append(Change(sample.split, sample.name, action, why))

    def add(self, sample: Sample) -> None:
        """Link the image and write its label, repaired."""
        repaired = list(_repaired(sample, self._keypoint_fields))
        lines = [text for text, _ in repaired if text]
        if sample.lines and not lines:  # it would teach that its faces are background
            self.note(sample, LEFT_OUT, "no line of its label can be used")
            return
        target = self._free.of(self._out / "images" / sample.split / sample.inside)
        try:
            link_or_copy(sample.path, target)
        except OSError as error:
            self.note(sample, LEFT_OUT, f"cannot be copied: {error.strerror}")
            return
        if target.name != sample.inside.name:
            self.note(sample, RENAMED, f"to {target.name}")
        self._changes += [change for _, change in repaired if change]
        _write_label(sample, target, lines)
        self.images[sample.split] += 1
        self.boxes += len(lines)


def copy_set(layout: Layout, samples: Sequence[Sample], out: Path) -> Place:
    """The data set as it is in the new folder ``out``: images linked, labels copied, and a folder
    for every split, so that images can move there. Raises `DatasetError` as `require_new`."""
    require_new(layout, out)
    names, images = FreeNames(), {}
    folders = {split: out / "images" / split for split in SPLITS}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        target = names.of(folders[sample.split] / sample.inside)
        try:
            link_or_copy(sample.path, target)
        except FileNotFoundError:  # a list of images that names one which is not there
            continue
        if sample.label_fault != MISSING:
            label = yolo.label_path_of(target)
            label.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(sample.label, label)
        images[sample.split, sample.name] = target
    place = Place(out, images, folders, {})
    write_config(layout, place)
    return place


def write_leak_free(checked: Checked, out: Path) -> int:
    """A copy in ``out`` whose splits share no group; how many images changed their split."""
    place = copy_set(checked.layout, checked.samples, out)
    moves = [fix for fix in propose(checked).fixes if fix.action == MOVE_SPLIT]
    mended = Mender(place, checked.samples).apply(moves)
    write_config(checked.layout, place)
    return len(mended.done)


def mend_file(layout: Layout, file: Path, out: Path | None) -> Mended:
    """Carry out the fixes of ``file`` whose ``apply`` is true, in the new copy ``out``, else in
    place. Raises `DatasetError` where the file cannot be read."""
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))["fixes"]
        ticked = [one for one in listed if one["apply"] is True]
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror}); check the path") from None
    except (ValueError, KeyError, TypeError):
        raise DatasetError(f"{file}: no fixes; expected the fixes.json of a report") from None
    fixes = [from_json(one, f"{file.name}: fix {number}") for number, one in enumerate(ticked, 1)]
    samples = read_samples(layout)
    place = copy_set(layout, samples, out) if out else Place.of(layout, samples)
    mended = Mender(place, samples).apply(fixes)
    if out:
        write_config(layout, place)
    return mended


def write_config(layout: Layout, place: Place) -> None:
    """The YAML of a copy, with the splits that hold images now."""
    taken_away = place.root / BACKUPS
    kept = [path for path in place.images.values() if not path.is_relative_to(taken_away)]
    used = [s for s in SPLITS if any(path.is_relative_to(place.folders[s]) for path in kept)]
    _write_config(layout, place.root, used)


def require_new(layout: Layout, out: Path) -> None:
    """Raise `DatasetError` where a copy would land on, or within, something that is there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out}: is there already; pass a folder that is new or empty")
    for _, folder in layout.folders:
        if folder in out.resolve().parents:
            raise DatasetError(f"{out}: lies inside {folder}, which it would copy; choose another")


def _reasons(checked: Checked) -> dict[tuple[str, Path], str]:
    """{(split, image): why it is left out}, the gravest reason where there are several."""
    reasons: dict[tuple[str, Path], str] = {}
    for name in LEAVES_OUT:
        for issue in checked.by_check.get(name, []):
            if issue.image is not None:
                why = f"{CHECKS[name].title}: {issue.message}"
                reasons.setdefault((issue.split, issue.image), why)
    return reasons


def _repaired(sample: Sample, keypoint_fields: int) -> Iterator[tuple[str, Change | None]]:
    """(line to write or "", what was changed) for each line of the label."""
    classes = [line.class_id for line in sample.lines]
    twice = {b for a, b in overlapping(sample) if classes[a] == classes[b]}
    for i, line in enumerate(sample.lines):
        why = _why_dropped(sample, line, i in twice)
        if why:
            yield "", Change(sample.split, sample.name, DROPPED, f"line {line.number}: {why}")
        elif leaves(line):
            text = clipped(line, keypoint_fields)
            what = f"line {line.number}: '{line.text}' is now '{text}'"
            yield text, Change(sample.split, sample.name, CLIPPED, what)
        else:
            yield line.text, None


def _why_dropped(sample: Sample, line: Line, is_twice: bool) -> str:
    if line.fault:
        return line.fault
    if not 0 <= line.class_id < sample.class_count:
        return f"class {line.class_id} out of range"
    if line.xywhn[2] <= 0 or line.xywhn[3] <= 0:
        return "box without area"
    if not sample.is_sound(line):
        return "box wholly outside the image"
    return "the same box again" if is_twice else ""


def _write_label(sample: Sample, image: Path, lines: list[str]) -> None:
    if sample.label_fault == MISSING:
        return
    label = yolo.label_path_of(image)
    label.parent.mkdir(parents=True, exist_ok=True)
    label.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_config(layout: Layout, out: Path, splits: list[str]) -> None:
    original = yaml.safe_load(layout.file.read_text(encoding="utf-8"))
    kept = {key: original[key] for key in ("kpt_shape", "flip_idx") if key in original}
    folders = {split: f"images/{split}" for split in splits}
    content = {**folders, **kept, "names": dict(enumerate(layout.names))}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / "data.yaml").write_text(text, encoding="utf-8")


def _write_changes(changes: list[Change], file: Path) -> None:
    with file.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
        writer = Writer(stream)
        writer.writerow(["split", "image", "action", "why"])
        writer.writerows([c.split, c.name, c.action, c.why] for c in changes)
