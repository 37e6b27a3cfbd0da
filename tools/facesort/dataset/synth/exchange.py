"""Finds, for a face, another of like pose, size and light, and takes its mouth or eye region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facesort.classes import FaceClass
from facesort.dataset.synth.posed_faces import PosedFace
from facesort.dataset.synth.recombine import EYES, MOUTH, PARTS, recombine
from facesort.labels.image_labels import ImageLabels

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
