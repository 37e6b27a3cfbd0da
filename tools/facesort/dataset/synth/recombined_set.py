"""Recombined training pictures from the faces of a data set: who gets which part of whom.

out/images/cross_00000.jpg, out/labels/cross_00000.txt   one changed face each; all others keep
                                                         their labels
out/cross_sources.csv   which two pictures each was made from, which part, classes before and after
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facesort.classes import FaceClass
from facesort.dataset.jpeg import write_jpeg
from facesort.dataset.synth.face_crops import crop_to_face, shrink
from facesort.dataset.synth.posed_faces import PosedFace
from facesort.dataset.synth.recombine import EYES, MOUTH, PARTS, recombine
from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import RECOMBINED_PREFIX, ImageLabels
from facesort.steps import Step, no_step

LONGEST_SIDE_PX = 640
CROP_SHARE = 0.4  # of the pictures are cut to the face, as crops from other tools are
SHARES: Mapping[FaceClass, float] = MappingProxyType(
    {
        FaceClass.face: 0.2,
        FaceClass.masked: 0.2,
        FaceClass.sunglasses: 0.2,
        FaceClass.masked_sunglasses: 0.4,  # the class that photos lack
    }
)
COLUMNS = ("image", "onto", "donor", "part", "mirrored", "before", "after")
_CANDIDATES, _BEST = 80, 4
_TRIES = 12  # faces tried before giving up on one picture
_JPEG_QUALITY = 90


@dataclass
class Result:
    """Faces that could be used, pictures written by class of the changed face, and what failed."""

    faces: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, eq=False)
class _Made:
    labels: ImageLabels
    rgb: NDArray[np.uint8]
    row: tuple[str, ...]


class Recombiner:
    """Draws pairs from ``faces``; the same ``seed`` draws the same."""

    def __init__(self, faces: Sequence[PosedFace], seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._faces = list(faces)
        self._poses = np.array([face.pose for face in faces]).reshape(-1, 3)
        self._covered = {p: np.array([face.has(p) for face in faces], dtype=bool) for p in PARTS}
        self._onto = {
            (mouth, eyes): np.flatnonzero(
                (self._covered[MOUTH] == mouth) & (self._covered[EYES] == eyes)
            )
            for mouth in (False, True)
            for eyes in (False, True)
        }

    def make(self, wanted: FaceClass) -> _Made | None:
        """One picture with a face of class ``wanted``; None where no pair fits."""
        for _ in range(_TRIES):
            part = PARTS[int(self._rng.integers(2))]
            onto = self._draw_onto(wanted, part)
            if onto is None:
                continue
            made = self._pair(onto, part, wanted)
            if made is not None:
                return made
        return None

    def _draw_onto(self, wanted: FaceClass, part: str) -> int | None:
        """A face whose other part is as ``wanted``; its own ``part`` is bare, or covered as well.

        What is covered is never uncovered: the edges of a mask would show around a bare mouth.
        """
        covered = wanted.mouth_covered if part == MOUTH else wanted.eyes_covered
        other = wanted.eyes_covered if part == MOUTH else wanted.mouth_covered
        was = covered and self._rng.random() < 0.25
        pool = self._onto[(was, other) if part == MOUTH else (other, was)]
        return int(self._rng.choice(pool)) if len(pool) else None

    def _pair(self, onto: int, part: str, wanted: FaceClass) -> _Made | None:
        covered = wanted.mouth_covered if part == MOUTH else wanted.eyes_covered
        pool = np.flatnonzero(self._covered[part] == covered)
        if not len(pool):
            return None
        some = self._rng.choice(pool, size=min(_CANDIDATES, len(pool)), replace=False)
        ours, theirs = self._faces[onto], self._poses[some]
        mirrored = np.sign(theirs[:, 0]) != np.sign(ours.pose[0])
        turn = np.where(mirrored, -theirs[:, 0], theirs[:, 0])
        smaller = np.maximum(0, ours.pose[2] - theirs[:, 2] - 0.2)  # would be enlarged: soft
        larger = np.maximum(0, theirs[:, 2] - ours.pose[2] - 1.0)
        away = 3 * np.abs(turn - ours.pose[0]) + 3 * np.abs(theirs[:, 1] - ours.pose[1])
        away += 2 * smaller + 0.5 * larger
        for pick in self._rng.permutation(np.argsort(away)[:_BEST]):
            donor = self._faces[int(some[pick])]
            if donor.labels.path == ours.labels.path or away[pick] > 1.0:
                continue
            view = donor.view().flipped() if mirrored[pick] else donor.view()
            worn = {p: ours.has(p) or donor.has(p) for p in PARTS}
            rgb = recombine(ours.view(), view, part, self._rng, worn[EYES], worn[MOUTH])
            if rgb is not None:
                return self._made(ours, donor, part, bool(mirrored[pick]), wanted, rgb)
        return None

    def _made(
        self,
        onto: PosedFace,
        donor: PosedFace,
        part: str,
        mirrored: bool,
        wanted: FaceClass,
        rgb: NDArray[np.uint8],
    ) -> _Made:
        classes = onto.labels.class_id.copy()
        classes[onto.index] = int(wanted)
        labels = ImageLabels.of(
            onto.labels.path, (rgb.shape[1], rgb.shape[0]), onto.labels.xyxy_px, classes
        )
        crop = self._rng.random() < CROP_SHARE
        labels, rgb = crop_to_face(labels, onto.index, rgb, self._rng) if crop else (labels, rgb)
        labels, rgb = shrink(labels, rgb, LONGEST_SIDE_PX)
        names = onto.labels.path.name, donor.labels.path.name
        classes_ = onto.face_class.name, wanted.name
        return _Made(labels, rgb, (*names, part, str(int(mirrored)), *classes_))


def write_recombined(
    faces: Sequence[PosedFace], out: Path, count: int, seed: int = 0, step: Step = no_step
) -> Result:
    """Write ``count`` pictures to ``out``, which must be new or empty; `DatasetError` if not."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out}: not an empty folder; pass another --out")
    for kind in ("images", "labels"):
        (out / kind).mkdir(parents=True)
    result = Result(Counter(face.face_class.name for face in faces))
    recombiner, rows = Recombiner(faces, seed), []
    for number, wanted in enumerate(step(list(_classes(count, seed)), count, "picture")):
        made = recombiner.make(wanted)
        if made is None:
            result.left[f"no pair fits for {wanted.name}"] += 1
            continue
        target = out / "images" / f"{RECOMBINED_PREFIX}{number:05d}.jpg"
        write_jpeg(made.rgb, target, _JPEG_QUALITY)
        yolo.write(
            ImageLabels.of(target, made.labels.size_wh, made.labels.xyxy_px, made.labels.class_id)
        )
        rows.append((target.name, *made.row))
        result.written[wanted.name] += 1
    with (out / "cross_sources.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerows([COLUMNS, *rows])
    return result


def _classes(count: int, seed: int) -> Iterator[FaceClass]:
    """``count`` classes in the proportions of `SHARES`, shuffled."""
    every = [c for c, share in SHARES.items() for _ in range(round(share * count))][:count]
    order = np.random.default_rng([seed, 1]).permutation(len(every))
    yield from (every[i] for i in order)
