"""Runs detectors over the same images, counts which faces each finds by one rule, and writes the
counts behind every share, and the rule in words, as Markdown.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.boxes import Boxes, min_side
from facesort.classes import CLASS_NAMES, FaceClass, parse_class
from facesort.dataset.convert import label_reader
from facesort.dataset.yolo_dataset import read_config
from facesort.detections import Detections
from facesort.errors import LabelError, PhotoError
from facesort.evaluate.average_precision import pair
from facesort.evaluate.baselines.detectors import Find
from facesort.labels import crop_source
from facesort.labels.class_table import map_classes
from facesort.labels.image_labels import IGNORE, ImageLabels, LabelSet
from facesort.labels.resolve import Reading
from facesort.models.letterbox import GREY
from facesort.photos import open_photo
from facesort.reporter import Step, no_step


@dataclass(frozen=True)
class GroundTruth:
    """``images`` with their faces, class index = `FaceClass` (or `IGNORE`). ``crops`` have no
    drawn boxes: the one box of each is the whole image. ``left_out`` counts what was not taken."""

    images: tuple[ImageLabels, ...]
    crops: bool = False
    left_out: Counter[str] = field(default_factory=Counter)

    def with_class(self, face_class: FaceClass) -> GroundTruth:
        """Only the images with such a face, and all faces in them."""
        return replace(self, images=tuple(p for p in self.images if face_class in p.class_id))


def read_truth(source: Path, split: str, table: Mapping[str, str]) -> GroundTruth:
    """Read a data set YAML (its ``split``), a folder or file of labels, or crops in class folders
    or with a CSV. ``table`` maps class names to the four of this project.

    Raises `LabelError`, `DatasetError` or `UsageError` where there is nothing to read.
    """
    if source.suffix.lower() in (".yaml", ".yml"):
        config = read_config(source)
        labels = LabelSet(config.names, tuple(config.read(split)), source.parent)
        return _of_boxes(map_classes(labels, table))
    is_csv = source.suffix.lower() == ".csv"
    if is_csv or (source.is_dir() and not label_reader.formats_in(source)):
        return _read_crops(source, dict(table))
    reading = Reading(label_reader.images_of(source), drop_bad=True)
    return _of_boxes(
        map_classes(label_reader.read_source(source, label_reader.AUTO, reading), table)
    )


def _of_boxes(labels: LabelSet) -> GroundTruth:
    return GroundTruth(labels.images, left_out=labels.left_out)


def _read_crops(source: Path, table: dict[str, str]) -> GroundTruth:
    crops, table = crop_source.read(source, crop_source.kind_of(source), table)
    left_out = Counter(refused.reason for refused in crops.refused)
    images = []
    for path, name in crops.crops:
        try:
            face_class = parse_class(table.get(name, name))
            width, height = open_photo(path).size_wh
        except LabelError:
            left_out[f"class '{name}' is none of the four"] += 1
        except PhotoError as error:
            left_out[str(error)] += 1
        else:
            whole = [0, 0, width, height]
            images.append(ImageLabels.of(path, (width, height), whole, [face_class]))
    return GroundTruth(tuple(images), crops=True, left_out=left_out)


MIN_IOU = 0.4  # the conventions of face boxes differ: a strict overlap would compare those
CROP_MIDDLE = (0.25, 0.75)  # where the centre of a detection must lie in a crop
CROP_MIN_SIDE = 1 / 3  # of the crop's shorter side


@dataclass
class Score:
    """One detector: faces ``found`` by class, ``extra`` boxes on no face, ``failed`` images on
    which it stopped with an error, and the CPU time of each image."""

    found: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(FaceClass), np.int64))
    extra: int = 0
    failed: int = 0
    cpu_ms: list[float] = field(default_factory=list)

    @property
    def median_ms(self) -> float:
        return statistics.median(self.cpu_ms) if self.cpu_ms else float("nan")


@dataclass
class Comparison:
    """``faces`` by class, those of at least ``min_side_px``; ``unreadable`` images by name."""

    crops: bool
    min_side_px: float
    scores: dict[str, Score]
    images: int = 0
    pad: float = 0.0
    faces: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(FaceClass), np.int64))
    unreadable: list[str] = field(default_factory=list)


def compare(
    finders: Mapping[str, Find],
    truth: GroundTruth,
    min_side_px: float,
    pad: float = 0.0,
    step: Step = no_step,
) -> Comparison:
    """Every detector on every image of ``truth``, with a grey border around it that is ``pad``
    times its width and height.

    Labelled boxes: a face is found where a detection overlaps it by an IoU of `MIN_IOU`, each
    detection for one face. Crops: where a detection's centre lies in `CROP_MIDDLE` of both sides
    and its shorter side is `CROP_MIN_SIDE` of the crop's.
    """
    result = Comparison(truth.crops, min_side_px, {name: Score() for name in finders}, pad=pad)
    warm = False
    for labels in step(truth.images, len(truth.images), "image"):
        try:
            rgb, left_top_px = _padded(open_photo(labels.path).rgb, pad)
        except PhotoError as error:
            result.unreadable.append(str(error))
            continue
        counted = _counted(labels, 0 if truth.crops else min_side_px)
        result.images += 1
        result.faces += np.bincount(labels.class_id[counted], minlength=len(FaceClass))
        for name, find in finders.items():
            if not warm:
                _timed(find, rgb, Score())  # the first call of a network is slow
            boxes = _timed(find, rgb, result.scores[name]) - [*left_top_px, *left_top_px]
            count = _count_crop if truth.crops else _count_boxes
            count(labels, counted, boxes, result.scores[name], min_side_px)
        warm = True
    return result


def _padded(rgb: NDArray[np.uint8], pad: float) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    height, width = rgb.shape[:2]
    x, y = round(pad * width), round(pad * height)
    canvas = np.full((height + 2 * y, width + 2 * x, 3), GREY, dtype=np.uint8)
    canvas[y : y + height, x : x + width] = rgb
    return canvas, (x, y)


def _timed(find: Find, rgb: NDArray[np.uint8], score: Score) -> Boxes:
    start_s = time.process_time()
    try:
        boxes = find(rgb)
    except Exception:  # a third party's code on any image: counted, and the rest goes on
        score.failed += 1
        return np.empty((0, 4))
    score.cpu_ms.append((time.process_time() - start_s) * 1e3)
    return boxes


def _counted(labels: ImageLabels, min_side_px: float) -> NDArray[np.bool_]:
    counted: NDArray[np.bool_] = (labels.class_id != IGNORE) & (
        min_side(labels.xyxy_px) >= min_side_px
    )
    return counted


def _count_boxes(
    labels: ImageLabels,
    counted: NDArray[np.bool_],
    boxes: Boxes,
    score: Score,
    min_side_px: float,
) -> None:
    found = Detections(boxes, np.zeros(len(boxes), np.int64), np.ones(len(boxes)))
    pairs = pair(labels, found, MIN_IOU)
    for i, _ in pairs:
        if counted[i]:
            score.found[labels.class_id[i]] += 1
    on_nothing = np.setdiff1d(np.arange(len(boxes)), [j for _, j in pairs])
    score.extra += int((min_side(boxes[on_nothing]) >= min_side_px).sum())


def _count_crop(
    labels: ImageLabels,
    counted: NDArray[np.bool_],
    boxes: Boxes,
    score: Score,
    _min_side_px: float,
) -> None:
    size = np.array(labels.size_wh, dtype=np.float64)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / size
    low, high = CROP_MIDDLE
    in_middle = ((centres >= low) & (centres <= high)).all(axis=1)
    fits = in_middle & (min_side(boxes) >= CROP_MIN_SIDE * size.min())
    score.found[labels.class_id[counted]] += bool(fits.any())
    score.extra += int((~fits).sum())


# Faces with mask and sunglasses found by a system for identity checks, on crops of its own.
THEIR_FACES = 729
THEIRS = {"MTCNN": 540, "dlib MMOD": 200, "dlib HOG": 104, "RetinaFace": 100}


def as_markdown(result: Comparison, not_here: Mapping[str, str]) -> str:
    """A row for each detector: found by class and in all, boxes on nothing, CPU time."""
    head = ["detector", *(f"`{name}`" for name in CLASS_NAMES), "all", "extra", "CPU ms"]
    rows = []
    for name, score in result.scores.items():
        counts = zip([*score.found, score.found.sum()], _totals(result), strict=True)
        shares = [_share(int(found), int(of)) for found, of in counts]
        failed = f" ({score.failed} failed)" if score.failed else ""
        rows.append([name + failed, *shares, str(score.extra), f"{score.median_ms:.1f}"])
    lines = [_table(head, rows), "", rule(result)]
    if result.faces[FaceClass.masked_sunglasses]:
        lines += ["", "Mask and sunglasses, beside the source system's figures (other images):"]
        lines += ["", _beside_theirs(result, not_here)]
    if not_here:
        lines += ["", "Not available here:", ""]
        lines += [f"- {name}: {lacks}" for name, lacks in not_here.items()]
    return "\n".join(lines)


def rule(result: Comparison) -> str:
    """What counts as found."""
    faces = int(result.faces.sum())
    if result.crops:
        low, high = (f"{x:.0%}" for x in CROP_MIDDLE)
        what = (
            f"{faces} crops, one face each, no boxes drawn. Found: a detection whose centre lies "
            f"between {low} and {high} of both sides and whose shorter side is at least "
            f"{CROP_MIN_SIDE:.0%} of the crop's."
        )
    else:
        what = (
            f"{result.images} images, {faces} faces of at least {result.min_side_px:g} px. "
            f"Found: IoU of at least {MIN_IOU:g}, each detection for one face."
        )
    border = f" A grey border of {result.pad:.0%} around each." if result.pad else ""
    return (
        f"{what}{border} Each detector at its own default confidence, whatever class it gives; "
        "extra: its boxes on no labelled face; CPU ms: median of an image, one thread."
    )


def _totals(result: Comparison) -> list[int]:
    return [*result.faces.tolist(), int(result.faces.sum())]


def _share(found: int, of: int) -> str:
    return f"{found} of {of} ({found / of:.0%})" if of else "-"


def _beside_theirs(result: Comparison, not_here: Mapping[str, str]) -> str:
    both = FaceClass.masked_sunglasses
    of = int(result.faces[both])
    rows = []
    for name in [*THEIRS, *(n for n in result.scores if n not in THEIRS)]:
        score = result.scores.get(name)
        here = _share(int(score.found[both]), of) if score else "not available"
        rows.append([name, _share(THEIRS[name], THEIR_FACES) if name in THEIRS else "-", here])
    return _table(["detector", "theirs", "here"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
