"""From one label format to another: read, map the classes, write with the images (hard links)
beside the labels, and account for every box.

yolo        out/images/<split>, out/labels/<split>, out/data.yaml
voc         out/<split>/images, out/<split>/annotations/*.xml
coco        out/<split>/images, out/<split>/annotations.json
createml    out/<split>/images with annotations.json in it, where Create ML looks for it
widerface   out/<split>/images, out/<split>/bbx_gt.txt
parquet     out/<split>/images, out/<split>/labels.parquet
cvat        out/<split>/images, out/<split>/annotations.xml
openimages  out/<split>/images, out/<split>/annotations/*.csv: boxes, classes, images
labelme     out/<split>/images with a json beside each image
labelstudio out/<split>/images, out/<split>/annotations.json: tasks to import
labelimg    out/<split>/images with txt and classes.txt in it: labelImg's YOLO
webdataset  out/<split>/data-000000.tar and so on with images and json, and classes.txt
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facesort.console import one_line
from facesort.dataset.label_set_writer import summary, write_yolo
from facesort.errors import DatasetError
from facesort.files import link_or_copy
from facesort.labels import extras, formats
from facesort.labels.class_table import DROP, IGNORE_NAME, map_classes
from facesort.labels.image_labels import IGNORE, IGNORED, LabelSet
from facesort.labels.webdataset import shard_writer as webdataset

WRITERS: dict[str, Callable[[LabelSet, Path], None]] = {
    name: one.write for name, one in formats.FORMATS.items() if one.writes
}
WEBDATASET = "webdataset"  # the images go into its shards
TARGETS = formats.TARGETS


def write_labels(labels: LabelSet, form: str, out: Path, split: str) -> LabelSet:
    """Write ``labels`` and return what was written, at its new place.

    Raises `DatasetError` where the place holds files already.
    """
    if form == "yolo":
        return write_yolo(labels, out, split)
    folder = out / split
    if folder.exists() and any(folder.iterdir()):
        raise DatasetError(f"{folder}: holds files already; pass another --out")
    if form == WEBDATASET:
        folder.mkdir(parents=True, exist_ok=True)
        webdataset.write(labels, folder)
        return labels
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    placed = [replace(image, path=images / labels.relative(image.path)) for image in labels.images]
    for image, target in zip(labels.images, placed, strict=True):
        link_or_copy(image.path, target.path)
    written = replace(labels, images=tuple(placed), root=images)
    if form == "labelimg":
        written = _without_ignored(written)
    WRITERS[form](written, folder)
    return written


def _without_ignored(labels: LabelSet) -> LabelSet:
    """YOLO txt cannot tell a box of unknown class."""
    images, left_out = [], Counter(labels.left_out)
    for image in labels.images:
        known = image.class_id != IGNORE
        left_out["of unknown class"] += int((~known).sum())
        images.append(image.only(known))
    return replace(labels, images=tuple(images), left_out=+left_out)


NOTES_FILE = "left_out.txt"
_SHOWN_NOTES = 10


@dataclass(frozen=True)
class Converted:
    """One split: as it was read, and as it is written at ``out``, a format of `formats.TARGETS`."""

    split: str
    read: LabelSet
    written: LabelSet
    out: Path
    form: str

    def lines(self) -> list[str]:
        """What came in, what went out, what was left out and why."""
        notes = [one_line(note) for note in self.written.notes]
        more = len(notes) - _SHOWN_NOTES
        rest = [f"... and {more:,} more in {self.out / NOTES_FILE}"] if more > 0 else []
        counted = summary(replace(self.read, notes=()), self.written)
        ignored = self.written.counts()[IGNORED]
        unknown = [f"of unknown class, written as such: {ignored:,}"] if ignored else []
        return [
            *(f"{self.split}:", *counted, *unknown),
            *(*self.extras(), *notes[:_SHOWN_NOTES], *rest),
        ]

    def extras(self) -> list[str]:
        """What the boxes had besides place and class: kept, or dropped as there is no room."""
        all_of_them = [one for image in self.written.images for one in image.extras]
        given, room = extras.count_kinds(all_of_them), formats.ROOM[self.form]
        dropped = extras.dropped(all_of_them, room)
        kept = given - dropped
        lines = [f"kept with the boxes: {extras.say(kept)}"] if kept else []
        if dropped:
            lines.append(f"dropped: {extras.say(dropped)}; {self.form} has no room for them")
        if self.form in formats.WITHOUT_CLASSES and len(self.written.names) > 1:
            boxes = sum(count for name, count in self.written.counts().items() if name != IGNORED)
            lines.append(f"dropped: the classes of {boxes:,} boxes; {self.form} has none")
        return lines


def convert(
    splits: Iterable[tuple[str, LabelSet]],
    table: Mapping[str, str],
    names: Sequence[str] | None,
    form: str,
    out: Path,
    may_lose_classes: bool = False,
) -> list[Converted]:
    """Write every split as ``form`` with the classes ``names`` (None: those of the source).

    All is read and mapped before anything is written: a bad box costs no half a data set. Raises
    `DatasetError` where nothing is left to write, and where a class would be lost without an order
    to drop it, unless it ``may``.
    """
    read = [
        (split, labels, map_classes(labels, table, names or labels.names))
        for split, labels in splits
    ]
    mapped = [labels for _, _, labels in read]
    if _is_nothing(mapped):
        raise DatasetError(_nothing(mapped))
    if not may_lose_classes:
        _check_no_class_is_lost([labels for _, labels, _ in read], table)
    done = []
    for split, before, labels in read:
        written = write_labels(labels, form, out, split)
        done.append(Converted(split, before, written, out, form))
        with (out / NOTES_FILE).open("a", encoding="utf-8") as file:
            file.writelines(f"{split}: {one_line(note)}\n" for note in written.notes)
    return done


def _check_no_class_is_lost(read: Sequence[LabelSet], table: Mapping[str, str]) -> None:
    """Raise `DatasetError` for a class with boxes in the source of which none was readable."""
    given: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for labels in read:
        given.update(labels.given)
        left.update(labels.counts())
    lost = [
        f"'{name}' ({count:,} boxes)"
        for name, count in sorted(given.items())
        if count and not left[name] and name != IGNORE_NAME and table.get(name) != DROP
    ]
    if lost:
        reasons = [f"{n:,} {reason}" for labels in read for reason, n in labels.left_out.items()]
        raise DatasetError(
            f"no box is left of {', '.join(lost)}: {'; '.join(reasons[:4])}; is --images right? "
            "--map CLASS=drop if it may go"
        )


def _is_nothing(mapped: Sequence[LabelSet]) -> bool:
    """No image, or boxes of which none is left; images that never had one are something."""
    kept = sum(sum(labels.counts().values()) for labels in mapped)
    lost = sum(sum(labels.left_out.values()) for labels in mapped)
    return not any(labels.images for labels in mapped) or (lost > 0 and not kept)


def _nothing(mapped: Iterable[LabelSet]) -> str:
    """Why no box is left, in one line."""
    reasons = [f"{n:,} {reason}" for labels in mapped for reason, n in labels.left_out.items()]
    notes = [note for labels in mapped for note in labels.notes]
    why = "; ".join([*reasons, *notes][:4])
    return f"no box to convert ({why or 'no labels found'}); is --images right, and --map?"
