"""WIDER FACE's protocol: prediction files, and average precision over easy, medium, hard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facesort.detections import Detections
from facesort.errors import DatasetError, LabelError, PhotoError
from facesort.evaluate.predict import AP_CONF
from facesort.labels.widerface import mat_file
from facesort.labels.widerface.face_list import FaceList
from facesort.models.detect import YoloDetector
from facesort.photos import list_photos, open_photo
from facesort.reporter import Step, no_step

SUBSETS = ("easy", "medium", "hard")
MIN_IOU = 0.5
THRESHOLDS = 1000

Floats = NDArray[np.float64]
Predictions = Mapping[str, Floats]  # event/image without ending: (n, 5) x y w h score


@dataclass(frozen=True)
class WiderResult:
    """AP by subset, how many faces each counts, and how many images had a prediction file."""

    ap: Mapping[str, float]
    faces: Mapping[str, int]
    predicted: int
    images: int


def evaluate_wider(ground_truth: Path, predictions: Path) -> WiderResult:
    """Judge a folder of prediction files by the ``wider_*_val.mat`` files in ``ground_truth``."""
    subsets = {name: _read_subset(ground_truth, name) for name in SUBSETS}
    images = {key_of(p.name) for p in subsets[SUBSETS[0]].images}
    found = read_predictions(predictions, images)
    scaled = _scaled(found)
    ap, faces = {}, {}
    for name, truth in subsets.items():
        ap[name], faces[name] = subset_ap(truth, scaled)
    return WiderResult(ap, faces, len(found), len(images))


def _read_subset(folder: Path, name: str) -> FaceList:
    path = folder / f"wider_{name}_val.mat"
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; expected WIDER FACE's ground truth folder")
    return mat_file.read(path)


def read_predictions(folder: Path, images: set[str]) -> dict[str, Floats]:
    """The prediction file of each image that has one: ``folder/event/image.txt``.

    A file holds the image's name, the number of faces, and ``x y w h score`` a face. Raises
    `LabelError` for another form, `DatasetError` where no image has a file.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; expected event/image.txt files in it")
    found = {}
    for image in sorted(images):
        file = folder / f"{image}.txt"
        if file.is_file():
            found[image] = _read_file(file)
    if not found:
        raise DatasetError(
            f"{folder}: no prediction of any of the {len(images):,} images; expected files "
            f"such as {folder.name}/{min(images, default='event/image')}.txt"
        )
    return found


def _read_file(file: Path) -> Floats:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        count = int(float(lines[1]))
        rows = [line.split()[:5] for line in lines[2 : 2 + count]]
        return np.array(rows, dtype=np.float64).reshape(count, 5)
    except (IndexError, ValueError):
        raise LabelError(
            f"{file}: not a prediction file; expected a name, a count and that many lines of "
            "x y w h score"
        ) from None


def key_of(image: str) -> str:
    """``event/image`` of ``event/image.jpg``."""
    return image.rpartition(".")[0]


def _scaled(found: Predictions) -> dict[str, Floats]:
    """Scores scaled so that the lowest of all is 0 and the highest 1, best first."""
    scores = np.concatenate([rows[:, 4] for rows in found.values()])
    low, high = (scores.min(), scores.max()) if scores.size else (0.0, 1.0)
    span = (high - low) or 1.0
    scaled = {}
    for image, rows in found.items():
        order = np.argsort(-rows[:, 4], kind="stable")
        scaled[image] = np.column_stack([rows[:, :4], (rows[:, 4] - low) / span])[order]
    return scaled


def subset_ap(truth: FaceList, found: Predictions) -> tuple[float, int]:
    """AP and number of counted faces; ``found`` has scores from 0 to 1, best first."""
    column = truth.columns.index(mat_file.COUNTED)
    proposals, hits = np.zeros(THRESHOLDS), np.zeros(THRESHOLDS)
    faces = 0
    for image in truth.images:
        counted = image.attributes[:, column] == 1
        faces += int(counted.sum())
        rows = found.get(key_of(image.name))
        if rows is None or not len(rows):
            continue
        proposed, hit = _running_counts(image.xywh_px, counted, rows[:, :4])
        # how many predictions reach each threshold: 0.999, 0.998, ... 0
        reach = np.searchsorted(-rows[:, 4], -_thresholds(), side="right")
        proposals += np.concatenate([[0], proposed])[reach]
        hits += np.concatenate([[0], hit])[reach]
    precision = np.divide(hits, proposals, out=np.zeros(THRESHOLDS), where=proposals > 0)
    return _area_under(hits / max(faces, 1), precision), faces


