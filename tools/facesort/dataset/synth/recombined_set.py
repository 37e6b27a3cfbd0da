"""Recombined training images from the faces of a data set: who gets which part of whom, by like
pose, size and light.

out/images/cross_00000.jpg, out/labels/cross_00000.txt   one changed face each; all others keep
                                                         their labels
out/cross_sources.csv   which two images each was made from, which part, classes before and after
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facesort import csv_files
from facesort.classes import FaceClass
from facesort.dataset.synth.posed_faces import PosedFace, crop_to_face, shrink
from facesort.dataset.synth.recombine import EYES, MOUTH, PARTS, recombine
from facesort.dataset.writer import write_jpeg
from facesort.errors import DatasetError
from facesort.labels import yolo
from facesort.labels.image_labels import RECOMBINED_PREFIX, ImageLabels
from facesort.reporter import Step, no_step

_CANDIDATES, _BEST = 80, 4
_MOST_APART = 1.0  # of pose and size; beyond, no pair


@dataclass(frozen=True, eq=False)
class Exchange:
    """The image of ``onto`` in which its face has the ``part`` of ``donor``."""

    onto: PosedFace
    donor: PosedFace
    part: str
    mirrored: bool
    rgb: NDArray[np.uint8]

    @property
    def after(self) -> FaceClass:
        """The class of the changed face."""
        mouth, eyes = (
            (self.donor if self.part == part else self.onto).has(part) for part in (MOUTH, EYES)
        )
        return FaceClass.from_bits(mouth_covered=mouth, eyes_covered=eyes)

    @property
    def labels(self) -> ImageLabels:
        """The labels of the image, of which one has changed its class."""
        before = self.onto.labels
        classes = before.class_id.copy()
        classes[self.onto.index] = int(self.after)
        size_wh = self.rgb.shape[1], self.rgb.shape[0]
        return ImageLabels.of(before.path, size_wh, before.xyxy_px, classes)


class Exchanger:
    """Finds donors among ``faces`` as ``rng`` draws."""

    def __init__(self, faces: Sequence[PosedFace], rng: np.random.Generator) -> None:
        self._faces, self._rng = list(faces), rng
        self._poses = np.array([face.pose for face in faces]).reshape(-1, 3)
        self._covered = {p: np.array([face.has(p) for face in faces], dtype=bool) for p in PARTS}

    def exchange(self, onto: int, part: str, covered: bool) -> Exchange | None:
        """Face number ``onto`` with the ``part``, covered or bare, of another; None where no
        face fits."""
        pool = np.flatnonzero(self._covered[part] == covered)
        if not len(pool):
            return None
        some = self._rng.choice(pool, size=min(_CANDIDATES, len(pool)), replace=False)
        ours = self._faces[onto]
        mirrored, apart = self._apart(ours, some)
        for pick in self._rng.permutation(np.argsort(apart)[:_BEST]):
            donor = self._faces[int(some[pick])]
            if donor.labels.path == ours.labels.path or apart[pick] > _MOST_APART:
                continue
            view = donor.view().flipped() if mirrored[pick] else donor.view()
            worn = {p: ours.has(p) or donor.has(p) for p in PARTS}
            rgb = recombine(ours.view(), view, part, self._rng, worn[EYES], worn[MOUTH])
            if rgb is not None:
                return Exchange(ours, donor, part, bool(mirrored[pick]), rgb)
        return None

    def _apart(
        self, ours: PosedFace, some: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Whether each candidate is to be mirrored, and how far it is from ``ours`` then."""
        theirs = self._poses[some]
        mirrored = np.sign(theirs[:, 0]) != np.sign(ours.pose[0])
        turn = np.where(mirrored, -theirs[:, 0], theirs[:, 0])
        smaller = np.maximum(0, ours.pose[2] - theirs[:, 2] - 0.2)  # would be enlarged: soft
        larger = np.maximum(0, theirs[:, 2] - ours.pose[2] - 1.0)
        pose = 3 * np.abs(turn - ours.pose[0]) + 3 * np.abs(theirs[:, 1] - ours.pose[1])
        return mirrored, np.asarray(pose + 2 * smaller + 0.5 * larger)


LONGEST_SIDE_PX = 640
CROP_SHARE = 0.4  # of the images are cut to the face, as crops from other tools are
SHARES: Mapping[FaceClass, float] = MappingProxyType(
    {
        FaceClass.face: 0.2,
        FaceClass.masked: 0.2,
        FaceClass.sunglasses: 0.2,
        FaceClass.masked_sunglasses: 0.4,  # the class that photos lack
    }
)
COLUMNS = ("image", "onto", "donor", "part", "mirrored", "before", "after")
_TRIES = 12  # faces tried before giving up on one image
_JPEG_QUALITY = 90


@dataclass
class Result:
    """Faces that could be used, images written by class of the changed face, and what failed."""

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
        self._exchanger = Exchanger(faces, self._rng)
        bits = {p: np.array([face.has(p) for face in faces], dtype=bool) for p in PARTS}
        self._onto = {
            (mouth, eyes): np.flatnonzero((bits[MOUTH] == mouth) & (bits[EYES] == eyes))
            for mouth in (False, True)
            for eyes in (False, True)
        }

    def make(self, wanted: FaceClass) -> _Made | None:
        """One image with a face of class ``wanted``; None where no pair fits."""
        for _ in range(_TRIES):
            part = PARTS[int(self._rng.integers(2))]
            onto = self._draw_onto(wanted, part)
            if onto is None:
                continue
            covered = wanted.mouth_covered if part == MOUTH else wanted.eyes_covered
            exchange = self._exchanger.exchange(onto, part, covered)
            if exchange is not None:
                return self._made(exchange)
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

    def _made(self, made: Exchange) -> _Made:
        labels, rgb = made.labels, made.rgb
        if self._rng.random() < CROP_SHARE:
            labels, rgb = crop_to_face(labels, made.onto.index, rgb, self._rng)
        labels, rgb = shrink(labels, rgb, LONGEST_SIDE_PX)
        names = made.onto.labels.path.name, made.donor.labels.path.name
        classes = made.onto.face_class.name, made.after.name
        return _Made(labels, rgb, (*names, made.part, str(int(made.mirrored)), *classes))


def write_recombined(
    faces: Sequence[PosedFace], out: Path, count: int, seed: int = 0, step: Step = no_step
) -> Result:
    """Write ``count`` images to ``out``, which must be new or empty; `DatasetError` if not."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out}: not an empty folder; pass another --out")
    for kind in ("images", "labels"):
        (out / kind).mkdir(parents=True)
    result = Result(Counter(face.face_class.name for face in faces))
    recombiner, rows = Recombiner(faces, seed), []
    for number, wanted in enumerate(step(list(_classes(count, seed)), count, "image")):
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
        table = csv_files.Writer(file, lineterminator="\n")
        table.writerows([COLUMNS, *rows])
    return result


def _classes(count: int, seed: int) -> Iterator[FaceClass]:
    """``count`` classes in the proportions of `SHARES`, shuffled."""
    shared = [c for c, share in SHARES.items() for _ in range(round(share * count))]
    every = [*shared, *[FaceClass.masked_sunglasses] * count][:count]
    order = np.random.default_rng([seed, 1]).permutation(len(every))
    yield from (every[i] for i in order)
