"""A model with a class for each person has a say in whose a face is: beside the examples, or alone.

Such a model knows no strangers: it takes everybody for one of its people. So beside examples, a
vote only multiplies the odds of its person, by confidence to doubt, and `MOST` at most: it decides
between people who are alike, and gives no name to a face that looks like none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facesort.album.names import folded
from facesort.album.person.assignment import UNKNOWN, Decision, NamedFace, name_faces
from facesort.album.records import UNSURE, Face, Prediction, Scan, Vote
from facesort.album.user_labels import SAME_FACE_IOU, UserLabels
from facesort.boxes import as_boxes, iou_matrix

if TYPE_CHECKING:
    from facesort.detections import Detections
    from facesort.models.detect import Detector
    from facesort.photos import Photo

MOST = 20.0  # times the odds

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EnsembleModel:
    """A detector whose classes are ``names`` of people."""

    detector: Detector

    @property
    def names(self) -> tuple[str, ...]:
        return self.detector.names

    def on(self, faces: Sequence[Face], photo: Photo, found: Detections | None) -> tuple[Face, ...]:
        """``faces`` with its vote on each; ``found`` is what it sees, where that is known."""
        found = self.detector.detect([photo.rgb])[0] if found is None else found
        mine = as_boxes(found.xyxy_px) / photo.scale
        iou = iou_matrix(mine, as_boxes([face.xyxy_px for face in faces]))
        voted = list(faces)
        for i in np.argsort(-found.confidence, kind="stable") if iou.size else ():
            face = int(iou[i].argmax())
            if iou[i, face] >= SAME_FACE_IOU:
                name = self.names[int(found.class_id[i])]
                voted[face] = replace(
                    faces[face], vote=Vote(name, round(float(found.confidence[i]), 4))
                )
                iou[:, face] = 0
        return tuple(voted)

    def match(self, people: Sequence[str]) -> tuple[list[str], list[str]]:
        """Its classes that are one of ``people``, whatever their case, and those that are not."""
        known = set(map(folded, people))
        voting = [name for name in self.names if folded(name) in known]
        return voting, [name for name in self.names if name not in voting]


def votes(faces: Sequence[Face], names: Sequence[str]) -> Floats:
    """(n, people): the confidence of the vote on each face, 0 where there is none."""
    index = {folded(name): person for person, name in enumerate(names)}
    table = np.zeros((len(faces), len(names)))
    for row, face in enumerate(faces):
        if face.vote is not None and folded(face.vote.name) in index:
            table[row, index[folded(face.vote.name)]] = face.vote.confidence
    return table


def weigh(probability: Floats, voted: Floats) -> Floats:
    """``probability`` (n, people), a stranger's being what is missing to 1, after the votes."""
    odds = np.clip(voted / np.maximum(1 - voted, 1e-9), 1.0, MOST)
    strange = np.clip(1 - probability.sum(axis=1, keepdims=True), 0, 1)
    weighed = probability * odds
    total = weighed.sum(axis=1, keepdims=True) + strange
    return np.asarray(weighed / np.maximum(total, 1e-9))


def classify_by_votes(
    names: Sequence[str],
    labels: UserLabels,
    scans: Iterable[Scan],
    sure: float,
    allow_twins: bool,
) -> dict[str, tuple[Prediction, ...]]:
    """A prediction for every face by votes alone: a person of ``names``, from the confidence
    ``sure`` on, or `UNSURE`; see `name_faces`."""
    every = list(scans)
    rows = [(number, face) for number, scan in enumerate(every) for face in scan.faces]
    said = [name for scan in every for name in labels.of_faces(scan)]
    voted = votes([face for _, face in rows], names)
    index = {name: person for person, name in enumerate(names)}
    for row, name in enumerate(said):  # no other face of that photo gets a name that was given
        if name:
            voted[row] = 0.0
        if name in index:
            voted[row, index[name]] = 1.0
    photo = np.array([number for number, _ in rows], dtype=np.int64)
    named = iter(name_faces(voted, photo, sure, unknown_below=0.0, allow_twins=allow_twins))
    return {scan.photo: tuple(_word(next(named), names) for _ in scan.faces) for scan in every}


def _word(named: NamedFace, names: Sequence[str]) -> Prediction:
    likeliest = names[named.person] if named.person != UNKNOWN and named.probability else ""
    return Prediction(
        likeliest if named.verdict is Decision.person else UNSURE, likeliest, named.probability
    )