def _thresholds() -> Floats:
    return 1 - (np.arange(THRESHOLDS) + 1) / THRESHOLDS


def _running_counts(
    truth_xywh: Floats, counted: NDArray[np.bool_], found_xywh: Floats
) -> tuple[Floats, Floats]:
    """After each prediction, best first: how many were proposed, how many faces were found.

    A prediction belongs to the face it overlaps most. On a face that does not count it is no
    proposal; a second one on a face found already is a proposal without a hit.
    """
    proposed = np.ones(len(found_xywh))
    hit = np.zeros(len(found_xywh))
    if len(truth_xywh):
        overlap = _iou_plus_one(found_xywh, truth_xywh)
        face = overlap.argmax(axis=1)
        on_face = overlap[np.arange(len(face)), face] >= MIN_IOU
        proposed[on_face & ~counted[face]] = 0
        good = np.flatnonzero(on_face & counted[face])
        _, first = np.unique(face[good], return_index=True)
        hit[good[first]] = 1
    return np.cumsum(proposed), np.cumsum(hit)


def _iou_plus_one(a_xywh: Floats, b_xywh: Floats) -> Floats:
    """IoU (len(a), len(b)) with both ends of a side counted as pixels, as the authors do."""
    a, b = a_xywh[:, None], b_xywh[None]
    top_left = np.maximum(a[..., :2], b[..., :2])
    bottom_right = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    inter = np.prod(np.clip(bottom_right - top_left + 1, 0, None), axis=2)
    area_a, area_b = (np.prod(boxes[..., 2:] + 1, axis=2) for boxes in (a, b))
    return np.asarray(inter / (area_a + area_b - inter), dtype=np.float64)


def _area_under(recall: Floats, precision: Floats) -> float:
    """Area under the curve with precision made monotone (VOC 2010)."""
    r = np.concatenate([[0.0], recall, [1.0]])
    p = np.concatenate([[0.0], precision, [0.0]])
    p = np.maximum.accumulate(p[::-1])[::-1]
    step = np.flatnonzero(r[1:] != r[:-1])
    return float(((r[step + 1] - r[step]) * p[step + 1]).sum())


MAX_FACES = 1000  # an image of WIDER FACE has up to 1,965


@dataclass(frozen=True)
class Written:
    """How many files were written, and how many images were left out, by reason."""

    files: int
    left_out: Counter[str]


def write_predictions(
    detector: YoloDetector, images: Path, out: Path, step: Step = no_step
) -> Written:
    """``images/event/image.jpg`` → ``out/event/image.txt``, whatever the class of a face.

    Format as in ``eval_tools``: name, number of faces, ``x y w h score`` a face, down to `AP_CONF`.
    Raises `DatasetError` where ``out`` holds something already or no image was found.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"{out}: is not empty; pass a new folder for the predictions")
    eager = replace(detector, conf=AP_CONF, max_faces=MAX_FACES)
    listed = list_photos(images).photos
    left_out: Counter[str] = Counter()
    files = 0
    for found in step(listed, len(listed), "photo"):
        file = (out / found.relative).with_suffix(".txt")
        if file.exists():
            left_out["another image of the same name"] += 1
            continue
        try:
            rgb = open_photo(found.path).rgb
        except PhotoError:
            left_out["cannot be opened"] += 1
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(file.stem, eager.detect([rgb])[0]), encoding="utf-8")
        files += 1
    if not files:
        raise DatasetError(f"{images}: no image that can be opened; expected event/image.jpg")
    return Written(files, left_out)


def render(name: str, found: Detections) -> str:
    """The text of one file."""
    lines = [name, str(len(found))]
    for (x1, y1, x2, y2), score in zip(found.xyxy_px, found.confidence, strict=True):
        lines.append(f"{x1:.2f} {y1:.2f} {x2 - x1:.2f} {y2 - y1:.2f} {score:.6f}")
    return "".join(f"{line}\n" for line in lines)
